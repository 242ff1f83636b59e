"""Graphs that earlier versions wrote, as files: `make.py` makes one, `load.py` puts it into a store."""

"""Linking a table does not wait for pandas, which Arrow would bring along with the first array that it makes."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import pyarrow as pa


def leave_pandas_out() -> None:
    """Let Arrow find no pandas in this process, unless it is loaded: half a second and 40 MB that no table needs.

    Arrow looks for pandas once, to know a Series when it is given one, and remembers what it found. Pandas can be
    imported afterwards, and Arrow still makes frames of its tables: what it was asked for it looks for again.
    """
    if "pandas" in sys.modules:
        return
    unseen = _Unseen()
    sys.meta_path.insert(0, unseen)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(unseen)


class _Unseen(MetaPathFinder):
    """Where it stands among the finders of modules, there is no pandas."""

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)

"""Bars of block characters."""

from __future__ import annotations


def bar_between(begin: float, end: float, least: float, most: float, width: int) -> str:
    """A bar from one value to another on a scale of `width` characters; it is never empty."""
    room = max(most - least, 1e-9)
    places = sorted(round((value - least) / room * width) for value in (begin, end))
    left = min(places[0], width - 1)
    return " " * left + "█" * max(1, places[1] - left)

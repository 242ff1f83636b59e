"""How often each customer (or account) is active: the days, and the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.journeys.view import View

DAY_MS = 86_400_000
_DAYS_BITS = 24
"""No gap is longer than so many bits say of days."""


@dataclass(frozen=True, slots=True)
class ActiveDays:
    """By unit; days are those of UTC, counted from 1970. Who was never active has no gaps, and is never quiet."""

    gaps: NDArray[np.int64]
    """How many gaps there are between days on which it was active."""
    usual: NDArray[np.float64]
    """The median of them in days; 0 where there is none."""
    last: NDArray[np.int64]
    """The last day on which it was active; far in the future where there is none."""


def active_days(view: View, at_ms: int) -> ActiveDays:
    """The days on which each unit of a view was active (inbound, not automated) until a moment."""
    rows = np.flatnonzero(view.is_activity & (view.at <= at_ms))
    unit, day = view.unit[rows].astype(np.int64), view.at[rows] // DAY_MS
    new = np.ones(len(rows), np.bool_)
    new[1:] = (unit[1:] != unit[:-1]) | (day[1:] != day[:-1])
    unit, day = unit[new], day[new]
    own = unit[1:] == unit[:-1]
    whose, gap = unit[1:][own], (day[1:] - day[:-1])[own]
    gaps = np.bincount(whose, minlength=len(view.members))
    last = np.full(len(view.members), np.iinfo(np.int64).max // 2, np.int64)
    last[unit] = day
    return ActiveDays(gaps, _medians(whose, gap, gaps), last)


def _medians(whose: NDArray[np.int64], gap: NDArray[np.int64], many: NDArray[np.int64]) -> NDArray[np.float64]:
    ordered = np.sort(whose << _DAYS_BITS | gap) & ((1 << _DAYS_BITS) - 1)
    begin = np.cumsum(many) - many
    some = many > 0
    medians = np.zeros(len(many))
    lower, upper = begin + (many - 1) // 2, begin + many // 2
    medians[some] = (ordered[lower[some]] + ordered[upper[some]]) / 2
    return medians

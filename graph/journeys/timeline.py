"""Chosen moments of customers (or accounts), in order: what came next, what came before, how many lie between."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.journeys.view import Mask, View

Units = NDArray[np.int32] | NDArray[np.int64]
Instants = NDArray[np.int64]


@dataclass(frozen=True)
class Timeline:
    """Moments `at` (epoch milliseconds) of `unit`s; `rows` are whatever numbers stand for them, rows of a view say.

    All of one unit stand together, in the order of time. Asking a million times takes a fraction of a second.
    """

    unit: NDArray[np.int64]
    at: Instants
    rows: NDArray[np.int64]

    @classmethod
    def of(cls, view: View, chosen: Mask) -> Timeline:
        """The chosen rows of a view."""
        rows = np.flatnonzero(chosen)
        return cls(view.unit[rows].astype(np.int64), view.at[rows], rows)

    @classmethod
    def sorted(cls, unit: Units, at: Instants) -> Timeline:
        """Moments in any order; `rows` are their places in it."""
        order = np.lexsort((at, unit))
        return cls(unit[order].astype(np.int64), at[order], order)

    def __len__(self) -> int:
        return len(self.rows)

    def next_after(self, unit: Units, at: Instants, *, or_at: bool = False) -> NDArray[np.int64]:
        """By question, the place of the unit's first moment after (or at) that instant; -1 where there is none."""
        found = self._before(unit, at, "left" if or_at else "right")
        there = found < len(self)
        there[there] &= self.unit[found[there]] == unit[there]
        return np.where(there, found, -1)

    def last_before(self, unit: Units, at: Instants, *, or_at: bool = False) -> NDArray[np.int64]:
        """By question, the place of the unit's last moment before (or at) that instant; -1 where there is none."""
        found = self._before(unit, at, "right" if or_at else "left") - 1
        there = found >= 0
        there[there] &= self.unit[found[there]] == unit[there]
        return np.where(there, found, -1)

    def count(self, unit: Units, start: Instants, end: Instants) -> NDArray[np.int64]:
        """By question, how many of the unit's moments lie after `start` and not after `end`."""
        return self._before(unit, end, "right") - self._before(unit, start, "right")

    def total(self, weights: NDArray[np.float64], unit: Units, start: Instants, end: Instants) -> NDArray[np.float64]:
        """The same, each moment weighed by its number of `weights` (by place)."""
        sums = np.concatenate([[0.0], np.cumsum(weights)])
        totals: NDArray[np.float64] = sums[self._before(unit, end, "right")] - sums[self._before(unit, start, "right")]
        return totals

    @cached_property
    def _keys(self) -> tuple[int, int, NDArray[np.int64]]:
        """By moment one number that sorts by unit and time: the unit × span + the time since the base."""
        base = int(self.at.min()) - 1
        span = int(self.at.max()) - base + 2
        return base, span, self.unit * span + (self.at - base)

    def _before(self, unit: Units, at: Instants, side: str) -> NDArray[np.int64]:
        """By question, how many moments stand before it in the whole order."""
        if not len(self):
            return np.zeros(len(unit), np.int64)
        base, span, keys = self._keys
        wanted = unit.astype(np.int64) * span + np.clip(at - base, 0, span - 1)
        found: NDArray[np.int64] = np.searchsorted(keys, wanted, side="left" if side == "left" else "right")
        return found

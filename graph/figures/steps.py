"""Steps: the interactions of a period as paths, one a customer (or account), told apart by what a step is called.

What machines did, excluded kinds, and interactions without a value of the dimension are in no path. Repeats in a row
are one step, if wanted: the first of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.figures.scope import Scope
from graph.journeys.part import Coded
from graph.journeys.view import View


@dataclass(frozen=True, slots=True)
class StepRules:
    """What steps are called by (kind, touchpoint, channel, function, stage, campaign), and what is none."""

    by: str = "kind"
    exclude_kinds: tuple[str, ...] = ()
    include_automated: bool = False
    collapse_repeats: bool = True


@dataclass(frozen=True)
class Steps:
    """Columns of one length, all steps of a path together and in order: whose path, when (epoch ms), which key.

    `keys` point into `values`, which all occur; `row` is the interaction's row in the view that they were read from.
    `left_out` interactions of the period are in no path.
    """

    unit: NDArray[np.int32]
    at: NDArray[np.int64]
    keys: NDArray[np.int32]
    values: tuple[str, ...]
    row: NDArray[np.int64]
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.unit)

    @cached_property
    def begins(self) -> NDArray[np.bool_]:
        """By step, whether a path begins with it."""
        return changes(self.unit)

    @cached_property
    def path(self) -> NDArray[np.int64]:
        """By step, the number of its path, from 0."""
        return np.cumsum(self.begins) - 1

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """By path, its first step."""
        return np.flatnonzero(self.begins)

    @cached_property
    def stop(self) -> NDArray[np.int64]:
        """By path, the step after its last."""
        return np.append(self.first[1:], len(self)).astype(np.int64)[: len(self.first)]

    def code(self, value: str) -> int:
        """The code of a key; -2, which no step has, where it does not occur."""
        return Coded(self.keys, self.values).code(value)

    def collapsed(self) -> Steps:
        """The same with repeats in a row as one step, the first of them."""
        return self.where(self.begins | changes(self.keys))

    def where(self, chosen: NDArray[np.bool_]) -> Steps:
        """Only these steps."""
        return Steps(
            self.unit[chosen], self.at[chosen], self.keys[chosen], self.values, self.row[chosen], self.left_out
        )


def steps_of(scope: Scope, rules: StepRules) -> Steps:
    """The paths of all who are looked at, through the period."""
    return steps_in(scope.rows(), rules)


def steps_in(rows: View, rules: StepRules) -> Steps:
    """The paths that these interactions are."""
    named = rows.coded(rules.by)
    counted = (named.codes >= 0) & ~rows.kinds(*rules.exclude_kinds)
    if not rules.include_automated:
        counted &= ~rows.flags("automated")
    codes = named.codes[counted]
    used = np.flatnonzero(np.bincount(codes, minlength=len(named.values)))
    place = np.zeros(max(1, len(named.values)), np.int32)
    place[used] = np.arange(len(used), dtype=np.int32)
    values = tuple(named.values[code] for code in used)
    row = np.flatnonzero(counted)
    steps = Steps(rows.unit[row], rows.at[row], place[codes], values, row, len(rows) - len(row))
    return steps.collapsed() if rules.collapse_repeats else steps


def changes(column: NDArray[np.int32]) -> NDArray[np.bool_]:
    """By row, whether it holds something else than the row before; the first does."""
    other = np.ones(len(column), np.bool_)
    other[1:] = column[1:] != column[:-1]
    return other


def distinct(groups: NDArray[np.int64], who: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """By group (0 to size - 1), how many different of `who` (0 and more) it has."""
    if not len(groups):
        return np.zeros(size, np.int64)
    width = int(who.max()) + 1
    pairs = np.sort(groups * width + who)
    once = np.append(True, pairs[1:] != pairs[:-1])
    return np.bincount(pairs[once] // width, minlength=size)


def numbered(codes: NDArray[np.int64], bound: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The different codes (0 to bound - 1), ascending, and by row the place of its code among them."""
    if bound > _COUNTABLE:
        different, place = np.unique(codes, return_inverse=True)
        return different, place
    different = np.flatnonzero(np.bincount(codes, minlength=1))
    places = np.zeros(max(1, bound), np.int64)
    places[different] = np.arange(len(different))
    return different, places[codes]


def medians(groups: NDArray[np.int64], lasting_ms: NDArray[np.int64], size: int) -> NDArray[np.float64]:
    """By group (0 to size - 1), the median of what its rows lasted, in seconds; NaN where it has none."""
    lasting = np.clip(lasting_ms, 0, _LONGEST - 1)
    ordered = np.sort(groups * _LONGEST + lasting) % _LONGEST
    counts = np.bincount(groups, minlength=size)
    first = np.cumsum(counts) - counts
    some = np.flatnonzero(counts)
    found = np.full(size, np.nan)
    low, high = first[some] + (counts[some] - 1) // 2, first[some] + counts[some] // 2
    found[some] = (ordered[low] + ordered[high]) / 2000
    return found


_LONGEST = 1 << 41
"""Nothing lasts longer than these milliseconds, some 69 years."""
_COUNTABLE = 1 << 23
"""So many codes are counted; of more the rows are sorted."""

"""Funnels: how far customers (or accounts) get along given steps within a window after a start.

Of each customer the longest chain from any start of the period counts, as windowFunnel of ClickHouse finds it. A chain
may go on after the period. A start whose window is not over is immature and set apart, however far it has come: to
count only those that were quick would make every conversion look faster and higher than it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graph.estimates.average import median
from graph.estimates.proportion import proportion
from graph.figures.figure import Figure, Unavailable, none
from graph.figures.groups import Dimension, event_column, groups, label_of, most_frequent
from graph.figures.scope import Scope
from graph.journeys.view import Mask, View


class FunnelOrder(StrEnum):
    """How the steps have to follow each other; interactions of one moment are in the order of the journey."""

    ORDERED = "ORDERED"
    """One after the other, whatever else happens between."""
    STRICT = "STRICT"
    """One after the other, and nothing else between (`strict_order`); the step just reached may happen again."""
    ANY = "ANY"
    """In any order: step 2 is that any two of them have happened, counted from any of them."""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """An interaction is at it when it is of one of the kinds and at one of the touchpoints, where any are named."""

    label: str
    kinds: tuple[str, ...] = ()
    touchpoints: tuple[str, ...] = ()

    def fits(self, rows: View) -> Mask:
        """By row, whether it is at this step."""
        fitting = np.ones(len(rows), np.bool_)
        if self.kinds:
            fitting &= rows.kinds(*self.kinds)
        if self.touchpoints:
            fitting &= rows.coded("touchpoint").among(*self.touchpoints)
        return fitting


@dataclass(frozen=True, slots=True)
class FunnelRules:
    """The steps, and how long after the start the last of them may be."""

    steps: tuple[FunnelStep, ...]
    window_ms: int
    order: FunnelOrder = FunnelOrder.ORDERED
    include_automated: bool = False


@dataclass(frozen=True, slots=True)
class FunnelLevel:
    """One step: how many got there, of how many before and at the start (percent), after how long (seconds)."""

    label: str
    entered: int
    from_previous: Figure | None
    from_start: Figure
    seconds: Figure | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """The levels in order; `immature` have only starts whose window is not over, and are in no level."""

    levels: tuple[FunnelLevel, ...]
    entered: int
    immature: int


@dataclass(frozen=True, slots=True)
class Chains:
    """By start of the period: its row in `rows`, whose it is, how far it got, and when each level was reached.

    `at` is int64[starts, steps], epoch milliseconds; what lies beyond `level` means nothing.
    """

    rules: FunnelRules
    rows: View
    row: NDArray[np.int64]
    unit: NDArray[np.int32]
    level: NDArray[np.int64]
    at: NDArray[np.int64]
    is_mature: Mask

    def where(self, chosen: Mask) -> Chains:
        """Only these starts."""
        return Chains(
            self.rules,
            self.rows,
            self.row[chosen],
            self.unit[chosen],
            self.level[chosen],
            self.at[chosen],
            self.is_mature[chosen],
        )

    def best(self) -> Chains:
        """Of each the longest chain, of several the first."""
        order = np.lexsort((self.row, -self.level, self.unit))
        unit = self.unit[order]
        first = np.ones(len(unit), np.bool_)
        first[1:] = unit[1:] != unit[:-1]
        chosen = np.zeros(len(unit), np.bool_)
        chosen[order[first]] = True
        return self.where(chosen)


def chains(scope: Scope, rules: FunnelRules) -> Chains:
    """The chains of all starts of the period."""
    rows = _counted(scope, rules)
    fitting = [step.fits(rows) for step in rules.steps]
    begins = np.any(fitting, axis=0) if rules.order is FunnelOrder.ANY else fitting[0]
    at = rows.at
    start = np.flatnonzero(begins & (at >= scope.period.start_ms) & (at < scope.period.end_ms))
    until = at[start] + rules.window_ms
    walk = _any_order if rules.order is FunnelOrder.ANY else _in_order
    level, reached = walk(rows, fitting, start, until, rules.order is FunnelOrder.STRICT)
    return Chains(rules, rows, start, rows.unit[start], level, reached, until <= scope.now_ms)


def funnel(found: Chains) -> Funnel:
    """The funnel of these chains."""
    best = found.where(found.is_mature).best()
    immature = len(np.setdiff1d(found.unit, best.unit))
    entered = [int((best.level > number).sum()) for number in range(len(found.rules.steps))]
    levels = tuple(_level(best, entered, number, immature) for number in range(len(entered)))
    return Funnel(levels, len(best.unit), immature)


def funnel_by(scope: Scope, found: Chains, dimension: Dimension, most: int) -> Iterator[tuple[str, str, Funnel]]:
    """Key, label and funnel of each group, the largest first: by what the start was, or by who the customers are."""
    column = event_column(dimension)
    if column is None:
        started = np.zeros(len(scope.view.members), np.bool_)
        started[found.unit] = True
        for number, group in enumerate(groups(scope.of(started), dimension)):
            if number == most:
                return
            yield group.key, group.label, funnel(found.where(group.scope.view.members[found.unit]))
        return
    said = found.rows.coded(column).take(found.row)
    for value in most_frequent(said)[:most]:
        yield value, label_of(scope, dimension, value), funnel(found.where(said.among(value)))


def _counted(scope: Scope, rules: FunnelRules) -> View:
    """What may be a step, or stand between two: from the period's begin until the last window is over."""
    view = scope.view
    at = view.at
    counted = (at >= scope.period.start_ms) & (at < scope.period.end_ms + rules.window_ms)
    if not rules.include_automated:
        counted &= ~view.flags("automated")
    if scope.only.narrows:
        counted &= scope.only.fits(view)
    return view.where(counted)


def _in_order(
    rows: View, fitting: list[Mask], start: NDArray[np.int64], until: NDArray[np.int64], is_strict: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    level = np.ones(len(start), np.int64)
    reached = np.zeros((len(start), len(fitting)), np.int64)
    reached[:, 0] = rows.at[start]
    here, going = start, np.arange(len(start))
    for number, fits in enumerate(fitting[1:], 1):
        # What does not repeat the step before has to be this one, when it must follow directly.
        found = _next(rows, fits | ~fitting[number - 1] if is_strict else fits, here, until[going], 1)
        arrived = found >= 0
        arrived[arrived] = fits[found[arrived]]
        here, going = found[arrived], going[arrived]
        level[going] = number + 1
        reached[going, number] = rows.at[here]
    return level, reached


def _any_order(
    rows: View, fitting: list[Mask], start: NDArray[np.int64], until: NDArray[np.int64], _: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    never = np.iinfo(np.int64).max
    reached = np.full((len(start), len(fitting)), never, np.int64)
    for number, fits in enumerate(fitting):
        found = _next(rows, fits, start, until, 0)
        reached[found >= 0, number] = rows.at[found[found >= 0]]
    reached.sort(axis=1)
    return (reached < never).sum(axis=1), reached


def _next(rows: View, fits: Mask, here: NDArray[np.int64], until: NDArray[np.int64], beyond: int) -> NDArray[np.int64]:
    """By row of `here`, the first row from `beyond` rows later on that fits, of the same journey and not after `until`;
    -1 where there is none."""
    places = np.flatnonzero(fits)
    if not len(places):
        return np.full(len(here), -1, np.int64)
    place = np.searchsorted(places, here + beyond)
    found = places[np.minimum(place, len(places) - 1)]
    is_there = (place < len(places)) & (rows.unit[found] == rows.unit[here]) & (rows.at[found] <= until)
    return np.where(is_there, found, -1)


def _level(best: Chains, entered: list[int], number: int, immature: int) -> FunnelLevel:
    rules = best.rules
    label = rules.steps[number].label if rules.order is not FunnelOrder.ANY else f"any {number + 1}"
    from_start = _share(entered[number], len(best.unit), immature)
    if number == 0:
        return FunnelLevel(label, entered[0], None, from_start, None)
    there = best.level > number
    lasted = (best.at[there, number] - best.at[there, number - 1]) / 1000
    return FunnelLevel(
        label,
        entered[number],
        _share(entered[number], entered[number - 1], immature),
        from_start,
        Figure.of(median(lasted)),
    )


def _share(count: int, of: int, immature: int) -> Figure:
    if of == 0 and immature:
        return none(Unavailable.IMMATURE, f"The window of all {immature} that started is not over yet.")
    return Figure.of(proportion(count, of), factor=100)

"""The time between two milestones of a journey, of those who have got there and of those who are still waiting.

A milestone is a stage that is reached, or an interaction. It counts from a customer's (or account's) first begin of the
period until the first end after it. With an event filter an interaction has to fit, and of a stage its customer must
have experienced by the end of the period what fits. Who has not got there waits still: their time so far is in the
curve (Kaplan and Meier 1958), since a median of those who finished would leave the slow ones out. Who never will get
there, waits too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from graph.estimates.survival import Survival, kaplan_meier
from graph.figures.figure import LEAST_SAMPLE, Figure, Unavailable, none
from graph.figures.funnel import FunnelStep
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Unit

DAY_MS = 86_400_000
MOST_POINTS = 200


@dataclass(frozen=True, slots=True)
class Milestone:
    """A stage of the lifecycle, or where there is none an interaction that fits the step."""

    stage: str | None = None
    step: FunnelStep = field(default_factory=lambda: FunnelStep(""))


@dataclass(frozen=True, slots=True)
class Waits:
    """By customer (or account) with a begin in the period: whose, how many days so far, whether the end has come."""

    unit: NDArray[np.int64]
    days: NDArray[np.float64]
    ended: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Point:
    """By so many days this share (of 1) has got there; `waiting` were still on their way just before."""

    days: float
    share: float
    low: float
    high: float
    waiting: int


@dataclass(frozen=True, slots=True)
class TimeBetween:
    """`median` and `quarter` in days, of the curve: when half and a quarter of all have got there."""

    begun: int
    arrived: int
    quarter: Figure
    median: Figure
    curve: tuple[Point, ...]
    survival: Survival | None

    def within(self, days: float) -> Figure:
        """The share that has got there within so many days, percent."""
        if self.survival is None or self.begun < LEAST_SAMPLE:
            return _too_few(self.begun)
        still = self.survival.at(days)
        if still is None:
            return none(Unavailable.IMMATURE, f"Nobody has waited {days:g} days yet.", self.begun)
        low, high = (None if end is None else 100 * (1 - end) for end in (still.high, still.low))
        return Figure(100 * (1 - still.value), still.n, low, high, still.method, still.level)


def time_between(scope: Scope, begin: Milestone, end: Milestone | None) -> TimeBetween:
    """The curve of the time from one milestone to another; without an end, of the time until the stage is left."""
    found = waits(scope, begin, end)
    survival = kaplan_meier(found.days, found.ended)
    begun, arrived = len(found.unit), int(found.ended.sum())
    if survival is None or begun < LEAST_SAMPLE:
        return TimeBetween(begun, arrived, _too_few(begun), _too_few(begun), (), survival)
    return TimeBetween(
        begun, arrived, _until(survival, 0.25), _until(survival, 0.5), tuple(_points(survival)), survival
    )


def waits(scope: Scope, begin: Milestone, end: Milestone | None) -> Waits:
    """How long each has waited so far, and for whom it is over."""
    starts = _reached(scope, begin)
    within = (starts.at >= scope.period.start_ms) & (starts.at < scope.period.end_ms)
    rows = np.flatnonzero(within)
    rows = rows[np.unique(starts.unit[rows], return_index=True)[1]]
    if end is None:
        over = starts.left[rows]
    else:
        ends = _reached(scope, end)
        # Of one table the row tells what came later; of two only the clock does.
        is_one = (begin.stage is None) == (end.stage is None)
        over = _first_after(starts, rows, ends, "order" if is_one else "at")
    ended = (over != NOT_SAID) & (over <= scope.now_ms)
    until = np.where(ended, over, scope.now_ms)
    return Waits(starts.unit[rows], np.maximum(until - starts.at[rows], 0) / DAY_MS, ended)


@dataclass(frozen=True, slots=True)
class _Reached:
    """By time that a milestone was reached, in the order of each journey: whose, when, its place, when it was left."""

    unit: NDArray[np.int64]
    at: NDArray[np.int64]
    order: NDArray[np.int64]
    left: NDArray[np.int64]


def _reached(scope: Scope, milestone: Milestone) -> _Reached:
    if milestone.stage is not None:
        return _stages(scope, milestone.stage)
    view = scope.view
    fits = milestone.step.fits(view) & ~view.flags("automated")
    if scope.only.narrows:
        fits &= scope.only.fits(view)
    rows = np.flatnonzero(fits)
    return _Reached(view.unit[rows].astype(np.int64), view.at[rows], rows, np.full(len(rows), NOT_SAID))


def _stages(scope: Scope, stage: str) -> _Reached:
    journeys, table = scope.view.journeys, scope.view.journeys.stages
    unit, at = journeys.whose(table).astype(np.int64), table.moments("at")
    if scope.view.unit_of is Unit.ACCOUNT and len(unit):
        unit = journeys.account_of[unit].astype(np.int64)
    order = np.lexsort((table.moments("ordinal"), at, unit))
    place = np.zeros(len(order), np.int64)
    place[order] = np.arange(len(order))
    looked_at = np.append(scope.members(), False)[unit]  # who has no account is -1, and nobody
    rows = order[(table.coded("stage").among(stage) & looked_at & (at <= scope.now_ms))[order]]
    return _Reached(unit[rows], at[rows], place[rows], table.moments("left_at")[rows])


def _first_after(starts: _Reached, rows: NDArray[np.int64], ends: _Reached, by: str) -> NDArray[np.int64]:
    """By row of `starts`, when the first of `ends` comes: later in the order, or by the clock not before it."""
    if not len(ends.unit):
        return np.full(len(rows), NOT_SAID)
    column = ends.order if by == "order" else ends.at
    sought = (starts.order if by == "order" else starts.at)[rows]
    order = np.lexsort((column, ends.unit))
    low = int(min(column.min(), sought.min(initial=0)))
    width = int(max(column.max(), sought.max(initial=0))) - low + 1
    # Whose and when in one number: of a few million customers over a century it stays within 63 bits.
    keys = ends.unit[order] * width + (column[order] - low)
    wanted = starts.unit[rows] * width + (sought - low)
    place = np.searchsorted(keys, wanted, side="right" if by == "order" else "left")
    found = order[np.minimum(place, len(order) - 1)]
    is_theirs = (place < len(order)) & (ends.unit[found] == starts.unit[rows])
    return np.where(is_theirs, ends.at[found], NOT_SAID)


def _until(survival: Survival, share: float) -> Figure:
    found = survival.quantile(share)
    if found is None:
        return none(
            Unavailable.NOT_ESTIMABLE,
            f"Less than {share:.0%} of the curve have got there: the others are still waiting.",
            survival.n,
        )
    return Figure.of(found)


def _points(survival: Survival) -> list[Point]:
    count = len(survival.times)
    shown = np.unique(np.linspace(0, max(0, count - 1), min(count, MOST_POINTS)).round().astype(np.int64))
    return [
        Point(
            float(survival.times[number]),
            float(1 - survival.survival[number]),
            float(1 - survival.high[number]),
            float(1 - survival.low[number]),
            int(survival.at_risk[number]),
        )
        for number in shown
    ]


def _too_few(begun: int) -> Figure:
    if begun == 0:
        return none(Unavailable.NO_DATA_IN_PERIOD, "Nobody began in this period.")
    return none(Unavailable.SAMPLE_TOO_SMALL, f"{begun} of at least {LEAST_SAMPLE}.", begun)

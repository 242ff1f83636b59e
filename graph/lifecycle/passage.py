"""How customers (or accounts) pass through the lifecycle: who is at which stage, came, moved on, fell back, was lost.

With an event filter these are customers who by the end of the period experienced something that fits, and their
touches and costs are those of what fits.

Lost at a stage is who fell back from it in the period, and who stands in it at the end without any activity (inbound,
not automated) in the last `dormant_after_days`. What is lost with them is what a customer who was ever at that stage
has spent on average: so much was to be expected of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.estimates.average import mean
from graph.estimates.proportion import proportion
from graph.estimates.survival import kaplan_meier
from graph.figures.cost import costs
from graph.figures.figure import LEAST_SAMPLE, Figure, NoFigure, Unavailable, none
from graph.figures.money import revenue
from graph.figures.scope import Scope
from graph.journeys.journeys import FOR_EVER
from graph.journeys.view import Mask, Unit
from graph.lifecycle.visits import Visits, visits_of

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class StagePassage:
    """One stage in a period, counted in customers (or accounts).

    `dwell` is in days, `conversion` and `lost_share` in percent.
    """

    stage: str
    customers: int
    """Who is in it at the end of the period, or now when that is earlier."""
    entered: int
    left: int
    fell_back: int
    dwell: Figure
    """The median of the curve: those who are still there count with their time so far."""
    conversion: Figure
    """Of those who entered in the period, the share that has reached a later stage so far."""
    lost: int
    lost_share: Figure
    """Of those who were in it at any time of the period, the share that was lost."""
    value: Figure
    """What those who were ever in it have spent, on average."""
    touches: Figure
    """Interactions in the period while in it, of each who was in it."""
    cost: Figure
    stake: float | None = None
    """Lost customers × value; against a baseline, those beyond the share that was lost then."""


def passages(scope: Scope, lost_before: Mapping[str, float] | None = None) -> list[StagePassage]:
    """All stages in the order of the rules; `lost_before` are the lost shares (percent) of a baseline, by stage."""
    each = scope.once("passages", lambda: _passages(scope.of_members()))
    return [replace(one, stake=_stake(one, (lost_before or {}).get(one.stage))) for one in each]


def weakest(found: list[StagePassage]) -> StagePassage | None:
    """Where most is lost: customers × their value; None where no stake is known, or nothing is lost."""
    known = [one for one in found if one.stake]
    return max(known, key=lambda one: one.stake or 0.0, default=None)


def visits(scope: Scope) -> Visits:
    """All visits of the scope's customers (or accounts), as they were known at its moment."""
    return visits_of(scope.view, scope.now_ms)


def end_of(scope: Scope) -> int:
    """The end of the period, or the moment that is asked for when that is earlier, epoch milliseconds."""
    return min(scope.period.end_ms, scope.now_ms)


def inactive_at_end(scope: Scope) -> Mask:
    """By unit, whether they did nothing themselves in the last `dormant_after_days` before the end."""
    view, end = scope.view, end_of(scope)
    since = end - scope.rules.activity.dormant_after_days * _DAY_MS
    at = view.at
    return ~view.any_by_unit(view.is_activity & (at > since) & (at <= end))


def stage_at_end(scope: Scope, found: Visits) -> NDArray[np.int64]:
    """By unit, the place of the stage that they are in at the end; -1 where they are in none."""
    end = end_of(scope)
    stage = np.full(len(scope.view.members), -1, np.int64)
    there = (found.at <= end) & (found.left > end)
    stage[found.unit[there]] = found.stage[there]
    return stage


def _passages(scope: Scope) -> list[StagePassage]:
    found, inactive, touched = visits(scope), inactive_at_end(scope), _touched(scope)
    return [_passage(scope, found, inactive, touched, place) for place in range(len(scope.rules.stage))]


def _passage(scope: Scope, found: Visits, inactive: Mask, touched: _Touched, place: int) -> StagePassage:
    start, end = scope.period.start_ms, end_of(scope)
    own = found.stage == place
    unit, at, left, follows = found.unit[own], found.at[own], found.left[own], found.next[own]
    here = (at <= end) & (left > end)
    entered = (at >= start) & (at < scope.period.end_ms)
    went = (left >= start) & (left < scope.period.end_ms) & (left <= scope.now_ms)
    fell = went & (follows >= 0) & (follows < place)
    dwelt = at <= end
    inside = (at <= end) & (left >= start)
    # Who came only lately has not had the time to be inactive.
    waited = at <= end - scope.rules.activity.dormant_after_days * _DAY_MS
    many = len(scope.view.members)
    lost = _those(unit[fell], many) | _those(unit[here & waited & inactive[unit]], many)
    seen = _those(unit[inside], many)
    return StagePassage(
        scope.rules.stage[place].name,
        _count(unit[here], many),
        _count(unit[entered], many),
        _count(unit[went], many),
        _count(unit[fell], many),
        _dwell(np.minimum(left, end)[dwelt] - at[dwelt], left[dwelt] <= end),
        _conversion(found, unit[entered], at[entered], place, many),
        int(lost.sum()),
        Figure.of(proportion(int((lost & seen).sum()), int(seen.sum())), factor=100),
        _value(scope, _those(unit, many)),
        _mean_of(touched.interactions[place], seen),
        touched.cost_of(place, seen),
    )


def _those(unit: NDArray[np.int64], many: int) -> Mask:
    """By unit, whether it is among these."""
    those = np.zeros(many, np.bool_)
    those[unit] = True
    return those


def _count(unit: NDArray[np.int64], many: int) -> int:
    return int(_those(unit, many).sum())


def _dwell(lasted: NDArray[np.int64], ended: Mask) -> Figure:
    curve = kaplan_meier(lasted / _DAY_MS, ended)
    if curve is None:
        return none(Unavailable.NO_DATA_IN_PERIOD, "Nobody was ever in it.")
    median = curve.median()
    if median is None and curve.n >= LEAST_SAMPLE:
        return none(Unavailable.IMMATURE, "Fewer than half have left it so far.", curve.n)
    if median is None:
        return none(Unavailable.SAMPLE_TOO_SMALL, f"{curve.n} of at least {LEAST_SAMPLE}.", curve.n)
    return Figure.of(median)


def _conversion(found: Visits, unit: NDArray[np.int64], at: NDArray[np.int64], place: int, many: int) -> Figure:
    first = np.full(many, FOR_EVER)
    np.minimum.at(first, unit, at)
    further = (found.stage > place) & (found.at >= first[found.unit])
    entered = _those(unit, many)
    return Figure.of(
        proportion(int((entered & _those(found.unit[further], many)).sum()), int(entered.sum())), factor=100
    )


def _value(scope: Scope, those: Mask) -> Figure:
    try:
        money = revenue(scope.view)
    except NoFigure as missing:
        return missing.figure
    spent = scope.view.whole.once("spent by unit", lambda: np.bincount(money.unit, money.values, minlength=len(those)))
    return Figure.of(mean(spent[those]) if those.any() else None).in_currency(money.currency)


@dataclass(frozen=True, slots=True)
class _Touched:
    """By stage and unit, how many interactions of the period it had while there, and what these cost, or why not."""

    interactions: NDArray[np.int64]
    costs: NDArray[np.float64] | Figure
    currency: str | None

    def cost_of(self, place: int, those: Mask) -> Figure:
        if isinstance(self.costs, Figure):
            return self.costs
        return _mean_of(self.costs[place], those).in_currency(self.currency)


def _touched(scope: Scope) -> _Touched:
    whole, stages, many = scope.view.whole, len(scope.rules.stage), len(scope.view.members)
    rows = np.flatnonzero((whole.at >= scope.period.start_ms) & (whole.at < scope.period.end_ms))
    rows = rows[scope.view.members[whole.unit[rows]]]
    if scope.only.narrows:
        rows = rows[scope.only.fits(whole)[rows]]
    place = _stage_while(scope, rows)
    rows, place = rows[place >= 0], place[place >= 0]
    key = place * many + whole.unit[rows]
    interactions = np.bincount(key, minlength=stages * many).reshape(stages, many)
    try:
        each, currency = costs(scope)
    except NoFigure as missing:
        return _Touched(interactions, missing.figure, None)
    cost: NDArray[np.float64] = np.bincount(key, each[rows], minlength=stages * many).astype(np.float64, copy=False)
    return _Touched(interactions, cost.reshape(stages, many), currency)


def _stage_while(scope: Scope, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """By row of `view.whole`, the place of the stage at which the customer (or account) is with it; -1 of none."""
    whole = scope.view.whole
    if scope.view.unit_of is Unit.ACCOUNT:
        return visits(scope).stage_at(whole.unit[rows].astype(np.int64), whole.at[rows])
    coded = whole.coded("stage")
    places = {stage.name: place for place, stage in enumerate(scope.rules.stage)}
    return np.array([*(places.get(name, -1) for name in coded.values), -1], np.int64)[coded.codes[rows]]


def _mean_of(sums: NDArray[Any], those: Mask) -> Figure:
    return Figure.of(mean(sums[those]) if those.any() else None)


def _stake(one: StagePassage, lost_before: float | None) -> float | None:
    if one.value.value is None:
        return None
    lost = float(one.lost)
    if lost_before is not None and one.lost_share.value is not None:
        lost = max(0.0, one.lost - lost_before / 100 * one.lost_share.sample_size)
    return lost * max(0.0, one.value.value)

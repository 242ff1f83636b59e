"""How customers pass through the stages of the lifecycle: who is where, who came, moved on, fell back, was lost.

Lost at a stage is who fell back from it in the period, and who stands in it at the end without any activity (inbound,
not automated) in the last `dormant_after_days`. What is lost with them is what a customer who was ever at that stage
has spent on average: so much was to be expected of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Visits:
    """By visit to a stage: whose (number of the customer), which stage (place in the rules), [at, left) and how.

    `left` is FOR_EVER where they are still there; `next` is the stage after it, -1 where there is none.
    """

    unit: NDArray[np.int64]
    stage: NDArray[np.int64]
    at: NDArray[np.int64]
    left: NDArray[np.int64]
    next: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StagePassage:
    """One stage in a period. Counts are of customers; `dwell` in days, `conversion` and `lost_share` in percent."""

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
    found = visits(scope)
    inactive = inactive_at_end(scope)
    each = [_passage(scope, found, inactive, place) for place in range(len(scope.rules.stage))]
    return [replace(one, stake=_stake(one, (lost_before or {}).get(one.stage))) for one in each]


def weakest(found: list[StagePassage]) -> StagePassage | None:
    """Where most is lost: customers × their value; None where no stake is known, or nothing is lost."""
    known = [one for one in found if one.stake]
    return max(known, key=lambda one: one.stake or 0.0, default=None)


def visits(scope: Scope) -> Visits:
    """All visits of the scope's customers, as they were known at its moment."""
    journeys, now = scope.view.journeys, scope.now_ms
    table = journeys.stages
    places = {stage.name: place for place, stage in enumerate(scope.rules.stage)}
    coded = table.coded("stage")
    stage = np.array([*(places.get(name, -1) for name in coded.values), -1], np.int64)[coded.codes]
    unit, at, left = journeys.whose(table).astype(np.int64), table.moments("at"), table.moments("left_at")
    order = np.lexsort((table.moments("ordinal"), unit))
    follows = np.full(len(unit), -1, np.int64)
    if len(order) > 1:
        same = unit[order[1:]] == unit[order[:-1]]
        follows[order[:-1][same]] = stage[order[1:][same]]
    known = (unit >= 0) & (stage >= 0) & (at <= now)
    known &= scope.view.members[np.maximum(unit, 0)]
    open_then = (left == NOT_SAID) | (left > now)
    left, follows = np.where(open_then, FOR_EVER, left), np.where(open_then, -1, follows)
    return Visits(unit[known], stage[known], at[known], left[known], follows[known])


def end_of(scope: Scope) -> int:
    """The end of the period, or the moment that is asked for when that is earlier, epoch milliseconds."""
    return min(scope.period.end_ms, scope.now_ms)


def inactive_at_end(scope: Scope) -> Mask:
    """By customer, whether they did nothing themselves in the last `dormant_after_days` before the end."""
    view, end = scope.view, end_of(scope)
    since = end - scope.rules.activity.dormant_after_days * _DAY_MS
    at = view.at
    return ~view.any_by_unit(view.is_activity & (at > since) & (at <= end))


def stage_at_end(scope: Scope, found: Visits) -> NDArray[np.int64]:
    """By customer, the place of the stage that they are in at the end; -1 where they are in none."""
    end = end_of(scope)
    stage = np.full(len(scope.view.members), -1, np.int64)
    there = (found.at <= end) & (found.left > end)
    stage[found.unit[there]] = found.stage[there]
    return stage


def _passage(scope: Scope, found: Visits, inactive: Mask, place: int) -> StagePassage:
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
    rows = _touched(scope, scope.rules.stage[place].name)
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
        _per_customer(scope, rows, None, seen),
        _cost(scope, rows, seen),
    )


def _those(unit: NDArray[np.int64], many: int) -> Mask:
    """By customer, whether they are among these."""
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
    spent = scope.view.whole.once(
        "spent by customer", lambda: np.bincount(money.unit, money.values, minlength=len(those))
    )
    return Figure.of(mean(spent[those]) if those.any() else None).in_currency(money.currency)


def _touched(scope: Scope, stage: str) -> NDArray[np.int64]:
    """The rows of `view.whole` that are interactions of the period in this stage."""
    whole = scope.view.whole
    rows = whole.once(("of the period", scope.period, scope.only), lambda: _of_period(scope))
    rows = rows[scope.view.members[whole.unit[rows]]]
    stages = whole.coded("stage")
    touched: NDArray[np.int64] = rows[stages.codes[rows] == stages.code(stage)]
    return touched


def _of_period(scope: Scope) -> NDArray[np.int64]:
    whole = scope.view.whole
    within = (whole.at >= scope.period.start_ms) & (whole.at < scope.period.end_ms)
    return np.flatnonzero(within & scope.only.fits(whole) if scope.only.narrows else within)


def _per_customer(scope: Scope, rows: NDArray[np.int64], amount: NDArray[np.float64] | None, those: Mask) -> Figure:
    sums = np.bincount(scope.view.whole.unit[rows], None if amount is None else amount[rows], minlength=len(those))
    return Figure.of(mean(sums[those]) if those.any() else None)


def _cost(scope: Scope, rows: NDArray[np.int64], those: Mask) -> Figure:
    try:
        each, currency = costs(scope)
    except NoFigure as missing:
        return missing.figure
    return _per_customer(scope, rows, each, those).in_currency(currency)


def _stake(one: StagePassage, lost_before: float | None) -> float | None:
    if one.value.value is None:
        return None
    lost = float(one.lost)
    if lost_before is not None and one.lost_share.value is not None:
        lost = max(0.0, one.lost - lost_before / 100 * one.lost_share.sample_size)
    return lost * max(0.0, one.value.value)

"""How segments stand: how many customers, what they are worth, how far their figure is from its target, which rank."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graph.estimates.average import mean
from graph.figures.board import kpi_of, plan_of
from graph.figures.figure import Figure, Kpi, NoFigure
from graph.figures.money import revenue
from graph.figures.scope import Scope
from graph.journeys.view import Mask
from graph.segments.rules import SegmentRule
from graph.segments.segments import units_in
from graph.segments.spending import not_counted


@dataclass(frozen=True, slots=True)
class Standing:
    """One segment: `value` is what a customer (or account) of it has spent so far, on average.

    `gap` is a share of the target. `stake` = customers × value × gap is what the segments are ranked by, 1 first;
    without one customers × gap.
    """

    segment: SegmentRule
    scope: Scope
    customers: int
    share: float
    value: Figure
    current: Figure | None
    target: float | None
    gap: float | None
    stake: float | None
    note: str | None = None
    """What its conditions leave out."""
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many customers are in both of two segments, and which share of each that is."""

    customers: int
    share_of_first: float | None
    share_of_second: float | None


def standings(scope: Scope) -> list[Standing]:
    """All segments of the rules as they stand, the highest rank first."""
    found = [_standing(segment, scope) for segment in scope.rules.segment]
    found.sort(key=_place)
    return [replace(each, rank=place) for place, each in enumerate(found, 1)]


def _place(each: Standing) -> tuple[bool, float, bool, float, int, str]:
    missing = each.customers * (each.gap or 0.0)
    return each.stake is None, -(each.stake or 0.0), each.gap is None, -missing, -each.customers, each.segment.name


def overlap(first: SegmentRule, second: SegmentRule, scope: Scope) -> Overlap:
    """How much two segments overlap among the scope's customers or accounts, at its moment."""
    view = scope.view
    one, other = (units_in([segment], view, scope.now_ms) & view.members for segment in (first, second))
    both = int((one & other).sum())
    return Overlap(both, _share(both, one), _share(both, other))


def kpi_of_segment(segment: SegmentRule) -> Kpi | None:
    """The figure that matters for a segment; None where it names none. Raises UnknownKpi."""
    return None if segment.kpi is None else kpi_of(segment.kpi)


def gap_of(kpi: Kpi, current: Figure, target: float | None) -> float | None:
    """How far a figure is from its target, as a share of the target; 0 where it is reached, None where unknown."""
    if target is None or current.value is None or target == 0:
        return None
    missing = target - current.value if kpi.definition.higher_is_better else current.value - target
    return max(0.0, missing / abs(target))


def _standing(segment: SegmentRule, scope: Scope) -> Standing:
    own = scope.of(units_in([segment], scope.view, scope.now_ms))
    kpi = kpi_of_segment(segment)
    current = None if kpi is None else kpi.figure(own)
    target = segment.target
    if target is None and kpi is not None and (plan := plan_of(kpi.key, scope.rules)) is not None:
        target = plan.target
    gap = None if kpi is None or current is None else gap_of(kpi, current, target)
    value = mean_value(own)
    stake = None if gap is None or value.value is None else own.view.size * value.value * gap
    share = own.view.size / scope.view.size if scope.view.size else 0.0
    note = not_counted(segment.condition, scope.view.journeys)
    return Standing(segment, own, own.view.size, share, value, current, target, gap, stake, note)


def mean_value(scope: Scope) -> Figure:
    """What a customer of the scope has spent so far, on average; who bought nothing counts as 0."""
    try:
        money = revenue(scope.view)
    except NoFigure as missing:
        return missing.figure
    by_unit = np.bincount(money.unit, money.values, minlength=len(scope.view.members))
    found = Figure.of(mean(by_unit[scope.view.members]) if scope.view.size else None)
    return replace(found, currency=money.currency if found.value is not None else None)


def _share(both: int, of: Mask) -> float | None:
    many = int(of.sum())
    return both / many if many else None

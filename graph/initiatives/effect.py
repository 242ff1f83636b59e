"""Before and after an initiative: its KPI in the days before its start against as many after it.

What else changed with time is in a difference of before and after. Where a group is named that the initiative does not
touch, the difference in differences takes out what both went through; it is the effect only if both would have moved
alike without the initiative. `placebo` holds the two windows before the start against each other in the same way: there
was no initiative yet, so that it shall be about 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from graph.estimates.comparison import difference_in_differences
from graph.estimates.estimate import Estimate, difference
from graph.figures.board import kpi_of
from graph.figures.figure import LEAST_SAMPLE, Figure, Kpi, Unavailable, none
from graph.figures.scope import Scope
from graph.figures.voice import answers
from graph.initiatives.rules import InitiativeRule
from graph.journeys.period import Period
from graph.segments.segments import segment_of, units_in

BEFORE_AFTER = "Before against after: whatever else changed with time is in it."
DIFFERENCES = "Difference in differences: the effect only if both groups would have moved alike without the initiative."


@dataclass(frozen=True, slots=True)
class Effect:
    """Figures in the KPI's unit; those of the comparison are None where the initiative names none."""

    kpi: Kpi
    before: Figure
    after: Figure
    after_period: Period
    change: Figure
    comparison_before: Figure | None
    comparison_after: Figure | None
    in_differences: Figure | None
    placebo: Figure | None
    is_as_expected: bool | None
    caveat: str


def effect(initiative: InitiativeRule, scope: Scope) -> Effect | None:
    """What its KPI did; None where it names none. Whom it touches is who was in its segment when it began.

    UnknownKpi, UnknownSegment: it names what is not there.
    """
    if initiative.kpi is None:
        return None
    kpi, zone = kpi_of(initiative.kpi), scope.period.zone
    window = timedelta(days=initiative.window_days)
    after = Period(initiative.start, initiative.start + window, zone)
    before, earlier = (
        Period(initiative.start - window * times, initiative.start - window * (times - 1), zone) for times in (1, 2)
    )
    own = _group(initiative.segment, scope, after.start_ms)
    now, then = kpi.figure(own.at(after)), kpi.figure(own.at(before))
    other = None if initiative.comparison is None else _group(initiative.comparison, scope, after.start_ms)
    if other is not None and initiative.segment is not None:
        touched = own.view.members
        other = other.of(~touched)  # whoever is in both is touched
    return Effect(
        kpi,
        then,
        now,
        after,
        _less(now, then),
        None if other is None else kpi.figure(other.at(before)),
        None if other is None else kpi.figure(other.at(after)),
        None if other is None else _in_differences(kpi, own, other, before, after),
        None if other is None else _in_differences(kpi, own, other, earlier, before),
        _as_expected(kpi, now, initiative.expected),
        BEFORE_AFTER if other is None else DIFFERENCES,
    )


def _group(segment: str | None, scope: Scope, moment_ms: int) -> Scope:
    if segment is None:
        return scope
    return scope.of(units_in([segment_of(segment, scope.rules)], scope.view, moment_ms))


def _as_expected(kpi: Kpi, now: Figure, expected: float | None) -> bool | None:
    if expected is None or now.value is None:
        return None
    return now.value >= expected if kpi.definition.higher_is_better else now.value <= expected


def _in_differences(kpi: Kpi, own: Scope, other: Scope, before: Period, after: Period) -> Figure:
    """Of scores by their answers; of other figures by the intervals of the four."""
    if kpi.key in _VALUES:
        mine = [_values(kpi.key, own.at(period)) for period in (before, after)]
        theirs = [_values(kpi.key, other.at(period)) for period in (before, after)]
        least = min(len(column) for column in (*mine, *theirs))
        if least < LEAST_SAMPLE:
            return none(Unavailable.SAMPLE_TOO_SMALL, f"{least} of at least {LEAST_SAMPLE} in each of four.", least)
        found = difference_in_differences(mine[0], mine[1], theirs[0], theirs[1])
        if found is None:
            return none(Unavailable.NOT_ESTIMABLE, "No answer differs from another in any of the four.")
        return Figure.of(found)
    return _less(_change(kpi, own, before, after), _change(kpi, other, before, after))


def _change(kpi: Kpi, group: Scope, before: Period, after: Period) -> Figure:
    return _less(kpi.figure(group.at(after)), kpi.figure(group.at(before)))


def _less(first: Figure, second: Figure) -> Figure:
    """first − second, with the interval that follows from theirs, of independent samples."""
    for figure in (first, second):
        if figure.value is None:
            return figure
    one, other = _estimate(first), _estimate(second)
    return Figure.of(difference(one, other), least=0).in_currency(first.currency)


def _estimate(figure: Figure) -> Estimate:
    assert figure.value is not None
    return Estimate(
        figure.value, figure.low, figure.high, figure.sample_size, figure.method or "no interval", figure.level
    )


def _values(key: str, scope: Scope) -> NDArray[np.float64]:
    """By answer, what the KPI is the mean of."""
    metric, program, low, high = _VALUES[key]
    score = answers(scope, metric, program).on_scale(low, high).score
    least, detractors = {"nps": (9, 6), "csat": (4, None), "ces": (5, None)}.get(metric, (None, None))
    if least is None:
        return score
    values = np.where(score >= least, 100.0, 0.0)
    return values if detractors is None else values - np.where(score <= detractors, 100.0, 0.0)


_VALUES: dict[str, tuple[str, str | None, float, float]] = {
    "nps_transactional": ("nps", "transactional", 0, 10),
    "csat": ("csat", None, 1, 5),
    "ces": ("ces", None, 1, 7),
    "rating": ("rating", None, 1, 5),
}
"""KPIs that are means of answers, each answer counted: metric, program, ends of the scale."""

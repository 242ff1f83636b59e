"""Onboarding: how many reach the milestone in time, and how long it takes until then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.estimates.proportion import proportion
from graph.estimates.survival import kaplan_meier
from graph.figures.figure import Figure, KpiUnit, NoFigure, Unavailable, kpi, none
from graph.figures.scope import Scope
from graph.figures.tickets import within
from graph.journeys.part import NOT_SAID
from graph.journeys.view import View

_DAY_MS = 86_400_000


@kpi(
    "onboarding_success",
    "Onboarding success",
    KpiUnit.PERCENT,
    numerator="of these, those who reached a milestone (`[onboarding] milestones`) within `within_days`",
    denominator="those whose onboarding (`[onboarding] starts`) began in the period and whose days are over",
    source="practice; interval: Wilson 1927",
)
def onboarding_success(scope: Scope) -> Figure:
    """The share of new customers who got there in time. Those whose days are not over are pending: neither a success
    nor a failure, and told in the note; coverage is the share of the others."""
    start, milestone = onboarding(scope)
    until = start + scope.rules.onboarding.within_days * _DAY_MS
    mine = scope.members() & (start != NOT_SAID) & within(start, scope)
    mature = mine & (until <= scope.now_ms)
    pending = int(mine.sum() - mature.sum())
    if mine.any() and not mature.any():
        return none(Unavailable.IMMATURE, f"All {pending} are pending.", pending)
    reached = mature & (milestone != NOT_SAID) & (milestone <= until)
    figure = Figure.of(proportion(int(reached.sum()), int(mature.sum())), factor=100)
    figure = figure.covering(float(mature.sum() / mine.sum()) if mine.any() else 1.0)
    return figure.noting(f"{pending} are pending." if pending else None)


@kpi(
    "time_to_value",
    "Time to value, median",
    KpiUnit.DAYS,
    numerator="days from the start of onboarding to the first milestone; who has none yet counts as long as was seen",
    denominator="those whose onboarding began in the period",
    source="Kaplan–Meier 1958, Greenwood interval",
    higher_is_better=False,
)
def time_to_value(scope: Scope) -> Figure:
    """The time by which half of the new customers got there: the median of a curve in which those who have not are
    counted, never of those who finished."""
    start, milestone = onboarding(scope)
    mine = scope.members() & (start != NOT_SAID) & within(start, scope)
    reached = milestone[mine] != NOT_SAID
    end = np.where(reached, milestone[mine], scope.now_ms)
    curve = kaplan_meier(np.maximum(end - start[mine], 0) / _DAY_MS, reached)
    if curve is None:
        return Figure.of(None)
    half = curve.median()
    if half is None:
        return none(Unavailable.IMMATURE, f"Less than half of {curve.n} got there yet.", curve.n)
    return Figure.of(half)


KPIS = (onboarding_success, time_to_value)


def onboarding(scope: Scope) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By unit, when onboarding began and when its first milestone was; NOT_SAID where it has not come to that.

    NoFigure: nobody ever reached a milestone, so that no source tells of them.
    """
    view = scope.view.whole
    start, milestone = view.once("onboarding", lambda: _onboarding(view))
    if not view.kinds(*scope.rules.onboarding.milestones).any():
        kinds = ", ".join(scope.rules.onboarding.milestones)
        raise NoFigure(
            Unavailable.NOT_CONFIGURED,
            f"No source tells of {kinds}: name the kinds that are your milestone in [onboarding] milestones.",
        )
    return start, milestone


def _onboarding(view: View) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rules = view.journeys.rules.onboarding
    first = view.first_by_unit(view.kinds(*rules.starts))
    rows = np.flatnonzero(view.kinds(*rules.milestones))
    begun = first[view.unit[rows]]
    after = np.zeros(len(view), np.bool_)
    after[rows[(begun >= 0) & (rows > begun)]] = True  # what begins it is no milestone itself
    return _at(view, first), _at(view, view.first_by_unit(after))


def _at(view: View, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """When these rows were; NOT_SAID where there is none."""
    found = np.full(len(rows), NOT_SAID, np.int64)
    found[rows >= 0] = view.at[rows[rows >= 0]]
    return found

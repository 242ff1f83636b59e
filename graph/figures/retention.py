"""Retention: who came back on a period after the first one, or on or after it, by cohort.

A cohort are the customers whose first activity lies in one period. A later period that is not over yet is marked,
because more may still come back in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.estimates.proportion import proportion
from graph.figures.activity import activity_rows, first_activity
from graph.figures.figure import LEAST_SAMPLE, Figure, KpiUnit, Unavailable, kpi, none
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.period import Granularity, Period

_DAY_MS = 86_400_000
MOST_COHORTS = 60


@dataclass(frozen=True, slots=True)
class CohortPeriod:
    """Of a cohort: who came back in its `number`-th period after the first."""

    number: int
    period: Period
    returned: int
    figure: Figure
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers whose first activity lies in `period`."""

    period: Period
    size: int
    periods: Sequence[CohortPeriod]


def retention_cohorts(scope: Scope, granularity: Granularity, *, on_or_after: bool = False) -> list[Cohort]:
    """The triangle: each cohort of the period and how many of it came back in each later one, up to the last begun.

    `on_or_after` counts who came back then or later, which falls only; without it who came back just then. ValueError
    where the period has too many parts.
    """
    parts = scope.period.cut(granularity, scope.rules.calendar)
    if len(parts) > MOST_COHORTS:
        raise ValueError(f"{len(parts)} cohorts are more than {MOST_COHORTS}: take a coarser granularity.")
    view = scope.view.whole
    edges = np.array([part.start_ms for part in parts] + [parts[-1].end_ms], np.int64)
    first = first_activity(scope)
    cohort = np.where(first == NOT_SAID, -1, np.searchsorted(edges, first, "right") - 1)
    cohort[cohort >= len(parts)] = -1
    rows = np.flatnonzero(activity_rows(scope) & (cohort[view.unit] >= 0) & (view.at < edges[-1]))
    unit, column = view.unit[rows], np.searchsorted(edges, view.at[rows], "right") - 1
    returned = np.zeros((len(parts), len(parts)), np.int64)
    if on_or_after:
        last = np.full(len(cohort), -1, np.int64)
        np.maximum.at(last, unit, column)
        seen = np.flatnonzero(last >= 0)
        np.add.at(returned, (cohort[seen], last[seen]), 1)
        returned = np.cumsum(returned[:, ::-1], axis=1)[:, ::-1]
    else:
        pairs = np.unique(unit.astype(np.int64) * len(parts) + column)
        of, column = np.divmod(pairs, len(parts))
        np.add.at(returned, (cohort[of], column), 1)
    sizes = np.bincount(cohort[cohort >= 0], minlength=len(parts))
    return [_cohort(scope, parts, number, int(sizes[number]), returned[number]) for number in range(len(parts))]


@kpi(
    "retention",
    "Retention, on or after",
    KpiUnit.PERCENT,
    numerator="of these, those active on or after day `[retention] after_days` since their first activity",
    denominator="customers whose first activity lies in the period and who are as old as that",
    source="product-analytics convention; interval: Wilson 1927",
)
def retention(scope: Scope) -> Figure:
    """The share of new customers who came back some time after their first days. Coverage is the share of the
    period's new customers of whom it can be told yet."""
    return _after_days(scope, None)


@kpi(
    "retention_on",
    "Retention, on",
    KpiUnit.PERCENT,
    numerator="of these, those active within the `[retention] for_days` days that begin with day `after_days` since "
    "their first activity",
    denominator="customers whose first activity lies in the period and whose days are over",
    source="product-analytics convention; interval: Wilson 1927",
)
def retention_on(scope: Scope) -> Figure:
    """The share of new customers who were active just around that day."""
    return _after_days(scope, scope.rules.retention.for_days)


KPIS = (retention, retention_on)


def _after_days(scope: Scope, for_days: int | None) -> Figure:
    view = scope.view.whole
    first = first_activity(scope)
    new = (first != NOT_SAID) & (first >= scope.period.start_ms) & (first < scope.period.end_ms)
    since = np.where(new, first + scope.rules.retention.after_days * _DAY_MS, 0)
    until = since + (for_days or 0) * _DAY_MS
    mature = new & (until <= scope.now_ms)
    if new.any() and not mature.any():
        return none(Unavailable.IMMATURE, "None of the period's new customers is old enough.", int(new.sum()))
    rows = np.flatnonzero(activity_rows(scope) & mature[view.unit])
    unit, at = view.unit[rows], view.at[rows]
    back = at >= since[unit]
    if for_days is not None:
        back &= at < until[unit]
    returned = np.zeros(len(first), np.bool_)
    returned[unit[back]] = True
    figure = Figure.of(proportion(int(returned.sum()), int(mature.sum())), factor=100)
    return figure.covering(float(mature.sum() / new.sum()) if new.any() else 1.0)


def _cohort(scope: Scope, parts: Sequence[Period], number: int, size: int, returned: NDArray[np.int64]) -> Cohort:
    later = [
        CohortPeriod(
            column - number,
            parts[column],
            int(returned[column]) if size >= LEAST_SAMPLE else 0,
            Figure.of(proportion(int(returned[column]), size), factor=100),
            parts[column].is_over(scope.now_ms),
        )
        for column in range(number, len(parts))
        if parts[column].start_ms <= scope.now_ms
    ]
    return Cohort(parts[number], size, later)

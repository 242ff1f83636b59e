"""Recurring revenue: what contracts are worth a month, and how much of it the customers of the start keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from graph.estimates.ratio import ratio
from graph.figures.contracts import by_unit, contracts
from graph.figures.figure import Figure, KpiUnit, kpi
from graph.figures.scope import Scope

_AT_START = "their recurring revenue a month at the start of the period"
_SOURCE = "SaaS practice; interval: Cochran, ratio estimator"


@kpi(
    "gross_revenue_retention",
    "Gross revenue retention",
    KpiUnit.PERCENT,
    numerator="recurring revenue at the start less contraction and churn, of those under contract at the start",
    denominator=_AT_START,
    source=_SOURCE,
)
def gross_revenue_retention(scope: Scope) -> Figure:
    """How much recurring revenue is kept of the customers (or accounts) of the start, whatever others grew:
    (start - contraction - churn) / start, at most 100."""
    start, end = _kept(scope)
    figure = Figure.of(ratio(np.minimum(start, end), start), factor=100)
    return figure if figure.high is None else replace(figure, high=min(figure.high, 100.0))


@kpi(
    "net_revenue_retention",
    "Net revenue retention",
    KpiUnit.PERCENT,
    numerator="recurring revenue at the end of the period of those under contract at the start, expansion included",
    denominator=_AT_START,
    source=_SOURCE,
)
def net_revenue_retention(scope: Scope) -> Figure:
    """How much recurring revenue the customers (or accounts) of the start bring at the end: (start - contraction -
    churn + expansion) / start. New customers do not count."""
    start, end = _kept(scope)
    return Figure.of(ratio(end, start), factor=100)


@kpi(
    "recurring_revenue",
    "Monthly recurring revenue",
    KpiUnit.MONEY,
    numerator="recurring amounts of active contracts at the end of the period, each for a month",
    denominator="customers under contract",
    source="SaaS practice",
)
def recurring_revenue(scope: Scope) -> Figure:
    """What active contracts bring a month at the end of the period (or now, if it is not over)."""
    found = contracts(scope)
    worth = by_unit(found, found.worth_at(scope.period.end_ms))[scope.members()]
    return Figure.counted(float(worth.sum()), int((worth > 0).sum()), currency=found.monthly().currency)


KPIS = (gross_revenue_retention, net_revenue_retention, recurring_revenue)


def _kept(scope: Scope) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recurring revenue at the start and at the end, of each who had some at the start."""
    found = contracts(scope)
    start = by_unit(found, found.worth_at(scope.period.start_ms))
    end = by_unit(found, found.worth_at(scope.period.end_ms))
    chosen = scope.members() & (start > 0)
    return start[chosen], end[chosen]

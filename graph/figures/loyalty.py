"""Loyalty as it shows: who bought before and buys again, which customers recommend. Acts, where surveys have words."""

from __future__ import annotations

import numpy as np

from graph.estimates.proportion import proportion
from graph.figures.figure import Figure, KpiUnit, kpi
from graph.figures.money import revenue_rows
from graph.figures.sales import reached
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask

_WILSON = "practice; interval: Wilson 1927"


@kpi(
    "next_order",
    "Next order",
    KpiUnit.PERCENT,
    numerator="of these, those with a purchase in the period",
    denominator="customers (or accounts) who had bought before the period, by `revenue_source`",
    source=_WILSON,
)
def next_order(scope: Scope) -> Figure:
    """The share of those who had bought before who bought again in the period."""
    view = scope.view.whole
    rows, is_purchase = revenue_rows(view)
    bought = np.zeros(len(view), np.bool_)
    bought[rows[is_purchase]] = True
    bought &= scope.fitting()
    before = scope.view.members & view.any_by_unit(bought & (view.at < scope.period.start_ms))
    return _share_of(before, before & view.any_by_unit(_in_period(bought, scope)))


@kpi(
    "referral_rate",
    "Customers who recommend",
    KpiUnit.PERCENT,
    numerator="of these, those who made a referral in the period",
    denominator="those who had become customers (or accounts) before the period",
    source=_WILSON,
)
def referral_rate(scope: Scope) -> Figure:
    """The share of customers who brought somebody in the period; what they say that they would do is the NPS."""
    view = scope.view.whole
    since = reached(scope, "customer")
    customers = scope.members() & (since != NOT_SAID) & (since < scope.period.start_ms)
    made = view.kinds("referral.made") & scope.fitting()
    return _share_of(customers, customers & view.any_by_unit(_in_period(made, scope)))


KPIS = (next_order, referral_rate)


def _in_period(rows: Mask, scope: Scope) -> Mask:
    at = scope.view.whole.at
    return rows & (at >= scope.period.start_ms) & (at < scope.period.end_ms)


def _share_of(these: Mask, those: Mask) -> Figure:
    return Figure.of(proportion(int(those.sum()), int(these.sum())), factor=100)

"""Churn of contracts, which is observed; and inactivity, which without a contract is all that can be.

With an event filter these are figures of the customers who by the period's end experienced something that fits.
"""

from __future__ import annotations

import numpy as np

from graph.estimates.proportion import proportion
from graph.figures.contracts import Contracts, by_unit, contracts, failed_to_pay
from graph.figures.figure import Figure, KpiUnit, kpi
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask

_DAY_MS = 86_400_000
_SOURCE = "Fader & Hardie, contractual settings; interval: Wilson 1927"
_AT_START = "customers (or accounts, by `unit`) under contract at the start of the period"


@kpi(
    "churn",
    "Churn",
    KpiUnit.PERCENT,
    numerator="of these, those who are under none at its end",
    denominator=_AT_START,
    source=_SOURCE,
    higher_is_better=False,
)
def churn(scope: Scope) -> Figure:
    """The share of customers under contract who ended it within the period; by account it is logo churn. Who came
    back within the period did not churn."""
    there, gone = _gone(scope)
    return Figure.of(proportion(int(gone.sum()), int(there.sum())), factor=100)


@kpi(
    "churn_voluntary",
    "Churn, voluntary",
    KpiUnit.PERCENT,
    numerator="of these, those who are under none at its end, and whose last one did not end by a failed payment",
    denominator=_AT_START,
    source=_SOURCE,
    higher_is_better=False,
)
def churn_voluntary(scope: Scope) -> Figure:
    """The part of churn that customers decided."""
    there, gone = _gone(scope)
    return Figure.of(proportion(int((gone & ~_failed(scope)).sum()), int(there.sum())), factor=100)


@kpi(
    "churn_payment_failure",
    "Churn by failed payment",
    KpiUnit.PERCENT,
    numerator="of these, those who are under none at its end, and whose last one ended by a failed payment: its reason "
    "says so, or a payment failed within the 45 days before",
    denominator=_AT_START,
    source=_SOURCE,
    higher_is_better=False,
)
def churn_payment_failure(scope: Scope) -> Figure:
    """The part of churn that nobody decided."""
    there, gone = _gone(scope)
    return Figure.of(proportion(int((gone & _failed(scope)).sum()), int(there.sum())), factor=100)


@kpi(
    "contract_churn",
    "Churn of contracts",
    KpiUnit.PERCENT,
    numerator="of these, those that were cancelled by its end",
    denominator="contracts that stand at the start of the period",
    source=_SOURCE,
    higher_is_better=False,
)
def contract_churn(scope: Scope) -> Figure:
    """The share of contracts that ended within the period; a customer may have several."""
    found = contracts(scope)
    there = found.standing_at(scope.period.start_ms) & scope.members()[found.unit]
    gone = there & ~found.standing_at(scope.period.end_ms)
    return Figure.of(proportion(int(gone.sum()), int(there.sum())), factor=100)


@kpi(
    "inactivity",
    "Inactivity",
    KpiUnit.PERCENT,
    numerator="of these, those without activity in the last `[activity] dormant_after_days` days before its end",
    denominator="customers with any activity before the end of the period",
    source="Fader & Hardie, non-contractual settings; interval: Wilson 1927",
    higher_is_better=False,
)
def inactivity(scope: Scope) -> Figure:
    """The share of customers who have gone quiet. Without a contract nobody sees a customer leave, so this is
    inactivity, and not churn. Activity is inbound and not automated."""
    view = scope.view
    end = min(scope.period.end_ms, scope.now_ms + 1)
    activity = view.is_activity & (view.at < end)
    members = scope.members()
    ever = view.any_by_unit(activity) & members
    lately = view.any_by_unit(activity & (view.at >= end - scope.rules.activity.dormant_after_days * _DAY_MS))
    return Figure.of(proportion(int((ever & ~lately).sum()), int(ever.sum())), factor=100)


KPIS = (churn, churn_voluntary, churn_payment_failure, contract_churn, inactivity)


def under_contract(scope: Scope, found: Contracts, moment: int) -> Mask:
    """By unit, who has a contract just before a moment."""
    return (by_unit(found, found.standing_at(moment).astype(np.float64)) > 0) & scope.members()


def _gone(scope: Scope) -> tuple[Mask, Mask]:
    """By unit, who was under contract at the start, and which of them are no more at the end."""
    found = contracts(scope)
    there = under_contract(scope, found, scope.period.start_ms)
    return there, there & ~under_contract(scope, found, scope.period.end_ms)


def _failed(scope: Scope) -> Mask:
    """By unit, whether the contract that ended last within the period ended by a failed payment."""
    found = contracts(scope)
    failed = found.view.once("failed to pay", lambda: failed_to_pay(found))
    ended = np.flatnonzero((found.ended_at != NOT_SAID) & (found.ended_at < scope.period.end_ms))
    ended = ended[np.argsort(found.ended_at[ended], kind="stable")]
    by = np.zeros(len(scope.view.members), np.bool_)
    by[found.unit[ended]] = failed[ended]
    return by

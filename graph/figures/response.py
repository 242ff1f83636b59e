"""First response: how long a customer waits for the first human word."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.customer.hours import BusinessHours
from graph.estimates.average import quantile
from graph.figures.figure import Figure, KpiUnit, kpi
from graph.figures.scope import Scope
from graph.figures.tickets import Tickets, tickets, within
from graph.journeys.part import NOT_SAID

_NUMERATOR = "time from the customer's first word to the first reply by a person"
_DENOMINATOR = "tickets that customers opened in the period and that were answered"
_SOURCE = "Zendesk; interval: order statistics (Conover)"


@kpi(
    "first_response_median",
    "First response, median",
    KpiUnit.SECONDS,
    numerator=_NUMERATOR,
    denominator=_DENOMINATOR,
    source=_SOURCE,
    higher_is_better=False,
)
def first_response_median(scope: Scope) -> Figure:
    """The time within which half of the answered tickets got their first human reply. Tickets that agents opened are
    excluded; coverage is the share that has been answered."""
    return _quantile(scope, 0.5)


@kpi(
    "first_response_p90",
    "First response, nine of ten",
    KpiUnit.SECONDS,
    numerator=_NUMERATOR,
    denominator=_DENOMINATOR,
    source=_SOURCE,
    higher_is_better=False,
)
def first_response_p90(scope: Scope) -> Figure:
    """The time within which nine of ten answered tickets got their first human reply."""
    return _quantile(scope, 0.9)


@kpi(
    "first_response_business_median",
    "First response in business time, median",
    KpiUnit.SECONDS,
    numerator="opening time, of [calendar], from the customer's first word to the first reply by a person",
    denominator=_DENOMINATOR,
    source=_SOURCE,
    higher_is_better=False,
)
def first_response_business_median(scope: Scope) -> Figure:
    """The opening time within which half of the answered tickets got their first human reply: nights, weekends and
    holidays do not count."""
    return _quantile(scope, 0.5, business=True)


@kpi(
    "first_response_business_p90",
    "First response in business time, nine of ten",
    KpiUnit.SECONDS,
    numerator="opening time, of [calendar], from the customer's first word to the first reply by a person",
    denominator=_DENOMINATOR,
    source=_SOURCE,
    higher_is_better=False,
)
def first_response_business_p90(scope: Scope) -> Figure:
    """The opening time within which nine of ten answered tickets got their first human reply."""
    return _quantile(scope, 0.9, business=True)


KPIS = (first_response_median, first_response_p90, first_response_business_median, first_response_business_p90)


def business_seconds(scope: Scope, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Opening time between columns of moments, by the company's calendar."""
    return BusinessHours(scope.rules.calendar).elapsed(starts, ends)


def _quantile(scope: Scope, share: float, *, business: bool = False) -> Figure:
    opened = _opened(scope)
    answered = opened.where(opened.answered_at != NOT_SAID)
    if business:
        waits = business_seconds(scope, answered.asked_at, answered.answered_at)
    else:
        waits = (answered.answered_at - answered.asked_at) / 1000
    waiting = len(opened) - len(answered)
    figure = Figure.of(quantile(waits, share)).covering(len(answered) / len(opened) if len(opened) else 1.0)
    return figure.noting(f"{waiting} of {len(opened)} tickets have no reply yet." if waiting else None)


def _opened(scope: Scope) -> Tickets:
    found = tickets(scope)
    return found.where(found.by_customer & within(found.opened_at, scope))

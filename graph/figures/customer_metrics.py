"""What is told of each customer beside the golden record: what they brought, are worth, risk, and wait for.

All columns are worked out for all customers at once and kept with the journeys, so that a page of customers costs a
look-up a customer. Models are fitted once a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from graph.estimates.estimate import EstimateError
from graph.figures.figure import NoFigure
from graph.figures.money import revenue
from graph.figures.scope import Scope
from graph.figures.tickets import tickets
from graph.figures.worth import Worth, worth
from graph.journeys.journeys import Journeys
from graph.journeys.part import NOT_SAID
from graph.journeys.period import Period
from graph.journeys.view import Unit, View


@dataclass(frozen=True, slots=True)
class CustomerMetrics:
    """Of one customer, as of the moment of the question; None where nothing tells it."""

    lifetime_revenue: float | None
    residual_lifetime_value: float | None
    churn_risk: float | None
    currency: str | None
    last_inbound_at: int | None
    open_ticket_count: int
    latest_nps: float | None
    latest_nps_at: int | None


@dataclass(frozen=True, slots=True)
class _Columns:
    """By customer's number; NaN or NOT_SAID where nothing tells it."""

    number_of: dict[str, int]
    revenue: NDArray[np.float64]
    value: NDArray[np.float64]
    risk: NDArray[np.float64]
    currency: str | None
    last_inbound_at: NDArray[np.int64]
    open_tickets: NDArray[np.int64]
    nps: NDArray[np.float64]
    nps_at: NDArray[np.int64]


def metrics_of(journeys: Journeys, now: datetime, customer: str) -> CustomerMetrics | None:
    """The metrics of a customer by id; None where the journeys do not know them (yet)."""
    now_ms = int(now.timestamp() * 1000)
    view = journeys.view(Unit.CUSTOMER, now_ms)
    columns = view.whole.once(("customer metrics", now.date()), lambda: _columns(view, now))
    number = columns.number_of.get(customer)
    if number is None:
        return None
    return CustomerMetrics(
        _number(columns.revenue[number]),
        _number(columns.value[number]),
        _number(columns.risk[number]),
        columns.currency,
        _moment(columns.last_inbound_at[number]),
        int(columns.open_tickets[number]),
        _number(columns.nps[number]),
        _moment(columns.nps_at[number]),
    )


def _columns(view: View, now: datetime) -> _Columns:
    today = now.astimezone(UTC).date()
    scope = Scope(view, Period(today, today + timedelta(days=1)), int(now.timestamp() * 1000))
    size = len(view.members)
    brought, currency = _revenue(view, size)
    value, risk = _worth(scope, size)
    open_tickets = tickets(scope)
    is_open = open_tickets.last_solved_at == NOT_SAID
    said = view.coded("metric").among("nps") & ~np.isnan(view.numbers("score"))
    latest = view.last_by_unit(said)
    ids = [str(id) for id in view.journeys.customers.arrow("id").to_pylist()]
    return _Columns(
        {id: number for number, id in enumerate(ids)},
        brought,
        value,
        risk,
        currency,
        _at(view, view.last_by_unit(view.is_activity)),
        np.bincount(open_tickets.unit[is_open], minlength=size),
        np.where(latest >= 0, view.numbers("score")[latest], np.nan) if len(view) else np.full(size, np.nan),
        _at(view, latest),
    )


def _revenue(view: View, size: int) -> tuple[NDArray[np.float64], str | None]:
    try:
        told = revenue(view)
    except NoFigure:  # of several currencies: no sum
        return np.full(size, np.nan), None
    total = np.bincount(told.unit, weights=told.values, minlength=size)
    bought = np.bincount(told.unit[told.purchase], minlength=size) > 0
    return np.where(bought, total, np.nan), told.currency


def _worth(scope: Scope, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The residual value of each, and the risk of losing them, which needs no margin."""
    unknown = np.full(size, np.nan)
    try:
        found: Worth = worth(scope, None if scope.rules.value.margin is not None else 1.0)
    except (NoFigure, EstimateError):
        return unknown, unknown
    value = unknown if scope.rules.value.margin is None else np.where(found.known, found.values, np.nan)
    return value, np.where(found.known, 1 - found.alive, np.nan)


def _at(view: View, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(view):
        return np.full(len(rows), NOT_SAID, np.int64)
    return np.where(rows >= 0, view.at[np.maximum(rows, 0)], NOT_SAID)


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _moment(value: np.int64) -> int | None:
    return None if value == NOT_SAID else int(value)

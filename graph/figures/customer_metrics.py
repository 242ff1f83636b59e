"""What is told of each customer beside the golden record: what they brought, are worth, risk, and wait for.

All columns are worked out for all customers at once and kept with the journeys, so that a page of customers costs a
look-up a customer. Models are fitted once a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graph.estimates.estimate import EstimateError
from graph.figures.figure import NoFigure
from graph.figures.money import revenue
from graph.figures.scope import Scope
from graph.figures.tickets import tickets
from graph.figures.worth import Worth, midnight, worth
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
    latest_nps_id: str | None
    """Id of the interaction that is this answer."""
    basis: Literal["PURCHASES", "CONTRACT"] | None
    """What value and risk are worked out from."""
    estimated_at: int | None
    """As of when they are."""


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
    nps_ids: list[str | None]
    under_contract: NDArray[np.bool_]
    estimated_at: int


def metrics_of(journeys: Journeys, now: datetime, customer: str) -> CustomerMetrics | None:
    """The metrics of a customer by id; None where the journeys do not know them (yet)."""
    now_ms = int(now.timestamp() * 1000)
    view = journeys.view(Unit.CUSTOMER, now_ms)
    columns = view.whole.once(("customer metrics", now.date()), lambda: _columns(view, now))
    number = columns.number_of.get(customer)
    if number is None:
        return None
    is_estimated = not np.isnan(columns.risk[number])
    return CustomerMetrics(
        _number(columns.revenue[number]),
        _number(columns.value[number]),
        _number(columns.risk[number]),
        columns.currency,
        _moment(columns.last_inbound_at[number]),
        int(columns.open_tickets[number]),
        _number(columns.nps[number]),
        _moment(columns.nps_at[number]),
        columns.nps_ids[number],
        ("CONTRACT" if columns.under_contract[number] else "PURCHASES") if is_estimated else None,
        columns.estimated_at if is_estimated else None,
    )


def _columns(view: View, now: datetime) -> _Columns:
    today = now.astimezone(UTC).date()
    scope = Scope(view, Period(today, today + timedelta(days=1)), int(now.timestamp() * 1000))
    size = len(view.members)
    brought, currency = _revenue(view, size)
    value, risk, under_contract = _worth(scope, size)
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
        _ids(view, latest),
        under_contract,
        midnight(scope, scope.now_ms),
    )


def _revenue(view: View, size: int) -> tuple[NDArray[np.float64], str | None]:
    try:
        told = revenue(view)
    except NoFigure:  # of several currencies: no sum
        return np.full(size, np.nan), None
    total = np.bincount(told.unit, weights=told.values, minlength=size)
    bought = np.bincount(told.unit[told.purchase], minlength=size) > 0
    return np.where(bought, total, np.nan), told.currency


def _worth(scope: Scope, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """The residual value of each, the risk of losing them, which needs no margin, and who is under contract."""
    unknown = np.full(size, np.nan)
    try:
        found: Worth = worth(scope, None if scope.rules.value.margin is not None else 1.0)
    except (NoFigure, EstimateError):
        return unknown, unknown, np.zeros(size, np.bool_)
    value = unknown if scope.rules.value.margin is None else np.where(found.known, found.values, np.nan)
    return value, np.where(found.known, 1 - found.alive, np.nan), found.contracted


def _at(view: View, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(view):
        return np.full(len(rows), NOT_SAID, np.int64)
    return np.where(rows >= 0, view.at[np.maximum(rows, 0)], NOT_SAID)


def _ids(view: View, rows: NDArray[np.int64]) -> list[str | None]:
    """Ids of these interactions; None for -1."""
    known = np.flatnonzero(rows >= 0)
    ids: list[str | None] = [None] * len(rows)
    for number, id in zip(known, view.taken("id", rows[known]), strict=True):
        ids[number] = id
    return ids


def _number(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _moment(value: np.int64) -> int | None:
    return None if value == NOT_SAID else int(value)

"""Churn of contracts, recurring revenue and inactivity, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from graph.figures.churn import churn, churn_payment_failure, churn_voluntary, contract_churn, inactivity
from graph.figures.figure import Unavailable
from graph.figures.recurring_revenue import gross_revenue_retention, net_revenue_retention, recurring_revenue
from graph.figures.rules import Currency
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.journeys.view import Unit
from graph.rules import Rules
from tests.journeys import Told, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(*events: Told, unit: Unit = Unit.CUSTOMER, as_of: str = "2026-07-01", **more: Any) -> Scope:
    return Scope(journeys(*events, **more).view(unit, ms(as_of)), MARCH, ms(as_of))


def contract(who: str, at: str, change: str, amount: float | None = None, *, name: str = "", **more: Any) -> Told:
    given = {"recurring_amount": amount, "currency": "EUR", "billing_period": "month", **more}
    return event(who, at, f"subscription.{change}", subscription=f"s/{who}{name}", **given)


def ten() -> list[Told]:
    """Ten pay 100 a month from January: two cancel in March, one of them after a failed payment; one pauses, one pays
    twice, one half as much, one cancels and starts anew; another one is new in March."""
    told = [contract(who, "2026-01-10", "started", 100.0) for who in "abcdefghij"]
    told += [
        contract("a", "2026-03-05", "cancelled", reason="Too expensive"),
        event("b", "2026-03-01", "payment.failed"),
        contract("b", "2026-03-20", "cancelled"),
        contract("c", "2026-03-07", "paused"),
        contract("d", "2026-03-08", "changed", 200.0),
        contract("e", "2026-03-08", "changed", 50.0),
        contract("f", "2026-03-09", "cancelled"),
        contract("f", "2026-03-25", "started", 100.0, name="again"),
        contract("k", "2026-03-09", "started", 100.0),
    ]
    return told


def test_churn_is_who_ended_of_who_was_there() -> None:
    """Two of ten: one by decision, one by a failed payment. Pausing is none, nor is coming back."""
    asked = scope(*ten())

    assert (churn.figure(asked).value, churn.figure(asked).sample_size) == (20.0, 10)
    assert churn_voluntary.figure(asked).value == 10.0
    assert churn_payment_failure.figure(asked).value == 10.0
    assert contract_churn.figure(asked).value == pytest.approx(30.0)


def test_a_reason_may_say_that_the_payment_failed() -> None:
    """And a payment that failed long before says nothing."""
    told = [contract(who, "2025-10-10", "started", 100.0) for who in "abcdef"]
    told += [
        contract("a", "2026-03-05", "cancelled", reason="Card declined"),
        event("b", "2025-11-01", "payment.failed"),
        event("b", "2026-03-09", "payment.failed"),
        contract("b", "2026-03-05", "cancelled"),
    ]

    assert churn_payment_failure.figure(scope(*told)).value == pytest.approx(100 / 6)


def test_an_account_churns_when_nobody_of_it_is_under_contract() -> None:
    """Six accounts of two people each; both of the first leave, one of the second does."""
    people = {f"{number}{one}": {"account": f"acme{number}"} for number in range(6) for one in "xy"}
    told = [contract(who, "2026-01-10", "started", 100.0) for who in people]
    told += [contract(who, "2026-03-10", "cancelled") for who in ("0x", "0y", "1x")]
    asked = scope(*told, unit=Unit.ACCOUNT, customers=people, accounts={f"acme{number}": {} for number in range(6)})

    assert (churn.figure(asked).value, churn.figure(asked).sample_size) == pytest.approx((100 / 6, 6))


def test_revenue_retention_is_of_those_of_the_start() -> None:
    """Of 1,000 at the start 300 are gone by cancelling and pausing, 50 by shrinking, 100 more by growing."""
    asked = scope(*ten())

    assert gross_revenue_retention.figure(asked).value == pytest.approx(100 * (1_000 - 300 - 50) / 1_000)
    assert net_revenue_retention.figure(asked).value == pytest.approx(100 * (1_000 - 300 - 50 + 100) / 1_000)
    revenue = recurring_revenue.figure(asked)
    assert (revenue.value, revenue.currency) == (6 * 100 + 200 + 50, "EUR")


def test_the_interval_of_a_ratio_is_cochrans() -> None:
    """n = 10, all denominators 100: the error of the mean of the ratios, times Student's t of 9."""
    figure = gross_revenue_retention.figure(scope(*ten()))
    ratios = [0, 0, 0, 1, 0.5, 1, 1, 1, 1, 1]
    mean = sum(ratios) / 10
    error = (sum((one - mean) ** 2 for one in ratios) / 9 / 10) ** 0.5

    assert figure.high == pytest.approx(100 * (mean + 2.2621571628 * error))


def test_a_year_has_twelve_months_and_currencies_are_converted_or_refused() -> None:
    """1,200 a year and 100 a month are one amount; dollars only by a given rate."""
    told = [contract(who, "2026-01-10", "started", 1_200.0, billing_period="year") for who in "abc"]
    told += [contract(who, "2026-01-10", "started", 100.0, currency="USD") for who in "de"]
    rules = Rules(currency=Currency("EUR", {"USD": 0.9}))

    assert recurring_revenue.figure(scope(*told, rules=rules)).value == pytest.approx(3 * 100 + 2 * 90)
    refused = recurring_revenue.figure(scope(*told))
    assert refused.unavailable is Unavailable.MIXED_CURRENCIES
    assert refused.note is not None
    assert "EUR, USD" in refused.note


def test_without_contracts_there_is_no_churn() -> None:
    """The company sells none; or had none at the start."""
    told = [contract(who, "2026-03-10", "started", 100.0) for who in "abcdef"]

    assert churn.figure(scope(event("a", "2026-01-01", "order.placed"))).unavailable is Unavailable.NO_DATA_IN_PERIOD
    assert churn.figure(scope(*told)).unavailable is Unavailable.NO_DATA_IN_PERIOD


def test_inactivity_is_called_so() -> None:
    """Six were active before April; two of them not since New Year. What machines did is no activity."""
    told = [event(who, "2026-03-10", "page.viewed") for who in "abcd"]
    told += [event(who, "2025-12-20", "page.viewed") for who in "ef"]
    told += [event("e", "2026-03-10", "email.opened", automated=True)]

    figure = inactivity.figure(scope(*told))
    assert (figure.value, figure.sample_size) == pytest.approx((100 * 2 / 6, 6))


def test_churn_of_some_is_of_those_who_experienced_it() -> None:
    """Of those who had a call five of five stayed."""
    told = [*ten(), *(event(who, "2026-02-10", "call.made", channel="phone") for who in "cdefg")]
    figure = churn.figure(scope(*told).where(channels=("phone",)))

    assert (figure.value, figure.sample_size) == (0.0, 5)

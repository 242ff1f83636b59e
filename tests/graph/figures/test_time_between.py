"""Time between milestones: who is counted, and that those who wait are."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from lifelines import KaplanMeierFitter

from graph.figures.figure import Unavailable
from graph.figures.funnel import FunnelStep
from graph.figures.scope import Scope
from graph.figures.time_between import Milestone, TimeBetween, time_between, waits
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.journeys import Told, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
FORM = Milestone(step=FunnelStep("form", ("form.submitted",)))
ORDER = Milestone(step=FunnelStep("order", ("order.placed",)))


def scope(table: Journeys, as_of: str = "2026-04-01", unit: Unit = Unit.CUSTOMER) -> Scope:
    return Scope(table.view(unit, ms(as_of)), MARCH, ms(as_of))


def asked(table: Journeys, **more: Any) -> TimeBetween:
    return time_between(scope(table, **more), FORM, ORDER)


def some() -> list[Told]:
    """Forms on the first; orders after 2, 2, 5 and 9 days; of two none; one form more on the twentieth."""
    orders = {"a": 3, "b": 3, "c": 6, "d": 10}
    return [
        *(event(who, "2026-03-01", "form.submitted") for who in "abcdef"),
        *(event(who, f"2026-03-{day:02d}", "order.placed") for who, day in orders.items()),
        event("g", "2026-03-20", "form.submitted"),
    ]


def test_the_curve_is_that_of_lifelines() -> None:
    """Median, its interval, and every point, of four who got there and three who wait."""
    found = asked(journeys(*some()))
    peer = KaplanMeierFitter().fit([2, 2, 5, 9, 31, 31, 12], [1, 1, 1, 1, 0, 0, 0])

    assert (found.begun, found.arrived) == (7, 4)
    assert found.median.value == peer.median_survival_time_ == 9.0
    for point in found.curve:
        assert point.share == pytest.approx(1 - peer.predict(point.days))
    assert [(point.days, point.waiting) for point in found.curve] == [(2.0, 7), (5.0, 5), (9.0, 4)]
    within = found.within(5)
    assert within.value == pytest.approx(100 * (1 - peer.predict(5)))
    assert within.low == pytest.approx(100 * (1 - peer.confidence_interval_.loc[5.0].iloc[1]))


def test_those_who_wait_move_the_median() -> None:
    """As of the fourth only two of six have got there: there is no median, and it says why."""
    early = asked(journeys(*some()), as_of="2026-03-04")

    assert (early.begun, early.arrived, early.median.value) == (6, 2, None)
    assert early.median.unavailable is Unavailable.NOT_ESTIMABLE
    assert early.quarter.value == 2.0
    assert early.within(30).unavailable is Unavailable.IMMATURE


def test_a_begin_is_no_end_and_what_came_before_is_none() -> None:
    """An order before the form does not count; from a form to the next form is not 0 days."""
    told = [
        event("a", "2026-02-01", "order.placed"),
        event("a", "2026-03-01", "form.submitted"),
        event("a", "2026-03-01", "order.placed"),
        event("b", "2026-03-02", "form.submitted"),
        event("b", "2026-03-09", "form.submitted"),
    ]
    table = journeys(*told)

    to_order = waits(scope(table), FORM, ORDER)
    again = waits(scope(table), FORM, FORM)
    assert list(zip(to_order.days, to_order.ended, strict=True)) == [(0.0, True), (30.0, False)]
    assert list(zip(again.days, again.ended, strict=True)) == [(31.0, False), (7.0, True)]


def test_stages_are_milestones_too() -> None:
    """From lead to customer, until the lead stage is left, and from an interaction to a stage."""
    table = journeys(
        *(event(who, "2026-03-02", "lead.created") for who in "abcdef"),
        *(event(who, "2026-03-12", "deal.won") for who in "abcd"),
        *(event(who, "2026-03-05", "deal.created") for who in "abe"),
    )
    of_lead, customer = Milestone("lead"), Milestone("customer")

    reached = time_between(scope(table), of_lead, customer)
    left = waits(scope(table), of_lead, None)
    mixed = waits(scope(table), Milestone(step=FunnelStep("", ("deal.created",))), customer)
    assert (reached.begun, reached.arrived, reached.median.value) == (6, 4, 10.0)
    assert sorted(zip(left.days, left.ended, strict=True)) == [
        (3.0, True),
        (3.0, True),
        (3.0, True),
        (10.0, True),
        (10.0, True),
        (30.0, False),
    ]
    assert sorted(zip(mixed.days, mixed.ended, strict=True)) == [(7.0, True), (7.0, True), (27.0, False)]


def test_an_account_gets_there_by_whom_it_may() -> None:
    """One colleague sends the form, another orders; a stage is reached when the first of them reaches it."""
    people = {who: {"account": "acme"} for who in "ab"}
    table = journeys(
        event("a", "2026-03-01", "form.submitted"),
        event("b", "2026-03-04", "order.placed"),
        customers=people,
        accounts={"acme": {}},
    )
    of_account = scope(table, unit=Unit.ACCOUNT)

    assert waits(of_account, FORM, ORDER).days.tolist() == [3.0]
    assert waits(of_account, FORM, Milestone("customer")).days.tolist() == [3.0]


def test_nothing_is_told_of_a_few_or_of_nobody() -> None:
    """Of four there is no median and no curve."""
    few = asked(journeys(*(event(who, "2026-03-01", "form.submitted") for who in "abcd")))

    assert (few.median.unavailable, few.curve) == (Unavailable.SAMPLE_TOO_SMALL, ())
    assert few.within(1).unavailable is Unavailable.SAMPLE_TOO_SMALL
    assert asked(journeys()).median.unavailable is Unavailable.NO_DATA_IN_PERIOD

"""When a customer churned, by their contracts and what they bought."""

from __future__ import annotations

import random
from datetime import date

import pytest

from graph.customer.activity import ActivityStatus
from graph.customer.churn import CONTRACT_ENDS, CONTRACT_STANDS, PURCHASES, churned_at
from graph.customer.events import Event
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.lifecycle.activity import status_counts
from tests.graph.customer.test_journey import event
from tests.journeys import event as told
from tests.journeys import journeys, ms


def _events(text: str) -> list[Event]:
    """`a+` starts contract a, `a-` cancels it, `a=` pauses it, `$` is an order; one a day."""
    kinds = {"+": "subscription.started", "-": "subscription.cancelled", "=": "subscription.paused"}
    return [
        event(str(day), "order.placed", day)
        if what == "$"
        else event(str(day), kinds[what[1]], day, subscription=what[0])
        for day, what in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("lived", "day"),
    [
        ("$ $", None),
        ("a+", None),
        ("a+ a-", 1),
        ("a-", 0),
        ("a+ a- $", None),
        ("a+ $ a-", 2),
        ("a+ b+ a-", None),
        ("a+ b+ a- b-", 3),
        ("a+ b+ b- a= ", None),
        ("a+ a- b+", None),
        ("a+ a- b+ $ b-", 4),
    ],
)
def test_a_customer_churned_when_the_last_contract_ended(lived: str, day: int | None) -> None:
    """While one stands, or something was bought since, they did not; who never had one cannot."""
    events = _events(lived)

    assert churned_at(events) == (None if day is None else events[day].at)


def test_the_columns_say_the_same_of_everybody() -> None:
    """Random contracts, orders and moments of many customers: as many have churned as do one by one."""
    chance = random.Random(7)
    kinds = [*CONTRACT_STANDS, *CONTRACT_ENDS * 5, *PURCHASES, "page.viewed"]
    events = [
        told(
            f"c{chance.randrange(60)}",
            f"2026-01-{chance.randrange(1, 29):02}",
            chance.choice(kinds),
            subscription=chance.choice([None, "s/1", "s/2"]),
            sequence=number,
        )
        for number in range(400)
    ]
    table = journeys(*events)
    for day in ("2026-01-05", "2026-01-15", "2026-02-01"):
        expected = 0
        for who in {each.who for each in events}:
            own = [each for each in events if each.who == who and each.at <= ms(day)]
            own.sort(key=lambda each: (each.at, each.more["sequence"]))
            expected += (
                churned_at([_as_event(each.kind, each.at, each.more["subscription"]) for each in own]) is not None
            )
        scope = Scope(table.view(as_of=ms(day)), Period(date(2026, 1, 1), date(2027, 1, 1)), ms(day))

        assert status_counts(scope)[ActivityStatus.CHURNED] == expected
        assert 3 < expected < 57


def _as_event(kind: str, at: int, subscription: str | None) -> Event:
    return event("any", kind, 0, at=at, subscription=subscription)

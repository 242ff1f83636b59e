"""Conditions over journeys: who fits at a moment, and since when, against a reading event by event."""

from __future__ import annotations

import random

import numpy as np
import pytest

from graph.figures.rules import Currency
from graph.journeys.journeys import FOR_EVER, Journeys
from graph.rules import Rules
from graph.segments.conditions import holds, spans_of
from graph.segments.rules import Condition, told
from graph.segments.spans import ALWAYS, DAY
from tests.journeys import answer, event, journeys, ms

KINDS = ("ticket.created", "order.placed", "email.sent")


def fitting(table: Journeys, condition: Condition, at: str) -> set[str]:
    """The ids of those of whom it holds."""
    return set(table.customer_ids(np.flatnonzero(holds(condition, table, ms(at)))))


def since(table: Journeys, condition: Condition, who: str, at: str) -> int:
    """Since when it holds of one customer."""
    only = table.customer_numbers([who])
    return int(spans_of(condition, table, only).since(ms(at), len(table.customers))[only[0]])


def test_interactions_are_counted_in_the_days_before_the_moment() -> None:
    """Two tickets within ten days held from the second on, and ends when the first is ten days old."""
    table = journeys(event("ada", "2026-03-01", "ticket.created"), event("ada", "2026-03-05", "ticket.created"))
    often = Condition(kinds=("ticket.created",), at_least=2, within_days=10)

    assert fitting(table, often, "2026-03-04T23:59") == set()
    assert fitting(table, often, "2026-03-05") == {"ada"}
    assert since(table, often, "ada", "2026-03-10") == ms("2026-03-05")
    assert fitting(table, often, "2026-03-11") == set()


def test_a_field_a_stage_and_a_score_are_conditions() -> None:
    """The stage is that of the moment; the score the latest by then; a field as it is today."""
    table = journeys(
        event("ada", "2026-03-01", "lead.created"),
        event("ada", "2026-03-10", "order.placed", amount=10.0, currency="EUR"),
        answer("ada", "2026-03-12", "nps", 9),
        answer("ada", "2026-03-20", "nps", 3),
        customers={"ada": {"country": "DE", "tags": ["vip"]}, "bob": {"country": "FR"}},
    )

    assert fitting(table, Condition(field="country", values=("DE",)), "2026-01-01") == {"ada"}
    assert fitting(table, Condition(field="tags", values=("vip", "new")), "2026-01-01") == {"ada"}
    assert fitting(table, Condition(field="tags"), "2026-01-01") == {"ada"}
    lead = Condition(field="lifecycle_stage", values=("lead",))
    assert fitting(table, lead, "2026-03-05") == {"ada"}
    assert fitting(table, lead, "2026-03-11") == set()
    promoter = Condition(metric="nps", at_least=9)
    assert (fitting(table, promoter, "2026-03-11"), fitting(table, promoter, "2026-03-13")) == (set(), {"ada"})
    assert fitting(table, promoter, "2026-03-21") == set()


def test_scores_of_different_scales_are_never_mixed() -> None:
    """Good or bad is no answer from one to five: who said good is not among those who gave three at most."""
    table = journeys(
        answer("ada", "2026-03-01", "csat", 1, scale_min=0, scale_max=1), answer("bob", "2026-03-01", "csat", 2)
    )

    assert fitting(table, Condition(metric="csat", at_most=3), "2026-03-02") == {"bob"}
    assert fitting(table, Condition(metric="csat_binary", at_least=1), "2026-03-02") == {"ada"}


def test_at_most_counts_those_who_have_none() -> None:
    """Who never wrote wrote at most once, always; who wrote was silent again ninety days later."""
    table = journeys(event("ada", "2026-03-01", "ticket.created"), customers={"ada": {}, "bob": {}})
    silent = Condition(metric="activities", at_most=0, within_days=90)

    assert fitting(table, silent, "2026-03-02") == {"bob"}
    assert since(table, silent, "bob", "2026-07-01") == ALWAYS
    assert since(table, silent, "ada", "2026-07-01") == ms("2026-03-01") + 90 * DAY


def test_the_highest_share_is_of_those_who_have_a_value() -> None:
    """A tenth of twenty buyers is two, as of the moment; refunds count against. Other currencies are ranked apart."""
    orders = [
        event(f"c{number:02d}", "2026-03-01", "order.placed", amount=float(number), currency="EUR")
        for number in range(1, 21)
    ]
    table = journeys(
        *orders,
        event("c20", "2026-03-20", "order.refunded", amount=15.0, currency="EUR"),
        event("sek", "2026-03-01", "order.placed", amount=9_000.0, currency="SEK"),
        customers={f"none{number}": {} for number in range(50)},
    )
    best = Condition(metric="revenue", top_share=0.1)

    assert fitting(table, best, "2026-03-10") == {"c20", "c19", "sek"}
    assert fitting(table, best, "2026-03-21") == {"c19", "c18", "sek"}
    assert fitting(table, best, "2026-02-01") == set()
    converted = Rules(currency=Currency(reporting="EUR", rates={"SEK": 0.0001}))
    assert fitting(Journeys(table.parts, converted, 0, 0), best, "2026-03-10") == {"c20", "c19", "c18"}


def test_years_and_days_since_the_first_interaction_only_grow() -> None:
    """Forty on the birthday; thirty days with us on the thirtieth."""
    table = journeys(event("ada", "2026-03-01", "order.placed"), customers={"ada": {"birth_date": "1986-03-10"}})

    assert fitting(table, Condition(metric="age_years", at_least=40), "2026-03-09") == set()
    assert fitting(table, Condition(metric="age_years", at_least=40), "2026-03-11") == {"ada"}
    tenure = Condition(metric="tenure_days", at_least=30)
    assert since(table, tenure, "ada", "2026-05-01") == ms("2026-03-31")


@pytest.mark.parametrize("seed", range(10))
def test_since_when_agrees_with_a_reading_of_every_hour(seed: int) -> None:
    """Random journeys and random conditions of conditions: who fits at each hour, and since when without a break."""
    chance = random.Random(seed)
    start, hours = ms("2026-03-01"), 24 * 11
    told_events = [
        event(
            chance.choice("abc"),
            f"2026-03-{chance.randint(1, 9):02d}T{chance.randint(0, 23):02d}",
            chance.choice(KINDS),
        )
        for _ in range(chance.randint(1, 14))
    ]
    table = journeys(*told_events, customers={who: {} for who in "abcd"})
    condition = _random_condition(chance, deep=2)
    read = {who: [(told.at, told.kind) for told in told_events if told.who == who] for who in "abcd"}
    moments = [start + hour * 3_600_000 for hour in range(hours)]
    masks = [holds(condition, table, moment) for moment in moments]
    units = np.arange(len(table.customers))
    spans = spans_of(condition, table, units)

    for number, who in enumerate(table.customer_ids(np.arange(len(table.customers)))):
        expected = [_holds(condition, read[who], moment) for moment in moments]
        assert [bool(mask[number]) for mask in masks] == expected, told(condition)
        found = int(spans.since(moments[-1], len(units))[number])
        if not expected[-1]:
            assert found == FOR_EVER
        elif all(expected):
            assert found <= moments[0]
        else:
            broken = max(place for place, held in enumerate(expected) if not held)
            assert found == moments[broken + 1], told(condition)


def _random_condition(chance: random.Random, deep: int) -> Condition:
    if deep and chance.random() < 0.6:
        inner = tuple(_random_condition(chance, deep - 1) for _ in range(chance.randint(1, 2)))
        others = tuple(_random_condition(chance, deep - 1) for _ in range(chance.randint(0, 1)))
        return chance.choice(
            [Condition(all=inner, any=others), Condition(any=inner, none=others), Condition(none=inner, all=others)]
        )
    within = chance.choice([None, 1, 2, 4])
    if chance.random() < 0.3:
        return Condition(kinds=(chance.choice(KINDS),), at_most=float(chance.randint(0, 2)), within_days=within)
    return Condition(kinds=(chance.choice(KINDS),), at_least=float(chance.randint(1, 3)), within_days=within)


def _holds(condition: Condition, events: list[tuple[int, str]], moment: int) -> bool:
    if condition.inner:
        return (
            all(_holds(inner, events, moment) for inner in condition.all)
            and (not condition.any or any(_holds(inner, events, moment) for inner in condition.any))
            and not any(_holds(inner, events, moment) for inner in condition.none)
        )
    reach = float("inf") if condition.within_days is None else condition.within_days * DAY
    count = sum(1 for at, kind in events if kind in condition.kinds and at <= moment < at + reach)
    low = -1 if condition.at_least is None else condition.at_least
    return low <= count <= (float("inf") if condition.at_most is None else condition.at_most)


def test_a_company_without_customers_has_empty_segments() -> None:
    """Nobody, and nothing divided by nothing."""
    table = journeys(rules=Rules())

    assert holds(Condition(metric="revenue", top_share=0.1), table, ms("2026-03-01")).tolist() == []
    assert holds(Condition(kinds=("order.placed",)), table, ms("2026-03-01")).tolist() == []

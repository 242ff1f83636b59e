"""Conditions over journeys: who fits at a moment, and since when, against a reading event by event."""

from __future__ import annotations

import random

import numpy as np
import pytest

from graph.figures.rules import Currency
from graph.journeys.journeys import FOR_EVER, Journeys
from graph.rules import Rules
from graph.segments.conditions import born, first_moments, holds, spans_of, value_at
from graph.segments.rules import Condition, told
from graph.segments.spans import ALWAYS, DAY
from graph.segments.spending import not_counted
from tests.journeys import Told, answer, event, journeys, ms

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


def test_what_is_left_out_for_want_of_rates_is_said() -> None:
    """Ada pays twice in euros and once in kronor; of deals in dollars nobody asks where orders are the revenue."""
    paid = [("ada", 10.0, "EUR"), ("ada", 10.0, "EUR"), ("ada", 900.0, "SEK"), ("bob", 50.0, "SEK")]
    orders = [
        event(who, f"2026-03-{day:02}", "order.placed", amount=amount, currency=currency)
        for day, (who, amount, currency) in enumerate(paid, 1)
    ]
    deals = [event("ada", f"2026-03-{day}", "deal.won", amount=1.0, currency="USD") for day in range(10, 15)]
    table = journeys(*orders, *deals)
    rich = Condition(metric="revenue", at_least=20)
    condition = Condition(all=(rich,))

    assert fitting(table, rich, "2026-04-01") == {"ada", "bob"}
    assert [round(value) for value in value_at(rich, table, ms("2026-04-01"))] == [20, 50]
    assert "SEK (fewer than 5 customers)" in (not_counted(condition, table) or "")
    only_euros = Journeys(table.parts, Rules(currency=Currency(reporting="EUR")), 0, 0)
    assert fitting(only_euros, rich, "2026-04-01") == {"ada"}
    assert "SEK (fewer than 5 customers)" in (not_counted(condition, only_euros) or "")
    rates = Journeys(table.parts, Rules(currency=Currency(reporting="EUR", rates={"SEK": 0.1})), 0, 0)
    assert not_counted(condition, rates) is None
    assert not_counted(Condition(metric="orders", at_least=1), table) is None


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


@pytest.mark.parametrize("seed", range(12))
def test_after_changes_segments_are_what_all_journeys_tell_anew(seed: int) -> None:
    """Customers who come, go and change, one after the other: who fits, since when, and what is counted."""
    chance = random.Random(seed)
    people = [f"c{number:02d}" for number in range(14)]
    told_of = {who: _random_life(who, chance) for who in people[:10]}
    rates = Currency(reporting="EUR", rates={"SEK": 0.1}) if chance.random() < 0.5 else Currency()
    rules = Rules(currency=rates)
    followed = _table(told_of, rules)
    read = followed.settled

    for _ in range(6):
        touched = sorted(chance.sample(people, chance.randint(1, 3)))
        for who in touched:
            told_of.pop(who, None)
            if chance.random() < 0.8:
                told_of[who] = _random_life(who, chance)
        anew = _table(told_of, rules)
        of_these = _table({who: told_of[who] for who in touched if who in told_of}, rules)
        rows = {name: part.first for name, part in of_these.parts.items()}
        # An account is read again with whoever of it has changed; its others may stand in other tables.
        rows["accounts"] = anew.accounts.first
        followed = followed.changed(touched, ["acme", "other"], rows, 0, 0)
        condition = Condition(all=(_any_condition(chance),), any=(_any_condition(chance), _any_condition(chance)))
        moment = ms(f"2026-03-{chance.randint(1, 28):02d}")

        assert _told(followed, condition, moment) == _told(anew, condition, moment), told(condition)
    assert followed.settled is read


def _told(table: Journeys, condition: Condition, moment: int) -> dict[str, object]:
    """By id, whether and since when each part of the condition holds, and the first moment and birthday."""
    units = np.arange(len(table.customers))
    parts = [condition, *condition.leaves]
    held = [holds(part, table, moment).tolist() for part in parts]
    since = [spans_of(part, table, units).since(moment, len(units)).tolist() for part in parts if not part.is_ranked]
    columns = zip(*held, *since, first_moments(table).tolist(), born(table).tolist(), strict=True)
    return dict(zip(table.customer_ids(units), columns, strict=True))


def _random_life(who: str, chance: random.Random) -> tuple[dict[str, object], list[Told]]:
    def day() -> str:
        return f"2026-03-{chance.randint(1, 28):02d}T{chance.randint(0, 23):02d}"

    currency = "EUR" if chance.random() < 0.6 else "SEK"
    events = [event(who, day(), chance.choice(("ticket.created", "lead.created"))) for _ in range(chance.randint(0, 4))]
    events += [
        event(who, day(), "order.placed", amount=float(chance.randint(1, 9)), currency=currency)
        for _ in range(chance.randint(0, 2))
    ]
    events += [answer(who, day(), "nps", chance.randint(0, 10)) for _ in range(chance.randint(0, 1))]
    fields: dict[str, object] = {
        "country": chance.choice(["DE", "FR", None]),
        "tags": chance.sample(["vip", "new"], chance.randint(0, 2)),
        "account": chance.choice(["acme", "other", None]),
        "birth_date": chance.choice(["1986-07-01", None]),
    }
    return fields, events


def _table(told_of: dict[str, tuple[dict[str, object], list[Told]]], rules: Rules) -> Journeys:
    industry = {"acme": {"industry": "steel" if len(told_of) % 2 else "glass"}, "other": {"industry": "glass"}}
    return journeys(
        *(each for _, events in told_of.values() for each in events),
        customers={who: fields for who, (fields, _) in told_of.items()},
        accounts=industry,
        rules=rules,
    )


def _any_condition(chance: random.Random) -> Condition:
    return chance.choice(
        [
            Condition(field="country", values=("DE",)),
            Condition(field="tags", values=("vip",)),
            Condition(field="industry", values=("glass",)),
            Condition(field="lifecycle_stage", values=("lead", "customer")),
            Condition(metric="nps", at_least=7),
            Condition(metric="revenue", at_least=float(chance.randint(1, 6)), within_days=chance.choice([None, 9])),
            *[Condition(metric="revenue", top_share=0.3)] * 3,
            Condition(metric="activities", at_most=1, within_days=10),
            Condition(metric="tenure_days", at_least=5),
            Condition(metric="age_years", at_least=30),
            Condition(none=(Condition(kinds=("ticket.created",), at_least=2),)),
            _random_condition(chance, deep=1),
        ]
    )

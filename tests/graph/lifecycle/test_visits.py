"""Visits to stages, by hand: an account is at the furthest stage of its people, from moment to moment."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from graph.figures.groups import Dimension, groups
from graph.figures.scope import Scope
from graph.journeys.journeys import FOR_EVER, Journeys
from graph.journeys.period import Period
from graph.journeys.view import Unit
from graph.lifecycle.activity import status_counts
from graph.lifecycle.passage import passages
from graph.lifecycle.said import said_and_shown
from graph.lifecycle.visits import visits_of
from graph.rules import Rules
from tests.journeys import event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
STAGES = [stage.name for stage in Rules().stage]


@pytest.fixture(scope="module")
def table() -> Journeys:
    """Acme: ann gets an opportunity and loses it, bob buys meanwhile. Beta: dan and eve each lose one. Flo is alone."""
    told = [
        event("ann", "2026-03-01", "lead.created"),
        event("ann", "2026-03-11", "deal.created"),
        event("ann", "2026-03-21", "deal.lost"),
        event("bob", "2026-03-05", "lead.created"),
        event("bob", "2026-03-15", "order.placed", amount=100.0, currency="EUR"),
        event("dan", "2026-03-02", "lead.created"),
        event("dan", "2026-03-11", "deal.created"),
        event("dan", "2026-03-21", "deal.lost"),
        event("eve", "2026-03-12", "deal.created"),
        event("eve", "2026-03-25", "deal.lost"),
        event("flo", "2026-03-03", "lead.created"),
    ]
    people = {"ann": ("acme", "customer"), "bob": ("acme", "lead"), "dan": ("beta", None), "eve": ("beta", "lead")}
    customers = {who: {"account": account, "stage_said": said} for who, (account, said) in people.items()}
    return journeys(*told, customers=customers, accounts={"acme": {}, "beta": {}, "gone": {}})


def scope(table: Journeys, as_of: str = "2026-04-01", unit: Unit = Unit.ACCOUNT) -> Scope:
    return Scope(table.view(unit, ms(as_of)), MARCH, ms(as_of))


def told_of(table: Journeys, as_of: str = "2026-04-01") -> dict[str, list[tuple[str, str, str | None]]]:
    """By account its visits: the stage, the day on which it came, and the day on which it left."""
    found = visits_of(table.view(Unit.ACCOUNT, ms(as_of)), ms(as_of))
    ids = table.account_ids(found.unit)
    told: dict[str, list[tuple[str, str, str | None]]] = {}
    for place, id in enumerate(ids):
        left = int(found.left[place])
        day = None if left == FOR_EVER else day_of(left)
        told.setdefault(id, []).append((STAGES[found.stage[place]], day_of(int(found.at[place])), day))
    return told


def day_of(moment: int) -> str:
    return str(np.datetime64(moment, "ms"))[:10]


def test_an_account_is_at_the_furthest_stage_of_its_people(table: Journeys) -> None:
    """Acme moves on with whoever is first; beta falls back when the last of two has lost the deal."""
    assert told_of(table) == {
        "acme": [
            ("lead", "2026-03-01", "2026-03-11"),
            ("opportunity", "2026-03-11", "2026-03-15"),
            ("customer", "2026-03-15", None),
        ],
        "beta": [
            ("lead", "2026-03-02", "2026-03-11"),
            ("opportunity", "2026-03-11", "2026-03-25"),
            ("lead", "2026-03-25", None),
        ],
    }


def test_what_was_not_yet_is_not_told(table: Journeys) -> None:
    """As of the 22nd dan has lost the deal and eve has not: beta is at it still, and nobody knows of the 25th."""
    assert told_of(table, "2026-03-22")["beta"][1:] == [("opportunity", "2026-03-11", None)]


def test_the_stages_of_accounts_in_a_period(table: Journeys) -> None:
    """Two were opportunities, one bought and one fell back; the touches of march are those while at the stage."""
    found = {one.stage: one for one in passages(scope(table))}
    lead, opportunity, customer = found["lead"], found["opportunity"], found["customer"]

    assert (lead.customers, lead.entered, lead.left, lead.fell_back) == (1, 2, 2, 0)
    assert (opportunity.customers, opportunity.entered, opportunity.left, opportunity.fell_back) == (0, 2, 2, 1)
    assert (customer.customers, customer.entered, opportunity.lost) == (1, 1, 1)
    counted = visits_of(scope(table).view, ms("2026-04-01"))
    assert len(counted.unit) == 6
    # Acme: 1st and 5th as a lead, 11th, 15th and 21st after; beta: 2nd, then 11th, 12th, 21st, and the 25th as a lead.
    rows = scope(table).view
    stage = counted.stage_at(rows.unit.astype(np.int64), rows.at)
    assert [STAGES[place] for place in stage] == [
        *("lead", "lead", "opportunity", "customer", "customer"),
        *("lead", "opportunity", "opportunity", "opportunity", "lead"),
    ]


def test_what_the_crm_says_of_an_account_is_the_furthest_of_its_people(table: Journeys) -> None:
    """It calls ann a customer, so acme; of the account without people nobody says anything."""
    pairs = {(each.said, each.shown): each.customers for each in said_and_shown(scope(table))}

    assert pairs == {("customer", "customer"): 1, ("lead", "lead"): 1, (None, None): 1}


def test_the_activity_of_an_account_is_that_of_its_people(table: Journeys) -> None:
    """Acme is known for 31 days, beta for 30; the one without people has done nothing."""
    counts = {status.value: n for status, n in status_counts(scope(table)).items() if n}

    assert counts == {"ACTIVE": 1, "NEW": 1, "DORMANT": 1}


def test_accounts_are_told_apart_by_their_stage() -> None:
    """By the stages of today, as customers are; before, accounts had none."""
    told = [event(who, "2026-03-01", "lead.created") for who in "abc"]
    customers = {
        who: {"account": account, "lifecycle_stage": stage}
        for who, account, stage in (("a", "acme", "lead"), ("b", "acme", "customer"), ("c", "beta", "lead"))
    }
    table = journeys(*told, customers=customers, accounts={"acme": {}, "beta": {}})
    found = {group.key: group.scope.view.size for group in groups(scope(table), Dimension.LIFECYCLE_STAGE)}

    assert found == {"customer": 1, "lead": 1}


@pytest.mark.parametrize("seed", range(5))
def test_every_moment_of_an_account_is_the_furthest_of_its_people(seed: int) -> None:
    """Held against the people one by one, at any moment, of many journeys by chance."""
    random = np.random.default_rng(seed)
    kinds = ["form.submitted", "lead.created", "lead.rejected", "deal.created", "deal.lost", "deal.won", "order.placed"]
    people = [f"p{n}" for n in range(30)]
    told = [
        event(who, f"2026-03-{random.integers(1, 29):02}", kinds[random.integers(len(kinds))])
        for who in people
        for _ in range(random.integers(0, 8))
    ]
    account = {who: f"a{random.integers(8)}" for who in people}
    table = journeys(
        *told, customers={who: {"account": account[who]} for who in people}, accounts={f"a{n}": {} for n in range(8)}
    )
    now = ms("2026-03-20T12:00")
    accounts, customers = (visits_of(table.view(unit, now), now) for unit in (Unit.ACCOUNT, Unit.CUSTOMER))
    for day in range(1, 21):
        moment = ms(f"2026-03-{day:02}T06:00")
        stage_of = customers.stage_at(np.arange(len(table.customers)), np.full(len(table.customers), moment))
        expected = np.full(8, -1)
        np.maximum.at(expected, table.account_of, stage_of)
        found = accounts.stage_at(np.arange(8), np.full(8, moment))
        assert found.tolist() == expected.tolist()

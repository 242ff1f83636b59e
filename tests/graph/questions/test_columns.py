"""Questions that kept columns answer are answered by the graph's Cypher alike, on both stores."""

from __future__ import annotations

import random
from typing import Any

import pytest

from graph.answers.columns import ANSWERED, ask_columns
from graph.ask import ask
from graph.journeys.read import read_journeys
from graph.rules import Rules
from graph.store.driver import Store
from tests.graph.questions.tiny import add_customer, event

pytestmark = pytest.mark.anyio
ASKED: dict[str, list[dict[str, Any]]] = {
    "dwell": [{}, {"since": "2026-01-05", "until": "2026-01-20"}, {"since": "2030-01-01"}],
    "paths_to_ticket": [
        {},
        {"steps": 1, "top": 3},
        {"kind": "order.placed", "steps": 5, "since": "2026-01-08", "until": "2026-01-25"},
        {"kind": "nothing"},
    ],
    "conversion_sequences": [
        {"now": "2026-02-01"},
        {"now": "2026-01-15", "dimension": "kind", "lookback_days": 3},
        {"now": "2026-02-01", "dimension": "campaign", "goal": ["ticket.created"], "since": "2026-01-10"},
        {"now": "2026-02-01", "dimension": "function", "until": "2026-01-12"},
    ],
    "journey_flow": [{}, {"top": 3, "since": "2026-01-05"}, {"until": "2026-01-12"}, {"since": "2030-01-01"}],
    "loops": [{}, {"steps": 2}, {"steps": 7, "top": 200, "since": "2026-01-04"}, {"since": "2030-01-01"}],
    "paths_before_churn": [
        {"churn": ["order.placed"], "least": 1},
        {"churn": ["order.placed", "call.made"], "steps": 2, "least": 2, "since": "2026-01-03", "until": "2026-01-20"},
        {"churn": ["nothing"], "steps": 1, "top": 3},
        {"steps": 30},
    ],
    "reactivations": [{"days": 2}, {"days": 1, "since": "2026-01-05", "until": "2026-01-20"}, {}],
    "repeat_contact": [
        {"now": "2026-02-10"},
        {"now": "2026-02-10", "days": 1, "since": "2026-01-05"},
        {"now": "2026-01-20", "days": 3},
        {"now": "2026-01-01"},
    ],
    "repeated_questions": [{}, {"since": "2026-01-08", "until": "2026-01-20"}, {"since": "2030-01-01"}],
    "ordered_funnel": [
        {"steps": "page.viewed,ticket.created,order.placed", "now": "2026-02-20", "window_days": 20},
        {"steps": "ticket.created,ticket.created,order.placed,page.viewed", "now": "2026-04-01", "window_days": 9},
        {"steps": "page.viewed,order.placed", "since": "2026-01-05", "until": "2026-01-12", "now": "2026-01-25"}
        | {"window_days": 7},
        {"steps": "order.placed", "now": "2026-01-10", "window_days": 6},
        {"steps": "nothing,order.placed"},
    ],
    "time_between_stages": [
        {"from": "prospect", "to": "customer", "now": "2026-03-01"},
        {"from": "customer", "to": "customer", "now": "2026-01-20"},
        {"from": "prospect", "to": "lead", "now": "2026-01-10"},
        {"from": "nothing", "to": "customer"},
    ],
    "stage_curve": [
        {"from": "prospect", "to": "customer", "now": "2026-03-01"},
        {"from": "prospect", "to": "customer", "now": "2026-01-14"},
        {"from": "customer", "to": "customer", "now": "2026-01-20"},
        {"from": "nothing", "to": "customer"},
    ],
    "silent_customers": [
        {"now": "2026-03-01"},
        {"now": "2026-02-14", "top": 3},
        {"now": "2026-01-20"},
        {"now": "2026-01-02"},
    ],
    "what_followed": [
        *({"id": f"c{number:02}", "least": 1, "now": "2026-03-10", "top": 99} for number in range(14)),
        {"id": "c13", "least": 1, "now": "2026-01-20", "window_days": 2, "goal": ["ticket.created", "call.made"]},
        {"id": "c12", "least": 2, "now": "2026-02-10", "window_days": 12, "goal": ["page.viewed"], "top": 2},
        {"id": "nobody", "least": 1},
    ],
    "unanswered_detractors": [{"now": "2026-03-01"}],
    "handoffs": [{}, {"since": "2026-01-05", "until": "2026-01-20"}, {"since": "2030-01-01"}],
    "ping_pong": [{}, {"since": "2026-01-05", "until": "2026-01-20"}, {"since": "2030-01-01"}],
}


def _something(chance: random.Random) -> dict[str, Any]:
    """An interaction of one of a few days, so that many are of one moment."""
    kinds = ["ticket.created", "order.placed", "page.viewed", "email.opened", "call.made", "ticket.reopened"]
    kind = chance.choice(kinds)
    more: dict[str, Any] = {
        "function": chance.choice(["marketing", "sales", "service"]),
        "channel": chance.choice(["web", "phone", "email"]),
        "campaign": chance.choice([None, "m/1", "m/2"]),
        "automated": chance.random() < 0.2,
        "sequence": chance.randrange(3),
    }
    if kind.startswith("ticket."):
        more |= {"topic": chance.choice([None, "refund", "parcel"]), "ticket": chance.choice([None, "0", "1", "2"])}
    if kind == "order.placed":
        more |= {"amount": chance.choice([None, 10.0, 12.5]), "currency": chance.choice(["EUR", "SEK"])}
    if chance.random() < 0.6:  # a ticket and an activity may be called alike: one matter
        more |= {
            "requested_fields": chance.choice([["phone"], ["company", "phone"], ["phone", "phone"], ["company"]]),
            "activity_id": chance.choice([None, "0", "3"]),
            "source": chance.choice(["crm", "helpdesk", None]),
        }
    return event(chance.randrange(30) / chance.choice([1, 2, 3]), kind, **more)


async def _hand_over(store: Store, chance: random.Random) -> None:
    """Handoffs between three teams, or nobody's, of a few matters and moments, so that many go back at once."""
    rows = await store.read(
        "MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction) WITH c, i ORDER BY c.id, i.id RETURN c.id, collect(i.id)"
    )
    teams = ["first", "second", "third", "fourth", None]
    made = [
        {
            "a": chance.choice(ids),
            "b": chance.choice(ids),
            "at": 1_767_225_600_000 + 86_400_000 * chance.randrange(3, 12),
            "matter": f"{chance.choice(['ticket', 'link'])}:{chance.randrange(3)}",
            "from_team": chance.choice(teams),
            "to_team": chance.choice(teams),
            "from_function": chance.choice(["sales", None]),
            "to_function": "service",
            "wait_seconds": chance.choice([None, 60.0 * chance.randrange(900)]),
            "business_wait_seconds": chance.choice([None, 60.0 * chance.randrange(90)]),
        }
        for _, ids in rows
        for _ in range(6 * len(ids))
    ]
    await store.write(
        "UNWIND $rows AS row MATCH (a:Interaction {id: row.a}) MATCH (b:Interaction {id: row.b}) "
        "CREATE (a)-[:HANDOFF {at: datetime({epochMillis: row.at}), matter: row.matter, from_team: row.from_team, "
        "to_team: row.to_team, from_function: row.from_function, to_function: row.to_function, "
        "wait_seconds: row.wait_seconds, business_wait_seconds: row.business_wait_seconds}]->(b)",
        rows=made,
    )


async def test_columns_and_cypher_give_the_same_answers(store: Store) -> None:
    """Random journeys, with ties, machines, no amount and nobody's: row by row, in the same order."""
    chance = random.Random(4)
    for number in range(14):
        await add_customer(store, f"c{number:02}", *(_something(chance) for _ in range(number)))
    await _hand_over(store, chance)
    await store.write(
        "MATCH (c:Customer) WHERE c.id <> 'c11' SET c.display_name = 'Name of ' + c.id, c.owner = c.id + 'o'"
    )
    await store.write("MATCH (c:Customer {id: 'c11'}) SET c.display_name = null")
    journeys = await read_journeys(store, Rules(), 0)

    assert set(ASKED) == set(ANSWERED)
    for name, parameters in ASKED.items():
        for given in parameters:
            from_graph, from_columns = await ask(store, name, given), await ask_columns(store, journeys, name, given)

            assert from_columns.columns == from_graph.columns
            assert from_columns.rows == from_graph.rows, (name, given)
    for name in (
        "loops",
        "ping_pong",
        "handoffs",
        "paths_before_churn",
        "reactivations",
        "repeated_questions",
        "silent_customers",
    ):
        assert len((await ask(store, name, ASKED[name][0])).rows) > 3
    funnel = (await ask(store, "ordered_funnel", ASKED["ordered_funnel"][0])).rows
    assert funnel[0][2] > funnel[1][2] > 0
    waits = (await ask(store, "time_between_stages", ASKED["time_between_stages"][0])).rows
    assert waits[0][0] > waits[0][1] > 1
    assert len((await ask(store, "stage_curve", ASKED["stage_curve"][0])).rows) > 1
    assert len((await ask(store, "conversion_sequences", ASKED["conversion_sequences"][1])).rows) > 5


async def test_what_followed_is_the_same_where_many_took_the_same_steps(store: Store) -> None:
    """Two kinds of step and an order, by two channels, either way or none, at few moments; a third is machines'."""
    chance = random.Random(6)
    for number in range(24):
        events = [
            event(
                chance.randrange(12),
                chance.choice(["page.viewed", "page.viewed", "call.made", "call.made", "order.placed"]),
                channel=chance.choice(["web", "phone"]),
                direction=chance.choice(["inbound", "outbound", None]),
                automated=chance.random() < 0.3,
                sequence=chance.randrange(2),
            )
            for _ in range(20)
        ]
        await add_customer(store, f"c{number:02}", *events)
    journeys = await read_journeys(store, Rules(), 0)

    found = []
    for number in range(8):
        given = {"id": f"c{number:02}", "window_days": 2, "now": "2026-01-12", "least": 2}
        from_graph = (await ask(store, "what_followed", given)).rows
        assert (await ask_columns(store, journeys, "what_followed", given)).rows == from_graph
        found += from_graph

    assert len(found) > 40
    assert any(row[2] is None for row in found)
    assert sum(0 < row[5] < row[3] for row in found) > 20
    assert any(0 < row[5] < row[3] and row[4] < row[3] for row in found)


async def test_no_more_than_nine_machines_stand_between_steps(store: Store) -> None:
    """Nine e-mails of a machine leave two steps neighbours, ten do not; an order later in the same moment counts."""
    begun = (event(0, "form.submitted"), event(0.5, "ticket.replied"))
    await add_customer(store, "me", *begun)
    for machines in (8, 9, 10):
        mails = [event(1 + number / 100, "email.opened", automated=True) for number in range(machines)]
        then = event(3, "call.made", direction=None), event(3, "order.placed", sequence=1)
        await add_customer(store, f"after{machines}", *begun, *mails, *then)
        await add_customer(store, f"between{machines}", begun[0], *mails, event(2, "ticket.replied"), *then)
    journeys = await read_journeys(store, Rules(), 0)
    given = {"id": "me", "least": 1, "window_days": 0, "now": "2026-03-01"}

    from_graph = (await ask(store, "what_followed", given)).rows
    from_columns = (await ask_columns(store, journeys, "what_followed", given)).rows

    assert from_columns == from_graph == [["call.made", "email", None, 4, 4, 4, 1.0, 0.51, 1.0]]


async def test_unanswered_detractors_are_the_same_from_columns(store: Store) -> None:
    """Scores of few moments and metrics, comments, programs, what they are about; answers by all sorts."""
    chance = random.Random(8)
    for number in range(16):
        await add_customer(store, f"c{number:02}", *(_scored_or_said(chance) for _ in range(12)))
    await store.write("MATCH (c:Customer) WHERE c.id <> 'c03' SET c.display_name = 'Name of ' + c.id, c.owner = 'o'")
    journeys = await read_journeys(store, Rules(), 0)

    found = []
    for given in (
        {"now": "2026-02-01"},
        {"now": "2026-01-05", "hours": 12},
        {"now": "2026-02-01", "hours": 0, "since": "2026-01-04"},
        {"now": "2026-01-01"},
    ):
        from_graph = await ask(store, "unanswered_detractors", given)
        from_columns = await ask_columns(store, journeys, "unanswered_detractors", given)
        assert from_columns.columns == from_graph.columns
        assert from_columns.rows == from_graph.rows, given
        found += from_graph.as_maps()

    assert len(found) > 30
    for name in ("owner", "comment", "program", "about", "answered_after_hours"):
        assert 0 < sum(row[name] is None for row in found) < len(found), name


def _scored_or_said(chance: random.Random) -> dict[str, Any]:
    """An answer to a survey, or a message, of one of a few days."""
    day = chance.randrange(16) / 2
    if chance.random() < 0.5:
        direction = chance.choice(["outbound", "outbound", "inbound"])
        campaign = chance.choice([None, None, "m/1"])
        return event(day, "call.made", direction=direction, campaign=campaign, automated=chance.random() < 0.3)
    return event(
        day,
        "survey.answered",
        metric=chance.choice(["nps", "nps", "nps", "csat"]),
        score=float(chance.randrange(10)),
        scale_min=0.0,
        scale_max=10.0,
        text=chance.choice([None, "Too slow", "Again!"]),
        program=chance.choice([None, "relationship", "tickets"]),
    )

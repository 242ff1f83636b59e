"""Questions that kept columns answer are answered by the graph's Cypher alike, on both stores."""

from __future__ import annotations

import random
from typing import Any

import pytest

from graph.ask import ask
from graph.columns import ANSWERED, ask_columns
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
}


def _something(chance: random.Random) -> dict[str, Any]:
    """An interaction of one of a few days, so that many are of one moment."""
    kind = chance.choice(["ticket.created", "order.placed", "page.viewed", "email.opened", "call.made"])
    more: dict[str, Any] = {
        "function": chance.choice(["marketing", "sales", "service"]),
        "channel": chance.choice(["web", "phone", "email"]),
        "campaign": chance.choice([None, "m/1", "m/2"]),
        "automated": chance.random() < 0.2,
        "sequence": chance.randrange(3),
    }
    if kind == "order.placed":
        more |= {"amount": chance.choice([None, 10.0, 12.5]), "currency": chance.choice(["EUR", "SEK"])}
    return event(chance.randrange(30) / chance.choice([1, 2, 3]), kind, **more)


async def test_columns_and_cypher_give_the_same_answers(store: Store) -> None:
    """Random journeys, with ties, machines, no amount and nobody's: row by row, in the same order."""
    chance = random.Random(4)
    for number in range(14):
        await add_customer(store, f"c{number:02}", *(_something(chance) for _ in range(number)))
    journeys = await read_journeys(store, Rules(), 0)

    assert set(ASKED) == set(ANSWERED)
    for name, parameters in ASKED.items():
        for given in parameters:
            from_graph, from_columns = await ask(store, name, given), ask_columns(journeys, name, given)

            assert from_columns.columns == from_graph.columns
            assert from_columns.rows == from_graph.rows, (name, given)
    assert len((await ask(store, "conversion_sequences", ASKED["conversion_sequences"][1])).rows) > 5

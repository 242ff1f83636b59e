"""Journey maps and promises over GraphQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.maps.rules import JourneyMapRule, MapStep, PromiseRule
from graph.rules import Rules
from graph.segments.rules import Condition, PersonaRule, SegmentRule
from graph.store.driver import Store
from tests.api.conftest import asker, write_interactions

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
PERIOD = 'period: {from: "2026-03-01", to: "2026-04-01"}'
RULES = Rules(
    segment=(SegmentRule("german", "German", all=(Condition(field="country", values=("DE",)),)),),
    persona=(PersonaRule("greta", "Greta", segment="german"), PersonaRule("gus", "Gus", segment="german")),
    journey_map=(JourneyMapRule("help", "Help", "greta", (MapStep(name="asks", kinds=("ticket.created",)),)),),
    promise=(PromiseRule("joy", "You will be glad.", kpi="csat", threshold=90.0),),
)


async def test_a_plan_and_a_promise_are_held_against_what_happened(embedded_store: Store) -> None:
    """Six of seven Germans ask; a Frenchman is not of the persona; a persona without a map is told what to write."""
    for number in range(8):
        await embedded_store.write(
            "CREATE (:Customer {id: $id, country: $country})", id=f"c{number}", country="DE" if number < 7 else "FR"
        )
        shared = {"sequence": 0, "function": "service", "channel": "email", "direction": "inbound", "automated": False}
        at = int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp() * 1000)
        score = {"metric": "csat", "score": 5.0, "scale_min": 1.0, "scale_max": 5.0}
        rows: list[dict[str, Any]] = [{"id": f"s{number}", "at": at + 1, "kind": "survey.answered", **shared, **score}]
        if number != 6:
            rows.append({"id": f"t{number}", "at": at, "kind": "ticket.created", **shared})
        await write_interactions(embedded_store, f"c{number}", rows)
    ask = asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store, rules=RULES, now=lambda: NOW))
    answer = await ask(
        f'{{ journeyMap(persona: "greta", {PERIOD}) {{ title customerCount travellerCount coverage {{ value }} '
        "steps { name madeCount reached { value } isMet } unexpected { key customerCount } } "
        f"promises({PERIOD}) {{ name promised perceived {{ value sampleSize }} gap isKept isCertain }} }}"
    )
    assert "errors" not in answer, answer["errors"]
    without = await ask(f'{{ journeyMap(persona: "gus", {PERIOD}) {{ title }} }}')

    assert answer["data"]["journeyMap"] == {
        "title": "Help",
        "customerCount": 7,
        "travellerCount": 6,
        "coverage": {"value": 100.0},
        "steps": [{"name": "asks", "madeCount": 6, "reached": {"value": 100.0}, "isMet": None}],
        "unexpected": [{"key": "survey.answered:email:service", "customerCount": 6}],
    }
    (joy,) = answer["data"]["promises"]
    assert (joy["perceived"], joy["gap"], joy["isKept"]) == ({"value": 100.0, "sampleSize": 8}, -10.0, True)
    assert "[[journey_map]]" in without["errors"][0]["message"]

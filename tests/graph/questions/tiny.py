"""A tiny graph for the questions: a few customers whose journeys are derived by the real rules from a few events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from graph.customer.events import Event
from graph.customer.journey import JourneyMaker
from graph.rules import Rules
from graph.store.driver import Store, Transaction

START = datetime(2026, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000

_CUSTOMER = """
CREATE (c:Customer {id: $id, display_name: $id, primary_email: $email, lifecycle_stage: 'lead', sources: $sources,
                    record_count: $records, interaction_count: $interactions})
"""
_RECORDS = """
UNWIND $rows AS row
MATCH (c:Customer {id: row.id})
MERGE (i:Identifier {key: row.identifier}) ON CREATE SET i.kind = 'email', i.value = row.email
CREATE (r:SourceRecord {key: row.key, source: row.source, stream: 'people', id: row.id, kind: 'person', body: '{}'})
CREATE (r)-[:HAS_IDENTIFIER]->(i), (r)-[:DESCRIBES {rule: 'weights', weight: row.weight, evidence: row.evidence}]->(c)
"""
_INTERACTIONS = """
UNWIND $rows AS row
MATCH (c:Customer {id: $id})
CREATE (i:Interaction {id: row.id})
SET i += row.properties, i.at = datetime({epochMillis: row.at})
CREATE (c)-[:EXPERIENCED]->(i)
"""
_SURVEYS = _INTERACTIONS.replace("(i:Interaction {id", "(i:Interaction:Survey {id")
_TOUCHPOINTS = """
UNWIND $rows AS row
MATCH (i:Interaction {id: row.id})
MERGE (t:Touchpoint {key: row.key})
  ON CREATE SET t.name = row.name, t.function = row.function, t.moment_of_truth = row.marked
CREATE (i)-[:AT]->(t)
"""
_NEXT = """
UNWIND $rows AS row
MATCH (a:Interaction {id: row[0]}) MATCH (b:Interaction {id: row[1]})
CREATE (a)-[:NEXT {gap_seconds: row[2]}]->(b)
"""
_HANDOFFS = """
UNWIND $rows AS row
MATCH (a:Interaction {id: row.source}) MATCH (b:Interaction {id: row.target})
CREATE (a)-[h:HANDOFF {at: datetime({epochMillis: row.at})}]->(b) SET h += row.properties
"""
_ABOUT = """
UNWIND $rows AS row
MATCH (s:Interaction {id: row[0]}) MATCH (i:Interaction {id: row[1]})
CREATE (s)-[:ABOUT {method: row[2]}]->(i)
"""
_REACHED = """
UNWIND $rows AS row
MATCH (c:Customer {id: $id})
MERGE (s:Stage {name: row.stage})
CREATE (c)-[:REACHED {at: datetime({epochMillis: row.at}), ordinal: row.ordinal}]->(s)
"""


def event(day: float, kind: str, **more: Any) -> dict[str, Any]:
    """An interaction so many days after the start; what is not said is an inbound e-mail to the service."""
    return {
        "day": day,
        "kind": kind,
        "function": "service",
        "channel": "email",
        "direction": "inbound",
        "source": "helpdesk",
        "automated": False,
        **more,
    }


async def add_customer(
    store: Store, id: str, *events: dict[str, Any], sources: tuple[str, ...] = ("helpdesk",), email: str | None = None
) -> None:
    """A customer with one record in each source and these interactions, `ID-1`, `ID-2`, … in the order given."""
    rows = [_row(id, number, given) for number, given in enumerate(events, 1)]
    journey = JourneyMaker(Rules()).journey([_event(row) for row in rows])
    address = email or f"{id}@x.test"
    records = [
        {
            "id": id,
            "key": f"{source}/people/{id}",
            "source": source,
            "identifier": f"email:{address}",
            "email": address,
            "weight": float(position) if position else None,
            "evidence": json.dumps({"other_id": f"{sources[0]}/people/{id}"}) if position else None,
        }
        for position, source in enumerate(sources)
    ]

    async def work(tx: Transaction) -> None:
        await tx.run(
            _CUSTOMER, id=id, email=address, sources=list(sources), records=len(sources), interactions=len(rows)
        )
        await tx.run(_RECORDS, rows=records)
        is_survey = {row["id"] for row in rows if row["properties"]["kind"].startswith("survey.")}
        await tx.run(_INTERACTIONS, id=id, rows=[row for row in rows if row["id"] not in is_survey])
        await tx.run(_SURVEYS, id=id, rows=[row for row in rows if row["id"] in is_survey])
        await tx.run(
            _TOUCHPOINTS,
            rows=[
                {"id": e.id, "key": t.key, "name": t.name, "function": t.function, "marked": t.moment_of_truth}
                for e, t in zip(journey.events, journey.touchpoints, strict=True)
            ],
        )
        await tx.run(_NEXT, rows=[list(step) for step in journey.next])
        await tx.run(_HANDOFFS, rows=[_handoff_row(handoff) for handoff in journey.handoffs])
        await tx.run(_ABOUT, rows=[list(about) for about in journey.abouts])
        await tx.run(
            _REACHED, id=id, rows=[{"stage": t.stage, "at": t.at, "ordinal": t.ordinal} for t in journey.transitions]
        )

    await store.transaction(work)


def _row(id: str, number: int, given: dict[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in given.items() if key != "day"}
    at = int(START.timestamp() * 1000 + given["day"] * _DAY_MS)
    return {"id": f"{id}-{number}", "at": at, "properties": {"sequence": 0, **properties}}


def _event(row: dict[str, Any]) -> Event:
    said: dict[str, Any] = {**row["properties"], "id": row["id"], "at": row["at"], "record": ""}
    fields: dict[str, Any] = {name: said.get(name) for name in Event.__struct_fields__}
    return Event(**fields)


def _handoff_row(handoff: Any) -> dict[str, Any]:
    names = ("matter", "from_team", "to_team", "from_function", "to_function", "wait_seconds", "business_wait_seconds")
    properties = {name: getattr(handoff, name) for name in names}
    return {"source": handoff.source, "target": handoff.target, "at": handoff.at, "properties": properties}

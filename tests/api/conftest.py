"""A small company in the graph, written by hand, so that every answer can be known."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import orjson
import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.linkage.phone import national
from graph.linkage.ties import Join
from graph.search.upkeep import name_everybody
from graph.store.driver import Store

Ask = Callable[..., Awaitable[dict[str, Any]]]
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)

JOURNEY: list[tuple[str, int, str, str, str, str, dict[str, Any]]] = [
    ("m1", 0, "email.sent", "marketing", "email", "outbound", {"campaign": "mkt/c1"}),
    ("m2", 1, "email.opened", "marketing", "email", "inbound", {"automated": True}),
    ("m3", 30, "form.submitted", "marketing", "web", "inbound", {"requested_fields": ["phone", "company"]}),
    ("s1", 60, "lead.created", "sales", "other", "internal", {"team": "inside"}),
    ("s2", 120, "deal.won", "sales", "in_person", "internal", {"deal": "crm/d1", "amount": 900.0, "currency": "EUR"}),
    (
        "h1",
        3000,
        "ticket.created",
        "service",
        "email",
        "inbound",
        {"ticket": "help/t1", "team": "first", "requested_fields": ["phone", "order_number"]},
    ),
    ("h2", 3060, "ticket.replied", "service", "email", "outbound", {"ticket": "help/t1", "team": "second"}),
    (
        "h3",
        4000,
        "survey.answered",
        "service",
        "email",
        "inbound",
        {"metric": "csat", "score": 2.0, "scale_min": 1.0, "scale_max": 5.0, "text": "I had to say it twice."},
    ),
]
"""Ada's: id, minutes after BEGIN, kind, function, channel, direction, more."""


def record(key: str, **body: Any) -> dict[str, Any]:
    source, stream, identifier = key.split("/")
    return {
        "key": key,
        "source": source,
        "stream": stream,
        "id": identifier,
        "kind": "person",
        "body": json.dumps(body),
    }


async def write_company(store: Store) -> None:
    """Ada, known to three sources; Bob, who was two customers; Cleo, who shares an address with Bob."""
    await _write_records(store)
    await _write_customers(store)
    await _write_journey(store)
    await _write_running(store)
    # The words one is found by are made as a migration makes them.
    await name_everybody(store)


async def _write_records(store: Store) -> None:
    records = [
        record("crm/contacts/1", given_name="Ada", email="ada@x.test"),
        record("mkt/members/1", given_name="Ada", email="ada@x.test"),
        record("help/users/1", full_name="Ada L."),
        record("crm/contacts/2", given_name="Bob", email="team@x.test"),
        record("help/users/3", given_name="Cleo", email="team@x.test"),
        {**record("crm/accounts/9", name="Analytical Ltd"), "kind": "account"},
    ]
    await store.write(
        "UNWIND $rows AS row CREATE (r:SourceRecord) SET r += row, r.updated_at = datetime({epochMillis: $at})",
        rows=records,
        at=_ms(BEGIN),
    )
    identifiers = [
        ("email:ada@x.test", "crm/contacts/1"),
        ("email:ada@x.test", "mkt/members/1"),
        ("email:team@x.test", "crm/contacts/2"),
        ("email:team@x.test", "help/users/3"),
        ("phone:+4930123456", "crm/contacts/1"),
        ("external:loyalty:L1", "crm/contacts/1"),
    ]
    await store.write(
        "UNWIND $rows AS row MERGE (i:Identifier {key: row[0]}) "
        "SET i.backwards = CASE WHEN row[0] STARTS WITH 'phone:' THEN reverse(row[2]) END, i.national = row[3] "
        "WITH i, row MATCH (r:SourceRecord {key: row[1]}) CREATE (r)-[:HAS_IDENTIFIER]->(i)",
        rows=[
            [key, record, value, national(value) if kind == "phone" else None]
            for key, record in identifiers
            for kind, _, value in [key.partition(":")]
        ],
    )


async def _write_customers(store: Store) -> None:
    emails = [
        {"address": "ada@x.test", "primary": True, "verified": True, "records": ["crm/contacts/1", "mkt/members/1"]},
        {"address": "old@x.test", "records": ["help/users/1"]},
    ]
    alternative = {
        "value": "Clerk",
        "record": "help/users/1",
        "at": "2025-01-02T03:04:05Z",
        "why": "not the most recent",
    }
    provenance = {"job_title": {"record": "crm/contacts/1", "rule": "most_recent", "alternatives": [alternative]}}
    ada = {
        "display_name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "sort_name": "lovelace ada",
        "primary_email": "ada@x.test",
        "primary_phone": "+4930123456",
        "emails": json.dumps(emails),
        "phones": json.dumps([{"number": "+4930123456", "primary": True, "records": ["crm/contacts/1"]}]),
        "job_title": "Analyst",
        "account_name": "Analytical Ltd",
        "birth_date": "1990-12-10",
        "street": "St James's Square 12",
        "city": "London",
        "country": "GB",
        "tags": ["vip"],
        "external_ids": json.dumps({"loyalty": "L1"}),
        "lifecycle_stage": "customer",
        "stage_said": "Opportunity",
        "consents": json.dumps(
            [
                {
                    "channel": "email",
                    "purpose": "news",
                    "status": "GRANTED",
                    "at": "2026-01-01T00:00:00+00:00",
                    "evidence": None,
                    "record": "mkt/members/1",
                }
            ]
        ),
        "provenance": json.dumps(provenance),
        "sources": ["crm", "help", "mkt"],
        "record_count": 3,
        "interaction_count": len(JOURNEY),
    }
    bob = {
        "display_name": "Bob",
        "sort_name": "bob",
        "sources": ["crm"],
        "record_count": 1,
        "emails": json.dumps([{"address": "team@x.test", "primary": True, "records": ["crm/contacts/2"]}]),
    }
    cleo = {
        "display_name": "Cleo",
        "sort_name": "cleo",
        "sources": ["help"],
        "record_count": 1,
        "emails": json.dumps([{"address": "team@x.test", "primary": True, "records": ["help/users/3"]}]),
    }
    people = [("c-ada", ada), ("c-bob", bob), ("c-cleo", cleo)]
    await store.write(
        "UNWIND $rows AS row CREATE (c:Customer {id: row.id}) SET c += row.properties, "
        "c.first_at = CASE WHEN row.id = 'c-ada' THEN datetime({epochMillis: $at}) END, "
        "c.last_inbound_at = CASE WHEN row.id = 'c-ada' THEN datetime({epochMillis: $at}) END",
        at=_ms(BEGIN),
        rows=[{"id": identifier, "properties": properties} for identifier, properties in people],
    )
    await store.write(
        "CREATE (a:Account {id: 'a-1', name: 'Analytical Ltd', sort_name: 'analytical ltd', domain: 'x.test', "
        "sources: ['crm']}) WITH a MATCH (c:Customer) "
        "WHERE c.id IN ['c-ada', 'c-bob'] CREATE (c)-[:WORKS_FOR]->(a)"
    )
    await store.write(
        "CREATE (f:FormerId {id: 'c-old'}) WITH f MATCH (c:Customer {id: 'c-bob'}) CREATE (f)-[:NOW]->(c)"
    )
    join = Join(
        "crm/contacts/1", "mkt/members/1", 12.4, "weights", (("email", "same", 11.2), ("first_name", "similar", 1.2))
    )
    evidence = msgspec.json.encode(join).decode()
    described = [
        ("crm/contacts/1", "c-ada"),
        ("mkt/members/1", "c-ada"),
        ("help/users/1", "c-ada"),
        ("crm/contacts/2", "c-bob"),
        ("help/users/3", "c-cleo"),
    ]
    await store.write(
        "UNWIND $rows AS row MATCH (r:SourceRecord {key: row[0]}) MATCH (c:Customer {id: row[1]}) "
        "CREATE (r)-[:DESCRIBES {weight: 12.4, rule: 'weights', by: 'linkage', evidence: $evidence}]->(c)",
        rows=[list(pair) for pair in described],
        evidence=evidence,
    )
    await store.write("MATCH (r:SourceRecord {key: 'crm/accounts/9'}) MATCH (a:Account) CREATE (r)-[:DESCRIBES]->(a)")


async def _write_journey(store: Store) -> None:
    events = [
        {
            "id": i,
            "source": i[0],
            "record": "crm/contacts/1",
            "at": _ms(BEGIN + timedelta(minutes=minutes)),
            "sequence": 0,
            "kind": kind,
            "function": function,
            "channel": channel,
            "direction": direction,
            "automated": False,
            **more,
        }
        for i, minutes, kind, function, channel, direction, more in JOURNEY
    ]
    await write_interactions(store, "c-ada", events)
    await store.write("MATCH (i:Interaction) WHERE i.score IS NOT NULL SET i:Survey")
    await store.write(
        "MATCH (s:Interaction {id: 'h3'}) MATCH (i:Interaction {id: 'h2'}) CREATE (s)-[:ABOUT {method: 'source'}]->(i)"
    )
    await store.write(
        "MATCH (i:Interaction) WITH DISTINCT i.function AS f, i.channel AS c "
        "CREATE (:Touchpoint {key: f + ':' + c, name: f + ' by ' + c, function: f, channel: c})"
    )
    await store.write(
        "MATCH (i:Interaction) MATCH (t:Touchpoint {key: i.function + ':' + i.channel}) CREATE (i)-[:AT]->(t)"
    )
    await store.write(
        "MATCH (a:Interaction {id: 'h1'}) MATCH (b:Interaction {id: 'h2'}) CREATE (a)-[:HANDOFF {at: b.at, "
        "matter: 'help/t1', from_team: 'first', to_team: 'second', wait_seconds: 3600}]->(b)"
    )
    await store.write(
        "MATCH (i:Interaction {ticket: 'help/t1'}) MERGE (t:Ticket {id: i.ticket}) SET t.source = 'help', "
        "t.name = 'Lost parcel' CREATE (i)-[:PART_OF]->(t)"
    )
    await store.write(
        "MATCH (c:Customer {id: 'c-ada'}) MATCH (i:Interaction) WHERE i.id IN ['m3', 's2'] "
        "MERGE (s:Stage {name: CASE i.id WHEN 'm3' THEN 'lead' ELSE 'customer' END}) "
        "CREATE (c)-[:REACHED {at: i.at, cause: i.id, ordinal: CASE i.id WHEN 'm3' THEN 0 ELSE 1 END, "
        "from_stage: CASE i.id WHEN 'm3' THEN null ELSE 'lead' END, regression: false}]->(s)"
    )


async def _write_running(store: Store) -> None:
    await store.write(
        "CREATE (:Source {name: 'crm', connector: 'files', status: 'DONE', trust: 0.9, "
        "last_sync_at: datetime({epochMillis: $at})}) "
        "CREATE (:Rejection {id: 'r1', source: 'crm', stream: 'contacts', place: 'contacts.csv:7', reason: 'no id', "
        "at: datetime({epochMillis: $at})})",
        at=_ms(BEGIN),
    )


async def write_interactions(store: Store, customer: str, events: list[dict[str, Any]]) -> None:
    """The journey of a customer, in order: EXPERIENCED, NEXT, FIRST, LAST."""
    await store.write(
        "MATCH (c:Customer {id: $customer}) UNWIND $rows AS row CREATE (c)-[:EXPERIENCED]->(i:Interaction) "
        "SET i += row, i.at = datetime({epochMillis: row.at})",
        customer=customer,
        rows=events,
    )
    ids = [event["id"] for event in sorted(events, key=lambda e: (e["at"], e["sequence"], e["id"]))]
    await store.write(
        "UNWIND $pairs AS pair MATCH (a:Interaction {id: pair[0]}) MATCH (b:Interaction {id: pair[1]}) "
        "CREATE (a)-[:NEXT]->(b)",
        pairs=[list(pair) for pair in pairwise(ids)],
    )
    await store.write(
        "MATCH (c:Customer {id: $customer}) MATCH (a:Interaction {id: $first}) MATCH (b:Interaction {id: $last}) "
        "CREATE (c)-[:FIRST]->(a) CREATE (c)-[:LAST]->(b)",
        customer=customer,
        first=ids[0],
        last=ids[-1],
    )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def asker(service: Service) -> Ask:
    """Ask a query; gives the response as JSON has it."""

    async def ask(query: str, /, **variables: Any) -> dict[str, Any]:
        result = await service.answer(query, variables)
        response: dict[str, Any] = {"data": result.data}
        if result.errors:
            response["errors"] = [error.formatted for error in result.errors]
        answer: dict[str, Any] = orjson.loads(orjson.dumps(response, option=orjson.OPT_UTC_Z))
        return answer

    return ask


@pytest.fixture
async def company(store: Store) -> Store:
    """The small company, in an empty store."""
    await write_company(store)
    return store


@pytest.fixture
def ask(company: Store) -> Ask:
    """Ask the small company."""
    return asker(Service(graphql_schema(), company, writes_to=company, now=lambda: BEGIN + timedelta(days=60)))

"""The main job on real systems: CRM, marketing automation and helpdesk → one graph → one GraphQL answer.

It changes people whom the other tests of the servers count, so it stands last of them.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from connectors.crm.tryton import TrytonConnector
from connectors.crm.tryton_rpc import TrytonConfig
from connectors.helpdesk.request_tracker import RequestTrackerConfig, RequestTrackerConnector
from connectors.marketing.tryton_marketing import TrytonMarketingConnector
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import SyncReport, sync
from tests.servers.conftest import Filled
from tests.servers.fill_rt import RtWriter
from tests.servers.fill_tryton import TrytonWriter, read_mails, send_mails

pytestmark = [pytest.mark.servers, pytest.mark.anyio]

MARA = "p000"
BY_RECORD = """
query Person($identifier: CustomerIdentifierInput!) {
  customerByIdentifier(identifier: $identifier) {
    displayName
    sourceRecords(first: 50) { nodes { source stream sourceId } }
    interactions(first: 100) { nodes { kind function occurredAt text } }
  }
}
"""


async def test_three_real_systems_become_one_answer_and_stay_up_to_date(
    filled: Filled,
    tryton_config: TrytonConfig,
    rt_config: RequestTrackerConfig,
    tryton_writer: TrytonWriter,
    rt_writer: RtWriter,
    store: Store,
) -> None:
    """One query shows Mara's interactions of all three systems; what changes in each is there after the next sync."""
    report = await _sync(store, tryton_config, rt_config)
    assert report.ok, [landed.error for landed in report.landed]

    mara = _in_the_crm(filled)
    before = await _ask(store, mara)
    sources = {(record["source"], record["stream"]) for record in before["sourceRecords"]["nodes"]}
    assert {("crm", "parties"), ("marketing", "recipients"), ("support", "users")} <= sources
    functions = Counter(interaction["function"] for interaction in before["interactions"]["nodes"])
    assert set(functions) == {"MARKETING", "SALES", "SERVICE"}
    assert "took far too long" in {interaction["text"] for interaction in before["interactions"]["nodes"]}

    settled = await digest(store)
    await _sync(store, tryton_config, rt_config)
    assert await digest(store) == settled

    address = f"reader.{store.kind}@post.example"
    _change_each_system(address, filled, tryton_writer, rt_writer)
    report = await _sync(store, tryton_config, rt_config)
    assert report.ok, [landed.error for landed in report.landed]

    after = await _ask(store, mara)
    new = Counter(one["kind"] for one in after["interactions"]["nodes"])
    new.subtract(one["kind"] for one in before["interactions"]["nodes"])
    assert {"deal.created", "ticket.replied"} <= {kind for kind, count in new.items() if count > 0}
    reader = await _ask(store, {"emailAddress": address})
    assert {"email.sent", "email.opened"} <= {one["kind"] for one in reader["interactions"]["nodes"]}


async def test_linkage_finds_the_people_of_the_real_systems(
    filled: Filled, tryton_config: TrytonConfig, rt_config: RequestTrackerConfig, store: Store
) -> None:
    """Of those in both servers most are one customer, and hardly anybody is in a wrong one.

    Some are not to be found: another name form, another address, and by now changed by the other tests.
    """
    await _sync(store, tryton_config, rt_config)
    rows = await store.read("MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer) RETURN r.key, c.id")
    customer_of = {row[0]: row[1] for row in rows}
    people = [person.key for person in filled.house.people]
    in_both = [key for key in people if key in filled.tryton.party and key in filled.rt.user]

    together = [key for key in in_both if len({customer_of[record] for record in filled.records(key)}) == 1]
    same = {frozenset(pair) for pair in filled.house.same}
    owners: dict[str, set[str]] = {}
    for key in people:
        for record in filled.records(key):
            owners.setdefault(customer_of[record], set()).add(key)
    wrong = [keys for keys in owners.values() if len(keys) > 1 and frozenset(keys) not in same]

    apart = {
        key: [(record, customer_of[record]) for record in sorted(filled.records(key))]
        for key in in_both
        if key not in together
    }
    assert len(together) >= 0.85 * len(in_both), apart
    assert len(wrong) <= 0.05 * len(people)


async def _sync(store: Store, tryton: TrytonConfig, rt: RequestTrackerConfig) -> SyncReport:
    sources = [
        LandingSource(TrytonConnector("crm", tryton), "tryton", 0.9),
        LandingSource(TrytonMarketingConnector("marketing", tryton), "tryton_marketing", 0.5),
        LandingSource(RequestTrackerConnector("support", rt), "request_tracker", 0.6),
    ]
    return await sync(sources, store, Rules())


def _in_the_crm(filled: Filled) -> dict[str, Any]:
    """Mara, by her record in the CRM."""
    return {"sourceRecord": {"source": "crm", "stream": "parties", "sourceId": str(filled.tryton.party[MARA])}}


async def _ask(store: Store, identifier: dict[str, Any]) -> dict[str, Any]:
    """One customer, over HTTP."""
    transport = httpx.ASGITransport(create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8360") as client:
        answer = (
            await client.post("/graphql", json={"query": BY_RECORD, "variables": {"identifier": identifier}})
        ).json()
    assert "errors" not in answer, answer["errors"]
    customer: dict[str, Any] = answer["data"]["customerByIdentifier"]
    return customer


def _change_each_system(reader: str, filled: Filled, tryton: TrytonWriter, rt: RtWriter) -> None:
    """A second deal and a reply to the ticket, both Mara's; a new reader, who is sent a mail and opens it."""
    party = filled.tryton.party[MARA]
    deal = tryton.create(
        "sale.opportunity",
        [{"party": party, "description": "A second machine", "company": 1, "currency": 1, "employee": 1}],
    )[0]
    tryton.call("sale.opportunity.opportunity", [deal])
    contact = {"contact_mechanisms": [["create", [{"type": "email", "value": reader}]]]}
    tryton.create("party.party", [{"name": "Renate Reader", "addresses": [["create", [{"city": "Linz"}]]], **contact}])
    send_mails(tryton)
    read_mails(Path(tryton.server.mail), {reader: "opened"})
    rt.mail("M. Lindquist", "mara@lindqvist.example", "Shipping", "Again", "Still leaks.", filled.rt.tickets[MARA][0])

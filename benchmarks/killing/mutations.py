"""What people decide over the API while its process is killed; the same requests are sent again with the same keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from api.plan.ids import encode_id
from graph.store.driver import Store

_PEOPLE = """
MATCH (r:SourceRecord {kind: 'person'})-[:DESCRIBES]->(c:Customer)
WITH c, r ORDER BY r.key
WITH c, collect(r.key) AS keys
RETURN c.id, keys ORDER BY keys[0]
"""
_ADDRESSES = """
MATCH (i:Identifier {kind: 'email'})<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(c:Customer)
WITH i.value AS address, collect(DISTINCT c.id) AS ids
WHERE size(ids) = 1
RETURN ids[0], min(address)
"""
_MERGE = """mutation ($input: MergeCustomersInput!) {
  mergeCustomers(input: $input) { decisions { id } userErrors { code message } } }"""
_SPLIT = """mutation ($input: SplitCustomerInput!) {
  splitCustomer(input: $input) { decisions { id } userErrors { code message } } }"""
_PIN = """mutation ($input: PinFieldInput!) {
  pinField(input: $input) { customer { id } userErrors { code message } } }"""
_RECORD = """mutation ($input: RecordInteractionInput!) {
  recordInteraction(input: $input) { interaction { id } userErrors { code message } } }"""
_ANSWER = """mutation ($input: RecordSurveyResponseInput!) {
  recordSurveyResponse(input: $input) { surveyResponse { id } userErrors { code message } } }"""
_INITIATIVE = """mutation ($input: RecordInitiativeInput!) {
  recordInitiative(input: $input) { initiative { name } userErrors { code message } } }"""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A request that somebody sends until it is answered."""

    name: str
    query: str
    input: dict[str, Any]

    async def sent(self, client: httpx.AsyncClient) -> str | None:
        """Send it once; why it was not done, None when it was. Raises TransportError when nobody answers."""
        answer = await client.post("/graphql", json={"query": self.query, "variables": {"input": self.input}})
        told = answer.json()
        if told.get("errors"):
            return str(told["errors"][0]["extensions"]["code"])
        (payload,) = told["data"].values()
        return None if not payload["userErrors"] else str(payload["userErrors"][0])


async def mutations_of(store: Store) -> list[Mutation]:
    """Merges, a split, pins, interactions, an answer, an initiative, each about somebody else; always the same."""
    people = await store.read(_PEOPLE)
    several = next(n for n, (_, keys) in enumerate(people) if len(keys) > 2 and n > 4)
    ids = [encode_id("Customer", id) for id, _ in people]
    # By address: a record keeps the hash of its request, and a customer's id is another each time.
    addresses = dict(await store.read(_ADDRESSES))
    taken = {id for id, _ in (*people[:2], people[3], people[several], *people[-2:])}
    who = [{"emailAddress": addresses[id]} for id, _ in people if id in addresses and id not in taken]
    call = {"kind": "call.made", "function": "SERVICE", "channel": "PHONE", "direction": "INBOUND"}
    call["occurredAt"] = "2026-11-02T10:00:00Z"
    answer = {"metric": "NPS", "score": 9, "scale": {"min": 0, "max": 10}, "answeredAt": "2026-11-03T10:00:00Z"}
    split = {"customerId": ids[several], "recordIds": [encode_id("SourceRecord", people[several][1][-1])]}
    title = {"field": "JOB_TITLE", "value": "Chair"}
    initiative = {
        "name": "faster",
        "title": "Faster",
        "function": "SERVICE",
        "owner": "Kim Berg",
        "start": "2026-10-01",
    }
    wanted: list[tuple[str, str, dict[str, Any]]] = [
        ("mergeCustomers", _MERGE, {"customerIds": [ids[0], ids[1]], "reason": "they said so"}),
        ("recordInteraction", _RECORD, {"who": who[0], **call}),
        ("splitCustomer", _SPLIT, {**split, "reason": "somebody else"}),
        ("pinField", _PIN, {"customerId": ids[3], **title}),
        ("recordSurveyResponse", _ANSWER, {"who": who[1], **answer}),
        ("mergeCustomers", _MERGE, {"customerIds": [ids[-1], ids[-2]], "reason": "they said so"}),
        ("recordInteraction", _RECORD, {"who": who[2], **call}),
        ("recordInitiative", _INITIATIVE, initiative),
    ]
    return [
        Mutation(name, query, {**asked, "idempotencyKey": f"{name}-{number}"})
        for number, (name, query, asked) in enumerate(wanted)
    ]

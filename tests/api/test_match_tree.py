"""The tree of joins over GraphQL, on records that were really linked."""

from __future__ import annotations

import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.conftest import asker
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
TREE = """query ($id: ID!) { customer(id: $id) { matchTree { modelVersion nodes {
    recordKey recordId depth joinedToKey joinedToId rule weightBits line strongest { field } fields { weightBits }
    sourceRecord { key source } } } } }"""


async def test_every_record_of_a_customer_stands_in_its_tree_once(store: Store) -> None:
    """Three records by weights and a mention by its identifier; the model that is in force is named."""
    records = [
        person("crm/contacts/1", "Ada Byron", email="ada@byron.test", phone="+4930123456"),
        person("help/users/1", "Ada Byron", email="ada@byron.test"),
        person("mkt/members/1", "Ada Byron", phone="+4930123456"),
        person("crm/contacts/2", "Bob Stone", email="bob@stone.test"),
        event("help/events/1", "ticket.created", "2026-01-02", ("phone", "+4930123456")),
    ]
    await sync([fixed_source("test", *records)], store, Rules())
    ((ada,),) = await store.read("MATCH (:SourceRecord {key: 'crm/contacts/1'})-[:DESCRIBES]->(c) RETURN c.id")
    described = {key for (key,) in await store.read("MATCH (r)-[:DESCRIBES]->({id: $id}) RETURN r.key", id=ada)}

    answer = await asker(Service(graphql_schema(), store))(TREE, id=encode_id("Customer", ada))

    tree = answer["data"]["customer"]["matchTree"]
    nodes = {node["recordKey"]: node for node in tree["nodes"]}
    assert set(nodes) == described
    assert len(tree["nodes"]) == len(described)
    ((version,),) = await store.read("MATCH (m:LinkageModel {in_force: true}) RETURN m.version")
    assert tree["modelVersion"] == version
    seen: set[str | None] = {None}
    for node in tree["nodes"]:
        assert node["joinedToKey"] in seen
        seen.add(node["recordKey"])
        assert node["sourceRecord"] == {"key": node["recordKey"], "source": node["recordKey"].split("/")[0]}
        assert node["recordId"] == encode_id("SourceRecord", node["recordKey"])
    tied = [node for node in tree["nodes"] if node["rule"] == "weights"]
    assert len(tied) == 2
    assert all(node["weightBits"] > 0 and node["strongest"] and node["line"] for node in tied)
    assert sorted(node["rule"] for node in tree["nodes"]) == sorted(
        ["root", "weights", "weights", *["identifier"] * (len(described) - 3)]
    )


async def test_an_explanation_names_rule_model_and_term_frequency(embedded_store: Store) -> None:
    """A value that many say is worth less than its level; the answer tells how many say it, under which model."""
    crowd = [person(f"crm/contacts/{n}", f"Ada Quist{n}", email=f"ada{n}@x.test") for n in range(30)]
    twins = [person(f"help/users/{n}", "Ada Quist1", email="ada1@x.test") for n in (1, 2)]
    await sync([fixed_source("test", *crowd, *twins)], embedded_store, Rules())
    query = """query ($records: [ID!]!) { matchExplanation(sourceRecordIds: $records) {
        rule modelVersion evidence { field weightBits levelBits carriers } } }"""

    answer = await asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store))(
        query, records=[encode_id("SourceRecord", f"help/users/{n}") for n in (1, 2)]
    )

    told = answer["data"]["matchExplanation"]
    ((version,),) = await embedded_store.read("MATCH (m:LinkageModel {in_force: true}) RETURN m.version")
    assert (told["rule"], told["modelVersion"]) == ("weights", version)
    (given,) = [item for item in told["evidence"] if item["field"] == "first_name"]
    assert given["carriers"] == 32
    assert given["weightBits"] < given["levelBits"]

"""Households and colleagues in the graph."""

from __future__ import annotations

import pytest

from graph.linkage.relations import Relation
from graph.store.driver import Store, Transaction
from graph.sync.related import relate_all, relate_some, ties

pytestmark = pytest.mark.anyio
WHO = """
UNWIND $who AS who
CREATE (:SourceRecord {key: who, kind: "person"})-[:DESCRIBES]->(:Customer {id: "c-" + who})
"""
RELATED = "MATCH (a:Customer)-[r:RELATED]->(b:Customer) RETURN a.id, b.id, r.kind ORDER BY a.id, b.id, r.kind"


def relation(left: str, right: str, kind: str, probability: float = 0.9) -> Relation:
    return Relation(left, right, kind, probability)  # type: ignore[arg-type]


def test_a_pair_is_told_once_a_kind_from_the_smaller_record() -> None:
    """However many records say so, two customers are related once, by the likeliest."""
    customers = {"crm/1": ("z", "crm/1"), "crm/3": ("z", "crm/1"), "crm/2": ("a", "crm/2")}
    said = [
        relation("crm/1", "crm/2", "household", 0.7),
        relation("crm/2", "crm/3", "household", 0.8),
        relation("crm/1", "crm/3", "household"),
    ]

    assert ties(said, customers) == {("z", "a", "household", 0.8)}


async def test_all_relations_are_those_that_are_told(store: Store) -> None:
    """What is told no more goes, what is new comes, the rest stays."""
    await store.write(WHO, who=["1", "2", "3"])
    async with store.lease("link") as lease:
        await relate_all(store, lease, {("c-1", "c-2", "household", 0.9), ("c-1", "c-3", "colleague", 0.6)})
        await relate_all(store, lease, {("c-1", "c-3", "colleague", 0.6), ("c-2", "c-3", "household", 0.7)})

    assert await store.read(RELATED) == [["c-1", "c-3", "colleague"], ["c-2", "c-3", "household"]]


async def test_a_change_replaces_the_relations_of_the_customers_it_touched(store: Store) -> None:
    """Relations between customers that were not touched stay."""
    await store.write(WHO, who=["1", "2", "3", "4"])
    async with store.lease("link") as lease:
        await relate_all(store, lease, {("c-1", "c-2", "household", 0.9), ("c-3", "c-4", "household", 0.9)})

        async def change(tx: Transaction) -> None:
            await relate_some(tx, ["c-2"], [relation("2", "3", "colleague")])

        await store.transaction(change)

    assert await store.read(RELATED) == [["c-2", "c-3", "colleague"], ["c-3", "c-4", "household"]]

"""Nodes and relationships on their way out of one store and into another, in batches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from neo4j.time import DateTime

from graph.store.driver import Store, Transaction
from graph.store.errors import StoreError
from graph.store.instants import epoch_millis

BATCH = 5_000
OURS = frozenset({"Meta", "Lease"})
"""Labels of nodes that every store has of its own."""
WRITERS = ("sync", "link", "tell", "invite")
"""The leases of all who write facts, in the order in which they are taken everywhere."""


class Row(msgspec.Struct):
    """Properties of one node or relationship; an instant travels as milliseconds, which is fifteen times cheaper."""

    plain: dict[str, Any]
    times: dict[str, int]
    start: str | None = None
    end: str | None = None
    """The keys of the nodes that a relationship joins."""


class Nodes(msgspec.Struct, tag="nodes"):
    """Some nodes that have exactly these labels."""

    labels: list[str]
    rows: list[Row]


class Relationships(msgspec.Struct, tag="relationships"):
    """Some relationships of one type, between nodes that are found by the key of their label."""

    kind: str
    start_label: str
    start_key: str
    end_label: str
    end_key: str
    rows: list[Row]


async def expect_empty(target: Store) -> None:
    """Raises StoreError where the store holds anything already."""
    row = await target.read_one("MATCH (n) WHERE NOT n:Meta AND NOT n:Lease RETURN count(n)")
    if row is not None and row[0]:
        raise StoreError(f"The store {target.uri} holds {row[0]:,} nodes already. Use an empty one.")


async def label_sets(source: Store) -> list[tuple[str, ...]]:
    """Every combination of labels that nodes have, without what each store has of its own."""
    rows = await source.read("MATCH (n) RETURN DISTINCT labels(n)")
    return sorted({tuple(sorted(labels)) for (labels,) in rows if not OURS & set(labels)})


async def keys_of(store: Store) -> dict[str, str]:
    """The property that identifies a node of a label, where there is one."""
    rows = await store.read("SHOW CONSTRAINTS YIELD labelsOrTypes, properties RETURN labelsOrTypes, properties")
    return {labels[0]: properties[0] for labels, properties in rows if len(labels) == len(properties) == 1}


async def relationship_kinds(source: Store, keys: dict[str, str]) -> list[Relationships]:
    """Type and ends of all relationships, without rows; raises StoreError where an end has no key."""
    rows = await source.read("MATCH (a)-[r]->(b) RETURN DISTINCT labels(a), type(r), labels(b)")
    found = sorted({(_keyed(start, keys, kind), kind, _keyed(end, keys, kind)) for start, kind, end in rows})
    return [Relationships(kind, start, keys[start], end, keys[end], []) for start, kind, end in found]


async def read_nodes(source: Store, labels: tuple[str, ...]) -> AsyncIterator[Nodes]:
    """All nodes that have exactly these labels."""
    query = f"MATCH (n{_pattern(labels)}) WHERE size(labels(n)) = {len(labels)} RETURN properties(n)"
    async for batch in _batches(source, query):
        yield Nodes(list(labels), [_row(properties) for (properties,) in batch])


async def read_relationships(source: Store, kind: Relationships) -> AsyncIterator[Relationships]:
    """All relationships like `kind`."""
    query = (
        f"MATCH (a:{_quoted(kind.start_label)})-[r:{_quoted(kind.kind)}]->(b:{_quoted(kind.end_label)}) "
        f"RETURN a.{_quoted(kind.start_key)}, b.{_quoted(kind.end_key)}, properties(r)"
    )
    async for batch in _batches(source, query):
        rows = [_row(properties, start, end) for start, end, properties in batch]
        yield msgspec.structs.replace(kind, rows=rows)


async def write(transaction: Transaction, batch: Nodes | Relationships) -> None:
    """Create what is in the batch; the ends of relationships must be there, or StoreError is raised."""
    rows = [msgspec.structs.asdict(row) for row in batch.rows]
    instants = sorted({name for row in batch.rows for name in row.times})
    if isinstance(batch, Nodes):
        pattern = _pattern(batch.labels)
        await transaction.run(
            f"UNWIND $rows AS row CREATE (n{pattern}) SET n = row.plain{_set_instants('n', instants)}", rows=rows
        )
        return
    made = await transaction.run(
        f"UNWIND $rows AS row "
        f"MATCH (a:{_quoted(batch.start_label)} {{{_quoted(batch.start_key)}: row.start}}) "
        f"MATCH (b:{_quoted(batch.end_label)} {{{_quoted(batch.end_key)}: row.end}}) "
        f"CREATE (a)-[r:{_quoted(batch.kind)}]->(b) SET r = row.plain{_set_instants('r', instants)} "
        "RETURN count(r)",
        rows=rows,
    )
    if made[0][0] != len(rows):
        raise StoreError(
            f"{len(rows) - made[0][0]:,} of {len(rows):,} relationships {batch.kind} lack a node they join. "
            "Was the graph changed while it was read? Make it again."
        )


async def delete_nodes(target: Store, labels: tuple[str, ...]) -> None:
    """Delete all nodes that have exactly these labels, with their relationships, a batch a transaction."""
    query = f"MATCH (n{_pattern(labels)}) WHERE size(labels(n)) = {len(labels)} WITH n LIMIT {BATCH} DETACH DELETE n"
    while (await target.write(query)).nodes_deleted:
        pass


async def delete_relationships(target: Store, kind: Relationships) -> None:
    """Delete all relationships like `kind`, a batch a transaction."""
    query = (
        f"MATCH (:{_quoted(kind.start_label)})-[r:{_quoted(kind.kind)}]->(:{_quoted(kind.end_label)}) "
        f"WITH r LIMIT {BATCH} DELETE r"
    )
    while (await target.write(query)).relationships_deleted:
        pass


async def number_of_nodes(store: Store, labels: tuple[str, ...]) -> int:
    """How many nodes have exactly these labels."""
    query = f"MATCH (n{_pattern(labels)}) WHERE size(labels(n)) = {len(labels)} RETURN count(n)"
    return int((await store.read(query))[0][0])


async def number_of_relationships(store: Store, kind: Relationships) -> int:
    """How many relationships are like `kind`."""
    query = (
        f"MATCH (:{_quoted(kind.start_label)})-[r:{_quoted(kind.kind)}]->(:{_quoted(kind.end_label)}) RETURN count(r)"
    )
    return int((await store.read(query))[0][0])


def _row(properties: dict[str, Any], start: str | None = None, end: str | None = None) -> Row:
    times = {name: epoch_millis(value) for name, value in properties.items() if isinstance(value, DateTime)}
    return Row({name: value for name, value in properties.items() if name not in times}, times, start, end)


def _keyed(labels: list[str], keys: dict[str, str], kind: str) -> str:
    found = sorted(label for label in labels if label in keys)
    if not found:
        raise StoreError(
            f"A {kind} relationship joins a node {':'.join(labels)} that has no key: its copy cannot be found again. "
            "Only what docs/graph-model.md describes can be copied; remove that node, or give its label a unique key."
        )
    return found[0]


async def _batches(store: Store, query: str) -> AsyncIterator[list[list[Any]]]:
    batch: list[list[Any]] = []
    async for row in store.stream(query):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _set_instants(variable: str, names: list[str]) -> str:
    return "".join(
        f" SET {variable}.{_quoted(name)} = CASE WHEN row.times.{_quoted(name)} IS NULL THEN null "
        f"ELSE datetime({{epochMillis: row.times.{_quoted(name)}}}) END"
        for name in names
    )


def _pattern(labels: tuple[str, ...] | list[str]) -> str:
    return "".join(f":{_quoted(label)}" for label in labels)


def _quoted(name: str) -> str:
    """A label, type or property name as Cypher writes it; names cannot be parameters."""
    return "`" + name.replace("`", "``") + "`"

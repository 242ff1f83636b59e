"""Copy a graph from one home to the other, in either direction, and prove that nothing was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from neo4j.time import DateTime

from graph.store.digest import Digest, digest
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.store.instants import epoch_millis
from graph.store.migrate import migrate

BATCH = 5_000
OURS = frozenset({"Meta", "Lease"})  # every store has its own

Progress = Callable[[str, int], None]


async def copy(source: Store, target: Store, progress: Progress | None = None) -> Digest:
    """Copy every node and relationship into an empty target; returns the digest that both have now.

    `progress(what, number)` is told the label or type and how many of it are there. Raises StoreError when the
    target is not empty, when two nodes that are joined have no key, or when the copy is not equal in the end.
    """
    tell = progress or (lambda what, number: None)
    await migrate(source)
    await _expect_empty(target)
    await migrate(target)
    # Nobody links or derives on either side meanwhile. What a source lands now is caught by the comparison.
    async with source.lease("link"), target.lease("link"):
        keys = await _keys(target)
        for labels in await _label_sets(source):
            await _copy_nodes(source, target, labels, tell)
        for start, kind, end in await _relationship_kinds(source, keys):
            await _copy_relationships(source, target, start, kind, end, keys, tell)
        await _copy_meta(source, target)
        return await _compared(source, target, tell)


async def _expect_empty(target: Store) -> None:
    row = await target.read_one("MATCH (n) WHERE NOT n:Meta AND NOT n:Lease RETURN count(n)")
    if row is not None and row[0]:
        raise StoreError(f"The store {target.uri} holds {row[0]:,} nodes already. Copy into an empty one.")


async def _keys(store: Store) -> dict[str, str]:
    """The property that identifies a node of a label, where there is one."""
    rows = await store.read("SHOW CONSTRAINTS YIELD labelsOrTypes, properties RETURN labelsOrTypes, properties")
    return {labels[0]: properties[0] for labels, properties in rows if len(labels) == len(properties) == 1}


async def _label_sets(source: Store) -> list[tuple[str, ...]]:
    rows = await source.read("MATCH (n) RETURN DISTINCT labels(n)")
    return sorted({tuple(sorted(labels)) for (labels,) in rows if not OURS & set(labels)})


async def _copy_nodes(source: Store, target: Store, labels: tuple[str, ...], tell: Progress) -> None:
    pattern = "".join(f":{_quoted(label)}" for label in labels)
    query = f"MATCH (n{pattern}) WHERE size(labels(n)) = {len(labels)} RETURN properties(n)"
    done = 0
    async for batch in _batches(source, query):
        rows, instants = _split([row[0] for row in batch])
        create = f"UNWIND $rows AS row CREATE (n{pattern}) SET n = row.plain{_set_instants('n', instants)}"
        await target.write(create, rows=rows)
        done += len(rows)
        tell(":".join(labels), done)


async def _relationship_kinds(source: Store, keys: dict[str, str]) -> list[tuple[str, str, str]]:
    rows = await source.read("MATCH (a)-[r]->(b) RETURN DISTINCT labels(a), type(r), labels(b)")
    return sorted({(_keyed(start, keys, kind), kind, _keyed(end, keys, kind)) for start, kind, end in rows})


def _keyed(labels: list[str], keys: dict[str, str], kind: str) -> str:
    found = sorted(label for label in labels if label in keys)
    if not found:
        raise StoreError(
            f"A {kind} relationship joins a node {':'.join(labels)} that has no key: its copy cannot be found again. "
            "Only what docs/graph-model.md describes can be copied; remove that node, or give its label a unique key."
        )
    return found[0]


async def _copy_relationships(
    source: Store, target: Store, start: str, kind: str, end: str, keys: dict[str, str], tell: Progress
) -> None:
    read = (
        f"MATCH (a:{_quoted(start)})-[r:{_quoted(kind)}]->(b:{_quoted(end)}) "
        f"RETURN a.{_quoted(keys[start])}, b.{_quoted(keys[end])}, properties(r)"
    )
    done = 0
    async for batch in _batches(source, read):
        rows, instants = _split([row[2] for row in batch])
        for row, (a, b, _) in zip(rows, batch, strict=True):
            row |= {"a": a, "b": b}
        create = (
            f"UNWIND $rows AS row "
            f"MATCH (a:{_quoted(start)} {{{_quoted(keys[start])}: row.a}}) "
            f"MATCH (b:{_quoted(end)} {{{_quoted(keys[end])}: row.b}}) "
            f"CREATE (a)-[r:{_quoted(kind)}]->(b) SET r = row.plain{_set_instants('r', instants)}"
        )
        await target.write(create, rows=rows)
        done += len(rows)
        tell(kind, done)


async def _copy_meta(source: Store, target: Store) -> None:
    """What the graph knows of itself, such as the number of its last change; schema and store id stay its own."""
    row = await source.read_one("MATCH (m:Meta {name: 'c360'}) RETURN properties(m)")
    own = {"name", "schema", "store_id", "link_state"}
    kept = {name: value for name, value in (row[0] if row else {}).items() if name not in own}
    await target.write("MATCH (m:Meta {name: 'c360'}) SET m += $kept", kept=kept)


async def _compared(source: Store, target: Store, tell: Progress) -> Digest:
    counts = [await _counts(store) for store in (source, target)]
    if counts[0] != counts[1]:
        wrong = sorted(name for name, number in (counts[0].items() ^ counts[1].items()))
        raise StoreError(
            f"The copy is not complete: {', '.join(wrong)} differ in number. Was the source changed meanwhile?"
        )
    tell("digest", 0)
    before, after = await digest(source), await digest(target)
    if before.value != after.value:
        raise StoreError(f"The copy differs from its source in: {', '.join(before.differences(after))}.")
    return after


async def _counts(store: Store) -> dict[str, int]:
    nodes = await store.read("MATCH (n) WHERE NOT n:Meta AND NOT n:Lease UNWIND labels(n) AS l RETURN l, count(*)")
    relationships = await store.read("MATCH ()-[r]->() RETURN '[' + type(r) + ']', count(*)")
    return dict(nodes) | dict(relationships)


async def _batches(store: Store, query: str) -> AsyncIterator[list[list[Any]]]:
    batch: list[list[Any]] = []
    async for row in store.stream(query):
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _split(found: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Properties without and with an instant; an instant travels as a number, which is fifteen times cheaper."""
    rows: list[dict[str, Any]] = []
    instants: set[str] = set()
    for properties in found:
        times = {name: epoch_millis(value) for name, value in properties.items() if isinstance(value, DateTime)}
        instants |= times.keys()
        rows.append({"plain": {n: v for n, v in properties.items() if n not in times}, "times": times})
    return rows, sorted(instants)


def _set_instants(variable: str, names: list[str]) -> str:
    return "".join(
        f" SET {variable}.{_quoted(name)} = CASE WHEN row.times.{_quoted(name)} IS NULL THEN null "
        f"ELSE datetime({{epochMillis: row.times.{_quoted(name)}}}) END"
        for name in names
    )


def _quoted(name: str) -> str:
    """A label, type or property name as Cypher writes it; names cannot be parameters."""
    return "`" + name.replace("`", "``") + "`"

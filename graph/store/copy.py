"""Copy a graph from one home to the other, in either direction, and prove that nothing was lost."""

from __future__ import annotations

from collections.abc import Callable

from graph.store.digest import Digest, digest
from graph.store.driver import Store, Transaction
from graph.store.errors import StoreError
from graph.store.migrate import migrate
from graph.store.transfer import (
    Nodes,
    Relationships,
    expect_empty,
    keys_of,
    label_sets,
    read_nodes,
    read_relationships,
    relationship_kinds,
    write,
)

Progress = Callable[[str, int], None]

META_OF_ITS_OWN = frozenset({"name", "schema", "store_id", "link_state"})
"""What a graph's Meta never takes over from another."""


async def copy(source: Store, target: Store, progress: Progress | None = None) -> Digest:
    """Copy every node and relationship into an empty target; returns the digest that both have now.

    `progress(what, number)` is told the label or type and how many of it are there. Raises StoreError when the
    target is not empty, when two nodes that are joined have no key, or when the copy is not equal in the end.
    """
    tell = progress or (lambda what, number: None)
    await migrate(source)
    await expect_empty(target)
    await migrate(target)
    # Nobody links or derives on either side meanwhile. What a source lands now is caught by the comparison.
    async with source.lease("link"), target.lease("link"):
        for labels in await label_sets(source):
            done = 0
            async for nodes in read_nodes(source, labels):
                await _write(target, nodes)
                done += len(nodes.rows)
                tell(":".join(labels), done)
        for kind in await relationship_kinds(source, await keys_of(target)):
            done = 0
            async for relationships in read_relationships(source, kind):
                await _write(target, relationships)
                done += len(relationships.rows)
                tell(kind.kind, done)
        await _copy_meta(source, target)
        return await _compared(source, target, tell)


async def _write(target: Store, batch: Nodes | Relationships) -> None:
    async def work(transaction: Transaction) -> None:
        await write(transaction, batch)

    await target.transaction(work)


async def _copy_meta(source: Store, target: Store) -> None:
    """What the graph knows of itself, such as the number of its last change; schema and store id stay its own."""
    row = await source.read_one("MATCH (m:Meta {name: 'c360'}) RETURN properties(m)")
    kept = {name: value for name, value in (row[0] if row else {}).items() if name not in META_OF_ITS_OWN}
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

"""Copy a graph from one home to the other, in either direction, and prove that nothing was lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from graph.store.copied import Copied, Origin, begin, end, expect_begun_or_empty, note, origin_of
from graph.store.digest import Digest
from graph.store.driver import Store, Transaction
from graph.store.errors import StoreError
from graph.store.lease import Lease
from graph.store.migrate import migrate
from graph.store.transfer import (
    WRITERS,
    Nodes,
    Relationships,
    delete_nodes,
    delete_relationships,
    keys_of,
    label_sets,
    number_of_nodes,
    number_of_relationships,
    read_nodes,
    read_relationships,
    relationship_kinds,
    write,
)
from graph.sync.progress import Progress, Silence

META_OF_ITS_OWN = frozenset({"name", "schema", "store_id", "link_state", "copying", "copied"})
"""What a graph's Meta never takes over from another."""

Part = tuple[str, ...] | Relationships
"""All nodes with exactly these labels, or all relationships of a type between two labels."""


async def copy(source: Store, target: Store, progress: Progress | None = None) -> Digest:
    """Copy every node and relationship into an empty target; returns the digest that both have now.

    One that was killed goes on where it stood, from the same source as it was; until it has ended nobody else can open
    the target. Raises StoreError when the target holds anything else, when the source is another than the copy was
    begun of, when two nodes that are joined have no key, or when the copy is not equal in the end.
    """
    progress = progress or Silence()
    await migrate(source)
    await expect_begun_or_empty(target)
    await migrate(target, finishing="copy")
    async with AsyncExitStack() as stack:
        # Nobody writes a fact, links or derives on the source meanwhile, and nobody else copies into the target.
        for name in WRITERS:
            await stack.enter_async_context(source.lease(name, on_wait=progress.say))
        lease = await stack.enter_async_context(target.lease("link", on_wait=progress.say))
        progress.phase("digest of the source")
        origin = await origin_of(source)
        copied = await begin(target, lease, origin)
        progress.phase("copy", origin.items)
        for number, part in enumerate(await _parts(source, target)):
            if number >= copied.part:
                copied = await _copy_part(source, target, lease, part, copied.at(number), progress)
            else:
                progress.advance("copy", await _size(target, part))
        await _copy_meta(source, target)
        progress.phase("digest of the copy")
        found = await _compared(target, origin)
        await end(target, lease)
        return found


async def _parts(source: Store, target: Store) -> list[Part]:
    """Nodes before the relationships that join them; the same order each time."""
    return [*await label_sets(source), *await relationship_kinds(source, await keys_of(target))]


async def _copy_part(
    source: Store, target: Store, lease: Lease, part: Part, copied: Copied, progress: Progress
) -> Copied:
    """Write what the target lacks of a part, a batch a transaction, each with a note of it."""
    if copied.batches and not await _begins_as_before(source, part, copied):
        # The store gives its rows in another order than last time: nobody can tell which of them are there.
        copied = copied.at(copied.part, again=True)
        await note(target, lease, copied)
    if not copied.batches:
        await _delete(target, part)
    seen = copied.at(copied.part, again=True)
    async for batch in _read(source, part):
        seen = seen.after(batch)
        if seen.batches > copied.batches:
            await _write(target, lease, batch, seen)
        progress.advance("copy", len(batch.rows))
    return seen


async def _begins_as_before(source: Store, part: Part, copied: Copied) -> bool:
    """Whether the source gives the very batches again that were copied of the part, in their order."""
    seen = copied.at(copied.part, again=True)
    async for batch in _read(source, part):
        seen = seen.after(batch)
        if seen.batches == copied.batches:
            break
    return seen == copied


def _read(source: Store, part: Part) -> AsyncIterator[Nodes] | AsyncIterator[Relationships]:
    return read_relationships(source, part) if isinstance(part, Relationships) else read_nodes(source, part)


async def _write(target: Store, lease: Lease, batch: Nodes | Relationships, seen: Copied) -> None:
    async def work(transaction: Transaction) -> None:
        await lease.hold(transaction)
        await write(transaction, batch)
        await note(transaction, lease, seen)

    await target.transaction(work)


async def _delete(target: Store, part: Part) -> None:
    if isinstance(part, Relationships):
        await delete_relationships(target, part)
    else:
        await delete_nodes(target, part)


async def _size(target: Store, part: Part) -> int:
    if isinstance(part, Relationships):
        return await number_of_relationships(target, part)
    return await number_of_nodes(target, part)


async def _copy_meta(source: Store, target: Store) -> None:
    """What the graph knows of itself, such as the number of its last change; schema and store id stay its own."""
    row = await source.read_one("MATCH (m:Meta {name: 'c360'}) RETURN properties(m)")
    kept = {name: value for name, value in (row[0] if row else {}).items() if name not in META_OF_ITS_OWN}
    await target.write("MATCH (m:Meta {name: 'c360'}) SET m += $kept", kept=kept)


async def _compared(target: Store, origin: Origin) -> Digest:
    found = await origin_of(target)
    if origin.counts != found.counts:
        wrong = sorted({name for name, _ in origin.counts.items() ^ found.counts.items()})
        raise StoreError(
            f"The copy is not complete: {', '.join(wrong)} differ in number. Was the source changed meanwhile? "
            "Empty the target and copy again."
        )
    if origin.digest.value != found.digest.value:
        differs = ", ".join(origin.digest.differences(found.digest))
        raise StoreError(f"The copy differs from its source in: {differs}. Empty the target and copy again.")
    return found.digest

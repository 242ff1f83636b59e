"""Take a source away: everything that it said leaves the graph, and what followed from it is worked out again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from connectors.errors import C360Error
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.progress import Progress, Silence
from graph.sync.sync import link_and_derive

_LATER = ("pushes", "matters", "versions", "rejections", "cursors", "runs")


class NoSuchSource(C360Error):
    """The graph knows nothing of a source of that name."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What went with a source, or would go: records of people and accounts, interactions, rejections.

    `customers` are those whom nobody else knows: with the source they are gone.
    """

    source: str
    records: int
    interactions: int
    rejections: int
    customers: int


async def plan_removal(store: Store, source: str) -> Removal:
    """What would go; nothing is written. Raises NoSuchSource."""
    row = await store.read_one(cypher("writes/size_of_source"), source=source, prefix=f"{source}/")
    known, records, interactions, rejections, customers = row or (False, 0, 0, 0, 0)
    if not known and not records and not interactions:
        names = sorted(name for (name,) in await store.read(cypher("writes/source_names")))
        raise NoSuchSource(f"The graph has no source '{source}'. It has: {', '.join(names) or 'none'}.")
    return Removal(source, records, interactions, rejections, customers)


async def remove_source(store: Store, rules: Rules, source: str, progress: Progress | None = None) -> Removal:
    """Delete what it said, link and derive without it; killed anywhere, run it again. Raises NoSuchSource.

    What people decided stays, also about records that are gone. Whoever follows the change log starts again.
    """
    progress = progress or Silence()
    async with store.lease("sync", on_wait=progress.say), store.lease("link", on_wait=progress.say) as lease:
        removal = await plan_removal(store, source)
        await _begin(store, lease, source)
        await _in_batches(store, lease, "erase_interactions", source, progress)
        await _delete_records(store, lease, source, progress)
        await _in_batches(store, lease, "shrink_identities", source, progress)
        await _in_batches(store, lease, "erase_identities", source, progress)
        await link_and_derive(store, lease, rules, progress, anew=True)
        for what in _LATER:
            await _in_batches(store, lease, f"erase_{what}", source, progress)
    return removal


async def _begin(store: Store, lease: Lease, source: str) -> None:
    """From now on a sync that comes after a kill links everybody, and no cache is trusted."""

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/mark_linking"), of=["account", "customer"])
        await tx.run(cypher("writes/draw_link_state"), state=secrets.randbits(62))
        await tx.run(cypher("writes/erase_consents"), prefix=f"{source}/")

    await store.transaction(work)


async def _in_batches(store: Store, lease: Lease, name: str, source: str, progress: Progress) -> None:
    progress.phase("delete")

    async def work(tx: Transaction) -> int:
        await lease.hold(tx)
        rows = await tx.run(cypher(f"writes/{name}"), source=source, prefix=f"{source}/")
        return int(rows[0][0])

    while done := await store.transaction(work):
        progress.advance("delete", done)


async def _delete_records(store: Store, lease: Lease, source: str, progress: Progress) -> None:
    """With the identifiers that nobody else has."""

    async def work(tx: Transaction) -> int:
        await lease.hold(tx)
        rows = await tx.run(cypher("writes/identifiers_of_source"), prefix=f"{source}/")
        keys, identifiers = rows[0]
        await tx.run(cypher("writes/erase_records"), keys=keys)
        await tx.run(cypher("writes/mark_mentions_pending"), keys=identifiers)
        await tx.run(cypher("writes/forget_identifiers"), keys=identifiers)
        return len(keys)

    while done := await store.transaction(work):
        progress.advance("delete", done)

"""Wipe what is derived, all of it or from the start again: half of it would be taken for what was derived."""

from __future__ import annotations

from graph.cypher import cypher
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.progress import Progress

WIPING = "wipe"
"""Among what the graph is marked with as begun and not ended."""
_DERIVED = ("links", "customers", "accounts", "touchpoints", "stages", "letters", "words")


async def wipe(store: Store, lease: Lease, progress: Progress) -> None:
    """Delete all that is derived, in batches; a mark in the graph says until when."""
    progress.phase("wipe what is derived", len(_DERIVED))
    await _mark(store, lease, [WIPING])
    for name in _DERIVED:
        await _wipe(store, lease, name)
        progress.advance("wipe what is derived", 1)
    await _mark(store, lease, None)


async def finish_wipe(store: Store, lease: Lease, progress: Progress) -> bool:
    """Wipe again where a run was killed while it wiped; whether that was so."""
    row = await store.read_one(cypher("writes/read_linking"))
    was_killed = row is not None and WIPING in (row[0] or ())
    if was_killed:
        await wipe(store, lease, progress)
    return was_killed


async def _mark(store: Store, lease: Lease, of: list[str] | None) -> None:
    """And that all accounts are to be linked next: their former ids stand for nobody."""

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/mark_linking"), of=of)
        await tx.run(cypher("writes/note_signs"), version=None)

    await store.transaction(work)


async def _wipe(store: Store, lease: Lease, name: str) -> None:
    async def work(tx: Transaction) -> int:
        await lease.hold(tx)
        rows = await tx.run(cypher(f"writes/wipe_{name}"))
        gone: int = rows[0][0]
        return gone

    while await store.transaction(work):
        pass

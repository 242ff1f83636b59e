"""Reviews that earlier versions wrote get their place in the queue, and marks that nothing took away are taken away."""

from __future__ import annotations

from graph.cypher import cypher
from graph.store.driver import Store, Transaction

_A_BATCH = 5_000


async def queue_everybody(store: Store, *, batch: int = _A_BATCH) -> None:
    """Mend what hangs on all records, so many of them a transaction; safe to run again."""
    after: str | None = ""
    while after is not None:

        async def work(tx: Transaction, after: str = after) -> str | None:
            return await _queue_some(tx, after, batch)

        after = await store.transaction(work)


async def _queue_some(tx: Transaction, after: str, batch: int) -> str | None:
    """Those that come next by their keys; the last of these keys."""
    keys = await tx.collected(cypher("writes/read_record_keys"), after=after, most=batch)
    if not keys:
        return None
    await tx.run(cypher("writes/queue_older_reviews"), keys=keys)
    await tx.run(cypher("writes/unmark_unlinkable"), keys=keys)
    last: str = keys[-1]
    return last

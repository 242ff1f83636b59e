"""Telephone numbers that earlier versions wrote: what they are without the code of their country."""

from __future__ import annotations

from graph.cypher import cypher
from graph.linkage.phone import national
from graph.store.driver import Store, Transaction

_A_BATCH = 5_000


async def number_everybody(store: Store, *, batch: int = _A_BATCH) -> None:
    """Let all numbers be found by their beginning, so many a transaction; safe to run again."""
    after: str | None = "phone:"
    while after is not None:

        async def work(tx: Transaction, after: str = after) -> str | None:
            return await _number_some(tx, after, batch)

        after = await store.transaction(work)


async def _number_some(tx: Transaction, after: str, batch: int) -> str | None:
    """Those that come next by their keys; the last of these keys."""
    keys = await tx.collected(cypher("writes/read_numbers"), after=after, most=batch)
    if not keys:
        return None
    rows = [{"key": key, "national": national(key.removeprefix("phone:"))} for key in keys]
    await tx.run(cypher("writes/number_identifiers"), rows=rows)
    last: str = keys[-1]
    return last

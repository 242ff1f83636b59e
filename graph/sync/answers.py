"""Answers to requests that leave no other fact: kept under their idempotency key, to be given again.

A decision or a deed keeps its answer itself. What changed nothing, or only a note, has nothing to keep it.
"""

from __future__ import annotations

import time

from graph.cypher import cypher
from graph.store.driver import Store, Transaction
from graph.sync.asking import Ask, refuse_another
from graph.sync.keep import kept_id


async def answered_before(store: Store | Transaction, ask: Ask, request: str) -> str | None:
    """What this request was answered when it came first. Raises Refused when another came under its key."""
    if ask.idempotency_key is None:
        return None
    read = store.run if isinstance(store, Transaction) else store.read
    rows = await read(cypher("writes/read_answer"), id=kept_id(ask))
    for _, made_by in rows:
        refuse_another({made_by}, request)
    return rows[0][0] if rows else None


async def keep_answer(tx: Transaction, ask: Ask, request: str, body: str) -> str:
    """Keep an answer, where there is a key; of two of one key the first. Raises Refused when another request has it."""
    if ask.idempotency_key is None:
        return body
    now = time.time_ns() // 1_000_000
    ((kept, made_by),) = await tx.run(
        cypher("writes/keep_answer"), id=kept_id(ask), body=body, by=ask.by, now=now, request=request
    )
    refuse_another({made_by}, request)
    return str(kept)

"""What a person states about the company and not about a customer: kept once under its idempotency key."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import Any

import uuid_utils

from graph.store.driver import Store, Transaction
from graph.sync.asking import Ask, refuse_another


def kept_id(ask: Ask) -> str:
    """The id under which it is kept: the same for the same person and key, drawn anew without a key."""
    if ask.idempotency_key is None:
        return str(uuid_utils.uuid7())
    return blake2b(f"{ask.by}\n{ask.idempotency_key}".encode(), digest_size=16).hexdigest()


async def keep(store: Store, query: str, id: str, name: str, body: str, ask: Ask, request: str) -> str:
    """Write it unless it is there; the body that is kept under the id. Raises Refused when another request made it."""

    async def write(tx: Transaction) -> list[list[Any]]:
        now = time.time_ns() // 1_000_000
        return await tx.run(query, id=id, name=name, body=body, by=ask.by, now=now, request=request)

    ((found, made_by),) = await store.transaction(write)
    refuse_another({made_by}, request)
    return str(found)

"""Pinning as a person does it: checked, done once, and the customer derived again, all under the lease `link`."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import msgspec
import uuid_utils

from graph.customer.pins import PinError, pinned_value
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.errors import LeaseBusy
from graph.store.lease import Lease
from graph.sync.asking import WAIT_SECONDS, Ask, Refused, refuse_another
from graph.sync.derive import derive_stale
from graph.sync.progress import Silence
from graph.sync.request import request_hash

_Work = Callable[[Lease | None], Awaitable["Pinned"]]


class Pinned(msgspec.Struct, frozen=True):
    """What came of it."""

    customer: str | None
    """The customer as it is called now; None when its record describes nobody any more."""
    pins: tuple[str, ...] = ()
    """Ids of the pins that were made, or taken back; none when it was only tried."""
    replaced: tuple[str, ...] = ()
    """Ids of the pins in force that gave way, or would."""


async def pin(store: Store, rules: Rules, customer: str, field: str, value: str, ask: Ask) -> Pinned:
    """Fix a golden value on a person's word; it takes the place of an earlier pin of that field. Raises Refused."""
    try:
        pinned_value(field, value)
    except PinError as error:
        raise Refused("INVALID", str(error), "field" if "cannot be pinned. Fields" in str(error) else "value") from None

    request = request_hash("pin", customer, field, value, ask.reason)

    async def work(lease: Lease | None) -> Pinned:
        now, keys = await _records(store, customer)
        before = await _in_force(store, keys, field)
        if lease is None:
            return Pinned(now, replaced=before)
        id = str(uuid_utils.uuid7())

        async def write(tx: Transaction) -> None:
            await lease.hold(tx)
            at = time.time_ns() // 1_000_000
            await tx.run(
                cypher("writes/unpin_field"),
                ids=list(before),
                by=ask.by,
                reason="another pin",
                key=None,
                request=None,
                now=at,
            )
            await tx.run(
                cypher("writes/pin"),
                id=id,
                record=keys[0],
                field=field,
                value=value.strip(),
                by=ask.by,
                reason=ask.reason,
                key=ask.idempotency_key,
                request=request,
                replaced=list(before),
                now=at,
            )
            await tx.run(cypher("writes/mark_stale_customers"), keys=keys[:1])

        await store.transaction(write)
        await derive_stale(store, lease, rules, Silence())
        return Pinned(now, (id,), before)

    return await _once(store, ask, request, work)


async def unpin(store: Store, rules: Rules, customer: str, field: str, ask: Ask) -> Pinned:
    """Take the pins of a field back: the sources decide again. Raises Refused when none is in force."""

    request = request_hash("unpin", customer, field, ask.reason)

    async def work(lease: Lease | None) -> Pinned:
        now, keys = await _records(store, customer)
        before = await _in_force(store, keys, field)
        if not before:
            raise Refused("NOT_FOUND", f"{field} of this customer is not pinned.", "field")
        if lease is None:
            return Pinned(now, replaced=before)

        async def write(tx: Transaction) -> None:
            await lease.hold(tx)
            await tx.run(
                cypher("writes/unpin_field"),
                ids=list(before),
                by=ask.by,
                reason=ask.reason,
                key=ask.idempotency_key,
                request=request,
                now=time.time_ns() // 1_000_000,
            )
            await tx.run(cypher("writes/mark_stale_customers"), keys=keys[:1])

        await store.transaction(write)
        await derive_stale(store, lease, rules, Silence())
        return Pinned(now, before, before)

    return await _once(store, ask, request, work)


async def _records(store: Store, customer: str) -> tuple[str, list[str]]:
    """The customer's id of today and its records, person records first."""
    keys = [key for (key,) in await store.read(cypher("writes/records_to_pin"), id=customer)]
    if not keys:
        raise Refused("NOT_FOUND", "There is no such customer.", "customerId")
    ((now,),) = await store.read(cypher("writes/customers_of_records"), keys=keys[:1])
    return now, keys


async def _in_force(store: Store, keys: list[str], field: str) -> tuple[str, ...]:
    return tuple(id for (id,) in await store.read(cypher("writes/pins_of"), keys=keys, field=field))


async def _once(store: Store, ask: Ask, request: str, work: _Work) -> Pinned:
    if ask.dry_run:
        return await work(None)
    try:
        async with store.lease("link", wait=WAIT_SECONDS) as lease:
            return await _pinned_before(store, ask, request) or await work(lease)
    except LeaseBusy as busy:
        raise Refused("BUSY", f"{busy} Nothing was changed.") from None


async def _pinned_before(store: Store, ask: Ask, request: str) -> Pinned | None:
    """What the same request did when it came first."""
    if ask.idempotency_key is None:
        return None
    rows = await store.read(cypher("writes/pins_by_key"), key=ask.idempotency_key, by=ask.by)
    if not rows:
        return None
    refuse_another({row[-1] for row in rows}, request)
    found = await store.read(cypher("writes/customers_of_records"), keys=[rows[0][1]])
    return Pinned(
        found[0][0] if found else None,
        tuple(id for id, *_ in rows),
        tuple(id for _, _, replaced, _ in rows for id in replaced),
    )

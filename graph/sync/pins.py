"""Pin a field of a customer, and take a pin back: facts that the derive step obeys."""

from __future__ import annotations

import time

import uuid_utils

from graph.customer.pins import Pin, PinError, pinned_value
from graph.cypher import cypher
from graph.store.driver import Store, Transaction


async def pin_field(store: Store, customer: str, field: str, value: str, *, by: str, reason: str | None = None) -> Pin:
    """Fix a golden value on a person's word; it takes the place of an earlier pin of that field.

    `customer` may be a former id. The customer is stale until derived again. Raises PinError for a customer that is not
    there, and for a field or a value that cannot be pinned.
    """
    pinned_value(field, value)
    pin = Pin(str(uuid_utils.uuid7()), "", field, value.strip(), by, time.time_ns() // 1_000_000)

    async def work(tx: Transaction) -> str:
        rows = await tx.run(cypher("writes/records_to_pin"), id=customer)
        keys = [key for (key,) in rows]
        if not keys:
            raise PinError(f"There is no customer {customer}.")
        await tx.run(cypher("writes/replace_pins"), keys=keys, field=field, by=by, now=pin.at)
        await tx.run(
            cypher("writes/pin"),
            id=pin.id,
            record=keys[0],
            field=field,
            value=pin.value,
            by=by,
            reason=reason,
            key=None,
            request=None,
            replaced=[],
            now=pin.at,
        )
        await tx.run(cypher("writes/mark_stale_customers"), keys=keys[:1])
        return str(keys[0])

    record = await store.transaction(work)
    return Pin(pin.id, record, field, pin.value, by, pin.at)


async def unpin_field(store: Store, pin: str, *, by: str) -> None:
    """Take a pin back: the sources decide again. Raises PinError when there is none with this id in force."""

    async def work(tx: Transaction) -> None:
        rows = await tx.run(cypher("writes/unpin"), id=pin, by=by, now=time.time_ns() // 1_000_000)
        if not rows:
            raise PinError(f"There is no pin {pin} in force.")
        await tx.run(cypher("writes/mark_stale_customers"), keys=[rows[0][0]])

    await store.transaction(work)


async def read_pins(store: Store) -> dict[str, list[Pin]]:
    """Every pin in force, by the record that it hangs on; people make them one by one, so they are few."""
    pins: dict[str, list[Pin]] = {}
    for id, record, field, value, by, at in await store.read(cypher("writes/read_pins")):
        pins.setdefault(record, []).append(Pin(id, record, field, value, by, at))
    return pins

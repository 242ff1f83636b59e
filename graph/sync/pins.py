"""The pins in force, as the derive step obeys them."""

from __future__ import annotations

from graph.customer.pins import Pin
from graph.cypher import cypher
from graph.store.driver import Store


async def read_pins(store: Store) -> dict[str, list[Pin]]:
    """Every pin in force, by the record that it hangs on; people make them one by one, so they are few."""
    pins: dict[str, list[Pin]] = {}
    for id, record, field, value, by, at in await store.read(cypher("writes/read_pins")):
        pins.setdefault(record, []).append(Pin(id, record, field, value, by, at))
    return pins

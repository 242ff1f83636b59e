"""A customer by what a person at a shell knows: an id, a former id, or an e-mail address."""

from __future__ import annotations

from connectors.errors import C360Error
from graph.customer.identifiers import email_key
from graph.cypher import cypher
from graph.store.driver import Store


class CustomerNotCalled(C360Error):
    """Nobody is called so, or several are; the message says whom to name instead."""


async def customer_called(store: Store, who: str) -> tuple[str, str | None]:
    """Id and name of the one customer of this id, former id or e-mail address; raises CustomerNotCalled."""
    address = email_key(who) if "@" in who else None
    rows = await store.read(cypher("writes/customers_called"), id=who, key="" if address is None else address.key)
    if not rows:
        raise CustomerNotCalled(f"There is no customer {who}. Give an id, a former id or an e-mail address.")
    if len(rows) > 1:
        ids = ", ".join(id for id, _ in rows)
        raise CustomerNotCalled(f"{len(rows)} customers use {who}. Name one of them by its id: {ids}.")
    return rows[0][0], rows[0][1]

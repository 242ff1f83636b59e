"""What Shopify pushes: customers and orders as the lists have them, and what no list tells: deletions and merges.

https://shopify.dev/docs/apps/build/webhooks/subscribe/https
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from connectors.commerce.shopify_api import Customer, Order
from connectors.errors import RecordError
from connectors.hookspecs import Partial, WebhookRequest
from connectors.records import Person, Tombstone

T = TypeVar("T")

TOPIC = "x-shopify-topic"
SIGNATURE = "x-shopify-hmac-sha256"
ORDERS = frozenset("create updated edited paid cancelled fulfilled partially_fulfilled".split())
CUSTOMERS = frozenset({"create", "update", "enable", "disable"})


class OrderToRead(msgspec.Struct, frozen=True):
    """An order that a push tells something of, to be read as a whole."""

    order_id: int | str


class Named(msgspec.Struct, frozen=True):
    """What is gone."""

    id: int | str


class Redacted(msgspec.Struct, frozen=True):
    """Whose data are to be forgotten."""

    customer: Named


class Merged(msgspec.Struct, frozen=True):
    """Which customer was merged into which."""

    kept: str = msgspec.field(name="admin_graphql_api_customer_kept_id")
    deleted: str = msgspec.field(name="admin_graphql_api_customer_deleted_id")


def told(
    source: str, customers: str, orders: str, request: WebhookRequest
) -> Customer | Order | OrderToRead | Tombstone | Partial | None:
    """What a push says, by its topic; None for one about something else. RecordError when its body is broken."""
    thing, _, what = request.headers.get(TOPIC, "").partition("/")
    if thing == "customers" and what in CUSTOMERS:
        return _decoded(source, request, Customer)
    if thing == "orders" and what in ORDERS:
        return _decoded(source, request, Order)
    if (thing, what) == ("refunds", "create"):
        return _decoded(source, request, OrderToRead)
    at = request.received_at
    if (thing, what) == ("customers", "delete"):
        return Tombstone(source=source, stream=customers, id=str(_decoded(source, request, Named).id), deleted_at=at)
    if (thing, what) == ("customers", "redact"):
        whose = _decoded(source, request, Redacted).customer
        return Tombstone(source=source, stream=customers, id=str(whose.id), deleted_at=at)
    if (thing, what) == ("orders", "delete"):
        identifier = str(_decoded(source, request, Named).id)
        return Tombstone(source=source, stream=orders, id=identifier, deleted_at=at, matter="order")
    if (thing, what) == ("customers", "merge"):
        merged = _decoded(source, request, Merged)
        loser, winner = (one.rpartition("/")[2] for one in (merged.deleted, merged.kept))
        return Partial(Person(source=source, stream=customers, id=loser, merged_into=winner))
    return None


def _decoded(source: str, request: WebhookRequest, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except msgspec.DecodeError as error:
        topic = request.headers.get(TOPIC)
        raise RecordError(f"[{source}] the push {topic!r} is not as Shopify describes it: {error}.") from None

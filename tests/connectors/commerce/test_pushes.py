"""What Stripe and Shopify push becomes what a sync would have read, once its signature is good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.commerce.shopify import ShopifyConfig, ShopifyConnector
from connectors.commerce.stripe import StripeConfig, StripeConnector
from connectors.commerce.stripe_webhooks import signed
from connectors.errors import RecordError, SourceRefused, SourceUnavailable
from connectors.hookspecs import Partial, RawProblem, WebhookRequest
from connectors.records import Interaction, Person, Tombstone
from tests.connectors.commerce.fake_stripe import KEY, FakeStripe, items
from tests.connectors.commerce.stand_in_shopify import TOKEN, ShopifyStandIn

pytestmark = pytest.mark.anyio

SECRET = "whsec_of-the-endpoint"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def billing(stripe: FakeStripe, **config: Any) -> StripeConnector:
    """The connector on the fake's wire."""
    given = {"api_key": SecretStr(KEY), "webhook_secret": SecretStr(SECRET), **config}
    return StripeConnector("billing", StripeConfig(**given), transport=stripe.transport)


def event(stripe: FakeStripe, *, late: timedelta = timedelta(), secret: str = SECRET, **headers: str) -> WebhookRequest:
    """The newest event as Stripe pushes it."""
    body = json.dumps(stripe.events[-1]).encode()
    given = {"stripe-signature": signed(secret, int(NOW.timestamp()), body), **headers}
    return WebhookRequest(given, body, NOW + late)


async def test_a_change_of_a_subscription_is_told_at_once() -> None:
    """As it will be read: with the same id."""
    stripe = FakeStripe()
    row = stripe.subscription(1, "cus_00001")
    stripe.put("subscriptions", {**row, "items": items(8000)}, "customer.subscription.updated", {"items": items(5000)})

    (changed,) = await billing(stripe).webhook(event(stripe))

    assert isinstance(changed, Interaction)
    assert (changed.id, changed.recurring_amount) == (f"sub_00001:changed:{stripe.clock}", 80.0)


async def test_a_push_that_was_overtaken_tells_what_is_true_now() -> None:
    """Stripe promises no order: a customer is read anew, and may be gone."""
    stripe = FakeStripe()
    stripe.customer(1, event=True, name="Old Name")
    request = event(stripe)
    stripe.customer(1, name="New Name")
    (renamed,) = await billing(stripe).webhook(request)
    stripe.rows["customers"]["cus_00001"] = {"id": "cus_00001", "object": "customer", "deleted": True}
    (gone,) = await billing(stripe).webhook(request)

    assert isinstance(renamed, Person)
    assert renamed.full_name == "New Name"
    assert isinstance(gone, Tombstone)


async def test_a_paid_invoice_is_told_to_each_stream_that_wants_it() -> None:
    """It is money, and a renewal; a stream that is not chosen hears nothing."""
    stripe = FakeStripe()
    stripe.invoice(1, "cus_00001", event=True, subscription="sub_00001", billing_reason="subscription_cycle")

    both = await billing(stripe).webhook(event(stripe))
    chosen = await billing(stripe, streams=["invoices"]).webhook(event(stripe))

    assert [one.kind for one in both if isinstance(one, Interaction)] == ["subscription.renewed", "invoice.paid"]
    assert [one.kind for one in chosen if isinstance(one, Interaction)] == ["invoice.paid"]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"secret": "whsec_another"}, "not by the signing secret"),
        ({"late": timedelta(minutes=6)}, "a replay"),
        ({"late": -timedelta(minutes=6)}, "a replay"),
        ({"stripe-signature": "t=now,v1=00"}, "is needed"),
        ({"stripe-signature": "t=1780315200"}, "is needed"),
        ({"stripe-signature": ""}, "is needed"),
    ],
)
async def test_what_stripe_did_not_sign_is_refused(how: dict[str, Any], says: str) -> None:
    """Before it is read."""
    stripe = FakeStripe()
    stripe.charge(1, "cus_00001", event=True)

    with pytest.raises(SourceRefused, match=says):
        await billing(stripe).webhook(event(stripe, **how))


async def test_a_secret_that_is_being_rolled_is_one_of_two() -> None:
    """Stripe signs with both for a day."""
    stripe = FakeStripe()
    stripe.invoice(1, "cus_00001", event=True)
    request = event(stripe)
    both = request.headers["stripe-signature"].replace(",v1=", ",v1=00ff,v1=")

    assert await billing(stripe).webhook(WebhookRequest({"stripe-signature": both}, request.body, NOW))


async def test_without_a_secret_nothing_is_taken() -> None:
    """And a body that is no event is told apart."""
    stripe = FakeStripe()
    stripe.charge(1, "cus_00001", event=True)
    with pytest.raises(SourceRefused, match=r"\[billing\] takes no pushes"):
        await billing(stripe, webhook_secret=None).webhook(event(stripe))
    body = b'{"id": 1}'
    with pytest.raises(RecordError, match="no event of Stripe"):
        await billing(stripe).webhook(
            WebhookRequest({"stripe-signature": signed(SECRET, int(NOW.timestamp()), body)}, body, NOW)
        )


async def test_a_source_that_cannot_be_asked_is_to_push_again() -> None:
    """Even when it is our key that is refused: the push itself was good."""
    stripe, shop = FakeStripe(), ShopifyStandIn()
    stripe.customer(1, event=True)
    refund = shop.refund(1, "30.00")

    with pytest.raises(SourceUnavailable):
        await billing(stripe, api_key=SecretStr("rk_expired")).webhook(event(stripe))
    with pytest.raises(SourceUnavailable):
        await orders(shop, access_token=SecretStr("shpat_expired")).webhook(
            push("refunds/create", {**refund, "order_id": 5003})
        )


def orders(shop: ShopifyStandIn, **config: Any) -> ShopifyConnector:
    """The connector on the shop's wire."""
    given = {"shop": "acme", "access_token": SecretStr(TOKEN), "webhook_secret": SecretStr(SECRET), **config}
    return ShopifyConnector("shop", ShopifyConfig(**given), transport=httpx.MockTransport(shop.answer))


def push(topic: str, body: Any, *, secret: str = SECRET) -> WebhookRequest:
    """A push of a topic as Shopify signs it."""
    raw = json.dumps(body).encode()
    digest = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
    return WebhookRequest({"x-shopify-topic": topic, "x-shopify-hmac-sha256": digest}, raw, NOW)


async def test_a_customer_and_an_order_are_told_at_once() -> None:
    """As they will be read."""
    shop = ShopifyStandIn()

    (person,) = await orders(shop).webhook(push("customers/update", shop.customer(3, tags="vip")))
    told = await orders(shop).webhook(push("orders/cancelled", shop.order(5003, 3, cancelled_at=shop.now.isoformat())))

    assert isinstance(person, Person)
    assert (person.id, person.tags) == ("3", ("vip",))
    assert [one.id for one in told if isinstance(one, Interaction)] == ["5003:placed", "5003:cancelled"]


async def test_a_refund_makes_its_order_be_read() -> None:
    """The push has the refund alone."""
    shop = ShopifyStandIn()
    refund = shop.refund(1, "30.00")
    shop.order(5003, 3, refunds=[refund])

    told = await orders(shop).webhook(push("refunds/create", {**refund, "order_id": 5003}))

    assert [one.id for one in told if isinstance(one, Interaction)] == ["5003:placed", "5003:refunded:1"]


@pytest.mark.parametrize(
    ("topic", "body", "expected"),
    [
        ("customers/delete", {"id": 3}, ("customers", "3", None)),
        ("customers/redact", {"shop_id": 1, "customer": {"id": 3}}, ("customers", "3", None)),
        ("orders/delete", {"id": 5003}, ("orders", "5003", "order")),
    ],
)
async def test_what_is_gone_is_told(topic: str, body: Any, expected: tuple[str, str, str | None]) -> None:
    """No list tells of it: a push does."""
    (gone,) = await orders(ShopifyStandIn()).webhook(push(topic, body))

    assert isinstance(gone, Tombstone)
    assert (gone.stream, gone.id, gone.matter) == expected


async def test_a_merge_is_told() -> None:
    """Who was merged is kept as they were, and says into whom."""
    ids = {"kept": "gid://shopify/Customer/4", "deleted": "gid://shopify/Customer/3"}
    body = {f"admin_graphql_api_customer_{which}_id": one for which, one in ids.items()}

    (told,) = await orders(ShopifyStandIn()).webhook(push("customers/merge", body))

    assert isinstance(told, Partial)
    assert (told.record.id, told.record.merged_into) == ("3", "4")


async def test_a_push_about_something_else_is_nothing() -> None:
    """A product, or a test order."""
    shop = ShopifyStandIn()

    assert await orders(shop).webhook(push("products/update", {"id": 1})) == []
    assert await orders(shop).webhook(push("orders/create", shop.order(5003, 3, test=True))) == []


async def test_a_push_that_cannot_be_used_is_told_apart() -> None:
    """A wrong signature, a broken body, and an order whose amount is none."""
    shop = ShopifyStandIn()
    with pytest.raises(SourceRefused, match="none of our secrets"):
        await orders(shop).webhook(push("customers/update", {"id": 1}, secret="another"))
    with pytest.raises(SourceRefused, match="takes no pushes"):
        await orders(shop, webhook_secret=None).webhook(push("customers/update", {"id": 1}))
    with pytest.raises(RecordError, match="customers/delete"):
        await orders(shop).webhook(push("customers/delete", {"number": 1}))
    (problem,) = await orders(shop).webhook(push("orders/paid", shop.order(5003, 3, total_price="a lot")))
    assert isinstance(problem, RawProblem)

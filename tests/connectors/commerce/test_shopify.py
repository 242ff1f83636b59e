"""The Shopify connector: what customers and orders become, and what figures then say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from connectors.commerce.shopify import CUSTOMERS, ORDERS, ShopifyConfig, ShopifyConnector
from connectors.commerce.shopify_api import left_in_bucket
from connectors.errors import RecordError
from connectors.hookspecs import State, Stream
from connectors.http import Patience
from connectors.records import Channel, ConsentStatement, ConsentStatus, Identifiers, Interaction, Person, Record
from graph.figures.lifetime import revenue_of_period
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.journeys.read import read_journeys
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.commerce.stand_in_shopify import TOKEN, ShopifyStandIn
from tests.journeys import ms

pytestmark = pytest.mark.anyio


def connector(shop: ShopifyStandIn, **config: Any) -> ShopifyConnector:
    """The connector on the shop's wire."""
    given = {"shop": "acme", "access_token": SecretStr(TOKEN), **config}
    return ShopifyConnector("shop", ShopifyConfig(**given), transport=httpx.MockTransport(shop.answer), patience=QUICK)


QUICK = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01)


async def read(shop: ShopifyStandIn, stream: Stream, state: State | None = None) -> tuple[list[Record], State]:
    """The records of a stream, and the state after them."""
    reader, records = connector(shop), list[Record]()
    async for page in reader.read(stream, state):
        records += [record for raw in page.raws for record in reader.map(stream, raw)]
        state = page.state
    assert state is not None
    return records, state


async def events(shop: ShopifyStandIn, number: int) -> list[Interaction]:
    """What happened to one order."""
    records, _ = await read(shop, ORDERS)
    return [one for one in records if isinstance(one, Interaction) and one.order == f"shop/{number}"]


async def test_a_customer_is_a_person() -> None:
    """With address, firm, tags, and the words of both consents; blanks say nothing."""
    shop = ShopifyStandIn()
    shop.customer(
        3,
        phone="+4915112345678",
        note="",
        tags="vip, b2b",
        multipass_identifier="77",
        default_address={"id": 1, "address1": "Elbchaussee 1", "city": "Hamburg", "zip": "22765", "country_code": "DE",
                         "company": "Nordlicht"},
        email_marketing_consent={"state": "subscribed", "opt_in_level": "confirmed_opt_in",
                                 "consent_updated_at": "2026-03-01T10:00:00+01:00"},
        sms_marketing_consent={"state": "UNSUBSCRIBED", "consent_updated_at": None},
    )  # fmt: skip

    records, _ = await read(shop, CUSTOMERS)

    (person,) = [one for one in records if isinstance(one, Person) and one.id == "3"]
    assert (person.given_name, person.family_name, person.account_name) == ("Cleo", "Varga3", "Nordlicht")
    assert [(one.value, one.verified) for one in person.emails] == [("c3@post.example", True)]
    assert [(one.value, one.country) for one in person.phones] == [("+4915112345678", "DE")]
    assert person.tags == ("vip", "b2b")
    assert person.external_ids == {"multipass": "77"}
    assert person.extra == {"state": "enabled"}
    assert person.consents == (
        ConsentStatement(
            channel=Channel.EMAIL,
            purpose="marketing",
            status=ConsentStatus.GRANTED,
            at=datetime(2026, 3, 1, 9, tzinfo=UTC),
            evidence="confirmed_opt_in",
        ),
        ConsentStatement(channel=Channel.SMS, purpose="marketing", status=ConsentStatus.REVOKED),
    )


@pytest.mark.parametrize("state", ["not_subscribed", "pending", "redacted", "invalid"])
async def test_who_was_not_asked_said_nothing(state: str) -> None:
    """Neither yes nor no."""
    shop = ShopifyStandIn()
    shop.customer(3, email_marketing_consent={"state": state})

    records, _ = await read(shop, CUSTOMERS)

    assert [one.consents for one in records if isinstance(one, Person) and one.id == "3"] == [()]


async def test_an_order_tells_its_story() -> None:
    """Placed, refunded in two parts, cancelled: in sum the cancellation takes back what no refund did."""
    shop = ShopifyStandIn()
    goods_only = {**shop.refund(9003, "0"), "transactions": []}
    refunds = [shop.refund(9001, "30.00", note="broken"), shop.refund(9002, "20.00"), goods_only]
    shop.order(5003, 3, refunds=refunds, cancelled_at=shop.now.isoformat(), cancel_reason="customer", source_name="pos")

    found = await events(shop, 5003)

    assert [(one.id, one.kind, one.amount, one.reason) for one in found] == [
        ("5003:placed", "order.placed", 100.0, None),
        ("5003:refunded:9001", "order.refunded", 30.0, "broken"),
        ("5003:refunded:9002", "order.refunded", 20.0, None),
        ("5003:cancelled", "order.cancelled", 50.0, "customer"),
    ]
    assert {(one.person, one.currency, one.channel) for one in found} == {
        ("shop/customers/3", "EUR", Channel.IN_PERSON)
    }
    assert (found[0].subject, found[0].quantity, found[0].extra["name"]) == ("Teapot", 2.0, "#5003")


async def test_a_refund_in_another_currency_is_told_in_the_orders() -> None:
    """The customer saw 110 dollars for 100 euros: 55 dollars back are 50 euros."""
    shop = ShopifyStandIn()
    both = {"shop_money": {"amount": "100.00", "currency_code": "EUR"},
            "presentment_money": {"amount": "110.00", "currency_code": "USD"}}  # fmt: skip
    shop.order(5003, 3, total_price_set=both, refunds=[shop.refund(1, "55.00", currency="USD")])

    assert [(one.amount, one.currency) for one in (await events(shop, 5003))[1:]] == [(50.0, "EUR")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"customer": None, "email": "guest@post.example"}, [Identifiers(email="guest@post.example")]),
        ({"customer": None, "email": None}, []),
        ({"test": True}, []),
    ],
)
async def test_whose_order_it_is(fields: dict[str, Any], expected: list[Identifiers]) -> None:
    """A guest's is tied to their address; nobody's, and a test, give nothing."""
    shop = ShopifyStandIn()
    shop.order(5003, 3, **fields)

    assert [one.person for one in await events(shop, 5003)] == expected


async def test_an_amount_that_is_none_is_refused() -> None:
    """The order is named."""
    shop = ShopifyStandIn()
    shop.order(5003, 3, total_price="a lot")

    with pytest.raises(RecordError, match="order 5003"):
        await read(shop, ORDERS)


async def test_only_what_changed_is_read_again() -> None:
    """From five minutes before the last reading on, by the shop's clock."""
    shop = ShopifyStandIn()
    shop.now += timedelta(days=1)
    _, state = await read(shop, ORDERS)
    shop.now += timedelta(days=1)
    shop.order(5003, 3, cancelled_at=shop.now.isoformat())

    records, state = await read(shop, ORDERS, state)
    shop.now += timedelta(days=1)
    _, state = await read(shop, ORDERS, state)
    nothing, _ = await read(shop, ORDERS, state)

    assert [one.id for one in records] == ["5003:placed", "5003:cancelled"]
    assert nothing == []


async def test_a_reading_may_begin_at_a_moment() -> None:
    """Orders that changed since then."""
    shop = ShopifyStandIn()
    shop.now += timedelta(days=1)
    moment = shop.now
    shop.order(5003, 3, cancelled_at=shop.now.isoformat())

    records, _ = await read(shop, ORDERS, connector(shop).state_at(ORDERS, moment))

    assert [one.id for one in records] == ["5003:placed", "5003:cancelled"]


async def test_an_app_gets_a_token_for_a_day() -> None:
    """With its id and secret, once for all calls; a wrong secret is told with what to do."""
    shop = ShopifyStandIn()
    app = {"access_token": None, "client_id": "app-1", "client_secret": SecretStr(shop.secret)}

    fine = await connector(shop, **app).check()
    refused = await connector(shop, **{**app, "client_secret": SecretStr("shpss_wrong-secret")}).check()

    assert fine.ok
    assert [one.url.path for one in shop.asked].count("/admin/oauth/access_token") == 2
    assert not refused.ok
    assert "installed in the shop acme.myshopify.com" in refused.message
    assert "shpss_wrong-secret" not in refused.message


@pytest.mark.parametrize(
    ("scopes", "ok", "says"),
    [
        (["read_customers"], False, "lacks read_orders"),
        (["read_customers", "write_orders"], True, "Only the orders of the last 60 days"),
        (["read_customers", "read_orders", "read_all_orders"], True, "The shop Acme answers."),
    ],
)
async def test_a_check_says_what_the_token_may_read(scopes: list[str], ok: bool, says: str) -> None:
    """And that Shopify hides older orders without a scope of their own."""
    shop = ShopifyStandIn()
    shop.scopes = scopes

    report = await connector(shop).check()

    assert (report.ok, says in report.message) == (ok, True)


@pytest.mark.parametrize(
    ("header", "wait"), [("1/40", None), ("38/40", None), ("40/40", 1.0), ("400/400", 0.1), ("", None), ("x/y", None)]
)
def test_the_bucket_is_left_to_leak(header: str, wait: float | None) -> None:
    """It empties in twenty seconds, whatever its size."""
    assert left_in_bucket(httpx.Headers({"X-Shopify-Shop-Api-Call-Limit": header})) == wait


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"shop": "shop.acme.com/x"}, "write the name before .myshopify.com"),
        ({"shop": "acme", "access_token": None}, "give an access_token, or a client_id"),
        ({"shop": "acme", "api_version": "latest"}, "api_version"),
    ],
)
def test_a_section_that_cannot_work_is_refused(config: dict[str, Any], says: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ValidationError, match=says):
        ShopifyConfig(**{"access_token": SecretStr(TOKEN), **config})


async def test_revenue_follows_from_shopify_alone(embedded_store: Store) -> None:
    """Ten orders over 100, one refunded by 30 and another cancelled: 870 in May."""
    shop = ShopifyStandIn()
    shop.order(5003, 3, refunds=[shop.refund(1, "30.00")])
    shop.order(5004, 4, cancelled_at=shop.now.isoformat())

    report = await sync([LandingSource(connector(shop), kind="shopify", trust=0.5)], embedded_store, Rules())
    journeys = await read_journeys(embedded_store, Rules(), 0)
    scope = Scope(journeys.view(as_of=ms("2026-06-01")), Period(date(2026, 5, 1), date(2026, 6, 1)), ms("2026-06-01"))

    assert [(one.error, one.rejected) for one in report.landed] == [(None, 0)]
    assert revenue_of_period.figure(scope).value == pytest.approx(870.0)

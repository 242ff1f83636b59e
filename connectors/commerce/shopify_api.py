"""Shopify's Admin REST API as typed calls: pages by id, times of the shop's server, a leaky bucket.

With `since_id` a list comes by growing id, also together with `updated_at_min`: a page never depends on what changes
meanwhile. Amounts are texts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from connectors.errors import SourceError, SourceRefused
from connectors.http import Patience, SourceClient

A_PAGE = 250


class Place(msgspec.Struct, frozen=True):
    """An address of a customer or order."""

    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    province: str | None = None
    zip: str | None = None
    country_code: str | None = None
    company: str | None = None
    phone: str | None = None


class MarketingConsent(msgspec.Struct, frozen=True):
    """What a customer said to marketing on one channel: subscribed, not_subscribed, pending, unsubscribed …"""

    state: str | None = None
    opt_in_level: str | None = None
    consent_updated_at: datetime | None = None


class Customer(msgspec.Struct, frozen=True):
    """A customer as they are now."""

    id: int | str
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    verified_email: bool | None = None
    default_address: Place | None = None
    email_marketing_consent: MarketingConsent | None = None
    sms_marketing_consent: MarketingConsent | None = None
    tags: str | None = None
    state: str | None = None
    note: str | None = None
    orders_count: int | None = None
    total_spent: str | None = None
    currency: str | None = None
    tax_exempt: bool | None = None
    multipass_identifier: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Buyer(msgspec.Struct, frozen=True):
    """The customer of an order."""

    id: int | str


class Amount(msgspec.Struct, frozen=True):
    """An amount with its currency."""

    amount: str
    currency_code: str | None = None


class Amounts(msgspec.Struct, frozen=True):
    """The same amount in the shop's currency and in the one that the customer saw."""

    shop_money: Amount | None = None
    presentment_money: Amount | None = None


class Transaction(msgspec.Struct, frozen=True):
    """A movement of money; of a refund in the currency that the customer saw."""

    kind: str | None = None
    status: str | None = None
    amount: str | None = None
    currency: str | None = None


class Refund(msgspec.Struct, frozen=True):
    """A refund of an order; without transactions goods came back, and no money went."""

    id: int | str
    created_at: datetime
    processed_at: datetime | None = None
    note: str | None = None
    transactions: tuple[Transaction, ...] = ()


class LineItem(msgspec.Struct, frozen=True):
    """What was ordered."""

    title: str | None = None
    quantity: int | None = None


class DiscountCode(msgspec.Struct, frozen=True):
    """A code that the customer entered."""

    code: str | None = None


class Order(msgspec.Struct, frozen=True):
    """An order with its refunds; `processed_at` is when it was placed, also where it was imported later."""

    id: int | str
    created_at: datetime
    processed_at: datetime | None = None
    name: str | None = None
    customer: Buyer | None = None
    email: str | None = None
    phone: str | None = None
    currency: str | None = None
    total_price: str | None = None
    total_price_set: Amounts | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str | None = None
    financial_status: str | None = None
    fulfillment_status: str | None = None
    source_name: str | None = None
    tags: str | None = None
    note: str | None = None
    test: bool | None = None
    discount_codes: tuple[DiscountCode, ...] | None = None
    line_items: tuple[LineItem, ...] | None = None
    refunds: tuple[Refund, ...] | None = None


class _Customers(msgspec.Struct, frozen=True, rename={"rows": "customers"}):
    rows: list[msgspec.Raw]


class _Orders(msgspec.Struct, frozen=True, rename={"rows": "orders"}):
    rows: list[msgspec.Raw]


class Thing(msgspec.Struct, frozen=True):
    """Any object where only its id matters."""

    id: int | str


class Shop(msgspec.Struct, frozen=True):
    """What a shop says of itself."""

    name: str | None = None
    currency: str | None = None
    plan_display_name: str | None = None


class _OneOrder(msgspec.Struct, frozen=True):
    order: Order


class _ShopAnswer(msgspec.Struct, frozen=True):
    shop: Shop


class _Scope(msgspec.Struct, frozen=True):
    handle: str


class _Scopes(msgspec.Struct, frozen=True):
    access_scopes: tuple[_Scope, ...]


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int = 86_399


def left_in_bucket(headers: httpx.Headers) -> float | None:
    """Seconds until two more calls fit into the bucket (`X-Shopify-Shop-Api-Call-Limit: 39/40`), which empties in
    twenty seconds, whatever its size; None while they do."""
    used, _, size = headers.get("x-shopify-shop-api-call-limit", "").partition("/")
    if not used.isdecimal() or not size.isdecimal() or int(size) == 0:
        return None
    over = int(used) + 2 - int(size)
    return over * 20 / int(size) if over > 0 else None


class Shopify:
    """A reader of one shop: with a token, or with the id and secret of an app that gives one for a day.

    Raises the errors of `SourceClient`.
    """

    def __init__(
        self,
        source: str,
        url: str,
        version: str,
        *,
        token: str | None = None,
        client: tuple[str, str] | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self.host = urlsplit(url).netloc
        self._api = f"api/{version}/"
        self._app = client
        self._valid_until = 0.0
        self._one_at_once = asyncio.Lock()
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/admin/",
            headers={} if token is None else {"X-Shopify-Access-Token": token},
            secrets=[secret for secret in (token, client[1] if client else None) if secret],
            timeout=timeout,
            pause=left_in_bucket,
            transport=transport,
            patience=patience,
        )

    async def listed(self, name: str, params: Mapping[str, Any]) -> tuple[list[msgspec.Raw], datetime]:
        """A page of `customers` or `orders`, each object by itself, and the moment by the shop's clock."""
        await self._sign_in()
        answer = await self._client.request("GET", f"{self._api}{name}.json", params={"limit": A_PAGE, **params})
        found = self._client.decoded(answer, _Customers if name == "customers" else _Orders)
        return found.rows, _moment(answer.headers)

    async def order(self, identifier: int | str) -> Order:
        """One order; SourceNotFound when it is gone."""
        await self._sign_in()
        answer = await self._client.json("GET", f"{self._api}orders/{identifier}.json", _OneOrder)
        return answer.order

    async def customer_ids(self) -> AsyncIterator[list[str]]:
        """The ids of all customers there are, page by page."""
        after = 0
        while page := (await self.listed("customers", {"since_id": after, "fields": "id"}))[0]:
            try:
                ids = [int(msgspec.json.decode(raw, type=Thing).id) for raw in page]
            except (msgspec.DecodeError, ValueError) as error:
                raise SourceError(f"[{self.source}] customers lists something without an id: {error}.") from None
            if max(ids) <= after:
                raise SourceError(f"[{self.source}] customers: the cursor {after} does not move.")
            after = max(ids)
            yield [str(one) for one in ids]

    async def shop(self) -> Shop:
        """The shop itself."""
        await self._sign_in()
        answer = await self._client.json("GET", f"{self._api}shop.json", _ShopAnswer)
        return answer.shop

    async def scopes(self) -> set[str]:
        """What the token may do, e.g. `read_orders`."""
        await self._sign_in()
        answer = await self._client.json("GET", "oauth/access_scopes.json", _Scopes)
        return {scope.handle for scope in answer.access_scopes}

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _sign_in(self) -> None:
        """A token of the app's own, for a day, before it is needed (client credentials grant, RFC 6749 §4.4)."""
        if self._app is None:
            return
        async with self._one_at_once:
            if time.monotonic() < self._valid_until:
                return
            try:
                token = await self._client.token("oauth/access_token", _Token, self._form)
            except SourceRefused as error:
                raise SourceRefused(
                    f"{error} Is the app {self._app[0]!r} installed in the shop {self.host}, and of its organisation?",
                    status=error.status,
                ) from None
            self._client.set_header("X-Shopify-Access-Token", token.access_token)
            self._valid_until = time.monotonic() + token.expires_in - 300

    def _form(self) -> dict[str, str]:
        assert self._app is not None
        client_id, client_secret = self._app
        return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}


def _moment(headers: httpx.Headers) -> datetime:
    """When the shop's server answered; a day ago by our own clock where it does not say."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC) - timedelta(days=1)

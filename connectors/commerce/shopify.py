"""Shopify as a shop: customers as persons, orders with their refunds and cancellations as interactions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

import httpx
import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.chosen_streams import chosen_streams
from connectors.commerce.shopify_api import Customer, Order, Shopify, Thing
from connectors.commerce.shopify_customers import map_customer
from connectors.commerce.shopify_orders import map_order
from connectors.commerce.shopify_webhooks import SIGNATURE, OrderToRead, told
from connectors.errors import RecordError, SourceError
from connectors.hookspecs import (
    CheckReport,
    Deletions,
    Page,
    Partial,
    RawProblem,
    State,
    Stream,
    StreamKind,
    WebhookRequest,
    hookimpl,
)
from connectors.http import Patience
from connectors.raws import decode_each
from connectors.records import Record, Tombstone
from connectors.signatures import check_base64
from connectors.vanished import Gone, vanished
from connectors.vendor import VendorConnector, asked_for_a_push

C360_API = ">=1,<2"

CUSTOMERS = Stream(
    name="customers",
    kind=StreamKind.PERSONS,
    cursor_field="updated_at",
    deletions=Deletions.FULL_SCAN,
    fields=("first_name", "last_name", "email", "phone", "default_address", "email_marketing_consent", "tags"),
)
ORDERS = Stream(
    name="orders",
    kind=StreamKind.INTERACTIONS,
    cursor_field="updated_at",
    fields=("customer", "processed_at", "total_price", "currency", "refunds", "cancelled_at", "cancel_reason"),
)
SCOPES = {"customers": "read_customers", "orders": "read_orders"}


class ShopifyConfig(BaseModel):
    """Which shop, and who reads: a token, or an app with its secret."""

    model_config = ConfigDict(extra="forbid")

    shop: str = Field(description="the shop's name before .myshopify.com")
    access_token: SecretStr | None = Field(default=None, description="Admin API access token, shpat_…")
    client_id: str | None = Field(default=None, description="an app of the Dev Dashboard, where there is no token")
    client_secret: SecretStr | None = Field(default=None, description="that app's secret")
    webhook_secret: SecretStr | None = Field(
        default=None, description="secret that signs pushes, where it is not the client_secret"
    )
    days_between_listings: float = Field(
        default=7, ge=0, description="how often all customers are listed for deleted ones"
    )
    api_version: str = Field(default="2026-07", pattern=r"^\d{4}-\d{2}$", description="version of the Admin API")
    base_url: str | None = Field(default=None, description="address of the shop; https://<shop>.myshopify.com")
    streams: tuple[str, ...] | None = Field(default=None, description="only these streams; all by default")
    overlap_seconds: float = Field(
        default=300.0, ge=0, description="how far before the last reading an incremental read starts again"
    )
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")

    @field_validator("shop")
    @classmethod
    def _is_a_name(cls, shop: str) -> str:
        name = shop.removeprefix("https://").rstrip("/").removesuffix(".myshopify.com")
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", name) is None:
            raise ValueError('write the name before .myshopify.com, e.g. shop = "acme"')
        return name

    @model_validator(mode="after")
    def _says_who_reads(self) -> Self:
        if self.access_token is None and (self.client_id is None or self.client_secret is None):
            raise ValueError("give an access_token, or a client_id and a client_secret")
        return self


class Place(msgspec.Struct, omit_defaults=True):
    """The state of a stream, as JSON in the store.

    `since`: from when on changes are to be read; None in a first load. While a reading is under way also when it began,
    and the last id that was read. `listing`: the customers that were there when they were listed last.
    """

    since: datetime | None = None
    began: datetime | None = None
    after: int = 0
    listing: dict[str, Any] | None = None


class ShopifyConnector(VendorConnector):
    """Reads one shop."""

    Config: ClassVar[type[BaseModel]] = ShopifyConfig

    def __init__(
        self,
        name: str,
        config: ShopifyConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._streams = chosen_streams(name, (CUSTOMERS, ORDERS), config.streams)
        secret = config.client_secret
        self._shopify = Shopify(
            name,
            config.base_url or f"https://{config.shop}.myshopify.com",
            config.api_version,
            token=config.access_token.get_secret_value() if config.access_token else None,
            client=(config.client_id, secret.get_secret_value()) if config.client_id and secret else None,
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, self._streams, self._shopify)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether the shop answers, and the token may read what the chosen streams need."""
        shop = await self._shopify.shop()
        details |= {key: value for key, value in {"shop": shop.name, "currency": shop.currency}.items() if value}
        scopes = await self._shopify.scopes()
        details["scopes"] = ", ".join(sorted(scopes))
        lacking = [SCOPES[one.name] for one in self._streams if not _allows(scopes, SCOPES[one.name])]
        if lacking:
            return CheckReport(
                False,
                f"[{self.name}] the token lacks {', '.join(lacking)}. Add it to the app's Admin API scopes and "
                f"install the app again, or leave streams out: streams = [...].",
                details,
            )
        for stream in self._streams:
            await self._shopify.listed(stream.name, {"limit": 1})
        orders = ORDERS in self._streams and "read_all_orders" not in scopes
        only = " Only the orders of the last 60 days: for all of them the app needs read_all_orders." if orders else ""
        return CheckReport(True, f"The shop {shop.name or self._config.shop} answers.{only}", details)

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read."""
        return _state(Place(since=moment))

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Customer` or `Order` by id: everything at first, afterwards what changed since the last reading;
        of customers also those that are `Gone`."""
        place = msgspec.convert(state or {}, Place, strict=False)
        params: dict[str, Any] = {"status": "any"} if stream.name == ORDERS.name else {}
        if place.since is not None:
            since = place.since - timedelta(seconds=self._config.overlap_seconds)
            params["updated_at_min"] = since.isoformat(timespec="seconds")
        kind: type[Any] = Order if stream.name == ORDERS.name else Customer
        where = f"{self.name}: {stream.name}"
        while True:
            page, now = await self._shopify.listed(stream.name, {**params, "since_id": place.after})
            # What changes from here on is read by the next, incremental reading.
            place.began = place.began or now
            if not page:
                break
            last = max(self._number(stream, raw) for raw in page)
            if last <= place.after:
                raise SourceError(f"[{self.name}] {stream.name}: the cursor {place.after} does not move.")
            place.after = last
            raws, problems = decode_each(page, kind, where)
            yield Page(raws, _state(place), problems=problems)
        whole = _state(Place(since=place.began, listing=place.listing))
        yield Page([], whole)
        if stream.name == CUSTOMERS.name:
            every = timedelta(days=self._config.days_between_listings)
            there = self._shopify.customer_ids()
            async for gone in vanished(f"[{self.name}] customers", there, whole, every, place.began):
                yield gone

    def _number(self, stream: Stream, raw: msgspec.Raw) -> int:
        try:
            return int(msgspec.json.decode(raw, type=Thing).id)
        except (msgspec.DecodeError, ValueError) as error:
            raise SourceError(f"[{self.name}] {stream.name} lists something without an id: {error}.") from None

    def map(self, stream: Stream, raw: Customer | Order | Gone) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Gone):
            return [self._tombstone(stream, raw)]
        if isinstance(raw, Customer):
            return map_customer(self.name, stream.name, self._shopify.host, raw)
        try:
            return list(map_order(self.name, stream.name, CUSTOMERS.name, self._shopify.host, raw))
        except ValueError as error:
            raise RecordError(f"[{self.name}] order {raw.id}: an amount is no number ({error}).") from None

    async def webhook(self, request: WebhookRequest) -> Sequence[Record | Partial | RawProblem]:
        """The records of one push: the same ids as when they are read, and the deletions and merges that no list tells.

        Raises SourceRefused for a wrong signature, RecordError for a body of something else, SourceUnavailable when
        Shopify cannot be asked now.
        """
        check_base64(request, SIGNATURE, [self._secret(self._config.webhook_secret or self._config.client_secret)])
        what = told(self.name, CUSTOMERS.name, ORDERS.name, request)
        if isinstance(what, OrderToRead):
            with asked_for_a_push():
                what = await self._shopify.order(what.order_id)
        if isinstance(what, Tombstone | Partial):
            return [what]
        if what is None:
            return []
        try:
            return list(self.map(CUSTOMERS if isinstance(what, Customer) else ORDERS, what))
        except RecordError as error:
            return [RawProblem(f"{self.name}: push", str(error), request.body.decode(errors="replace")[:10_000])]


def _allows(scopes: set[str], scope: str) -> bool:
    """Whoever may write may read."""
    return scope in scopes or scope.replace("read_", "write_") in scopes


def _state(place: Place) -> State:
    state: State = msgspec.to_builtins(place)
    return state


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `shopify`."""
    registry.add("shopify", ShopifyConnector)

"""Stripe's REST API as typed calls: lists newest first, events of thirty days, amounts in the smallest unit.

Lists come in the pinned version. The object in an event has the version that the account had when it happened, so the
structs read what moved between versions from both places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.errors import SourceError
from connectors.http import Patience, SourceClient
from connectors.records import Address, said

T = TypeVar("T")

VERSION = "2024-06-20"
"""The version that is asked for: later ones no longer say which invoice a charge pays."""
A_PAGE = 100
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split())
"""Currencies whose amounts are whole; ISK and UGX have none either, but Stripe counts their hundredths."""
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".split())


class Thing(msgspec.Struct, frozen=True):
    """Any object where only its id matters."""

    id: str
    created: int | None = None


Reference = Thing | str | None
"""Another object: its id, or itself where it was expanded."""


class Place(msgspec.Struct, frozen=True):
    """An address as Stripe has it."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None

    @property
    def address(self) -> Address | None:
        street = ", ".join(line for line in (said(self.line1), said(self.line2)) if line)
        found = Address(
            street=street or None,
            city=said(self.city),
            region=said(self.state),
            postal_code=said(self.postal_code),
            country=said(self.country),
        )
        return None if found == Address() else found


class Customer(msgspec.Struct, frozen=True):
    """A customer; of a deleted one only the id is left."""

    id: str
    created: int | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: Place | None = None
    description: str | None = None
    delinquent: bool | None = None
    currency: str | None = None
    preferred_locales: tuple[str, ...] | None = None
    metadata: dict[str, str] | None = None
    deleted: bool = False


class Recurring(msgspec.Struct, frozen=True):
    """How often a price is due: every `interval_count` `interval`s (day, week, month, year)."""

    interval: str
    interval_count: int = 1
    usage_type: str | None = None


class Price(msgspec.Struct, frozen=True):
    """A price in the smallest unit of its currency; without `unit_amount` it has tiers or fractions."""

    id: str
    currency: str | None = None
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    nickname: str | None = None
    recurring: Recurring | None = None


class Item(msgspec.Struct, frozen=True):
    """What is subscribed to, how often."""

    price: Price | None = None
    quantity: int | None = None


class Items(msgspec.Struct, frozen=True):
    """The first items of a subscription; `has_more` when there are others."""

    data: tuple[Item, ...] = ()
    has_more: bool = False


class Cancellation(msgspec.Struct, frozen=True):
    """Why it ended: Stripe's reason, and what the customer said."""

    reason: str | None = None
    feedback: str | None = None
    comment: str | None = None


class Subscription(msgspec.Struct, frozen=True):
    """A subscription as it is now, or was at an event."""

    id: str
    customer: Reference
    status: str
    start_date: int
    currency: str | None = None
    items: Items = Items()
    trial_start: int | None = None
    trial_end: int | None = None
    current_period_start: int | None = None
    canceled_at: int | None = None
    ended_at: int | None = None
    cancellation_details: Cancellation | None = None
    pause_collection: dict[str, Any] | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None


class Before(msgspec.Struct, frozen=True):
    """Of a changed subscription what was otherwise before; UNSET was not changed."""

    status: str | msgspec.UnsetType = msgspec.UNSET
    items: Items | msgspec.UnsetType = msgspec.UNSET
    pause_collection: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET


class Change(msgspec.Struct, frozen=True):
    """An event of a subscription: `type` without `customer.subscription.`."""

    at: int
    type: str
    subscription: Subscription
    before: Before = Before()


class Line(msgspec.Struct, frozen=True):
    """A line of an invoice; a proration is for the rest of a period."""

    amount: int = 0
    price: Price | None = None
    quantity: int | None = None
    proration: bool | None = None


class Lines(msgspec.Struct, frozen=True):
    """The first lines of an invoice; `has_more` when there are others."""

    data: tuple[Line, ...] = ()
    has_more: bool = False


class Transitions(msgspec.Struct, frozen=True):
    """When an invoice changed its status."""

    paid_at: int | None = None


class SubscriptionDetails(msgspec.Struct, frozen=True):
    """Where versions since 2025 say which subscription an invoice is of."""

    subscription: Reference = None


class Parent(msgspec.Struct, frozen=True):
    """What made an invoice."""

    subscription_details: SubscriptionDetails | None = None


class Invoice(msgspec.Struct, frozen=True):
    """An invoice with its lines."""

    id: str
    created: int
    currency: str
    amount_paid: int = 0
    status: str | None = None
    customer: Reference = None
    customer_email: str | None = None
    number: str | None = None
    description: str | None = None
    billing_reason: str | None = None
    hosted_invoice_url: str | None = None
    status_transitions: Transitions = Transitions()
    lines: Lines = Lines()
    subscription: Subscription | str | None = None
    parent: Parent | None = None

    @property
    def subscription_id(self) -> str | None:
        if self.subscription is None and self.parent is not None and self.parent.subscription_details is not None:
            return id_of(self.parent.subscription_details.subscription)
        return id_of(self.subscription)


class BillingDetails(msgspec.Struct, frozen=True):
    """Who paid, as they said at the checkout."""

    email: str | None = None
    name: str | None = None
    phone: str | None = None


class Charge(msgspec.Struct, frozen=True):
    """An attempt to take money; with `invoice` it is the payment of one."""

    id: str
    created: int
    amount: int
    currency: str
    status: str
    paid: bool = False
    captured: bool = True
    amount_captured: int | None = None
    customer: Reference = None
    description: str | None = None
    receipt_email: str | None = None
    receipt_url: str | None = None
    billing_details: BillingDetails | None = None
    failure_code: str | None = None
    failure_message: str | None = None
    invoice: Invoice | str | None = None
    metadata: dict[str, str] | None = None


class Refund(msgspec.Struct, frozen=True):
    """Money given back, of the charge it names."""

    id: str
    created: int
    amount: int
    currency: str
    status: str | None = None
    reason: str | None = None
    charge: Charge | str | None = None


class Changed(msgspec.Struct, frozen=True):
    """The object of an event as it was then, and what of it was otherwise before."""

    object: msgspec.Raw
    previous_attributes: msgspec.Raw = msgspec.Raw(b"{}")


class Event(msgspec.Struct, frozen=True):
    """Something that happened in the account."""

    id: str
    created: int
    type: str
    data: Changed


class Listed(msgspec.Struct, frozen=True):
    """A page of a list; each object is decoded on its own."""

    data: list[msgspec.Raw]
    has_more: bool


def id_of(reference: Thing | Invoice | Charge | Subscription | str | None) -> str | None:
    """The id of what a field points to, expanded or not."""
    return reference if reference is None or isinstance(reference, str) else reference.id


def money(amount: int | float, currency: str) -> float:
    """An amount in the smallest unit as one in the currency itself."""
    code = currency.upper()
    digits = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    return round(float(amount) / float(10**digits), 6)


def moment(seconds: int) -> datetime:
    """Stripe's Unix time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


class Stripe:
    """A reader of one account. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        key: str,
        *,
        account: str | None = None,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/",
            headers={
                "Authorization": f"Bearer {key}",
                "Stripe-Version": VERSION,
                **({"Stripe-Account": account} if account else {}),
            },
            secrets=[key],
            timeout=timeout,
            transport=transport,
            patience=patience,
        )

    async def listed(self, path: str, params: Mapping[str, Any]) -> Listed:
        """A page of a list, newest first, at most A_PAGE objects unless `params` say `limit`."""
        return await self._client.json("GET", path, Listed, params={"limit": A_PAGE, **params})

    async def one(self, path: str, kind: type[T], params: Mapping[str, Any]) -> T:
        """One object; SourceNotFound when it is gone."""
        return await self._client.json("GET", path, kind, params=params)

    async def events(self, types: Sequence[str], params: Mapping[str, Any]) -> tuple[list[Event], bool]:
        """A page of events of these types, newest first, and whether there are more."""
        page = await self._client.json("GET", "v1/events", Listed, params={"limit": A_PAGE, "types[]": types, **params})
        try:
            return [msgspec.json.decode(raw, type=Event) for raw in page.data], page.has_more
        except msgspec.DecodeError as error:
            raise SourceError(
                f"[{self.source}] an event of /v1/events is not as Stripe describes it: {error}."
            ) from None

    async def now(self) -> int:
        """The moment by Stripe's clock, by ours where it does not say; raises SourceRefused without `Events`."""
        answer = await self._client.request("GET", "v1/events", params={"limit": 1})
        try:
            return int(parsedate_to_datetime(answer.headers["date"]).timestamp())
        except (KeyError, ValueError):
            return int(datetime.now(UTC).timestamp())

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

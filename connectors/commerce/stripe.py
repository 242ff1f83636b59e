"""Stripe as billing: customers as persons; subscriptions, paid invoices, payments and refunds as interactions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.chosen_streams import chosen_streams
from connectors.commerce import stripe_customers, stripe_payments, stripe_subscriptions
from connectors.commerce.stripe_api import Change, Charge, Customer, Invoice, Refund, Stripe, Subscription
from connectors.commerce.stripe_customers import GoneCustomer, map_customer
from connectors.commerce.stripe_payments import map_charge, map_invoice, map_refund
from connectors.commerce.stripe_reading import Plan, read_stream
from connectors.commerce.stripe_subscriptions import map_subscription
from connectors.commerce.stripe_webhooks import event_of
from connectors.errors import SourceRefused
from connectors.hookspecs import (
    CheckReport,
    Deletions,
    Page,
    RawProblem,
    State,
    Stream,
    StreamKind,
    WebhookRequest,
    hookimpl,
)
from connectors.http import Patience
from connectors.records import Record
from connectors.vendor import VendorConnector, asked_for_a_push

C360_API = ">=1,<2"

CUSTOMERS = Stream(
    name="customers",
    kind=StreamKind.PERSONS,
    cursor_field="event.created",
    deletions=Deletions.TOMBSTONES,
    fields=("name", "email", "phone", "address", "preferred_locales", "metadata"),
)
SUBSCRIPTIONS = Stream(
    name="subscriptions",
    kind=StreamKind.INTERACTIONS,
    cursor_field="event.created",
    fields=("customer", "status", "items", "trial_end", "pause_collection", "cancellation_details", "metadata"),
)
INVOICES = Stream(
    name="invoices",
    kind=StreamKind.INTERACTIONS,
    cursor_field="event.created",
    fields=("customer", "amount_paid", "currency", "billing_reason", "subscription"),
)
CHARGES = Stream(
    name="charges",
    kind=StreamKind.INTERACTIONS,
    cursor_field="event.created",
    fields=("customer", "amount", "currency", "status", "failure_code", "invoice", "metadata"),
)
REFUNDS = Stream(
    name="refunds",
    kind=StreamKind.INTERACTIONS,
    cursor_field="event.created",
    fields=("charge", "amount", "currency", "reason", "status"),
)
PLANS: dict[str, tuple[Stream, Plan, str]] = {
    "customers": (CUSTOMERS, stripe_customers.PLAN, "Customers"),
    "subscriptions": (SUBSCRIPTIONS, stripe_subscriptions.PLAN, "Subscriptions and Invoices"),
    "invoices": (INVOICES, stripe_payments.INVOICES, "Invoices"),
    "charges": (CHARGES, stripe_payments.CHARGES, "Charges and Invoices"),
    "refunds": (REFUNDS, stripe_payments.REFUNDS, "Charges and Refunds"),
}
"""By stream: what it is, how it is read, and what the key must be allowed to read."""

StripeRaw = Customer | GoneCustomer | Subscription | Change | Invoice | Charge | Refund


class StripeConfig(BaseModel):
    """Who reads, and what."""

    model_config = ConfigDict(extra="forbid")

    api_key: SecretStr = Field(description="a restricted key (rk_live_…) that may read what the streams need")
    account: str | None = Field(default=None, description="a connected account (acct_…), for platforms")
    webhook_secret: SecretStr | None = Field(default=None, description="signing secret of the endpoint, whsec_…")
    base_url: str = Field(default="https://api.stripe.com", description="address of the API")
    streams: tuple[str, ...] | None = Field(default=None, description="only these streams; all by default")
    external_ids: dict[str, str] = Field(
        default_factory=dict, description='metadata of customers that hold ids of other systems: { shop = "shop_id" }'
    )
    overlap_seconds: int = Field(
        default=300, ge=0, description="how far before the last event an incremental read starts again"
    )
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")

    @field_validator("api_key")
    @classmethod
    def _may_read(cls, key: SecretStr) -> SecretStr:
        if key.get_secret_value().startswith("pk_"):
            raise ValueError("give a restricted key, rk_live_… (a publishable key, pk_…, may read nothing)")
        return key


class StripeConnector(VendorConnector):
    """Reads one Stripe account."""

    Config: ClassVar[type[BaseModel]] = StripeConfig

    def __init__(
        self,
        name: str,
        config: StripeConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._streams = chosen_streams(name, tuple(stream for stream, _, _ in PLANS.values()), config.streams)
        self._stripe = Stripe(
            name,
            config.base_url,
            config.api_key.get_secret_value(),
            account=config.account,
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, self._streams, self._stripe)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether the key may read events and the lists of the chosen streams; a refusal names what it lacks."""
        lacking: list[str] = []
        await self._may(lacking, "Events", self._stripe.now())
        for stream in self._streams:
            _, plan, needs = PLANS[stream.name]
            for listing in plan.lists:
                params = {**dict(listing.params), "limit": 1}
                allowed = await self._may(lacking, needs, self._stripe.listed(listing.path, params))
                details[listing.path.removeprefix("v1/")] = "readable" if allowed else "refused"
        if lacking:
            return CheckReport(
                False,
                f"[{self.name}] Stripe does not let this key read {', '.join(dict.fromkeys(lacking))}. Give it Read "
                f"for these in the Dashboard (Developers, API keys), or leave streams out: streams = [...].",
                details,
            )
        return CheckReport(True, f"Stripe answers; {len(self._streams)} streams can be read.", details)

    async def _may(self, lacking: list[str], what: str, reading: Any) -> bool:
        try:
            await reading
        except SourceRefused as error:
            if error.status != 403:
                raise
            lacking.append(what)
            return False
        return True

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read; one of more than thirty days ago is a whole reading."""
        return {"since": int(moment.timestamp())}

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of Stripe's objects; deleted customers come as `GoneCustomer`, events of subscriptions as `Change`."""
        _, plan, _ = PLANS[stream.name]
        async for page in read_stream(self._stripe, plan, state, self._config.overlap_seconds):
            yield page

    def map(self, stream: Stream, raw: StripeRaw) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Customer | GoneCustomer):
            return map_customer(self.name, stream.name, self._config.external_ids, raw)
        if stream.name == SUBSCRIPTIONS.name and isinstance(raw, Subscription | Change | Invoice):
            return map_subscription(self.name, stream.name, CUSTOMERS.name, raw)
        if isinstance(raw, Invoice):
            return map_invoice(self.name, stream.name, CUSTOMERS.name, raw)
        if isinstance(raw, Charge):
            return map_charge(self.name, stream.name, CUSTOMERS.name, raw)
        if isinstance(raw, Refund):
            return map_refund(self.name, stream.name, CUSTOMERS.name, raw)
        raise TypeError(f"{type(raw).__name__} is nothing of {stream.name}")

    async def webhook(self, request: WebhookRequest) -> Sequence[Record | RawProblem]:
        """The records of one event: the same ids as when it is read. A customer is read anew, as pushes may overtake
        each other.

        Raises SourceRefused for a wrong signature, RecordError for a body of something else, SourceUnavailable when
        Stripe cannot be asked now.
        """
        event = event_of(self.name, request, self._secret(self._config.webhook_secret))
        records: list[Record | RawProblem] = []
        with asked_for_a_push():
            for stream in self._streams:
                _, plan, _ = PLANS[stream.name]
                if event.type in plan.events:
                    raws, problems = await plan.take(self._stripe, [event])
                    records += problems
                    for raw in raws:
                        now = await self._as_it_is(raw) if isinstance(raw, Customer) else raw
                        records += self.map(stream, now)
        return records

    async def _as_it_is(self, customer: Customer) -> Customer | GoneCustomer:
        now = await self._stripe.one(f"v1/customers/{customer.id}", Customer, {})
        return GoneCustomer(now.id, await self._stripe.now()) if now.deleted else now


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `stripe`."""
    registry.add("stripe", StripeConnector)

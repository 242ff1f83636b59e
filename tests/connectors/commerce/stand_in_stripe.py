"""A Stripe account of a few customers, for the contract suite."""

from __future__ import annotations

from typing import Any

import httpx
from pydantic import SecretStr

from connectors.commerce.stripe import StripeConfig, StripeConnector
from tests.connectors.commerce.fake_stripe import DAY, KEY, NOW, FakeStripe, items, lines
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor


class StripeStandIn:
    """Ten customers who subscribe, buy, fail to pay and are refunded; a change moves the clock by a minute."""

    def __init__(self) -> None:
        self._stripe = stripe = FakeStripe()
        stripe.a_page = 3
        for number in range(1, 11):
            stripe.customer(number, created=NOW - (90 - number) * DAY, phone="+46701740605", metadata={"tier": "gold"})
        for number in range(1, 8):
            begun = NOW - (80 - number) * DAY
            subscription = stripe.subscription(number, f"cus_{number:05}", start_date=begun)
            stripe.invoice(
                number,
                f"cus_{number:05}",
                created=begun,
                subscription=subscription["id"],
                billing_reason="subscription_create",
                lines=lines(4000),
            )
            stripe.charge(number, f"cus_{number:05}", created=begun, invoice=f"in_{number:05}")
        stripe.charge(20, None, created=NOW - 5 * DAY, receipt_email="guest@post.example")
        stripe.charge(21, "cus_00003", created=NOW - 4 * DAY, status="failed", paid=False, failure_code="card_declined")
        for number in range(1, 8):
            stripe.refund(number, f"ch_{number:05}", created=NOW - 3 * DAY + number)
        self._tick()
        stripe.customer(2, created=NOW - 88 * DAY, event=True, name="Customer two")
        changed = stripe.rows["subscriptions"]["sub_00001"]
        before = {"items": changed["items"]}
        stripe.charge(22, "cus_00004", event=True)
        stripe.refund(22, "ch_00022", event=True)
        stripe.put("subscriptions", {**changed, "items": items(9000)}, "customer.subscription.updated", before)
        self._tick()

    def answer(self, request: httpx.Request) -> httpx.Response:
        return self._stripe.answer(request)

    def change(self) -> str:
        self._tick()
        row = self._stripe.rows["customers"]["cus_00005"]
        self._stripe.put("customers", {**row, "email": f"{self._stripe.clock}@post.example"}, "customer.updated")
        number = len(self._stripe.rows["charges"]) + 100
        self._stripe.charge(number, row["id"], event=True)
        self._stripe.refund(number, f"ch_{number:05}", event=True)
        return "cus_00005"

    def delete(self) -> str:
        self._tick()
        newest = max(self._stripe.rows["customers"])
        self._stripe.event("customer.deleted", self._stripe.rows["customers"].pop(newest))
        return newest

    def many(self, count: int) -> set[str]:
        self._tick()
        return {self._stripe.customer(1000 + number, event=True)["id"] for number in range(count)}

    def _tick(self) -> None:
        self._stripe.clock += 60


def expandable(document: Any) -> None:
    """The description has only the ids of these; `expand[]` puts the objects in their place."""
    schemas = document["components"]["schemas"]
    for holder, field, whole in (
        ("Invoice", "subscription", "Subscription"),
        ("Charge", "invoice", "Invoice"),
        ("Refund", "charge", "Charge"),
    ):
        told = schemas[holder]["properties"]
        told[field] = {"anyOf": [told[field], {"$ref": f"#/components/schemas/{whole}"}]}


VENDOR = Vendor(
    name="stripe",
    stand_in=StripeStandIn,
    connector=lambda transport, patience: StripeConnector(
        "stripe", StripeConfig(api_key=SecretStr(KEY)), transport=transport, patience=patience
    ),
    secrets=(KEY,),
    stream="customers",
    requests="GET /v1/customers",
    changing=("data", "has_more", "data.0.id", "data.0.created", "data.0.email", "data.0.metadata", "data.0.address"),
    ids=frozenset({"id", "customer", "charge", "invoice", "subscription"}),
    description=lambda: described_by("stripe", mend=expandable),
    check_says={"403": ("does not let this key read Events, Customers", "Give it Read")},
    not_described={
        "GET /v1/events": "what changed is told there alone",
        "GET /v1/charges?expand[]": "the invoice that a charge pays",
        "GET /v1/charges/{id}?expand[]": "the same of one charge",
        "GET /v1/invoices#.data[].lines.data[].type": "a line is of a subscription or by itself",
        "GET /v1/invoices#.data[].lines.data[].price": "what a line costs, and how often",
        "GET /v1/invoices?expand[]": "the subscription of an invoice",
        "GET /v1/refunds?expand[]": "the charge that a refund is of",
    },
)

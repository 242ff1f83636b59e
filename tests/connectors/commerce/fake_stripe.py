"""Stripe's wire: lists newest first, events of thirty days, a page of a hundred, restricted keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import httpx

Row = dict[str, Any]

KEY = "rk_test_s3cret"
NOW = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp())
DAY = 86_400
LISTS = {
    "customers": "customer",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "charges": "charge",
    "refunds": "refund",
}


class FakeStripe:
    """An account. `put` makes or changes an object, with or without its event; `clock` is Stripe's time, `a_page` how
    many of few objects a page has.

    `refuse` may answer a request itself; `forbidden` are lists that the key may not read; `asked` are all requests.
    """

    def __init__(self) -> None:
        self.clock = NOW
        self.rows: dict[str, dict[str, Row]] = {name: {} for name in LISTS}
        self.events: list[Row] = []
        self.refuse: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
        self.forbidden: set[str] = set()
        self.a_page = 100
        self.asked: list[httpx.Request] = []

    @property
    def transport(self) -> httpx.MockTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        return httpx.MockTransport(self.answer)

    def put(self, name: str, row: Row, event: str | None = None, before: Row | None = None) -> Row:
        """Store a row of a list; `event` tells of it, with what was otherwise `before`."""
        self.rows[name][row["id"]] = row
        if event is not None:
            self.event(event, row, before)
        return row

    def event(self, kind: str, row: Row, before: Row | None = None) -> None:
        """Tell of a row as it is now."""
        self.events.append(
            {
                "id": f"evt_{len(self.events) + 1:06}",
                "object": "event",
                "created": self.clock,
                "livemode": False,
                "pending_webhooks": 0,
                "type": kind,
                "api_version": "2024-06-20",
                "data": {"object": json.loads(json.dumps(row)), **({"previous_attributes": before} if before else {})},
            }
        )

    def customer(self, number: int, *, created: int | None = None, event: bool = False, **fields: Any) -> Row:
        """A customer `cus_<number>`."""
        row = {
            "id": f"cus_{number:05}",
            "object": "customer",
            "created": self.clock if created is None else created,
            "livemode": False,
            "name": f"Customer {number}",
            "email": f"c{number}@post.example",
            "phone": None,
            "address": None,
            "metadata": {},
            "preferred_locales": [],
            **fields,
        }
        return self.put("customers", row, "customer.created" if event else None)

    def subscription(self, number: int, customer: str, *, event: bool = False, **fields: Any) -> Row:
        """An active subscription `sub_<number>` of one item, begun now."""
        begun = fields.get("start_date", self.clock)
        row = {
            "id": f"sub_{number:05}",
            "object": "subscription",
            "customer": customer,
            "status": "active",
            "created": begun,
            "start_date": begun,
            "billing_cycle_anchor": begun,
            "current_period_start": begun,
            "current_period_end": begun + 30 * DAY,
            "cancel_at_period_end": False,
            "collection_method": "charge_automatically",
            "automatic_tax": {"enabled": False},
            "currency": "eur",
            "livemode": False,
            "metadata": {},
            "items": items(5000),
            "pause_collection": None,
            **fields,
        }
        return self.put("subscriptions", row, "customer.subscription.created" if event else None)

    def invoice(self, number: int, customer: str, *, event: bool = False, **fields: Any) -> Row:
        """A paid invoice `in_<number>` over 50 EUR."""
        at = fields.get("created", self.clock)
        row = {
            "id": f"in_{number:05}",
            "object": "invoice",
            "customer": customer,
            "created": at,
            "currency": "eur",
            "status": "paid",
            "paid": True,
            "paid_out_of_band": False,
            "livemode": False,
            "amount_due": 5000,
            "amount_paid": 5000,
            "amount_remaining": 0,
            "amount_shipping": 0,
            "subtotal": 5000,
            "total": 5000,
            "starting_balance": 0,
            "attempted": True,
            "attempt_count": 1,
            "automatic_tax": {"enabled": False},
            "collection_method": "charge_automatically",
            "default_tax_rates": [],
            "total_tax_amounts": [],
            "payment_settings": {},
            "period_start": at,
            "period_end": at,
            "pre_payment_credit_notes_amount": 0,
            "post_payment_credit_notes_amount": 0,
            "billing_reason": "manual",
            "number": f"A-{number}",
            "subscription": None,
            "status_transitions": {"paid_at": at + 60, "finalized_at": at},
            "lines": {"object": "list", "has_more": False, "url": "/v1/invoices/lines", "data": []},
            **fields,
        }
        return self.put("invoices", row, "invoice.paid" if event else None)

    def charge(self, number: int, customer: str | None, *, event: bool = False, **fields: Any) -> Row:
        """A payment `ch_<number>` of 20 EUR that succeeded."""
        row = {
            "id": f"ch_{number:05}",
            "object": "charge",
            "customer": customer,
            "created": self.clock,
            "amount": 2000,
            "amount_captured": 2000,
            "amount_refunded": 0,
            "currency": "eur",
            "status": "succeeded",
            "paid": True,
            "captured": True,
            "refunded": False,
            "disputed": False,
            "livemode": False,
            "metadata": {},
            "billing_details": {"email": None, "name": None, "phone": None, "address": None},
            "description": f"Order {number}",
            "invoice": None,
            **fields,
        }
        failed = row["status"] == "failed"
        return self.put("charges", row, ("charge.failed" if failed else "charge.succeeded") if event else None)

    def refund(self, number: int, charge: str, *, event: bool = False, **fields: Any) -> Row:
        """A refund `re_<number>` of 5 EUR."""
        row = {
            "id": f"re_{number:05}",
            "object": "refund",
            "charge": charge,
            "created": self.clock,
            "amount": 500,
            "currency": "eur",
            "status": "succeeded",
            "reason": "requested_by_customer",
            "metadata": {},
            **fields,
        }
        return self.put("refunds", row, "refund.created" if event else None)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        refused = self.refuse(request)
        if refused is not None:
            return refused
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, f"Invalid API Key provided: {request.headers.get('Authorization', '')[7:]}")
        _, _, name, *rest = request.url.path.split("/")
        query = parse_qs(request.url.query.decode())
        if name == "subscription_items":
            every = self.rows["subscriptions"][query["subscription"][0]]["every_item"]
            return self._said({"object": "list", "url": "/v1/subscription_items", "has_more": False, "data": every})
        if name in self.forbidden:
            return _error(403, f"The provided key does not have the required permissions for this endpoint: {name}")
        if rest:
            row = self.rows[name].get(rest[0])
            return self._said(_expanded(self, row, query)) if row else _error(404, f"No such {name}: {rest[0]}")
        rows = self._listed(name, query)
        return self._said(rows) if isinstance(rows, dict) else rows

    def _listed(self, name: str, query: dict[str, list[str]]) -> Row | httpx.Response:
        if name == "events":
            kept = [event for event in self.events if event["created"] >= self.clock - 30 * DAY]
            rows = [event for event in kept if event["type"] in query.get("types[]", [event["type"]])][::-1]
        else:
            rows = sorted(self.rows[name].values(), key=lambda row: (row["created"], row["id"]), reverse=True)
        for field in ("status", "charge"):
            if query.get(field, ["all"]) != ["all"]:
                rows = [row for row in rows if row[field] == query[field][0]]
        tests: dict[str, Callable[[int, int], bool]] = {
            "created[lt]": int.__lt__,
            "created[lte]": int.__le__,
            "created[gte]": int.__ge__,
        }
        for key, test in tests.items():
            if key in query:
                rows = [row for row in rows if test(row["created"], int(query[key][0]))]
        # Few rows come in small pages, so that every reading has some.
        limit = min(int(query.get("limit", ["10"])[0]), self.a_page if len(rows) < 100 else 100)
        ids = [row["id"] for row in rows]
        start, more = 0, len(rows) > limit
        for cursor in ("starting_after", "ending_before"):
            if cursor in query and query[cursor][0] not in ids:
                return _error(400, f"No such object: '{query[cursor][0]}'")
        if "starting_after" in query:
            start = ids.index(query["starting_after"][0]) + 1
            more = len(rows) > start + limit
        elif "ending_before" in query:
            end = ids.index(query["ending_before"][0])
            start, more = max(0, end - limit), end > limit
            limit = min(limit, end)
        page = [_expanded(self, row, query) for row in rows[start : start + limit]]
        return {"object": "list", "url": f"/v1/{name}", "has_more": more, "data": page}

    def _said(self, body: Row) -> httpx.Response:
        date = format_datetime(datetime.fromtimestamp(self.clock, UTC), usegmt=True)
        return httpx.Response(200, json=body, headers={"Date": date})


def items(amount: int | None, *, quantity: int = 1, interval: str = "month", count: int = 1, **price: Any) -> Row:
    """The list of one item of a subscription."""
    return {
        "object": "list",
        "has_more": False,
        "url": "/v1/subscription_items",
        "data": [item(amount, quantity, interval, count, **price)],
    }


def item(amount: int | None, quantity: int, interval: str, count: int, **price: Any) -> Row:
    """An item with its price."""
    recurring = {"interval": interval, "interval_count": count, "usage_type": "licensed"}
    return {
        "id": "si_1",
        "object": "subscription_item",
        "created": NOW,
        "metadata": {},
        "subscription": "sub_1",
        "tax_rates": [],
        "billing_thresholds": None,
        "quantity": quantity,
        "price": a_price(amount, **{"recurring": recurring, **price}),
    }


def a_price(amount: int | None, *, recurring: Row | None, **fields: Any) -> Row:
    """A price in EUR."""
    return {
        "id": "price_1",
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": NOW,
        "currency": "eur",
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": "Team",
        "product": "prod_1",
        "recurring": recurring,
        "tax_behavior": "unspecified",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": None if amount is None else str(amount),
        **fields,
    }


def lines(amount: int, *, proration: bool = False, quantity: int = 1) -> Row:
    """The lines of an invoice: one for a month's price."""
    recurring = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
    row = {
        "id": "il_1",
        "object": "line_item",
        "amount": amount * quantity,
        "currency": "eur",
        "discountable": True,
        "livemode": False,
        "metadata": {},
        "period": {"start": NOW, "end": NOW + 30 * DAY},
        "proration": proration,
        "quantity": quantity,
        "type": "subscription",
        "price": a_price(amount, recurring=recurring),
    }
    return {"object": "list", "has_more": False, "url": "/v1/invoices/lines", "data": [row]}


def _expanded(fake: FakeStripe, row: Row, query: dict[str, list[str]]) -> Row:
    expanded = dict(row)
    for path in query.get("expand[]", []):
        field = path.removeprefix("data.")
        inner = row.get(field)
        if isinstance(inner, str):
            expanded[field] = fake.rows[f"{field}s"][inner]
    return expanded


def _error(status: int, message: str) -> httpx.Response:
    code = {"code": "resource_missing"} if message.startswith("No such") else {}
    return httpx.Response(status, json={"error": {**code, "message": message, "type": "invalid_request_error"}})

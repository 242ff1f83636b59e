"""A shop of Shopify: lists by id or by update, a bucket, tokens; ten customers and their orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.commerce.shopify import ShopifyConfig, ShopifyConnector
from tests.connectors.contract.descriptions import described_by
from tests.connectors.contract.vendors import Vendor

Row = dict[str, Any]

TOKEN = "shpat_s3cret-token"
BEGIN = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


class ShopifyStandIn:
    """Its clock moves a minute with each change; `tokens` may read, `scopes` are what they may do."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.tokens = {TOKEN}
        self.secret = "shpss_s3cret-of-app"
        self.scopes = ["read_all_orders", "read_customers", "write_orders"]
        self.rows: dict[str, dict[int, Row]] = {"customers": {}, "orders": {}}
        self.asked: list[httpx.Request] = []
        for number in range(1, 11):
            self.customer(number)
            self.order(5000 + number, number)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path == "/admin/oauth/access_token":
            return self._token(request)
        if request.headers.get("x-shopify-access-token") not in self.tokens:
            return self._said({"errors": "[API] Invalid API key or access token (unrecognized login)"}, 401)
        if request.url.path == "/admin/oauth/access_scopes.json":
            return self._said({"access_scopes": [{"handle": scope} for scope in self.scopes]})
        name = request.url.path.removeprefix("/admin/api/2026-07/").removesuffix(".json")
        if name.startswith("orders/"):
            return self._said({"order": self.rows["orders"][int(name.removeprefix("orders/"))]})
        if name == "shop":
            return self._said({"shop": {"id": 1, "name": "Acme", "currency": "EUR"}})
        return self._said({name: self._listed(name, request.url.params)})

    def customer(self, number: int, **fields: Any) -> Row:
        """A new customer, or what changes of one."""
        old = self.rows["customers"].get(number)
        new = {
            "id": number,
            "email": f"c{number}@post.example",
            "first_name": "Cleo",
            "last_name": f"Varga{number}",
            "verified_email": True,
            "state": "enabled",
            "tags": "",
            "phone": None,
            "default_address": None,
            "email_marketing_consent": None,
            "sms_marketing_consent": None,
            "created_at": self._moment(),
        }
        return self._put("customers", number, {**(old or new), **fields})

    def order(self, number: int, whose: int, **fields: Any) -> Row:
        """A new order over 100 EUR, or what changes of one."""
        old = self.rows["orders"].get(number)
        new = {
            "id": number,
            "name": f"#{number}",
            "email": f"c{whose}@post.example",
            "phone": None,
            "customer": {"id": whose},
            "created_at": self._moment(),
            "processed_at": self._moment(),
            "currency": "EUR",
            "total_price": "100.00",
            "financial_status": "paid",
            "source_name": "web",
            "cancelled_at": None,
            "cancel_reason": None,
            "line_items": [{"id": 1, "title": "Teapot", "quantity": 2}],
            "refunds": [],
            "test": False,
        }
        return self._put("orders", number, {**(old or new), **fields})

    def refund(self, number: int, amount: str, *, currency: str = "EUR", **fields: Any) -> Row:
        """A refund as an order has it."""
        transaction = {"id": 1, "kind": "refund", "status": "success", "amount": amount, "currency": currency}
        return {"id": number, "created_at": self._moment(), "note": None, "transactions": [transaction], **fields}

    def change(self) -> str:
        self.customer(5, email=f"{self.now.hour}-{self.now.minute}@post.example")
        return "5"

    def delete(self) -> str:
        self.now += timedelta(minutes=1)
        first = min(self.rows["customers"])
        del self.rows["customers"][first]
        return str(first)

    def many(self, count: int) -> set[str]:
        moment = self.now
        for number in range(1000, 1000 + count):
            self.now = moment
            self.customer(number)
        return {str(number) for number in range(1000, 1000 + count)}

    def _put(self, name: str, number: int, row: Row) -> Row:
        self.rows[name][number] = {**row, "updated_at": self._moment()}
        self.now += timedelta(minutes=1)
        return self.rows[name][number]

    def _listed(self, name: str, asked: httpx.QueryParams) -> list[Row]:
        after, since = int(asked.get("since_id", 0)), asked.get("updated_at_min", "")
        found = [row for number, row in sorted(self.rows[name].items()) if number > after]
        found = [row for row in found if row["updated_at"] >= since]
        if name == "orders" and asked.get("status") != "any":
            found = [row for row in found if row["cancelled_at"] is None]
        return found[: min(int(asked.get("limit", 50)), 4 if len(found) < 100 else 250)]

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = httpx.QueryParams(request.content.decode())
        if form.get("grant_type") != "client_credentials" or form.get("client_secret") != self.secret:
            return self._said({"error": "invalid_client"}, 400)
        token = f"shpat_for-a-day-{len(self.tokens)}"
        self.tokens.add(token)
        return self._said({"access_token": token, "scope": ",".join(self.scopes), "expires_in": 86399})

    def _moment(self) -> str:
        return self.now.isoformat()

    def _said(self, body: Row, status: int = 200) -> httpx.Response:
        headers = {"Date": format_datetime(self.now, usegmt=True), "X-Shopify-Shop-Api-Call-Limit": "1/40"}
        return httpx.Response(status, json=body, headers=headers)


VENDOR = Vendor(
    name="shopify",
    stand_in=ShopifyStandIn,
    connector=lambda transport, patience: ShopifyConnector(
        "shopify",
        ShopifyConfig(shop="acme", access_token=SecretStr(TOKEN), days_between_listings=0),
        transport=transport,
        patience=patience,
    ),
    secrets=(TOKEN,),
    stream="customers",
    requests="GET /admin/api/2026-07/customers.json",
    changing=("customers", "customers.0.id", "customers.0.email", "customers.0.updated_at", "customers.0.tags"),
    ids=frozenset({"id"}),
    description=lambda: described_by("shopify"),
    not_described={
        "GET /admin/oauth/access_scopes.json": "what the token may read is told there alone",
        "GET /customers.json?fields": "a listing of all ids",
    },
)

"""Pushes as a sender makes them: signed, and with the headers of their mode."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.hookspecs import WebhookRequest
from connectors.signatures import signature

KEY = b"k" * 32
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

MAPPED = """
[[shop.events]]
type = "order.*"
kind = "interactions"
[shop.events.mapping]
kind = "type"
occurred_at = "time"
email = "data.customer.email"
function = { value = "sales" }
channel = { value = "web" }
direction = { value = "inbound" }
order = "data.no"
amount = "data.total"
[[shop.events]]
type = "customer.*"
kind = "persons"
stream = "customers"
partial = true
[shop.events.mapping]
id = "data.id"
email = "data.email"
full_name = "data.name"
job_title = "data.title"
updated_at = "time"
"""
TOML = f'[shop]\nconnector = "webhook"\nsecret = "{SECRET}"\n' + MAPPED


def order(id: str = "e1", **data: Any) -> dict[str, Any]:
    """A CloudEvent of an order."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/shop",
        "type": "order.placed",
        "time": "2026-02-01T10:00:00Z",
        "data": {"no": "A-1", "total": 25.5, "customer": {"email": "ada@byron.test"}, "items": [1, 2], **data},
    }


def customer(id: str, at: str = "2026-02-01T09:00:00Z", **data: Any) -> dict[str, Any]:
    """A CloudEvent of what changed of customer 7."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/shop",
        "type": "customer.changed",
        "time": at,
        "data": {"id": 7, **data},
    }


def signed(body: bytes, *, at: datetime = NOW, id: str = "msg_1", key: bytes = KEY) -> dict[str, str]:
    """The headers of Standard Webhooks."""
    stamp = int(at.timestamp())
    return {
        "webhook-id": id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(key, id, stamp, body),
    }


def structured(events: Any, *, at: datetime = NOW) -> tuple[dict[str, str], bytes]:
    """One event, or a batch of a list of them, with the headers."""
    body = json.dumps(events).encode()
    kind = "application/cloudevents-batch+json" if isinstance(events, list) else "application/cloudevents+json"
    return {"content-type": f"{kind}; charset=utf-8", **signed(body, at=at)}, body


def binary(event: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
    """The event's attributes in headers, its data as the body."""
    body = json.dumps(event["data"]).encode()
    attributes = {f"ce-{name}": str(value) for name, value in event.items() if name != "data"}
    return {"content-type": "application/json", **attributes, **signed(body)}, body


def request(headers: Mapping[str, str], body: bytes, at: datetime = NOW) -> WebhookRequest:
    return WebhookRequest(headers, body, at)


def by_segment(call: Any, secret: str) -> tuple[dict[str, str], bytes]:
    """A call, or a batch, signed as Segment signs."""
    body = json.dumps(call).encode()
    return {
        "content-type": "application/json",
        "x-signature": hmac.new(secret.encode(), body, hashlib.sha1).hexdigest(),
    }, body

"""CloudEvents 1.0 over HTTP: structured, binary and batched, as JSON; and the plain body of Standard Webhooks.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from connectors.errors import RecordError
from connectors.hookspecs import WebhookRequest

REQUIRED = ("id", "source", "type", "specversion")
ENVELOPE = frozenset({*REQUIRED, "time", "datacontenttype", "dataschema"})
"""Attributes of an event that are not data; an extension attribute is."""

Event = dict[str, Any]
"""The event's attributes by name, `data` among them."""


def events_of(request: WebhookRequest, source: str) -> list[Event]:
    """The events of a push; RecordError when it is none of what CloudEvents knows.

    `source` stands for the attribute of that name in a plain body, which has none.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        batch = _json(request.body)
        if not isinstance(batch, list):
            raise RecordError("A batch of CloudEvents is a JSON array.")
        return [_checked(event) for event in batch]
    if kind == "application/cloudevents+json":
        return [_checked(_json(request.body))]
    if kind.startswith("application/cloudevents"):
        raise RecordError(f"CloudEvents come as JSON here, not as {kind[:60]}.")
    if "ce-specversion" in request.headers:
        return [_binary(request, kind)]
    return [_plain(request, source)]


def _checked(given: Any) -> Event:
    if not isinstance(given, dict):
        raise RecordError("A CloudEvent is a JSON object.")
    event: Event = given
    missing = [name for name in REQUIRED if not isinstance(event.get(name), str) or not event[name]]
    if missing:
        raise RecordError(f"A CloudEvent has no {', '.join(missing)}.")
    if not event["specversion"].startswith("1."):
        raise RecordError(f"CloudEvents {event['specversion'][:20]!r} is another version; 1.0 is taken.")
    if "data_base64" in event:
        try:
            data = base64.b64decode(event["data_base64"], validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise RecordError("data_base64 of a CloudEvent is no base64.") from None
        event = {**{name: value for name, value in event.items() if name != "data_base64"}, "data": _json(data)}
    return event


def _binary(request: WebhookRequest, kind: str) -> Event:
    """Attributes in headers, the body is the data."""
    event: Event = {
        name.removeprefix("ce-"): unquote(value) for name, value in request.headers.items() if name.startswith("ce-")
    }
    if request.body:
        if kind not in ("", "application/json") and not kind.endswith("+json"):
            raise RecordError(f"The data of a CloudEvent come as JSON here, not as {kind[:60]}.")
        event["data"] = _json(request.body)
    return _checked(event)


def _plain(request: WebhookRequest, source: str) -> Event:
    """`{"type": …, "timestamp": …, "data": …}`; the header webhook-id is the event's id."""
    body = _json(request.body)
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise RecordError(
            'Send a CloudEvent (Content-Type: application/cloudevents+json), or {"type": …, "timestamp": …, "data": …}.'
        )
    id = request.headers.get("webhook-id") or body.get("id")
    event: Event = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": body["type"],
        "time": body.get("timestamp"),
        "data": body.get("data"),
    }
    return _checked(event)


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RecordError("The body is no JSON.") from None


def name_of(event: Mapping[str, Any]) -> str:
    """What messages call an event: its type and id."""
    return f"event {event['type'][:60]} {event['id'][:60]}"

"""What c360 writes to Zendesk: an alert as a ticket for agents, a customer's id and segments as fields of their users.

Nobody outside is written to: the ticket's requester is the agent whose token it is, its comment is private.
https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#create-ticket
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Protocol

import msgspec

from connectors.errors import SourceNotFound
from connectors.events import AlertRaised, Event, about
from connectors.hookspecs import Concerned
from connectors.records import RecordKey

OURS = "c360"
"""What fields, tags and external ids of ours begin with."""
ID_FIELD = "c360_customer_id"
SEGMENTS_FIELD = "c360_segments"


class _Fields(msgspec.Struct, frozen=True):
    id: int | str
    user_fields: dict[str, Any] | None = None
    updated_at: datetime | None = None


class _User(msgspec.Struct, frozen=True):
    user: _Fields


class _Found(msgspec.Struct, frozen=True):
    tickets: list[msgspec.Raw]


class _Made(msgspec.Struct, frozen=True):
    ticket: msgspec.Raw


class Writes(Protocol):
    """One call of the API that may write."""

    async def call(self, method: str, path: str, kind: Any, **request: Any) -> Any: ...


async def deliver(
    zendesk: Writes, event: Event, concerned: Concerned, users: str
) -> AsyncIterator[tuple[RecordKey, datetime | None]]:
    """Write what follows from the event to the users (records of the stream `users`) of this Zendesk alone.

    Gives each user that was changed, and when.
    """
    ours = [key for key in concerned.records if key.stream == users]
    if not ours:
        return
    if isinstance(event, AlertRaised):
        await _ticket(zendesk, event, concerned, ours)
    elif about(event) in ("customer", "segment"):
        for key in ours:
            async for written in _fields(zendesk, key, concerned):
                yield written


async def _ticket(zendesk: Writes, alert: AlertRaised, concerned: Concerned, users: list[RecordKey]) -> None:
    """One ticket an alert: its external id tells whether it is there, the header what two of us do at one moment."""
    mark = f"{OURS}:{alert.alert_id}"
    found = await zendesk.call("GET", "tickets.json", _Found, params={"external_id": mark})
    if found.tickets:
        return
    lines = [
        f"{alert.rule} ({alert.condition.replace('_', ' ')})",
        f"Owner: {alert.owner or 'nobody yet'}",
        f"Since: {alert.since:%Y-%m-%d %H:%M} UTC",
        f"Due: {alert.due_at:%Y-%m-%d %H:%M} UTC",
        f"Customer: {concerned.link or concerned.id}",
        f"Users: {', '.join(f'/agent/users/{key.id}' for key in users)}",
    ]
    if concerned.segments:
        lines.append(f"Segments: {', '.join(concerned.segments)}")
    ticket = {
        "subject": f"Alert: {alert.rule}",
        "comment": {"body": "\n".join(lines), "public": False},
        "external_id": mark,
        "tags": [OURS],
        "type": "task",
    }
    headers = {"Idempotency-Key": alert.id}
    await zendesk.call("POST", "tickets.json", _Made, json={"ticket": ticket}, headers=headers)


async def _fields(
    zendesk: Writes, key: RecordKey, concerned: Concerned
) -> AsyncIterator[tuple[RecordKey, datetime | None]]:
    """What is there already is not written again: each write is a change to Zendesk."""
    wanted = {ID_FIELD: concerned.id, SEGMENTS_FIELD: ", ".join(concerned.segments)}
    path = f"users/{key.id}.json"
    try:
        known = (await zendesk.call("GET", path, _User)).user.user_fields or {}
        if any((known.get(name) or "") != value for name, value in wanted.items()):
            yield key, None
            written: _User = await zendesk.call("PUT", path, _User, json={"user": {"user_fields": wanted}})
            yield key, written.user.updated_at
    except SourceNotFound:
        return  # deleted since it was read, which the next sync says

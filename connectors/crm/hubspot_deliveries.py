"""What c360 writes to HubSpot: an alert as a task of the contact, a customer's id and segments as its properties.

Nobody outside is written to. https://developers.hubspot.com/docs/api-reference/crm-tasks-v3/guide
"""

from __future__ import annotations

import html
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec

from connectors.crm.hubspot_api import HubSpot
from connectors.errors import SourceNotFound
from connectors.events import AlertRaised, Event, about
from connectors.hookspecs import Concerned
from connectors.records import RecordKey

OURS = "c360_"
"""What properties of ours begin with."""
ID_PROPERTY = "c360_customer_id"
SEGMENTS_PROPERTY = "c360_segments"
TASK_TO_CONTACT = 204
"""HubSpot's number of that association."""


class _Matches(msgspec.Struct, frozen=True):
    results: list[msgspec.Raw]


class _Changed(msgspec.Struct, frozen=True, rename="camel"):
    updated_at: datetime


async def deliver(
    hubspot: HubSpot, event: Event, concerned: Concerned, contacts: str
) -> AsyncIterator[tuple[RecordKey, datetime | None]]:
    """Write what follows from the event to the contacts (records of the stream `contacts`) of this account alone.

    Gives each contact before it is changed, and then when it was.
    """
    ours = [key for key in concerned.records if key.stream == contacts]
    if not ours:
        return
    if isinstance(event, AlertRaised):
        await _task(hubspot, event, concerned, ours)
    elif about(event) in ("customer", "segment"):
        async for written in _properties(hubspot, ours, concerned):
            yield written


async def _task(hubspot: HubSpot, alert: AlertRaised, concerned: Concerned, contacts: list[RecordKey]) -> None:
    """One task an alert: its subject ends with the event's id, by which it is found when the event comes again."""
    subject = f"Alert: {alert.rule} ({alert.id})"
    condition = {"propertyName": "hs_task_subject", "operator": "EQ", "value": subject}
    asked = {"filterGroups": [{"filters": [condition]}], "properties": ["hs_task_subject"], "limit": 1}
    found = await hubspot.client.json("POST", "crm/v3/objects/tasks/search", _Matches, json=asked)
    if found.results:
        return
    lines = [
        f"{alert.rule} ({alert.condition.replace('_', ' ')})",
        f"Owner: {alert.owner or 'nobody yet'}",
        f"Since: {alert.since:%Y-%m-%d %H:%M} UTC",
        f"Customer: {concerned.link or concerned.id}",
    ]
    body = "<br>".join(html.escape(line) for line in lines)
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TASK_TO_CONTACT}
    task = {
        "properties": {
            "hs_timestamp": f"{alert.due_at:%Y-%m-%dT%H:%M:%S}Z",
            "hs_task_subject": subject,
            "hs_task_body": body,
            "hs_task_status": "NOT_STARTED",
            "hs_task_type": "TODO",
        },
        "associations": [{"to": {"id": key.id}, "types": [kind]} for key in contacts],
    }
    # A second attempt after a cut connection would make a second task: the next round looks first.
    await hubspot.client.request("POST", "crm/v3/objects/tasks", json=task, retry=False)


async def _properties(
    hubspot: HubSpot, contacts: list[RecordKey], concerned: Concerned
) -> AsyncIterator[tuple[RecordKey, datetime | None]]:
    """What is there already is not written again: each write is a change to HubSpot."""
    wanted: dict[str, Any] = {ID_PROPERTY: concerned.id, SEGMENTS_PROPERTY: ", ".join(concerned.segments)}
    known = await hubspot.by_id("contacts", [key.id for key in contacts], list(wanted))
    for key in contacts:
        said = known[key.id].all_said() if key.id in known else wanted
        if any(said.get(name, "") != value for name, value in wanted.items()):
            path = f"crm/v3/objects/contacts/{key.id}"
            yield key, None
            try:
                changed = await hubspot.client.json("PATCH", path, _Changed, json={"properties": wanted})
            except SourceNotFound:
                continue  # deleted since it was read, which the next sync says
            yield key, changed.updated_at

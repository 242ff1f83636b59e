"""Consent of whom a delivery is about, looked at when it is sent: what a destination may still be told of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from connectors.events import (
    ConsentWithdrawn,
    CustomerMerged,
    CustomerSplit,
    CustomersReset,
    CustomerUpdated,
    Event,
    SegmentLeft,
)
from connectors.records import ConsentStatus
from graph.cypher import cypher
from graph.store.driver import Store

_LETS_GO = (CustomersReset, CustomerMerged, CustomerSplit, SegmentLeft)
"""What says that somebody goes by another id or belongs no more: kept back, others would go on with what they know."""


@dataclass(frozen=True, slots=True)
class NeededConsent:
    """What a customer must have consented to: a channel (a value of `Channel`) and a purpose, as the sources say it."""

    channel: str
    purpose: str


class Standing(StrEnum):
    """How a consent stands now."""

    GRANTED = "granted"
    REFUSED = "refused"
    NOT_SAID = "not said"


async def standing(store: Store, customer: str, needed: NeededConsent) -> Standing:
    """Of whoever answers for this id or former id; nobody has said anything."""
    row = await store.read_one(cypher("writes/read_consents_of"), id=customer)
    statements: list[dict[str, Any]] = msgspec.json.decode(row[0]) if row is not None and row[0] else []
    for said in statements:
        if (said["channel"], said["purpose"]) == (needed.channel, needed.purpose):
            return Standing.GRANTED if said["status"] == ConsentStatus.GRANTED else Standing.REFUSED
    return Standing.NOT_SAID


def allowed(event: Event, standing: Standing, needed: NeededConsent) -> Event | None:
    """What may be told: the event; that consent was withdrawn, where it tells of a change; or nothing."""
    if isinstance(event, ConsentWithdrawn):
        return None if standing is Standing.GRANTED else event  # given again meanwhile
    if standing is Standing.GRANTED or isinstance(event, _LETS_GO):
        return event
    if standing is Standing.REFUSED and isinstance(event, CustomerUpdated):
        return ConsentWithdrawn(
            id=event.id, at=event.at, customer_id=event.customer_id, channel=needed.channel, purpose=needed.purpose
        )
    return None

"""Klaviyo's events as interactions: the metric's name says what happened, the event's properties the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connectors.commerce.purchases import ORDER_EVENTS, order_event
from connectors.errors import RecordError
from connectors.marketing.klaviyo_api import Id, ToOne
from connectors.records import BusinessFunction, Channel, Direction, Interaction, said, utc


class EventAttributes(msgspec.Struct, frozen=True):
    datetime: datetime
    event_properties: dict[str, Any] | None = None


class EventRelationships(msgspec.Struct, frozen=True):
    profile: ToOne | None = None
    metric: ToOne | None = None


class Event(msgspec.Struct, frozen=True):
    """Something that happened to a profile; `metric` and `campaign` are what the account calls them."""

    id: Id
    attributes: EventAttributes
    relationships: EventRelationships | None = None
    metric: str | None = None
    campaign: str | None = None


def happened_at(event: Event) -> datetime:
    """When it happened."""
    return event.attributes.datetime


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a metric means here; `automated`: nobody did it by hand."""

    kind: str
    channel: Channel
    direction: Direction
    automated: bool = False


_IN, _OUT = Direction.INBOUND, Direction.OUTBOUND
MEANINGS: Mapping[str, Meaning] = {
    "Received Email": Meaning("email.delivered", Channel.EMAIL, _OUT, automated=True),
    "Opened Email": Meaning("email.opened", Channel.EMAIL, _IN),
    "Clicked Email": Meaning("email.clicked", Channel.EMAIL, _IN),
    "Bounced Email": Meaning("email.bounced", Channel.EMAIL, _IN, automated=True),
    "Marked Email as Spam": Meaning("email.complained", Channel.EMAIL, _IN),
    "Unsubscribed": Meaning("email.unsubscribed", Channel.EMAIL, _IN),
    "Unsubscribed from Email Marketing": Meaning("email.unsubscribed", Channel.EMAIL, _IN),
    "Dropped Email": Meaning("klaviyo.dropped_email", Channel.EMAIL, _OUT, automated=True),
    "Received SMS": Meaning("sms.delivered", Channel.SMS, _OUT, automated=True),
    "Clicked SMS": Meaning("sms.clicked", Channel.SMS, _IN),
    "Sent SMS": Meaning("conversation.message", Channel.SMS, _IN),
    "Failed to Deliver SMS": Meaning("sms.bounced", Channel.SMS, _IN, automated=True),
    "Unsubscribed from SMS Marketing": Meaning("sms.unsubscribed", Channel.SMS, _IN),
    "Active on Site": Meaning("page.viewed", Channel.WEB, _IN),
    "Viewed Product": Meaning("page.viewed", Channel.WEB, _IN),
    "Submitted Review": Meaning("review.posted", Channel.WEB, _IN),
}
"""Klaviyo's own metrics and those of its shops; another one is kept as `klaviyo.<its name>`."""
ORDERS = {"Placed Order": "placed", "Refunded Order": "refunded", "Cancelled Order": "cancelled"}
MACHINES = {
    "email.opened": ("machine_open", "Machine Open", "Apple Privacy Open"),
    "email.clicked": ("Bot Click", "machine_click"),
}
"""Properties by which Klaviyo tells that a mail programme or scanner did it."""


def map_event(source: str, stream: str, profiles: str, event: Event, own: Mapping[str, str]) -> Iterator[Interaction]:
    """The interaction of an event; `own` says of further metrics which kind they are."""
    person = _person(source, profiles, event)
    name = event.metric or "unknown metric"
    given = event.attributes.event_properties or {}
    at = utc(event.attributes.datetime)
    subject = _text(given.get("Subject")) or _text(given.get("Campaign Name")) or _text(given.get("ProductName"))
    campaign = None if event.campaign is None else f"{source}/{event.campaign}"
    what = ORDERS.get(name) or own.get(name, "").removeprefix("order.")
    if what in ORDER_EVENTS:
        order = _text(given.get("$event_id")) or _text(given.get("OrderId")) or str(event.id)
        yield order_event(
            source,
            stream,
            order,
            what,
            at,
            person,
            part=None if what == "placed" else str(event.id),
            amount=_number(given.get("$value")),
            currency=_text(given.get("$value_currency")) or _text(given.get("Currency")),
            reason=_text(given.get("Reason")),
            campaign=campaign,
            extra=_extra(given),
        )
        return
    meaning = _meaning(name, own)
    machine = any(_is_true(given.get(flag)) for flag in MACHINES.get(meaning.kind, ()))
    yield Interaction(
        source=source,
        stream=stream,
        id=str(event.id),
        kind=meaning.kind,
        occurred_at=at,
        person=person,
        function=BusinessFunction.MARKETING,
        channel=meaning.channel,
        direction=meaning.direction,
        automated=meaning.automated or machine,
        subject=subject,
        text=_text(given.get("Message Body")) if meaning.kind == "conversation.message" else None,
        reason=_text(given.get("Bounce Type")) or _text(given.get("Failure Type")),
        campaign=campaign,
        extra=_extra(given),
    )


def _person(source: str, profiles: str, event: Event) -> str:
    profile = event.relationships.profile if event.relationships else None
    if profile is None or profile.data is None:
        raise RecordError(f"[{source}] event {event.id} names no profile.")
    return f"{source}/{profiles}/{profile.data.id}"


def _meaning(name: str, own: Mapping[str, str]) -> Meaning:
    known = MEANINGS.get(name)
    if name not in own and known is not None:
        return known
    kind = own.get(name) or "klaviyo." + "_".join(name.casefold().replace(".", " ").split())
    words = set(name.casefold().split())
    channels = (("email", Channel.EMAIL), ("sms", Channel.SMS), ("push", Channel.APP))
    channel = next((channel for word, channel in channels if word in words), Channel.WEB)
    return Meaning(kind, channel, _OUT if words & {"received", "fulfilled"} else _IN)


def _extra(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a form or shop wrote in words and numbers; Klaviyo's own `$…` and whole baskets stay out."""
    return {
        name: value
        for name, value in given.items()
        if not name.startswith("$") and isinstance(value, str | int | float | bool) and value != ""
    }


def _is_true(value: Any) -> bool:
    return value is True or str(value).casefold() in ("true", "1")


def _text(value: Any) -> str | None:
    return said(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    try:
        return None if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None

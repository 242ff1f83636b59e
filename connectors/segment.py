"""What Segment's calls say as canonical records: identify, track, page, screen, group and alias.

Traits, properties and semantic events after https://segment.com/docs/connections/spec/. A visitor without a user id is
an anonymous id, whose interactions join the person who is identified with it later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.errors import RecordError
from connectors.exports.json_rows import UTC_ZONE, flat, text_of
from connectors.hookspecs import Partial, RawProblem, Stream, StreamKind
from connectors.moments import parse_day, parse_instant
from connectors.records import (
    Account,
    Address,
    BusinessFunction,
    Channel,
    ConsentStatement,
    ConsentStatus,
    Direction,
    Email,
    Identifiers,
    Interaction,
    Person,
    Phone,
    Record,
    said,
)
from connectors.segment_calls import Call, Id, calls_of

USERS, VISITORS, GROUPS, EVENTS = "users", "visitors", "groups", "events"
STREAMS = (
    Stream(GROUPS, StreamKind.ACCOUNTS, key="groupId"),
    Stream(USERS, StreamKind.PERSONS, key="userId"),
    Stream(VISITORS, StreamKind.PERSONS, key="anonymousId"),
    Stream(EVENTS, StreamKind.INTERACTIONS, key="messageId"),
)

KINDS: Mapping[str, str] = {
    "order completed": "order.placed",
    "order refunded": "order.refunded",
    "order cancelled": "order.cancelled",
    "trial started": "trial.started",
    "signed up": "onboarding.milestone",
    "account created": "onboarding.milestone",
    "form submitted": "form.submitted",
    "email sent": "email.sent",
    "email delivered": "email.delivered",
    "email opened": "email.opened",
    "email link clicked": "email.clicked",
    "email bounced": "email.bounced",
    "email marked as spam": "email.complained",
    "unsubscribed": "email.unsubscribed",
    "invite sent": "referral.made",
}
"""Segment's semantic events; any other event is `feature.used`, with its name as the subject."""

_FUNCTIONS: Mapping[str, BusinessFunction] = {
    "email": BusinessFunction.MARKETING,
    "form": BusinessFunction.MARKETING,
    "page": BusinessFunction.MARKETING,
    "ad": BusinessFunction.MARKETING,
    "event": BusinessFunction.MARKETING,
    "referral": BusinessFunction.MARKETING,
    "lead": BusinessFunction.SALES,
    "deal": BusinessFunction.SALES,
    "quote": BusinessFunction.SALES,
    "trial": BusinessFunction.SALES,
    "payment": BusinessFunction.FINANCE,
    "subscription": BusinessFunction.FINANCE,
    "ticket": BusinessFunction.SERVICE,
    "conversation": BusinessFunction.SERVICE,
}
_OUTBOUND = frozenset({"email.sent", "email.delivered", "email.bounced", "order.refunded"})


@dataclass(frozen=True, slots=True)
class Tracking:
    """How a source's calls are read: `kinds` by the event's name, before Segment's own."""

    source: str
    kinds: Mapping[str, str] = field(default_factory=dict)

    def records(self, body: bytes, received_at: datetime) -> Iterator[Record | Partial | RawProblem]:
        """The records of a body; RecordError when it is no JSON object at all."""
        for call in calls_of(body):
            if isinstance(call, RawProblem):
                yield call
                continue
            try:
                yield from [*self._of(call, call.happened(received_at))]
            except RecordError as error:
                yield RawProblem(call.where, str(error), msgspec.json.encode(call).decode()[:10_000])

    def _of(self, call: Call, at: datetime) -> Iterator[Record | Partial]:
        if _id(call.user_id) is None and _id(call.anonymous_id) is None:
            raise RecordError(f"{call.where}: it has neither userId nor anonymousId.")
        if call.type == "alias":
            yield from self._alias(call)
        elif call.type == "group":
            yield from self._group(call, at)
        elif call.type in ("identify", "track", "page", "screen"):
            person = self._person(call, at)
            if person is not None:
                yield Partial(person)
            if call.type != "identify":
                yield self._interaction(call, at)
        else:
            raise RecordError(f"{call.where}: {call.type[:40]!r} is no call that is known.")

    def _person(self, call: Call, at: datetime) -> Person | None:
        """Who called, with the traits that the call tells; None of a visitor of whom it says nothing."""
        user, visitor = _id(call.user_id), _id(call.anonymous_id)
        given = {
            **_traits((call.context or {}).get("traits")),
            **(call.traits or {} if call.type == "identify" else {}),
        }
        consents = _consents(call, at)
        if user is None and not given and not consents:
            return None
        traits = {name: text for name, value in flat(given).items() if (text := text_of(value)) is not None}
        taken = {name: traits.pop(name, None) for name in _PERSON_TRAITS}
        for name in ("id", "avatar", "age"):
            traits.pop(name, None)
        company = taken["company.id"]
        return Person(
            source=self.source,
            stream=VISITORS if user is None else USERS,
            id=user or visitor or "",
            anonymous_ids=() if visitor is None else (visitor,),
            emails=() if taken["email"] is None else (Email(value=taken["email"], primary=True),),
            phones=() if taken["phone"] is None else (Phone(value=taken["phone"], country=taken["address.country"]),),
            given_name=taken["firstName"],
            family_name=taken["lastName"],
            full_name=taken["name"],
            job_title=taken["title"],
            account_id=None if company is None else f"{self.source}/{GROUPS}/{company}",
            account_name=taken["company.name"] or taken["company"],
            address=_address(taken),
            birth_date=None if taken["birthday"] is None else parse_day(taken["birthday"]),
            locale=said(text_of((call.context or {}).get("locale"))),
            timezone=said(text_of((call.context or {}).get("timezone"))),
            created_at=_moment(taken["createdAt"]),
            # Only what tells traits is newer or older than other traits.
            updated_at=at if given else None,
            consents=consents,
            extra=dict(traits),
        )

    def _interaction(self, call: Call, at: datetime) -> Interaction:
        if call.message_id is None:
            raise RecordError(f"{call.where}: without a messageId it could not be told from the same call sent again.")
        properties = {n: t for n, v in flat(call.properties or {}).items() if (t := text_of(v)) is not None}
        if call.type == "track":
            if said(call.event) is None:
                raise RecordError(f"{call.where}: a track names its event.")
            subject = call.event
            kind = self.kinds.get(call.event or "") or KINDS.get((call.event or "").strip().casefold(), "feature.used")
        else:
            subject = said(call.name) or properties.get("title") or properties.get("url")
            kind = "page.viewed" if call.type == "page" else "feature.used"
        user, visitor = _id(call.user_id), _id(call.anonymous_id)
        order = properties.pop("order_id", None) if kind.startswith("order.") else None
        amount = _amount(kind, properties)
        return Interaction(
            source=self.source,
            stream=EVENTS,
            id=call.message_id,
            kind=kind,
            occurred_at=at,
            person=Identifiers(anonymous_id=visitor) if user is None else f"{self.source}/{USERS}/{user}",
            function=_function(kind),
            channel=_channel(kind, call),
            direction=Direction.OUTBOUND if kind in _OUTBOUND else Direction.INBOUND,
            subject=subject,
            source_url=properties.get("url") if call.type == "page" else None,
            order=None if order is None else f"{self.source}/{order}",
            amount=amount,
            currency=None if amount is None else properties.pop("currency", None),
            campaign=_campaign(self.source, call),
            extra=dict(properties),
        )

    def _group(self, call: Call, at: datetime) -> Iterator[Partial]:
        group = _id(call.group_id)
        if group is None:
            raise RecordError(f"{call.where}: a group has a groupId.")
        given = call.traits or {}
        traits = {name: text for name, value in flat(given).items() if (text := text_of(value)) is not None}
        taken = {name: traits.pop(name, None) for name in _GROUP_TRAITS}
        traits.pop("id", None)
        yield Partial(
            Account(
                source=self.source,
                stream=GROUPS,
                id=group,
                name=taken["name"],
                domain=_domain(taken["website"]),
                industry=taken["industry"],
                size=_whole(taken["employees"]),
                address=_address(taken),
                created_at=_moment(taken["createdAt"]),
                updated_at=at if given else None,
                extra=dict(traits),
            )
        )
        person = self._person(call, at)
        if person is not None:
            yield Partial(msgspec.structs.replace(person, account_id=f"{self.source}/{GROUPS}/{group}"))

    def _alias(self, call: Call) -> Iterator[Partial]:
        """The previous id may have been a visitor's or a user's: it joins as both."""
        user, previous = _id(call.user_id), _id(call.previous_id) or _id(call.anonymous_id)
        if user is None or previous is None:
            raise RecordError(f"{call.where}: an alias has userId and previousId.")
        yield Partial(Person(source=self.source, stream=USERS, id=user, anonymous_ids=(previous,)))
        if previous != user:
            yield Partial(Person(source=self.source, stream=USERS, id=previous, merged_into=user))


_ADDRESS = ("address.street", "address.city", "address.state", "address.postalCode", "address.country")
_PERSON_TRAITS = (
    *_ADDRESS, "email", "phone", "firstName", "lastName", "name", "title", "company", "company.id", "company.name",
    "birthday", "createdAt",
)  # fmt: skip
_GROUP_TRAITS = (*_ADDRESS, "name", "website", "industry", "employees", "createdAt")


def _id(value: Id) -> str | None:
    """A number and its text are one id."""
    return said(text_of(value))


def _traits(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _address(taken: Mapping[str, str | None]) -> Address | None:
    street, city, region, postal_code, country = (taken[name] for name in _ADDRESS)
    if not any((street, city, region, postal_code, country)):
        return None
    return Address(street=street, city=city, region=region, postal_code=postal_code, country=country)


def _consents(call: Call, at: datetime) -> tuple[ConsentStatement, ...]:
    """Segment's consent preferences by category: https://segment.com/docs/privacy/consent-management/"""
    preferences = _traits(_traits((call.context or {}).get("consent")).get("categoryPreferences"))
    return tuple(
        ConsentStatement(
            channel=Channel.WEB,
            purpose=purpose,
            status=ConsentStatus.GRANTED if given else ConsentStatus.DENIED,
            at=at,
            evidence=f"context.consent of {call.message_id}" if call.message_id else None,
        )
        for purpose, given in sorted(preferences.items())
        if isinstance(given, bool)
    )


def _function(kind: str) -> BusinessFunction:
    if kind == "order.placed":
        return BusinessFunction.SALES
    if kind.startswith("order."):
        return BusinessFunction.FINANCE
    return _FUNCTIONS.get(kind.partition(".")[0], BusinessFunction.PRODUCT)


def _channel(kind: str, call: Call) -> Channel:
    if kind.startswith("email."):
        return Channel.EMAIL
    context = call.context or {}
    is_app = call.type == "screen" or _traits(context.get("device")) != {}
    return Channel.APP if is_app else Channel.WEB


def _amount(kind: str, properties: dict[str, str]) -> float | None:
    """What an event of an order is worth: its total, else its revenue, else its value."""
    if kind.partition(".")[0] not in ("order", "payment", "subscription"):
        return None
    for name in ("total", "revenue", "value"):
        try:
            return float(properties.get(name, ""))
        except ValueError:
            continue
    return None


def _campaign(source: str, call: Call) -> str | None:
    name = text_of(_traits((call.context or {}).get("campaign")).get("name"))
    return None if name is None else f"{source}/{name}"


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    if text.isdigit() and len(text) in (10, 13):
        return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
    return parse_instant(text, UTC_ZONE)


def _domain(website: str | None) -> str | None:
    return None if website is None else said(website.partition("://")[2].split("/")[0] or website.split("/")[0])


def _whole(text: str | None) -> int | None:
    try:
        return None if text is None else int(float(text))
    except (ValueError, OverflowError):
        return None

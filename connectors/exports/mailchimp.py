"""Mailchimp: the audience export (CSV) and members' activity (one API object a line).

A member's id is Mailchimp's own: the MD5 of the lower-case address, which the activity objects carry as `email_id`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import md5

import msgspec

from connectors.errors import RecordError
from connectors.exports.formats import Context, Format, Located, Mapper, instant, required, split_list, text
from connectors.hookspecs import StreamKind
from connectors.records import (
    Address,
    BusinessFunction,
    Channel,
    ConsentStatement,
    ConsentStatus,
    Direction,
    Email,
    Interaction,
    Person,
    Phone,
    Record,
)


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the audience export (subscribed, unsubscribed or cleaned)."""

    email: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    address: str | None = None
    phone: str | None = None
    company: str | None = None
    opted_in_at: datetime | None = None
    confirmed_at: datetime | None = None
    timezone: str | None = None
    country: str | None = None
    language: str | None = None
    updated_at: datetime | None = None
    tags: str | None = None
    unsubscribed_at: datetime | None = None
    unsubscribe_reason: str | None = None
    unsubscribe_campaign: str | None = None
    cleaned_at: datetime | None = None
    extra: dict[str, str] = {}


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened with a mail: of the member's activity, or of a campaign's e-mail activity report."""

    action: str
    timestamp: datetime
    campaign_id: str | int | None = None
    title: str | None = None
    type: str | None = None
    url: str | None = None
    reason: str | None = None


class MemberActivity(msgspec.Struct, frozen=True, kw_only=True):
    """`/lists/{id}/members/{hash}/activity`, or `/reports/{campaign}/email-activity` (then with `campaign_id`)."""

    activity: list[Activity]
    email_id: str | None = None
    email_address: str | None = None
    list_id: str | int | None = None
    campaign_id: str | int | None = None


def subscriber_hash(address: str) -> str:
    """Mailchimp's id of a member: the MD5 of the lower-case address."""
    return md5(address.strip().lower().encode(), usedforsecurity=False).hexdigest()


def map_members(context: Context) -> Mapper:
    """A member of the audience is a person, with what they said about e-mail."""

    def map_member(raw: Located) -> Iterator[Record]:
        row: MemberRow = raw.body
        address = required(raw, row.email, "Email Address")
        postal = _address(row)
        yield Person(
            source=context.source,
            stream=context.stream,
            id=subscriber_hash(address),
            emails=(Email(value=address, primary=True, verified=row.confirmed_at is not None),),
            phones=() if row.phone is None else (Phone(value=row.phone, country=postal.country if postal else None),),
            given_name=row.given_name,
            family_name=row.family_name,
            account_name=row.company,
            address=postal,
            locale=row.language,
            timezone=row.timezone,
            tags=tuple(tag.strip('"') for tag in split_list(row.tags, ",")),
            consents=_consents(row),
            created_at=row.opted_in_at or row.confirmed_at,
            updated_at=row.updated_at,
            extra=dict(row.extra),
        )

    return map_member


def _consents(row: MemberRow) -> tuple[ConsentStatement, ...]:
    at: datetime | None
    if row.unsubscribed_at is not None:
        status, at, evidence = ConsentStatus.REVOKED, row.unsubscribed_at, row.unsubscribe_reason
    elif row.cleaned_at is None and (row.confirmed_at or row.opted_in_at):
        status, at, evidence = ConsentStatus.GRANTED, row.confirmed_at or row.opted_in_at, "Subscribed"
    else:
        return ()
    return (ConsentStatement(channel=Channel.EMAIL, purpose="marketing", status=status, at=at, evidence=evidence),)


def _address(row: MemberRow) -> Address | None:
    """The export writes an address as one text, its parts two blanks apart: street, city, region, code, country."""
    parts = [] if row.address is None else [part for part in re.split(r"\s{2,}", row.address.strip()) if part]
    country = row.country.upper() if row.country and len(row.country) == 2 else None
    if not parts:
        return Address(country=country) if country else None
    if len(parts) > 1 and re.fullmatch(r"[A-Za-z]{2}", parts[-1]):
        country = parts.pop().upper()
    postal_code = None
    if len(parts) > 1 and any(character.isdigit() for character in parts[-1]):
        postal_code = parts.pop()
    street = parts[0]
    city = parts[1] if len(parts) > 1 else None
    region = parts[2] if len(parts) > 2 else None
    return Address(street=street, city=city, region=region, postal_code=postal_code, country=country)


ACTIONS = {
    "sent": ("email.sent", Direction.OUTBOUND),
    "open": ("email.opened", Direction.INBOUND),
    "click": ("email.clicked", Direction.INBOUND),
    "bounce": ("email.bounced", Direction.INBOUND),
    "unsub": ("email.unsubscribed", Direction.INBOUND),
    "ecomm": ("order.placed", Direction.INBOUND),
    "abuse": ("email.complained", Direction.INBOUND),
}
"""Mailchimp's actions; `conversation`, `note` and other actions are kept as `mailchimp.<action>`."""


def map_activity(context: Context) -> Mapper:
    """Each send, open, click, bounce and unsubscription of a member is an interaction."""

    def map_member_activity(raw: Located) -> Iterator[Record]:
        members = f"{context.source}/{context.streams.get('mailchimp-members', 'members')}"
        yield from tell_activity(context.source, context.stream, members, raw.body, raw.where)

    return map_member_activity


def tell_activity(source: str, stream: str, members: str, body: MemberActivity, where: str) -> Iterator[Interaction]:
    """The interactions of one member; `members` is `source/stream` of their records, however the activity came.

    Nobody follows two links within one second: such clicks are a scanner's, and `automated`.
    """
    if body.email_id is None and body.email_address is None:
        raise RecordError(f"{where}: neither 'email_id' nor 'email_address'.")
    member = body.email_id or subscriber_hash(body.email_address or "")
    scanned = _scanned(body)
    seen: set[str] = set()
    for activity in body.activity:
        kind, direction = ACTIONS.get(activity.action, (f"mailchimp.{activity.action}", Direction.INTERNAL))
        campaign = activity.campaign_id or body.campaign_id
        moment = int(activity.timestamp.timestamp())
        identifier = f"{campaign or '-'}:{member}:{activity.action}:{moment}"
        # Two clicks in one second are two clicks, on two links or on one.
        while identifier in seen:
            identifier += "+"
        seen.add(identifier)
        by_machine = activity.action == "click" and (campaign, moment) in scanned
        yield Interaction(
            source=source,
            stream=stream,
            id=identifier,
            kind=kind,
            occurred_at=activity.timestamp,
            person=f"{members}/{member}",
            function=BusinessFunction.MARKETING,
            channel=Channel.EMAIL,
            direction=direction,
            automated=activity.action in ("sent", "bounce") or by_machine,
            subject=activity.title,
            reason=activity.type if activity.action == "bounce" else activity.reason,
            campaign=None if campaign is None else f"{source}/{campaign}",
            extra={"url": activity.url} if activity.url else {},
        )


def _scanned(body: MemberActivity) -> set[tuple[str | int | None, int]]:
    """Campaign and second of clicks on different links."""
    links: dict[tuple[str | int | None, int], set[str]] = {}
    for activity in body.activity:
        if activity.action == "click" and activity.url:
            second = (activity.campaign_id or body.campaign_id, int(activity.timestamp.timestamp()))
            links.setdefault(second, set()).add(activity.url)
    return {second for second, urls in links.items() if len(urls) > 1}


MEMBERS = Format(
    name="mailchimp-members",
    stream="members",
    kind=StreamKind.PERSONS,
    body=MemberRow,
    mapper=map_members,
    identity="email",
    id_of=subscriber_hash,
    needs=("email",),
    marks=("Email Address", "MEMBER_RATING", "OPTIN_TIME", "CONFIRM_TIME", "LEID", "EUID"),
    columns=(
        text("email", "Email Address"),
        text("given_name", "First Name"),
        text("family_name", "Last Name"),
        text("address", "Address"),
        text("phone", "Phone Number", "Phone"),
        text("company", "Company", "Company Name"),
        instant("opted_in_at", "OPTIN_TIME"),
        instant("confirmed_at", "CONFIRM_TIME"),
        text("timezone", "TIMEZONE"),
        text("country", "CC"),
        text("language", "LANGUAGE"),
        instant("updated_at", "LAST_CHANGED"),
        text("tags", "TAGS"),
        instant("unsubscribed_at", "UNSUB_TIME"),
        text("unsubscribe_reason", "UNSUB_REASON"),
        text("unsubscribe_campaign", "UNSUB_CAMPAIGN_TITLE"),
        instant("cleaned_at", "CLEAN_TIME"),
    ),
)

ACTIVITY = Format(
    name="mailchimp-activity",
    stream="activity",
    kind=StreamKind.INTERACTIONS,
    body=MemberActivity,
    mapper=map_activity,
    marks=("activity", "email_id", "list_id"),
)

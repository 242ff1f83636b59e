"""HubSpot's calls, meetings, e-mails and notes as interactions of each contact they are associated with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape

from connectors.crm.hubspot_api import CrmObject
from connectors.crm.hubspot_changes import Found, ObjectStream
from connectors.errors import RecordError
from connectors.exports.formats import Context
from connectors.hookspecs import Deletions, Stream, StreamKind
from connectors.records import BusinessFunction, Channel, Direction, Interaction, Precision, Record, Tombstone, said

LINKS = ("contacts", "companies")


@dataclass(frozen=True, slots=True)
class Engagement:
    """Where one type of engagement keeps what an interaction tells; `extra` are properties that are kept as they are.

    `status` is the property that says how it went: `happened` are its values of an engagement that the customer
    experienced, an empty one counts too.
    """

    what: ObjectStream
    kind: str
    channel: Channel
    subject: str | None
    body: str
    began: str = "hs_timestamp"
    status: str | None = None
    happened: frozenset[str] = frozenset()
    extra: tuple[str, ...] = ()


def _engagement(
    name: str,
    kind: str,
    channel: Channel,
    subject: str | None,
    body: str,
    *,
    other: Sequence[str] = (),
    status: str | None = None,
    happened: Sequence[str] = (),
    extra: Sequence[str] = (),
    began: str = "hs_timestamp",
) -> Engagement:
    named = ("hs_timestamp", "hs_lastmodifieddate", "hubspot_owner_id", began, subject, body, status, *other, *extra)
    properties = tuple(dict.fromkeys(one for one in named if one is not None))
    stream = Stream(
        name,
        StreamKind.INTERACTIONS,
        cursor_field="hs_lastmodifieddate",
        deletions=Deletions.TOMBSTONES,
        fields=properties,
    )
    what = ObjectStream(stream, name, "hs_lastmodifieddate", properties, links=LINKS)
    return Engagement(what, kind, channel, subject, body, began, status, frozenset(happened), tuple(extra))


CALLS = _engagement(
    "calls",
    "call.made",
    Channel.PHONE,
    "hs_call_title",
    "hs_call_body",
    other=("hs_call_direction", "hs_call_duration"),
    extra=("hs_call_disposition", "hs_call_status"),
)
MEETINGS = _engagement(
    "meetings",
    "meeting.held",
    Channel.OTHER,
    "hs_meeting_title",
    "hs_meeting_body",
    began="hs_meeting_start_time",
    other=("hs_meeting_end_time",),
    status="hs_meeting_outcome",
    happened=("COMPLETED",),
    extra=("hs_meeting_location",),
)
EMAILS = _engagement(
    "emails",
    "conversation.message",
    Channel.EMAIL,
    "hs_email_subject",
    "hs_email_text",
    other=("hs_email_direction",),
    status="hs_email_status",
    happened=("SENT", "BOUNCED"),
    extra=(),
)
NOTES = _engagement("notes", "note.written", Channel.OTHER, None, "hs_note_body")
ENGAGEMENTS = {one.what.stream.name: one for one in (CALLS, MEETINGS, EMAILS, NOTES)}

DIRECTIONS: Mapping[str, Direction] = {
    "INBOUND": Direction.INBOUND,
    "INCOMING_EMAIL": Direction.INBOUND,
    "OUTBOUND": Direction.OUTBOUND,
    "EMAIL": Direction.OUTBOUND,
    "FORWARDED_EMAIL": Direction.OUTBOUND,
}


def map_engagement(context: Context, found: Found) -> Iterator[Record]:
    """One interaction for each contact, or for the company alone; a meeting that is not held takes its own back."""
    what = ENGAGEMENTS[context.stream]
    one, book = found.object, found.book
    companies = found.links["companies"]
    contacts: Sequence[str | None] = found.links["contacts"] or ((None,) if companies else ())
    status = None if what.status is None else one.said(what.status)
    if status is not None and status not in what.happened:
        at = one.updated_at or one.created_at
        for contact in contacts if at is not None else ():
            assert at is not None
            yield Tombstone(
                source=context.source,
                stream=context.stream,
                id=_identifier(found, contact),
                deleted_at=at.astimezone(UTC),
            )
        return
    began = _instant(found, what.began) or _instant(found, "hs_timestamp")
    if began is None:
        raise RecordError(f"{context.stream} {found.id} has no hs_timestamp.")
    owner = one.said("hubspot_owner_id")
    for contact in contacts:
        yield Interaction(
            source=context.source,
            stream=context.stream,
            id=_identifier(found, contact),
            activity_id=f"{context.source}/{context.stream}/{found.id}",
            kind=what.kind,
            occurred_at=began,
            precision=Precision.MILLISECOND,
            ended_at=_ended(found, began),
            person=None if contact is None else context.reference("", "contacts", contact),
            account=context.reference("", "companies", companies[0]) if companies else None,
            function=BusinessFunction.SALES,
            channel=_channel(one, what),
            direction=_direction(one, what),
            team=book.team(owner),
            agent=book.owner(owner),
            subject=None if what.subject is None else one.said(what.subject),
            text=plain(one.said(what.body)),
            extra={name: value for name in what.extra if (value := one.said(name)) is not None},
        )


def _identifier(found: Found, contact: str | None) -> str:
    return f"{found.id}:{contact or 'company'}"


def _direction(one: CrmObject, what: Engagement) -> Direction:
    if what is NOTES:
        return Direction.INTERNAL
    said_direction = one.said("hs_call_direction") or one.said("hs_email_direction") or ""
    return DIRECTIONS.get(said_direction, Direction.OUTBOUND)


def _channel(one: CrmObject, what: Engagement) -> Channel:
    if what is not MEETINGS:
        return what.channel
    place = (one.said("hs_meeting_location") or "").lower()
    online = any(word in place for word in ("http", "zoom", "teams", "meet"))
    return Channel.WEB if online else Channel.IN_PERSON if place else Channel.OTHER


def _ended(found: Found, began: datetime) -> datetime | None:
    lasted = found.object.said("hs_call_duration")
    if lasted is not None and lasted.isdecimal():
        return began + timedelta(milliseconds=int(lasted))
    return _instant(found, "hs_meeting_end_time")


def _instant(found: Found, name: str) -> datetime | None:
    """A moment as ISO 8601, or as milliseconds of Unix time, which some engagements have."""
    value = found.object.said(name)
    if value is None:
        return None
    try:
        if value.isdecimal():
            return datetime.fromtimestamp(int(value) / 1000, tz=UTC)
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RecordError(f"{found.id}: {name} is no moment: {value!r:.60}.") from None


def plain(html: str | None) -> str | None:
    """The words of a body that may be HTML."""
    if html is None or "<" not in html:
        return said(html)
    broken = re.sub(r"(?i)<(?:br|/p|/div|/li|/tr)\b[^>]*>", "\n", html)
    lines = (" ".join(line.split()) for line in unescape(re.sub(r"<[^>]*>", "", broken)).splitlines())
    return said("\n".join(line for line in lines if line))

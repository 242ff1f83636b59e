"""Members of one Mailchimp audience as persons, with what they said about e-mail.

Members are asked for by the moment of their last change, oldest first, and the reader moves on with that moment; only
where a whole page was changed within one second (an import) it goes on by offset.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from connectors.errors import RecordError
from connectors.hookspecs import Page, RawProblem, State
from connectors.marketing.mailchimp_api import Mailchimp, Member
from connectors.moments import parse_instant
from connectors.offset_pages import offset_pages
from connectors.raws import page_of
from connectors.records import Address, Channel, ConsentStatement, ConsentStatus, Email, Person, Phone, said
from connectors.vanished import Gone

PASSES: dict[str, str | None] = {"members": None, "archived": "archived"}
"""Which status is asked for: archived members may be left out unless they are."""
_SECOND = timedelta(seconds=1)
_UTC = ZoneInfo("UTC")


class Moved(msgspec.Struct, frozen=True):
    """A member whose address changed, and with it their id."""

    id: str
    into: str


async def read_members(
    mailchimp: Mailchimp, audience: str, state: State | None, *, size: int, overlap: timedelta
) -> AsyncIterator[Page[Member]]:
    """Members that changed since the state, which has `since` and `offset` of each pass, and which one it is `at`."""
    known: State = {**(state or {}), "audience": audience}
    for name, status in PASSES.items():
        at: dict[str, Any] = known.get(name, {})
        since = before = None if at.get("since") is None else datetime.fromisoformat(at["since"])
        offset: int = at.get("offset", 0)
        if since is not None and not offset:
            since -= overlap
        going_on = True
        while going_on:
            fetch = partial(_fetch, mailchimp, audience, status, since, size)
            where = f"[{mailchimp.source}] members"
            async for page in offset_pages(fetch, _identity, where, size=size, offset=offset):
                newest = _newest(page.items)
                # That whole second is read again: more of it may stand on the next page.
                moved = None if newest is None else newest - _SECOND
                before = newest or before
                going_on = not page.done
                if page.done:
                    at = _at(before)
                elif moved is not None and (since is None or moved > since):
                    since, offset = moved, 0
                    at = _at(since)
                else:
                    at = _at(since, page.offset)
                known = {**known, name: at, "at": name}
                yield page_of(page.items, known)
                if not page.done and "offset" not in at:
                    break


def what_became(gone: Sequence[Gone], listed: Iterable[str]) -> list[Gone | Moved]:
    """A member whose contact has another id now has changed their address; one without is gone. `listed` is who is."""
    ids = {contact: identifier for contact, _, identifier in (key.partition("/") for key in listed) if contact}
    became: list[Gone | Moved] = []
    for one in gone:
        contact, _, identifier = one.id.partition("/")
        now = ids.get(contact)
        became.append(Gone(identifier, one.noticed_at) if now is None else Moved(identifier, now))
    return became


def map_moved(source: str, stream: str, moved: Moved) -> Person:
    """The old record goes over to the new one, with all that was experienced."""
    return Person(source=source, stream=stream, id=moved.id, merged_into=moved.into)


async def list_keys(mailchimp: Mailchimp, audience: str, size: int) -> AsyncIterator[list[str]]:
    """`contact/id` of all members there are, archived ones too."""
    for status in PASSES.values():
        fetch = partial(_keys, mailchimp, audience, status, size)
        async for page in offset_pages(fetch, str, f"[{mailchimp.source}] members", size=size):
            yield list(page.items)


async def _keys(mailchimp: Mailchimp, audience: str, status: str | None, size: int, offset: int) -> list[str]:
    return await mailchimp.keys(audience, status=status, offset=offset, count=size)


async def _fetch(
    mailchimp: Mailchimp, audience: str, status: str | None, since: datetime | None, size: int, offset: int
) -> Sequence[Member | RawProblem]:
    moment = None if since is None else since.isoformat()
    return await mailchimp.members(audience, since=moment, status=status, offset=offset, count=size)


def _identity(item: Member | RawProblem) -> str:
    return item.id if isinstance(item, Member) else item.body


def _newest(items: Sequence[Member | RawProblem]) -> datetime | None:
    """The last change of the page; None where it is not in order, for then nothing is known of the rest."""
    moments = [moment for item in items if isinstance(item, Member) and (moment := _moment(item.last_changed))]
    in_order = all(earlier <= later for earlier, later in pairwise(moments))
    return moments[-1] if moments and in_order else None


def _at(since: datetime | None, offset: int = 0) -> dict[str, Any]:
    at: dict[str, Any] = {} if since is None else {"since": since.isoformat()}
    return {**at, "offset": offset} if offset else at


def named_interests(member: Member, names: Mapping[str, str]) -> Member:
    """The member whose interests go by name."""
    if not member.interests:
        return member
    named = {names.get(identifier, identifier): chosen for identifier, chosen in member.interests.items()}
    return msgspec.structs.replace(member, interests=named)


def map_member(source: str, stream: str, member: Member) -> Iterator[Person]:
    """The person of a member; an archived one, Mailchimp's way to delete, has `deleted_at`."""
    address = said(member.email_address)
    if address is None:
        raise RecordError(f"[{source}] member {member.id}: no 'email_address'.")
    fields = {name: value for name, value in (member.merge_fields or {}).items() if value not in ("", None)}
    postal = _address(fields.pop("ADDRESS", None), member)
    phone = _text(fields.pop("PHONE", None))
    changed = _moment(member.last_changed)
    confirmed = _moment(member.timestamp_opt)
    yield Person(
        source=source,
        stream=stream,
        id=member.id,
        emails=(Email(value=address, primary=True, verified=confirmed is not None),),
        phones=() if phone is None else (Phone(value=phone, country=postal.country if postal else None),),
        given_name=_text(fields.pop("FNAME", None)),
        family_name=_text(fields.pop("LNAME", None)),
        account_name=_text(fields.pop("COMPANY", None)),
        address=postal,
        locale=said(member.language),
        timezone=said(member.location.timezone) if member.location else None,
        tags=tuple(name for tag in member.tags or () if (name := said(tag.name))),
        # Whoever signs up with two addresses is two contacts of one audience.
        contact_ids={f"mailchimp-{member.list_id}": str(member.contact_id)}
        if member.contact_id and member.list_id
        else {},
        consents=_consents(member, confirmed, changed),
        created_at=_moment(member.timestamp_signup) or confirmed,
        updated_at=changed,
        deleted_at=changed if member.status == "archived" else None,
        extra=fields | _more(member),
    )


def _consents(member: Member, confirmed: datetime | None, changed: datetime | None) -> tuple[ConsentStatement, ...]:
    """Subscribing and unsubscribing; who never confirmed, or whose address is dead (`cleaned`), says nothing.

    Mailchimp does not keep when somebody unsubscribed: the last change is the earliest moment that is safe to say.
    """
    agreed_at = confirmed or _moment(member.timestamp_signup)
    statements = []
    if member.status in ("subscribed", "unsubscribed") and agreed_at is not None:
        statements.append(_about_mail(ConsentStatus.GRANTED, agreed_at, "Subscribed"))
    # An archived member's earlier status is hidden; only who left gave a reason, and that must outlive the archiving.
    left = member.status == "archived" and said(member.unsubscribe_reason) is not None
    if member.status == "unsubscribed" or left:
        statements.append(_about_mail(ConsentStatus.REVOKED, changed, said(member.unsubscribe_reason)))
    return tuple(statements)


def _about_mail(status: ConsentStatus, at: datetime | None, evidence: str | None) -> ConsentStatement:
    return ConsentStatement(channel=Channel.EMAIL, purpose="marketing", status=status, at=at, evidence=evidence)


def _address(field: Any, member: Member) -> Address | None:
    """The address field has parts of its own; else the country is the one Mailchimp guesses."""
    guessed = said(member.location.country_code) if member.location else None
    parts = {name: _text(value) for name, value in field.items()} if isinstance(field, dict) else {}
    street = " ".join(part for part in (parts.get("addr1"), parts.get("addr2")) if part) or None
    city, region, postal_code = parts.get("city"), parts.get("state"), parts.get("zip")
    if not (street or city or region or postal_code):
        return Address(country=guessed.upper()) if guessed else None
    return Address(street=street, city=city, region=region, postal_code=postal_code, country=parts.get("country"))


def _more(member: Member) -> dict[str, Any]:
    more: dict[str, Any] = {
        "status": member.status,
        "signup_source": said(member.source),
        "vip": member.vip or None,
        "interests": sorted(name for name, chosen in (member.interests or {}).items() if chosen) or None,
        "marketing_permissions": {
            permission.text: permission.enabled for permission in member.marketing_permissions or () if permission.text
        }
        or None,
    }
    return {name: value for name, value in more.items() if value is not None}


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list) else said(str(value))


def _moment(value: str | None) -> datetime | None:
    return parse_instant(value, _UTC) if value else None

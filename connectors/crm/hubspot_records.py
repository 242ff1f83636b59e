"""HubSpot's contacts, companies and deals as canonical records: the same that its exports give, and what these lack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from connectors.crm.deals import Deal, Moment, deal_interactions
from connectors.crm.hubspot_changes import Found, ObjectStream
from connectors.crm.hubspot_codebook import Codebook
from connectors.crm.hubspot_owners import ASSIGNED, OWNER, owner_changes
from connectors.errors import RecordError
from connectors.exports.formats import Context, Located, split_list
from connectors.exports.hubspot import CompanyRow, ContactRow, map_companies, map_contacts
from connectors.hookspecs import Deletions, Stream, StreamKind
from connectors.moments import parse_day, parse_instant
from connectors.records import (
    Account,
    Channel,
    ConsentStatement,
    ConsentStatus,
    Person,
    Precision,
    Record,
    Tombstone,
    utc,
)

CONTACT = {
    "given_name": "firstname",
    "family_name": "lastname",
    "email": "email",
    "more_emails": "hs_additional_emails",
    "phone": "phone",
    "mobile": "mobilephone",
    "stage": "lifecyclestage",
    "job_title": "jobtitle",
    "company_name": "company",
    "company_ids": "associatedcompanyid",
    "street": "address",
    "city": "city",
    "region": "state",
    "postal_code": "zip",
    "country": "country",
    "language": "hs_language",
    "opted_out": "hs_email_optout",
}
COMPANY = {
    "name": "name",
    "domain": "domain",
    "industry": "industry",
    "street": "address",
    "city": "city",
    "region": "state",
    "postal_code": "zip",
    "country": "country",
    "parent_id": "hs_parent_company_id",
}
DEAL = ("dealname", "deal_currency_code", "closed_lost_reason", "closed_won_reason")
LEAD_SINCE = "hs_lifecyclestage_lead_date"
SQL_SINCE = "hs_lifecyclestage_salesqualifiedlead_date"
Said = dict[str, str]
"""What an object's properties say, those without a value left out."""
MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")
"""Ids of what was merged into an object: `1;2`, and in the older one `1:1545155456000;2:1545155460000`."""


def _stream(name: str, kind: StreamKind, cursor: str, fields: Sequence[str]) -> Stream:
    return Stream(name, kind, cursor_field=cursor, deletions=Deletions.TOMBSTONES, fields=tuple(fields))


_OWNED = (OWNER, "createdate")
_CONTACT = (
    *CONTACT.values(), *_OWNED, ASSIGNED, *MERGED, "lastmodifieddate", "date_of_birth", "hs_timezone",
    LEAD_SINCE, SQL_SINCE,
)  # fmt: skip
_COMPANY = (*COMPANY.values(), *_OWNED, ASSIGNED, MERGED[0], "hs_lastmodifieddate", "numberofemployees")
_DEAL = (*DEAL, *_OWNED, "hs_lastmodifieddate", "dealstage", "pipeline", "amount", "closedate")

CONTACTS = ObjectStream(
    _stream("contacts", StreamKind.PERSONS, "lastmodifieddate", _CONTACT),
    "contacts",
    "lastmodifieddate",
    _CONTACT,
    owners=True,
)
COMPANIES = ObjectStream(
    _stream("companies", StreamKind.ACCOUNTS, "hs_lastmodifieddate", _COMPANY),
    "companies",
    "hs_lastmodifieddate",
    _COMPANY,
    owners=True,
)
DEALS = ObjectStream(
    _stream("deals", StreamKind.INTERACTIONS, "hs_lastmodifieddate", _DEAL),
    "deals",
    "hs_lastmodifieddate",
    _DEAL,
    history=("dealstage", OWNER),
    links=("contacts", "companies"),
)


def map_contact(context: Context, found: Found) -> Iterator[Record]:
    """A person with the moments it became a lead or another's, and the contacts that were merged into it."""
    one, book, said = found.object, found.book, found.object.all_said()
    identifier = found.id
    owner = said.get(OWNER)
    born = said.get("date_of_birth")
    row = ContactRow(
        id=identifier,
        owner=book.owner(owner),
        team=book.team(owner),
        birth_date=None if born is None else parse_day(born),
        timezone=_timezone(said.get("hs_timezone")),
        became_lead=_moment(identifier, said, LEAD_SINCE),
        became_sql=_moment(identifier, said, SQL_SINCE),
        created_at=_moment(identifier, said, "createdate") or _utc(one.created_at),
        updated_at=_moment(identifier, said, "lastmodifieddate") or _utc(one.updated_at),
        extra=_extra(said, book),
        **{field: said.get(name) for field, name in CONTACT.items()},
    )
    url = book.url("0-1", identifier)
    for record in map_contacts(context)(Located("contacts", 0, row)):
        if isinstance(record, Person):
            record = msgspec.structs.replace(  # noqa: PLW2901
                record, consents=record.consents + _opted_out(said, book), source_url=url
            )
        yield record
    if one.properties_with_history is not None:
        person = f"{context.source}/{context.stream}/{identifier}"
        yield from owner_changes(context.source, context.stream, one, book, person=person, source_url=url)
    for loser in merged(identifier, said):
        yield Person(source=context.source, stream=context.stream, id=loser, merged_into=identifier)


def map_company(context: Context, found: Found) -> Iterator[Record]:
    """An account, the moments it became another's, and the companies that were merged into it."""
    one, book, said = found.object, found.book, found.object.all_said()
    identifier = found.id
    row = CompanyRow(
        id=identifier,
        owner=book.owner(said.get(OWNER)),
        size=_number(identifier, said, "numberofemployees"),
        created_at=_moment(identifier, said, "createdate") or _utc(one.created_at),
        updated_at=_moment(identifier, said, "hs_lastmodifieddate") or _utc(one.updated_at),
        extra=_extra(said, book),
        **{field: said.get(name) for field, name in COMPANY.items()},
    )
    url = book.url("0-2", identifier)
    for record in map_companies(context)(Located("companies", 0, row)):
        assert isinstance(record, Account)
        yield msgspec.structs.replace(record, source_url=url)
    account = f"{context.source}/{context.stream}/{identifier}"
    yield from owner_changes(context.source, context.stream, one, book, account=account, source_url=url)
    for loser in merged(identifier, said):
        yield Account(source=context.source, stream=context.stream, id=loser, merged_into=identifier)


def map_deal(context: Context, found: Found) -> Iterator[Record]:
    """What happened to a deal, as each of its contacts experienced it; a deal of nobody gives nothing."""
    one, book, said = found.object, found.book, found.object.all_said()
    companies = found.links["companies"]
    contacts = {link: context.reference("hubspot-contacts", "contacts", link) for link in found.links["contacts"]}
    owner = said.get(OWNER)
    stage = said.get("dealstage")
    deal = Deal(
        id=found.id,
        amount=_number(found.id, said, "amount"),
        owner=book.owner(owner),
        team=book.team(owner),
        name=said.get("dealname"),
        currency=said.get("deal_currency_code") or book.currency,
        lost_reason=said.get("closed_lost_reason"),
        won_reason=said.get("closed_won_reason"),
    )
    account = context.reference("hubspot-companies", "companies", companies[0]) if companies else None
    pipeline = book.pipeline(said.get("pipeline"))
    extra: dict[str, Any] = {**_extra(said, book), **({"pipeline": pipeline} if pipeline else {})}
    moments = _deal_moments(
        found,
        _moment(found.id, said, "createdate") or _utc(one.created_at),
        _moment(found.id, said, "closedate"),
        stage,
    )
    if not contacts and account is None:
        return
    for event in deal_interactions(context.source, context.stream, deal, moments, contacts, account, extra):
        yield msgspec.structs.replace(event, precision=Precision.MILLISECOND, source_url=book.url("0-3", found.id))


def _deal_moments(
    found: Found, created: datetime | None, closed: datetime | None, stage_now: str | None
) -> list[Moment]:
    """Created, each stage it entered, each new owner, and its end where it has ended; in time."""
    book = found.book
    if created is None:
        raise RecordError(f"deal {found.id} has no createdate.")
    stages = found.object.versions("dealstage")
    owners = found.object.versions(OWNER)
    if stages and stages[0][0] <= created.timestamp() + _AT_ONCE:
        first, stages = stages[0][1], stages[1:]
    else:
        first = None
    moments = [_moment_of("deal.created", created, found, owners, extra=_first(first, book))]
    entered: dict[str, int] = {}
    for at, value in stages:
        stage = book.stage(value)
        moment = datetime.fromtimestamp(at, tz=created.tzinfo)
        if stage.won or stage.lost:
            closed = moment if value == stage_now else closed
            continue
        entered[value] = entered.get(value, 0) + 1
        moments.append(_moment_of("deal.stage_changed", moment, found, owners, stage.label, entered[value]))
    for (_, before), (at, after) in pairwise(owners):
        moment = datetime.fromtimestamp(at, tz=created.tzinfo)
        moments.append(
            Moment(
                "deal.reassigned",
                moment,
                team=book.team(after),
                agent=book.owner(after),
                nth=round(at * 1000),
                extra={"from_agent": book.owner(before), **({"from_team": t} if (t := book.team(before)) else {})},
            )
        )
    now = None if stage_now is None else book.stage(stage_now)
    if now is not None and closed is not None and (now.won or now.lost):
        kind = "deal.won" if now.won else "deal.lost"
        moments.append(_moment_of(kind, closed, found, owners, now.label))
    return sorted(moments, key=lambda moment: moment.at)


_UTC = ZoneInfo("UTC")
_AT_ONCE = 60.0
"""Seconds within which the stage a deal was created in is written beside its createdate."""


def _first(stage: str | None, book: Codebook) -> Mapping[str, Any]:
    return {} if stage is None else {"stage": book.stage(stage).label}


def _moment_of(
    kind: str,
    at: datetime,
    found: Found,
    owners: Sequence[tuple[float, str]],
    stage: str | None = None,
    nth: int = 1,
    extra: Mapping[str, Any] | None = None,
) -> Moment:
    """A moment with the owner of that time."""
    held = [owner for since, owner in owners if since <= at.timestamp() + _AT_ONCE] or [one for _, one in owners[:1]]
    owner = held[-1] if held else None
    return Moment(kind, at, stage, found.book.team(owner), found.book.owner(owner), nth, extra or {})


def gone(context: Context, records: Iterator[Record], found: Found) -> Iterator[Tombstone]:
    """An archived object as tombstones; a deal as a whole, because HubSpot may no longer tell whose it was."""
    at = found.object.archived_at or found.object.updated_at
    if at is None:
        raise RecordError(f"{found.id} is archived and says not when.")
    source, stream = context.source, context.stream
    if stream == DEALS.stream.name:
        yield Tombstone(source=source, stream=stream, id=found.id, deleted_at=utc(at), matter="deal")
        return
    for record in records:
        yield Tombstone(source=source, stream=stream, id=record.id, deleted_at=utc(at))


def merged(identifier: str, said: Said) -> tuple[str, ...]:
    """Ids of what was merged into this object."""
    if not any(name in said for name in MERGED):
        return ()
    ids = [part.partition(":")[0] for name in MERGED for part in split_list(said.get(name))]
    return tuple(dict.fromkeys(number for number in ids if number != identifier))


def _opted_out(said: Said, book: Codebook) -> tuple[ConsentStatement, ...]:
    return tuple(
        ConsentStatement(channel=Channel.EMAIL, purpose=purpose, status=ConsentStatus.REVOKED, evidence=name)
        for name, purpose in book.subscriptions.items()
        if said.get(name) == "true"
    )


def _extra(said: Said, book: Codebook) -> dict[str, str]:
    return {name: value for name in book.custom if (value := said.get(name)) is not None}


def _moment(identifier: str, said: Said, name: str) -> datetime | None:
    value = said.get(name)
    if value is None:
        return None
    moment = parse_instant(value, _UTC)
    if moment is None:
        raise RecordError(f"{identifier}: {name} is no moment: {value!r:.60}.")
    return moment


def _number(identifier: str, said: Said, name: str) -> float | None:
    value = said.get(name)
    try:
        return None if value is None else float(value)
    except ValueError:
        raise RecordError(f"{identifier}: {name} is no number: {value!r:.60}.") from None


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else utc(moment)


def _timezone(value: str | None) -> str | None:
    """`europe_slash_berlin`, as HubSpot names its options, or a zone by its name."""
    return None if value is None else _zones().get(value.replace("_slash_", "/").lower())


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}

"""HubSpot's CSV exports: contacts, companies, deals, and the submissions of a form.

Headers are HubSpot's property labels; times are "YYYY-MM-DD HH:MM" in the portal's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from connectors.errors import RecordError
from connectors.exports.formats import (
    Context,
    Format,
    Located,
    Mapper,
    asked_for,
    day,
    instant,
    number,
    required,
    split_list,
    text,
)
from connectors.hookspecs import StreamKind
from connectors.moments import parse_instant
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
)


class ContactRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the contacts export."""

    id: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    more_emails: str | None = None
    phone: str | None = None
    mobile: str | None = None
    owner: str | None = None
    team: str | None = None
    stage: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    company_ids: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    birth_date: date | None = None
    language: str | None = None
    timezone: str | None = None
    opted_out: str | None = None
    became_lead: datetime | None = None
    became_sql: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, str] = {}


class CompanyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the companies export."""

    id: str | None = None
    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    size: float | None = None
    owner: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    parent_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, str] = {}


class DealRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the deals export; the dates of stages are in `extra`, because their headers name the stage."""

    id: str | None = None
    name: str | None = None
    stage: str | None = None
    pipeline: str | None = None
    amount: float | None = None
    currency: str | None = None
    owner: str | None = None
    team: str | None = None
    lost_reason: str | None = None
    won_reason: str | None = None
    contact_ids: str | None = None
    company_ids: str | None = None
    created_at: datetime | None = None
    closed_at: datetime | None = None
    extra: dict[str, str] = {}


class SubmissionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a form's submissions; every other column is a field of the form, so it was asked for."""

    title: str | None = None
    page: str | None = None
    at: datetime | None = None
    contact_id: str | None = None
    email: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    phone: str | None = None
    headers: tuple[str, ...] = ()
    extra: dict[str, str] = {}


def map_contacts(context: Context) -> Mapper:
    """A contact is a person; becoming a lead and being accepted by sales are interactions of theirs."""

    def map_contact(raw: Located) -> Iterator[Record]:
        row: ContactRow = raw.body
        identifier = required(raw, row.id, "Record ID")
        yield _person(context, identifier, row)
        key = f"{context.source}/{context.stream}/{identifier}"
        if row.became_lead is not None:
            yield Interaction(
                source=context.source,
                stream=context.stream,
                id=f"{identifier}:lead.created",
                kind="lead.created",
                occurred_at=row.became_lead,
                person=key,
                function=BusinessFunction.MARKETING,
                channel=Channel.WEB,
                direction=Direction.INTERNAL,
                automated=True,
            )
        if row.became_sql is not None:
            yield Interaction(
                source=context.source,
                stream=context.stream,
                id=f"{identifier}:lead.accepted",
                kind="lead.accepted",
                occurred_at=row.became_sql,
                person=key,
                function=BusinessFunction.SALES,
                channel=Channel.OTHER,
                direction=Direction.INTERNAL,
                team=row.team,
                agent=row.owner,
            )

    return map_contact


def _person(context: Context, identifier: str, row: ContactRow) -> Person:
    addresses = [row.email] if row.email else []
    addresses += [other for other in split_list(row.more_emails) if other != row.email]
    numbers = [number for number in dict.fromkeys((row.phone, row.mobile)) if number]
    companies = split_list(row.company_ids)
    return Person(
        source=context.source,
        stream=context.stream,
        id=identifier,
        emails=tuple(Email(value=address, primary=address == row.email) for address in addresses),
        phones=tuple(Phone(value=number, country=_country(row.country)) for number in numbers),
        given_name=row.given_name,
        family_name=row.family_name,
        account_id=context.reference("hubspot-companies", "companies", companies[0]) if companies else None,
        account_name=row.company_name,
        job_title=row.job_title,
        address=_address(row),
        birth_date=row.birth_date,
        locale=row.language,
        timezone=row.timezone,
        lifecycle_stage=row.stage,
        owner=row.owner,
        team=row.team,
        consents=_consents(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        extra=dict(row.extra),
    )


def _consents(row: ContactRow) -> tuple[ConsentStatement, ...]:
    if row.opted_out is None or row.opted_out.casefold() not in ("true", "yes"):
        return ()
    # Not being opted out is no consent: only the refusal is a statement of the person.
    return (
        ConsentStatement(
            channel=Channel.EMAIL,
            purpose="marketing",
            status=ConsentStatus.REVOKED,
            evidence="Unsubscribed from all email",
        ),
    )


def _address(row: ContactRow | CompanyRow) -> Address | None:
    if not (row.street or row.city or row.region or row.postal_code or row.country):
        return None
    return Address(
        street=row.street, city=row.city, region=row.region, postal_code=row.postal_code, country=_country(row.country)
    )


COUNTRIES = {
    "austria": "AT",
    "belgium": "BE",
    "canada": "CA",
    "denmark": "DK",
    "finland": "FI",
    "france": "FR",
    "germany": "DE",
    "ireland": "IE",
    "italy": "IT",
    "netherlands": "NL",
    "norway": "NO",
    "poland": "PL",
    "portugal": "PT",
    "spain": "ES",
    "sweden": "SE",
    "switzerland": "CH",
    "united kingdom": "GB",
    "united states": "US",
    "united states of america": "US",
}


def _country(name: str | None) -> str | None:
    if name is None:
        return None
    return COUNTRIES.get(name.casefold(), name.upper() if len(name) == 2 else name)


def map_companies(context: Context) -> Mapper:
    """A company is an account."""

    def map_company(raw: Located) -> Iterator[Record]:
        row: CompanyRow = raw.body
        identifier = required(raw, row.id, "Record ID")
        yield Account(
            source=context.source,
            stream=context.stream,
            id=identifier,
            name=row.name,
            domain=row.domain,
            industry=row.industry,
            size=None if row.size is None else int(row.size),
            address=_address(row),
            parent_id=None if row.parent_id is None else f"{context.source}/{context.stream}/{row.parent_id}",
            owner=row.owner,
            created_at=row.created_at,
            updated_at=row.updated_at,
            extra=dict(row.extra),
        )

    return map_company


STAGE_ENTERED = re.compile(r"^Date entered ['\"‘“](?P<stage>.+?)(?: \([^()]*\))?['\"’”]$", re.IGNORECASE)
WON = ("closed won", "closedwon")
LOST = ("closed lost", "closedlost")


def map_deals(context: Context) -> Mapper:
    """A deal is created, goes through stages, is won or lost: each an interaction of each contact of the deal."""

    def map_deal(raw: Located) -> Iterator[Record]:
        row: DealRow = raw.body
        identifier = required(raw, row.id, "Record ID")
        companies = split_list(row.company_ids)
        account = context.reference("hubspot-companies", "companies", companies[0]) if companies else None
        contacts: list[str | None] = list(split_list(row.contact_ids)) or [None]
        if contacts == [None] and account is None:
            raise RecordError(
                f"{raw.where}: deal {identifier} has neither 'Associated Contact IDs' nor 'Associated Company IDs'; "
                f"export the deals with their associations."
            )
        moments = _deal_moments(context, raw, row)
        extra: dict[str, Any] = {k: v for k, v in row.extra.items() if STAGE_ENTERED.match(k) is None}
        for contact in contacts:
            person = None if contact is None else context.reference("hubspot-contacts", "contacts", contact)
            for sequence, (kind, at, stage) in enumerate(moments):
                ended = kind in ("deal.won", "deal.lost")
                yield Interaction(
                    source=context.source,
                    stream=context.stream,
                    id=f"{identifier}:{kind if stage is None or ended else f'{kind}:{stage}'}:{contact or 'company'}",
                    activity_id=f"{context.source}/{context.stream}/{identifier}:{kind}:{stage or ''}",
                    kind=kind,
                    occurred_at=at,
                    sequence=sequence,
                    person=person,
                    account=account,
                    function=BusinessFunction.SALES,
                    channel=Channel.OTHER,
                    direction=Direction.INTERNAL,
                    team=row.team,
                    agent=row.owner,
                    subject=row.name,
                    topic=stage,
                    reason=row.lost_reason if kind == "deal.lost" else row.won_reason if kind == "deal.won" else None,
                    deal=context.matter(identifier),
                    amount=row.amount,
                    currency=row.currency if row.amount is not None else None,
                    extra=extra,
                )

    return map_deal


def _deal_moments(context: Context, raw: Located, row: DealRow) -> list[tuple[str, datetime, str | None]]:
    """(kind, at, stage) of a deal, in time: what it entered when, its first stage being its creation."""
    entered: list[tuple[datetime, str]] = []
    for header, value in row.extra.items():
        match = STAGE_ENTERED.match(header)
        if match:
            at = parse_instant(value, context.timezone)
            if at is None:
                raise RecordError(f"{raw.where}: {header}: {value!r} is not a date and time.")
            entered.append((at, match["stage"]))
    entered.sort()
    moments: list[tuple[str, datetime, str | None]] = []
    if row.created_at is not None:
        moments.append(("deal.created", row.created_at, None))
    stage_now = (row.stage or "").casefold()
    closed: datetime | None = row.closed_at
    for at, stage in entered:
        if stage.casefold() in WON + LOST:
            closed = at if stage.casefold() == stage_now else closed
        elif row.created_at is None or at > row.created_at:
            moments.append(("deal.stage_changed", at, stage))
    if closed is not None and stage_now.startswith(WON):
        moments.append(("deal.won", closed, row.stage))
    elif closed is not None and stage_now.startswith(LOST):
        moments.append(("deal.lost", closed, row.stage))
    if not moments:
        raise RecordError(f"{raw.where}: deal {row.id} has no 'Create Date'.")
    return moments


NOT_ASKED = frozenset(
    {"conversion title", "conversion page", "conversion date", "contact id", "form name", "ip address"}
)


def map_submissions(context: Context) -> Mapper:
    """A submission of a form, with what the form asked for: all of its columns."""
    asked: dict[tuple[str, ...], tuple[str, ...]] = {}

    def map_submission(raw: Located) -> Iterator[Record]:
        row: SubmissionRow = raw.body
        if row.at is None:
            raise RecordError(f"{raw.where}: no value in 'Conversion Date'.")
        if row.headers not in asked:
            asked[row.headers] = tuple(asked_for(h) for h in row.headers if h.strip().casefold() not in NOT_ASKED)
        person: str | Identifiers
        if row.contact_id is not None:
            person = context.reference("hubspot-contacts", "contacts", row.contact_id)
        elif row.email is not None or row.phone is not None:
            full_name = " ".join(part for part in (row.given_name, row.family_name) if part)
            person = Identifiers(email=row.email, phone=row.phone, full_name=full_name or None)
        else:
            raise RecordError(f"{raw.where}: nobody is named: no 'Contact ID', 'Email' or 'Phone Number'.")
        # HubSpot gives a submission no id; the same person cannot send the same form twice in one moment.
        who = row.email or row.contact_id or row.phone or ""
        digest = blake2b(f"{row.title}\n{row.at.isoformat()}\n{who}".encode(), digest_size=10).hexdigest()
        yield Interaction(
            source=context.source,
            stream=context.stream,
            id=digest,
            kind="form.submitted",
            occurred_at=row.at,
            person=person,
            function=BusinessFunction.MARKETING,
            channel=Channel.WEB,
            direction=Direction.INBOUND,
            subject=row.title,
            source_url=row.page,
            requested_fields=asked[row.headers],
            extra=dict(row.extra),
        )

    return map_submission


CONTACTS = Format(
    name="hubspot-contacts",
    stream="contacts",
    kind=StreamKind.PERSONS,
    body=ContactRow,
    mapper=map_contacts,
    identity="id",
    needs=("id",),
    marks=("Record ID", "Lifecycle Stage", "Contact owner", "Lead Status", "First Name"),
    columns=(
        text("id", "Record ID", "Record ID - Contact", "Contact ID"),
        text("given_name", "First Name"),
        text("family_name", "Last Name"),
        text("email", "Email"),
        text("more_emails", "Additional email addresses"),
        text("phone", "Phone Number"),
        text("mobile", "Mobile Phone Number"),
        text("owner", "Contact owner"),
        text("team", "HubSpot Team"),
        text("stage", "Lifecycle Stage"),
        text("job_title", "Job Title"),
        text("company_name", "Company Name", "Associated Company"),
        text("company_ids", "Associated Company IDs", "Primary Associated Company ID", "Associated Company ID"),
        text("street", "Street Address"),
        text("city", "City"),
        text("region", "State/Region"),
        text("postal_code", "Postal Code"),
        text("country", "Country/Region"),
        day("birth_date", "Date of Birth"),
        text("language", "Preferred language"),
        text("timezone", "Time Zone"),
        text("opted_out", "Unsubscribed from all email"),
        instant("became_lead", "Became a Lead Date"),
        instant("became_sql", "Became a Sales Qualified Lead Date"),
        instant("created_at", "Create Date"),
        instant("updated_at", "Last Modified Date"),
    ),
)

COMPANIES = Format(
    name="hubspot-companies",
    stream="companies",
    kind=StreamKind.ACCOUNTS,
    body=CompanyRow,
    mapper=map_companies,
    identity="id",
    needs=("id",),
    marks=("Record ID", "Company name", "Company Domain Name", "Company owner"),
    columns=(
        text("id", "Record ID", "Record ID - Company", "Company ID"),
        text("name", "Company name", "Name"),
        text("domain", "Company Domain Name"),
        text("industry", "Industry"),
        number("size", "Number of Employees"),
        text("owner", "Company owner"),
        text("street", "Street Address"),
        text("city", "City"),
        text("region", "State/Region"),
        text("postal_code", "Postal Code"),
        text("country", "Country/Region"),
        text("parent_id", "Parent Company IDs", "Parent Company ID"),
        instant("created_at", "Create Date"),
        instant("updated_at", "Last Modified Date"),
    ),
)

DEALS = Format(
    name="hubspot-deals",
    stream="deals",
    kind=StreamKind.INTERACTIONS,
    body=DealRow,
    mapper=map_deals,
    identity="id",
    needs=("id", "created_at"),
    marks=("Record ID", "Deal Name", "Deal Stage", "Pipeline", "Close Date"),
    columns=(
        text("id", "Record ID", "Record ID - Deal", "Deal ID"),
        text("name", "Deal Name"),
        text("stage", "Deal Stage"),
        text("pipeline", "Pipeline"),
        number("amount", "Amount"),
        text("currency", "Currency"),
        text("owner", "Deal owner"),
        text("team", "HubSpot Team"),
        text("lost_reason", "Closed Lost Reason"),
        text("won_reason", "Closed Won Reason"),
        text("contact_ids", "Associated Contact IDs"),
        text("company_ids", "Associated Company IDs"),
        instant("created_at", "Create Date"),
        instant("closed_at", "Close Date"),
    ),
)

FORM_SUBMISSIONS = Format(
    name="hubspot-form-submissions",
    stream="form-submissions",
    kind=StreamKind.INTERACTIONS,
    body=SubmissionRow,
    mapper=map_submissions,
    needs=("at",),
    marks=("Conversion Date", "Conversion Page", "Conversion Title"),
    columns=(
        text("title", "Conversion Title", "Form Name"),
        text("page", "Conversion Page"),
        instant("at", "Conversion Date"),
        text("contact_id", "Contact ID"),
        text("email", "Email", "Email Address"),
        text("given_name", "First Name"),
        text("family_name", "Last Name"),
        text("phone", "Phone Number", "Phone"),
    ),
)

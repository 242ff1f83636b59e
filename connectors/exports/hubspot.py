"""HubSpot's CSV exports of whom it knows: contacts and companies.

Headers are HubSpot's property labels; times are "YYYY-MM-DD HH:MM" in the portal's time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

import msgspec

from connectors.exports.formats import (
    Context,
    Format,
    Located,
    Mapper,
    day,
    instant,
    number,
    required,
    split_list,
    text,
)
from connectors.hookspecs import StreamKind
from connectors.records import (
    Account,
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
        lifecycle_stage=_stage(row.stage),
        owner=row.owner,
        team=row.team,
        consents=_consents(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        extra=dict(row.extra),
    )


STAGES = frozenset(
    "subscriber lead marketingqualifiedlead salesqualifiedlead opportunity customer evangelist other".split()
)
"""HubSpot's own names of its stages; an export may write their labels, `Marketing Qualified Lead`."""


def _stage(value: str | None) -> str | None:
    plain = "".join((value or "").casefold().split())
    return plain if plain in STAGES else value


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

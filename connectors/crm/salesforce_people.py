"""Salesforce's accounts, contacts and leads: a lead that was converted, or merged, has become another record.

Contacts and leads are records of one stream, `contacts`: their ids are different throughout an org, and a converted
lead is replaced by its contact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.crm.salesforce_api import SObject, day_of, moment_of
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
    Precision,
    Tombstone,
    said,
)

PEOPLE = "contacts"
ACCOUNTS = "accounts"
LEAD_KINDS = ("lead.created", "lead.accepted", "lead.rejected")
KEPT = ("LeadSource", "Department", "Type", "Rating")
"""Standard fields that no canonical one holds."""


def map_account(source: str, stream: str, url: str, row: SObject) -> Iterator[Account | Tombstone]:
    """The account; one that was merged says into which. The account of a single person is that person's contact."""
    if row.flag("IsPersonAccount"):
        return
    master = row.said("MasterRecordId")
    if row.flag("IsDeleted") and master is None:
        yield _gone(source, stream, row.id, row)
        return
    website, size = row.said("Website"), row.number("NumberOfEmployees")
    yield Account(
        source=source,
        stream=stream,
        id=row.id,
        name=row.said("Name"),
        domain=_domain(website),
        industry=row.said("Industry"),
        size=None if size is None else int(size),
        address=_address(row, "Billing"),
        parent_id=f"{source}/{stream}/{parent}" if (parent := row.said("ParentId")) else None,
        owner=row.said("Owner.Name"),
        created_at=row.moment("CreatedDate"),
        updated_at=row.moment("SystemModstamp"),
        merged_into=master,
        source_url=f"{url}/{row.id}",
        extra=_extra(row),
    )


def map_contact(source: str, url: str, row: SObject) -> Iterator[Person | Tombstone]:
    """The person; one that was merged says into which."""
    master = row.said("MasterRecordId")
    if row.flag("IsDeleted") and master is None:
        yield _gone(source, PEOPLE, row.id, row)
        return
    account = None if row.flag("IsPersonAccount") else row.said("AccountId")
    customer = (row.said("Account.Type") or "").casefold().startswith("customer")
    yield _person(
        source,
        url,
        row,
        "Mailing",
        merged_into=master,
        account_id=f"{source}/{ACCOUNTS}/{account}" if account else None,
        account_name=row.said("Account.Name") if account else None,
        birth_date=day_of(row.fields, "Birthdate"),
        lifecycle_stage="customer" if customer else None,
        team=row.said("Owner.UserRole.Name"),
    )


def map_lead(
    source: str, stream: str, url: str, rejected: Sequence[str], row: SObject
) -> Iterator[Person | Interaction | Tombstone]:
    """The person, their becoming a lead, its rejection by sales, its acceptance when it was converted.

    `rejected` are the statuses of a lead that sales does not want; when it got one of them is in its history.
    """
    master, contact = row.said("MasterRecordId"), row.said("ConvertedContactId")
    if row.flag("IsDeleted") and master is None:
        yield _gone(source, PEOPLE, row.id, row)
        for kind in LEAD_KINDS:
            yield _gone(source, stream, f"{row.id}:{kind}", row)
        return
    yield _person(
        source,
        url,
        row,
        "",
        merged_into=master or contact,
        account_name=row.said("Company"),
        lifecycle_stage=row.said("Status"),
    )
    converted = row.moment("ConvertedDate") if row.flag("IsConverted") else None
    moments = [
        ("lead.created", row.moment("CreatedDate"), Precision.SECOND),
        ("lead.accepted", converted, Precision.DAY),
    ]
    moments += [("lead.rejected", at, Precision.SECOND) for at in _rejections(row, rejected)[-1:]]
    for kind, at, precision in moments:
        if at is not None:
            by_sales, accepted = kind != "lead.created", kind == "lead.accepted"
            yield Interaction(
                source=source,
                stream=stream,
                id=f"{row.id}:{kind}",
                kind=kind,
                occurred_at=at,
                precision=precision,
                person=f"{source}/{PEOPLE}/{row.id}",
                function=BusinessFunction.SALES if by_sales else BusinessFunction.MARKETING,
                channel=Channel.OTHER if by_sales else Channel.WEB,
                direction=Direction.INTERNAL,
                automated=not by_sales,
                agent=row.said("Owner.Name") if by_sales else None,
                reason=row.said("Status") if kind == "lead.rejected" else None,
                deal=f"{source}/{deal}" if accepted and (deal := row.said("ConvertedOpportunityId")) else None,
                extra={"lead_source": origin} if (origin := row.said("LeadSource")) else {},
            )


def _rejections(row: SObject, rejected: Sequence[str]) -> list[datetime]:
    """When it was rejected, as long as it is: what sales took up again was not."""
    statuses = {status.casefold() for status in rejected}
    if row.flag("IsConverted") or (row.said("Status") or "").casefold() not in statuses:
        return []
    return sorted(
        at
        for change in row.children.get("LeadHistory", ())
        if change.get("NewValue", "").casefold() in statuses and (at := moment_of(change, "CreatedDate")) is not None
    )


def _person(source: str, url: str, row: SObject, prefix: str, **more: Any) -> Person:
    address = _address(row, prefix)
    email = row.said("Email")
    numbers = dict.fromkeys(filter(None, (row.said(name) for name in ("Phone", "MobilePhone", "HomePhone"))))
    return Person(
        source=source,
        stream=PEOPLE,
        id=row.id,
        given_name=row.said("FirstName"),
        family_name=row.said("LastName"),
        emails=(Email(value=email, primary=True),) if email else (),
        phones=tuple(Phone(value=one, country=address.country if address else None) for one in numbers),
        job_title=row.said("Title"),
        address=address,
        owner=row.said("Owner.Name"),
        consents=(
            *_against(row, "HasOptedOutOfEmail", Channel.EMAIL),
            *_against(row, "DoNotCall", Channel.PHONE),
        ),
        created_at=row.moment("CreatedDate"),
        updated_at=row.moment("SystemModstamp"),
        source_url=f"{url}/{row.id}",
        extra=_extra(row),
        **more,
    )


def _against(row: SObject, field: str, channel: Channel) -> Iterator[ConsentStatement]:
    """Salesforce keeps only a no: a box that is not ticked says nothing."""
    if row.flag(field):
        yield ConsentStatement(channel=channel, purpose="marketing", status=ConsentStatus.REVOKED, evidence=field)


def _address(row: SObject, prefix: str) -> Address | None:
    code = row.said(f"{prefix}CountryCode") or row.said(f"{prefix}Country")
    street = row.said(f"{prefix}Street")
    found = Address(
        street=None
        if street is None
        else said(", ".join(line.strip() for line in street.splitlines() if line.strip())),
        city=row.said(f"{prefix}City"),
        region=row.said(f"{prefix}State"),
        postal_code=row.said(f"{prefix}PostalCode"),
        country=code.upper() if code and len(code) == 2 else None,
    )
    return None if found == Address() else found


def _domain(website: str | None) -> str | None:
    if website is None:
        return None
    host = website.partition("://")[2] or website
    return said(host.partition("/")[0].partition(":")[0].casefold().removeprefix("www."))


def _extra(row: SObject) -> dict[str, Any]:
    """Custom fields by their API names, and standard ones that have no other place."""
    return {name: value for name, value in row.fields.items() if name.endswith("__c") or name in KEPT}


def _gone(source: str, stream: str, identifier: str, row: SObject) -> Tombstone:
    at = row.moment("SystemModstamp") or row.moment("CreatedDate")
    if at is None:
        raise ValueError(f"{row.id} is deleted and says not when")
    return Tombstone(source=source, stream=stream, id=identifier, deleted_at=at)

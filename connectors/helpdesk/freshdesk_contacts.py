"""Freshdesk's contacts as persons, its companies as accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.helpdesk.freshdesk_api import Company, Contact
from connectors.records import Account, Address, Email, Person, Phone, said


def map_contact(source: str, stream: str, companies: str, contact: Contact) -> Iterator[Person]:
    """A contact is a person; one in the trash has `deleted_at`. `companies` is the stream of accounts."""
    emails = dict.fromkeys(map(said, (contact.email, *(contact.other_emails or ()))))
    numbers = dict.fromkeys(map(said, (contact.phone, contact.mobile, *(contact.other_phone_numbers or ()))))
    street = said(contact.address)
    more = {"blocked": contact.blocked or None, "twitter_id": contact.twitter_id}
    yield Person(
        source=source,
        stream=stream,
        id=str(contact.id),
        emails=tuple(
            Email(value=value, primary=value == said(contact.email), verified=bool(contact.active))
            for value in emails
            if value
        ),
        phones=tuple(Phone(value=value) for value in numbers if value),
        given_name=said(contact.first_name),
        family_name=said(contact.last_name),
        full_name=said(contact.name),
        account_id=f"{source}/{companies}/{contact.company_id}" if contact.company_id else None,
        job_title=said(contact.job_title),
        address=None if street is None else Address(street=street),
        locale=said(contact.language),
        timezone=said(contact.time_zone),
        tags=tuple(contact.tags or ()),
        external_ids={"customer_number": str(contact.unique_external_id)} if contact.unique_external_id else {},
        created_at=contact.created_at,
        updated_at=contact.updated_at,
        deleted_at=(contact.updated_at or contact.created_at) if contact.deleted else None,
        extra=_filled(contact.custom_fields) | _filled(more),
    )


def map_company(source: str, stream: str, company: Company) -> Iterator[Account]:
    """A company is an account; its first domain is told, the others are extra."""
    domains = [domain for domain in map(said, company.domains or ()) if domain]
    more = {
        "domains": domains[1:],
        "health_score": company.health_score,
        "account_tier": company.account_tier,
        "renewal_date": company.renewal_date,
    }
    yield Account(
        source=source,
        stream=stream,
        id=str(company.id),
        name=said(company.name),
        domain=domains[0] if domains else None,
        industry=said(company.industry),
        created_at=company.created_at,
        updated_at=company.updated_at,
        extra=_filled(company.custom_fields) | _filled(more),
    )


def _filled(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """What says something."""
    return {name: value for name, value in (fields or {}).items() if value not in (None, "", [])}

"""Zendesk's users as persons, its organizations as accounts."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.helpdesk.zendesk_deliveries import OURS
from connectors.helpdesk.zendesk_objects import Organization, User
from connectors.records import Account, Email, Person, Phone, Tombstone, said

IMPERSONAL = frozenset({"mailing_list", "ticket_sharing_partner", "mailer_daemon", "reserved_example"})
"""States of an address that is nobody's own. One that bounces (`undeliverable`) still tells who it is."""


def map_user(source: str, stream: str, user: User, *, organizations: str | None = None) -> Iterator[Person]:
    """An end user is a person; agents and admins are ours and give no record. `organizations`: the accounts' stream."""
    if user.role != "end-user":
        return
    account = said(str(user.organization_id)) if organizations and user.organization_id else None
    fields = (user.user_fields or {}).items()
    own = {name: value for name, value in fields if value not in (None, "", []) and not name.startswith(f"{OURS}_")}
    yield Person(
        source=source,
        stream=stream,
        id=str(user.id),
        emails=_emails(user),
        phones=_phones(user),
        full_name=said(user.name),
        account_id=None if account is None else f"{source}/{organizations}/{account}",
        locale=said(user.locale),
        timezone=said(user.iana_time_zone),
        tags=tuple(user.tags or ()),
        external_ids={"customer_number": str(user.external_id)} if user.external_id else {},
        created_at=user.created_at,
        updated_at=user.updated_at,
        deleted_at=(user.updated_at or user.created_at) if user.active is False else None,
        source_url=said(user.url),
        extra=own | ({"suspended": True} if user.suspended else {}),
    )


def map_agent(source: str, stream: str, user: User) -> Iterator[Tombstone]:
    """An end user who became a colleague is no customer any more."""
    since = user.updated_at or user.created_at
    if user.role != "end-user" and since is not None:
        yield Tombstone(source=source, stream=stream, id=str(user.id), deleted_at=since)


def map_organization(source: str, stream: str, organization: Organization) -> Iterator[Account]:
    """An organization is an account; its first domain is told, the others are extra."""
    domains = [domain for domain in map(said, organization.domain_names or ()) if domain]
    own = {name: value for name, value in (organization.organization_fields or {}).items() if value not in (None, "")}
    more = {"domains": domains[1:], "tags": organization.tags, "external_id": organization.external_id}
    yield Account(
        source=source,
        stream=stream,
        id=str(organization.id),
        name=said(organization.name),
        domain=domains[0] if domains else None,
        created_at=organization.created_at,
        updated_at=organization.updated_at,
        deleted_at=organization.deleted_at,
        source_url=said(organization.url),
        extra=own | {name: value for name, value in more.items() if value},
    )


def _emails(user: User) -> tuple[Email, ...]:
    """The user's address first, then what the identities add; those that are nobody's own are left out."""
    found: dict[str, Email] = {}
    if (primary := said(user.email)) is not None:
        found[primary.casefold()] = Email(value=primary, primary=True, verified=bool(user.verified))
    for one in user.identities:
        value = said(one.value) if one.type == "email" and one.deliverable_state not in IMPERSONAL else None
        if value is not None and value.casefold() not in found:
            found[value.casefold()] = Email(value=value, verified=bool(one.verified))
    return tuple(found.values())


def _phones(user: User) -> tuple[Phone, ...]:
    numbers = [user.phone, *(one.value for one in user.identities if one.type == "phone_number")]
    return tuple(Phone(value=number) for number in dict.fromkeys(map(said, numbers)) if number)

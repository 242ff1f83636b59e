"""Which objects of Salesforce are read, with which fields, and what else makes a record be read again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connectors.crm.salesforce_api import LONGEST_QUERY, Described
from connectors.hookspecs import Deletions, Stream, StreamKind

MODIFIED = "SystemModstamp"
OTHERS = ("Account", "Campaign", "User")
"""Objects of which a record may show fields."""
_NAME = re.compile(r"[A-Za-z]\w*").fullmatch
COMPOUND = frozenset({"address", "location", "base64", "complexvalue"})
"""Types whose values are no texts."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Rows of another object, or another moment of the same one, that make its record be read again.

    `until_now`: only what has happened by the server's clock.
    """

    name: str
    owner: str
    moment: str = MODIFIED
    until_now: bool = False


@dataclass(frozen=True, slots=True)
class Children:
    """Rows of another object that belong to a record; `owner` is the field that points to it."""

    name: str
    owner: str
    fields: tuple[str, ...]
    only: str | None = None
    deleted: bool = False
    """With those that were deleted: they tell what is to be taken back."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One stream: an object, its standard fields (those that the org has), and rows that belong to each record."""

    stream: Stream
    name: str
    fields: tuple[str, ...]
    only: tuple[tuple[str, str], ...] = ()
    """(field, condition): records that fulfil one of them, where the org has the field."""
    children: tuple[Children, ...] = ()
    watched: Watched | None = None
    happens: str | None = None
    """The field with the moment it happens; what lies ahead is not told yet."""


def _stream(name: str, kind: StreamKind, fields: tuple[str, ...]) -> Stream:
    return Stream(name, kind, "Id", MODIFIED, Deletions.TOMBSTONES, fields)


_EVERY = ("Id", "IsDeleted", "CreatedDate", MODIFIED)
_OWNED = ("OwnerId", "Owner.Name")
_TEAM = ("Owner.UserRole.Name",)
_ACCOUNT = (
    "MasterRecordId", "IsPersonAccount", "Name", "Website", "Industry", "NumberOfEmployees", "Type", "ParentId",
    "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry", "BillingCountryCode",
)  # fmt: skip
_CONTACT = (
    "MasterRecordId", "IsPersonAccount", "FirstName", "LastName", "Email", "Phone", "MobilePhone", "HomePhone",
    "Title", "Department", "AccountId", "Account.Name", "MailingStreet", "MailingCity",
    "MailingState", "MailingPostalCode", "MailingCountry",
    "MailingCountryCode", "Account.Type", "Birthdate", "HasOptedOutOfEmail", "DoNotCall", "LeadSource",
)  # fmt: skip
_LEAD = (
    "MasterRecordId", "FirstName", "LastName", "Email", "Phone", "MobilePhone", "Title", "Company", "Street", "City",
    "State", "PostalCode", "Country", "CountryCode", "Status", "LeadSource", "HasOptedOutOfEmail", "DoNotCall",
    "IsConverted", "ConvertedDate", "ConvertedContactId", "ConvertedOpportunityId",
)  # fmt: skip
_OPPORTUNITY = (
    "Name", "AccountId", "StageName", "IsClosed", "IsWon", "Amount", "CurrencyIsoCode", "CloseDate", "Type",
    "LeadSource", "CampaignId", "Account.PersonContactId",
)  # fmt: skip
_TASK = (
    "Subject", "Description", "Status", "IsClosed", "TaskSubtype", "Type", "CallType", "CallDurationInSeconds",
    "CallDisposition", "ActivityDate", "CompletedDateTime", "WhoId", "AccountId", "WhatId", "Account.PersonContactId",
)  # fmt: skip
_EVENT = (
    "Subject", "Description", "Location", "StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate", "WhoId",
    "AccountId", "WhatId", "Account.PersonContactId",
)  # fmt: skip
_MEMBER = (
    "CampaignId", "Campaign.Name", "Campaign.Type", "ContactId", "LeadId", "Status", "HasResponded",
    "FirstRespondedDate",
)  # fmt: skip

_CHANGE = ("Id", "Field", "OldValue", "NewValue", "CreatedDate")
_CALLS_AND_MAILS = (
    ("TaskSubtype", "TaskSubtype IN ('Call', 'Email', 'ListEmail')"),
    ("Type", "Type IN ('Call', 'Email')"),
)

KINDS: dict[str, Kind] = {
    kind.stream.name: kind
    for kind in (
        Kind(_stream("accounts", StreamKind.ACCOUNTS, _ACCOUNT), "Account", (*_EVERY, *_OWNED, *_ACCOUNT)),
        Kind(_stream("contacts", StreamKind.PERSONS, _CONTACT), "Contact", (*_EVERY, *_OWNED, *_TEAM, *_CONTACT)),
        Kind(
            _stream("leads", StreamKind.PERSONS, _LEAD),
            "Lead",
            (*_EVERY, *_OWNED, *_LEAD),
            children=(Children("LeadHistory", "LeadId", _CHANGE, "Field = 'Status'"),),
        ),
        Kind(
            _stream("opportunities", StreamKind.INTERACTIONS, _OPPORTUNITY),
            "Opportunity",
            (*_EVERY, *_OWNED, *_TEAM, *_OPPORTUNITY),
            children=(
                Children("OpportunityHistory", "OpportunityId", ("Id", "StageName", "Amount", "CreatedDate")),
                Children("OpportunityContactRole", "OpportunityId", ("Id", "ContactId", "Role", "IsPrimary")),
                Children("OpportunityFieldHistory", "OpportunityId", _CHANGE, "Field = 'Owner'"),
            ),
            watched=Watched("OpportunityContactRole", "OpportunityId"),
        ),
        Kind(_stream("tasks", StreamKind.INTERACTIONS, _TASK), "Task", (*_EVERY, *_OWNED, *_TASK), _CALLS_AND_MAILS),
        Kind(
            _stream("events", StreamKind.INTERACTIONS, _EVENT),
            "Event",
            (*_EVERY, *_OWNED, *_EVENT),
            children=(Children("EventRelation", "EventId", ("Id", "RelationId", "IsDeleted"), deleted=True),),
            watched=Watched("Event", "Id", "StartDateTime", until_now=True),
            happens="StartDateTime",
        ),
        Kind(_stream("campaign_members", StreamKind.INTERACTIONS, _MEMBER), "CampaignMember", (*_EVERY, *_MEMBER)),
    )
}


def selected(kind: Kind, described: Described, others: Mapping[str, Described | None]) -> tuple[tuple[str, ...], int]:
    """The fields to ask for: those of the kind that the org shows, and its own as far as an address has room; and how
    many of its own have none. `others` are the objects of OTHERS as far as they may be seen."""
    there = {one.name for one in described.fields}
    related = {one.relationship for one in described.fields if one.relationship is not None}
    fields = [one for one in kind.fields if one in there or _is_seen(one, related, others)]
    own = sorted(one.name for one in described.fields if one.custom and one.type not in COMPOUND and _NAME(one.name))
    room = LONGEST_QUERY - len(", ".join(fields)) - 300
    fitting: list[str] = []
    for name in own:
        room -= len(name) + 2
        if room < 0:
            break
        fitting.append(name)
    return (*fields, *fitting), len(own) - len(fitting)


def _is_seen(field: str, related: Collection[str], others: Mapping[str, Described | None]) -> bool:
    """Whether a field of a related object (`Account.Type`) may be asked for."""
    relation, _, rest = field.partition(".")
    if relation not in related or not rest:
        return False
    if relation == "Owner":  # a user or a queue: both have a name, only users a role
        users = others.get("User")
        role = users is not None and any(one.relationship == "UserRole" for one in users.fields)
        return rest == "Name" or role
    other = others.get(relation)
    return other is not None and any(one.name == rest for one in other.fields)


def condition(kind: Kind, fields: Sequence[str]) -> str | None:
    """Which records of the object are wanted, as far as the org has the fields that tell."""
    held = [condition for field, condition in kind.only if field in fields]
    return f"({' OR '.join(held)})" if held else None


def soql(kind_name: str, fields: Sequence[str], conditions: Sequence[str | None], order: str = "") -> str:
    """A query; conditions that are None hold nothing."""
    held = " AND ".join(condition for condition in conditions if condition)
    # Names are those of this file and of `describe`; moments and ids are made of digits and letters.
    return f"SELECT {', '.join(fields)} FROM {kind_name}{f' WHERE {held}' if held else ''}{order}"  # noqa: S608

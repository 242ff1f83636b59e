"""Zendesk's objects as its API and its JSON export write them; what we do not use is not read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

Id = int | str


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach a user: an e-mail address, a telephone number, or a name elsewhere."""

    user_id: Id
    type: str
    value: str | None = None
    verified: bool | None = None
    deliverable_state: str | None = None


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user; end users are customers, agents and admins are not. One that was deleted is not `active`."""

    id: Id
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    role: str = "end-user"
    verified: bool | None = None
    active: bool | None = None
    suspended: bool | None = None
    locale: str | None = None
    iana_time_zone: str | None = None
    external_id: Id | None = None
    organization_id: Id | None = None
    tags: list[str] | None = None
    url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    user_fields: dict[str, Any] | None = None
    identities: list[Identity] = []
    """Of the API: what comes beside the users, put to its user."""


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """A company; users belong to it."""

    id: Id
    name: str | None = None
    domain_names: list[str] | None = None
    external_id: Id | None = None
    tags: list[str] | None = None
    url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    organization_fields: dict[str, Any] | None = None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A group, or any object that is an id and a name."""

    id: Id
    name: str | None = None


class TicketField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a ticket form."""

    id: Id
    title: str
    type: str = "text"
    visible_in_portal: bool | None = None


class TicketForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that customers fill in."""

    id: Id
    name: str | None = None
    display_name: str | None = None
    ticket_field_ids: list[Id] = []


class Via(msgspec.Struct, frozen=True, kw_only=True):
    """How a ticket or comment was made."""

    channel: Id | None = None


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A comment; only public ones reach the customer."""

    id: Id
    author_id: Id
    created_at: datetime
    body: str | None = None
    plain_body: str | None = None
    public: bool = True
    via: Via | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change within an audit; of a comment its words, of a rating its score."""

    type: str
    id: Id | None = None
    field_name: str | None = None
    value: Any = None
    previous_value: Any = None
    author_id: Id | None = None
    body: str | None = None
    plain_body: str | None = None
    public: bool | None = None
    comment_id: Id | None = None
    score: str | None = None
    via: Via | None = None


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """One update of a ticket."""

    id: Id
    created_at: datetime
    author_id: Id | None = None
    events: list[Event] = []
    via: Via | None = None


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket's metric set, where it was exported too."""

    solved_at: datetime | None = None


class FieldValue(msgspec.Struct, frozen=True, kw_only=True):
    """What a ticket says in a field of the company's own."""

    id: Id
    value: Any = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket with its comments and audits; the JSON export gives requester, assignee and group as objects.

    The API gives no comments: they stand in the audits. `generated_timestamp` orders its incremental export.
    """

    id: Id
    external_id: Id | None = None
    created_at: datetime
    updated_at: datetime | None = None
    generated_timestamp: int | None = None
    requester_id: Id | None = None
    submitter_id: Id | None = None
    assignee_id: Id | None = None
    group_id: Id | None = None
    organization_id: Id | None = None
    collaborator_ids: list[Id] | None = None
    requester: Named | None = None
    submitter: Named | None = None
    assignee: Named | None = None
    group: Named | None = None
    subject: str | None = None
    description: str | None = None
    status: str | None = None
    priority: str | None = None
    type: str | None = None
    via: Via | None = None
    tags: list[str] | None = None
    url: str | None = None
    ticket_form_id: Id | None = None
    custom_fields: list[FieldValue] | None = None
    comments: list[Comment] = []
    audits: list[Audit] = []
    metric_set: Metrics | None = None


class SatisfactionRating(msgspec.Struct, frozen=True, kw_only=True):
    """A rating of a ticket, or the offer of one."""

    id: Id
    score: str
    created_at: datetime
    updated_at: datetime | None = None
    ticket_id: Id | None = None
    requester_id: Id | None = None
    assignee_id: Id | None = None
    group_id: Id | None = None
    comment: str | None = None
    reason: str | None = None


class ServicePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The agreement a promise comes from."""

    id: Id | None = None
    title: str | None = None


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What was promised for a metric: `target` in minutes, of business hours where it says so."""

    target: float | None = None
    business_hours: bool | None = None
    policy: ServicePolicy | None = None


class MetricEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to one metric of a ticket: it began, stopped, was fulfilled, or broke its promise."""

    id: Id
    ticket_id: Id
    metric: str
    type: str
    time: datetime
    instance_id: int | None = None
    sla: Promise | None = None
    deleted: bool | None = None

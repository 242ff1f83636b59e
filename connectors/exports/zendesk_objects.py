"""Zendesk's objects as its API and its JSON export write them; what we do not use is not read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

Id = int | str


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user; end users are customers, agents and admins are not."""

    id: Id
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    role: str = "end-user"
    verified: bool = False
    active: bool = True
    locale: str | None = None
    iana_time_zone: str | None = None
    external_id: Id | None = None
    tags: list[str] = []
    url: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    user_fields: dict[str, Any] = {}


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A group, or any object that is an id and a name."""

    id: Id
    name: str | None = None


class TicketField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a ticket form."""

    id: Id
    title: str
    type: str = "text"
    visible_in_portal: bool = True


class TicketForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that customers fill in."""

    id: Id
    name: str | None = None
    display_name: str | None = None
    ticket_field_ids: list[Id] = []


class ViaSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where a ticket came from, closer."""

    rel: str | None = None


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
    """One change within an audit."""

    type: str
    id: Id | None = None
    field_name: str | None = None
    value: Any = None
    previous_value: Any = None


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """One update of a ticket."""

    id: Id
    created_at: datetime
    author_id: Id | None = None
    events: list[Event] = []


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket's metric set, where it was exported too."""

    solved_at: datetime | None = None


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket with its comments and audits; the JSON export gives requester, assignee and group as objects."""

    id: Id
    created_at: datetime
    requester_id: Id | None = None
    submitter_id: Id | None = None
    assignee_id: Id | None = None
    group_id: Id | None = None
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
    tags: list[str] = []
    url: str | None = None
    ticket_form_id: Id | None = None
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

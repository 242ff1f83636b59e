"""Zendesk's objects, one JSON object a line as its API and its JSON export give them: users, tickets with their
comments and audits, satisfaction ratings; and groups, agents, ticket forms and fields, which say what an id means.
"""

from __future__ import annotations

from connectors.exports.formats import Context, Format, Mapper, asked_for, no_records
from connectors.helpdesk.zendesk_objects import Named, SatisfactionRating, Ticket, TicketField, TicketForm, User
from connectors.helpdesk.zendesk_tickets import Names, asks_customers, map_rating, map_ticket
from connectors.helpdesk.zendesk_users import map_user
from connectors.hookspecs import StreamKind


def map_users(context: Context) -> Mapper:
    """An end user is a person; agents and admins are ours and give no record."""
    return lambda raw: map_user(context.source, context.stream, raw.body)


def map_tickets(context: Context) -> Mapper:
    """A ticket is created, answered, reassigned, solved, reopened: each an interaction of its requester."""
    names, users = _names(context), context.streams.get("zendesk-users", "users")
    return lambda raw: map_ticket(context.source, context.stream, users, raw.body, names)


def map_ratings(context: Context) -> Mapper:
    """A rating is the answer of a CSAT survey about its ticket."""
    names, users = _names(context), context.streams.get("zendesk-users", "users")
    return lambda raw: map_rating(context.source, context.stream, users, raw.body, names)


def _names(context: Context) -> Names:
    """What the section's look-up files call groups, agents and forms."""
    fields = context.lookups.get("zendesk-ticket-fields", {})
    forms = {
        identifier: tuple(asked_for(title) for field in asked if (title := fields.get(field, field)))
        for identifier, asked in context.lookups.get("zendesk-ticket-forms", {}).items()
    }
    return Names(context.lookups.get("zendesk-groups", {}), context.lookups.get("zendesk-agents", {}), forms, fields)


def _form_entry(form: TicketForm) -> tuple[str, list[str]]:
    return str(form.id), [str(field) for field in form.ticket_field_ids]


def _field_entry(field: TicketField) -> tuple[str, str]:
    # What every ticket has is no question about the customer; it has no title here, so no form asks it.
    return str(field.id), field.title if asks_customers(field) else ""


USERS = Format(
    name="zendesk-users",
    stream="users",
    kind=StreamKind.PERSONS,
    body=User,
    mapper=map_users,
    identity="id",
    marks=("role", "iana_time_zone", "verified", "email"),
)
TICKETS = Format(
    name="zendesk-tickets",
    stream="tickets",
    kind=StreamKind.INTERACTIONS,
    body=Ticket,
    mapper=map_tickets,
    identity="id",
    marks=("subject", "via", "requester_id", "status"),
)
SATISFACTION_RATINGS = Format(
    name="zendesk-satisfaction-ratings",
    stream="satisfaction-ratings",
    kind=StreamKind.INTERACTIONS,
    body=SatisfactionRating,
    mapper=map_ratings,
    identity="id",
    marks=("score", "ticket_id", "requester_id"),
)
TICKET_FORMS = Format(
    name="zendesk-ticket-forms",
    stream="ticket-forms",
    kind=StreamKind.INTERACTIONS,
    body=TicketForm,
    mapper=no_records,
    lookup=True,
    entry=_form_entry,
    marks=("ticket_field_ids", "end_user_visible"),
)
TICKET_FIELDS = Format(
    name="zendesk-ticket-fields",
    stream="ticket-fields",
    kind=StreamKind.INTERACTIONS,
    body=TicketField,
    mapper=no_records,
    lookup=True,
    entry=_field_entry,
    marks=("title_in_portal", "visible_in_portal", "type"),
)
GROUPS = Format(
    name="zendesk-groups",
    stream="groups",
    kind=StreamKind.INTERACTIONS,
    body=Named,
    mapper=no_records,
    lookup=True,
    entry=lambda group: (str(group.id), group.name or str(group.id)),
    marks=("name", "is_public", "deleted"),
)
AGENTS = Format(
    name="zendesk-agents",
    stream="agents",
    kind=StreamKind.INTERACTIONS,
    body=User,
    mapper=no_records,
    lookup=True,
    entry=lambda user: (str(user.id), user.name or str(user.id)),
    marks=("role", "default_group_id", "iana_time_zone"),
)

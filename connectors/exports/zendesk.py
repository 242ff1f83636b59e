"""Zendesk's objects, one JSON object a line as its API and its JSON export give them: users, tickets with their
comments and audits, satisfaction ratings; and groups, agents, ticket forms and fields, which say what an id means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.exports.formats import Context, Format, Located, Mapper, asked_for, no_records
from connectors.exports.zendesk_objects import Id, Named, SatisfactionRating, Ticket, TicketField, TicketForm, User
from connectors.hookspecs import StreamKind
from connectors.records import (
    BusinessFunction,
    Channel,
    Direction,
    Email,
    Interaction,
    Person,
    Phone,
    Record,
    SurveyMetric,
    SurveyProgram,
    said,
)


def map_users(context: Context) -> Mapper:
    """An end user is a person; agents and admins are ours and give no record."""

    def map_user(raw: Located) -> Iterator[Record]:
        user: User = raw.body
        if user.role != "end-user":
            return
        email = said(user.email)
        phone = said(user.phone)
        yield Person(
            source=context.source,
            stream=context.stream,
            id=str(user.id),
            emails=() if email is None else (Email(value=email, primary=True, verified=user.verified),),
            phones=() if phone is None else (Phone(value=phone),),
            full_name=said(user.name),
            locale=said(user.locale),
            timezone=said(user.iana_time_zone),
            tags=tuple(user.tags),
            external_ids={"customer_number": str(user.external_id)} if user.external_id else {},
            created_at=user.created_at,
            updated_at=user.updated_at,
            source_url=said(user.url),
            extra={name: value for name, value in user.user_fields.items() if value not in (None, "")},
        )

    return map_user


CHANNELS = {
    "web": Channel.WEB,
    "web_widget": Channel.WEB,
    "help_center": Channel.WEB,
    "email": Channel.EMAIL,
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
    "chat": Channel.CHAT,
    "messaging": Channel.CHAT,
    "native_messaging": Channel.CHAT,
    "sms": Channel.SMS,
    "mobile": Channel.APP,
    "mobile_sdk": Channel.APP,
    "twitter": Channel.SOCIAL,
    "facebook": Channel.SOCIAL,
    "instagram_dm": Channel.SOCIAL,
    "whatsapp": Channel.CHAT,
}

Row = tuple[str, datetime, dict[str, Any]]
"""(id within the ticket, moment, what differs from the ticket's other interactions)"""


@dataclass(frozen=True, slots=True)
class _Names:
    """What the section's look-up files call groups, agents and forms; an id stands for itself where none says."""

    groups: dict[str, str]
    agents: dict[str, str]
    forms: dict[str, tuple[str, ...]]

    def group(self, identifier: object) -> str | None:
        return None if identifier in (None, "") else self.groups.get(str(identifier), str(identifier))

    def agent(self, identifier: object) -> str | None:
        return None if identifier in (None, "") else self.agents.get(str(identifier), str(identifier))


def _names(context: Context) -> _Names:
    fields = context.lookups.get("zendesk-ticket-fields", {})
    forms = {
        identifier: tuple(asked_for(title) for field in asked if (title := fields.get(field, field)))
        for identifier, asked in context.lookups.get("zendesk-ticket-forms", {}).items()
    }
    return _Names(
        dict(context.lookups.get("zendesk-groups", {})), dict(context.lookups.get("zendesk-agents", {})), forms
    )


def map_tickets(context: Context) -> Mapper:
    """A ticket is created, answered, reassigned, solved, reopened: each an interaction of its requester."""
    names = _names(context)

    def map_ticket(raw: Located) -> Iterator[Record]:
        ticket: Ticket = raw.body
        requester = ticket.requester.id if ticket.requester else ticket.requester_id
        if requester is None:
            return
        person = context.reference("zendesk-users", "users", requester)
        channel = CHANNELS.get(str(ticket.via.channel) if ticket.via else "", Channel.OTHER)
        matter = context.matter(ticket.id)
        rows = [_created(ticket, requester, names), *_replies(ticket, requester, names), *_changes(ticket, names)]
        rows.sort(key=lambda row: row[1])
        for sequence, (identifier, at, fields) in enumerate(rows):
            yield Interaction(
                source=context.source,
                stream=context.stream,
                id=f"{ticket.id}:{identifier}",
                occurred_at=at,
                sequence=sequence,
                person=person,
                function=BusinessFunction.SERVICE,
                subject=said(ticket.subject),
                ticket=matter,
                source_url=said(ticket.url),
                **{"channel": channel, **fields},
            )

    return map_ticket


def _created(ticket: Ticket, requester: Id, names: _Names) -> Row:
    submitter = ticket.submitter.id if ticket.submitter else ticket.submitter_id
    by_customer = submitter is None or submitter == requester
    group, agent = _first_owner(ticket)
    channel = str(ticket.via.channel) if ticket.via else ""
    # Only the help centre shows the form; a mail or a call asks for nothing.
    asked = names.forms.get(str(ticket.ticket_form_id), ()) if by_customer and channel in ("web", "help_center") else ()
    text = ticket.comments[0].plain_body or ticket.comments[0].body if ticket.comments else ticket.description
    return (
        "created",
        ticket.created_at,
        {
            "kind": "ticket.created",
            "direction": Direction.INBOUND if by_customer else Direction.OUTBOUND,
            "team": names.group(group),
            "agent": names.agent(agent),
            "text": said(text),
            "requested_fields": asked,
            "topic": said(ticket.type),
            "extra": {key: value for key, value in (("priority", ticket.priority), ("tags", ticket.tags)) if value},
        },
    )


def _first_owner(ticket: Ticket) -> tuple[Any, Any]:
    """Group and assignee when the ticket was made: as its first audit says, else as they are now."""
    owner: dict[str, Any] = {}
    for audit in ticket.audits:
        for event in audit.events:
            if event.field_name in ("group_id", "assignee_id") and event.field_name not in owner:
                owner[event.field_name] = event.value if event.type == "Create" else event.previous_value
    return (
        owner.get("group_id", ticket.group.id if ticket.group else ticket.group_id),
        owner.get("assignee_id", ticket.assignee.id if ticket.assignee else ticket.assignee_id),
    )


def _replies(ticket: Ticket, requester: Id, names: _Names) -> Iterator[Row]:
    owners = _owners(ticket)
    for comment in ticket.comments[1:]:
        if not comment.public:
            continue
        inbound = comment.author_id == requester
        fields: dict[str, Any] = {
            "kind": "ticket.replied",
            "direction": Direction.INBOUND if inbound else Direction.OUTBOUND,
            "text": said(comment.plain_body or comment.body),
            "team": names.group(_owner_at(owners, comment.created_at)),
        }
        if not inbound:
            fields["agent"] = names.agent(comment.author_id)
        if comment.via and str(comment.via.channel) in CHANNELS:
            fields["channel"] = CHANNELS[str(comment.via.channel)]
        yield f"comment:{comment.id}", comment.created_at, fields


def _owners(ticket: Ticket) -> list[tuple[datetime, Any]]:
    """(since, group) in time."""
    owners = [(ticket.created_at, _first_owner(ticket)[0])]
    for audit in ticket.audits:
        for event in audit.events:
            if event.type == "Change" and event.field_name == "group_id":
                owners.append((audit.created_at, event.value))
    owners.sort(key=lambda owner: owner[0])
    return owners


def _owner_at(owners: Sequence[tuple[datetime, Any]], at: datetime) -> Any:
    now = owners[0][1]
    for since, group in owners:
        if since <= at:
            now = group
    return now


def _changes(ticket: Ticket, names: _Names) -> Iterator[Row]:
    solved = False
    owners = _owners(ticket)
    for audit in ticket.audits:
        changes = {event.field_name: event for event in audit.events if event.type == "Change" and event.field_name}
        group = changes.get("group_id")
        assignee = changes.get("assignee_id")
        moved = group is not None and group.previous_value not in (None, "")
        handed_on = assignee is not None and assignee.previous_value not in (None, "") and assignee.value is not None
        team = names.group(_owner_at(owners, audit.created_at))
        agent = names.agent(audit.author_id)
        if moved or handed_on:
            extra = {
                "from_team": names.group(group.previous_value) if group and moved else None,
                "from_agent": names.agent(assignee.previous_value) if assignee and handed_on else None,
            }
            yield (
                f"reassigned:{audit.id}",
                audit.created_at,
                {
                    "kind": "ticket.reassigned",
                    "direction": Direction.INTERNAL,
                    "team": team,
                    "agent": names.agent(assignee.value) if assignee else agent,
                    "extra": {key: value for key, value in extra.items() if value},
                },
            )
        for number, status in enumerate(event for event in audit.events if event.field_name == "status"):
            suffix = f"{audit.id}.{number}" if number else str(audit.id)
            if status.type == "Change" and status.value == "solved":
                solved = True
                yield (
                    f"solved:{suffix}",
                    audit.created_at,
                    {"kind": "ticket.solved", "direction": Direction.OUTBOUND, "team": team, "agent": agent},
                )
            elif status.type == "Change" and status.previous_value == "solved" and status.value != "closed":
                yield (
                    f"reopened:{suffix}",
                    audit.created_at,
                    {"kind": "ticket.reopened", "direction": Direction.INBOUND, "team": team},
                )
    if not solved and ticket.metric_set is not None and ticket.metric_set.solved_at is not None:
        group_now = ticket.group.id if ticket.group else ticket.group_id
        yield (
            "solved",
            ticket.metric_set.solved_at,
            {"kind": "ticket.solved", "direction": Direction.OUTBOUND, "team": names.group(group_now)},
        )


def map_ratings(context: Context) -> Mapper:
    """A rating is the answer of a CSAT survey about its ticket; good is 1, bad is 0. An offer is a survey sent."""
    names = _names(context)

    def map_rating(raw: Located) -> Iterator[Record]:
        rating: SatisfactionRating = raw.body
        if rating.requester_id is None or rating.score == "unoffered":
            return
        answered = rating.score.startswith(("good", "bad"))
        yield Interaction(
            source=context.source,
            stream=context.stream,
            id=str(rating.id),
            kind="survey.answered" if answered else "survey.sent",
            occurred_at=(rating.updated_at or rating.created_at) if answered else rating.created_at,
            person=context.reference("zendesk-users", "users", rating.requester_id),
            function=BusinessFunction.SERVICE,
            channel=Channel.EMAIL,
            direction=Direction.INBOUND if answered else Direction.OUTBOUND,
            automated=not answered,
            team=names.group(rating.group_id),
            agent=names.agent(rating.assignee_id),
            ticket=None if rating.ticket_id is None else context.matter(rating.ticket_id),
            text=said(rating.comment),
            reason=said(rating.reason),
            metric=SurveyMetric.CSAT,
            score=(1.0 if rating.score.startswith("good") else 0.0) if answered else None,
            scale=(0.0, 1.0),
            program=SurveyProgram.TRANSACTIONAL,
        )

    return map_rating


def _form_entry(form: TicketForm) -> tuple[str, list[str]]:
    return str(form.id), [str(field) for field in form.ticket_field_ids]


def _field_entry(field: TicketField) -> tuple[str, str]:
    # What every ticket has is no question about the customer; it has no title here, so no form asks it.
    return str(field.id), "" if field.type in SYSTEM_FIELDS or not field.visible_in_portal else field.title


SYSTEM_FIELDS = ("subject", "description", "status", "priority", "group", "assignee", "tickettype", "custom_status")

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

"""A Zendesk ticket as its customer experienced it: created, answered, reassigned, solved, reopened, rated anew.

The same for what the API gives and what the JSON export holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from connectors.helpdesk.zendesk_deliveries import OURS
from connectors.helpdesk.zendesk_history import History, is_automatic, requester_of, text
from connectors.helpdesk.zendesk_objects import Audit, Comment, SatisfactionRating, Ticket, TicketField
from connectors.records import (
    BusinessFunction,
    Channel,
    Direction,
    Interaction,
    SurveyMetric,
    SurveyProgram,
    Tombstone,
    said,
)

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
SYSTEM_FIELDS = ("subject", "description", "status", "priority", "group", "assignee", "tickettype", "custom_status")
"""What every ticket has: no question about the customer."""
SOLVED = ("solved", "closed")

_at = itemgetter(1)
Row = tuple[str, datetime, dict[str, Any]]
"""(id within the ticket, moment, what differs from the ticket's other interactions)"""


@dataclass(frozen=True, slots=True)
class Names:
    """What an id of a group, agent, form or field means; an id stands for itself where nothing says."""

    groups: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What each form asks customers for, in common names."""
    fields: Mapping[str, str] = field(default_factory=dict)

    def group(self, identifier: object) -> str | None:
        """The group's name."""
        return None if identifier in (None, "") else self.groups.get(str(identifier), str(identifier))

    def agent(self, identifier: object) -> str | None:
        """The agent's name; nobody for what Zendesk does by itself."""
        return None if identifier in (None, "", -1, "-1") else self.agents.get(str(identifier), str(identifier))


def asks_customers(one: TicketField) -> bool:
    """Whether customers see the field in a form, and it is not one that every ticket has."""
    return one.visible_in_portal is not False and one.type not in SYSTEM_FIELDS


def map_ticket(source: str, stream: str, users: str, ticket: Ticket, names: Names) -> Iterator[Interaction | Tombstone]:
    """The ticket's interactions; `users` is the stream of its people. One that is about an agent, or that we
    made of an alert, gives none, of a deleted one all are gone, and so is a comment that was made private."""
    changed_at = ticket.updated_at or ticket.created_at
    if ticket.status == "deleted":
        yield Tombstone(source=source, stream=stream, id=str(ticket.id), deleted_at=changed_at, matter="ticket")
        return
    requester = requester_of(ticket)
    if requester is None or requester in names.agents or str(ticket.external_id).startswith(f"{OURS}:"):
        return
    history = History(ticket)
    told = _Told(ticket, names, history, history.customers(names.agents), history.comments(), f"{source}/{users}/")
    rows = [_created(told), *_replies(told)]
    if history.moves or ticket.metric_set is not None:
        rows += _changes(told)
    rows += _former_ratings(told)
    rows.sort(key=_at)
    shared: dict[str, Any] = {
        "source": source,
        "stream": stream,
        "person": told.people + requester,
        "function": BusinessFunction.SERVICE,
        "channel": CHANNELS.get(str(ticket.via.channel) if ticket.via else "", Channel.OTHER),
        "subject": said(ticket.subject),
        "ticket": f"{source}/{ticket.id}",
        "source_url": said(ticket.url),
    }
    of_ticket = f"{ticket.id}:"
    for sequence, (identifier, at, fields) in enumerate(rows):
        yield Interaction(**{**shared, "id": of_ticket + identifier, "occurred_at": at, "sequence": sequence, **fields})
    for comment in history.hidden_comments():
        yield Tombstone(source=source, stream=stream, id=f"{ticket.id}:comment:{comment}", deleted_at=changed_at)


class _Told(NamedTuple):
    """A ticket and what its audits say, read once; `people` is what the key of a person begins with."""

    ticket: Ticket
    names: Names
    history: History
    customers: frozenset[str]
    comments: Sequence[Comment]
    people: str

    def team(self, at: datetime) -> str | None:
        """The team in charge at that moment."""
        return self.names.group(self.history.group_at(at))


def _created(told: _Told) -> Row:
    ticket, names = told.ticket, told.names
    submitter = text(ticket.submitter.id if ticket.submitter else ticket.submitter_id)
    by_customer = submitter is None or submitter in told.customers or submitter == told.history.requester
    group, agent = told.history.first_owner()
    channel = str(ticket.via.channel) if ticket.via else ""
    fields: dict[str, Any] = {
        "kind": "ticket.created",
        "direction": Direction.INBOUND if by_customer else Direction.OUTBOUND,
        "team": names.group(group),
        "agent": names.agent(agent),
        "text": said(_first_words(told)),
        "topic": said(ticket.type),
    }
    # Only the help centre shows the form; a mail or a call asks for nothing.
    if by_customer and channel in ("web", "help_center"):
        fields["requested_fields"] = names.forms.get(str(ticket.ticket_form_id), ())
    extra: dict[str, Any] = {"priority": ticket.priority} if ticket.priority else {}
    if ticket.tags:
        extra["tags"] = ticket.tags
    filled = [own for own in ticket.custom_fields or () if own.value not in (None, "", [])]
    if filled:
        extra["fields"] = {names.fields.get(str(own.id)) or str(own.id): own.value for own in filled}
    fields["extra"] = extra
    return "created", ticket.created_at, fields


def _first_words(told: _Told) -> str | None:
    if not told.comments:
        return told.ticket.description
    first = told.comments[0]
    return first.plain_body or first.body if first.public else None


def _replies(told: _Told) -> Iterator[Row]:
    for comment in told.comments[1:]:
        if not comment.public:
            continue
        author = str(comment.author_id)
        fields: dict[str, Any] = {
            "kind": "ticket.replied",
            "text": said(comment.plain_body or comment.body),
            "team": told.team(comment.created_at),
        }
        if author in told.customers:
            fields["direction"], fields["person"] = Direction.INBOUND, told.people + author
        else:
            fields["direction"], fields["agent"] = Direction.OUTBOUND, told.names.agent(author)
            fields["automated"] = is_automatic(author, comment)
        channel = CHANNELS.get(str(comment.via.channel)) if comment.via else None
        if channel is not None:
            fields["channel"] = channel
        yield f"comment:{comment.id}", comment.created_at, fields


def _changes(told: _Told) -> Iterator[Row]:
    ticket, names = told.ticket, told.names
    solved = False
    for audit in told.history.moves:
        team = told.team(audit.created_at)
        yield from _handoff(audit, team, names)
        for number, status in enumerate(event for event in audit.events if event.field_name == "status"):
            if status.type != "Change":
                continue
            is_end = status.value in SOLVED and status.previous_value not in SOLVED
            if not is_end and (status.previous_value != "solved" or status.value in SOLVED):
                continue
            suffix = f"{audit.id}.{number}" if number else str(audit.id)
            by_customer = text(audit.author_id) in told.customers
            fields: dict[str, Any] = {"team": team}
            if by_customer:
                fields["direction"] = Direction.INBOUND
            elif is_automatic(audit.author_id, audit):
                fields["automated"] = True
            if is_end:
                solved = True
                agent = None if by_customer else names.agent(audit.author_id)
                fields = {"kind": "ticket.solved", "direction": Direction.OUTBOUND, "agent": agent, **fields}
                yield f"solved:{suffix}", audit.created_at, fields
            else:
                fields = {"kind": "ticket.reopened", "direction": Direction.INTERNAL, **fields}
                yield f"reopened:{suffix}", audit.created_at, fields
    if not solved and ticket.metric_set is not None and ticket.metric_set.solved_at is not None:
        yield (
            "solved",
            ticket.metric_set.solved_at,
            {"kind": "ticket.solved", "direction": Direction.OUTBOUND, "team": names.group(told.history.group_now)},
        )


def _handoff(audit: Audit, team: str | None, names: Names) -> Iterator[Row]:
    """Taking a ticket that nobody had is no handoff."""
    group = assignee = None
    for event in audit.events:
        if event.type != "Change":
            continue
        if event.field_name == "group_id":
            group = event
        elif event.field_name == "assignee_id":
            assignee = event
    moved = group is not None and group.previous_value not in (None, "")
    handed_on = assignee is not None and assignee.previous_value not in (None, "") and assignee.value is not None
    if not moved and not handed_on:
        return
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
            "agent": names.agent(assignee.value if assignee else audit.author_id),
            "automated": is_automatic(audit.author_id, audit),
            "extra": {key: value for key, value in extra.items() if value},
        },
    )


def _former_ratings(told: _Told) -> Iterator[Row]:
    """Answers that the customer changed from good to bad or back: told, but not scored, as Zendesk counts the last."""
    for answer, after in itertools.pairwise(told.history.ratings()):
        yield (
            f"rated:{answer.audit}",
            answer.at,
            {
                "kind": "survey.answered",
                "direction": Direction.INBOUND,
                "channel": Channel.EMAIL,
                "team": told.team(answer.at),
                "text": said(answer.words),
                "program": SurveyProgram.TRANSACTIONAL,
                "extra": {"rated": answer.score, "changed_to": after.score},
            },
        )


def map_rating(source: str, stream: str, users: str, rating: SatisfactionRating, names: Names) -> Iterator[Interaction]:
    """A rating is a CSAT survey about its ticket: sent when it was offered, answered with good (1) or bad (0)."""
    if rating.requester_id is None or rating.score == "unoffered":
        return
    about = Interaction(
        source=source,
        stream=stream,
        id=f"{rating.id}:offered",
        kind="survey.sent",
        occurred_at=rating.created_at,
        person=f"{source}/{users}/{rating.requester_id}",
        function=BusinessFunction.SERVICE,
        channel=Channel.EMAIL,
        direction=Direction.OUTBOUND,
        automated=True,
        team=names.group(rating.group_id),
        agent=names.agent(rating.assignee_id),
        ticket=None if rating.ticket_id is None else f"{source}/{rating.ticket_id}",
        metric=SurveyMetric.CSAT,
        scale=(0.0, 1.0),
        program=SurveyProgram.TRANSACTIONAL,
    )
    answered = rating.score.startswith(("good", "bad"))
    at = rating.updated_at or rating.created_at
    if not answered or at > rating.created_at:
        yield about
    if answered:
        yield msgspec.structs.replace(
            about,
            id=str(rating.id),
            kind="survey.answered",
            occurred_at=at,
            direction=Direction.INBOUND,
            automated=False,
            text=said(rating.comment),
            reason=said(rating.reason),
            score=1.0 if rating.score.startswith("good") else 0.0,
        )

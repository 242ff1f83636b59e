"""A Freshdesk ticket as its customer experienced it, and what the customer answered to its survey.

Freshdesk tells a ticket's present and the last moment at which it was solved or reopened, not its history. Each such
moment has an id of its own, so that what an earlier reading saw stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.exports.formats import asked_for
from connectors.helpdesk.freshdesk_api import Conversation, Rating, Survey, Ticket, TicketField
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
    1: Channel.EMAIL,
    2: Channel.WEB,
    3: Channel.PHONE,
    5: Channel.SOCIAL,
    6: Channel.SOCIAL,
    7: Channel.CHAT,
    9: Channel.WEB,
    10: Channel.EMAIL,
}
"""Sources of tickets."""
OUTBOUND_EMAIL = 10
BY_FORM = (2, 9)
"""The portal and the feedback widget show a form."""
REPLY_CHANNELS = {0: Channel.EMAIL, 5: Channel.SOCIAL, 7: Channel.SOCIAL, 8: Channel.EMAIL, 9: Channel.PHONE}
"""Sources of conversations; a public note is read where the ticket is."""
FEEDBACK = 6
"""A conversation that repeats the words of a survey's answer."""
PRIORITIES = {1: "low", 2: "medium", 3: "high", 4: "urgent"}
REQUESTER = "requester"
DEFAULT_QUESTION = "default_question"
BY_ANSWERING = timedelta(minutes=1)
"""An answer of the customer reopens a ticket within so much time."""

Row = tuple[str, datetime, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Codes:
    """What numbers mean: names of groups and agents, labels of fields, surveys; and what the portal's form asks for."""

    groups: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    surveys: Mapping[str, Survey] = field(default_factory=dict)

    def group(self, identifier: object) -> str | None:
        """The group's name."""
        return None if identifier is None else self.groups.get(str(identifier), str(identifier))

    def agent(self, identifier: object) -> str | None:
        """The agent's name."""
        return None if identifier is None else self.agents.get(str(identifier), str(identifier))


def asked_of_customers(fields: Collection[TicketField]) -> tuple[str, ...]:
    """What the form asks for, in common names: the requester's address, and the company's own fields."""
    shown = [one for one in fields if one.displayed_to_customers and one.customers_can_edit]
    ours = [one for one in shown if not one.default or one.name == REQUESTER]
    names = ["email" if one.name == REQUESTER else _label(one) for one in ours]
    return tuple(dict.fromkeys(name for name in names if name))


def map_ticket(
    source: str, stream: str, contacts: str, ticket: Ticket, codes: Codes
) -> Iterator[Interaction | Tombstone]:
    """The ticket's interactions; `contacts` is the stream of its people. One that is about an agent gives none."""
    if ticket.gone:
        at = ticket.updated_at
        yield Tombstone(source=source, stream=stream, id=str(ticket.id), deleted_at=at, matter="ticket")
        return
    requester = None if ticket.requester_id is None else str(ticket.requester_id)
    if requester is None or requester in codes.agents:
        return
    rows = [
        _created(ticket, codes),
        *_replies(ticket, requester, codes),
        *_changes(ticket, requester, codes),
        *_broken_promises(ticket),
    ]
    rows.sort(key=lambda row: row[1])
    for sequence, (identifier, at, fields) in enumerate(rows):
        author = fields.pop("author", requester)
        yield Interaction(
            source=source,
            stream=stream,
            id=f"{ticket.id}:{identifier}",
            occurred_at=at,
            sequence=sequence,
            person=f"{source}/{contacts}/{author}",
            function=BusinessFunction.SERVICE,
            team=codes.group(ticket.group_id),
            subject=said(ticket.subject),
            ticket=f"{source}/{ticket.id}",
            **{"channel": CHANNELS.get(ticket.source or 0, Channel.OTHER), **fields},
        )


def map_rating(source: str, stream: str, contacts: str, rating: Rating, codes: Codes) -> Iterator[Interaction]:
    """The answer to the survey's first question is CSAT on the survey's own scale, from its worst answer to its best;
    answers to further questions are extra."""
    answers = dict(rating.ratings or {})
    first = answers.pop(DEFAULT_QUESTION, None)
    if first is None or rating.user_id is None or str(rating.user_id) in codes.agents:
        return
    survey = codes.surveys.get(str(rating.survey_id))
    questions = {str(one.id): one for one in (survey.questions or ())} if survey is not None else {}
    asked = questions.get(DEFAULT_QUESTION)
    steps = sorted(asked.accepted_ratings or ()) if asked is not None else []
    score, scale = _on_scale(first, steps)
    more = {(questions[name].label if name in questions else None) or name: value for name, value in answers.items()}
    yield Interaction(
        source=source,
        stream=stream,
        id=str(rating.id),
        kind="survey.answered",
        occurred_at=rating.created_at,
        person=f"{source}/{contacts}/{rating.user_id}",
        function=BusinessFunction.SERVICE,
        channel=Channel.EMAIL,
        direction=Direction.INBOUND,
        team=codes.group(rating.group_id),
        agent=codes.agent(rating.agent_id),
        ticket=None if rating.ticket_id is None else f"{source}/{rating.ticket_id}",
        text=said(rating.feedback),
        metric=SurveyMetric.CSAT,
        score=score,
        scale=scale,
        question=said(asked.label) if asked is not None else None,
        program=SurveyProgram.TRANSACTIONAL,
        extra={"answers": more} if more else {},
    )


def _created(ticket: Ticket, codes: Codes) -> Row:
    inbound = ticket.source != OUTBOUND_EMAIL
    extra = {
        "priority": PRIORITIES.get(ticket.priority or 0),
        "tags": ticket.tags,
        "fields": {
            codes.labels.get(name) or name: value
            for name, value in (ticket.custom_fields or {}).items()
            if value not in (None, "", [])
        },
    }
    return (
        "created",
        ticket.created_at,
        {
            "kind": "ticket.created",
            "direction": Direction.INBOUND if inbound else Direction.OUTBOUND,
            "text": said(ticket.description_text),
            "requested_fields": codes.asked if ticket.source in BY_FORM else (),
            "topic": said(ticket.type),
            "extra": {name: value for name, value in extra.items() if value},
        },
    )


def _replies(ticket: Ticket, requester: str, codes: Codes) -> Iterator[Row]:
    for one in ticket.conversations:
        if one.private or one.source == FEEDBACK:
            continue
        inbound = _is_inbound(one, requester, codes)
        fields: dict[str, Any] = {
            "kind": "ticket.replied",
            "direction": Direction.INBOUND if inbound else Direction.OUTBOUND,
            "text": said(one.body_text),
        }
        if not inbound:
            fields["agent"] = codes.agent(one.user_id)
        elif one.user_id is not None:
            fields["author"] = str(one.user_id)
        if one.source in REPLY_CHANNELS:
            fields["channel"] = REPLY_CHANNELS[one.source]
        yield f"conversation:{one.id}", one.created_at, fields


def _is_inbound(one: Conversation, requester: str, codes: Codes) -> bool:
    """Mails come from outside, answers in the portal by the requester; an agent who left is in no list."""
    author = str(one.user_id)
    return author not in codes.agents and (bool(one.incoming) or author == requester)


def _changes(ticket: Ticket, requester: str, codes: Codes) -> Iterator[Row]:
    stats = ticket.stats
    if stats is None:
        return
    solved = stats.resolved_at or stats.closed_at
    if solved is not None:
        agent = codes.agent(ticket.responder_id)
        yield (
            f"solved:{int(solved.timestamp())}",
            solved,
            {"kind": "ticket.solved", "direction": Direction.OUTBOUND, "agent": agent},
        )
    if (again := stats.reopened_at) is not None:
        by_customer = any(
            _is_inbound(one, requester, codes) and abs(one.created_at - again) <= BY_ANSWERING
            for one in ticket.conversations
        )
        yield (
            f"reopened:{int(again.timestamp())}",
            again,
            {"kind": "ticket.reopened", "direction": Direction.INBOUND if by_customer else Direction.INTERNAL},
        )


def _broken_promises(ticket: Ticket) -> Iterator[Row]:
    broken = (
        ("reply_time", ticket.fr_escalated, ticket.fr_due_by),
        ("next_reply_time", ticket.nr_escalated, ticket.nr_due_by),
    )
    for metric, is_broken, due in broken:
        if is_broken and due is not None:
            told = {"kind": "ticket.sla_breached", "direction": Direction.INTERNAL, "automated": True, "reason": metric}
            yield f"sla_breached:{metric}:{int(due.timestamp())}", due, told


def _on_scale(value: int, steps: list[int]) -> tuple[float, tuple[float, float] | None]:
    """The place of an answer among those that the survey accepts: of two 0 or 1, else from 1 on."""
    if value not in steps or len(steps) < 2:
        return float(value), (-103.0, 103.0)
    lowest = 0 if len(steps) == 2 else 1
    return float(steps.index(value) + lowest), (float(lowest), float(len(steps) - 1 + lowest))


def _label(one: TicketField) -> str:
    return asked_for(one.label_for_customers or one.label or one.name or "")

"""A ticket's transactions as interactions: created, replied, reassigned, solved, reopened, and the answered survey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from connectors.helpdesk.request_tracker_api import Attachment, Change, Ticket
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

NOBODY = "6"
TEXTS_OF = frozenset({"Create", "Correspond"})
INTERFACES = {"Email": Channel.EMAIL, "Web": Channel.WEB, "Mobile": Channel.WEB, "REST": Channel.WEB}


class Step(msgspec.Struct, frozen=True):
    """One transaction with all that a reader needs: names for ids, and its text.

    `team` and `agent` are those in charge just after it. `by_customer` says that no colleague (and not RT itself) did
    it. `answers` is the text that goes with a survey's score.
    """

    id: int
    type: str
    at: datetime
    creator: int
    by_customer: bool
    team: str | None
    agent: str | None
    field: str | None = None
    old: str | None = None
    new: str | None = None
    text: str | None = None
    channel: str | None = None
    answers: str | None = None


class TicketStory(msgspec.Struct, frozen=True):
    """A ticket with its steps, oldest first. `number` is the ticket it belongs to now, `id` where the steps are kept:
    they differ when it was merged. `requestor` is the customer it is about."""

    id: int
    number: int
    subject: str | None
    status: str | None
    requestor: int | None
    deleted: bool
    steps: tuple[Step, ...]


class Codebook(msgspec.Struct, frozen=True):
    """Names behind RT's numbers, and which custom fields are the survey's."""

    queues: dict[str, str]
    agents: dict[str, str]
    colleagues: frozenset[int]
    score_field: str | None = None
    reason_field: str | None = None


def tell(
    ticket: Ticket, number: int, changes: Sequence[Change], attachments: Sequence[Attachment], codes: Codebook
) -> TicketStory:
    """The story of the transactions kept under `number`, of the ticket as it is now."""
    texts = _texts(attachments)
    in_charge = _in_charge(changes, ticket, codes)
    customer = next((c.creator for c in changes if c.type == "Create" and _is_customer(c, codes)), None)
    requestor = int(ticket.requestor[0].id) if ticket.requestor else None
    steps = tuple(
        Step(
            id=change.number,
            type=change.type,
            at=change.created,
            creator=int(change.creator.id),
            by_customer=_is_customer(change, codes),
            team=team,
            agent=agent,
            field=_field(change, codes),
            old=_name(change, change.old_value, codes),
            new=_name(change, change.new_value, codes),
            text=texts.get(change.number, (None, None))[0],
            channel=texts.get(change.number, (None, None))[1],
            answers=_reason_beside(changes, place, codes),
        )
        for place, (change, (team, agent)) in enumerate(zip(changes, in_charge, strict=True))
    )
    return TicketStory(
        id=number,
        number=ticket.number,
        subject=said(ticket.subject),
        status=ticket.status,
        # A merged ticket keeps the customer who opened it; the other one's requestor may be somebody else.
        requestor=int(customer.id) if customer is not None and ticket.number != number else requestor,
        deleted=ticket.status == "deleted",
        steps=steps,
    )


def _is_customer(change: Change, codes: Codebook) -> bool:
    return int(change.creator.id) not in codes.colleagues


def _texts(attachments: Sequence[Attachment]) -> dict[int, tuple[str | None, str | None]]:
    """(text, interface) of each transaction: the first text/plain that is no file; a mail of several parts has more."""
    texts: dict[int, tuple[str | None, str | None]] = {}
    for one in attachments:
        number = int(one.transaction_id)
        text, interface = texts.get(number, (None, None))
        if text is None and one.content_type == "text/plain" and not one.filename:
            text = said(one.content)
        texts[number] = (text, interface or _interface(one.headers))
    return texts


def _interface(headers: str | None) -> str | None:
    for line in (headers or "").splitlines():
        name, _, value = line.partition(":")
        if name.casefold() == "x-rt-interface":
            return said(value)
    return None


def _in_charge(changes: Sequence[Change], ticket: Ticket, codes: Codebook) -> list[tuple[str | None, str | None]]:
    """(team, agent) after each change. A field that was never changed is what the ticket says now: of a merged one
    that is the other ticket's, since RT no longer shows its own."""
    queue = _first_value(changes, "Queue") or (str(ticket.queue.id) if ticket.queue else None)
    owner = _first_value(changes, "Owner") or (str(ticket.owner.id) if ticket.owner else None)
    found: list[tuple[str | None, str | None]] = []
    for change in changes:
        if change.type == "Set" and change.field == "Queue":
            queue = change.new_value
        elif change.type == "Set" and change.field == "Owner":
            owner = change.new_value
        found.append((codes.queues.get(queue or "", queue), _agent(owner, codes)))
    return found


def _first_value(changes: Sequence[Change], field: str) -> str | None:
    return next((change.old_value for change in changes if change.type == "Set" and change.field == field), None)


def _agent(owner: str | None, codes: Codebook) -> str | None:
    return None if owner is None or owner == NOBODY else codes.agents.get(owner, owner)


def _field(change: Change, codes: Codebook) -> str | None:
    if change.type == "CustomField" and change.field and change.field in (codes.score_field, codes.reason_field):
        return "score" if change.field == codes.score_field else "reason"
    return said(change.field)


def _name(change: Change, value: str | None, codes: Codebook) -> str | None:
    if change.type == "Set" and change.field == "Queue":
        return codes.queues.get(value or "", value)
    if change.type == "Set" and change.field == "Owner":
        return _agent(value, codes)
    return said(value)


def _reason_beside(changes: Sequence[Change], place: int, codes: Codebook) -> str | None:
    """The words given with the score at `place`: of those before and after it, with no other score in between, the
    ones nearer in time. A form saves both at once, in either order."""
    change = changes[place]
    if codes.score_field is None or change.type != "CustomField" or change.field != codes.score_field:
        return None
    after = _first_reason(changes[place + 1 :], codes)
    before = _first_reason(changes[:place][::-1], codes)
    nearest = min(
        (reason for reason in (after, before) if reason is not None),
        key=lambda reason: abs(reason.created - change.created),
        default=None,
    )
    return None if nearest is None else said(nearest.new_value)


def _first_reason(changes: Sequence[Change], codes: Codebook) -> Change | None:
    for change in changes:
        if change.type == "CustomField" and change.field == codes.score_field:
            return None
        if change.type == "CustomField" and change.field == codes.reason_field:
            return change
    return None


def map_story(
    source: str, stream: str, users: str, story: TicketStory, solved: frozenset[str], scale: tuple[float, float]
) -> Iterator[Interaction | Tombstone]:
    """The interactions of a ticket's story; tombstones when it was deleted. Internal comments are not experienced."""
    if story.deleted:
        deleted_at = max((step.at for step in story.steps), default=datetime.now(UTC))
        for step, _ in _kinds(story, solved):
            yield Tombstone(source=source, stream=stream, id=str(step.id), deleted_at=deleted_at)
        return
    opened_by = INTERFACES.get(story.steps[0].channel or "", Channel.EMAIL) if story.steps else Channel.EMAIL
    for step, kind in _kinds(story, solved):
        customer = step.creator if step.by_customer else story.requestor
        if customer is None:
            continue
        survey = kind == "survey.answered"
        inbound = step.by_customer or survey
        yield Interaction(
            source=source,
            stream=stream,
            id=str(step.id),
            kind=kind,
            occurred_at=step.at,
            sequence=step.id,
            person=f"{source}/{users}/{customer}",
            function=BusinessFunction.SERVICE,
            channel=_channel(step, kind, opened_by),
            direction=Direction.INBOUND if inbound else _from_company(kind),
            team=step.team,
            agent=step.agent,
            automated=step.creator == 1,
            subject=story.subject,
            text=step.answers if survey else step.text,
            ticket=f"{source}/{story.number}",
            metric=SurveyMetric.CSAT if survey else None,
            score=float(step.new) if survey and step.new else None,
            scale=scale if survey else None,
            program=SurveyProgram.TRANSACTIONAL if survey else None,
            extra=_extra(story, step),
        )


def _kinds(story: TicketStory, solved: frozenset[str]) -> Iterator[tuple[Step, str]]:
    owner: str | None = None
    for step in story.steps:
        kind = None
        if step.type == "Create":
            kind = "ticket.created"
        elif step.type == "Correspond":
            kind = "ticket.replied"
        elif step.type == "Status" and step.new in solved and step.old not in solved:
            kind = "ticket.solved"
        elif step.type == "Status" and step.old in solved and step.new not in solved and step.new != "deleted":
            kind = "ticket.reopened"
        elif step.type == "CustomField" and step.field == "score" and _number(step.new) is not None:
            kind = "survey.answered"
        elif step.type == "Set" and step.field == "Queue":
            kind = "ticket.reassigned"
        elif step.type == "Set" and step.field == "Owner" and step.new is not None:
            # Taking a ticket that nobody had is no handoff; giving it back and taking it by another is one.
            owner = owner or step.old
            if owner is not None and owner != step.new:
                kind = "ticket.reassigned"
            owner = step.new
        if kind is not None:
            yield step, kind


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None


def _channel(step: Step, kind: str, opened_by: Channel) -> Channel:
    """How the customer meets it: RT mails what an agent writes, wherever it was typed."""
    if kind in ("ticket.created", "ticket.replied"):
        return INTERFACES.get(step.channel or "", Channel.EMAIL) if step.by_customer else Channel.EMAIL
    return opened_by


def _from_company(kind: str) -> Direction:
    return Direction.OUTBOUND if kind in ("ticket.created", "ticket.replied") else Direction.INTERNAL


def _extra(story: TicketStory, step: Step) -> dict[str, str]:
    extra: dict[str, str] = {}
    if step.type == "Set" and step.field in ("Queue", "Owner"):
        extra["from_team" if step.field == "Queue" else "from_agent"] = step.old or "nobody"
    if step.type == "Status" and step.new:
        extra["status"] = step.new
    if story.number != story.id:
        extra["merged_from"] = str(story.id)
    return extra

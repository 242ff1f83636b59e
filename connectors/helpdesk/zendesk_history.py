"""What Zendesk's audits say of a ticket: who its customers were, who was in charge when, what was said and rated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.helpdesk.zendesk_objects import Audit, Comment, Event, Ticket

AUTOMATIC = frozenset({"rule", "system"})
"""Channels of what Zendesk does by itself: triggers, automations."""
SYSTEM = "-1"
"""The author of what nobody did."""


class Rated(msgspec.Struct, frozen=True):
    """An answer to the satisfaction survey, as an audit told it."""

    audit: str
    at: datetime
    score: str
    words: str | None


def text(identifier: object) -> str | None:
    """An id as text: it is a number in tickets and users, text in audits."""
    return None if identifier in (None, "") else str(identifier)


def requester_of(ticket: Ticket) -> str | None:
    """The id of the customer whom the ticket is about."""
    return text(ticket.requester.id if ticket.requester else ticket.requester_id)


def customers_of(ticket: Ticket, agents: Collection[str]) -> frozenset[str]:
    """Ids of all who write on the ticket as customers: its requester, now and before, and whoever is in copy.

    Known agents, and who ever was assigned to it, are not among them: an agent who left is an end user today.
    """
    asking = {requester_of(ticket), *map(text, ticket.collaborator_ids)}
    working = {text(ticket.assignee.id if ticket.assignee else ticket.assignee_id)}
    for _, event in _changes(ticket, "requester_id"):
        asking |= {text(event.value), text(event.previous_value)}
    for _, event in _changes(ticket, "assignee_id"):
        working |= {text(event.value), text(event.previous_value)}
    return frozenset(one for one in asking - working if one is not None and one not in agents)


def comments_of(ticket: Ticket) -> Sequence[Comment]:
    """The ticket's comments, oldest first: its own, or those that its audits tell, as public as they are now."""
    if ticket.comments:
        return ticket.comments
    public = {text(event.comment_id): bool(event.public) for _, event in _events(ticket, "CommentPrivacyChange")}
    return [
        Comment(
            id=event.id or audit.id,
            author_id=event.author_id or audit.author_id or SYSTEM,
            created_at=audit.created_at,
            body=event.body,
            plain_body=event.plain_body,
            public=public.get(text(event.id), event.public is not False),
            via=event.via or audit.via,
        )
        for audit, event in _events(ticket, "Comment", "VoiceComment")
    ]


def hidden_comments(ticket: Ticket) -> Iterator[str]:
    """Ids of comments that were public once and no longer are."""
    public = {text(event.comment_id): event.public for _, event in _events(ticket, "CommentPrivacyChange")}
    return (comment for comment, is_public in public.items() if comment is not None and not is_public)


def first_owner(ticket: Ticket) -> tuple[Any, Any]:
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


def owners_of(ticket: Ticket) -> list[tuple[datetime, Any]]:
    """(since, group) in time."""
    owners = [(ticket.created_at, first_owner(ticket)[0])]
    owners += [(audit.created_at, event.value) for audit, event in _changes(ticket, "group_id")]
    owners.sort(key=lambda owner: owner[0])
    return owners


def owner_at(owners: Sequence[tuple[datetime, Any]], at: datetime) -> Any:
    """The group in charge at that moment."""
    now = owners[0][1]
    for since, group in owners:
        if since <= at:
            now = group
    return now


def ratings_of(ticket: Ticket) -> list[Rated]:
    """The answers of good or bad, oldest first. An offer is none; more words to the same score are the same answer."""
    answers: list[Rated] = []
    for audit in ticket.audits:
        for event in audit.events:
            score = event.score if event.type == "SatisfactionRating" else _scored(event)
            if score is None or not score.startswith(("good", "bad")):
                continue
            said = Rated(str(audit.id), audit.created_at, score[:4].rstrip("_"), event.body)
            if answers and answers[-1].score == said.score:
                answers[-1] = msgspec.structs.replace(answers[-1], words=said.words or answers[-1].words)
            else:
                answers.append(said)
    return answers


def is_automatic(author: object, audit: Audit | Comment) -> bool:
    """Whether Zendesk did it by itself."""
    return text(author) == SYSTEM or (audit.via is not None and str(audit.via.channel) in AUTOMATIC)


def _scored(event: Event) -> str | None:
    return str(event.value) if event.type == "Change" and event.field_name == "satisfaction_score" else None


def _changes(ticket: Ticket, field: str) -> Iterator[tuple[Audit, Event]]:
    return ((audit, event) for audit, event in _events(ticket, "Change") if event.field_name == field)


def _events(ticket: Ticket, *types: str) -> Iterator[tuple[Audit, Event]]:
    return ((audit, event) for audit in ticket.audits for event in audit.events if event.type in types)

"""What Zendesk's audits say of a ticket: who its customers were, who was in charge when, what was said and rated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec

from connectors.helpdesk.zendesk_objects import Audit, Comment, Event, Ticket

AUTOMATIC = frozenset({"rule", "system"})
"""Channels of what Zendesk does by itself: triggers, automations."""
SYSTEM = "-1"
"""The author of what nobody did."""
MOVES = frozenset({"status", "group_id", "assignee_id"})
"""Fields whose change moves a ticket: on to somebody else, to its end, or back."""

Told = list[tuple[Audit, Event]]
_moment = itemgetter(0)


class Rated(msgspec.Struct, frozen=True):
    """An answer to the satisfaction survey, as an audit told it."""

    audit: str
    at: datetime
    score: str
    words: str | None


class History:
    """A ticket's audits, gone through once: its changes by field, its other events by type."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self._changes: dict[str, Told] = {}
        self._others: dict[str, Told] = {}
        self._first: dict[str, Event] = {}
        self.moves: list[Audit] = []
        """The audits that moved the ticket."""
        for audit in ticket.audits:
            for event in audit.events:
                name = event.field_name
                if name is not None and name not in self._first:
                    self._first[name] = event
                if event.type == "Change" and name is not None:
                    self._changes.setdefault(name, []).append((audit, event))
                    if name in MOVES and (not self.moves or self.moves[-1] is not audit):
                        self.moves.append(audit)
                else:
                    self._others.setdefault(event.type, []).append((audit, event))
        self.requester = requester_of(ticket)
        group = ticket.group.id if ticket.group else ticket.group_id
        self.group_now, self.assignee_now = group, ticket.assignee.id if ticket.assignee else ticket.assignee_id
        self._first_group = self._at_first("group_id", group)
        moved = self._changes.get("group_id", ())
        self._groups = sorted(((audit.created_at, event.value) for audit, event in moved), key=_moment)
        privacy = self._others.get("CommentPrivacyChange", ())
        self._made_public = {text(event.comment_id): bool(event.public) for _, event in privacy}

    def customers(self, agents: Collection[str]) -> frozenset[str]:
        """Ids of all who write on the ticket as customers: its requester, now and before, and whoever is in copy.

        Known agents, and who ever was assigned to it, are not among them: an agent who left is an end user today.
        """
        asking = {self.requester, *map(text, self.ticket.collaborator_ids or ())}
        working = {text(self.assignee_now)}
        for people, name in ((asking, "requester_id"), (working, "assignee_id")):
            for _, event in self._changes.get(name, ()):
                people |= {text(event.value), text(event.previous_value)}
        return frozenset(one for one in asking - working if one is not None and one not in agents)

    def comments(self) -> Sequence[Comment]:
        """The ticket's comments, oldest first: its own, or those that its audits tell, as public as they are now."""
        if self.ticket.comments:
            return self.ticket.comments
        told = [*self._others.get("Comment", ()), *self._others.get("VoiceComment", ())]
        if "VoiceComment" in self._others:
            told.sort(key=lambda one: one[0].created_at)
        public = self._made_public
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
            for audit, event in told
        ]

    def hidden_comments(self) -> Iterator[str]:
        """Ids of comments that were public once and no longer are."""
        return (one for one, is_public in self._made_public.items() if one is not None and not is_public)

    def first_owner(self) -> tuple[Any, Any]:
        """Group and assignee when the ticket was made: as its first audit says, else as they are now."""
        return self._first_group, self._at_first("assignee_id", self.assignee_now)

    def group_at(self, at: datetime) -> Any:
        """The group in charge at that moment."""
        now = self._first_group
        for since, group in self._groups:
            if since <= at:
                now = group
        return now

    def ratings(self) -> list[Rated]:
        """The answers of good or bad, oldest first. An offer is none; more words to a score are the same answer."""
        told = [(audit, event.score, event.body) for audit, event in self._others.get("SatisfactionRating", ())]
        told += [(audit, str(event.value), event.body) for audit, event in self._changes.get("satisfaction_score", ())]
        answers: list[Rated] = []
        for audit, score, words in sorted(told, key=lambda one: one[0].created_at):
            if score is None or not score.startswith(("good", "bad")):
                continue
            said = Rated(str(audit.id), audit.created_at, "good" if score.startswith("good") else "bad", words)
            if answers and answers[-1].score == said.score:
                answers[-1] = msgspec.structs.replace(answers[-1], words=said.words or answers[-1].words)
            else:
                answers.append(said)
        return answers

    def _at_first(self, name: str, now: Any) -> Any:
        event = self._first.get(name)
        if event is None:
            return now
        return event.value if event.type == "Create" else event.previous_value


def text(identifier: object) -> str | None:
    """An id as text: it is a number in tickets and users, text in audits."""
    return None if identifier in (None, "") else str(identifier)


def requester_of(ticket: Ticket) -> str | None:
    """The id of the customer whom the ticket is about."""
    return text(ticket.requester.id if ticket.requester else ticket.requester_id)


def is_automatic(author: object, audit: Audit | Comment) -> bool:
    """Whether Zendesk did it by itself."""
    return text(author) == SYSTEM or (audit.via is not None and str(audit.via.channel) in AUTOMATIC)

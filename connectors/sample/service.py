"""Tickets of the sample, with planted causes: a slow first answer and a ticket sent to and fro cost satisfaction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from connectors.sample.dice import Dice
from connectors.sample.exports import Exports, zulu

TODAY = datetime(2026, 6, 30)  # noqa: DTZ001  the sample's clock is UTC throughout
"""The sample's last day, whatever today is, so that its bytes stay the same."""

GROUPS = {301: "Support", 302: "Billing", 303: "Logistics"}
AGENTS = {
    9001: "Nadia Brenner", 9002: "Olaf Steen", 9003: "Pia Lund", 9004: "Remy Vasseur", 9005: "Tessa Kamp",
    9006: "Udo Wirth", 9007: "Vera Malik", 9008: "Yann Collet", 9009: "Zoe Hartley", 9010: "Ivo Bellini",
    9011: "Karla Noor", 9012: "Milan Sykora",
}  # fmt: skip
AGENTS_OF = {301: (9001, 9002, 9003, 9004, 9005), 302: (9006, 9007, 9008), 303: (9009, 9010, 9011, 9012)}
FIELDS = {
    701: ("subject", "Subject"), 702: ("description", "Description"), 703: ("text", "Phone number"),
    704: ("text", "Company"), 705: ("text", "Order number"), 706: ("tagger", "Product"),
}  # fmt: skip
FORMS = {
    801: ("Technical problem", (701, 702, 703, 704, 706)),
    802: ("Billing question", (701, 702, 704, 705)),
    803: ("General question", (701, 702)),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """What tickets are about: the form and group they start in, and what customers write."""

    form: int
    group: int
    kind: str
    texts: tuple[tuple[str, str], ...]


TOPICS: tuple[Topic, ...] = (
    Topic(801, 301, "problem", (
        ("Sign-in does not work", "Since this morning I cannot sign in, the page only reloads."),
        ("Sync stops half way", "The synchronisation stops at about half of our data every night."),
        ("Report is empty", "The monthly report shows no figures although we entered all of them."),
        ("Error while saving", "Saving a project ends with an error and the changes are gone."),
    )),
    Topic(802, 302, "question", (
        ("Invoice is wrong", "The last invoice lists five seats, we have three."),
        ("Paid twice", "We were charged twice this month, please check."),
        ("Change of billing address", "Please use our new address on the next invoice."),
    )),
    Topic(803, 303, "task", (
        ("Where is my delivery?", "The parcel was announced for Monday and has not arrived."),
        ("Wrong item received", "I received another model than the one I ordered."),
        ("Return of a device", "I would like to return one of the devices, how do I do that?"),
    )),
    Topic(803, 301, "question", (
        ("How do I add a colleague?", "I cannot find where to invite a colleague to our account."),
        ("Export to a spreadsheet", "Is there a way to export everything to a spreadsheet?"),
    )),
)  # fmt: skip
ANSWERS = (
    "Thank you for writing. I have looked into it and found the cause; please try again now.",
    "Thanks for the details. Could you tell me since when this happens?",
    "I have corrected this for you. You should see it within the hour.",
    "We are sorry for the trouble. I have passed it on and will come back to you.",
)
CUSTOMER_ANSWERS = (
    "Thank you, I will try that.",
    "It still does not work for me.",
    "It started on Tuesday, after your update.",
    "Is there any news on this?",
)
PRAISE = (
    "Quick and friendly, thank you.", "Solved within the hour!", "Very helpful, I would call again.", None, None, None,
)  # fmt: skip
COMPLAINTS_SLOW = (
    "It took far too long until anybody answered.",
    "Days without an answer, and then only a standard text.",
    "I had to write twice before somebody reacted.",
)
COMPLAINTS_MOVED = (
    "I was sent from one team to the next and had to explain everything again each time.",
    "Three people, three times the same questions. Nobody felt responsible.",
    "Passed around between departments, very tiring.",
)
COMPLAINTS_REPEATED = (
    "Why do you ask for my telephone number again? You have it.",
    "I had to type in company and phone once more although you know both.",
)


@dataclass(frozen=True, slots=True)
class Said:
    """A comment: by the customer (agent None) or an agent."""

    at: datetime
    text: str
    agent: int | None = None
    public: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """An audit: what changed, from what, to what."""

    at: datetime
    by: int | None
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(slots=True)
class TicketStory:
    """A ticket as it went."""

    topic: Topic
    subject: str
    via: str
    created: datetime
    group: int
    said: list[Said]
    changes: list[Change] = field(default_factory=list)
    status: str = "open"
    first_answer_hours: float = 0.0
    moves: int = 0
    asked_again: bool = False
    rating: tuple[datetime, str, str | None] | None = None
    """(when, good or bad or offered, comment)"""

    @property
    def bad(self) -> bool:
        return self.rating is not None and self.rating[1] == "bad"


def a_ticket(dice: Dice, created: datetime, form_filled_before: bool) -> TicketStory:
    """One ticket, played from its first words to its rating, or to the sample's last day."""
    topic = dice.pick(TOPICS)
    subject, text = dice.pick(topic.texts)
    via = _via(dice)
    misrouted = dice.chance(0.2)
    group = dice.pick([other for other in GROUPS if other != topic.group]) if misrouted else topic.group
    story = TicketStory(topic, subject, via, created, group, [Said(created, text)])
    story.asked_again = form_filled_before and via == "web" and topic.form in (801, 802)
    agent = dice.pick(AGENTS_OF[group])
    story.first_answer_hours = dice.lognormal(14.0 if group == 302 else 5.0, 1.1)
    now = created + timedelta(hours=story.first_answer_hours)
    story.said.append(Said(now, dice.pick(ANSWERS), agent))
    story.changes.append(Change(created, None, {"status": (None, "new"), "group_id": (None, group)}))
    story.changes.append(Change(now, agent, {"status": ("new", "open"), "assignee_id": (None, agent)}))
    now, agent, group = _moves(dice, story, now, agent, group, misrouted)
    for _ in range(dice.count(0.7, 4)):
        now += timedelta(hours=dice.lognormal(7.0, 1.0))
        story.said.append(Said(now, dice.pick(CUSTOMER_ANSWERS)))
        now += timedelta(hours=dice.lognormal(6.0, 1.0))
        story.said.append(Said(now, dice.pick(ANSWERS), agent))
    _solve(dice, story, now, agent)
    _cut(story)
    return story


def _via(dice: Dice) -> str:
    way = dice.share()
    return "web" if way < 0.5 else "email" if way < 0.82 else "chat" if way < 0.92 else "voice"


def _moves(
    dice: Dice, story: TicketStory, now: datetime, agent: int, group: int, misrouted: bool
) -> tuple[datetime, int, int]:
    """Hand the ticket on: once when it started in the wrong group, to and fro when nobody feels responsible."""
    times = 1 if misrouted else 0
    if dice.chance(0.07):
        times += dice.between(2, 3)
    for _ in range(times):
        target = story.topic.group if group != story.topic.group else dice.pick([g for g in GROUPS if g != group])
        successor = dice.pick(AGENTS_OF[target])
        now += timedelta(hours=dice.lognormal(9.0, 0.9))
        story.changes.append(Change(now, agent, {"group_id": (group, target), "assignee_id": (agent, successor)}))
        if dice.chance(0.6):
            story.said.append(Said(now, "Please take over, this is yours.", agent, public=False))
        agent, group = successor, target
    story.moves = times
    return now, agent, group


def _solve(dice: Dice, story: TicketStory, now: datetime, agent: int) -> None:
    if dice.chance(0.04):
        return
    now += timedelta(hours=dice.lognormal(4.0, 1.0))
    story.changes.append(Change(now, agent, {"status": ("open", "solved")}))
    story.status = "solved"
    if dice.chance(0.09):
        now += timedelta(hours=dice.lognormal(20.0, 0.8))
        story.said.append(Said(now, "The same problem is back."))
        story.changes.append(Change(now, None, {"status": ("solved", "open")}))
        now += timedelta(hours=dice.lognormal(8.0, 1.0))
        story.said.append(Said(now, dice.pick(ANSWERS), agent))
        story.changes.append(Change(now + timedelta(minutes=2), agent, {"status": ("open", "solved")}))
    _rate(dice, story, now + timedelta(hours=dice.lognormal(16.0, 0.7)))


def _rate(dice: Dice, story: TicketStory, at: datetime) -> None:
    """A third of the customers answer; what they say follows from how it went."""
    if not dice.chance(0.36):
        if dice.chance(0.3):
            story.rating = (at, "offered", None)
        return
    slow = story.first_answer_hours > 24
    pain = -2.3 + 1.5 * slow + 0.02 * min(story.first_answer_hours, 96) + 1.1 * min(story.moves, 3) * (story.moves > 1)
    pain += 0.6 * story.asked_again
    if not dice.chance(1 / (1 + math.exp(-pain))):
        story.rating = (at, "good", dice.pick(PRAISE))
        return
    reasons: Sequence[str] = COMPLAINTS_SLOW
    if story.moves > 1:
        reasons = COMPLAINTS_MOVED
    elif story.asked_again and not slow:
        reasons = COMPLAINTS_REPEATED
    story.rating = (at, "bad", dice.pick(reasons) if dice.chance(0.8) else None)


def _cut(story: TicketStory) -> None:
    """Nothing happens after the sample's last day."""
    story.said = [said for said in story.said if said.at < TODAY]
    story.changes = [change for change in story.changes if change.at < TODAY]
    story.status = "open"
    for change in story.changes:
        if "status" in change.fields:
            story.status = change.fields["status"][1]
    if story.rating is not None and (story.rating[0] >= TODAY or story.status != "solved"):
        story.rating = None


class TicketDesk:
    """Writes tickets with running numbers."""

    def __init__(self, out: Exports) -> None:
        self._out = out
        self._tickets = count(1)
        self._parts = count(50_000_001)

    def write_setup(self) -> None:
        """Groups, agents, forms and fields: what the ids in tickets mean."""
        for identifier, name in GROUPS.items():
            self._out.object(
                "zendesk-groups.jsonl", {"id": identifier, "name": name, "is_public": True, "deleted": False}
            )
        for identifier, name in AGENTS.items():
            email = f"{name.split()[0].lower()}@acme.example"
            group = next(group for group, agents in AGENTS_OF.items() if identifier in agents)
            agent = {"id": identifier, "name": name, "email": email, "role": "agent", "default_group_id": group}
            self._out.object("zendesk-agents.jsonl", {**agent, "iana_time_zone": "Europe/Berlin"})
        for identifier, (kind, title) in FIELDS.items():
            form_field = {"id": identifier, "type": kind, "title": title, "title_in_portal": title}
            self._out.object("zendesk-ticket-fields.jsonl", {**form_field, "visible_in_portal": True, "active": True})
        for identifier, (name, fields) in FORMS.items():
            form = {"id": identifier, "name": name, "display_name": name, "ticket_field_ids": fields}
            self._out.object("zendesk-ticket-forms.jsonl", {**form, "end_user_visible": True, "active": True})

    def write(self, story: TicketStory, requester: int) -> int:
        """The ticket with comments and audits, and its rating; gives its number."""
        identifier = next(self._tickets)
        last = max([story.created, *(change.at for change in story.changes)])
        group, agent = story.group, None
        for change in story.changes:
            group = change.fields.get("group_id", (None, group))[1]
            agent = change.fields.get("assignee_id", (None, agent))[1]
        by_phone = story.via == "voice"
        self._out.object(
            "zendesk-tickets.jsonl",
            {
                "id": identifier,
                "url": f"https://acme.zendesk.example/api/v2/tickets/{identifier}.json",
                "created_at": zulu(story.created),
                "updated_at": zulu(last),
                "type": story.topic.kind,
                "subject": story.subject,
                "description": story.said[0].text,
                "status": story.status,
                "priority": "normal",
                "requester_id": requester,
                "submitter_id": (agent or AGENTS_OF[group][0]) if by_phone else requester,
                "assignee_id": agent,
                "group_id": group,
                "ticket_form_id": story.topic.form,
                "via": {"channel": story.via, "source": {"from": {}, "to": {}, "rel": None}},
                "tags": [],
                "comments": [self._comment(said, requester) for said in story.said],
                "audits": [self._audit(change, identifier, requester) for change in story.changes],
            },
        )
        if story.rating is not None:
            self._rating(story.rating, identifier, requester, agent, group)
        return identifier

    def _comment(self, said: Said, requester: int) -> dict[str, Any]:
        return {
            "id": next(self._parts),
            "type": "Comment",
            "author_id": said.agent or requester,
            "body": said.text,
            "public": said.public,
            "created_at": zulu(said.at),
        }

    def _audit(self, change: Change, ticket: int, requester: int) -> dict[str, Any]:
        events = [
            {"id": next(self._parts), "type": "Create", "field_name": name, "value": _text(after)}
            if before is None and change.by is None
            else {
                "id": next(self._parts),
                "type": "Change",
                "field_name": name,
                "value": _text(after),
                "previous_value": _text(before),
            }
            for name, (before, after) in change.fields.items()
        ]
        return {
            "id": next(self._parts),
            "ticket_id": ticket,
            "created_at": zulu(change.at),
            "author_id": change.by or requester,
            "events": events,
        }

    def _rating(
        self, rating: tuple[datetime, str, str | None], ticket: int, requester: int, agent: int | None, group: int
    ) -> None:
        at, score, comment = rating
        self._out.object(
            "zendesk-satisfaction-ratings.jsonl",
            {
                "id": next(self._parts),
                "ticket_id": ticket,
                "requester_id": requester,
                "assignee_id": agent,
                "group_id": group,
                "score": score,
                "comment": comment,
                "reason": "The issue took too long to resolve" if comment in COMPLAINTS_SLOW else None,
                "created_at": zulu(at),
                "updated_at": zulu(at),
            },
        )


def _text(value: Any) -> str | None:
    """Zendesk's audits write ids as text."""
    return None if value is None else str(value)

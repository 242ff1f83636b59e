"""A customer's journey: what followed what, in which matter, handed from whom to whom, and what a score is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from graph.customer.churn import churned_at
from graph.customer.events import Event, in_order
from graph.customer.hours import BusinessHours
from graph.customer.stages import Lifecycle, StageTransition
from graph.customer.touchpoints import Touchpoint, TouchpointNames
from graph.rules import HandoffLink, Rules

_DAY_MS = 86_400_000
_ABOUT_WITHIN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Handoff:
    """The responsible team changed for the same matter: last interaction of the old team → first of the new."""

    source: str
    target: str
    at: int
    matter: str
    from_team: str | None
    to_team: str | None
    from_function: str
    to_function: str
    wait_seconds: int | None
    """Until the new team's first own answer; None while the customer still waits."""
    business_wait_seconds: int | None


@dataclass(frozen=True, slots=True)
class Journey:
    """All that follows from one customer's events; pairs are interaction ids."""

    events: Sequence[Event]
    stage_at: Sequence[str]
    touchpoints: Sequence[Touchpoint]
    next: Sequence[tuple[str, str, int]]
    """(from, to, gap in seconds)"""
    next_in_matter: Sequence[tuple[str, str, int, str]]
    """(from, to, gap in seconds, matter)"""
    handoffs: Sequence[Handoff]
    abouts: Sequence[tuple[str, str, str]]
    """(survey answer, what it is about, method)"""
    transitions: Sequence[StageTransition]
    reactivated_at: int | None
    churned_at: int | None


class JourneyMaker:
    """Makes journeys by the company's rules; made once a run."""

    def __init__(self, rules: Rules) -> None:
        self.lifecycle = Lifecycle(rules.stage)
        self._touchpoints = TouchpointNames(rules.touchpoint)
        self._hours = BusinessHours(rules.calendar)
        self._links = rules.handoff
        self._dormant_ms = rules.activity.dormant_after_days * _DAY_MS

    def journey(self, events: list[Event]) -> Journey:
        """The journey of one customer's events, which may come in any order."""
        events = in_order(events)
        matters = _by_matter(events)
        transitions, stage_at = self.lifecycle.read(events)
        return Journey(
            events=events,
            stage_at=stage_at,
            touchpoints=[self._touchpoints.of(event.kind, event.channel, event.function) for event in events],
            next=[(a.id, b.id, (b.at - a.at) // 1000) for a, b in pairwise(events)],
            next_in_matter=[
                (a.id, b.id, (b.at - a.at) // 1000, matter) for matter, own in matters.items() for a, b in pairwise(own)
            ],
            handoffs=[
                *(handoff for matter, own in matters.items() for handoff in self._within(matter, own)),
                *(handoff for link in self._links for handoff in self._along(link, events)),
            ],
            abouts=list(_abouts(events)),
            transitions=transitions,
            reactivated_at=self._reactivated_at(events),
            churned_at=churned_at(events),
        )

    def _within(self, matter: str, events: Sequence[Event]) -> Iterator[Handoff]:
        """Changes of team inside one matter; without a team the agent is the one responsible."""
        held_by: str | None = None
        last: Event | None = None
        for index, event in enumerate(events):
            inbound = event.direction == "inbound"
            holder = event.team if inbound else event.team or event.agent
            if holder is None or (inbound and held_by is not None):
                continue
            if held_by is not None and holder != held_by and last is not None:
                yield self._handoff(matter, last, event, held_by, holder, _answered_by(events[index:], holder))
            held_by, last = holder, event

    def _along(self, link: HandoffLink, events: Sequence[Event]) -> Iterator[Handoff]:
        """Declared links between functions: the last `from` before each `to`, used once."""
        start: Event | None = None
        for event in events:
            if event.kind in link.from_kinds:
                start = event
            elif start is not None and event.kind in link.to_kinds:
                if event.at - start.at <= link.within_days * _DAY_MS:
                    yield self._handoff(f"link:{link.name}", start, event, start.team, event.team, event)
                start = None

    def _handoff(
        self, matter: str, last: Event, first: Event, old: str | None, new: str | None, answer: Event | None
    ) -> Handoff:
        since = last.at if matter.startswith("link:") else first.at
        return Handoff(
            source=last.id,
            target=first.id,
            at=first.at,
            matter=matter,
            from_team=old,
            to_team=new,
            from_function=last.function,
            to_function=first.function,
            wait_seconds=None if answer is None else (answer.at - since) // 1000,
            business_wait_seconds=None if answer is None else self._hours.seconds_between(since, answer.at),
        )

    def _reactivated_at(self, events: Sequence[Event]) -> int | None:
        """The newest activity that ended so long an inactivity that the customer counted as dormant."""
        active = [event.at for event in events if event.is_activity]
        return max((later for sooner, later in pairwise(active) if later - sooner > self._dormant_ms), default=None)


def _by_matter(events: Sequence[Event]) -> dict[str, list[Event]]:
    matters: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        for matter in event.matters:
            matters[matter].append(event)
    return matters


def _answered_by(events: Sequence[Event], holder: str) -> Event | None:
    """The first answer to the customer by the new holder: outbound and by a person; a reassignment is no answer."""
    for event in events:
        if (
            event.direction == "outbound"
            and not event.automated
            and event.kind != "ticket.reassigned"
            and (event.team or event.agent) == holder
        ):
            return event
    return None


def _abouts(events: Sequence[Event]) -> Iterator[tuple[str, str, str]]:
    """What each transactional answer is about: exact by token, else by the source's own ticket, else inferred."""
    asked = {event.survey_token: event for event in events if event.survey_token and event.kind == "survey.sent"}
    for index, event in enumerate(events):
        if event.kind == "survey.answered" and event.program != "relationship":
            found = _about(event, events[:index], asked.get(event.survey_token) if event.survey_token else None)
            if found is not None:
                target, method = found
                yield event.id, target.id, method


def _about(answer: Event, before: Sequence[Event], invitation: Event | None) -> tuple[Event, str] | None:
    if invitation is not None and invitation.asked_about is not None:
        asked = next((e for e in before if e.id == invitation.asked_about), None)
        if asked is not None:
            return asked, "token"
    if invitation is not None:
        earlier = (e for e in reversed(before) if e.at <= invitation.at and e.id != invitation.id and not e.automated)
        return next(earlier, invitation), "token"
    if answer.ticket is not None:
        own = next((e for e in reversed(before) if e.ticket == answer.ticket and e.direction == "outbound"), None)
        if own is not None:
            return own, "source"
    oldest = answer.at - _ABOUT_WITHIN_DAYS * _DAY_MS
    near = (e for e in reversed(before) if e.at >= oldest and not e.automated and not e.kind.startswith("survey."))
    inferred = next(near, None)
    return None if inferred is None else (inferred, "inferred")

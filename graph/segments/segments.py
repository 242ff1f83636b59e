"""Who is in which segment, why and since when; who came and who went."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.journeys.journeys import FOR_EVER, Journeys
from graph.journeys.view import Mask, Unit, View
from graph.rules import Rules
from graph.segments.conditions import at_last_moment, holds, spans_of, value_at
from graph.segments.rules import Condition, PersonaRule, SegmentRule, told
from graph.segments.spans import ALWAYS

RANKED = "Who is among the highest depends on the others, so that nobody can say since when."
OF_FIELDS = "It follows from fields of the customer, which are known as they are today."


class UnknownSegment(LookupError):
    """There is no such segment or persona; the message names the nearest."""


@dataclass(frozen=True, slots=True)
class Membership:
    """That a customer is in a segment; `since_ms` is the moment from which on they have been, else `note` says why."""

    segment: SegmentRule
    reason: str
    since_ms: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """By unit, who is in a segment at the end and was not at the start, and the other way round."""

    joined: Mask
    left: Mask
    stayed: Mask


def segment_of(name: str, rules: Rules) -> SegmentRule:
    """The segment of this name; raises UnknownSegment."""
    known = {segment.name: segment for segment in rules.segment}
    if name not in known:
        raise UnknownSegment(_unknown("segment", name, list(known)))
    return known[name]


def persona_of(name: str, rules: Rules) -> PersonaRule:
    """The persona of this name; raises UnknownSegment."""
    known = {persona.name: persona for persona in rules.persona}
    if name not in known:
        raise UnknownSegment(_unknown("persona", name, list(known)))
    return known[name]


def members(segment: SegmentRule, journeys: Journeys, moment_ms: int) -> Mask:
    """By customer, whether they are in the segment at that moment; kept for the moment that was asked for last."""
    return _members(segment.condition, journeys, moment_ms)


def _members(condition: Condition, journeys: Journeys, moment_ms: int) -> Mask:
    return at_last_moment(journeys, ("members", condition), moment_ms, lambda: holds(condition, journeys, moment_ms))


def units_in(segments: Sequence[SegmentRule], view: View, moment_ms: int) -> Mask:
    """By unit of the view, whether the customer (or somebody of the account) is in one of the segments."""
    return _of_units(_customers_in(segments, view.journeys, moment_ms), view)


def _of_units(found: Mask, view: View) -> Mask:
    """By unit of the view, whether one of these customers is, or is of, it."""
    journeys = view.journeys
    if view.unit_of is Unit.CUSTOMER:
        return found
    of_accounts = np.zeros(len(journeys.accounts) + 1, np.bool_)
    of_accounts[journeys.account_of[found]] = True  # -1, no account, is the last
    return of_accounts[:-1]


def ids_in(segments: Sequence[SegmentRule], journeys: Journeys, moment_ms: int) -> list[str]:
    """The ids of the customers who are in one of the segments at that moment."""
    return journeys.customer_ids(np.flatnonzero(_customers_in(segments, journeys, moment_ms)))


def _customers_in(segments: Sequence[SegmentRule], journeys: Journeys, moment_ms: int) -> Mask:
    found = np.zeros(len(journeys.customers), np.bool_)
    for segment in segments:
        found |= members(segment, journeys, moment_ms)
    return found


def memberships(journeys: Journeys, customer: int, moment_ms: int) -> list[Membership]:
    """The segments that a customer (by number) is in at that moment, in the order of the rules."""
    return [
        membership
        for segment in journeys.rules.segment
        if members(segment, journeys, moment_ms)[customer]
        for membership in membership_of(segment, journeys, np.array([customer]), moment_ms)
    ]


def membership_of(
    segment: SegmentRule, journeys: Journeys, customers: NDArray[np.int64], moment_ms: int
) -> list[Membership]:
    """Why and since when these customers (by number), who are in the segment, are in it."""
    since = _since(segment, journeys, customers, moment_ms)
    return [
        Membership(segment, reason(segment.condition, journeys, int(customer), moment_ms), *told_since)
        for customer, told_since in zip(customers, since, strict=True)
    ]


def changes(segment: SegmentRule, view: View, start_ms: int, end_ms: int) -> Changes:
    """Who joined and who left the segment between two moments, by unit of the view."""
    before = _of_units(holds(segment.condition, view.journeys, start_ms), view)
    after = _of_units(members(segment, view.journeys, end_ms), view)
    return Changes(after & ~before, before & ~after, before & after)


def reason(condition: Condition, journeys: Journeys, customer: int, moment_ms: int) -> str:
    """The conditions that put a customer in, each with what was counted of them."""
    if condition.inner:
        said = [reason(inner, journeys, customer, moment_ms) for inner in condition.all]
        said += [
            reason(inner, journeys, customer, moment_ms)
            for inner in condition.any
            if _members(inner, journeys, moment_ms)[customer]
        ]
        said += [f"not ({told(inner)})" for inner in condition.none]
        return " and ".join(said)
    if condition.field is not None or condition.metric in ("tenure_days", "age_years"):
        return told(condition)
    counted = value_at(condition, journeys, moment_ms)[customer]
    return f"{told(condition)} (it is {counted:g})"


def _since(
    segment: SegmentRule, journeys: Journeys, customers: NDArray[np.int64], moment_ms: int
) -> list[tuple[int | None, str | None]]:
    if segment.condition.is_ranked:
        return [(None, RANKED)] * len(customers)
    spans = spans_of(segment.condition, journeys, np.sort(customers).astype(np.int64))
    since = spans.since(moment_ms, len(journeys.customers))[customers]
    return [(None, OF_FIELDS) if each in (ALWAYS, FOR_EVER) else (int(each), None) for each in since]


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    meant = f" Did you mean '{near[0]}'?" if near else ""
    listed = ", ".join(known) or f"none; write one as [[{what}]] in rules.toml"
    return f"There is no {what} '{name[:80]}'.{meant} Known: {listed}."

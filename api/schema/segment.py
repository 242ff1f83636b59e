"""Segments: which customers belong together, why, since when, and how they stand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import strawberry

from api.plan.clock import Clock
from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, from_milliseconds, lookup, reckoned
from api.plan.ids import encode_id, key_of
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.kpi import KpiValue, value_data
from api.schema.lazy import LazyCustomer
from api.schema.profile import SegmentProfile, profile_data
from api.schema.scope import SCOPE_ARGUMENTS, scope_of
from graph.customer import reading
from graph.figures.board import UnknownKpi
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.view import Mask
from graph.reading import Column
from graph.segments.rules import SegmentRule, told
from graph.segments.segments import (
    Membership,
    UnknownSegment,
    changes,
    membership_of,
    memberships,
    segment_of,
)
from graph.segments.standing import Standing, overlap, standings

MOST_MEMBERS = 100


@described
class SegmentMembership:
    """That a customer is in a segment."""

    segment: str = entry("The segment's name in rules.toml.")
    title: str = entry("What people call it.")
    reason: str = entry("The conditions that put them in, each with what was counted.")
    since: datetime | None = entry("The earliest moment from which on they have been in it without a break.")
    note: str | None = entry("Why there is no `since`.")


@described
class SegmentOverlap:
    """How much two segments overlap."""

    segment: str = entry("The other segment.")
    customer_count: int = entry("How many customers (or accounts, by `unit`) are in both.")
    share_of_this: float | None = entry("The share of this segment, 0 to 1.")
    share_of_other: float | None = entry("The share of the other, 0 to 1.")


@described
class SegmentChanges:
    """Who came and who went within the period."""

    joined_count: int = entry("Who is in it at the end and was not at the start.")
    left_count: int = entry("Who was in it at the start and is not at the end.")
    stayed_count: int = entry("Who was in it at both.")


def _overlap(item: Mapping[str, Any], arguments: Arguments) -> dict[str, Any]:
    standing: Standing = item["standing"]
    other = _known(lambda: segment_of(arguments["with"], standing.scope.rules))
    found = overlap(standing.segment, other, item["among"])
    return {
        "segment": other.name,
        "customer_count": found.customers,
        "share_of_this": found.share_of_first,
        "share_of_other": found.share_of_second,
    }


def _profile(item: Mapping[str, Any], _: Arguments) -> dict[str, Any]:
    return profile_data(item["standing"].scope, None)


def _changes(item: Mapping[str, Any], _: Arguments) -> dict[str, Any]:
    joined, left, stayed = _changed(item["standing"].segment, item["among"])
    return {"joined_count": int(joined.sum()), "left_count": int(left.sum()), "stayed_count": int(stayed.sum())}


@described
class Segment:
    """Customers that belong together by a rule, as they stand at the moment that is asked for."""

    name: str = entry("Its name in rules.toml.")
    title: str = entry("What people call it.")
    description: str | None = entry("What it is for.")
    conditions: list[str] = entry("Its conditions in words; all of them hold.")
    note: str | None = entry("What the conditions leave out: amounts in currencies for which there is no rate.")
    customer_count: int = entry(
        "How many customers (or accounts, by `unit`) are in it; an account is when somebody of it is."
    )
    customer_share: float = entry("The share of all customers that are looked at, 0 to 1.")
    value: KpiValue = entry("What a customer (or account) of it has spent so far, on average.")
    kpi: str | None = entry("The KPI that matters for it.")
    current: KpiValue | None = entry("That KPI, of its customers.")
    target: float | None = entry("What it shall be.")
    gap: float | None = entry("How far it is from there, as a share of the target; 0 where it is reached.")
    stake: float | None = entry("Customers × value × gap: what the rank follows.")
    rank: int = entry("1 is where most is at stake.")
    personas: list[str] = entry("The personas that its customers are taken for.")
    profile: SegmentProfile = reckoned("What is measured of its customers.", _profile)
    overlap: SegmentOverlap = reckoned(
        "How much it overlaps with another.", _overlap, [Argument("with", str, "The other segment's name.")]
    )
    changes: SegmentChanges = reckoned("Who came and who went within the period.", _changes)


@described
class SegmentMember:
    """A customer of a segment."""

    customer: LazyCustomer | None = lookup(
        reading.CUSTOMERS_BY_ID, "customer_key", "The customer.", key=Column("id", "item", nullable=False)
    )
    reason: str = entry("The conditions that put them in, each with what was counted.")
    since: datetime | None = entry("The earliest moment from which on they have been in it without a break.")
    note: str | None = entry("Why there is no `since`.")


@described
class SegmentDetails:
    """One segment with its customers, ordered by their ids."""

    segment: Segment = entry("The segment.")
    members: list[SegmentMember] = entry("Its customers.")
    next_after: strawberry.ID | None = entry("Give this as `after` for the next ones; null when these are the last.")
    joined: list[LazyCustomer] = lookup(
        reading.CUSTOMERS_BY_ID,
        "joined_key",
        "Who came within the period; at most so many as `first` says.",
        key=Column("id", "item", nullable=False),
        many=True,
    )
    left: list[LazyCustomer] = lookup(
        reading.CUSTOMERS_BY_ID,
        "left_key",
        "Who went within the period; at most so many as `first` says.",
        key=Column("id", "item", nullable=False),
        many=True,
    )


async def work_segments(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `segments`."""
    scope = (await scope_of(bench, arguments)).of_members()
    found = await standings_of(scope)
    return [segment_data(standing, scope) for standing in found]


async def work_segment(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of `segment`."""
    first = arguments["first"]
    if not 1 <= first <= MOST_MEMBERS:
        raise bad_input(f"`first` must be between 1 and {MOST_MEMBERS}; it is {first}.")
    segment = _known(lambda: segment_of(arguments["name"], bench.rules))
    after = None if arguments.get("after") is None else key_of(arguments["after"], "Customer")
    scope = (await scope_of(bench, arguments)).of_members()
    standing = next(each for each in await standings_of(scope) if each.segment == segment)
    return await asyncio.to_thread(_details, standing, scope, first, after)


async def standings_of(scope: Scope) -> list[Standing]:
    """All segments of the rules as they stand; raises a GraphQL error where their rules name what is not there."""
    try:
        return await asyncio.to_thread(standings, scope)
    except UnknownKpi as unknown:
        raise bad_input(f"A segment of rules.toml asks for a KPI that is not there. {unknown}") from None


def _details(standing: Standing, scope: Scope, first: int, after: str | None) -> dict[str, Any]:
    journeys, segment = scope.view.journeys, standing.segment
    numbers = np.flatnonzero(standing.scope.view.members)
    there = sorted(zip(journeys.customer_ids(numbers), numbers.tolist(), strict=True))
    there = [each for each in there if after is None or each[0] > after]
    shown = [id for id, _ in there[:first]]
    found = membership_of(segment, journeys, np.array([each for _, each in there[:first]], np.int64), scope.now_ms)
    joined, left, _ = _changed(segment, scope)
    return {
        "segment": segment_data(standing, scope),
        "members": [
            {"customer_key": id, **membership_data(membership)} for id, membership in zip(shown, found, strict=True)
        ],
        "next_after": encode_id("Customer", shown[-1]) if len(there) > first else None,
        "customer_key": shown,
        "joined_key": journeys.customer_ids(np.flatnonzero(joined)[:first]),
        "left_key": journeys.customer_ids(np.flatnonzero(left)[:first]),
    }


def segments_of_customer(id: str, journeys: Journeys, clock: Clock, arguments: Arguments) -> list[dict[str, Any]]:
    """What `Customer.segments` tells."""
    (number,) = journeys.customer_numbers([id])
    if number < 0:
        return []
    as_of = arguments.get("asOf")
    moment = clock.now if as_of is None else min(clock.now, as_of.replace(tzinfo=as_of.tzinfo or UTC))
    return [membership_data(each) for each in memberships(journeys, int(number), int(moment.timestamp() * 1000))]


def membership_data(membership: Membership) -> dict[str, Any]:
    """A membership as its fields read it."""
    return {
        "segment": membership.segment.name,
        "title": membership.segment.title,
        "reason": membership.reason,
        "since": None if membership.since_ms is None else from_milliseconds(membership.since_ms),
        "note": membership.note,
    }


def segment_data(standing: Standing, among: Scope) -> dict[str, Any]:
    """A `Segment` as its fields read it; `among` are all who are looked at."""
    segment, scope = standing.segment, standing.scope
    current = standing.current
    return {
        "name": segment.name,
        "title": segment.title,
        "description": segment.description,
        "conditions": _conditions(segment),
        "note": standing.note,
        "customer_count": standing.customers,
        "customer_share": standing.share,
        "value": value_data(standing.value, scope, scope.period),
        "kpi": segment.kpi,
        "current": None if current is None else value_data(current, scope, scope.period),
        "target": standing.target,
        "gap": standing.gap,
        "stake": standing.stake,
        "rank": standing.rank,
        "personas": [persona.name for persona in scope.rules.persona if persona.segment == segment.name],
        "standing": standing,
        "among": among,
    }


def _conditions(segment: SegmentRule) -> list[str]:
    sides = [segment.condition] if segment.any or segment.none else list(segment.all)
    return [told(condition) for condition in sides]


def _changed(segment: SegmentRule, scope: Scope) -> tuple[Mask, Mask, Mask]:
    """Between the period's first instant and its end, or the moment that is asked for when that is earlier."""
    end = min(scope.period.end_ms, scope.now_ms)
    found = changes(segment, scope.view, min(scope.period.start_ms, end), end)
    among = scope.view.members
    return found.joined & among, found.left & among, found.stayed & among


def _known(find: Any) -> SegmentRule:
    try:
        found: SegmentRule = find()
    except UnknownSegment as unknown:
        raise bad_input(str(unknown)) from None
    return found


SEGMENTS_ARGUMENTS = SCOPE_ARGUMENTS
SEGMENT_ARGUMENTS = [
    Argument("name", str, "Its name in rules.toml."),
    *(argument for argument in SCOPE_ARGUMENTS if argument.name != "unit"),
    Argument("first", int, "At most so many customers, 1 to 100.", 20),
    Argument("after", strawberry.ID | None, "Only customers after this one."),
]

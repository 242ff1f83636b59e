"""Groups: a scope cut by what its interactions are, or by who its customers are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from graph.figures.scope import Scope
from graph.figures.score_groups import nps_groups
from graph.journeys.part import Coded
from graph.journeys.view import Mask, Unit
from graph.lifecycle.visits import told_stages
from graph.segments.rules import SegmentRule
from graph.segments.segments import segment_of, units_in


class Dimension(StrEnum):
    """By what a figure can be broken down."""

    FUNCTION = "FUNCTION"
    CHANNEL = "CHANNEL"
    TOUCHPOINT = "TOUCHPOINT"
    SOURCE = "SOURCE"
    CAMPAIGN = "CAMPAIGN"
    TEAM = "TEAM"
    SEGMENT = "SEGMENT"
    PERSONA = "PERSONA"
    SCORE_GROUP = "SCORE_GROUP"
    LIFECYCLE_STAGE = "LIFECYCLE_STAGE"
    COUNTRY = "COUNTRY"
    OWNER = "OWNER"


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its key, what people call it, and the question narrowed to it."""

    key: str
    label: str
    scope: Scope


_OF_EVENTS = {
    Dimension.FUNCTION: ("function", "functions"),
    Dimension.CHANNEL: ("channel", "channels"),
    Dimension.TOUCHPOINT: ("touchpoint", "touchpoints"),
    Dimension.SOURCE: ("source", "sources"),
    Dimension.CAMPAIGN: ("campaign", "campaigns"),
    Dimension.TEAM: ("team", "teams"),
}
_OF_MEMBERS = {
    Dimension.LIFECYCLE_STAGE: "lifecycle_stage",
    Dimension.COUNTRY: "country",
    Dimension.OWNER: "owner",
}


def groups(scope: Scope, dimension: Dimension) -> Iterator[Group]:
    """The groups that occur, those with most interactions (or customers) first."""
    if dimension in _OF_EVENTS:
        column, part = _OF_EVENTS[dimension]
        for value in scope.once(("values", column), lambda: _values(scope, column)):
            yield Group(value, label_of(scope, dimension, value), scope.where(**{part: (value,)}))
        return
    if dimension in (Dimension.SEGMENT, Dimension.PERSONA):
        yield from _of_segments(scope, dimension)
        return
    if dimension is Dimension.SCORE_GROUP:
        for each in nps_groups(scope):
            yield Group(each.key, each.label, scope.of(each.members))
        return
    column = _OF_MEMBERS[dimension]
    found = member_column(scope, column)
    for value in most_frequent(found.take(scope.view.members)):
        yield Group(value, value, scope.of(found.among(value)))


def _values(scope: Scope, column: str) -> list[str]:
    rows = scope.view.where(scope.only.fits(scope.view)) if scope.only.narrows else scope.view
    return most_frequent(rows.coded(column))


def _of_segments(scope: Scope, dimension: Dimension) -> Iterator[Group]:
    """Segments as of the scope's moment, which may overlap; personas are the customers of their segments."""
    rules = scope.rules
    told = rules.segment if dimension is Dimension.SEGMENT else rules.persona
    found = [
        Group(each.name, each.title, scope.of(units_in([segment], scope.view, scope.now_ms)))
        for each in told
        for segment in [each if isinstance(each, SegmentRule) else segment_of(each.segment, rules)]
    ]
    yield from sorted((group for group in found if group.scope.view.size), key=lambda group: -group.scope.view.size)


def member_column(scope: Scope, name: str) -> Coded:
    """A column of those who are counted, by unit; what accounts do not have, nobody has.

    The stage of an account is the furthest of its people's.
    """
    if name == "lifecycle_stage" and scope.view.unit_of is Unit.ACCOUNT:
        return told_stages(scope.view, name)
    journeys = scope.view.journeys
    part = journeys.accounts if scope.view.unit_of is Unit.ACCOUNT else journeys.customers
    if name in part.first.schema.names:
        return part.coded(name)
    return Coded(np.full(len(scope.view.members), -1, np.int32), ())


def with_value(scope: Scope, name: str, values: tuple[str, ...]) -> Mask:
    """By unit, whether its column holds one of these values."""
    return member_column(scope, name).among(*values)


def event_column(dimension: Dimension) -> str | None:
    """The column of interactions that tells these groups apart; None where it is who the customers are."""
    return _OF_EVENTS[dimension][0] if dimension in _OF_EVENTS else None


def most_frequent(column: Coded) -> list[str]:
    """The texts of a column, those of most rows first."""
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    order = sorted(np.flatnonzero(counts), key=lambda code: (-counts[code], column.values[code]))
    return [column.values[code] for code in order]


def label_of(scope: Scope, dimension: Dimension, value: str) -> str:
    """What people call a group."""
    if dimension is Dimension.TOUCHPOINT and value in scope.view.journeys.touchpoints:
        return scope.view.journeys.touchpoints[value].name
    return value

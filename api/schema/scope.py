"""What an analytic question is about: the period, whose journeys, which interactions, as of when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry
from api.plan.filters import described_input, option, plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import BusinessFunction, Channel
from api.schema.figure_enums import UnitOfAnalysis
from graph.figures.groups import with_value
from graph.figures.scope import EventFilter, Scope
from graph.journeys import period
from graph.journeys.journeys import Journeys
from graph.journeys.view import Unit
from graph.segments.segments import UnknownSegment, persona_of, segment_of, units_in


@described_input
class PeriodInput:
    """Whole days: from the first, up to and not including the last."""

    from_: date = strawberry.field(name="from", description="The first day.")
    to: date = strawberry.field(description="The day after the last.")
    time_zone: str | None = option(
        "IANA name of the time zone in which the days are days; unless said the `reporting_timezone` of rules.toml."
    )


@described
class Period:
    """Whole days of a time zone."""

    from_: datetime = entry("Its first instant.", "from", called="from")
    to: datetime = entry("The instant after its last.")
    time_zone: str = entry("The time zone in which the days are days.")


@described_input
class AnalyticsFilter:
    """Whose journeys, and which interactions; what is not said does not narrow, and of an empty list nothing is one.

    Of a survey answer it is the interaction that it is about which has to fit.
    """

    segments: list[str] | None = option("Customers in one of these segments of rules.toml at that moment.")
    personas: list[str] | None = option("Customers who are taken for one of these personas of rules.toml.")
    lifecycle_stages: list[str] | None = option("Customers in one of these stages today.")
    countries: list[str] | None = option("Customers (or accounts) of one of these countries, ISO 3166 alpha-2.")
    owners: list[str] | None = option("Those of one of these owners.")
    functions: list[BusinessFunction] | None = option("Interactions of these functions.")
    channels: list[Channel] | None = option("Interactions by these channels.")
    touchpoints: list[str] | None = option("Interactions at these touchpoints, by their keys.")
    sources: list[str] | None = option("Interactions that these sources report.")
    campaigns: list[str] | None = option("Interactions of these campaigns.")
    teams: list[str] | None = option("Interactions of these teams.")


SCOPE_ARGUMENTS = [
    Argument("period", PeriodInput, "The period."),
    Argument("filter", AnalyticsFilter | None, "Whose journeys, and which interactions."),
    Argument("unit", UnitOfAnalysis, "Who is counted.", UnitOfAnalysis.CUSTOMER),
    Argument("as_of", datetime | None, "As of that moment: only what had happened by then."),
]
_MEMBERS = {"lifecycleStages": "lifecycle_stage", "countries": "country", "owners": "owner"}
_EVENTS = ("functions", "channels", "touchpoints", "sources", "campaigns", "teams")


async def scope_of(bench: Bench, arguments: Arguments) -> Scope:
    """The scope that these arguments mean, over the journeys as they are now."""
    journeys = await bench.journeys.current()
    as_of = arguments.get("asOf")
    now = bench.now()
    if as_of is None or as_of > now:
        until_ms = journeys.moment(_milliseconds(now))
    else:
        until_ms = _milliseconds(as_of.replace(tzinfo=as_of.tzinfo or UTC))
    return await scope_over(journeys, bench, arguments, until_ms)


async def scope_over(journeys: Journeys, bench: Bench, arguments: Arguments, until_ms: int) -> Scope:
    """The same over other journeys and as of a moment (epoch milliseconds)."""
    of = asked_period(arguments["period"], bench.rules.calendar.reporting_timezone)
    return await asyncio.to_thread(_scope, journeys, arguments, of, until_ms)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _scope(journeys: Any, arguments: Arguments, of: period.Period, until_ms: int) -> Scope:
    unit = Unit(plain(arguments.get("unit", Unit.CUSTOMER)))
    given: Mapping[str, Any] = arguments.get("filter") or {}
    only = {name: tuple(plain(value) for value in given[name]) for name in _EVENTS if given.get(name) is not None}
    scope = Scope(journeys.view(unit, until_ms), of, until_ms, EventFilter(**only))
    for name, column in _MEMBERS.items():
        if given.get(name) is not None:
            scope = scope.of(with_value(scope, column, tuple(given[name])))
    try:
        return _of_segments(scope, given)
    except UnknownSegment as unknown:
        raise bad_input(str(unknown)) from None


def _of_segments(scope: Scope, given: Mapping[str, Any]) -> Scope:
    rules = scope.rules
    if given.get("segments") is not None:
        segments = [segment_of(name, rules) for name in given["segments"]]
        scope = scope.of(units_in(segments, scope.view, scope.now_ms))
    if given.get("personas") is not None:
        segments = [segment_of(persona_of(name, rules).segment, rules) for name in given["personas"]]
        scope = scope.of(units_in(segments, scope.view, scope.now_ms))
    return scope


def asked_period(given: Mapping[str, Any], reporting_zone: str) -> period.Period:
    """The period of a PeriodInput; raises a GraphQL error where there is none."""
    name = given.get("timeZone") or reporting_zone
    try:
        zone = ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise bad_input(f"`timeZone` {name[:60]!r} is unknown; use an IANA name such as Europe/Berlin.") from None
    if given["from"] >= given["to"]:
        raise bad_input("`period.from` must be before `period.to`; `to` is the day after the last.")
    if given["from"] < period.EARLIEST or given["to"] > period.LATEST:
        raise bad_input(f"`period` must lie between {period.EARLIEST} and {period.LATEST}.")
    return period.Period(given["from"], given["to"], zone)


def period_data(of: period.Period) -> dict[str, Any]:
    """A `Period` as its fields read it."""
    return {
        "from": datetime.fromtimestamp(of.start_ms / 1000, UTC),
        "to": datetime.fromtimestamp(of.end_ms / 1000, UTC),
        "time_zone": str(of.zone),
    }

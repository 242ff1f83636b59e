"""The time between two stages or interactions, those who still wait counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, reckoned
from api.plan.filters import described_input, option
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.figure_enums import UnitOfAnalysis
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import AnalyticsFilter, Period, PeriodInput, period_data, scope_of
from api.schema.steps import asked_kinds
from graph.figures.funnel import FunnelStep
from graph.figures.scope import Scope
from graph.figures.time_between import Milestone, time_between
from graph.rules import Rules


@described_input
class MilestoneInput:
    """A stage that is reached, or an interaction of one of the kinds and at one of the touchpoints, where named."""

    stage: str | None = option("A stage of the lifecycle, as rules.toml names it.")
    kinds: list[str] | None = option("Kinds of interactions, e.g. `deal.won`.")
    touchpoints: list[str] | None = option("Touchpoints, by their keys.")


@described_input
class TimeBetweenInput:
    """From where, to where, and whose journeys."""

    from_: MilestoneInput = strawberry.field(name="from", description="Where the time begins.")
    to: MilestoneInput | None = option("Where it ends; unless said, where the stage of `from` is left.")
    period: PeriodInput = strawberry.field(description="Who begins in this period, by their first begin in it.")
    filter: AnalyticsFilter | None = option("Whose journeys, and which interactions.")
    unit: UnitOfAnalysis = strawberry.field(description="Who is counted.", default=UnitOfAnalysis.CUSTOMER)
    as_of: datetime | None = option("As of that moment: only what had happened by then.")


@described
class TimeCurvePoint:
    """The curve of those who have got there."""

    days: float = entry("So many days after the begin …")
    share: float = entry("… this share has got there, 0 to 1.")
    lower: float = entry("The lower end of its 95 % interval.", "low")
    upper: float = entry("The upper end of its 95 % interval.", "high")
    waiting_count: int = entry("Who was still on the way just before, and is known to be.", "waiting")


def _within(item: Mapping[str, Any], arguments: Arguments) -> dict[str, Any]:
    days = arguments["days"]
    if not days >= 0:
        raise bad_input(f"`days` must not be below 0; it is {days:g}.")
    scope: Scope = item["scope"]
    return value_data(item["found"].within(days), scope, scope.period)


@described
class TimeBetween:
    """How long it takes from one milestone to another; of the Kaplan–Meier curve, never of those who finished."""

    begun_count: int = entry("Customers (or accounts) that began in the period.")
    arrived_count: int = entry("Of these, who has got there.")
    waiting_count: int = entry("Of these, who has not: their time so far is counted.")
    quarter_days: KpiValue = entry("After how many days a quarter of all has got there.")
    median_days: KpiValue = entry("After how many days half of all has got there.")
    curve: list[TimeCurvePoint] = entry("The curve, at most 200 points; none of fewer than 5.")
    reached_within: KpiValue = reckoned(
        "The share that has got there within so many days, percent.",
        _within,
        [Argument("days", float, "So many days.")],
    )
    period: Period = entry("The period of the begins.")


async def work_time_between(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `timeBetween` field."""
    given = arguments["input"]
    begin = _milestone(given["from"], "from", bench.rules)
    end = None if given.get("to") is None else _milestone(given["to"], "to", bench.rules)
    if begin.stage is None and end is None:
        raise bad_input("`to` is missing: only a stage is left by itself, an interaction needs an end.")
    scope = await scope_of(bench, given)
    return await asyncio.to_thread(_data, scope, begin, end)


def _milestone(given: Mapping[str, Any], where: str, rules: Rules) -> Milestone:
    kinds, touchpoints = asked_kinds(given, where)
    stage = given.get("stage")
    if (stage is None) == (not kinds and not touchpoints):
        raise bad_input(f"`{where}` must name either a `stage`, or `kinds` or `touchpoints`.")
    known = [each.name for each in rules.stage]
    if stage is not None and stage not in known:
        raise bad_input(f"`{where}.stage` {stage[:60]!r} is no stage. Known: {', '.join(known)}.")
    return Milestone(stage, FunnelStep("", kinds, touchpoints))


def _data(scope: Scope, begin: Milestone, end: Milestone | None) -> dict[str, Any]:
    found = time_between(scope, begin, end)
    return {
        "begun_count": found.begun,
        "arrived_count": found.arrived,
        "waiting_count": found.begun - found.arrived,
        "quarter_days": value_data(found.quarter, scope, scope.period),
        "median_days": value_data(found.median, scope, scope.period),
        "curve": [{name: getattr(point, name) for name in point.__slots__} for point in found.curve],
        "period": period_data(scope.period),
        "scope": scope,
        "found": found,
    }

"""Paths to and from a goal, and the sequences of touches before conversions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import strawberry

from api.plan.fields import described, entry
from api.plan.filters import described_input, plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.figure_enums import JourneySide
from api.schema.kpi import KpiValue, value_data, value_or_null
from api.schema.scope import Period, period_data, scope_of
from api.schema.steps import (
    JourneyGoalInput,
    StepsInput,
    asked_days,
    asked_goal,
    asked_least,
    asked_length,
    step_rules,
)
from graph.estimates import drivers
from graph.figures.paths import PathRules, Paths, Side, journey_paths
from graph.figures.scope import Scope
from graph.figures.sequences import Sequences, conversion_sequences

MOST_STEPS = 8
MOST_TOUCHES = 20


@described_input
class JourneyPathsInput(StepsInput):
    """The goal, which steps beside it, and whose journeys."""

    goal: JourneyGoalInput = strawberry.field(description="The goal.")
    side: JourneySide = strawberry.field(description="On which side of the goal.", default=JourneySide.BEFORE)
    steps: int = strawberry.field(description="So many steps, 1 to 8; fewer where there are no more.", default=3)
    collapse_repeats: bool = strawberry.field(
        description="Whether the same key twice in a row is one step.", default=True
    )
    window_days: float = strawberry.field(
        description="Before a goal: within so many days after a path the goal counts for its rate.", default=30.0
    )


@described
class JourneyPath:
    """Steps in a row beside the goal."""

    steps: list[str] = entry("Their keys, in the order of time.")
    occurrence_count: int = entry("How often they came right before the goal, or right after it.", "times")
    customer_count: int = entry("Of how many customers (or accounts).", "customers")
    rate: KpiValue = entry(
        "Before: of the customers who took the path, who reached the goal within the window after the first time; "
        "after: of the goals, those that it followed. Percent."
    )
    lift: KpiValue = entry("The rate divided by the usual one: association, not effect.")


@described
class JourneyPaths:
    """The paths beside a goal, those of most customers first, at most 100."""

    paths: list[JourneyPath] = entry("The paths of enough customers.")
    goal_count: int = entry("How often the goal was reached in the period.", "goals")
    customer_count: int = entry("By how many customers (or accounts).", "customers")
    hidden_path_count: int = entry("Paths that are not told: of too few customers, or beyond the hundredth.", "hidden")
    usual_rate: KpiValue | None = entry(
        "Before: of all customers, who reached the goal within the window after their first step. Percent; null "
        "after a goal, where each path has its own.",
        "usual",
    )
    caveat: str = entry("What a lift is not.", default=drivers.CAVEAT)
    period: Period = entry("The period.")


@described_input
class ConversionSequencesInput(StepsInput):
    """The conversion, the look-back, and whose journeys."""

    goal: JourneyGoalInput = strawberry.field(description="The conversion; a customer's first of the period counts.")
    lookback_days: float = strawberry.field(description="How long before it a touch may lie.", default=90.0)
    max_touches: int = strawberry.field(description="At most so many last touches, 1 to 20.", default=10)
    collapse_repeats: bool = strawberry.field(
        description="Whether the same key twice in a row is one touch.", default=True
    )


@described
class ConversionSequence:
    """Touches in a row, and who had them."""

    touches: list[str] = entry("Their keys, in the order of time; none where there was no touch.")
    converted_count: int = entry("Customers (or accounts) who had them and converted.", "converted")
    not_converted_count: int = entry(
        "Who had them within the look-back before the period's end, and did not convert.", "not_converted"
    )
    rate: KpiValue = entry("Converted of all with this sequence, percent.")


@described
class ConversionSequences:
    """The sequences of touches before conversions, those of most conversions first, at most 100."""

    sequences: list[ConversionSequence] = entry("The sequences of enough customers.")
    converted_count: int = entry("Customers (or accounts) who converted in the period.", "converted")
    not_converted_count: int = entry("Those with a touch who did not.", "not_converted")
    hidden_sequence_count: int = entry("Sequences that are not told: of too few customers, or too many.", "hidden")
    caveat: str = entry("What a rate is not.", default=drivers.CAVEAT)
    period: Period = entry("The period of the conversions.")


async def work_paths(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `journeyPaths` field."""
    given = arguments["input"]
    rules = PathRules(
        goal=asked_goal(given["goal"]),
        steps=step_rules(given),
        side=Side(plain(given["side"])),
        length=asked_length(given, "steps", MOST_STEPS),
        window_ms=asked_days(given, "windowDays"),
        min_customers=asked_least(given),
    )
    scope = await scope_of(bench, given)
    return await asyncio.to_thread(lambda: _paths(scope, journey_paths(scope, rules)))


async def work_sequences(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `conversionSequences` field."""
    given = arguments["input"]
    goal, rules, least = asked_goal(given["goal"]), step_rules(given), asked_least(given)
    lookback_ms, length = asked_days(given, "lookbackDays"), asked_length(given, "maxTouches", MOST_TOUCHES)
    scope = await scope_of(bench, given)
    return await asyncio.to_thread(
        lambda: _sequences(scope, conversion_sequences(scope, goal, rules, lookback_ms, length, least))
    )


def _paths(scope: Scope, found: Paths) -> dict[str, Any]:
    return {
        "paths": [
            {
                "steps": list(path.steps),
                "times": path.times,
                "customers": path.customers,
                "rate": value_data(path.rate, scope, scope.period),
                "lift": value_data(path.lift, scope, scope.period),
            }
            for path in found.paths
        ],
        "goals": found.goals,
        "customers": found.customers,
        "hidden": found.hidden,
        "usual": value_or_null(found.usual, scope),
        "period": period_data(scope.period),
    }


def _sequences(scope: Scope, found: Sequences) -> dict[str, Any]:
    return {
        "sequences": [
            {
                "touches": list(each.touches),
                "converted": each.converted,
                "not_converted": each.not_converted,
                "rate": value_data(each.rate, scope, scope.period),
            }
            for each in found.sequences
        ],
        "converted": found.converted,
        "not_converted": found.not_converted,
        "hidden": found.hidden,
        "period": period_data(scope.period),
    }

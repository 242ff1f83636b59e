"""What customers did next, and where they go round in circles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import described, entry
from api.plan.filters import described_input, option
from api.plan.ids import key_of
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.kpi import KpiValue, value_data, value_or_null
from api.schema.scope import Period, period_data, scope_of
from api.schema.steps import JourneyGoalInput, StepsInput, asked_days, asked_goal, asked_least, asked_length, step_rules
from graph.estimates import drivers
from graph.figures.followed import WhatFollowed as Followed
from graph.figures.followed import last_steps, what_followed
from graph.figures.loops import Loop, loops
from graph.figures.scope import Scope
from graph.figures.steps import StepRules
from graph.journeys.view import Unit

MOST_AFTER = 5


@described_input
class WhatFollowedInput(StepsInput):
    """After what: steps that are named, or the last steps of one customer. And whose journeys tell what followed."""

    after: list[str] | None = option("Keys of 1 to 5 steps in a row, the last one last.")
    customer_id: strawberry.ID | None = option("Instead of `after`: the last steps of this customer until now.")
    last: int = strawberry.field(description="So many of the customer's last steps, 1 to 5.", default=2)
    goal: JourneyGoalInput | None = option("What customers may have reached then.")
    window_days: float = strawberry.field(
        description="Within so many days the next step and the goal have to follow.", default=30.0
    )
    collapse_repeats: bool = strawberry.field(
        description="Whether the same key twice in a row is one step.", default=True
    )


@described
class FollowingStep:
    """A step that customers took next."""

    key: str | None = entry("Its key; null: nothing followed within the window.")
    customer_count: int = entry("Customers (or accounts) who took it.")
    share: KpiValue = entry("Of all who came that way, percent.")
    median_seconds: float | None = entry("Median time until it, in seconds.")
    goal_rate: KpiValue | None = entry("Of those who took it, who reached the goal within the window, percent.")
    lift: KpiValue | None = entry("That rate divided by the one whatever followed: association, not effect.")


@described
class WhatFollowed:
    """What followed; each customer counts once, by the first time in the period."""

    after: list[str] = entry("After these steps.")
    customer_count: int = entry("Customers (or accounts) who came that way and whose window is over.")
    immature_count: int = entry("Those whose window is not over yet; they are not counted.")
    goal_rate: KpiValue | None = entry(
        "Of all who came that way, who reached the goal within the window, percent; null without a goal."
    )
    steps: list[FollowingStep] = entry("The next steps, the most frequent first.")
    hidden_step_count: int = entry("Next steps that are not told, of too few customers.")
    caveat: str = entry("What these figures are not.", default=drivers.CAVEAT)
    period: Period = entry("The period.")


@described_input
class JourneyLoopsInput(StepsInput):
    """Whose journeys, and what their steps are."""


@described
class JourneyLoop:
    """Customers come back to a step."""

    key: str = entry("The step.")
    via_key: str | None = entry("By way of this one; null: at once, the same step twice in a row.")
    occurrence_count: int = entry("How often.")
    customer_count: int = entry("By how many customers (or accounts).")
    share: KpiValue = entry("Of those who were there at all, percent.")
    median_seconds: float = entry("Median time from the step to its return, in seconds.")


@described
class JourneyLoops:
    """Where customers come back to a step, the most frequent first."""

    loops: list[JourneyLoop] = entry("The loops of enough customers.")
    period: Period = entry("The period.")


async def work_followed(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `whatFollowed` field."""
    given = arguments["input"]
    after, customer = given.get("after"), given.get("customerId")
    if (after is None) == (customer is None):
        raise bad_input("Give either `after` or `customerId`.")
    if after is not None and not 1 <= len(after) <= MOST_AFTER:
        raise bad_input(f"`after` must be 1 to {MOST_AFTER} keys; there are {len(after)}.")
    goal = None if given.get("goal") is None else asked_goal(given["goal"])
    rules, least, window_ms = step_rules(given), asked_least(given), asked_days(given, "windowDays")
    length = asked_length(given, "last", MOST_AFTER)
    scope = await scope_of(bench, given)

    def reckon() -> dict[str, Any]:
        steps = after if customer is None else _last(scope, key_of(customer, "Customer"), rules, length)
        return _followed(scope, what_followed(scope, steps, goal, rules, window_ms, least))

    return await asyncio.to_thread(reckon)


async def work_loops(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `journeyLoops` field."""
    given = arguments["input"]
    rules, least = step_rules(given), asked_least(given)
    scope = await scope_of(bench, given)
    found = await asyncio.to_thread(loops, scope, rules, least)
    return {"loops": [_loop(scope, each) for each in found], "period": period_data(scope.period)}


def _last(scope: Scope, customer: str, rules: StepRules, length: int) -> tuple[str, ...]:
    number = int(scope.view.journeys.customer_numbers([customer])[0])
    if number < 0:
        raise bad_input("`customerId` is of no customer; of merged customers give the one that they became.")
    everybody = scope.view.journeys.view(Unit.CUSTOMER, scope.now_ms)
    steps = last_steps(everybody, number, rules, length)
    if not steps:
        raise bad_input("The customer has no steps that count.")
    return steps


def _followed(scope: Scope, found: Followed) -> dict[str, Any]:
    return {
        "after": list(found.after),
        "customer_count": found.customers,
        "immature_count": found.immature,
        "goal_rate": value_or_null(found.goal_rate, scope),
        "steps": [
            {
                "key": each.key,
                "customer_count": each.customers,
                "share": value_data(each.share, scope, scope.period),
                "median_seconds": each.seconds,
                "goal_rate": value_or_null(each.goal_rate, scope),
                "lift": value_or_null(each.lift, scope),
            }
            for each in found.steps
        ],
        "hidden_step_count": found.hidden,
        "period": period_data(scope.period),
    }


def _loop(scope: Scope, loop: Loop) -> dict[str, Any]:
    return {
        "key": loop.key,
        "via_key": loop.via,
        "occurrence_count": loop.times,
        "customer_count": loop.customers,
        "share": value_data(loop.share, scope, scope.period),
        "median_seconds": loop.median_seconds,
    }

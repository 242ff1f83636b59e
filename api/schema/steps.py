"""What inputs about steps have in common: what a step is, and how few customers are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.filters import described_input, option, plain
from api.schema.figure_enums import JourneyDimension, UnitOfAnalysis
from api.schema.scope import AnalyticsFilter, PeriodInput
from graph.figures.funnel import FunnelStep
from graph.figures.steps import StepRules

LONGEST_DAYS = 3650


def step_rules(given: Mapping[str, Any]) -> StepRules:
    """What the paths of an input with `dimension`, `excludeKinds`, `includeAutomated`, `collapseRepeats` are."""
    return StepRules(
        by=plain(given["dimension"]),
        exclude_kinds=tuple(given.get("excludeKinds") or ()),
        include_automated=given.get("includeAutomated", False),
        collapse_repeats=given.get("collapseRepeats", True),
    )


def asked_least(given: Mapping[str, Any]) -> int:
    """The `minCustomers` of an input; raises a GraphQL error below 1."""
    least: int = given["minCustomers"]
    if least < 1:
        raise bad_input("`minCustomers` must be at least 1.")
    return least


@described_input
class JourneyGoalInput:
    """Interactions of one of the kinds and at one of the touchpoints, where named."""

    kinds: list[str] | None = option("Kinds, e.g. `order.placed`.")
    touchpoints: list[str] | None = option("Touchpoints, by their keys.")


@described_input
class StepsInput:
    """Which journeys, and what their steps are."""

    period: PeriodInput = strawberry.field(description="Interactions of this period.")
    dimension: JourneyDimension = strawberry.field(description="What the steps are.", default=JourneyDimension.KIND)
    exclude_kinds: list[str] | None = option("Kinds that do not count.")
    include_automated: bool = strawberry.field(description="Whether what machines did counts too.", default=False)
    min_customers: int = strawberry.field(
        description="What fewer customers did is counted as hidden, and not told.", default=5
    )
    filter: AnalyticsFilter | None = option("Whose journeys, and which interactions.")
    unit: UnitOfAnalysis = strawberry.field(description="Whose journeys they are.", default=UnitOfAnalysis.CUSTOMER)
    as_of: datetime | None = option("As of that moment: only what had happened by then.")


def asked_goal(given: Mapping[str, Any], name: str = "goal") -> FunnelStep:
    """The goal of an input; raises a GraphQL error where everything would be one."""
    kinds, touchpoints = asked_kinds(given, name)
    if not kinds and not touchpoints:
        raise bad_input(f"`{name}` fits everything: name `kinds` or `touchpoints`.")
    return FunnelStep(name, kinds, touchpoints)


def asked_kinds(given: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kinds and touchpoints of an input, each empty when it is not said; raises a GraphQL error for no values."""
    for name in ("kinds", "touchpoints"):
        if given.get(name) == []:
            raise bad_input(f"`{where}.{name}` is empty: nothing would fit. Name at least one, or leave it out.")
    return tuple(given.get("kinds") or ()), tuple(given.get("touchpoints") or ())


def asked_days(given: Mapping[str, Any], name: str) -> int:
    """So many days of an input, in milliseconds; raises a GraphQL error unless they are more than 0, at most 3650."""
    days: float = given[name]
    if not 0 < days <= LONGEST_DAYS:
        raise bad_input(f"`{name}` must be more than 0 and at most {LONGEST_DAYS}; it is {days:g}.")
    return round(days * 86_400_000)


def asked_length(given: Mapping[str, Any], name: str, most: int) -> int:
    """A number of steps of an input; raises a GraphQL error unless it is 1 to `most`."""
    length: int = given[name]
    if not 1 <= length <= most:
        raise bad_input(f"`{name}` must be between 1 and {most}; it is {length}.")
    return length

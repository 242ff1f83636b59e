"""Funnels: how far customers get along given steps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, reckoned
from api.plan.filters import described_input, option, plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.figure_enums import FunnelOrder, KpiDimension, UnitOfAnalysis
from api.schema.kpi import KpiValue, asked_most, value_data, value_or_null
from api.schema.scope import AnalyticsFilter, Period, PeriodInput, period_data, scope_of
from api.schema.steps import asked_days, asked_kinds
from graph.figures import funnel as figures
from graph.figures.groups import Dimension
from graph.figures.scope import Scope

MOST_STEPS = 20


@described_input
class FunnelStepInput:
    """An interaction is at this step when it is of one of the kinds and at one of the touchpoints, where named."""

    label: str | None = option("What people call the step; its kinds or touchpoints unless said.")
    kinds: list[str] | None = option("Kinds, e.g. `form.submitted`.")
    touchpoints: list[str] | None = option("Touchpoints, by their keys.")


@described_input
class FunnelInput:
    """The steps, the window, and whose journeys."""

    steps: list[FunnelStepInput] = strawberry.field(description="The steps, 1 to 20.")
    period: PeriodInput = strawberry.field(description="Chains that start in this period; they may go on after it.")
    window_days: float = strawberry.field(
        description="So many days after its start a chain may take; a start whose window is not over is immature.",
        default=30.0,
    )
    order: FunnelOrder = strawberry.field(
        description="How the steps have to follow each other.", default=FunnelOrder.ORDERED
    )
    include_automated: bool = strawberry.field(description="Whether what machines did counts too.", default=False)
    filter: AnalyticsFilter | None = option("Whose journeys, and which interactions may be steps.")
    unit: UnitOfAnalysis = strawberry.field(description="Who is counted.", default=UnitOfAnalysis.CUSTOMER)
    as_of: datetime | None = option("As of that moment: only what had happened by then.")


@described
class FunnelStep:
    """How many got as far as this step: by each customer's longest chain, of several the first."""

    number: int = entry("Its place, from 1.")
    label: str = entry("What people call it; `any 2` where the order does not matter.")
    entered_count: int = entry("Customers (or accounts) that got here.")
    conversion_from_previous: KpiValue | None = entry("Of those at the step before, percent; null of the first.")
    conversion_from_start: KpiValue = entry("Of those at the first step, percent.")
    median_seconds_from_previous: KpiValue | None = entry("Median time since the step before; null of the first.")


@described
class FunnelGroup:
    """The funnel of one group."""

    key: str = entry("The group.")
    label: str = entry("What people call it.")
    customer_count: int = entry("Customers (or accounts) with a start whose window is over.")
    immature_count: int = entry("Those with only starts whose window is not over.")
    steps: list[FunnelStep] = entry("The steps in order.")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the groups are reckoned from."""

    scope: Scope
    chains: figures.Chains


def _breakdown(item: Mapping[str, Any], arguments: Arguments) -> list[dict[str, Any]]:
    asked: _Asked = item["asked"]
    dimension = Dimension(plain(arguments["by"]))
    found = figures.funnel_by(asked.scope, asked.chains, dimension, asked_most(arguments))
    return [{"key": key, "label": label, **_data(asked.scope, each)} for key, label, each in found]


@described
class Funnel:
    """How far customers (or accounts) get along the steps within the window."""

    steps: list[FunnelStep] = entry("The steps in order.")
    customer_count: int = entry("Customers (or accounts) with a start whose window is over: those that are counted.")
    immature_count: int = entry("Those with only starts whose window is not over yet; they are in no step.")
    period: Period = entry("The period of the starts.")
    breakdown: list[FunnelGroup] = reckoned(
        "The funnel of each group, the largest groups first: by what the start was, or by who the customers are.",
        _breakdown,
        [
            Argument("by", KpiDimension, "What the groups are."),
            Argument("first", int, "At most so many groups, 1 to 100.", 20),
        ],
    )


async def work_funnel(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `funnel` field."""
    given = arguments["input"]
    rules = _rules(given)
    scope = await scope_of(bench, given)
    return await asyncio.to_thread(_worked, scope, rules)


def _rules(given: Mapping[str, Any]) -> figures.FunnelRules:
    if not 1 <= len(given["steps"]) <= MOST_STEPS:
        raise bad_input(f"`steps` must be 1 to {MOST_STEPS} steps; there are {len(given['steps'])}.")
    return figures.FunnelRules(
        steps=tuple(_step(number, step) for number, step in enumerate(given["steps"])),
        window_ms=asked_days(given, "windowDays"),
        order=figures.FunnelOrder(plain(given["order"])),
        include_automated=given["includeAutomated"],
    )


def _step(number: int, given: Mapping[str, Any]) -> figures.FunnelStep:
    kinds, touchpoints = asked_kinds(given, f"steps[{number}]")
    if not kinds and not touchpoints:
        raise bad_input(f"`steps[{number}]` fits everything: name `kinds` or `touchpoints`.")
    return figures.FunnelStep(given.get("label") or ", ".join((*kinds, *touchpoints)), kinds, touchpoints)


def _worked(scope: Scope, rules: figures.FunnelRules) -> dict[str, Any]:
    chains = figures.chains(scope, rules)
    told = _data(scope, figures.funnel(chains))
    return {**told, "period": period_data(scope.period), "asked": _Asked(scope, chains)}


def _data(scope: Scope, funnel: figures.Funnel) -> dict[str, Any]:
    return {
        "customer_count": funnel.entered,
        "immature_count": funnel.immature,
        "steps": [
            {
                "number": number,
                "label": level.label,
                "entered_count": level.entered,
                "conversion_from_previous": value_or_null(level.from_previous, scope),
                "conversion_from_start": value_data(level.from_start, scope, scope.period),
                "median_seconds_from_previous": value_or_null(level.seconds, scope),
            }
            for number, level in enumerate(funnel.levels, 1)
        ],
    }

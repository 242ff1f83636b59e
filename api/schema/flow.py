"""Journey flow: how customers go from step to step."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import described, entry
from api.plan.filters import described_input, option
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.figure_enums import JourneyDimension, UnitOfAnalysis
from api.schema.scope import AnalyticsFilter, PeriodInput, scope_of
from api.schema.steps import asked_least, step_rules
from graph.figures.flow import Flow, FlowRules, Step, journey_flow
from graph.figures.steps import steps_of


@described_input
class JourneyFlowInput:
    """Which journeys, and how they are told apart."""

    dimension: JourneyDimension = strawberry.field(description="What the steps are.", default=JourneyDimension.KIND)
    period: PeriodInput = strawberry.field(description="Interactions of this period.")
    start_at: str | None = option("Paths begin at the first occurrence of this key; customers without it are left out.")
    end_at: str | None = option("Paths stop at this key; without `startAt`, the steps that led to it.")
    max_steps: int = strawberry.field(description="How many steps are shown, 2 to 20.", default=5)
    by_step: bool = strawberry.field(
        description="Whether a key is another node at each step; otherwise all steps are pooled.", default=True
    )
    collapse_repeats: bool = strawberry.field(
        description="Whether the same key twice in a row is one step.", default=True
    )
    exclude_kinds: list[str] | None = option("Kinds that do not count.")
    include_automated: bool = strawberry.field(description="Whether what machines did counts too.", default=False)
    min_customers: int = strawberry.field(
        description="Nodes and links of fewer customers are hidden; their traversals are counted as hidden.", default=5
    )
    filter: AnalyticsFilter | None = option("Whose journeys, and which interactions.")
    unit: UnitOfAnalysis = strawberry.field(description="Whose paths they are.", default=UnitOfAnalysis.CUSTOMER)
    as_of: datetime | None = option("As of that moment: only what had happened by then.")


@described
class JourneyFlowNode:
    """A step. Visits = starts + traversals in (shown and hidden) = exits + cut + traversals out (shown and hidden)."""

    key: str = entry("Tells the nodes of one flow apart.")
    label: str = entry("The kind, channel, function, stage or touchpoint.")
    step: int | None = entry("Its position; from the end (0, -1, …) when only `endAt` is given; null when pooled.")
    customer_count: int = entry("Distinct customers (or accounts, by `unit`) that were here.")
    visit_count: int = entry("How often it was reached.")
    start_count: int = entry("Paths that begin here.")
    exit_count: int = entry("Paths that end here: nothing more followed within the period.")
    cut_count: int = entry("Paths that go on beyond the steps that are shown.")
    hidden_in_count: int = entry("Traversals that lead here from hidden nodes or along hidden links.")
    hidden_out_count: int = entry("Traversals that lead away to hidden nodes or along hidden links.")


@described
class JourneyFlowLink:
    """A way from one step to another."""

    source_key: str = entry("Key of the node it leads from.")
    target_key: str = entry("Key of the node it leads to.")
    traversal_count: int = entry("How often it was taken.")
    customer_count: int = entry("Distinct customers (or accounts) that took it.")
    median_seconds: float = entry("Median time between the two, in seconds.")


@described
class JourneyFlow:
    """How customers go from step to step."""

    nodes: list[JourneyFlowNode] = entry("The steps, in order, largest first.")
    links: list[JourneyFlowLink] = entry("The ways between them, in order, widest first.")
    customer_count: int = entry("Customers (or accounts) with a path.")
    excluded_interaction_count: int = entry(
        "Interactions of the period that are in no path: excluded kinds, machines, or without a value of the dimension."
    )


async def work_flow(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `journeyFlow` field."""
    given = arguments["input"]
    if not 2 <= given["maxSteps"] <= 20:
        raise bad_input(f"`maxSteps` must be between 2 and 20; it is {given['maxSteps']}.")
    least = asked_least(given)
    rules = FlowRules(given.get("startAt"), given.get("endAt"), given["maxSteps"], given["byStep"], least)
    scope = await scope_of(bench, given)
    return await asyncio.to_thread(lambda: _answer(journey_flow(steps_of(scope, step_rules(given)), rules)))


def _answer(flow: Flow) -> dict[str, Any]:
    return {
        "nodes": [
            {
                "key": _key(step),
                "label": step[1],
                "step": step[0],
                "customer_count": node.customers,
                "visit_count": node.visits,
                "start_count": node.starts,
                "exit_count": node.exits,
                "cut_count": node.cut,
                "hidden_in_count": node.hidden_in,
                "hidden_out_count": node.hidden_out,
            }
            for step, node in flow.nodes.items()
        ],
        "links": [
            {
                "source_key": _key(source),
                "target_key": _key(target),
                "traversal_count": link.traversals,
                "customer_count": link.customers,
                "median_seconds": link.median_seconds,
            }
            for (source, target), link in flow.links.items()
        ],
        "customer_count": flow.customers,
        "excluded_interaction_count": flow.left_out,
    }


def _key(step: Step) -> str:
    return step[1] if step[0] is None else f"{step[0]}:{step[1]}"

"""Journey flow: how customers go from step to step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import described, entry
from api.plan.filters import described_input, option, plain
from api.plan.roots import Question
from api.plan.rows import Row
from api.schema.enums import JourneyDimension
from api.schema.scope import PeriodInput, asked_period
from graph.cypher import cypher
from graph.figures.flow import Flow, FlowRules, Step, journey_flow


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


@described
class JourneyFlowNode:
    """A step. Visits = starts + traversals in (shown and hidden) = exits + cut + traversals out (shown and hidden)."""

    key: str = entry("Tells the nodes of one flow apart.")
    label: str = entry("The kind, channel, function, stage or touchpoint.")
    step: int | None = entry("Its position; from the end (0, -1, …) when only `endAt` is given; null when pooled.")
    customer_count: int = entry("Distinct customers that were here.")
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
    customer_count: int = entry("Distinct customers that took it.")
    median_seconds: float = entry("Median time between the two, in seconds.")


@described
class JourneyFlow:
    """How customers go from step to step."""

    nodes: list[JourneyFlowNode] = entry("The steps, in order, largest first.")
    links: list[JourneyFlowLink] = entry("The ways between them, in order, widest first.")
    customer_count: int = entry("Customers with a path.")
    excluded_interaction_count: int = entry(
        "Interactions of the period that are in no path: excluded kinds, machines, or without a value of the dimension."
    )


def ask_flow(arguments: Mapping[str, Any]) -> Question:
    """The question of a `journeyFlow` field."""
    given = arguments["input"]
    if not 2 <= given["maxSteps"] <= 20:
        raise bad_input(f"`maxSteps` must be between 2 and 20; it is {given['maxSteps']}.")
    if given["minCustomers"] < 1:
        raise bad_input("`minCustomers` must be at least 1.")
    begins, ends = _moments(given["period"])
    rules = FlowRules(
        start=given.get("startAt"),
        end=given.get("endAt"),
        max_steps=given["maxSteps"],
        by_step=given["byStep"],
        min_customers=given["minCustomers"],
    )
    dimension = plain(given["dimension"])
    parameters = {
        "dimension": dimension,
        "from": begins,
        "to": ends,
        "exclude": given.get("excludeKinds") or [],
        "automated": given["includeAutomated"],
        "collapse": given["collapseRepeats"],
        "most": rules.most,
    }

    def fold(rows: list[Row]) -> dict[str, Any]:
        return _answer(journey_flow(rows, rules))

    question = "journey_touchpoints" if dimension == "touchpoint" else "journey_paths"
    return Question(cypher(f"questions/{question}"), parameters, fold)


def _moments(given: Mapping[str, Any]) -> tuple[datetime, datetime]:
    asked = asked_period(given, "UTC")
    return datetime.fromtimestamp(asked.start_ms / 1000, UTC), datetime.fromtimestamp(asked.end_ms / 1000, UTC)


def _answer(flow: Flow) -> dict[str, Any]:
    return {
        "nodes": [
            {
                "key": _key(step),
                "label": node.key,
                "step": node.step,
                "customer_count": len(node.customers),
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
                "traversal_count": len(link.gaps),
                "customer_count": len(link.customers),
                "median_seconds": link.median_seconds,
            }
            for (source, target), link in flow.links.items()
        ],
        "customer_count": flow.customers,
        "excluded_interaction_count": flow.left_out,
    }


def _key(step: Step) -> str:
    return step[1] if step[0] is None else f"{step[0]}:{step[1]}"

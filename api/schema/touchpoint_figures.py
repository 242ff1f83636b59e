"""Touchpoints in figures: reach, waits, scores, importance and performance."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry
from api.plan.filters import plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import BusinessFunction, Channel
from api.schema.figure_enums import TouchpointQuadrant, TouchpointScoreKey
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import SCOPE_ARGUMENTS, Period, period_data, scope_of
from graph.estimates import drivers
from graph.figures.scope import Scope
from graph.figures.touchpoints import TouchpointFigures as Told
from graph.figures.touchpoints import touchpoint_figures


@described
class TouchpointScore:
    """What customers say about a touchpoint afterwards, by one metric."""

    key: TouchpointScoreKey = entry("The metric, as the KPI of that key defines it.")
    value: KpiValue = entry("The figure.")


@described
class TouchpointFigures:
    """A touchpoint in a period; what machines did does not count."""

    key: str = entry("The touchpoint's key.")
    name: str = entry("What people call it.")
    owner_function: BusinessFunction | None = entry("The function that owns it.")
    channel: Channel | None = entry("The channel it is on.")
    is_moment_of_truth: bool = entry("Whether the company says that much depends on it.")
    interaction_count: int = entry("How often customers were there.")
    customer_count: int = entry("How many customers (or accounts) were there.")
    reach: KpiValue = entry("Of all with any interaction in the period, percent.")
    frequency: float = entry("Interactions a customer (or account).")
    wait_seconds: KpiValue = entry("Median time from the customer's first unanswered message to the answer here.")
    gap_seconds: KpiValue = entry("Median time since whatever came before in the journey.")
    scores: list[TouchpointScore] = entry("Transactional scores about it, by metric; never pooled.")
    importance: KpiValue = entry(
        "How far its score goes along with the same customers' relationship NPS: Pearson's correlation, -1 to 1, of at "
        "least 30 customers. Association, not effect."
    )
    performance: KpiValue = entry("Its score by the metric that was asked for.")
    quadrant: TouchpointQuadrant | None = entry("Where it stands among the touchpoints that have both.")
    quadrant_note: str | None = entry("Why it stands nowhere.")


@described
class TouchpointReport:
    """The touchpoints of a period, those that reach most customers first."""

    touchpoints: list[TouchpointFigures] = entry("The touchpoints of enough customers.")
    caveat: str = entry("What an importance is not.", default=drivers.CAVEAT)
    period: Period = entry("The period.")


async def work_touchpoints(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `touchpoints` field."""
    least = arguments["minCustomers"]
    if least < 1:
        raise bad_input("`minCustomers` must be at least 1.")
    score = plain(arguments["score"])
    scope = await scope_of(bench, arguments)
    found = await asyncio.to_thread(touchpoint_figures, scope, score, least)
    return {"touchpoints": [_data(scope, each) for each in found], "period": period_data(scope.period)}


def _data(scope: Scope, told: Told) -> dict[str, Any]:
    figures = {
        "reach": told.reach,
        "wait_seconds": told.wait,
        "gap_seconds": told.gap,
        "importance": told.importance,
        "performance": told.performance,
    }
    return {
        "key": told.touchpoint.key,
        "name": told.touchpoint.name,
        "owner_function": told.touchpoint.function,
        "channel": told.touchpoint.channel,
        "is_moment_of_truth": told.touchpoint.moment_of_truth,
        "interaction_count": told.interactions,
        "customer_count": told.customers,
        "frequency": told.frequency,
        "scores": [
            {"key": key, "value": value_data(figure, scope, scope.period)} for key, figure in told.scores.items()
        ],
        "quadrant": told.quadrant,
        "quadrant_note": told.quadrant_note,
        **{name: value_data(figure, scope, scope.period) for name, figure in figures.items()},
    }


TOUCHPOINT_ARGUMENTS = [
    *SCOPE_ARGUMENTS,
    Argument("score", TouchpointScoreKey, "By which score the quadrants are made.", TouchpointScoreKey.CSAT),
    Argument("min_customers", int, "Touchpoints of fewer customers are not told.", 5),
]

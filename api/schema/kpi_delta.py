"""What moved in a figure because customers were merged or split, and not because anything happened."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.kpi import KPI_ARGUMENTS, KpiDefinition, KpiValue, definition_data, known_kpi, value_data
from api.schema.scope import scope_of, scope_over
from graph.figures.undone import TooManyChanged, undone_since


@described
class KpiDelta:
    """A figure with the customers as they are, beside the same figure with merges and splits since a moment undone."""

    definition: KpiDefinition = entry("What the figure means.")
    since: datetime = entry("The moment.")
    current: KpiValue = entry("With the customers as they are.")
    undone: KpiValue = entry("With the customers as they were known at that moment, of the same interactions.")
    difference: float | None = entry("Current less undone: what merges and splits moved.")
    merged_customer_count: int = entry("How many of today's customers were several then.")
    split_customer_count: int = entry("How many customers of then are several today.")
    note: str | None = entry("What else has to be known.")


async def work_delta(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `kpiDelta`."""
    kpi = known_kpi(arguments["key"])
    since: datetime = arguments["since"].replace(tzinfo=arguments["since"].tzinfo or UTC)
    scope = await scope_of(bench, arguments)
    try:
        regrouped, journeys = await undone_since(bench.store, scope.view.journeys, int(since.timestamp() * 1000))
    except TooManyChanged as error:
        raise bad_input(str(error)) from None
    then = await scope_over(journeys, bench, arguments, scope.now_ms)
    current, undone = await asyncio.to_thread(lambda: (kpi.figure(scope), kpi.figure(then)))
    both = current.value is not None and undone.value is not None
    return {
        "definition": definition_data(kpi.definition),
        "since": since,
        "current": value_data(current, scope, scope.period),
        "undone": value_data(undone, then, then.period),
        "difference": (current.value or 0.0) - (undone.value or 0.0) if both else None,
        "merged_customer_count": len(regrouped.merged),
        "split_customer_count": len(regrouped.split),
        "note": None if regrouped.is_known else "No customer was known yet at that moment: choose a later one.",
    }


DELTA_ARGUMENTS = [Argument("since", datetime, "Merges and splits after this moment are undone."), *KPI_ARGUMENTS]

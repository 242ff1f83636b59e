"""The measurement plan: which KPI, from which source, owned by whom, with what target, and what is missing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from api.plan.fields import described, entry
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.figure_enums import KpiStatus
from api.schema.kpi import KpiDefinition, KpiValue, definition_data, value_data
from api.schema.scope import SCOPE_ARGUMENTS, scope_of
from graph.figures.plan import PlanRow, plan_rows, sources_read_at, unplanned
from graph.figures.scope import Scope


@described
class PlannedKpi:
    """A KPI of the measurement plan, `[[kpi]]` of rules.toml, held against what there is."""

    key: str = entry("Its key, as the plan writes it.")
    definition: KpiDefinition | None = entry("What it means; null where there is no KPI of that key.")
    owner: str | None = entry("The person who answers for it.")
    sources: list[str] = entry("The sources that it is to rest on.")
    target: float | None = entry("What it is to be.")
    cadence: str = entry("How often it is looked at: daily, weekly, monthly or quarterly.")
    current: KpiValue | None = entry("Its figure of the period.")
    coverage: float | None = entry("The share of those it is about of whom the data tell, 0 to 1.")
    status: KpiStatus | None = entry("How it stands to its target.")
    is_stale: bool = entry("Whether a source of it was not read for longer than its cadence.")
    stale_sources: list[str] = entry("Which.")
    missing: list[str] = entry("What is missing, in sentences.")


@described
class MeasurementPlan:
    """The plan as a whole."""

    rows: list[PlannedKpi] = entry("Its KPIs, in the order of rules.toml.")
    unplanned: list[str] = entry("Keys of KPIs that could be told, but stand in nobody's plan.")
    computed_at: datetime = entry("As of when the journeys are.")


async def work_plan(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `measurementPlan`."""
    scope = await scope_of(bench, arguments)
    read_at = await sources_read_at(bench.store)
    found, others = await asyncio.to_thread(lambda: (plan_rows(scope, read_at), unplanned(scope)))
    return {
        "rows": [_row_data(row, scope) for row in found],
        "unplanned": others,
        "computed_at": datetime.fromtimestamp(scope.view.journeys.read_at / 1000, UTC),
    }


def _row_data(row: PlanRow, scope: Scope) -> dict[str, Any]:
    return {
        "key": row.plan.key,
        "definition": None if row.kpi is None else definition_data(row.kpi.definition),
        "owner": row.plan.owner,
        "sources": list(row.plan.source),
        "target": row.plan.target,
        "cadence": row.plan.cadence,
        "current": None if row.current is None else value_data(row.current, scope, scope.period),
        "coverage": None if row.current is None or row.current.value is None else row.current.coverage,
        "status": row.status,
        "is_stale": bool(row.stale),
        "stale_sources": list(row.stale),
        "missing": list(row.missing),
    }


PLAN_ARGUMENTS = [*SCOPE_ARGUMENTS]

"""The measurement plan held against what there is: each KPI's value, owner and sources, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph.figures.board import KPIS, UnknownKpi, kpi_of, status_of
from graph.figures.figure import Figure, Kpi
from graph.figures.plan_rules import KpiPlan
from graph.figures.scope import Scope

_DAY_MS = 86_400_000
CADENCE_DAYS = {"daily": 1, "weekly": 7, "monthly": 31, "quarterly": 92}
GRACE_DAYS = 1
"""A source that is read once a day is not stale in the hour before."""


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One KPI of the plan; `kpi` is None where there is none of that key."""

    plan: KpiPlan
    kpi: Kpi | None
    current: Figure | None
    status: str | None
    stale: Sequence[str]
    """The sources that were not read for longer than the cadence, or never."""
    missing: Sequence[str]
    """What is missing, in sentences."""


def plan_rows(scope: Scope, read_at: Mapping[str, int | None]) -> list[PlanRow]:
    """The plan of rules.toml; `read_at` says of each source when it was last read without an error (epoch ms)."""
    return [_row(scope, plan, read_at) for plan in scope.rules.kpi]


def unplanned(scope: Scope) -> list[str]:
    """Keys of KPIs that can be told but stand in nobody's plan."""
    planned = {plan.key for plan in scope.rules.kpi}
    return [key for key, kpi in KPIS.items() if key not in planned and kpi.figure(scope).value is not None]


def _row(scope: Scope, plan: KpiPlan, read_at: Mapping[str, int | None]) -> PlanRow:
    missing = [] if plan.owner else ["Nobody answers for it: name an owner."]
    missing += [] if plan.target is not None else ["It has no target."]
    missing += [] if plan.source else ["It is not said which sources it rests on."]
    missing += [f"There is no source '{source}'." for source in plan.source if source not in read_at]
    limit = scope.now_ms - (CADENCE_DAYS[plan.cadence] + GRACE_DAYS) * _DAY_MS
    stale = [source for source in plan.source if source in read_at and (read_at[source] or 0) < limit]
    missing += [f"Source '{source}' was not read for longer than its cadence ({plan.cadence})." for source in stale]
    try:
        kpi = kpi_of(plan.key)
    except UnknownKpi as error:
        return PlanRow(plan, None, None, None, stale, [str(error), *missing])
    current = kpi.figure(scope)
    if current.value is None:
        missing.append(f"There is no value: {current.note}")
    elif current.coverage < 1:
        missing.append(f"It covers {current.coverage:.0%} of what it is about.")
    return PlanRow(plan, kpi, current, status_of(kpi, current, plan.target), stale, missing)

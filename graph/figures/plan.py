"""The measurement plan held against what there is: each KPI's value, owner and sources, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from graph.cypher import cypher
from graph.figures.board import KPIS, UnknownKpi, kpi_of, status_of
from graph.figures.figure import Figure, Kpi, Unavailable, none
from graph.figures.plan_rules import KpiPlan
from graph.figures.scope import Scope
from graph.store.driver import Store

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


async def sources_read_at(store: Store) -> dict[str, int | None]:
    """When each source was last read without an error, epoch milliseconds; None: never."""
    rows = await store.read(cypher("writes/sources_read_at"))
    return {str(name): None if at is None else int(at) for name, at in rows}


def stale_sources(plan: KpiPlan, until_ms: int, read_at: Mapping[str, int | None]) -> list[str]:
    """The plan's sources that were last read longer than its cadence (and a day) before that moment, or never.

    A source that there is not is none of them: the measurement plan says so.
    """
    limit = until_ms - (CADENCE_DAYS[plan.cadence] + GRACE_DAYS) * _DAY_MS
    return [source for source in plan.source if source in read_at and (read_at[source] or 0) < limit]


def unless_stale(figure: Figure, plan: KpiPlan | None, scope: Scope, read_at: Mapping[str, int | None]) -> Figure:
    """The figure of the scope's period, or none where a source was last read too long before its end, or before now.

    What was over when its sources were read holds, however long ago that was.
    """
    stale = [] if plan is None else stale_sources(plan, min(scope.period.end_ms, scope.now_ms), read_at)
    if plan is None or not stale:
        return figure
    named = " and ".join(f"'{source}' ({_day(read_at[source])})" for source in stale)
    note = f"Not read for longer than the plan's cadence ({plan.cadence}): {named}. Read it with `c360 sync`."
    return none(Unavailable.SOURCE_STALE, note)


def _day(moment_ms: int | None) -> str:
    return "never" if moment_ms is None else f"last {datetime.fromtimestamp(moment_ms / 1000, UTC):%Y-%m-%d}"


def unplanned(scope: Scope) -> list[str]:
    """Keys of KPIs that can be told but stand in nobody's plan."""
    planned = {plan.key for plan in scope.rules.kpi}
    return [key for key, kpi in KPIS.items() if key not in planned and kpi.figure(scope).value is not None]


def _row(scope: Scope, plan: KpiPlan, read_at: Mapping[str, int | None]) -> PlanRow:
    missing = [] if plan.owner else ["Nobody answers for it: name an owner."]
    missing += [] if plan.target is not None else ["It has no target."]
    missing += [] if plan.source else ["It is not said which sources it rests on."]
    missing += [f"There is no source '{source}'." for source in plan.source if source not in read_at]
    stale = stale_sources(plan, scope.now_ms, read_at)
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

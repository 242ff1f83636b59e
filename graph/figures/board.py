"""The board: every KPI there is, and what the company's measurement plan says of it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from enum import StrEnum

from graph.figures import (
    activity,
    churn,
    cost,
    effort,
    lifetime,
    loop,
    loyalty,
    onboarding,
    recurring_revenue,
    resolution,
    response,
    retention,
    sales,
    voice,
)
from graph.figures.figure import Figure, Kpi, Unavailable
from graph.figures.groups import Dimension, Group, groups
from graph.figures.plan_rules import KpiPlan
from graph.figures.scope import Scope
from graph.journeys.period import Granularity, Period
from graph.rules import Rules

KPIS: Mapping[str, Kpi] = {
    each.key: each
    for each in (
        *voice.KPIS,
        *response.KPIS,
        *loop.KPIS,
        *effort.KPIS,
        *resolution.KPIS,
        *churn.KPIS,
        *recurring_revenue.KPIS,
        *retention.KPIS,
        *activity.KPIS,
        *loyalty.KPIS,
        *onboarding.KPIS,
        *lifetime.KPIS,
        *sales.KPIS,
        *cost.KPIS,
    )
}
"""By key, in the order of the board."""
MOST_POINTS = 400
"""The longest series: a year of days."""


class Status(StrEnum):
    """How a figure stands to its target."""

    ON_TARGET = "ON_TARGET"
    OFF_TARGET = "OFF_TARGET"
    NO_TARGET = "NO_TARGET"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    SOURCE_STALE = "SOURCE_STALE"


class UnknownKpi(LookupError):
    """There is no such KPI; the message names the nearest."""


def kpi_of(key: str) -> Kpi:
    """The KPI of this key; raises UnknownKpi."""
    if key in KPIS:
        return KPIS[key]
    raise UnknownKpi(_unknown(key))


def _unknown(key: str) -> str:
    near = " or ".join(f"'{each}'" for each in _nearest(key))
    meant = f" Did you mean {near}?" if near else ""
    return f"There is no KPI '{key[:80]}'.{meant} `kpiDefinitions` lists them all."


def _nearest(key: str) -> list[str]:
    """The keys that an unknown one may mean: those that begin with it, else the one that is written most alike."""
    return [each for each in KPIS if key and each.startswith(key)][:3] or difflib.get_close_matches(key, KPIS, n=1)


def misnamed(rules: Rules) -> list[str]:
    """Each KPI that rules.toml names and that there is not: where, and which one may be meant."""
    named = [
        *((f"[[kpi]] {plan.key}", (plan.key,)) for plan in rules.kpi),
        *((f"[[report]] {report.title}", report.kpis) for report in rules.report),
        *((f"[[promise]] {promise.name}", (promise.kpi,)) for promise in rules.promise),
        *((f"[[initiative]] {one.name}", () if one.kpi is None else (one.kpi,)) for one in rules.initiative),
        *((f"[[segment]] {one.name}", () if one.kpi is None else (one.kpi,)) for one in rules.segment),
    ]
    return [f"{where}: {_unknown(key)}" for where, keys in named for key in dict.fromkeys(keys) if key not in KPIS]


def plan_of(key: str, rules: Rules) -> KpiPlan | None:
    """What the measurement plan (`[[kpi]]` of rules.toml) says of a KPI; None where it says nothing."""
    return next((plan for plan in rules.kpi if plan.key == key), None)


def status_of(kpi: Kpi, current: Figure, target: float | None) -> Status:
    """On target: at least (or where less is better at most) the target; the interval is not asked."""
    if current.unavailable is Unavailable.SOURCE_STALE:
        return Status.SOURCE_STALE
    if target is None:
        return Status.NO_TARGET
    if current.value is None:
        return Status.INSUFFICIENT_DATA
    reached = current.value >= target if kpi.definition.higher_is_better else current.value <= target
    return Status.ON_TARGET if reached else Status.OFF_TARGET


def series_of(kpi: Kpi, scope: Scope, granularity: Granularity) -> Iterator[tuple[Period, Figure]]:
    """The KPI of each day, week … of the period; raises ValueError when there are too many."""
    parts = scope.period.cut(granularity, scope.rules.calendar)
    if len(parts) > MOST_POINTS:
        raise ValueError(f"{len(parts)} points are more than {MOST_POINTS}: take a coarser granularity.")
    for part in parts:
        yield part, kpi.figure(scope.at(part))


def breakdown_of(kpi: Kpi, scope: Scope, dimension: Dimension, most: int) -> Iterator[tuple[Group, Figure]]:
    """The KPI of each group, at most so many groups, the largest first; groups that it says nothing of are left out."""
    told = 0
    for group in groups(scope, dimension):
        figure = kpi.figure(group.scope)
        if figure.value is None and figure.sample_size == 0:
            continue
        yield group, figure
        told += 1
        if told == most:
            return

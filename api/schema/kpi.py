"""KPIs: every figure with what it rests on, its interval, its definition, and what the measurement plan wants."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, reckoned
from api.plan.filters import plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.annotation import KpiAnnotation, annotations_of
from api.schema.figure_enums import Granularity, KpiDimension, KpiStatus, KpiUnavailableReason, KpiUnit
from api.schema.scope import SCOPE_ARGUMENTS, Period, PeriodInput, asked_period, period_data, scope_of
from graph.figures import figure as figures
from graph.figures.board import KPIS, UnknownKpi, breakdown_of, kpi_of, plan_of, series_of, status_of
from graph.figures.figure import Definition, Figure
from graph.figures.groups import Dimension
from graph.figures.linked import CAVEAT, NotLinkable, linked
from graph.figures.plan import sources_read_at, unless_stale
from graph.figures.plan_rules import KpiPlan
from graph.figures.scope import Scope
from graph.initiatives.recorded import Initiative, initiatives
from graph.journeys import period

MOST_GROUPS = 100


@described
class ConfidenceInterval:
    """Where the true value lies with that confidence, if the sample was drawn at random."""

    lower: float | None = entry("Its lower end; null where the sample is too small to say.")
    upper: float | None = entry("Its upper end; null where the sample is too small to say.")
    level: float = entry("The confidence, e.g. 0.95.")
    method: str = entry("How it is worked out.")


@described
class KpiValue:
    """A figure of one period."""

    value: float | None = entry("The value in the KPI's unit; null where it cannot be given.")
    unavailable_reason: KpiUnavailableReason | None = entry("Why there is no value.")
    note: str | None = entry("The same in words, or what else has to be known about the value.")
    sample_size: int = entry("How many customers, answers, tickets … it rests on.")
    confidence_interval: ConfidenceInterval | None = entry("Its interval, where one exists.")
    currency_code: str | None = entry("Of an amount: its currency, ISO 4217.")
    coverage: float = entry("The share of those it is about of whom the data tell, 0 to 1.")
    period: Period = entry("The period it is of.")
    is_complete: bool = entry("Whether the period is over, so that nothing can be added.")
    computed_at: datetime = entry("As of when the journeys are that it was worked out from.")


@described
class KpiDefinition:
    """What a figure means, so that two people mean the same."""

    key: str = entry("Its key.")
    name: str = entry("What people call it.")
    unit: KpiUnit = entry("What a value counts.")
    higher_is_better: bool = entry("Whether more is better.")
    summary: str = entry("What it tells.")
    numerator: str = entry("What is counted or added up.")
    denominator: str = entry("What it is a share of.")
    source: str = entry("Whose definition it is.")
    source_url: str | None = entry("Where to read it.")
    version: str = entry("Changes whenever the same data would give another value.")


@described
class KpiBreakdownRow:
    """The figure of one group."""

    key: str = entry("The group.")
    label: str = entry("What people call it.")
    value: KpiValue = entry("The figure.")


@described
class KpiAssociation:
    """A figure of customers who scored high, beside that of customers who scored low."""

    definition: KpiDefinition = entry("The figure that is told of each group.")
    caveat: str = entry("What must not be concluded from it.")
    groups: list[KpiBreakdownRow] = entry("The groups, those with the best scores first.")
    difference: float | None = entry("The first group's value less the last one's, where both have an interval.")
    difference_interval: ConfidenceInterval | None = entry("The interval of the difference.")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the fields of one KPI are reckoned from."""

    kpi: figures.Kpi
    scope: Scope
    plan: KpiPlan | None
    read_at: Mapping[str, int | None]
    """When each source was last read; only where the plan names sources."""

    def figure(self, scope: Scope) -> Figure:
        """The KPI of this scope, unless its sources are stale."""
        return self.told(self.kpi.figure(scope), scope)

    def told(self, figure: Figure, scope: Scope) -> Figure:
        """A figure of this scope, unless its sources are stale."""
        return unless_stale(figure, self.plan, scope, self.read_at)

    def value(self, figure: Figure, of: period.Period) -> dict[str, Any]:
        return value_data(figure, self.scope, of)


def _current(item: Mapping[str, Any], _: Arguments) -> dict[str, Any]:
    asked: _Asked = item["asked"]
    return asked.value(asked.figure(asked.scope), asked.scope.period)


def _previous(item: Mapping[str, Any], _: Arguments) -> dict[str, Any]:
    asked: _Asked = item["asked"]
    before = asked.scope.period.before
    return asked.value(asked.figure(asked.scope.at(before)), before)


def _status(item: Mapping[str, Any], _: Arguments) -> str:
    asked: _Asked = item["asked"]
    return status_of(asked.kpi, asked.figure(asked.scope), item["target"])


def _series(item: Mapping[str, Any], arguments: Arguments) -> list[dict[str, Any]]:
    asked: _Asked = item["asked"]
    granularity = period.Granularity(plain(arguments["granularity"]))
    try:
        found = series_of(asked.kpi, asked.scope, granularity)
        return [asked.value(asked.told(figure, asked.scope.at(of)), of) for of, figure in found]
    except ValueError as error:
        raise bad_input(str(error)) from None


def _breakdown(item: Mapping[str, Any], arguments: Arguments) -> list[dict[str, Any]]:
    asked: _Asked = item["asked"]
    found = breakdown_of(asked.kpi, asked.scope, Dimension(plain(arguments["by"])), asked_most(arguments))
    return [
        {
            "key": group.key,
            "label": group.label,
            "value": asked.value(asked.told(figure, asked.scope), asked.scope.period),
        }
        for group, figure in found
    ]


def asked_most(arguments: Arguments) -> int:
    """The `first` of a list that is cut there; raises a GraphQL error unless it is 1 to 100."""
    most: int = arguments["first"]
    if not 1 <= most <= MOST_GROUPS:
        raise bad_input(f"`first` must be between 1 and {MOST_GROUPS}; it is {most}.")
    return most


def _linked(item: Mapping[str, Any], arguments: Arguments) -> dict[str, Any]:
    asked: _Asked = item["asked"]
    outcome = known_kpi(arguments["kpi"])
    given = arguments.get("period")
    then = asked.scope.period
    if given is not None:
        then = asked_period(given, asked.scope.rules.calendar.reporting_timezone)
    try:
        found = linked(asked.scope, asked.kpi.key, outcome, then)
    except NotLinkable as error:
        raise bad_input(str(error)) from None
    apart = found.difference
    interval = None
    if apart is not None:
        interval = {"lower": apart.low, "upper": apart.high, "level": apart.level, "method": apart.method}
    return {
        "definition": definition_data(outcome.definition),
        "caveat": CAVEAT,
        "groups": [
            {"key": group.key, "label": group.label, "value": asked.value(figure, then)}
            for group, figure in found.groups
        ],
        "difference": None if apart is None else apart.value,
        "difference_interval": interval,
    }


@described
class Kpi:
    """A figure that everybody shares."""

    key: str = entry("Its key.")
    definition: KpiDefinition = entry("What it means.")
    current: KpiValue = reckoned("The figure of the period.", _current)
    previous: KpiValue = reckoned("The figure of the period of the same length before.", _previous)
    target: float | None = entry("What the measurement plan wants it to be.")
    owner: str | None = entry("The person who answers for it.")
    status: KpiStatus = reckoned("How it stands to its target.", _status)
    series: list[KpiValue] = reckoned(
        "The figure of each day, week … of the period.",
        _series,
        [Argument("granularity", Granularity, "How the period is cut.")],
    )
    breakdown: list[KpiBreakdownRow] = reckoned(
        "The figure of each group, the largest groups first.",
        _breakdown,
        [
            Argument("by", KpiDimension, "What the groups are."),
            Argument("first", int, "At most so many groups, 1 to 100.", 20),
        ],
    )
    annotations: list[KpiAnnotation] = entry("The initiatives of the period, to be drawn on the series.")
    linked_to: KpiAssociation = reckoned(
        "Another figure of the customers who scored high and of those who scored low in this one: promoters, passives "
        "and detractors; satisfied or not; resolved at first contact or not.",
        _linked,
        [
            Argument("kpi", str, "The key of the other figure, e.g. `churn`, `clv`, `next_order`."),
            Argument("period", PeriodInput | None, "The period of the other figure, e.g. the months after; the same."),
        ],
    )


async def work_kpi(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `kpi` field."""
    found = known_kpi(arguments["key"])
    known = await initiatives(bench.store, bench.rules)
    read_at = await _read_at(bench, [found])
    return _kpi_data(found, await scope_of(bench, arguments), bench, known, read_at)


async def work_kpis(bench: Bench, arguments: Arguments) -> Any:
    """The answer of a `kpis` field."""
    keys = arguments.get("keys")
    wanted = list(KPIS.values()) if keys is None else [known_kpi(key) for key in dict.fromkeys(keys)]
    owner = arguments.get("owner")
    if owner is not None:
        wanted = [each for each in wanted if (plan := plan_of(each.key, bench.rules)) and plan.owner == owner]
    scope, known = await scope_of(bench, arguments), await initiatives(bench.store, bench.rules)
    read_at = await _read_at(bench, wanted)
    return await asyncio.to_thread(lambda: [_kpi_data(each, scope, bench, known, read_at) for each in wanted])


async def _read_at(bench: Bench, wanted: Sequence[figures.Kpi]) -> Mapping[str, int | None]:
    """When each source was last read without an error; not asked for where no plan of these names one."""
    plans = [plan_of(each.key, bench.rules) for each in wanted]
    return await sources_read_at(bench.store) if any(plan and plan.source for plan in plans) else {}


async def work_definitions(_: Bench, __: Arguments) -> Any:
    """The answer of `kpiDefinitions`."""
    return [definition_data(each.definition) for each in KPIS.values()]


def value_data(figure: Figure, scope: Scope, of: period.Period) -> dict[str, Any]:
    """A `KpiValue` as its fields read it."""
    interval = None
    if figure.method is not None and (figure.low is not None or figure.high is not None):
        interval = {"lower": figure.low, "upper": figure.high, "level": figure.level, "method": figure.method}
    return {
        "value": figure.value,
        "unavailable_reason": figure.unavailable,
        "note": figure.note,
        "sample_size": figure.sample_size,
        "confidence_interval": interval,
        "currency_code": figure.currency,
        "coverage": figure.coverage,
        "period": period_data(of),
        "is_complete": of.is_over(scope.now_ms),
        "computed_at": datetime.fromtimestamp(scope.view.journeys.read_at / 1000, UTC),
    }


def value_or_null(figure: Figure | None, scope: Scope) -> dict[str, Any] | None:
    """A `KpiValue` of the scope's period as its fields read it; None where there is no figure."""
    return None if figure is None else value_data(figure, scope, scope.period)


def known_kpi(key: str) -> figures.Kpi:
    """The KPI of a key; raises a GraphQL error where there is none."""
    try:
        return kpi_of(key)
    except UnknownKpi as unknown:
        raise bad_input(str(unknown)) from None


def _kpi_data(
    kpi: figures.Kpi, scope: Scope, bench: Bench, known: Sequence[Initiative], read_at: Mapping[str, int | None]
) -> dict[str, Any]:
    plan = plan_of(kpi.key, bench.rules)
    return {
        "key": kpi.key,
        "definition": definition_data(kpi.definition),
        "target": None if plan is None else plan.target,
        "owner": None if plan is None else plan.owner,
        "annotations": annotations_of(kpi.key, scope.period, known),
        "asked": _Asked(kpi, scope, plan, read_at),
    }


def definition_data(definition: Definition) -> dict[str, Any]:
    """A `KpiDefinition` as its fields read it."""
    return {name: getattr(definition, name) for name in Definition.__slots__}


KPI_ARGUMENTS = [Argument("key", str, "Its key; `kpiDefinitions` lists them."), *SCOPE_ARGUMENTS]
KPIS_ARGUMENTS = [
    Argument("keys", list[str] | None, "Only these; all unless said."),
    Argument("owner", str | None, "Only those that this person answers for."),
    *SCOPE_ARGUMENTS,
]

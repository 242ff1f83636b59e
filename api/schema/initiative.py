"""Initiatives: what functions do for customers, since when, and what their KPIs did before and after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, reckoned
from api.plan.filters import described_input, option, plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import BusinessFunction
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import SCOPE_ARGUMENTS, scope_of
from api.schema.user_error import UserError, user_error
from graph.figures.board import UnknownKpi
from graph.figures.figure import Figure
from graph.figures.scope import Scope
from graph.initiatives.effect import effect
from graph.initiatives.recorded import Initiative as Known
from graph.initiatives.recorded import initiatives, record_initiative
from graph.initiatives.rules import InitiativeRule
from graph.journeys.period import Period
from graph.segments.segments import UnknownSegment
from graph.sync.asking import Ask, Refused


@described
class InitiativeEffect:
    """What an initiative's KPI did: as many days before its start as after it, in the KPI's unit."""

    kpi: str = entry("The KPI.")
    before: KpiValue = entry("Before the start, of those it touches.")
    after: KpiValue = entry("From the start on, of those it touches.")
    change: KpiValue = entry("After less before.")
    comparison_before: KpiValue | None = entry("Before the start, of the comparison.")
    comparison_after: KpiValue | None = entry("From the start on, of the comparison.")
    difference_in_differences: KpiValue | None = entry("The change less that of the comparison.")
    placebo: KpiValue | None = entry(
        "The same of the two windows before the start: if it is not about 0, both did not move alike anyway."
    )
    is_as_expected: bool | None = entry("Whether the KPI is as expected; null where nothing is, or it is not known.")
    is_complete: bool = entry("Whether the days after the start are over.")
    caveat: str = entry("What the figures can tell, and what not.")


def _effect(item: Mapping[str, Any], _: Arguments) -> dict[str, Any] | None:
    scope: Scope = item["scope"]
    try:
        found = effect(item["rule"], scope)
    except (UnknownKpi, UnknownSegment) as unknown:
        raise bad_input(f"The initiative names what is not there. {unknown}") from None
    if found is None:
        return None
    start, window = item["rule"].start, timedelta(days=item["rule"].window_days)
    earlier = Period(start - window, start, scope.period.zone)

    def value(figure: Figure | None, of: Period = found.after_period) -> dict[str, Any] | None:
        return None if figure is None else value_data(figure, scope, of)

    return {
        "kpi": found.kpi.key,
        "before": value(found.before, earlier),
        "after": value(found.after),
        "change": value(found.change),
        "comparison_before": value(found.comparison_before, earlier),
        "comparison_after": value(found.comparison_after),
        "difference_in_differences": value(found.in_differences),
        "placebo": value(found.placebo, earlier),
        "is_as_expected": found.is_as_expected,
        "is_complete": found.after_period.is_over(scope.now_ms),
        "caveat": found.caveat,
    }


@described
class Initiative:
    """What a function of the company does for its customers."""

    name: str = entry("Its name.")
    title: str = entry("What people call it.")
    function: BusinessFunction = entry("The function that does it.")
    owner: str = entry("The person who answers for it.")
    start: date = entry("Its first day.")
    end: date | None = entry("The day after its last; null while it goes on.")
    hypothesis: str | None = entry("Why it should help.")
    kpi: str | None = entry("The KPI that it is expected to move.")
    expected: float | None = entry("What that KPI shall be then.")
    segment: str | None = entry("Whom it touches; everybody when null.")
    comparison: str | None = entry("A segment that it does not touch.")
    window_days: int = entry("So many days before its start are held against as many after it.")
    recorded_by: str | None = entry("Who recorded it; null where rules.toml says it.")
    effect: InitiativeEffect | None = reckoned("What its KPI did before and after; null where it names none.", _effect)


@described_input
class RecordInitiativeInput:
    """An initiative to keep."""

    name: str = strawberry.field(description="Its name; there is one of each.")
    title: str = strawberry.field(description="What people call it.")
    function: BusinessFunction = strawberry.field(description="The function that does it.")
    owner: str = strawberry.field(description="The person who answers for it; no department.")
    start: date = strawberry.field(description="Its first day.")
    end: date | None = option("The day after its last; it goes on, unless said.")
    hypothesis: str | None = option("Why it should help.")
    kpi: str | None = option("The KPI that it is expected to move.")
    expected: float | None = option("What that KPI shall be then.")
    segment: str | None = option("The segment it touches; everybody, unless said.")
    comparison: str | None = option("A segment that it does not touch, and that would have moved alike without it.")
    window_days: int = strawberry.field(
        description="So many days before its start are held against as many after it.", default=90
    )
    idempotency_key: str | None = option(
        "A text of your choice: a request that is sent again with it changes nothing; another with it is refused."
    )
    dry_run: bool = strawberry.field(description="Only tell what would be kept.", default=False)


@described
class RecordInitiativePayload:
    """What came of it. With `userErrors` nothing was kept."""

    initiative: Initiative | None = entry("The initiative.")
    user_errors: list[UserError] = entry("Why nothing was kept; empty when all is well.")


async def work_initiatives(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `initiatives`."""
    scope = await _scope(bench, arguments)
    return [_initiative_data(known, scope) for known in await initiatives(bench.store, bench.rules)]


async def work_record_initiative(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of `recordInitiative`."""
    given = arguments["input"]
    names = ("name", "title", "owner", "start", "end", "hypothesis", "kpi", "expected", "segment", "comparison")
    rule = InitiativeRule(
        function=str(plain(given["function"])),
        window_days=given["windowDays"],
        **{name: given.get(name) for name in names},
    )
    ask = Ask(by=bench.viewer, idempotency_key=given.get("idempotencyKey"), dry_run=given["dryRun"])
    try:
        kept = await record_initiative(bench.store, bench.rules, rule, ask)
    except Refused as refused:
        return {"user_errors": [user_error(refused)]}
    return {"initiative": _initiative_data(kept, await _scope(bench, {})), "user_errors": []}


async def _scope(bench: Bench, arguments: Arguments) -> Scope:
    """The scope of the arguments; initiatives have periods of their own."""
    today = bench.now().astimezone(UTC).date()
    return await scope_of(bench, {**arguments, "period": {"from": today, "to": today + timedelta(days=1)}})


def _initiative_data(known: Known, scope: Scope) -> dict[str, Any]:
    rule = known.rule
    return {
        **{name: getattr(rule, name) for name in InitiativeRule.__struct_fields__},
        "recorded_by": known.recorded_by,
        "rule": rule,
        "scope": scope,
    }


INITIATIVES_ARGUMENTS = [argument for argument in SCOPE_ARGUMENTS if argument.name != "period"]
RECORD_INITIATIVE_ARGUMENTS = [Argument("input", RecordInitiativeInput, "The initiative.")]

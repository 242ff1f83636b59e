"""The lifecycle: its stages in a period, what the CRM says beside the facts, and baselines to measure against."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, from_milliseconds, lookup
from api.plan.filters import described_input, option
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import ActivityStatus
from api.schema.figure_enums import UnitOfAnalysis
from api.schema.kpi import KpiValue, value_data
from api.schema.lazy import LazyAccount, LazyCustomer
from api.schema.scope import SCOPE_ARGUMENTS, PeriodInput, scope_of
from api.schema.user_error import UserError, user_error
from graph.customer import reading
from graph.figures.board import KPIS
from graph.figures.figure import LEAST_SAMPLE
from graph.figures.scope import Scope
from graph.journeys.view import Unit
from graph.lifecycle.activity import status_counts
from graph.lifecycle.baseline import FIGURES, Baseline, KeptFigure, baselines, record_baseline
from graph.lifecycle.passage import StagePassage, passages, weakest
from graph.lifecycle.said import Disagreement, said_and_shown
from graph.reading import Column
from graph.rules import Rules
from graph.sync.asking import Ask, Refused


@described
class LifecycleStage:
    """One stage of the lifecycle in the period. Counts are of customers, or of accounts where those are asked for."""

    stage: str = entry("The stage, as rules.toml names it.")
    said_as: list[str] = entry("The words by which a CRM means it: the crosswalk.")
    customer_count: int = entry("Who is in it at the end of the period, or now when that is earlier.")
    entered_count: int = entry("Who came into it.")
    left_count: int = entry("Who left it.")
    fell_back_count: int = entry("Who left it for an earlier stage.")
    dwell_days: KpiValue = entry("Median days in it, of the curve: those who are still there count with theirs so far.")
    conversion: KpiValue = entry("Of those who came in the period, the share (%) that has got further so far.")
    lost_count: int = entry("Who fell back from it, or stands in it without activity for `dormant_after_days`.")
    lost_share: KpiValue = entry("Of those who were in it in the period, the share (%) that was lost.")
    lost_share_before: float | None = entry("The same share in the baseline.")
    value: KpiValue = entry("What those who were ever in it have spent, on average: what is lost with each.")
    touches: KpiValue = entry("Interactions of the period while in it, of each who was in it.")
    cost: KpiValue = entry("What these cost, by `[cost_per]` of rules.toml and what interactions say.")
    stake: float | None = entry("Lost × value; against a baseline those beyond the share that was lost then.")


@described
class ActivityCount:
    """How many customers (or accounts) have an activity status."""

    status: ActivityStatus = entry("The status.")
    customer_count: int = entry("How many have it.")


@described
class StageSaid:
    """Customers (or accounts) of whom the CRM says one stage, and the facts this one."""

    said: str | None = entry(
        "What the CRM says, today, of an account the furthest of what it says of its people; null where it says "
        "nothing that we know."
    )
    shown: str | None = entry("What the facts show.")
    agrees: bool = entry("Whether both are the same.")
    customer_count: int | None = entry("How many they are; null when they are fewer than five.")
    examples: list[LazyCustomer] = lookup(
        reading.CUSTOMERS_BY_ID,
        "example_keys",
        "A few of them, where both are not the same; none where accounts are counted.",
        key=Column("id", "item", nullable=False),
        many=True,
    )
    example_accounts: list[LazyAccount] = lookup(
        reading.ACCOUNTS_BY_ID,
        "example_account_keys",
        "The same where accounts are counted.",
        key=Column("id", "item", nullable=False),
        many=True,
    )


@described
class BaselineFigure:
    """A figure of a baseline, as it was known when it was recorded."""

    part: str = entry("What is measured: acquisition, activation, retention or reactivation.")
    key: str = entry("The KPI.")
    value: float | None = entry("Its value in the KPI's unit.")
    sample_size: int = entry("How many it rests on.")
    lower: float | None = entry("The lower end of its interval.")
    upper: float | None = entry("The upper end of its interval.")
    unavailable_reason: str | None = entry("Why there is no value.")


@described
class LifecycleBaseline:
    """The lifecycle of a period, kept as it was known then."""

    name: str = entry("Its name.")
    from_: date = entry("The first day of its period.", "from", called="from")
    to: date = entry("The day after the last.")
    unit: UnitOfAnalysis = entry("Who is counted.")
    recorded_by: str = entry("Who recorded it.")
    as_of: datetime = entry("As of when the figures are.")
    figures: list[BaselineFigure] = entry("Acquisition, activation, retention and reactivation.")


@described
class BaselineComparison:
    """A figure of the period beside that of a baseline."""

    before: BaselineFigure = entry("As it was.")
    now: KpiValue = entry("As it is in the period.")
    difference: float | None = entry("Now less before; what changed beside time is not known from it.")


@described
class Lifecycle:
    """The lifecycle in a period, of all who are looked at.

    An account is at the furthest stage at which any of its people is at that moment: it moves on with the first of them
    who gets further, and falls back when the last of them has left that stage.
    """

    stages: list[LifecycleStage] = entry("The stages in the order of rules.toml.")
    weakest_stage: str | None = entry("Where most is lost: lost customers × their value; null where it is not known.")
    activity: list[ActivityCount] = entry("The activity status at the end of the period, which is something else.")
    said: list[StageSaid] = entry("What the CRM says beside what the facts show, the largest groups first.")
    baseline: LifecycleBaseline | None = entry("The baseline it is held against.")
    comparisons: list[BaselineComparison] = entry("The figures of the period beside those of the baseline.")


@described_input
class RecordLifecycleBaselineInput:
    """A baseline to keep."""

    name: str = strawberry.field(description="Its name; there is one of each.")
    period: PeriodInput = strawberry.field(description="The period that it is of.")
    unit: UnitOfAnalysis = strawberry.field(description="Who is counted.", default=UnitOfAnalysis.CUSTOMER)
    as_of: datetime | None = option("As of that moment; now unless said.")
    idempotency_key: str | None = option(
        "A text of your choice: a request that is sent again with it changes nothing; another with it is refused."
    )
    dry_run: bool = strawberry.field(description="Only tell what would be kept.", default=False)


@described
class RecordLifecycleBaselinePayload:
    """What came of it. With `userErrors` nothing was kept."""

    baseline: LifecycleBaseline | None = entry("The baseline.")
    user_errors: list[UserError] = entry("Why nothing was kept; empty when all is well.")


async def work_lifecycle(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of `lifecycle`."""
    scope = await scope_of(bench, arguments)
    name = arguments.get("baseline")
    baseline = None
    if name is not None:
        known = await baselines(bench.store)
        baseline = next((each for each in known if each.name == name), None)
        if baseline is None:
            listed = ", ".join(repr(each.name) for each in known) or "none yet; see recordLifecycleBaseline"
            raise bad_input(f"There is no baseline {name[:80]!r}. Known: {listed}.")
        if baseline.unit is not scope.view.unit_of:
            raise bad_input(f"Baseline {name[:80]!r} counts by {baseline.unit.value}: ask with this `unit`.")
    return await asyncio.to_thread(_lifecycle_data, scope, baseline)


async def work_baselines(bench: Bench, _: Arguments) -> Any:
    """The answer of `lifecycleBaselines`."""
    return [_baseline_data(baseline) for baseline in await baselines(bench.store)]


async def work_record_baseline(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of `recordLifecycleBaseline`."""
    given = arguments["input"]
    scope = await scope_of(bench, given)
    ask = Ask(by=bench.viewer, idempotency_key=given.get("idempotencyKey"), dry_run=given["dryRun"])
    try:
        baseline = await record_baseline(bench.store, given["name"], scope, ask)
    except Refused as refused:
        return {"user_errors": [user_error(refused)]}
    return {"baseline": _baseline_data(baseline), "user_errors": []}


def _lifecycle_data(scope: Scope, baseline: Baseline | None) -> dict[str, Any]:
    lost_before = None if baseline is None else baseline.lost_shares
    stages = passages(scope, lost_before)
    spot = weakest(stages)
    said = [_said_data(each, scope) for each in said_and_shown(scope)]
    return {
        "stages": [_stage_data(each, scope, lost_before or {}) for each in stages],
        "weakest_stage": None if spot is None else spot.stage,
        "activity": [{"status": status, "customer_count": n} for status, n in status_counts(scope).items()],
        "said": said,
        **{keys: [key for each in said for key in each[keys]] for keys in ("example_keys", "example_account_keys")},
        "baseline": None if baseline is None else _baseline_data(baseline),
        "comparisons": [] if baseline is None else _comparisons(baseline, scope),
    }


def _stage_data(one: StagePassage, scope: Scope, lost_before: Mapping[str, float]) -> dict[str, Any]:
    figures = {name: getattr(one, name) for name in ("conversion", "lost_share", "value", "touches", "cost")}
    return {
        "stage": one.stage,
        "said_as": list(_words(one.stage, scope.rules)),
        "customer_count": one.customers,
        "entered_count": one.entered,
        "left_count": one.left,
        "fell_back_count": one.fell_back,
        "dwell_days": value_data(one.dwell, scope, scope.period),
        "lost_count": one.lost,
        "lost_share_before": lost_before.get(one.stage),
        "stake": one.stake,
        **{name: value_data(figure, scope, scope.period) for name, figure in figures.items()},
    }


def _words(stage: str, rules: Rules) -> Sequence[str]:
    return next(rule.said for rule in rules.stage if rule.name == stage)


def _said_data(each: Disagreement, scope: Scope) -> dict[str, Any]:
    numbers = np.array([] if each.agrees else each.examples, np.int64)
    of_accounts, journeys = scope.view.unit_of is Unit.ACCOUNT, scope.view.journeys
    return {
        "said": each.said,
        "shown": each.shown,
        "agrees": each.agrees,
        "customer_count": each.customers if each.customers >= LEAST_SAMPLE else None,
        "example_keys": [] if of_accounts else journeys.customer_ids(numbers),
        "example_account_keys": journeys.account_ids(numbers) if of_accounts else [],
    }


def _baseline_data(baseline: Baseline) -> dict[str, Any]:
    return {
        "name": baseline.name,
        "from": baseline.first,
        "to": baseline.end,
        "unit": baseline.unit,
        "recorded_by": baseline.by,
        "as_of": from_milliseconds(baseline.at),
        "figures": [_kept_data(figure) for figure in baseline.figures],
    }


def _kept_data(figure: KeptFigure) -> dict[str, Any]:
    return {
        "part": next(part for part, key in FIGURES.items() if key == figure.key),
        "key": figure.key,
        "value": figure.value,
        "sample_size": figure.sample_size,
        "lower": figure.low,
        "upper": figure.high,
        "unavailable_reason": figure.unavailable,
    }


def _comparisons(baseline: Baseline, scope: Scope) -> list[dict[str, Any]]:
    found = []
    for kept in baseline.figures:
        if kept.key in KPIS:
            now = KPIS[kept.key].figure(scope)
            both = kept.value is not None and now.value is not None
            found.append(
                {
                    "before": _kept_data(kept),
                    "now": value_data(now, scope, scope.period),
                    "difference": (now.value or 0.0) - (kept.value or 0.0) if both else None,
                }
            )
    return found


LIFECYCLE_ARGUMENTS = [
    *SCOPE_ARGUMENTS,
    Argument("baseline", str | None, "The name of a baseline to hold it against; see `lifecycleBaselines`."),
]

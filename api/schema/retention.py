"""Retention by cohort, and growth accounting: who came, came back and stayed away, period by period."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry
from api.plan.filters import plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.figure_enums import Granularity
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import SCOPE_ARGUMENTS, Period, period_data, scope_of
from graph.figures.activity import growth_series
from graph.figures.figure import LEAST_SAMPLE
from graph.figures.retention import Cohort, retention_cohorts
from graph.figures.scope import Scope
from graph.journeys import period


@described
class CohortPeriod:
    """One of the periods since the first activity of a cohort."""

    number: int = entry("How many periods after the first one, which is 0.")
    returned_count: int | None = entry("How many came back; null of a cohort of fewer than five.")
    share: KpiValue = entry("The same as a share of the cohort, with its interval.")
    is_complete: bool = entry("Whether the period is over; more may still come back in one that is not.")


@described
class RetentionCohort:
    """Customers whose first activity lies in one period."""

    period: Period = entry("The period of their first activity.")
    size: int = entry("How many there are.")
    periods: list[CohortPeriod] = entry("That period and each later one that has begun.")


@described
class GrowthPeriod:
    """Growth accounting of one period against the one before; of fewer than five customers no count is told."""

    period: Period = entry("The period.")
    is_complete: bool = entry("Whether it is over.")
    active_count: int | None = entry("Active in the period: new, retained and resurrected.")
    new_count: int | None = entry("Active for the first time ever.")
    retained_count: int | None = entry("Active in the period before too.")
    resurrected_count: int | None = entry("Active earlier, but not in the period before.")
    dormant_count: int | None = entry("Active in the period before, not in this one.")
    quick_ratio: float | None = entry(
        "(new + resurrected) / dormant; null where fewer than five are in it or nobody was lost."
    )


async def work_cohorts(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `retentionCohorts`."""
    scope = await scope_of(bench, arguments)
    granularity = period.Granularity(plain(arguments["granularity"]))
    on_or_after = bool(arguments["onOrAfter"])
    try:
        found = await asyncio.to_thread(retention_cohorts, scope, granularity, on_or_after=on_or_after)
    except ValueError as error:
        raise bad_input(str(error)) from None
    return [_cohort_data(cohort, scope) for cohort in found]


async def work_growth(bench: Bench, arguments: Arguments) -> Any:
    """The answer of `lifecycleGrowth`."""
    scope = await scope_of(bench, arguments)
    granularity = period.Granularity(plain(arguments["granularity"]))
    parts = scope.period.cut(granularity, scope.rules.calendar)
    if len(parts) > MOST_PERIODS:
        raise bad_input(f"{len(parts)} periods are more than {MOST_PERIODS}: take a coarser granularity.")
    told = scope.view.size >= LEAST_SAMPLE
    found = await asyncio.to_thread(lambda: list(growth_series(scope, granularity)))
    return [
        {
            "period": period_data(each.period),
            "is_complete": each.period.is_over(scope.now_ms),
            "active_count": each.active if told else None,
            "new_count": each.new if told else None,
            "retained_count": each.retained if told else None,
            "resurrected_count": each.resurrected if told else None,
            "dormant_count": each.dormant if told else None,
            "quick_ratio": each.quick_ratio if each.active + each.dormant >= LEAST_SAMPLE else None,
        }
        for each in found
    ]


MOST_PERIODS = 120


def _cohort_data(cohort: Cohort, scope: Scope) -> Mapping[str, Any]:
    return {
        "period": period_data(cohort.period),
        "size": cohort.size,
        "periods": [
            {
                "number": each.number,
                "returned_count": each.returned if cohort.size >= LEAST_SAMPLE else None,
                "share": value_data(each.figure, scope, each.period),
                "is_complete": each.is_complete,
            }
            for each in cohort.periods
        ],
    }


_CUT = Argument("granularity", Granularity, "How the period is cut.", Granularity.MONTH)
COHORT_ARGUMENTS = [
    _CUT,
    Argument(
        "on_or_after",
        bool,
        "Count who came back in that period or later, instead of just in it.",
        False,
    ),
    *SCOPE_ARGUMENTS,
]
GROWTH_ARGUMENTS = [_CUT, *SCOPE_ARGUMENTS]

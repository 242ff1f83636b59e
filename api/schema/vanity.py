"""Vanity checks: does a local target improve while the customer's figure worsens?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry

from api.plan.fields import described, entry
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import value
from api.schema.figure_enums import KpiUnit
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import Period, period_data, scope_of
from graph.figures.scope import Scope
from graph.figures.vanity import Move, VanityCheck, vanity_checks

CAVEAT = "Association, not effect: that two figures move together does not say that one moves the other."
_SAYS = {
    "HARMS": "{local} improved, and {customer} worsened beyond chance: look whether the target harms the whole.",
    "MAY_HARM": "{local} improved, and {customer} worsened, though not beyond chance.",
    "FINE": "{local} does not improve at the expense of {customer}.",
    "UNKNOWN": "One of the two cannot be told for both periods.",
}


@strawberry.enum(description="What a local target and the customer's figure say together.")
class VanityVerdict(Enum):
    HARMS = value("HARMS", "The target improved, the customer's figure worsened beyond chance (95 %).")
    MAY_HARM = value("MAY_HARM", "The target improved, the customer's figure worsened, not beyond chance.")
    FINE = value("FINE", "The target did not improve at the customer's expense.")
    UNKNOWN = value("UNKNOWN", "A figure of one of the two periods is missing.")


@described
class KpiMove:
    """A KPI of the period beside that of the period before."""

    key: str = entry("Its key.")
    name: str = entry("What people call it.")
    unit: KpiUnit = entry("What a value counts.")
    current: KpiValue = entry("The figure of the period.")
    previous: KpiValue = entry("The figure of the period of the same length before.")
    change: float | None = entry("How far it moved, in its unit; a count by so many a day.")
    is_improved: bool | None = entry("Whether it moved to the better; null where that is not known.")


@described
class VanityCheckResult:
    """A local target beside the customer's figure."""

    verdict: VanityVerdict = entry("What the two say together.")
    sentence: str = entry("The same in words.")
    local_target: KpiMove = entry("What a function may be measured by.")
    customer_figure: KpiMove = entry("What its customers have of it.")


@described
class VanityChecks:
    """Local targets beside the customers' figures."""

    caveat: str = entry("What the figures say, and what they do not.")
    period: Period = entry("The period.")
    previous_period: Period = entry("The period of the same length before.")
    checks: list[VanityCheckResult] = entry("Those that harm first.")


async def work_vanity(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `vanityChecks` field."""
    scope = await scope_of(bench, arguments)
    found = await asyncio.to_thread(vanity_checks, scope)
    return {
        "caveat": CAVEAT,
        "period": period_data(scope.period),
        "previous_period": period_data(scope.period.before),
        "checks": [_check(scope, check) for check in found],
    }


def _check(scope: Scope, check: VanityCheck) -> dict[str, Any]:
    names = {"local": check.local.kpi.definition.name, "customer": check.customer.kpi.definition.name}
    return {
        "verdict": check.verdict,
        "sentence": _SAYS[check.verdict].format(**names),
        "local_target": _move(scope, check.local),
        "customer_figure": _move(scope, check.customer),
    }


def _move(scope: Scope, move: Move) -> dict[str, Any]:
    definition = move.kpi.definition
    return {
        "key": definition.key,
        "name": definition.name,
        "unit": definition.unit,
        "current": value_data(move.current, scope, scope.period),
        "previous": value_data(move.previous, scope, scope.period.before),
        "change": move.change,
        "is_improved": move.improved,
    }

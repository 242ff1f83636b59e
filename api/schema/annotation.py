"""What is drawn on the series of a KPI: the initiatives of its period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from api.plan.fields import described, entry
from api.schema.enums import BusinessFunction
from graph.initiatives.recorded import Initiative
from graph.journeys.period import Period


@described
class KpiAnnotation:
    """An initiative that was at work within the period."""

    name: str = entry("Its name.")
    title: str = entry("What people call it.")
    function: BusinessFunction = entry("The function that does it.")
    owner: str = entry("The person who answers for it.")
    start: date = entry("Its first day.")
    end: date | None = entry("The day after its last; null while it goes on.")
    is_expected: bool = entry("Whether it is expected to move this KPI.")


def annotations_of(key: str, of: Period, known: Sequence[Initiative]) -> list[dict[str, Any]]:
    """The initiatives of a period, those that are expected to move the KPI first, then in the order of their start."""
    found = [each.rule for each in known if each.rule.start < of.end and (each.rule.end or of.end) > of.first]
    return [
        {
            **{name: getattr(rule, name) for name in ("name", "title", "function", "owner", "start", "end")},
            "is_expected": rule.kpi == key,
        }
        for rule in sorted(found, key=lambda rule: (rule.kpi != key, rule.start, rule.name))
    ]

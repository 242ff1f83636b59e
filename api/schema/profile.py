"""What is measured of a group of customers."""

from __future__ import annotations

from typing import Any

from api.plan.fields import described, entry
from api.schema.kpi import KpiValue, value_data
from graph.figures.board import kpi_of
from graph.figures.scope import Scope
from graph.segments.profile import Share, profile_of, share_of_hoped_words
from graph.segments.rules import PersonaRule

PROFILE_KPIS = ("nps_relationship", "csat", "ces")


@described
class UsageShare:
    """How much a channel or a touchpoint is used by a group of customers, of their own accord."""

    key: str = entry("Which.")
    label: str = entry("What people call it.")
    customer_count: int = entry("How many of them used it; fewer than five are not told.")
    use_count: int = entry("How often.")
    share: float = entry("The share of all uses, 0 to 1.")


@described
class ProfileScore:
    """A score that a group of customers gave."""

    key: str = entry("The KPI.")
    value: KpiValue = entry("The figure.")


@described
class SegmentProfile:
    """What is measured of a group of customers; what they use and say is of the period."""

    customer_count: int = entry("How many they are.")
    median_age_years: KpiValue = entry("Their median age in years, of those whose day of birth is known.")
    median_tenure_days: KpiValue = entry("Half of them have been with the company for longer, in days.")
    channels: list[UsageShare] = entry("The channels they use, the most used first.")
    touchpoints: list[UsageShare] = entry("The touchpoints they use, the ten most used.")
    scores: list[ProfileScore] = entry("What they answered in surveys; metrics are never pooled.")
    hoped_words: KpiValue | None = entry("Of a persona: the share of comments with a word we hope for, in percent.")


def profile_data(scope: Scope, persona: PersonaRule | None) -> dict[str, Any]:
    """A `SegmentProfile` as its fields read it."""
    found = profile_of(scope)
    scores = [(key, kpi_of(key).figure(scope)) for key in PROFILE_KPIS]
    return {
        "customer_count": found.customers,
        "median_age_years": value_data(found.median_age, scope, scope.period),
        "median_tenure_days": value_data(found.median_tenure, scope, scope.period),
        "channels": [_share_data(share) for share in found.channels],
        "touchpoints": [_share_data(share) for share in found.touchpoints],
        "scores": [{"key": key, "value": value_data(figure, scope, scope.period)} for key, figure in scores],
        "hoped_words": None
        if persona is None
        else value_data(share_of_hoped_words(scope, persona.hoped_words), scope, scope.period),
    }


def _share_data(share: Share) -> dict[str, Any]:
    return {
        "key": share.key,
        "label": share.label,
        "customer_count": share.customers,
        "use_count": share.uses,
        "share": share.share,
    }

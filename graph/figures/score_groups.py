"""Customers by what they say: promoters and detractors, satisfied or not, for whom it was easy, whose contact resolved.

Each counts by their latest answer of the period.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from graph.figures.pain.harm import good_from
from graph.figures.resolution import contacts_resolved
from graph.figures.scope import Scope
from graph.figures.voice import Answers, answers, latest_of_each
from graph.journeys.view import Mask
from graph.lifecycle.visits import told_stages

_PROMOTES = 9
"""Whoever gives so much of ten, or more, is a promoter."""


@dataclass(frozen=True, slots=True)
class ScoreGroup:
    """Customers (or accounts, by unit) whose scores are alike."""

    key: str
    label: str
    members: Mask


def group_of(metric: str, score: float, low: float, high: float) -> Literal["POSITIVE", "NEUTRAL", "NEGATIVE"] | None:
    """Of one answer, by the limits that figures go by; only passives of NPS are neutral. None on an unusual scale."""
    limit = good_from(metric, low, high)
    if limit is None:
        return None
    if score < limit:
        return "NEGATIVE"
    return "NEUTRAL" if metric == "nps" and score < _PROMOTES else "POSITIVE"


def nps_groups(scope: Scope, program: str | None = "relationship") -> list[ScoreGroup]:
    """Promoters, passives and detractors by their latest answer of the period."""
    found = latest_of_each(answers(scope, "nps", program).on_scale(0, 10))
    score = found.score
    return [
        _group(found, "promoters", "Promoters (9 and 10)", score >= _PROMOTES),
        _group(found, "passives", "Passives (7 and 8)", (score >= 7) & (score < _PROMOTES)),
        _group(found, "detractors", "Detractors (0 to 6)", score <= 6),
    ]


def csat_groups(scope: Scope) -> list[ScoreGroup]:
    """Satisfied or not, on five points."""
    found = latest_of_each(answers(scope, "csat").on_scale(1, 5))
    return _two(found, found.score >= 4, "satisfied", "Satisfied (4 and 5)", "Not satisfied (1 to 3)")


def good_or_bad_groups(scope: Scope) -> list[ScoreGroup]:
    """Satisfied or not, where only good or bad can be said."""
    found = answers(scope, "csat")
    found = latest_of_each(found.where(found.high - found.low == 1))
    return _two(found, found.score == found.high, "satisfied", "Satisfied (good)", "Not satisfied (bad)")


def ces_groups(scope: Scope) -> list[ScoreGroup]:
    """For whom it was easy, and for whom it was not."""
    found = latest_of_each(answers(scope, "ces").on_scale(1, 7))
    return _two(found, found.score >= 5, "easy", "It was easy (5 to 7)", "It was not easy (1 to 4)")


def rating_groups(scope: Scope) -> list[ScoreGroup]:
    """Who gave many stars, and who few."""
    found = latest_of_each(answers(scope, "rating").on_scale(1, 5))
    return _two(found, found.score >= 4, "many_stars", "4 and 5 stars", "Up to 3 stars")


def contact_groups(scope: Scope) -> list[ScoreGroup]:
    """Whose contacts of the period were all resolved at first, whose were not, and comparable customers without any.

    Comparable are those of the lifecycle stages (today's) that the others are in; of accounts the furthest of their
    people's.
    """
    all_good, some_bad = contacts_resolved(scope)
    contacted = all_good | some_bad
    view = scope.view
    comparable = view.members & ~contacted
    if contacted.any():
        stage = told_stages(view, "lifecycle_stage").codes
        comparable &= np.isin(stage, np.unique(stage[contacted]))
    return [
        ScoreGroup("resolved", "Resolved at first contact", all_good),
        ScoreGroup("no_contact", "No contact, of the same lifecycle stages", comparable),
        ScoreGroup("unresolved", "Not resolved at first contact", some_bad),
    ]


def _two(found: Answers, good: Mask, key: str, label: str, other: str) -> list[ScoreGroup]:
    return [_group(found, key, label, good), _group(found, f"not_{key}", other, ~good)]


def _group(found: Answers, key: str, label: str, chosen: Mask) -> ScoreGroup:
    members = np.zeros(len(found.view.members), np.bool_)
    members[found.view.unit[found.rows[chosen]]] = True
    return ScoreGroup(key, label, members)

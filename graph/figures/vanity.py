"""Vanity checks: a local target improves while the customer's figure worsens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from graph.estimates.estimate import Estimate, difference
from graph.figures.board import kpi_of
from graph.figures.figure import Figure, Kpi, KpiUnit
from graph.figures.scope import Scope

DAY_MS = 86_400_000


class Verdict(StrEnum):
    """What the two figures say together."""

    HARMS = "HARMS"
    MAY_HARM = "MAY_HARM"
    FINE = "FINE"
    UNKNOWN = "UNKNOWN"


PAIRS = (
    ("first_response_median", "first_contact_resolution"),
    ("first_response_median", "repeat_contact"),
    ("first_resolution_median", "csat_binary"),
    ("first_resolution_median", "csat"),
    ("full_resolution_median", "reopen_rate"),
    ("tickets_solved", "reopen_rate"),
    ("tickets_solved", "repeat_contact"),
    ("campaign_messages", "unsubscribe_rate"),
    ("leads_created", "lead_conversion"),
    ("new_customers", "onboarding_success"),
    ("win_rate", "onboarding_success"),
)
"""What a function may be measured by, and what its customers have of it; keys of the board."""


@dataclass(frozen=True, slots=True)
class Move:
    """A KPI of the period and of the one before; `change` in its unit (a count: a day), None where one is not told."""

    kpi: Kpi
    current: Figure
    previous: Figure
    change: float | None

    @property
    def improved(self) -> bool | None:
        """Whether it moved to the better; None where that is not known."""
        if self.change is None:
            return None
        return self.change > 0 if self.kpi.definition.higher_is_better else self.change < 0

    @property
    def worsened(self) -> bool:
        return self.change is not None and self.change != 0 and not self.improved

    def is_beyond_chance(self) -> bool:
        """Whether the 95 % interval of the change (MOVER, periods taken to be independent) excludes no change."""
        both = [
            Estimate(each.value, each.low, each.high, each.sample_size, each.method, each.level)
            for each in (self.current, self.previous)
            if each.value is not None and each.method is not None
        ]
        if len(both) < 2:
            return False
        moved = difference(*both)
        return (moved.low is not None and moved.low > 0) or (moved.high is not None and moved.high < 0)


@dataclass(frozen=True, slots=True)
class VanityCheck:
    """A local target beside the customer's figure."""

    local: Move
    customer: Move
    verdict: Verdict


def vanity_checks(scope: Scope) -> list[VanityCheck]:
    """All pairs, those that harm first: the local target improved on the period before and the customer's figure
    worsened, beyond chance (HARMS) or not (MAY_HARM). UNKNOWN where one of four figures cannot be told.

    The two moving together is association: something else may have moved both.
    """
    moves: dict[str, Move] = {}
    for key in dict.fromkeys(key for pair in PAIRS for key in pair):
        moves[key] = _move(scope, kpi_of(key))
    checks = [VanityCheck(moves[a], moves[b], _verdict(moves[a], moves[b])) for a, b in PAIRS]
    return sorted(checks, key=lambda check: list(Verdict).index(check.verdict))


def _move(scope: Scope, kpi: Kpi) -> Move:
    before = scope.at(scope.period.before)
    current, previous = kpi.figure(scope), kpi.figure(before)
    values = [
        figure.value / days if kpi.definition.unit is KpiUnit.COUNT else figure.value
        for figure, days in zip((current, previous), _days(scope), strict=True)
        if figure.value is not None
    ]
    return Move(kpi, current, previous, values[0] - values[1] if len(values) == 2 else None)


def _days(scope: Scope) -> Iterator[float]:
    """How many days of the period, and of the one before, had passed."""
    for period in (scope.period, scope.period.before):
        yield max(min(scope.now_ms, period.end_ms) - period.start_ms, DAY_MS) / DAY_MS


def _verdict(local: Move, customer: Move) -> Verdict:
    if local.change is None or customer.change is None:
        return Verdict.UNKNOWN
    if local.improved and customer.worsened:
        return Verdict.HARMS if customer.is_beyond_chance() else Verdict.MAY_HARM
    return Verdict.FINE

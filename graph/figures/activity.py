"""Who is active when: new, retained, resurrected and dormant customers, and who came back.

Activity is inbound and not automated: what we sent is not something the customer did. With an event filter only
activity that fits counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.estimates.proportion import proportion
from graph.figures.figure import Figure, KpiUnit, Unavailable, kpi, none
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.period import Granularity, Period
from graph.journeys.view import Mask

_DAY_MS = 86_400_000
_HSU = "Hsu 2015, growth accounting"


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth accounting of a period against the one before: how many customers of each kind."""

    period: Period
    new: int
    retained: int
    resurrected: int
    dormant: int
    """Active in the period before, not in this one."""

    @property
    def active(self) -> int:
        return self.new + self.retained + self.resurrected

    @property
    def quick_ratio(self) -> float | None:
        """(new + resurrected) / dormant; None where nobody was lost."""
        return (self.new + self.resurrected) / self.dormant if self.dormant else None


def growth(scope: Scope) -> Growth:
    """Growth accounting of the period."""
    return scope.once("growth", lambda: _growth(scope))


def _growth(scope: Scope) -> Growth:
    before = scope.period.before
    here, there = _active_in(scope, scope.period), _active_in(scope, before)
    first = first_activity(scope)
    ever_before = (first != NOT_SAID) & (first < scope.period.start_ms)
    new = here & ~ever_before
    counts = (new, here & there, here & ever_before & ~there, there & ~here)
    return Growth(scope.period, *(int(each.sum()) for each in counts))


def growth_series(scope: Scope, granularity: Granularity) -> Iterator[Growth]:
    """Growth accounting of each day, week … of the period."""
    for part in scope.period.cut(granularity, scope.rules.calendar):
        yield growth(scope.at(part))


def first_activity(scope: Scope) -> NDArray[np.int64]:
    """By unit, when their first activity was (epoch milliseconds); NOT_SAID of who has none or is not looked at."""
    return scope.view.once(("first activity", scope.only), lambda: _first_activity(scope))


@kpi(
    "active_customers",
    "Active customers",
    KpiUnit.COUNT,
    numerator="customers (or accounts) with activity in the period",
    denominator="–",
    source=_HSU,
)
def active_customers(scope: Scope) -> Figure:
    """How many did anything themselves in the period."""
    return Figure.counted(growth(scope).active, scope.view.size)


@kpi(
    "new_customers",
    "New customers",
    KpiUnit.COUNT,
    numerator="customers (or accounts) whose first activity ever lies in the period",
    denominator="–",
    source=_HSU,
)
def new_customers(scope: Scope) -> Figure:
    """How many did something for the first time."""
    return Figure.counted(growth(scope).new, scope.view.size)


@kpi(
    "resurrected_customers",
    "Resurrected customers",
    KpiUnit.COUNT,
    numerator="customers active in the period and earlier, but not in the period of the same length before",
    denominator="–",
    source=_HSU,
)
def resurrected_customers(scope: Scope) -> Figure:
    """How many came back after they had skipped a period."""
    return Figure.counted(growth(scope).resurrected, scope.view.size)


@kpi(
    "dormant_customers",
    "Customers gone dormant",
    KpiUnit.COUNT,
    numerator="customers active in the period of the same length before and not in this one",
    denominator="–",
    source=_HSU,
    higher_is_better=False,
)
def dormant_customers(scope: Scope) -> Figure:
    """How many did nothing in the period after they had been active in the one before."""
    return Figure.counted(growth(scope).dormant, scope.view.size)


@kpi(
    "quick_ratio",
    "Quick ratio of growth",
    KpiUnit.RATIO,
    numerator="new and resurrected customers of the period",
    denominator="customers gone dormant in it",
    source=_HSU,
)
def quick_ratio(scope: Scope) -> Figure:
    """How many are won for each that is lost; below 1 the customer base shrinks."""
    told = growth(scope)
    if told.quick_ratio is None:
        if told.active == 0:
            return none(Unavailable.NO_DATA_IN_PERIOD, "Nobody was active in the period or in the one before.")
        return none(Unavailable.NOT_ESTIMABLE, "Nobody was lost: the ratio has no end.", told.active)
    return Figure.counted(told.quick_ratio, told.active + told.dormant)


@kpi(
    "period_retention",
    "Retained customers",
    KpiUnit.PERCENT,
    numerator="of these, those active in the period",
    denominator="customers active in the period of the same length before",
    source="Hsu 2015; interval: Wilson 1927",
)
def period_retention(scope: Scope) -> Figure:
    """The share of the customers of the period before who are active again."""
    told = growth(scope)
    return Figure.of(proportion(told.retained, told.retained + told.dormant), factor=100)


@kpi(
    "reactivation_rate",
    "Reactivation",
    KpiUnit.PERCENT,
    numerator="of these, those with activity in the period",
    denominator="customers who at its start had been active once, but not for `[activity] dormant_after_days` days",
    source="product-analytics convention; interval: Wilson 1927",
)
def reactivation_rate(scope: Scope) -> Figure:
    """The share of dormant customers who came back in the period."""
    view, start = scope.view.whole, scope.period.start_ms
    activity = activity_rows(scope)
    before = activity & (view.at < start)
    awake = view.any_by_unit(before & (view.at >= start - scope.rules.activity.dormant_after_days * _DAY_MS))
    dormant = view.any_by_unit(before) & ~awake
    back = dormant & view.any_by_unit(activity & (view.at >= start) & (view.at < scope.period.end_ms))
    return Figure.of(proportion(int(back.sum()), int(dormant.sum())), factor=100)


KPIS = (
    active_customers,
    new_customers,
    resurrected_customers,
    dormant_customers,
    quick_ratio,
    period_retention,
    reactivation_rate,
)


def activity_rows(scope: Scope) -> Mask:
    """By row of `view.whole`, whether it is activity of whom it is about, and fits."""
    whole = scope.view.whole
    active: Mask = whole.once("activity", lambda: whole.is_activity)
    return scope.view.once(("activity", scope.only), lambda: active & scope.fitting())


def _active_in(scope: Scope, period: Period) -> Mask:
    return scope.view.once(("active in", period, scope.only), lambda: _who_was_active(scope, period))


def _who_was_active(scope: Scope, period: Period) -> Mask:
    view = scope.view.whole
    return view.any_by_unit(activity_rows(scope) & (view.at >= period.start_ms) & (view.at < period.end_ms))


def _first_activity(scope: Scope) -> NDArray[np.int64]:
    view = scope.view.whole
    first = view.first_by_unit(activity_rows(scope))
    return np.where(first >= 0, view.at[np.maximum(first, 0)] if len(view) else NOT_SAID, NOT_SAID)

"""The loop closed: whether somebody turned to the customers about whom an alert was raised, how soon, with what score.

An alert belongs to the period in which what it is about came to hold. It is closed by the first follow-up (outbound,
not automated, no campaign) or by a person who resolves it, whichever comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.alerts.conditions import is_follow_up
from graph.estimates.proportion import proportion
from graph.estimates.survival import kaplan_meier
from graph.figures.figure import LEAST_SAMPLE, Figure, KpiUnit, Unavailable, kpi, none
from graph.figures.scope import Scope
from graph.figures.voice import USUAL
from graph.journeys.part import NOT_SAID, Coded, places
from graph.journeys.view import Mask, Unit

DAY_MS = 86_400_000
NEVER = np.iinfo(np.int64).max
_AT_BITS = 42
"""Enough for milliseconds until the year 2109."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Loops:
    """Alerts of the period: by alert whose it is, since when, when closed (NEVER: not yet), and of which score."""

    unit: Ints
    since: Ints
    closed: Ints
    metric: Coded
    threshold: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.unit)


def loops(scope: Scope) -> Loops:
    """The alerts that had been raised by now of what began in the period."""
    view = scope.view
    journeys, alerts = view.journeys, view.journeys.alerts
    unit = journeys.whose(alerts).astype(np.int64)
    if view.unit_of is Unit.ACCOUNT:
        of = journeys.account_of.astype(np.int64)
        unit = np.where(unit >= 0, of[unit], -1) if len(of) else unit
    since, raised = alerts.moments("since"), alerts.moments("raised_at")
    chosen = (unit >= 0) & (since >= scope.period.start_ms) & (since < scope.period.end_ms) & (raised <= scope.now_ms)
    chosen[chosen] = view.members[unit[chosen]]
    if scope.only.narrows:
        fitting = view.where(scope.only.fits(view)).arrow("id")
        chosen &= places(alerts.arrow("cause"), fitting) >= 0
    rows = np.flatnonzero(chosen)
    unit, since = unit[rows], since[rows]
    resolved = alerts.moments("resolved_at")[rows]
    resolved = np.where((resolved == NOT_SAID) | (resolved > scope.now_ms), NEVER, resolved)
    answered = _moment_of(scope, _first_after(scope, unit, since, is_follow_up(view)))
    return Loops(
        unit,
        since,
        np.minimum(resolved, answered),
        alerts.coded("metric").take(rows),
        alerts.numbers("threshold")[rows],
    )


@kpi(
    "loop_closure_rate",
    "Loop-closure rate",
    KpiUnit.PERCENT,
    numerator="those with a follow-up (outbound, not automated, no campaign) or resolved by a person",
    denominator="alerts of what began in the period",
    source="closed-loop practice; interval: Wilson 1927",
)
def loop_closure_rate(scope: Scope) -> Figure:
    """The share of alerts after which somebody turned to the customer, or which a person resolved."""
    found = loops(scope)
    return _of_few(found.unit) or Figure.of(proportion(int((found.closed != NEVER).sum()), len(found)), factor=100)


@kpi(
    "time_to_close",
    "Time to close the loop",
    KpiUnit.DAYS,
    numerator="days from what the alert is about to the follow-up or the resolution",
    denominator="alerts of what began in the period, the open ones counted for as long as they wait",
    source="Kaplan and Meier 1958; interval: Brookmeyer and Crowley 1982",
    higher_is_better=False,
)
def time_to_close(scope: Scope) -> Figure:
    """How many days it takes until half of the loops are closed: the median of the curve, never of those closed."""
    found = loops(scope)
    is_closed = found.closed != NEVER
    until = np.where(is_closed, found.closed, scope.now_ms)
    curve = kaplan_meier(np.maximum(0, until - found.since) / DAY_MS, is_closed)
    if (few := _of_few(found.unit)) is not None:
        return few
    if curve is not None and curve.median() is None:
        return none(Unavailable.NOT_ESTIMABLE, "Fewer than half of them are closed by now.", curve.n)
    return Figure.of(None if curve is None else curve.median())


@kpi(
    "recovered_share",
    "Recovered customers",
    KpiUnit.PERCENT,
    numerator="those whose next score of the same metric is no longer low",
    denominator="alerts about low scores of the period after which the customer scored again",
    source="closed-loop practice; interval: Wilson 1927. An association: people who answer again differ from others.",
)
def recovered_share(scope: Scope) -> Figure:
    """After how many low scores the customer's next score of the same metric was above what raised the alert. It is an
    association: that somebody reacted need not be why."""
    found = loops(scope)
    recovered = answered = about = 0
    who: list[Ints] = []
    score = scope.view.numbers("score")
    for metric, (low, high) in USUAL.items():
        of = found.metric.among(metric)
        about += int(of.sum())
        if not of.any():
            continue
        rows = _first_after(scope, found.unit[of], found.since[of], _scores(scope, metric, low, high))
        again = rows >= 0
        answered += int(again.sum())
        who.append(found.unit[of][again])
        recovered += int((score[rows[again]] > found.threshold[of][again]).sum())
    few = _of_few(np.concatenate(who)) if who else None
    figure = few or Figure.of(proportion(recovered, answered), factor=100)
    return figure.covering(answered / about) if about else figure


KPIS = (loop_closure_rate, time_to_close, recovered_share)


def _of_few(unit: Ints) -> Figure | None:
    """No figure where it would be about fewer customers (or accounts) than may be told of."""
    many = len(np.unique(unit))
    if not 0 < many < LEAST_SAMPLE:
        return None
    return none(Unavailable.SAMPLE_TOO_SMALL, f"{many} of at least {LEAST_SAMPLE}.", many)


def _scores(scope: Scope, metric: str, low: float, high: float) -> Mask:
    """By row, whether it is a score of the metric on its usual scale."""
    view = scope.view
    least, most = (
        np.nan_to_num(view.numbers(name), nan=usual) for name, usual in (("scale_min", low), ("scale_max", high))
    )
    score = view.numbers("score")
    fits: Mask = (least == low) & (most == high) & (score >= low) & (score <= high)
    return fits & view.coded("metric").among(metric)


def _first_after(scope: Scope, unit: Ints, moment: Ints, rows: Mask) -> Ints:
    """By pair of a customer (or account) and a moment, the first of these rows that is theirs and later; -1: none."""
    view = scope.view
    among = np.flatnonzero(rows)
    if not len(among):
        return np.full(len(unit), -1)
    keys = view.unit[among].astype(np.int64) << _AT_BITS | np.maximum(view.at[among], 0)
    place = np.searchsorted(keys, unit << _AT_BITS | np.maximum(moment, 0), side="right")
    found = among[np.minimum(place, len(among) - 1)]
    return np.where((place < len(among)) & (view.unit[found] == unit), found, -1)


def _moment_of(scope: Scope, rows: Ints) -> Ints:
    """When rows happened; NEVER where there is none."""
    if not len(scope.view):
        return np.full(len(rows), NEVER)
    return np.where(rows >= 0, scope.view.at[rows], NEVER)

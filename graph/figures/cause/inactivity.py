"""The risk that a customer stops being active, by a plain logistic regression, and how well told risks have held.

Without a contract leaving is not observed; what is told here is inactivity, and called so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graph.estimates.estimate import EstimateError
from graph.estimates.risk import Reliability, Risk, fit_risk, reliability
from graph.figures.cause.features import DAY_MS, Feature, Moments, features
from graph.figures.cause.score_drivers import SEED
from graph.figures.scope import Scope
from graph.journeys.timeline import Timeline

FACTORS: tuple[Feature, ...] = (
    Feature.RECENCY_DAYS,
    Feature.ACTIVE_DAYS,
    Feature.TENURE_DAYS,
    Feature.CONTACTS,
    Feature.WAIT_HOURS,
    Feature.HANDOFFS,
    Feature.REOPENS,
    Feature.REPEATED_REQUESTS,
    Feature.CAMPAIGN_MESSAGES,
    Feature.ORDERS,
)


@dataclass(frozen=True, slots=True)
class InactivityRisk:
    """`risks` float64 of `units`, those who are active now, with `contributions` [units, factors] to their log-odds.

    The model was fitted on those who were active `horizon_days` ago. Without a model `note` says why.
    """

    horizon_days: int
    fitted_at: int
    factors: tuple[Feature, ...]
    model: Risk | None
    held: Reliability | None
    units: NDArray[np.int64]
    risks: NDArray[np.float64]
    contributions: NDArray[np.float64]
    note: str | None


def inactivity_risk(scope: Scope, horizon_days: int) -> InactivityRisk:
    """How likely each customer (or account) who was active in the last `horizon_days` is to do nothing in the next as
    many, told from what they experienced in the `horizon_days` before.

    Learned from those who were active in the horizon before a moment `horizon_days` ago, and what came of them.
    Coefficients are held small by a ridge of 1; reliability is of customers whom the model had not seen (five folds).
    Fitted once for one state of the journeys, an hour and everybody.
    """
    hour = scope.now_ms - scope.now_ms % 3_600_000
    if not scope.view.members.all():
        return _risk(scope, hour, horizon_days)
    journeys, view = scope.view.journeys, scope.view
    return journeys.once(
        ("inactivity", view.unit_of, hour, horizon_days), lambda: _risk(replace(scope, view=view), hour, horizon_days)
    )


def _risk(scope: Scope, now: int, days: int) -> InactivityRisk:
    active = Timeline.of(scope.view, scope.view.is_activity & (scope.view.at <= now))
    then = now - days * DAY_MS
    learned, told = _active_units(scope, active, then, days), _active_units(scope, active, now, days)
    before = features(scope, Moments(learned, np.full(len(learned), then + 1), days), FACTORS)
    left = active.count(learned, np.full(len(learned), then), np.full(len(learned), now)) == 0
    varying = {each: column for each, column in before.items() if len(column) and np.ptp(column) > 0}
    columns = {each.value: column for each, column in varying.items()}
    nobody = np.zeros(0)
    try:
        if not columns:  # nobody, or all alike
            raise EstimateError(f"{int(left.sum())} stopped and {int((~left).sum())} did not; risk needs 10 of each.")
        model = fit_risk(left, columns)
        held = reliability(left, columns, np.random.default_rng(SEED))
    except EstimateError as error:
        return InactivityRisk(
            days, then, tuple(varying), None, None, told[:0], nobody, np.zeros((0, len(varying))), str(error)
        )
    after = features(scope, Moments(told, np.full(len(told), now + 1), days), tuple(varying))
    given = {each.value: column for each, column in after.items()}
    return InactivityRisk(
        days, then, tuple(varying), model, held, told, model.risks(given), model.contributions(given), None
    )


def _active_units(scope: Scope, active: Timeline, at: int, days: int) -> NDArray[np.int64]:
    units = np.flatnonzero(scope.view.members)
    many = active.count(units, np.full(len(units), at - days * DAY_MS), np.full(len(units), at))
    return units[many > 0]

"""Positive parameters by maximum likelihood, with standard errors, or a refusal where the data do not tell them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from graph.estimates.columns import FloatArray
from graph.estimates.estimate import EstimateError

Objective = Callable[[FloatArray], tuple[float, FloatArray]]
"""From the logarithms of the parameters, float64[p], to the mean of −ln L and its gradient in them."""

_FARTHEST = 12.0  # logarithms: parameters from 6e-6 to 160,000
_STEP = 1e-4
_NEWTON = 6
_LEVEL, _STILL_LEVEL = 1e-9, 1e-5  # the largest slope at a peak: wanted, and good enough
_UNKNOWN = 3.0  # the error of a logarithm with which a parameter is known to a factor of 20, no better
_FLAT = 1e-9  # the least curvature of a peak


@dataclass(frozen=True, slots=True)
class Fitted:
    """Parameters, their standard errors (of the parameters, not of their logarithms), and ln L at its maximum."""

    values: FloatArray
    errors: FloatArray
    log_likelihood: float


def maximise(objective: Objective, starts: Sequence[FloatArray], n: int, what: str, advice: str) -> Fitted:
    """The maximum that is found from the first of the starts (parameters, not logarithms) that leads to one.

    L-BFGS-B over the logarithms of the parameters, so that they stay above 0, then Newton's steps with the Hessian as
    differences of the gradient; standard errors by the observed information of n observations and the delta method.

    EstimateError: nothing converges, a parameter runs away, or the likelihood has no single peak; `advice` says what to
    do.
    """
    refusals: list[EstimateError] = []
    for start in starts:
        try:
            logs = _climbed(objective, start, what, advice)
        except EstimateError as refusal:
            refusals.append(refusal)
            continue
        errors = np.sqrt(np.diag(linalg.inv(_hessian(objective, logs))) / n)
        if errors.max() > _UNKNOWN:
            refusals.append(EstimateError(_apart(what, advice)))
            continue
        values = np.exp(logs)
        return Fitted(values, values * errors, -objective(logs)[0] * n)
    raise refusals[0]


def nearby(objective: Objective, start: FloatArray) -> FloatArray:
    """Parameters on the way up from the start: the start of another, larger objective, good or not."""
    return np.exp(_quasi_newton(objective, start))


def _climbed(objective: Objective, start: FloatArray, what: str, advice: str) -> FloatArray:
    """The logarithms at the peak."""
    logs = _quasi_newton(objective, start)
    value, gradient = objective(logs)
    for _ in range(_NEWTON):
        if (np.abs(logs) > _FARTHEST - 1).any():
            raise EstimateError(
                f"{what} cannot be fitted: a parameter runs away, as the data fit a simpler model. {advice}"
            )
        hessian = _hessian(objective, logs)
        if linalg.eigvalsh(hessian)[0] <= _FLAT:
            raise EstimateError(_apart(what, advice))
        if np.abs(gradient).max() < _LEVEL:
            return logs
        after = logs - linalg.solve(hessian, gradient, assume_a="pos")
        if np.abs(after - logs).max() > 1 or objective(after)[0] > value:
            break
        logs = after
        value, gradient = objective(logs)
    if np.abs(gradient).max() > _STILL_LEVEL:
        raise EstimateError(f"{what} does not converge. {advice}")
    return logs


def _apart(what: str, advice: str) -> str:
    return f"{what} cannot be fitted: the data do not tell its parameters apart. {advice}"


def _quasi_newton(objective: Objective, start: FloatArray) -> FloatArray:
    found = optimize.minimize(
        objective,
        np.clip(np.log(start), -_FARTHEST, _FARTHEST),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_FARTHEST, _FARTHEST)] * len(start),
        options={"maxiter": 500, "ftol": 1e-10, "gtol": 1e-5},
    )
    return np.asarray(found.x, dtype=np.float64)


def _hessian(objective: Objective, logs: FloatArray) -> FloatArray:
    """Central differences of the gradient, made symmetric; float64[p, p]."""
    rows = [(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * _STEP) for step in np.eye(logs.size) * _STEP]
    hessian = np.array(rows)
    return np.asarray((hessian + hessian.T) / 2, dtype=np.float64)

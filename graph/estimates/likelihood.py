"""Positive parameters by maximum likelihood, with standard errors, or a refusal where the data do not tell them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.estimates.columns import FloatArray
from graph.estimates.estimate import EstimateError

Objective = Callable[[FloatArray], tuple[float, FloatArray]]
"""From the logarithms of the parameters, float64[p], to the mean of −ln L and its gradient in them."""

_LEAST = 6e-6  # of any parameter
_STEP = 1e-4
_NEWTON = 8
_LEVEL, _STILL_LEVEL = 1e-9, 1e-5  # the largest slope at a peak: wanted, and good enough
_UNKNOWN = 3.0  # the error of a logarithm with which a parameter is known to a factor of 20, no better
_PATIENCE = (1e-10, 1e-16)  # the least gain that is worth a step of L-BFGS; the second where all is nearly flat
_FLAT = 1e-9  # the least curvature of a peak


@dataclass(frozen=True, slots=True)
class Fitted:
    """Parameters, their standard errors (of the parameters, not of their logarithms), and ln L at its maximum.

    `errors` is None where a parameter stands at a bound or the likelihood is all but flat: the data fit a simpler model
    just as well. Parameters are then not told apart; what follows from them together is. `covariance` [p, p] is that of
    the parameters' logarithms: the inverse of the observed information. None where `errors` is.
    """

    values: FloatArray
    errors: FloatArray | None
    log_likelihood: float
    covariance: FloatArray | None = None


def maximise(objective: Objective, starts: Sequence[FloatArray], most: FloatArray, n: int, what: str) -> Fitted:
    """The maximum that is found from the first of the starts (parameters, not logarithms) that leads to one.

    L-BFGS-B over the logarithms of the parameters, so that they stay above 0, none larger than `most`; then Newton's
    steps with the Hessian as differences of the gradient. Standard errors by the observed information of n observations
    and the delta method.

    EstimateError: nothing converges.
    """
    bounds = np.full(most.size, np.log(_LEAST)), np.log(most)
    for start in starts:
        logs = np.log(start)
        for patience in _PATIENCE:
            logs = _quasi_newton(objective, logs, bounds, patience)
            found = _climbed(objective, logs, bounds)
            if found is not None:
                logs, hessian = found
                covariance = _covariance(hessian, n)
                errors = None if covariance is None else np.exp(logs) * np.sqrt(np.diag(covariance))
                return Fitted(np.exp(logs), errors, -objective(logs)[0] * n, covariance)
    raise EstimateError(f"{what} does not converge on these data. Take more customers, or use the figures of the past.")


def nearby(objective: Objective, start: FloatArray, most: FloatArray) -> FloatArray:
    """Parameters on the way up from the start: the start of another, larger objective, good or not."""
    return np.exp(
        _quasi_newton(objective, np.log(start), (np.full(most.size, np.log(_LEAST)), np.log(most)), _PATIENCE[0])
    )


def _climbed(
    objective: Objective, logs: FloatArray, bounds: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray | None] | None:
    """The logarithms at the peak, and the Hessian there: None at a bound or where it is flat. None: no peak found."""
    least, most = bounds
    value, gradient = objective(logs)
    for _ in range(_NEWTON):
        held = ((logs >= most - 1e-6) & (gradient < 0)) | ((logs <= least + 1e-6) & (gradient > 0))
        free = np.flatnonzero(~held)
        slope = float(np.abs(gradient[free]).max(initial=0.0))
        hessian = _hessian(objective, logs)[np.ix_(free, free)]
        if free.size == 0 or np.linalg.eigvalsh(hessian)[0] <= _FLAT:
            return (logs, None) if slope < _STILL_LEVEL else None
        if slope < _LEVEL:
            return logs, hessian if free.size == logs.size else None
        after = logs.copy()
        after[free] -= np.linalg.solve(hessian, gradient[free])
        after = np.clip(after, least, most)
        if np.abs(after - logs).max() > 1 or objective(after)[0] > value:
            return (logs, hessian if free.size == logs.size else None) if slope < _STILL_LEVEL else None
        logs = after
        value, gradient = objective(logs)
    return None


def _covariance(hessian: FloatArray | None, n: int) -> FloatArray | None:
    """Of the logarithms; None where one of them is hardly known."""
    if hessian is None:
        return None
    found = np.asarray(np.linalg.inv(hessian) / n, dtype=np.float64)
    return found if np.sqrt(np.diag(found).max()) < _UNKNOWN else None


def _quasi_newton(
    objective: Objective, start: FloatArray, bounds: tuple[FloatArray, FloatArray], least_gain: float
) -> FloatArray:
    from scipy import optimize  # half a second that only fits need

    found = optimize.minimize(
        objective,
        np.clip(start, *bounds),
        jac=True,
        method="L-BFGS-B",
        bounds=list(zip(*bounds, strict=True)),
        options={"maxiter": 500, "ftol": least_gain, "gtol": 1e-7},
    )
    return np.asarray(found.x, dtype=np.float64)


def _hessian(objective: Objective, logs: FloatArray) -> FloatArray:
    """Central differences of the gradient, made symmetric; float64[p, p]."""
    rows = [(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * _STEP) for step in np.eye(logs.size) * _STEP]
    hessian = np.array(rows)
    return np.asarray((hessian + hessian.T) / 2, dtype=np.float64)

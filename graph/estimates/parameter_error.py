"""Means and sums of what a fitted model expects, with intervals that hold the error of its own parameters.

Values that a model gives to customers are no observations: another sample of them would have had other parameters, and
all values would be higher or lower together. Student's t over the values knows nothing of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.estimates.columns import BoolArray, FloatArray
from graph.estimates.estimate import LEVEL, Estimate, normal_width, student_width

MEAN = "Student's t, with the error of the models"
SUM = "delta method: the error of the models"


@dataclass(frozen=True, slots=True)
class ParameterError:
    """How a column of n values hangs on p parameters of one model, all in the parameters' logarithms.

    `slopes` float64[n, p] by how much each value rises with each logarithm, `covariance` float64[p, p] that of the
    logarithms, `pulls` float64[n, p] how far each customer has moved them: see `pulls`.
    """

    slopes: FloatArray
    covariance: FloatArray
    pulls: FloatArray


def pulls(covariance: FloatArray, scores: FloatArray) -> FloatArray:
    """float64[n, p]: how far each customer moved the estimated logarithms, I⁻¹ · score, I being the observed
    information (van der Vaart, Asymptotic Statistics, 5.3: the influence function of maximum likelihood)."""
    # Not `@`: see `Buying`; p is at most four.
    return np.stack([(scores * row).sum(axis=1) for row in covariance], axis=1)


def mean_of_expected(
    values: FloatArray, chosen: BoolArray, models: Sequence[ParameterError], level: float = LEVEL
) -> Estimate | None:
    """The mean of the chosen values ± t √Σφ², over customers and parameters; None of no values, no interval of one.

    Two steps, parameters first and a mean of what follows from them: the influence of customer i on it is
    φᵢ = [chosen] (vᵢ − v̄)/m + mean slope · pullᵢ (Newey and McFadden 1994, Handbook of Econometrics 4, 6.1). Who is
    not chosen has a part in it too, because the fit is of all. Without models it is `mean`.
    """
    m = int(np.count_nonzero(chosen))
    if m == 0:
        return None
    value = float(values[chosen].mean())
    if m == 1:
        return Estimate(value, None, None, 1, MEAN, level)
    influence = np.where(chosen, values - value, 0.0) / m
    for model in models:
        influence += (model.pulls * model.slopes[chosen].mean(axis=0)).sum(axis=1)
    half = student_width(level, m - 1) * float(np.sqrt(m / (m - 1) * np.sum(influence**2)))
    return Estimate(value, value - half, value + half, m, MEAN, level)


def sum_of_expected(
    values: FloatArray, chosen: BoolArray, models: Sequence[ParameterError], level: float = LEVEL
) -> Estimate | None:
    """The sum of the chosen values, these customers being all there are, × exp(± z s / sum); None of no values.

    s² = Σ over models of d' C d, d being the summed slopes and C the covariance (delta method; models are estimated
    apart, and their errors taken as independent). In the logarithm, because the sum is above 0 and its error is one of
    a factor. What chance adds to what is expected is not in it. No interval where the sum is not above 0.
    """
    m = int(np.count_nonzero(chosen))
    if m == 0:
        return None
    value = float(values[chosen].sum())
    if not value > 0:
        return Estimate(value, None, None, m, SUM, level)
    summed = [model.slopes[chosen].sum(axis=0) for model in models]
    variance = sum(
        float((np.outer(each, each) * model.covariance).sum()) for each, model in zip(summed, models, strict=True)
    )
    factor = float(np.exp(normal_width(level) * np.sqrt(variance) / value))
    return Estimate(value, value / factor, value * factor, m, SUM, level)

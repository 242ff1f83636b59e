"""The middle of a column: mean, median and other quantiles, each with its interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

from graph.estimates.columns import finite
from graph.estimates.estimate import LEVEL, Estimate, EstimateError, student_width

STUDENT = "Student's t"
ORDER_STATISTICS = "order statistics (binomial)"


def mean(values: npt.ArrayLike, level: float = LEVEL) -> Estimate | None:
    """The mean of float[n] ± t s/√n in the unit of the values; None of an empty column, no interval of one value.

    EstimateError: a value is no number.
    """
    column = finite("values", values)
    n = column.size
    if n == 0:
        return None
    value = float(column.mean())
    if n == 1:
        return Estimate(value, None, None, 1, STUDENT, level)
    half = student_width(level, n - 1) * float(column.std(ddof=1)) / float(np.sqrt(n))
    return Estimate(value, value - half, value + half, n, STUDENT, level)


def median(values: npt.ArrayLike, level: float = LEVEL) -> Estimate | None:
    """The quantile at one half."""
    return quantile(values, 0.5, level)


def quantile(values: npt.ArrayLike, share: float, level: float = LEVEL) -> Estimate | None:
    """The value that `share` (between 0 and 1) of float[n] stay below, in the unit of the values; None of no values.

    The value is interpolated between its neighbours (type 7 of Hyndman and Fan 1996). The interval goes from one value
    of the sample to another: the number of values below the true quantile is binomial(n, share), whatever the values'
    distribution (Conover, Practical Nonparametric Statistics, 3.2). Of few values one or both ends are unknown: 95 %
    for a median take six, for the upper end of a 90 % quantile 36.

    EstimateError: a value is no number, or `share` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise EstimateError(f"A quantile at {share} does not exist. Give a share between 0 and 1, such as 0.9.")
    column = np.sort(finite("values", values))
    n = column.size
    if n == 0:
        return None
    first, last = _below((1 - level) / 2, n, share), _below((1 + level) / 2, n, share) + 1
    value = float(np.quantile(column, share))
    return Estimate(
        value=value,
        # Of very few values an interpolated one may lie beyond its neighbour.
        low=min(float(column[first - 1]), value) if first >= 1 else None,
        high=max(float(column[last - 1]), value) if last <= n else None,
        n=n,
        method=ORDER_STATISTICS,
        level=level,
    )


def _below(probability: float, n: int, share: float) -> int:
    """The least k with P(at most k of n are below) >= probability: the quantile of binomial(n, share)."""
    k = int(np.ceil(scipy.special.bdtrik(probability, n, share)))
    return k - 1 if k > 0 and scipy.special.bdtr(k - 1, n, share) >= probability else k

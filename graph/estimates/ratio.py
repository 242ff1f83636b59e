"""The ratio of two sums over the same customers, such as revenue kept to revenue had, with its interval."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import finite, same_length
from graph.estimates.estimate import LEVEL, Estimate, student_width

LINEARISED = "ratio of sums, linearised"


def ratio(numerators: npt.ArrayLike, denominators: npt.ArrayLike, level: float = LEVEL) -> Estimate | None:
    """Σ numerators / Σ denominators of float[n] each; None where the denominators sum to 0.

    The error is that of the ratio estimator, √(n/(n − 1) Σ (y − r x)²) / Σ x (Cochran, Sampling Techniques, 6.4), with
    Student's t; no interval of fewer than two.

    EstimateError: columns of different lengths, a value is no number.
    """
    y, x = finite("numerators", numerators), finite("denominators", denominators)
    n = same_length(numerators=y, denominators=x)
    total = float(x.sum())
    if n == 0 or total == 0:
        return None
    value = float(y.sum()) / total
    if n == 1:
        return Estimate(value, None, None, 1, LINEARISED, level)
    error = float(np.sqrt(n / (n - 1) * np.sum((y - value * x) ** 2))) / abs(total)
    half = student_width(level, n - 1) * error
    return Estimate(value, value - half, value + half, n, LINEARISED, level)

"""How far two columns go along with each other. Association, not effect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import finite, same_length
from graph.estimates.estimate import LEVEL, Estimate, normal_width

FISHER = "Pearson, Fisher's z"


def correlation(first: npt.ArrayLike, second: npt.ArrayLike, level: float = LEVEL) -> Estimate | None:
    """Pearson's r of float[n] and float[n], -1 to 1; None of fewer than two rows, or where a column does not vary.

    The interval is tanh(artanh r ± z / √(n − 3)) (Fisher 1921), and there is none of fewer than four rows.

    EstimateError: columns of different lengths, a value is no number.
    """
    x, y = finite("first", first), finite("second", second)
    n = same_length(first=x, second=y)
    if n < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    r = float(np.clip(np.corrcoef(x, y)[0, 1], -1.0, 1.0))
    if n < 4:
        return Estimate(r, None, None, n, FISHER, level)
    if abs(r) == 1:
        return Estimate(r, r, r, n, FISHER, level)
    half = normal_width(level) / np.sqrt(n - 3)
    low, high = np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)
    return Estimate(r, min(float(low), r), max(float(high), r), n, FISHER, level)

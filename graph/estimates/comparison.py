"""Is one group other than another: difference of means, and difference in differences.

The difference of two shares or scores is `estimate.difference`. Only who was put into a group by chance, or would have
gone the same way as the other without the change, can tell an effect.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import finite
from graph.estimates.estimate import LEVEL, Estimate, student_width

DIFFERENCES = "difference in differences, HC2, Welch–Satterthwaite"


def difference_in_differences(
    treated_before: npt.ArrayLike,
    treated_after: npt.ArrayLike,
    others_before: npt.ArrayLike,
    others_after: npt.ArrayLike,
    level: float = LEVEL,
) -> Estimate | None:
    """(treated after − before) − (others after − before) of four columns' means, in their unit.

    It is the effect if both groups would have moved alike without the treatment. The error is that of a regression on
    the group, the time and both with HC2; it knows nothing of clusters, so the same customers before and after, or few
    stores with many customers each, make it too small or too large. None where a column has fewer than two values, or
    where no value differs in any.

    EstimateError: a value is no number.
    """
    columns = [treated_after, treated_before, others_after, others_before]
    return _contrast(columns, [1.0, -1.0, -1.0, 1.0], DIFFERENCES, level)


def _contrast(columns: Sequence[npt.ArrayLike], signs: Sequence[float], method: str, level: float) -> Estimate | None:
    """Σ sign · mean with √(Σ s²/n), and the degrees of freedom of Welch and Satterthwaite."""
    groups = [finite("values", column) for column in columns]
    if any(group.size < 2 for group in groups):
        return None
    value = sum(sign * float(group.mean()) for sign, group in zip(signs, groups, strict=True))
    parts = np.array([float(group.var(ddof=1)) / group.size for group in groups])
    variance = float(parts.sum())
    if variance == 0:
        return None
    freedom = variance**2 / sum(part**2 / (group.size - 1) for part, group in zip(parts, groups, strict=True))
    half = student_width(level, float(freedom)) * float(np.sqrt(variance))
    return Estimate(value, value - half, value + half, sum(group.size for group in groups), method, level)

"""Shares of a whole, and the Net Promoter Score, with intervals that hold also for few answers.

The difference of two shares or of two scores is `estimate.difference`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import FloatArray, not_negative, same_length
from graph.estimates.estimate import LEVEL, Estimate, EstimateError, normal_width

WILSON = "Wilson score"
ADJUSTED_WALD = "adjusted Wald, +3"
_PROMOTERS, _PASSIVES, _DETRACTORS = 0.75, 1.5, 0.75


def proportion(count: int, n: int, level: float = LEVEL) -> Estimate | None:
    """count / n (a share of 1) with Wilson's score interval; None where n is 0.

    EstimateError: count is not between 0 and n.
    """
    if n == 0:
        return None
    share, low, high = wilson([count], [n], level)
    return Estimate(float(share[0]), float(low[0]), float(high[0]), n, WILSON, level)


def wilson(
    counts: npt.ArrayLike, totals: npt.ArrayLike, level: float = LEVEL
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Share, low and high, float64[groups] each, of counts out of totals.

    (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), Wilson 1927. Unlike p ± 1.96 s it stays within 0 and 1, and holds
    for small n and for shares near 0 or 1.

    EstimateError: a total is 0 (leave such groups out), or a count is not between 0 and its total.
    """
    count, n = not_negative("counts", counts), not_negative("totals", totals)
    same_length(counts=count, totals=n)
    if (n == 0).any():
        raise EstimateError("A share of nothing does not exist. Leave out groups whose total is 0.")
    if (count > n).any():
        raise EstimateError("A count is larger than its total. Count only what is in the total.")
    z = normal_width(level)
    share = count / n
    shrunk = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrunk
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrunk
    # At 0 and at n the formula gives the bound itself but for rounding.
    return share, np.clip(centre - half, 0.0, share), np.clip(centre + half, share, 1.0)


def net_promoter_score(promoters: int, passives: int, detractors: int, level: float = LEVEL) -> Estimate | None:
    """100 (promoters − detractors) / n, from −100 to 100; None without answers.

    The interval is the adjusted Wald one that Rocks 2016 (arXiv:1601.07235) recommends: with three answers more, of
    which ¾ promote, 1½ are passive and ¾ detract, p − d ± z √((p + d − (p − d)²) / n). It is cut at ±100, and widened
    to the score itself where that is outside, as of a single answer.

    EstimateError: a count is below 0.
    """
    counts = not_negative("promoters, passives and detractors", [promoters, passives, detractors])
    n = int(counts.sum())
    if n == 0:
        return None
    value = 100.0 * (promoters - detractors) / n
    p, _, d = (counts + np.array([_PROMOTERS, _PASSIVES, _DETRACTORS])) / (n + 3)
    half = normal_width(level) * float(np.sqrt((p + d - (p - d) ** 2) / (n + 3)))
    low, high = 100 * (float(p - d) - half), 100 * (float(p - d) + half)
    return Estimate(value, max(-100.0, min(low, value)), min(100.0, max(high, value)), n, ADJUSTED_WALD, level)

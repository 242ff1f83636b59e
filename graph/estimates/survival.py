"""How long something lasts, when for some it has not ended yet: the Kaplan–Meier curve.

Of customers who have not got there (or have not left), only the time so far is known. The curve counts them for as long
as they were seen; a mean or median of those who finished would leave the slow ones out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.estimates.columns import FloatArray, IntArray, flags, not_negative, same_length
from graph.estimates.estimate import LEVEL, Estimate, EstimateError, normal_width

LOG_LOG = "Kaplan–Meier, Greenwood, log-log"
GREENWOOD = "Kaplan–Meier, Greenwood"


@dataclass(frozen=True, slots=True)
class Survival:
    """The curve at each time at which something ended; arrays of one length, times ascending, in the durations' unit.

    `survival` is the share that lasts longer than the time, `low` and `high` its interval; `at_risk` were there just
    before, `ended` at that time. `variance` is Greenwood's sum Σ dᵢ / (nᵢ (nᵢ − dᵢ)): the variance of the curve is
    survival² times that. Where the curve is down at 0 it is not defined; it is 0 there, and `high` that of before.
    """

    times: FloatArray
    survival: FloatArray
    low: FloatArray
    high: FloatArray
    variance: FloatArray
    at_risk: IntArray
    ended: IntArray
    n: int
    last: float
    """The longest duration seen. Beyond it the curve is unknown, unless it is down at 0."""
    level: float

    def known_until(self) -> float:
        """The last time of which the curve tells something: infinity where it is down at 0."""
        return float("inf") if self.survival.size and self.survival[-1] == 0 else self.last

    def share_at(self, times: npt.ArrayLike) -> FloatArray:
        """float64[len(times)]: the share that lasts longer than each; beyond `known_until` that of the last time."""
        place = np.searchsorted(self.times, not_negative("times", times), side="right")
        return np.concatenate(([1.0], self.survival))[place]

    def at(self, time: float) -> Estimate | None:
        """The share that lasts longer, with its interval (none before the first end); None beyond what is known."""
        if not 0 <= time <= self.known_until():
            return None
        place = int(np.searchsorted(self.times, time, side="right")) - 1
        if place < 0:
            return Estimate(1.0, None, None, self.n, LOG_LOG, self.level)
        value, low, high = (float(column[place]) for column in (self.survival, self.low, self.high))
        return Estimate(value, low, high, self.n, LOG_LOG, self.level)

    def median(self) -> Estimate | None:
        """The time by which half have ended; None where the curve does not get there. See `quantile`."""
        return self.quantile(0.5)

    def quantile(self, ended: float) -> Estimate | None:
        """The first time by which so large a share (0 to 1) has ended: of the curve, never of those who finished.

        Its interval is where the interval of the curve crosses (Brookmeyer and Crowley 1982); `high` is None where it
        does not. None where the curve itself does not get there.

        EstimateError: `ended` is not between 0 and 1.
        """
        if not 0 < ended < 1:
            raise EstimateError(f"No time has a share of {ended} ended by it. Give a share between 0 and 1.")
        left = 1 - ended
        value = self._first_at_or_below(self.survival, left)
        if value is None:
            return None
        low, high = self._first_at_or_below(self.low, left), self._first_at_or_below(self.high, left)
        return Estimate(value, low, high, self.n, LOG_LOG, self.level)

    def _first_at_or_below(self, curve: FloatArray, left: float) -> float | None:
        # A share of exactly one half may come out as 0.5000000000000001.
        reached = np.flatnonzero(curve <= left + 1e-12)
        return float(self.times[reached[0]]) if reached.size else None


def kaplan_meier(durations: npt.ArrayLike, observed: npt.ArrayLike, level: float = LEVEL) -> Survival | None:
    """The curve of durations float[n] (any unit, >= 0), of which observed bool[n] have ended; None without any.

    S(t) = Π (1 − dᵢ/nᵢ) over the ends up to t (Kaplan and Meier 1958); who was last seen at t is still there at t. The
    interval is S^exp(±z √V / ln S) with Greenwood's V (Kalbfleisch and Prentice 1980), so it stays within 0 and 1.
    A million rows take a fraction of a second.

    EstimateError: columns of different lengths, durations below 0 or missing.
    """
    lasted, has_ended = not_negative("durations", durations), flags("observed", observed)
    n = same_length(durations=lasted, observed=has_ended)
    z = normal_width(level)
    if n == 0:
        return None
    order = np.argsort(lasted)
    lasted, has_ended = lasted[order], has_ended[order]
    starts = np.flatnonzero(np.concatenate(([True], lasted[1:] != lasted[:-1])))
    ended = np.add.reduceat(has_ended.astype(np.int64), starts)
    at_risk = n - starts
    some = ended > 0
    times, ended, at_risk = lasted[starts][some], ended[some], at_risk[some].astype(np.int64)
    survival = np.cumprod(1 - ended / at_risk, dtype=np.float64)
    stay = at_risk > ended  # false at most at the very last time
    steps = np.zeros(times.size)
    steps[stay] = ended[stay] / (at_risk[stay].astype(np.float64) * (at_risk[stay] - ended[stay]))
    variance = np.cumsum(steps)
    low, high = np.zeros(times.size), np.zeros(times.size)
    log = np.log(survival[stay])
    width = np.exp(np.minimum(z * np.sqrt(variance[stay]) / -log, 700.0))
    # exp(log · width) without raising a tiny power of a tiny number
    low[stay], high[stay] = np.exp(np.maximum(log * width, -700.0)), np.exp(log / width)
    if not stay.all():
        high[-1] = high[-2] if times.size > 1 else 1.0
    variance[~stay] = 0.0
    return Survival(times, survival, low, high, variance, at_risk, ended, n, float(lasted[-1]), level)

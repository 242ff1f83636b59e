"""What a purchase of each customer is worth: the Gamma-Gamma model of spend.

A customer's purchases vary around an average of his own, and averages vary between customers. Of whom we know few
purchases, the model believes the average of all more than his own. Fader, Hardie and Lee, RFM and CLV, JMR 42 (2005);
Fader and Hardie 2013, note 025. It holds where spend and frequency have little to do with each other: see
`correlation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import atanh, sqrt, tanh

import numpy as np
import numpy.typing as npt
import scipy

from graph.estimates.columns import FloatArray, not_negative, same_length
from graph.estimates.estimate import LEVEL, Estimate, EstimateError, normal_width
from graph.estimates.likelihood import maximise, nearby

_MOST = np.array([1e4, 1e4, 1e4])
"""Of p, q and v: with more, purchases or customers would differ by less than a hundredth; v in mean spends."""
FEWEST = 10
"""Customers with a purchase that a forecast needs."""
_COARSE = 4_000  # customers whose parameters are where to start from for those of all


@dataclass(frozen=True, slots=True)
class Spending:
    """A fitted model: purchases are gamma(p, ν), and ν is gamma(q, v) over customers; v in the currency.

    `errors` are the standard errors of p, q and v; None where spend differs too little, between customers or between
    the purchases of one, to tell these apart: expected spend is then all but their common or their own average.
    `covariance` [3, 3] is that of the three parameters' logarithms; None where `errors` is.
    """

    p: float
    q: float
    v: float
    errors: tuple[float, float, float] | None
    log_likelihood: float
    n: int
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def average(self) -> float:
        """What a purchase is worth over all customers, p v / (q − 1), in the currency.

        EstimateError: q <= 1, where spend varies so much that it has no mean.
        """
        if self.q <= 1:
            raise EstimateError(
                f"The average spend of all customers has no finite value (q = {self.q:.2f}). "
                "Leave out extreme purchases, or look at the median."
            )
        return self.p * self.v / (self.q - 1)

    def expected_spend(self, purchases: npt.ArrayLike, average: npt.ArrayLike) -> FloatArray:
        """float64[n]: what a purchase of each is expected to be worth, in the currency.

        p (v + x m) / (p x + q − 1), for x purchases that were worth m on average; `average()` for who has none.

        EstimateError: columns that cannot be, or no finite value (q <= 1) for who has no purchase.
        """
        x, m = _purchases(purchases, average)
        if self.q <= 1 and (self.p * x + self.q <= 1).any():
            self.average()
        return np.asarray(self.p * (self.v + x * m) / (self.p * x + self.q - 1), dtype=np.float64)

    def spend_slopes(self, purchases: npt.ArrayLike, average: npt.ArrayLike) -> FloatArray:
        """float64[n, 3]: by how much the logarithm of `expected_spend` rises with those of p, q and v.

        EstimateError: columns that cannot be.
        """
        x, m = _purchases(purchases, average)
        size = self.p * x + self.q - 1
        return np.stack(((self.q - 1) / size, -self.q / size, self.v / (self.v + x * m)), axis=1)

    def scores(self, purchases: npt.ArrayLike, average: npt.ArrayLike) -> FloatArray:
        """float64[n, 3]: the slope of each customer's ln L in the logarithms of p, q and v; 0 of who is left out of the
        fit; see `pulls`.

        EstimateError: columns that cannot be.
        """
        x, m = _purchases(purchases, average)
        kept = (x > 0) & (m > 0)
        x, m, p, q, v = x[kept], m[kept], self.p, self.q, self.v
        both, log_sum = scipy.special.digamma(p * x + q), np.log(v + x * m)
        slopes = np.zeros((kept.size, 3))
        slopes[kept, 0] = p * x * (both - scipy.special.digamma(p * x) + np.log(x * m) - log_sum)
        slopes[kept, 1] = q * (both - scipy.special.digamma(q) + np.log(v) - log_sum)
        slopes[kept, 2] = q - v * (p * x + q) / (v + x * m)
        return slopes


def fit_spending(purchases: npt.ArrayLike, average: npt.ArrayLike) -> Spending:
    """The three parameters by maximum likelihood, from one row a customer: purchases int[n], their mean value [n].

    Rows without a purchase, or of value 0, are left out (the model knows positive spend only); `n` counts the others.

    EstimateError: impossible columns, fewer than 10 customers with a purchase, or no convergence.
    """
    x, m = _purchases(purchases, average)
    kept = (x > 0) & (m > 0)
    x, m = x[kept], m[kept]
    if x.size < FEWEST:
        raise EstimateError(
            f"Spend cannot be forecast: {x.size} customers have a purchase of a value above 0, of {FEWEST} needed. "
            "Check the amounts, or take a longer period."
        )
    scale = float(m.mean())
    spread = max(float(np.var(np.log(m))), 1e-3)
    starts = [np.array([2.0, 3.0, 1.0]), np.array([6.0, 4.0, 0.5]), np.array([2 / spread, 2 / spread + 1, 1.0])]
    if x.size > 2 * _COARSE:
        some = slice(None, None, x.size // _COARSE)
        starts.insert(0, nearby(_Likelihood(x[some], m[some] / scale), starts[0], _MOST))
    fitted = maximise(_Likelihood(x, m / scale), starts, _MOST, x.size, "The model of spend (Gamma-Gamma)")
    p, q, v = (float(value) for value in fitted.values)
    errors = None
    if fitted.errors is not None:
        sp, sq, sv = (float(error) for error in fitted.errors)
        errors = (sp, sq, sv * scale)
    shift = x.size * float(np.log(scale))
    return Spending(p, q, v * scale, errors, fitted.log_likelihood - shift, x.size, fitted.covariance)


def correlation(purchases: npt.ArrayLike, average: npt.ArrayLike, level: float = LEVEL) -> Estimate | None:
    """Pearson's correlation of how often and for how much, with Fisher's interval: far from 0, do not use the model.

    Over customers with purchases. None of fewer than two, or where either does not vary; no interval of fewer than
    four.

    EstimateError: columns that cannot be.
    """
    x, m = _purchases(purchases, average)
    x, m = x[x > 0], m[x > 0]
    if x.size < 2 or (x == x[0]).all() or (m == m[0]).all():
        return None
    r = float(np.clip(np.corrcoef(x, m)[0, 1], -1.0, 1.0))
    if x.size < 4 or abs(r) > 1 - 1e-12:
        return Estimate(r, None, None, x.size, "Fisher's z", level)
    half = normal_width(level) / sqrt(x.size - 3)
    return Estimate(r, tanh(atanh(r) - half), tanh(atanh(r) + half), x.size, "Fisher's z", level)


class _Likelihood:
    """Mean −ln L over customers and its gradient in the logarithms of p, q, v."""

    def __init__(self, x: FloatArray, m: FloatArray) -> None:
        self._counts, self._of = np.unique(x, return_inverse=True)
        self._share = np.bincount(self._of) / x.size
        self._x, self._total = x, x * m
        self._log_total, self._log_m = np.log(x * m), np.log(m)

    def __call__(self, logs: FloatArray) -> tuple[float, FloatArray]:
        p, q, v = np.exp(logs)
        k, x = self._counts, self._x
        n = x.size
        log_sum = np.log(v + self._total)
        # Not `@`: BLAS would start threads for it, which cost more than the sum where cores are busy.
        common = np.sum(x * (self._log_total - log_sum)) / n
        mean_log_sum, share = log_sum.mean(), self._share
        by_count = (
            scipy.special.gammaln(p * k + q) - scipy.special.gammaln(p * k) - scipy.special.gammaln(q) + q * np.log(v)
        )
        value = np.sum(share * by_count) + p * common - q * mean_log_sum - self._log_m.mean()
        both = scipy.special.digamma(p * k + q)
        in_p = np.sum(share * k * (both - scipy.special.digamma(p * k))) + common
        in_q = np.sum(share * both) - scipy.special.digamma(q) + np.log(v) - mean_log_sum
        in_v = q / v - ((p * x + q) / (v + self._total)).mean()
        return -float(value), -np.array([p * in_p, q * in_q, v * in_v])


def _purchases(purchases: npt.ArrayLike, average: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, m = not_negative("purchases", purchases), not_negative("average spend", average)
    same_length(purchases=x, average=m)
    return x, m

"""How often customers without a contract buy, and whether they still will: the BG/NBD model.

Each buys at a rate of his own (gamma) and may, after any purchase, be gone without saying so (beta). Fader, Hardie and
Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005); the forms that do not overflow are ours.
Of each customer three columns are needed, in one unit of time (days, weeks):

    repeats   purchases after the first one; days on which one bought, rather than receipts
    recency   from the first purchase to the last one; 0 where there was one only
    age       from the first purchase to today
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import scipy

from graph.estimates.columns import FloatArray, not_negative, same_length
from graph.estimates.estimate import EstimateError
from graph.estimates.likelihood import maximise, nearby

_NEAR_ONE = 1e-6
_NODES = 48
_MOST = np.array([100.0, 1e5, 100.0, 1_000.0])
"""Of r, alpha, a and b: with more, rates or leaving of customers would differ by less than a tenth; alpha in mean ages.
"""
FEWEST = 10
"""Customers who came back that a forecast needs."""
_COARSE = 4_000  # customers whose parameters are where to start from for those of all


@dataclass(frozen=True, slots=True)
class Buying:
    """A fitted model: rates are gamma(r, alpha), leaving after a purchase is beta(a, b); alpha in the unit of time.

    `errors` are the standard errors of r, alpha, a and b; None where customers do not differ enough in how often they
    buy, or in how easily they leave, to tell these apart: forecasts then take them to be nearly alike. `covariance`
    [4, 4] is that of the four parameters' logarithms; None where `errors` is.
    """

    r: float
    alpha: float
    a: float
    b: float
    errors: tuple[float, float, float, float] | None
    log_likelihood: float
    n: int
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def alive(self, repeats: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> FloatArray:
        """float64[n]: the probability that each is still a customer; 1 of who never came back, as the model has it.

        1 / (1 + a/(b + x − 1) · ((α + age)/(α + t))^(r + x)), Fader, Hardie and Lee 2008, note 021.

        EstimateError: as of `fit_buying`, about the columns.
        """
        x, t, age = _histories(repeats, recency, age)
        gone = np.log(self.a) - np.log(self.b + np.maximum(x, 1) - 1)
        gone = gone + (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + t))
        return np.where(x > 0, scipy.special.expit(-gone), 1.0)

    def expected_purchases(
        self, within: float, repeats: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike
    ) -> FloatArray:
        """float64[n]: how many purchases each is expected to make within so much time from today.

        Formula 10 of the paper. Its ₂F₁, times the power before it, is turned by Euler's transformation into
        (1 − z)^(a − 1) ₂F₁(a + b − 1 − r, a − 1; a + b + x − 1; z), z = t/(α + age + t), which does not overflow.

        EstimateError: `within` is below 0, or as of `fit_buying`, about the columns.
        """
        return self.weighed_purchases([(within, 1.0)], repeats, recency, age)

    def weighed_purchases(
        self,
        times: Sequence[tuple[float, float]],
        repeats: npt.ArrayLike,
        recency: npt.ArrayLike,
        age: npt.ArrayLike,
    ) -> FloatArray:
        """float64[n]: the sum over `times`, each with its weight, of `expected_purchases` within it.

        What customers share is looked for once for all times.

        EstimateError: as of `expected_purchases`.
        """
        for within, _ in times:
            if not within >= 0:
                raise EstimateError(f"Purchases within {within:g} cannot be expected. Give a time of 0 or more.")
        x, t, age = _histories(repeats, recency, age)
        # If they are alive it depends on repeats and age alone, and many customers share these.
        pairs, back = _distinct(x, age)
        expected = np.zeros(pairs[0].size)
        for within, weight in times:
            expected += weight * self._if_alive(within, *pairs)
        return expected[back] * self.alive(x, t, age)

    def scores(self, repeats: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> FloatArray:
        """float64[n, 4]: the slope of each customer's ln L in the logarithms of r, alpha, a and b; see `pulls`.

        EstimateError: as of `fit_buying`, about the columns.
        """
        return _Likelihood(*_histories(repeats, recency, age)).by_customer(self.logarithms())

    def alive_slopes(self, repeats: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> FloatArray:
        """float64[n, 4]: by how much `alive` rises with the logarithms of r, alpha, a and b; central differences.

        EstimateError: as of `fit_buying`, about the columns.
        """
        history, logs, step = (repeats, recency, age), self.logarithms(), 1e-4
        return np.stack(
            [
                (self.with_logarithms(logs + at).alive(*history) - self.with_logarithms(logs - at).alive(*history))
                / (2 * step)
                for at in np.eye(4) * step
            ],
            axis=1,
        )

    def logarithms(self) -> FloatArray:
        """float64[4]: those of r, alpha, a and b."""
        return np.log([self.r, self.alpha, self.a, self.b])

    def with_logarithms(self, logs: FloatArray) -> Buying:
        """The same model with other parameters, given by their logarithms."""
        r, alpha, a, b = (float(value) for value in np.exp(logs))
        return replace(self, r=r, alpha=alpha, a=a, b=b)

    def _if_alive(self, within: float, x: FloatArray, age: FloatArray) -> FloatArray:
        a = self.a if abs(self.a - 1) > _NEAR_ONE else 1 + _NEAR_ONE  # at 1 the formula is 0/0, near it smooth
        z = within / (self.alpha + age + within)
        size = a + self.b + x - 1
        with np.errstate(all="ignore"):
            remaining = (1 - z) ** (a - 1) * scipy.special.hyp2f1(a + self.b - 1 - self.r, a - 1, size, z)
            expected = np.asarray(size / (a - 1) * (1 - remaining), dtype=np.float64)
        # Nobody buys more than who never leaves. With large a or b, and far ahead, ₂F₁ may be no number.
        most = (self.r + x) * within / (self.alpha + age)
        wrong = ~((expected >= 0) & (expected <= most))
        if wrong.any():
            expected[wrong] = self._mean_over_leaving(within, x[wrong], age[wrong])
        return expected

    def _mean_over_leaving(self, within: float, x: FloatArray, age: FloatArray) -> FloatArray:
        """The same by Gauss's quadrature: the mean of (1 − (1 + p t/(α + T))^−(r + x))/p over p, beta(a, b + x)."""
        nodes, weights = scipy.special.roots_legendre(_NODES)
        counts, of = np.unique(x, return_inverse=True)
        leaving = scipy.special.betaincinv(self.a, self.b + counts[:, None], (nodes + 1) / 2)
        leaving = np.maximum(leaving, np.finfo(np.float64).tiny)[of]
        kept = (self.r + x)[:, None] * np.log1p(leaving * (within / (self.alpha + age))[:, None])
        return np.asarray((-np.expm1(-kept) / leaving) @ (weights / 2), dtype=np.float64)


def fit_buying(repeats: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Buying:
    """The four parameters by maximum likelihood, from one row a customer; see the columns above.

    EstimateError: impossible columns, fewer than 10 customers who came back, or no convergence.
    """
    x, t, age = _histories(repeats, recency, age)
    came_back = int(np.count_nonzero(x))
    if came_back < FEWEST:
        raise EstimateError(
            f"Purchases cannot be forecast: {came_back} of {x.size} customers bought a second time, and {FEWEST} are "
            "needed. Take a longer period or more customers."
        )
    scale = float(age.mean())
    rate = max(float(x.mean()), 1e-3)
    starts = [np.array([r, r / rate, a, b]) for r, a, b in ((1.0, 1.0, 2.0), (0.3, 0.3, 3.0), (3.0, 1.0, 9.0))]
    if x.size > 2 * _COARSE:
        some = slice(None, None, x.size // _COARSE)
        starts.insert(0, nearby(_Likelihood(x[some], t[some] / scale, age[some] / scale), starts[0], _MOST))
    fitted = maximise(_Likelihood(x, t / scale, age / scale), starts, _MOST, x.size, "The model of purchases (BG/NBD)")
    r, alpha, a, b = (float(value) for value in fitted.values)
    errors = None
    if fitted.errors is not None:
        sr, salpha, sa, sb = (float(error) for error in fitted.errors)
        errors = (sr, salpha * scale, sa, sb)
    # A time in units of `scale` has a density that is `scale` times higher, once a repeat.
    shift = float(x.sum() * np.log(scale))
    return Buying(r, alpha * scale, a, b, errors, fitted.log_likelihood - shift, x.size, fitted.covariance)


class _Likelihood:
    """Mean −ln L over customers and its gradient; equal rows are weighed once, functions of x taken once per x."""

    def __init__(self, x: FloatArray, t: FloatArray, age: FloatArray) -> None:
        (x, t, age), back = _distinct(x, t, age)
        self._share, self._back = np.bincount(back, minlength=x.size) / back.size, back
        self._x, self._t, self._age, self._came_back = x, t, age, x > 0
        self._counts, self._of = np.unique(x, return_inverse=True)

    def __call__(self, logs: FloatArray) -> tuple[float, FloatArray]:
        # Not `@`: BLAS would start threads for it, which cost more than the sum where cores are busy.
        value, *slopes = (np.sum(self._share * each) for each in self._by_row(logs))
        return -float(value), -np.array(slopes)

    def by_customer(self, logs: FloatArray) -> FloatArray:
        """float64[n, 4]: the gradient of ln L, one row a customer."""
        return np.stack(self._by_row(logs)[1:], axis=1)[self._back]

    def _by_row(self, logs: FloatArray) -> tuple[FloatArray, ...]:
        """ln L and its slopes in the four logarithms, of each distinct row."""
        r, alpha, a, b = np.exp(logs)
        x, k = self._x, self._counts
        by_count = (
            scipy.special.gammaln(r + k) - scipy.special.gammaln(r) + r * np.log(alpha)
            + scipy.special.gammaln(a + b) + scipy.special.gammaln(b + k)
            - scipy.special.gammaln(b) - scipy.special.gammaln(a + b + k)
        )  # fmt: skip
        left = np.log(a) - np.log(b + np.maximum(k, 1) - 1)
        log_age, log_t = np.log(alpha + self._age), np.log(alpha + self._t)
        # Of being gone since the last purchase, against being alive.
        odds = left[self._of] + (r + x) * (log_age - log_t)
        gone = np.where(self._came_back, scipy.special.expit(odds), 0.0)
        value = by_count[self._of] - (r + x) * log_age + np.where(self._came_back, np.logaddexp(0.0, odds), 0.0)
        by_b = scipy.special.digamma(a + b) - scipy.special.digamma(a + b + k)
        in_r = (scipy.special.digamma(r + k) - scipy.special.digamma(r) + np.log(alpha))[self._of] - (
            log_age - gone * (log_age - log_t)
        )
        in_alpha = r / alpha - (r + x) * ((1 - gone) / (alpha + self._age) + gone / (alpha + self._t))
        in_a = by_b[self._of] + gone / a
        in_b = (by_b + scipy.special.digamma(b + k) - scipy.special.digamma(b))[self._of] - gone / (
            b + np.maximum(x, 1) - 1
        )
        return value, r * in_r, alpha * in_alpha, a * in_a, b * in_b


def _histories(
    repeats: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    x, t, age = not_negative("repeats", repeats), not_negative("recency", recency), not_negative("age", age)
    if same_length(repeats=x, recency=t, age=age) == 0:
        raise EstimateError("There are no customers to tell purchases of. Choose a period or a filter with some.")
    if (x != np.floor(x)).any():
        raise EstimateError("repeats counts purchases, but is no whole number in some rows. Give counts.")
    if (t > age).any():
        raise EstimateError(
            "recency is larger than age in some rows: somebody bought after today. Leave these rows out."
        )
    if (age == 0).all():
        raise EstimateError("All customers bought today for the first time. Wait until some time has passed.")
    if (t[x == 0] > 0).any():
        raise EstimateError("recency is above 0 in rows without a repeat. Give 0 where there was one purchase only.")
    return x, t, age


def _distinct(*columns: FloatArray) -> tuple[list[FloatArray], npt.NDArray[np.int64]]:
    """The distinct rows, as columns, and for each row the place of its own among them."""
    order = np.lexsort(columns)
    changes = np.zeros(order.size, dtype=np.bool_)
    changes[0] = True
    for column in columns:
        ordered = column[order]
        changes[1:] |= ordered[1:] != ordered[:-1]
    back = np.empty(order.size, dtype=np.int64)
    back[order] = np.cumsum(changes) - 1
    first = order[changes]
    return [column[first] for column in columns], back

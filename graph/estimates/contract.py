"""How long contracts are renewed: the shifted beta-geometric model (sBG).

Each customer leaves at every renewal with a probability of his own, and these are beta(alpha, beta) over customers. The
ones who leave easily leave first, so retention rises with the time a cohort has been there; one rate for all would
value long-standing customers too low. Fader and Hardie, How to Project Customer Retention, J. Interactive Marketing 21
(2007).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy

from graph.estimates.columns import FloatArray, IntArray, finite, not_negative, same_length
from graph.estimates.estimate import EstimateError
from graph.estimates.likelihood import maximise

_WHAT = "The model of renewals (sBG)"
_MOST = np.array([1e4, 1e4])
_ADVICE = "Use the survival curve, or wait for more renewals."


@dataclass(frozen=True, slots=True)
class Renewals:
    """Renewals of contracts by how many periods they have lasted: of at_risk[k] in period k + 1, ended[k] left.

    float64 arrays of one length; cohorts of different ages add up.
    """

    at_risk: FloatArray
    ended: FloatArray


@dataclass(frozen=True, slots=True)
class Contract:
    """A fitted model, of n contracts; `errors` are the standard errors of alpha and beta.

    `errors` is None where customers do not differ measurably in how easily they leave, as where retention stays the
    same or falls with time: then all have nearly the same retention. `covariance` [2, 2] is that of their logarithms;
    None where `errors` is.
    """

    alpha: float
    beta: float
    errors: tuple[float, float] | None
    log_likelihood: float
    n: int
    covariance: FloatArray | None = field(default=None, compare=False, repr=False)

    def retention(self, period: npt.ArrayLike) -> FloatArray:
        """float64[n]: the share of those in their t-th period (t >= 1) who renew, (β + t − 1)/(α + β + t − 1)."""
        t = _periods(period)
        return np.asarray((self.beta + t - 1) / (self.alpha + self.beta + t - 1), dtype=np.float64)

    def survival(self, periods: npt.ArrayLike) -> FloatArray:
        """float64[n]: the share that is still there after so many periods (>= 0), B(α, β + t)/B(α, β)."""
        t = not_negative("periods", periods)
        return np.asarray(
            np.exp(scipy.special.betaln(self.alpha, self.beta + t) - scipy.special.betaln(self.alpha, self.beta)),
            dtype=np.float64,
        )

    def scores(self, periods: npt.ArrayLike, ended: npt.ArrayLike) -> FloatArray:
        """float64[n, 2]: the slope of each contract's ln L in the logarithms of alpha and beta; see `pulls`. Columns as
        of `renewals_of_contracts`.

        EstimateError: a period is below 1.
        """
        t, left = _periods(periods), np.asarray(ended, dtype=np.bool_)
        digamma, both = scipy.special.digamma, self.alpha + self.beta
        common = digamma(both + t - 1 + left) - digamma(both)
        in_beta = digamma(self.beta + t - 1) - digamma(self.beta) - common
        return np.stack((left - self.alpha * common, self.beta * in_beta), axis=1)

    def renewals(self, period: npt.ArrayLike, horizon: int) -> FloatArray:
        """float64[n, horizon]: the probability that a contract in its t-th period makes its next, next but one …
        renewal.

        EstimateError: a period is below 1.
        """
        t = _periods(period)[:, None] + np.arange(horizon)
        renewed = np.cumprod((self.beta + t - 1) / (self.alpha + self.beta + t - 1), axis=1)
        return np.asarray(renewed, dtype=np.float64)


def renewals_of_contracts(periods: npt.ArrayLike, ended: npt.ArrayLike) -> Renewals:
    """From contracts one by one: periods int[n] begun so far (>= 1), bool[n] whether it ended with the last.

    A contract in its t-th period has renewed t − 1 times; the renewal of the period it is in is still to come.

    EstimateError: a period below 1, or no contracts.
    """
    t, left = _periods(periods).astype(np.int64), np.asarray(ended, dtype=np.bool_)
    if same_length(periods=t, ended=left) == 0:
        raise EstimateError("There are no contracts. Choose a filter with some.")
    longest = int(t.max())
    ends = np.bincount(t[left] - 1, minlength=longest)
    renewed = _with_more(t, longest)
    at_risk = (renewed + ends).astype(np.float64)
    seen = int(np.flatnonzero(at_risk)[-1]) + 1 if at_risk.any() else 0
    return Renewals(at_risk[:seen], ends[:seen].astype(np.float64))


def fit_contract(renewals: Renewals) -> Contract:
    """alpha and beta by maximum likelihood.

    EstimateError: fewer than two periods, nothing ended or nothing renewed, or no convergence.
    """
    at_risk, ended = finite("at_risk", renewals.at_risk), finite("ended", renewals.ended)
    same_length(at_risk=at_risk, ended=ended)
    if (ended < 0).any() or (ended > at_risk).any():
        raise EstimateError("More contracts ended than there were, or fewer than none. Check the counts.")
    if np.count_nonzero(at_risk) < 2:
        raise EstimateError(f"{_WHAT} needs two periods with a renewal in each. {_ADVICE}")
    if ended.sum() == 0 or (ended == at_risk).all():
        raise EstimateError(f"{_WHAT} needs contracts that ended and contracts that were renewed. {_ADVICE}")
    total, before = at_risk.sum(), np.arange(at_risk.size)

    def objective(logs: FloatArray) -> tuple[float, FloatArray]:
        alpha, beta = np.exp(logs)
        all_of = alpha + beta + before
        stay = at_risk - ended
        value = ended.sum() * np.log(alpha) + stay @ np.log(beta + before) - at_risk @ np.log(all_of)
        common = (at_risk / all_of).sum()
        in_alpha, in_beta = ended.sum() / alpha - common, (stay / (beta + before)).sum() - common
        return -float(value / total), -np.array([alpha * in_alpha, beta * in_beta]) / total

    gone = float(ended.sum() / total)
    starts = [np.array([1.0, (1 - gone) / gone]), np.array([0.5, 1.0]), np.array([10 * gone, 10 * (1 - gone)])]
    fitted = maximise(objective, starts, _MOST, int(total), _WHAT)
    alpha, beta = (float(value) for value in fitted.values)
    errors = None if fitted.errors is None else (float(fitted.errors[0]), float(fitted.errors[1]))
    return Contract(alpha, beta, errors, fitted.log_likelihood, int(at_risk.max()), fitted.covariance)


def _periods(period: npt.ArrayLike) -> FloatArray:
    t = finite("period", period)
    if (t < 1).any() or (t != np.floor(t)).any():
        raise EstimateError("Periods are counted 1, 2, 3 …, the first one being 1. Check the column.")
    return t


def _with_more(t: IntArray, longest: int) -> IntArray:
    """How many have more than 1, 2, … `longest` periods."""
    return t.size - np.cumsum(np.bincount(t - 1, minlength=longest))

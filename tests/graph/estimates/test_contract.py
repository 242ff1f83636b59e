"""sBG, held against the paper's two cohorts, brute force and sums."""

from __future__ import annotations

import numpy as np
import pytest

from graph.estimates.contract import Contract, Renewals, fit_contract, renewals_of_contracts
from graph.estimates.estimate import EstimateError

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


def _of_cohort(survivors: list[int]) -> Renewals:
    """From how many there were at the start and after each period."""
    return Renewals(np.array(survivors[:-1], dtype=float), -np.diff(survivors).astype(float))


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.2), (REGULAR, 0.704, 1.182, -1680.3)],
)
def test_the_parameters_are_the_papers(survivors: list[int], alpha: float, beta: float, log_likelihood: float) -> None:
    """Fader and Hardie 2007: both cohorts over seven years."""
    model = fit_contract(_of_cohort(survivors))

    assert (round(model.alpha, 3), round(model.beta, 3)) == (alpha, beta)
    assert model.log_likelihood == pytest.approx(log_likelihood, abs=0.1)
    assert model.n == 1000
    np.testing.assert_allclose(1000 * model.survival(np.arange(8)), survivors, rtol=0.03)


def test_retention_rises_with_the_time_a_cohort_has_been_there() -> None:
    """And the products of retention are survival."""
    model = fit_contract(_of_cohort(HIGH_END))

    retention = model.retention(np.arange(1, 40))
    assert (np.diff(retention) > 0).all()
    np.testing.assert_allclose(np.cumprod(retention), model.survival(np.arange(1, 40)))


def test_contracts_one_by_one_are_the_same_as_their_cohort() -> None:
    """Who is in period 8 has renewed seven times; who ended with period k is at risk k times."""
    ended_with = np.repeat(np.arange(1, 8), -np.diff(HIGH_END))
    still_there = np.full(HIGH_END[-1], 8)

    renewals = renewals_of_contracts(
        np.concatenate([ended_with, still_there]), np.repeat([True, False], [ended_with.size, still_there.size])
    )

    assert renewals.at_risk.tolist() == HIGH_END[:-1]
    assert renewals.ended.tolist() == (-np.diff(HIGH_END)).tolist()


def test_errors_are_those_of_the_observed_information() -> None:
    """By statsmodels' differences of the likelihood as the paper has it, Σ n ln P(T = t) + n ln S."""
    from scipy.special import betaln
    from statsmodels.tools.numdiff import approx_hess3

    model = fit_contract(_of_cohort(HIGH_END))

    def log_likelihood(at: np.ndarray) -> float:
        alpha, beta = at
        periods = np.arange(1, 8)
        ends = betaln(alpha + 1, beta + periods - 1) - betaln(alpha, beta)
        return float(-np.diff(HIGH_END) @ ends + HIGH_END[-1] * (betaln(alpha, beta + 7) - betaln(alpha, beta)))

    information = -approx_hess3(np.array([model.alpha, model.beta]), log_likelihood)
    assert model.errors is not None
    np.testing.assert_allclose(model.errors, np.sqrt(np.diag(np.linalg.inv(information))), rtol=1e-3)
    assert model.log_likelihood == pytest.approx(log_likelihood(np.array([model.alpha, model.beta])))


@pytest.mark.parametrize(
    ("at_risk", "ended", "says"),
    [
        ([100], [10], "two periods"),
        ([100, 90], [0, 0], "contracts that ended"),
        ([100, 50], [100, 50], "contracts that were renewed"),
        ([10, 10], [11, 0], "More contracts ended"),
    ],
)
def test_renewals_that_do_not_tell_the_model_are_refused(at_risk: list[int], ended: list[int], says: str) -> None:
    """Nothing ended, everything did, or one period only."""
    with pytest.raises(EstimateError, match=says):
        fit_contract(Renewals(np.array(at_risk, dtype=float), np.array(ended, dtype=float)))


@pytest.mark.parametrize("ended", [[100, 90, 81, 73], [100, 180, 200, 220]])
def test_customers_who_do_not_differ_have_one_retention_and_no_errors(ended: list[int]) -> None:
    """Where it stays the same, or falls, it is that of all renewals together."""
    at_risk = 1000.0 - np.concatenate(([0], np.cumsum(ended)[:-1]))

    model = fit_contract(Renewals(at_risk, np.array(ended, dtype=float)))

    assert model.errors is None
    np.testing.assert_allclose(model.retention([1, 2, 10]), 1 - sum(ended) / at_risk.sum(), atol=2e-3)


def test_counts_that_cannot_be_are_refused() -> None:
    """Periods begin with 1."""
    model = Contract(1.0, 2.0, (0.0, 0.0), 0.0, 1)
    with pytest.raises(EstimateError, match="counted 1, 2, 3"):
        model.retention([0])

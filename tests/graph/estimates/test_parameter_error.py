"""Intervals that hold the error of the models, held against worlds whose truth is known and against differences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from graph.estimates.average import mean
from graph.estimates.buying import Buying, fit_buying
from graph.estimates.columns import FloatArray
from graph.estimates.contract import Contract, fit_contract, renewals_of_contracts
from graph.estimates.estimate import Estimate
from graph.estimates.lifetime_value import (
    DAYS_A_MONTH,
    expected_spend_or_average,
    slopes_of_contracts,
    slopes_of_value,
    value_of_contracts,
    value_without_contract,
)
from graph.estimates.parameter_error import ParameterError, mean_of_expected, pulls, sum_of_expected
from graph.estimates.spending import Spending, fit_spending

BUYING = Buying(0.6, 12.0, 0.8, 2.4, None, 0.0, 1)
SPENDING = Spending(6.25, 3.74, 15.44, None, 0.0, 1)
CONTRACT = Contract(0.668, 3.806, None, 0.0, 1)
MARGIN, MONTHS, RATE, WEEKS = 0.3, 6, 0.1, DAYS_A_MONTH / 7


@dataclass(frozen=True)
class World:
    """Customers who buy, leave and spend as `BUYING` and `SPENDING` have it; in weeks."""

    repeats: FloatArray
    recency: FloatArray
    age: FloatArray
    average: FloatArray

    @property
    def history(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        return self.repeats, self.recency, self.age

    def values(self, buying: Buying, spending: Spending) -> FloatArray:
        spend = expected_spend_or_average(spending, self.repeats + 1, self.average)
        return value_without_contract(buying, self.history, spend, MARGIN, MONTHS, RATE, WEEKS).values


def world(seed: int, n: int) -> World:
    rng = np.random.default_rng(seed)
    rate, leaves = np.maximum(rng.gamma(0.6, 1 / 12, n), 1e-9), rng.beta(0.8, 2.4, n)
    age = rng.integers(5, 100, n).astype(float)
    now, last, repeats, there = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while there.any():
        now += rng.exponential(1 / rate)
        there &= now <= age
        repeats, last = repeats + there, np.where(there, now, last)
        there &= rng.random(n) > leaves
    return World(repeats, last, age, rng.gamma(6.25 * (repeats + 1)) / rng.gamma(3.74, 1 / 15.44, n) / (repeats + 1))


def models_of(found: World, buying: Buying, spending: Spending) -> tuple[FloatArray, list[ParameterError]]:
    paid = found.repeats + 1, found.average
    spend = expected_spend_or_average(spending, *paid)
    value = value_without_contract(buying, found.history, spend, MARGIN, MONTHS, RATE, WEEKS)
    slopes = slopes_of_value(buying, spending, found.history, paid, value, MARGIN, WEEKS)
    assert buying.covariance is not None
    assert spending.covariance is not None
    return value.values, [
        ParameterError(slopes[0], buying.covariance, pulls(buying.covariance, buying.scores(*found.history))),
        ParameterError(slopes[1], spending.covariance, pulls(spending.covariance, spending.scores(*paid))),
    ]


def holds(found: Estimate | None, truth: float) -> bool:
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def held(worlds: int, n: int) -> Iterator[tuple[bool, bool, bool, bool]]:
    """Of each world whether the truth is within: the interval of the mean value, of the sum, of how likely customers
    are gone, and Student's t of the values without the models."""
    everybody = world(99, 20_000)
    truth = float(everybody.values(BUYING, SPENDING).mean())
    gone = float(1 - BUYING.alive(*everybody.history).mean())
    for seed in range(worlds):
        found = world(seed, n)
        buying, spending = fit_buying(*found.history), fit_spending(found.repeats + 1, found.average)
        if buying.covariance is None or spending.covariance is None:
            continue
        values, models = models_of(found, buying, spending)
        everyone = np.ones(n, dtype=bool)
        leaving = replace(models[0], slopes=-buying.alive_slopes(*found.history))
        yield (
            holds(mean_of_expected(values, everyone, models), truth),
            holds(sum_of_expected(values, everyone, models), float(found.values(BUYING, SPENDING).sum())),
            holds(mean_of_expected(1 - buying.alive(*found.history), everyone, [leaving]), gone),
            holds(mean(values), truth),
        )


def test_intervals_of_lifetime_value_hold_the_truth_as_often_as_they_say() -> None:
    """95 % of 20 companies are 19, fewer than 17 come once in sixty; Student's t of the values alone is in 14 or fewer.

    More companies, and closer bounds, are of the long tier.
    """
    of_mean, of_sum, of_gone, of_student = np.array(list(held(20, 300))).T

    assert len(of_mean) >= 19
    assert of_mean.sum() >= 17
    assert of_sum.sum() >= 17
    assert of_gone.sum() >= 17
    assert of_student.sum() <= 14


@pytest.mark.long
@pytest.mark.parametrize("n", [100, 300, 1_000])
def test_coverage_is_near_95_percent(n: int) -> None:
    """Of 200 companies, as far as the models' parameters can be told; a standard error of their share is 1.5 %."""
    of_mean, of_sum, of_gone, _ = np.array(list(held(200, n))).T

    assert 0.91 <= of_mean.mean() <= 0.99
    assert 0.91 <= of_sum.mean() <= 0.99
    assert 0.91 <= of_gone.mean() <= 0.99


def test_the_sum_of_contracts_holds_the_truth_as_often_as_it_says() -> None:
    """sBG: 40 companies of 400 monthly contracts, some begun a month ago and some a year ago."""
    within = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        offered = rng.integers(1, 13, 400)
        leaves = rng.geometric(rng.beta(CONTRACT.alpha, CONTRACT.beta, 400))
        ended = leaves <= offered
        periods = np.where(ended, leaves, offered + 1)
        model = fit_contract(renewals_of_contracts(periods, ended))
        if model.covariance is None:
            continue
        period, terms = periods[~ended], (np.full((~ended).sum(), 0.5), np.full((~ended).sum(), 10.0), 12, 0.1)
        values = value_of_contracts(model, period, *terms).values
        errors = ParameterError(
            slopes_of_contracts(model, period, *terms),
            model.covariance,
            pulls(model.covariance, model.scores(periods, ended)),
        )
        truth = value_of_contracts(CONTRACT, period, *terms).total
        within.append(holds(sum_of_expected(values, np.ones(len(values), dtype=bool), [errors]), truth))

    assert len(within) >= 38
    assert sum(within) >= 35


def test_slopes_are_differences_of_values() -> None:
    """In each of the seven logarithms, for each customer, over a horizon longer than the times that are differenced."""
    found = world(3, 200)
    buying, spending = fit_buying(*found.history), fit_spending(found.repeats + 1, found.average)
    _, models = models_of(found, buying, spending)
    step = 1e-4
    for number, at in enumerate(np.eye(4) * step):
        more, less = (found.values(buying.with_logarithms(buying.logarithms() + each), spending) for each in (at, -at))
        np.testing.assert_allclose(models[0].slopes[:, number], (more - less) / (2 * step), rtol=2e-3, atol=2e-3)
    for number, name in enumerate("pqv"):
        more, less = (
            found.values(buying, replace(spending, **{name: getattr(spending, name) * np.exp(each)}))
            for each in (step, -step)
        )
        np.testing.assert_allclose(models[1].slopes[:, number], (more - less) / (2 * step), rtol=1e-5)


def test_customers_pull_in_all_directions_and_by_as_much_as_the_covariance_says() -> None:
    """At the maximum pulls sum to 0; Σ pull² is the covariance again where the model holds (information equality)."""
    found = world(1, 5_000)
    buying, spending = fit_buying(*found.history), fit_spending(found.repeats + 1, found.average)
    _, models = models_of(found, buying, spending)
    rng = np.random.default_rng(5)
    leaves, offered = rng.geometric(rng.beta(0.668, 3.806, 5_000)), np.full(5_000, 10)
    periods, ended = np.where(leaves <= 10, leaves, offered + 1), leaves <= 10
    contract = fit_contract(renewals_of_contracts(periods, ended))
    assert contract.covariance is not None
    of_contracts = pulls(contract.covariance, contract.scores(periods, ended))

    for pulled, covariance in [
        *((model.pulls, model.covariance) for model in models),
        (of_contracts, contract.covariance),
    ]:
        assert np.abs(pulled.sum(axis=0)).max() < 1e-4
        np.testing.assert_allclose((pulled**2).sum(axis=0), np.diag(covariance), rtol=0.15)


def test_without_models_the_mean_is_students() -> None:
    """And the sum, of all there are, has no error; of one value there is no interval, of none no estimate."""
    values, some = np.array([1.0, 4.0, 7.0, 100.0]), np.array([True, True, True, False])

    ours, theirs = mean_of_expected(values, some, []), mean(values[:3])
    assert ours is not None
    assert theirs is not None
    assert (ours.value, ours.low, ours.high, ours.n) == pytest.approx((4.0, theirs.low, theirs.high, 3))
    total = sum_of_expected(values, some, [])
    assert total is not None
    assert (total.low, total.value, total.high) == (12.0, 12.0, 12.0)
    only = mean_of_expected(values, values > 50, [])
    assert only is not None
    assert (only.value, only.low, only.high) == (100.0, None, None)
    assert mean_of_expected(values, values > 500, []) is None
    assert sum_of_expected(values, values > 500, []) is None


def test_who_is_not_chosen_has_a_part_in_the_error() -> None:
    """By hand: the fit is of both, so the mean of the first two moves with the third's pull: φ = (−½ + 0, ½, .6)."""
    model = ParameterError(np.array([[2.0], [4.0], [9.0]]), np.array([[0.04]]), np.array([[0.0], [0.0], [0.2]]))

    found = mean_of_expected(np.array([1.0, 3.0, 5.0]), np.array([True, True, False]), [model])

    assert found is not None
    assert found.high is not None
    assert found.high - found.value == pytest.approx(12.7062 * np.sqrt(2 * (0.25 + 0.25 + 0.36)), rel=1e-5)
    total = sum_of_expected(np.array([1.0, 3.0, 5.0]), np.array([True, True, False]), [model])
    assert total is not None
    # The summed slope is 6, so that the standard error is 6 · 0.2, of 4.
    assert total.high == pytest.approx(4 * np.exp(1.959964 * 0.3), rel=1e-6)
    assert total.low == pytest.approx(4 / np.exp(1.959964 * 0.3), rel=1e-6)

"""Drivers, held against statsmodels, all orders of drivers, and Grömping's published shares."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from graph.estimates.drivers import Drivers, drivers
from graph.estimates.estimate import EstimateError

# R's data set `swiss` (Mosteller and Tukey 1977): fertility of 47 provinces in 1888 and what goes with it.
SWISS = """
80.2 17.0 15 12 9.96 22.2  83.1 45.1 6 9 84.84 22.2   92.5 39.7 5 5 93.40 20.2   85.8 36.5 12 7 33.77 20.3
76.9 43.5 17 15 5.16 20.6  76.1 35.3 9 7 90.57 26.6   83.8 70.2 16 7 92.85 23.6  92.4 67.8 14 8 97.16 24.9
82.4 53.3 12 7 97.67 21.0  82.9 45.2 16 13 91.38 24.4 87.1 64.5 14 6 98.61 24.5  64.1 62.0 21 12 8.52 16.5
66.9 67.5 14 7 2.27 19.1   68.9 60.7 19 12 4.43 22.7  61.7 69.3 22 5 2.82 18.7   68.3 72.6 18 2 24.20 21.2
71.7 34.0 17 8 3.30 20.0   55.7 19.4 26 28 12.11 20.2 54.3 15.2 31 20 2.15 10.8  65.1 73.0 19 9 2.84 20.0
65.5 59.8 22 10 5.23 18.0  65.0 55.1 14 3 4.52 22.4   56.6 50.9 22 12 15.14 16.7 57.4 54.1 20 6 4.20 15.3
72.5 71.2 12 1 2.40 21.0   74.2 58.1 14 8 5.23 23.8   72.0 63.5 6 3 2.56 18.0    60.5 60.8 16 10 7.72 16.3
58.3 26.8 25 19 18.46 20.9 65.4 49.5 15 8 6.10 22.5   75.5 85.9 3 2 99.71 15.1   69.3 84.9 7 6 99.68 19.8
77.3 89.7 5 2 100.00 18.3  70.5 78.2 12 6 98.96 19.4  79.4 64.9 7 3 98.22 20.2   65.0 75.9 9 9 99.06 17.8
92.2 84.6 3 3 99.46 16.3   79.3 63.1 13 13 96.83 18.1 70.4 38.4 26 12 5.62 20.3  65.7 7.7 29 11 13.79 20.5
72.7 16.7 22 13 11.22 18.9 64.4 17.6 35 32 16.92 23.0 77.6 37.6 15 7 4.97 20.0   67.6 18.7 25 7 8.65 19.5
35.0 1.2 37 53 42.34 18.0  44.7 46.6 16 29 50.43 18.2 42.8 27.7 22 29 58.33 19.3
"""


def swiss() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    # Every province twice: shares stay, and 47 rows are too few for five drivers.
    rows = np.tile(np.array(SWISS.split(), dtype=float).reshape(47, 6), (2, 1))
    names = ("Agriculture", "Examination", "Education", "Catholic", "Infant.Mortality")
    return rows[:, 0], dict(zip(names, rows.T[1:], strict=True))


def table(n: int = 120, seed: int = 1) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A score with four drivers that go together and spread more where the first is large."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n)
    wait, replies, price, visits = (common * part + rng.normal(size=n) for part in (1, 0.7, 0.2, 0.0))
    score = 7 - 0.8 * wait + 0.3 * replies + 0.1 * visits + rng.normal(size=n) * (0.5 + np.abs(wait))
    return score, {"wait": 3 * wait + 10, "replies": replies, "price": 100 * price, "visits": visits}


@pytest.fixture(scope="module")
def model() -> Drivers:
    return drivers(*table(), random=np.random.default_rng(1))


def test_the_shares_of_swiss_are_those_relaimpo_tells() -> None:
    """Grömping 2006 (Journal of Statistical Software 17, 1): LMG of `swiss`, whose R² is 70.67 %."""
    found = drivers(*swiss(), random=np.random.default_rng(1), draws=10)

    assert found.r2 == pytest.approx(0.7067, abs=5e-5)
    assert [driver.share.value * found.r2 for driver in found.drivers] == pytest.approx(
        [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592], abs=1e-6
    )


def test_coefficients_and_their_intervals_are_those_of_statsmodels(model: Drivers) -> None:
    """Least squares with HC3 errors and Student's t."""
    from statsmodels.regression.linear_model import OLS

    score, columns = table()
    theirs = OLS(score, np.column_stack([np.ones(score.size), *columns.values()])).fit(cov_type="HC3", use_t=True)

    np.testing.assert_allclose([model.intercept, *(d.coefficient.value for d in model.drivers)], theirs.params)
    intervals = [(driver.coefficient.low, driver.coefficient.high) for driver in model.drivers]
    np.testing.assert_allclose(intervals, theirs.conf_int()[1:])
    np.testing.assert_allclose(model.covariance, theirs.cov_params()[1:, 1:])
    assert model.r2 == pytest.approx(theirs.rsquared)


def test_shares_are_the_mean_over_all_orders_of_drivers(model: Drivers) -> None:
    """Brute force: 24 orders, each driver's gain in R² when it joins."""
    score, columns = table()
    x = np.column_stack(list(columns.values()))

    def explained(places: tuple[int, ...]) -> float:
        design = np.column_stack([np.ones(score.size), x[:, places]])
        rest = score - design @ np.linalg.lstsq(design, score, rcond=None)[0]
        return 1 - float(rest @ rest) / float(((score - score.mean()) ** 2).sum())

    gains = np.zeros(4)
    for order in permutations(range(4)):
        for place, driver in enumerate(order):
            gains[driver] += explained(order[: place + 1]) - explained(order[:place])

    np.testing.assert_allclose([driver.share.value for driver in model.drivers], gains / 24 / model.r2)
    assert sum(driver.share.value for driver in model.drivers) == pytest.approx(1)


def test_shares_have_intervals_of_the_bootstrap_that_the_generator_repeats() -> None:
    """Resampled rows one by one, the same draws: the same percentiles."""
    score, columns = table()
    model = drivers(score, columns, np.random.default_rng(1), draws=100)
    x = np.column_stack(list(columns.values()))
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(100):
        rows = rng.integers(0, score.size, score.size)
        again = dict(zip(columns, x[rows].T, strict=True))
        drawn.append([d.share.value for d in drivers(score[rows], again, np.random.default_rng(0), draws=1).drivers])

    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    np.testing.assert_allclose([driver.share.low for driver in model.drivers], low, rtol=1e-6)
    np.testing.assert_allclose([driver.share.high for driver in model.drivers], high, rtol=1e-6)


def test_what_if_is_the_change_of_the_prediction(model: Drivers) -> None:
    """Two hours less to wait and one reply more, as statsmodels tests that contrast."""
    from statsmodels.regression.linear_model import OLS

    score, columns = table()
    theirs = OLS(score, np.column_stack([np.ones(score.size), *columns.values()])).fit(cov_type="HC3", use_t=True)
    contrast = theirs.t_test(np.array([0.0, -2.0, 1.0, 0.0, 0.0]))

    change = model.what_if({"wait": -2, "replies": 1})

    assert change.value == pytest.approx(contrast.effect[0])
    np.testing.assert_allclose([change.low, change.high], contrast.conf_int()[0])
    with pytest.raises(EstimateError, match=r"weather: no such driver.*wait, replies, price, visits"):
        model.what_if({"weather": 1})


def test_twelve_drivers_are_shared_out_and_thirteen_refused() -> None:
    """4,096 models a draw."""
    rng = np.random.default_rng(2)
    columns = {f"driver {number}": rng.normal(size=200) for number in range(13)}
    score = sum(columns.values()) + rng.normal(size=200)

    with pytest.raises(EstimateError, match="13 drivers are more than 12"):
        drivers(score, columns, rng)
    del columns["driver 12"]
    found = drivers(score, columns, rng, draws=20)
    assert sum(driver.share.value for driver in found.drivers) == pytest.approx(1)
    assert all((d.share.low or 0) <= d.share.value <= (d.share.high or 0) for d in found.drivers)


def test_tables_that_tell_no_drivers_are_refused() -> None:
    """Each with the column it is about."""
    rng = np.random.default_rng(3)
    score, one, other = rng.normal(size=(3, 60))
    single = np.zeros(60)
    single[7] = 1.0
    refused: list[tuple[dict[str, np.ndarray], str]] = [
        ({}, "no drivers"),
        ({"one": one, "twice": 2 * one, "other": other}, "one, twice: each follows from the others"),
        ({"one": one, "flat": np.full(60, 3.0)}, "flat: the same in every row"),
        ({"one": one, "single": single}, "single: one row alone decides"),
        ({"one": one[:50]}, "one: not as long as the score"),
        ({"one": np.where(one > 2, np.nan, one) if (one > 2).any() else one * np.nan}, "no number"),
    ]
    for columns, says in refused:
        with pytest.raises(EstimateError, match=says):
            drivers(score, columns, rng)
    with pytest.raises(EstimateError, match=r"20 rows are too few for 1 drivers\. Take 30 or more"):
        drivers(score[:20], {"one": one[:20]}, rng)
    with pytest.raises(EstimateError, match="score: the same"):
        drivers(np.ones(60), {"one": one}, rng)

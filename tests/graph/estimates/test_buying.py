"""BG/NBD, held against the paper's CDNOW, the package lifetimes, and integrals and simulations of the model itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from graph.estimates.buying import Buying, fit_buying
from graph.estimates.estimate import EstimateError
from tests.graph.estimates.cdnow import customers

PAPER = Buying(0.243, 4.414, 0.793, 2.426, (0.0, 0.0, 0.0, 0.0), 0.0, 2357)


@pytest.fixture(scope="module")
def cdnow() -> Buying:
    x, t, age, _ = customers()
    return fit_buying(x, t, age)


def test_the_parameters_of_cdnow_are_the_papers(cdnow: Buying) -> None:
    """Fader, Hardie and Lee 2005, table 2: .243, 4.414, .793, 2.426, ln L −9582.4."""
    found = [cdnow.r, cdnow.alpha, cdnow.a, cdnow.b]
    assert [round(value, 3) for value in found] == [0.243, 4.414, 0.793, 2.426]
    assert round(cdnow.log_likelihood, 1) == -9582.4


def test_parameters_and_their_errors_are_those_of_lifetimes(cdnow: Buying) -> None:
    """Which takes its Hessian from automatic differentiation."""
    from lifetimes import BetaGeoFitter

    x, t, age, _ = customers()
    with np.errstate(all="ignore"):
        theirs = BetaGeoFitter().fit(x, t, age).summary
    np.testing.assert_allclose([cdnow.r, cdnow.alpha, cdnow.a, cdnow.b], theirs["coef"], rtol=1e-4)
    assert cdnow.errors is not None
    np.testing.assert_allclose(cdnow.errors, theirs["se(coef)"], rtol=1e-3)


def test_what_cdnows_customers_are_expected_to_do_is_what_lifetimes_says() -> None:
    """All 2,357 of them, over 39 weeks."""
    from lifetimes import BetaGeoFitter

    x, t, age, _ = customers()
    with np.errstate(all="ignore"):
        theirs = BetaGeoFitter().fit(x, t, age)
        alive = theirs.conditional_probability_alive(x, t, age)
        purchases = theirs.conditional_expected_number_of_purchases_up_to_time(39, x, t, age)
    r, alpha, a, b = theirs.params_
    ours = Buying(r, alpha, a, b, (0.0, 0.0, 0.0, 0.0), 0.0, x.size)

    np.testing.assert_allclose(ours.alive(x, t, age), alive, rtol=1e-9)
    np.testing.assert_allclose(ours.expected_purchases(39, x, t, age), purchases, rtol=1e-7)


def test_the_papers_customer_is_expected_to_buy_one_point_two_times() -> None:
    """x = 2, t = 30.43, T = 38.86: 1.226 purchases in the next 39 weeks, alive with .73."""
    assert PAPER.expected_purchases(39, [2], [30.43], [38.86])[0] == pytest.approx(1.226, abs=2e-3)
    assert PAPER.alive([2], [30.43], [38.86])[0] == pytest.approx(0.7266, abs=1e-3)


@pytest.mark.parametrize(("x", "t", "age"), [(0, 0, 5), (3, 20, 30), (400, 300, 301), (2_000, 900, 1_000)])
@pytest.mark.parametrize("a", [0.4, 1.0, 3.0, 100.0])
def test_expected_purchases_are_the_integral_over_rates_and_leaving(x: int, t: float, age: float, a: float) -> None:
    """By quadrature: of who is alive, the rate is gamma(r + x, α + T), leaving beta(a, b + x), and (1 − e^(−λps))/p are
    bought; of a regular customer of thousands of purchases, too, where the formula as it is printed overflows."""
    model = Buying(0.5, 10.0, a, 2.5, (0.0, 0.0, 0.0, 0.0), 0.0, 1)
    within, shape, rate = 50.0, 0.5 + x, 10.0 + age

    def bought(p: np.ndarray) -> np.ndarray:
        # The gamma is integrated by hand: E e^(−λps) = (rate / (rate + p s))^shape.
        log_density = (a - 1) * np.log(p) + (2.5 + x - 1) * np.log1p(-p) - special.betaln(a, 2.5 + x)
        return np.exp(log_density) * -np.expm1(shape * np.log(rate / (rate + p * within))) / p

    edges = np.concatenate(([0.0], np.geomspace(1e-12, 1 - 1e-12, 80)))
    mean = sum(integrate.fixed_quad(bought, low, high, n=40)[0] for low, high in pairwise(edges))

    expected = model.expected_purchases(within, [x], [t], [age])[0]
    assert expected == pytest.approx(mean * model.alive([x], [t], [age])[0], rel=2e-5)


def test_parameters_of_a_simulated_company_are_found_again() -> None:
    """6,000 customers who buy and leave as the model has it; each parameter within four standard errors."""
    rng = np.random.default_rng(1)
    n, true = 6_000, (0.6, 12.0, 0.8, 2.4)
    rate, leaves, age = rng.gamma(0.6, 1 / 12, n), rng.beta(0.8, 2.4, n), rng.integers(5, 150, n).astype(float)
    now, last, repeats, there = np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n, dtype=bool)
    while there.any():
        now += rng.exponential(1 / np.maximum(rate, 1e-9))
        there &= now <= age
        repeats, last = repeats + there, np.where(there, now, last)
        there &= rng.random(n) > leaves

    model = fit_buying(repeats, last, age)

    found = np.array([model.r, model.alpha, model.a, model.b])
    assert model.errors is not None
    assert (np.abs(found - true) < 4 * np.array(model.errors)).all()
    assert (np.array(model.errors) < 0.5 * np.array(true)).all()


def test_the_unit_of_time_does_not_matter() -> None:
    """In days instead of weeks alpha is seven times larger; the rest is the same."""
    x, t, age, _ = customers()

    weeks, days = fit_buying(x, t, age), fit_buying(x, 7 * t, 7 * age)

    assert (days.r, days.a, days.b) == pytest.approx((weeks.r, weeks.a, weeks.b), rel=1e-4)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-4)
    assert days.errors is not None
    assert weeks.errors is not None
    assert days.errors[1] == pytest.approx(7 * weeks.errors[1], rel=1e-3)


def test_customers_who_are_alike_have_a_forecast_but_no_errors() -> None:
    """Everybody came back five times in ten weeks, the last time just now: some 26 times more in the next 52."""
    model = fit_buying([5.0] * 50, [9.9] * 50, [10.0] * 50)

    assert model.errors is None
    assert model.alive([5], [9.9], [10])[0] > 0.9
    assert 15 < model.expected_purchases(52, [5], [9.9], [10])[0] < 27


def test_leaving_that_is_the_same_for_all_is_found() -> None:
    """Of 3,000 who buy at rates that differ and leave after a purchase with .4 each: as those would, by the model."""
    rng = np.random.default_rng(6)
    n = 3_000
    rate, age = rng.gamma(0.8, 1 / 10, n), np.full(n, 100.0)
    stays = rng.geometric(0.4, n)
    gaps = rng.exponential(1 / np.maximum(rate, 1e-9)[:, None], (n, 40))
    moments = np.cumsum(gaps, axis=1)
    bought = (moments <= 100) & (np.arange(40) < stays[:, None])
    repeats, recency = bought.sum(axis=1), np.where(bought, moments, 0.0).max(axis=1)

    model = fit_buying(repeats, recency, age)

    assert model.a / (model.a + model.b) == pytest.approx(0.4, abs=0.03)
    later = ((moments > 100) & (moments <= 200) & (np.arange(40) < stays[:, None])).sum()
    expected = model.expected_purchases(100, repeats, recency, age).sum()
    assert expected == pytest.approx(later, rel=0.15)


@settings(deadline=None)
@given(
    st.integers(1, 3_000),
    st.floats(0, 1),
    st.floats(0.1, 5_000),
    st.floats(0, 5_000),
    st.sampled_from([0.1, 0.793, 100]),
)
def test_a_history_has_a_probability_and_purchases_to_come(
    x: int, share: float, age: float, within: float, a: float
) -> None:
    """Of any length and density: finite, alive between 0 and 1, purchases not below 0 and no fewer in a longer time."""
    model = Buying(0.243, 4.414, a, 2.426, None, 0.0, 1)
    history = [x], [share * age], [age]
    alive = model.alive(*history)[0]
    purchases, more = (model.expected_purchases(time, *history)[0] for time in (within, within + 1))

    assert 0 <= alive <= 1
    assert 0 <= purchases <= more * (1 + 1e-4) < float("inf")


@pytest.mark.parametrize(
    ("repeats", "recency", "age", "says"),
    [
        ([], [], [], "no customers"),
        ([0, 0, 0], [0, 0, 0], [5, 6, 7], "0 of 3 customers bought a second time, and 10 are needed"),
        ([1, 2], [6, 3], [5, 5], "larger than age"),
        ([0, 2], [1, 3], [5, 5], "Give 0 where"),
        ([0.5, 2], [0, 3], [5, 5], "no whole number"),
        ([0, 0], [0, 0], [0, 0], "bought today"),
        ([1], [1, 2], [3, 4], "different lengths"),
    ],
)
def test_customers_whose_purchases_cannot_be_forecast_are_refused(
    repeats: list[float], recency: list[float], age: list[float], says: str
) -> None:
    """The message says why; nothing is divided by zero on the way."""
    with pytest.raises(EstimateError, match=says):
        fit_buying(repeats, recency, age)

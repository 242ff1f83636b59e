"""Gamma-Gamma, held against the paper's CDNOW and the package lifetimes."""

from __future__ import annotations

import numpy as np
import pytest

from graph.estimates.estimate import EstimateError
from graph.estimates.spending import Spending, correlation, fit_spending
from tests.graph.estimates.cdnow import customers


@pytest.fixture(scope="module")
def cdnow() -> Spending:
    x, _, _, spend = customers()
    return fit_spending(x, spend)


def test_the_parameters_of_cdnow_are_the_notes(cdnow: Spending) -> None:
    """Fader and Hardie 2013: p 6.25, q 3.74, v 15.44; the average of all is 35.2 dollars; 946 came back."""
    assert (round(cdnow.p, 2), round(cdnow.q, 2)) == (6.25, 3.74)
    assert cdnow.v == pytest.approx(15.44, abs=0.02)
    assert round(cdnow.average(), 1) == 35.2
    assert cdnow.n == 946


def test_expected_spend_is_that_of_lifetimes(cdnow: Spending) -> None:
    """Parameters, their errors, and each of 946 customers."""
    from lifetimes import GammaGammaFitter

    x, _, _, spend = customers()
    came_back = x > 0
    with np.errstate(all="ignore"):
        theirs = GammaGammaFitter().fit(x[came_back], spend[came_back])
        expected = theirs.conditional_expected_average_profit(x[came_back], spend[came_back])

    np.testing.assert_allclose([cdnow.p, cdnow.q, cdnow.v], theirs.params_, rtol=2e-3)
    assert cdnow.errors is not None
    np.testing.assert_allclose(cdnow.errors, theirs.summary["se(coef)"], rtol=1e-2)
    np.testing.assert_allclose(cdnow.expected_spend(x[came_back], spend[came_back]), expected, rtol=1e-3)


def test_who_bought_little_is_believed_to_spend_as_others_do(cdnow: Spending) -> None:
    """One purchase of 100 says less than ten; no purchase says nothing."""
    none, one, ten = cdnow.expected_spend([0, 1, 10], [0, 100, 100])

    assert none == pytest.approx(cdnow.average())
    assert none < one < ten < 100


def test_frequency_and_spend_of_cdnow_hardly_go_together() -> None:
    """The papers' .11, with Fisher's interval by hand."""
    x, _, _, spend = customers()

    ours = correlation(x, spend)

    assert ours is not None
    assert ours.value == pytest.approx(np.corrcoef(x[x > 0], spend[x > 0])[0, 1])
    assert round(ours.value, 2) == 0.11
    z = np.arctanh(ours.value)
    assert ours.low == pytest.approx(np.tanh(z - 1.959964 / np.sqrt(943)), abs=1e-6)
    assert ours.n == 946


def test_a_correlation_that_cannot_be_is_none() -> None:
    """All buy once, or all spend the same, or there is one customer."""
    assert correlation([1, 1, 1], [5, 6, 7]) is None
    assert correlation([1, 2, 3], [5, 5, 5]) is None
    assert correlation([4], [5]) is None
    perfect = correlation([1, 2, 3, 4], [10, 20, 30, 40])
    assert perfect is not None
    assert (perfect.value, perfect.low) == (pytest.approx(1.0), None)


def test_the_currency_does_not_matter(cdnow: Spending) -> None:
    """In cents v is a hundred times larger; the rest is the same."""
    x, _, _, spend = customers()

    cents = fit_spending(x, 100 * spend)

    assert (cents.p, cents.q, cents.v) == pytest.approx((cdnow.p, cdnow.q, 100 * cdnow.v), rel=1e-3)


@pytest.mark.parametrize(
    ("purchases", "average", "says"),
    [
        ([], [], "0 customers have a purchase"),
        ([1, 2], [0, 0], "0 customers have a purchase"),
        ([1, 2, 3], [5, 6, 7], "3 customers have a purchase of a value above 0, of 10 needed"),
        ([1, 2], [-5, 5], "below 0"),
        ([1, 2], [5], "different lengths"),
    ],
)
def test_spend_that_cannot_be_forecast_is_refused(purchases: list[float], average: list[float], says: str) -> None:
    """The message says why."""
    with pytest.raises(EstimateError, match=says):
        fit_spending(purchases, average)


def test_customers_who_spend_alike_are_expected_to_go_on_so() -> None:
    """All purchases are worth about 20: so is the next one of everybody, but parameters are not told apart."""
    spend = 20 + np.linspace(-0.01, 0.01, 40)

    model = fit_spending([3] * 40, spend)

    assert model.errors is None
    np.testing.assert_allclose(model.expected_spend([0, 1, 9], [0, 20, 20]), 20, rtol=0.01)


def test_spend_without_a_mean_is_refused() -> None:
    """q <= 1: the average of all is infinite; of somebody known it is not."""
    wild = Spending(2.0, 0.8, 5.0, (0.0, 0.0, 0.0), 0.0, 10)

    assert wild.expected_spend([3], [20])[0] == pytest.approx(2 * (5 + 60) / (6 + 0.8 - 1))
    with pytest.raises(EstimateError, match="no finite value"):
        wild.expected_spend([0], [0])

"""Lifetime value, held against the package lifetimes, closed forms and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import hyp2f1

from graph.estimates.buying import Buying
from graph.estimates.contract import Contract
from graph.estimates.estimate import EstimateError
from graph.estimates.lifetime_value import (
    expected_spend_or_average,
    value_by_survival,
    value_of_contracts,
    value_without_contract,
)
from graph.estimates.spending import Spending
from graph.estimates.survival import kaplan_meier
from tests.graph.estimates.cdnow import customers

BUYING = Buying(0.2426, 4.4135, 0.7929, 2.4258, (0.0, 0.0, 0.0, 0.0), 0.0, 2357)
SPENDING = Spending(6.25, 3.744, 15.45, (0.0, 0.0, 0.0), 0.0, 946)
CONTRACT = Contract(0.668, 3.806, (0.0, 0.0), 0.0, 1000)
YEARLY = 1.01**12 - 1


def test_the_value_of_cdnows_customers_is_that_of_lifetimes() -> None:
    """Twelve months of 30 days at 1 % a month; the margin halves it."""
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    x, t, age, spend = customers()
    came_back = x > 0
    history = x[came_back], t[came_back], age[came_back]
    spend = spend[came_back]
    theirs, gamma = BetaGeoFitter(), GammaGammaFitter()
    theirs.params_ = pd.Series({"r": BUYING.r, "alpha": BUYING.alpha, "a": BUYING.a, "b": BUYING.b})
    theirs.predict = theirs.conditional_expected_number_of_purchases_up_to_time
    gamma.params_ = pd.Series({"p": SPENDING.p, "q": SPENDING.q, "v": SPENDING.v})
    series = [pd.Series(column) for column in (*history, spend)]
    with np.errstate(all="ignore"):
        expected = gamma.customer_lifetime_value(theirs, *series, time=12, discount_rate=0.01, freq="W")

    ours = value_without_contract(
        BUYING, history, SPENDING.expected_spend(history[0], spend), 0.5, 12, YEARLY, month=4.345
    )

    np.testing.assert_allclose(ours.values, expected / 2, rtol=1e-6)
    assert ours.total == pytest.approx(expected.sum() / 2)
    assert (ours.months, ours.discount_rate) == (12, YEARLY)


def test_without_a_discount_it_is_the_expected_purchases_times_spend() -> None:
    """A month is then as good as another."""
    value = value_without_contract(BUYING, ([3], [20], [30]), [40], 0.25, 6, 0.0, month=4.0)

    assert value.values[0] == pytest.approx(BUYING.expected_purchases(24, [3], [20], [30])[0] * 40 * 0.25)


def test_who_never_paid_counts_as_one_of_whom_nothing_is_known() -> None:
    """A repeat of value 0 does not make spend 0."""
    spend = expected_spend_or_average(SPENDING, [2, 0, 3], [0, 0, 50])

    assert spend[:2].tolist() == [SPENDING.average()] * 2
    assert spend[2] == SPENDING.expected_spend([3], [50])[0]


def test_the_value_of_contracts_over_a_long_horizon_is_that_of_all_payments_to_come() -> None:
    """Yearly contracts at 10 % for 400 years, standing before the renewal: DERL of Fader and Hardie 2010."""
    periods = np.array([1, 2, 7])

    value = value_of_contracts(CONTRACT, periods, np.zeros(3), [100, 100, 50], 4_800, 0.1, months_a_period=12)

    # Formula 6: (β + t − 1)/(α + β + t − 1) ₂F₁(1, β + t; α + β + t; 1/(1 + d)).
    all_of = CONTRACT.alpha + CONTRACT.beta + periods
    to_come = (CONTRACT.beta + periods - 1) / (all_of - 1) * hyp2f1(1, CONTRACT.beta + periods, all_of, 1 / 1.1)
    np.testing.assert_allclose(value.values, to_come * [100, 100, 50], rtol=1e-6)


def test_only_renewals_within_the_horizon_count_from_when_they_are_due() -> None:
    """By hand: yearly contract, renewals due in 3 and 15 months, horizon 24; one due in 30 months counts nothing."""
    value = value_of_contracts(CONTRACT, [2, 2], [3, 30], [200, 200], 24, 0.1, months_a_period=12)

    first = (3.806 + 1) / (0.668 + 3.806 + 1)
    second = first * (3.806 + 2) / (0.668 + 3.806 + 2)
    assert value.values[0] == pytest.approx(200 * (first * 1.1**-0.25 + second * 1.1**-1.25))
    assert value.values[1] == 0


def test_the_value_by_survival_is_a_sum_over_the_curve() -> None:
    """By hand: of four, one leaves after 1, 2, 3 and 4 months each; two months at 12 € a month, without discount."""
    curve = kaplan_meier([1, 2, 3, 4], [True] * 4)
    assert curve is not None

    value = value_by_survival(curve, [0, 1, 5], [12, 12, 12], 2, 0.0)

    assert value.values.tolist() == pytest.approx([12 * (0.75 + 0.5), 12 * (2 / 3 + 1 / 3), 0])
    assert value.cut_short == 0


def test_beyond_what_the_curve_knows_nothing_is_counted_and_that_is_said() -> None:
    """The longest contract seen is 10 months old and goes on: month 11 is not invented."""
    curve = kaplan_meier([2, 10, 10, 10], [True, False, False, False])
    assert curve is not None

    value = value_by_survival(curve, [0, 8, 11], [1, 1, 1], 4, 0.0)

    assert value.values.tolist() == pytest.approx([1 + 3 * 0.75, 2, 0])
    assert value.cut_short == 2


def test_rates_that_cannot_be_are_refused() -> None:
    """Horizon, margin, discount and period."""
    history = [1], [1], [2]
    with pytest.raises(EstimateError, match="no share of revenue"):
        value_without_contract(BUYING, history, [10], 30, 12, 0.1)
    with pytest.raises(EstimateError, match="horizon of 0 months"):
        value_without_contract(BUYING, history, [10], 0.3, 0, 0.1)
    with pytest.raises(EstimateError, match="discount rate of -1"):
        value_of_contracts(CONTRACT, [1], [0], [10], 12, -1)
    with pytest.raises(EstimateError, match="period of 0 months"):
        value_of_contracts(CONTRACT, [1], [0], [10], 12, 0.1, months_a_period=0)

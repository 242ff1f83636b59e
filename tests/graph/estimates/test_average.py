"""Means, medians and quantiles, held against scipy and against the binomial distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graph.estimates.average import mean, median, quantile
from graph.estimates.estimate import EstimateError

NUMBERS = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=60)


def test_a_mean_has_students_interval() -> None:
    """As scipy's one-sample t-test has it."""
    values = [4.0, 5.0, 5.0, 7.0, 2.0, 9.5]

    ours = mean(values)

    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert ours is not None
    assert (ours.value, ours.low, ours.high) == pytest.approx((np.mean(values), theirs.low, theirs.high))


def test_a_median_of_twenty_lies_between_the_sixth_and_the_fifteenth() -> None:
    """The textbook's interval for n = 20 (Conover, table A3: .0207 on either side)."""
    ours = median(np.arange(1.0, 21.0)[::-1])

    assert ours is not None
    assert (ours.value, ours.low, ours.high) == (10.5, 6.0, 15.0)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("n", [7, 20, 36, 100, 501])
def test_the_interval_of_a_quantile_holds_at_least_as_often_as_it_says(n: int, share: float) -> None:
    """Exactly, for any continuous distribution: rank i is below the quantile as often as a beta(i, n + 1 − i) is."""
    ours = quantile(np.arange(1.0, n + 1), share)

    assert ours is not None
    too_high = 0.0 if ours.low is None else stats.beta.sf(share, ours.low, n + 1 - ours.low)
    too_low = 0.0 if ours.high is None else stats.beta.cdf(share, ours.high, n + 1 - ours.high)
    assert too_high <= 0.025 + 1e-12
    assert too_low <= 0.025 + 1e-12


def test_few_values_have_an_end_that_is_not_known() -> None:
    """Five do not bound a median; six do; 36 the upper end of a 90 % quantile."""
    five, six = median(range(5)), median(range(6))
    before, enough = quantile(range(35), 0.9), quantile(range(36), 0.9)

    assert five is not None
    assert (five.low, five.high) == (None, None)
    assert six is not None
    assert (six.low, six.high) == (0, 5)
    assert before is not None
    assert before.high is None
    assert enough is not None
    assert enough.high == 35


@settings(deadline=None)
@given(NUMBERS, st.floats(0.01, 0.99))
def test_a_quantile_is_within_its_interval(values: list[float], share: float) -> None:
    """As far as there is one."""
    ours = quantile(values, share)

    assert ours is not None
    assert ours.low is None or ours.low <= ours.value
    assert ours.high is None or ours.high >= ours.value


def test_nothing_has_no_middle_and_one_value_no_interval() -> None:
    """An empty window is an answer of its own."""
    one = mean([3.0])

    assert mean([]) is None
    assert median([]) is None
    assert one is not None
    assert (one.value, one.low, one.high) == (3.0, None, None)


def test_values_that_are_no_numbers_are_refused() -> None:
    """The message says how many."""
    with pytest.raises(EstimateError, match="no number in 1 of 3 rows"):
        mean([1.0, float("nan"), 2.0])
    with pytest.raises(EstimateError, match="between 0 and 1"):
        quantile([1.0], 90)

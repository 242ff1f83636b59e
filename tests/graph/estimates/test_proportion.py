"""Shares and the Net Promoter Score, held against statsmodels, published examples and the formulas by hand."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.estimates.estimate import Estimate, EstimateError, difference
from graph.estimates.proportion import net_promoter_score, proportion, wilson

COUNTS = st.integers(0, 10_000)


def test_wilsons_interval_is_that_of_statsmodels() -> None:
    """Many groups at once, with shares of 0 and 1 and a single answer."""
    from statsmodels.stats.proportion import proportion_confint

    counts, totals = np.array([0, 1, 7, 81, 263, 1000]), np.array([1, 1, 29, 263, 263, 12_345])

    for level in (0.95, 0.8):
        _, low, high = wilson(counts, totals, level)
        theirs = proportion_confint(counts, totals, alpha=1 - level, method="wilson")
        np.testing.assert_allclose([low, high], theirs, atol=1e-12)


def test_wilsons_interval_is_that_of_newcombes_table() -> None:
    """Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20 and 1/29 by method 3."""
    _, low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])

    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


def test_the_difference_of_two_shares_is_newcombes() -> None:
    """Newcombe 1998, table II: 56/70 − 48/80 is .0524 to .3339 by method 10; and statsmodels says the same."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    first, second = proportion(56, 70), proportion(48, 80)
    assert first is not None
    assert second is not None
    between = difference(first, second)

    assert between.value == pytest.approx(0.2)
    assert (round(between.low or 0, 4), round(between.high or 0, 4)) == (0.0524, 0.3339)
    theirs = confint_proportions_2indep(56, 70, 48, 80, method="newcomb", compare="diff")
    assert (between.low, between.high) == pytest.approx(theirs)
    assert between.n == 150


def test_a_score_is_rockss_adjusted_wald() -> None:
    """By hand: 60, 25 and 15 of 100 answers become 60.75, 26.5 and 15.75 of 103."""
    score = net_promoter_score(60, 25, 15)

    p, d = 60.75 / 103, 15.75 / 103
    half = 1.959964 * sqrt((p + d - (p - d) ** 2) / 103)
    assert score is not None
    assert score.value == 45
    assert (score.low, score.high) == pytest.approx((100 * (p - d - half), 100 * (p - d + half)), abs=1e-4)
    assert score.n == 100


def test_the_interval_of_a_score_holds_as_often_as_it_says() -> None:
    """Over all outcomes of 20 answers with true shares .5, .3 and .2, weighed by their probability."""
    from scipy.stats import multinomial

    true, held = 30.0, 0.0
    for promoters in range(21):
        for passives in range(21 - promoters):
            detractors = 20 - promoters - passives
            score = net_promoter_score(promoters, passives, detractors)
            assert score is not None
            if (score.low or 0) <= true <= (score.high or 0):
                held += multinomial.pmf([promoters, passives, detractors], 20, [0.5, 0.3, 0.2])
    assert 0.935 < held < 0.98


@settings(deadline=None)
@given(COUNTS, COUNTS, COUNTS, st.sampled_from([0.5, 0.8, 0.95, 0.999]))
def test_a_score_is_within_its_interval_and_its_scale(
    promoters: int, passives: int, detractors: int, level: float
) -> None:
    """Whatever was answered."""
    score = net_promoter_score(promoters, passives, detractors, level)

    if promoters + passives + detractors == 0:
        assert score is None
    else:
        assert score is not None
        assert score.low is not None
        assert score.high is not None
        assert -100 <= score.low <= score.value <= score.high <= 100


@settings(deadline=None)
@given(COUNTS, COUNTS, st.sampled_from([0.5, 0.95, 0.999]))
def test_a_share_is_within_its_interval(count: int, others: int, level: float) -> None:
    """Also none of all, and all of all."""
    share = proportion(count, count + others, level)

    if count + others:
        assert share is not None
        assert share.low is not None
        assert share.high is not None
        assert 0 <= share.low <= share.value <= share.high <= 1
        assert share.high - share.low > 0


def test_nothing_has_no_share_and_no_score() -> None:
    """No answers are no figure."""
    assert proportion(0, 0) is None
    assert net_promoter_score(0, 0, 0) is None


@pytest.mark.parametrize(
    ("counts", "totals", "says"),
    [
        ([1], [0], "Leave out groups"),
        ([3], [2], "larger than its total"),
        ([-1], [2], "below 0"),
        ([1, 2], [3], "counts 2, totals 1"),
    ],
)
def test_counts_that_cannot_be_are_refused(counts: list[int], totals: list[int], says: str) -> None:
    """Never NaN."""
    with pytest.raises(EstimateError, match=says):
        wilson(counts, totals)


def test_intervals_of_two_levels_have_no_difference() -> None:
    """Nor has a level of 95 a meaning."""
    with pytest.raises(EstimateError, match="same level"):
        difference(Estimate(1, 0, 2, 5, "", 0.9), Estimate(1, 0, 2, 5, "", 0.95))
    with pytest.raises(EstimateError, match=r"such as 0\.95"):
        proportion(1, 2, 95)

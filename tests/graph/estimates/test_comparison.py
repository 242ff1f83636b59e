"""Differences between groups, held against scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from graph.estimates.comparison import difference_in_differences
from graph.estimates.estimate import EstimateError


def test_a_difference_in_differences_is_the_regressions() -> None:
    """The coefficient of group × time and its HC2 error, as statsmodels has them."""
    from statsmodels.regression.linear_model import OLS

    rng = np.random.default_rng(4)
    groups = [rng.normal(mean, spread, n) for mean, spread, n in ((3, 1, 40), (5, 2, 35), (3.5, 1, 80), (4, 1.5, 90))]

    ours = difference_in_differences(*groups, level=0.9)

    y = np.concatenate(groups)
    treated = np.repeat([1, 1, 0, 0], [group.size for group in groups])
    after = np.repeat([0, 1, 0, 1], [group.size for group in groups])
    model = OLS(y, np.column_stack([np.ones(y.size), treated, after, treated * after])).fit(cov_type="HC2")
    assert ours is not None
    assert ours.low is not None
    assert ours.high is not None
    assert ours.value == pytest.approx(model.params[3])
    width = (ours.high - ours.low) / 2 / model.bse[3]
    # Of a t with more degrees of freedom than the smallest group has and fewer than all have.
    assert stats.t.ppf(0.95, 241) < width < stats.t.ppf(0.95, 34)
    assert ours.n == 245


def test_a_known_effect_is_found_although_everybody_moved() -> None:
    """By hand: treated 10 → 16, others 20 → 23; 3 of the 6 are what moved everybody."""
    ours = difference_in_differences([9, 11], [15, 17], [19, 21], [22, 24])

    assert ours is not None
    assert ours.value == 3
    assert ours.low is not None
    assert ours.low < 3


def test_too_little_has_no_difference() -> None:
    """One value, or values that never differ, have no error that could be told."""
    assert difference_in_differences([1, 1], [2, 2], [1, 1], [2, 2]) is None
    assert difference_in_differences([], [1, 2], [1, 2], [1, 2]) is None
    with pytest.raises(EstimateError, match="Leave these rows out"):
        difference_in_differences([1.0, float("inf")], [2.0, 3.0], [1.0, 2.0], [1.0, 2.0])

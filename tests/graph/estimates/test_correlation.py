"""Correlation, held against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from graph.estimates.correlation import correlation


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_is_pearsons_with_fishers_interval(seed: int) -> None:
    """Value and interval are those of scipy.stats.pearsonr."""
    random = np.random.default_rng(seed)
    x = random.normal(size=40)
    y = 0.5 * x + random.normal(size=40)
    found, peer = correlation(x, y), stats.pearsonr(x, y)

    assert found is not None
    assert found.value == pytest.approx(peer.statistic)
    assert (found.low, found.high) == pytest.approx(tuple(peer.confidence_interval(0.95)))


def test_what_does_not_vary_goes_along_with_nothing() -> None:
    """No value of a constant column or of one row; no interval of three rows."""
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([1], [2]) is None
    three = correlation([1, 2, 3], [1, 3, 2])
    assert three is not None
    assert (three.low, three.high) == (None, None)

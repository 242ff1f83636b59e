"""The Kaplan–Meier curve, held against lifelines and against a published life table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from graph.estimates.estimate import EstimateError
from graph.estimates.survival import kaplan_meier

# Freireich 1963, 6-MP: the classic remission times in weeks, 9 of 21 observed.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]

ROWS = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=80)


def test_the_curve_is_that_of_the_textbook() -> None:
    """Kalbfleisch and Prentice's estimates for Freireich's data: .857 at 6 weeks, .448 at 23; median 23, not 10."""
    curve = kaplan_meier(WEEKS, ENDED)

    assert curve is not None
    assert curve.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.survival.round(4).tolist() == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    middle = curve.median()
    assert middle is not None
    assert (middle.value, middle.low, middle.high) == (23, 13, None)


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_that_of_lifelines(seed: int) -> None:
    """Curve, log-log interval, median with its interval, and the mean within a time; with many ties."""
    rng = np.random.default_rng(seed)
    lasted, limit = np.ceil(rng.exponential(20, 500)), np.ceil(rng.exponential(30, 500))
    durations, observed = np.minimum(lasted, limit), lasted <= limit

    curve = kaplan_meier(durations, observed)

    with np.errstate(all="ignore"):
        theirs = KaplanMeierFitter().fit(durations, observed)
        band = theirs.confidence_interval_survival_function_
        their_band = median_survival_times(band)
    assert curve is not None
    np.testing.assert_allclose(curve.survival, theirs.survival_function_at_times(curve.times), rtol=1e-10)
    inside = curve.survival > 0
    np.testing.assert_allclose(curve.low[inside], band.loc[curve.times].iloc[inside, 0], rtol=1e-6)
    np.testing.assert_allclose(curve.high[inside], band.loc[curve.times].iloc[inside, 1], rtol=1e-6)
    middle = curve.median()
    assert middle is not None
    assert middle.value == theirs.median_survival_time_
    assert (middle.low, middle.high) == tuple(their_band.iloc[0])


@settings(deadline=None)
@given(ROWS)
def test_a_curve_never_rises_and_stays_within_its_interval(rows: list[tuple[int, bool]]) -> None:
    """Whatever the durations, down to a single one."""
    curve = kaplan_meier([lasted for lasted, _ in rows], [ended for _, ended in rows])

    assert curve is not None
    falling = np.concatenate(([1.0], curve.survival))
    assert (np.diff(falling) < 0).all()
    assert (curve.low <= curve.survival).all()
    assert (curve.survival <= curve.high).all()
    assert (curve.low >= 0).all()
    assert (curve.high <= 1).all()
    if not any(not ended for _, ended in rows):
        shares = [sum(lasted > time for lasted, _ in rows) / len(rows) for time in curve.times]
        np.testing.assert_allclose(curve.survival, shares, atol=1e-12)


@settings(deadline=None)
@given(ROWS)
def test_a_median_is_within_its_interval(rows: list[tuple[int, bool]]) -> None:
    """As far as the curve gets there."""
    curve = kaplan_meier([lasted for lasted, _ in rows], [ended for _, ended in rows])

    assert curve is not None
    middle = curve.median()
    if middle is not None:
        assert middle.low is not None
        assert middle.low <= middle.value
        assert middle.high is None or middle.value <= middle.high


def test_a_median_is_of_the_curve_and_never_of_those_who_finished() -> None:
    """Three of ten got there, in 1, 2 and 3 days; nobody knows when half will have."""
    curve = kaplan_meier([1, 2, 3, *[30] * 7], [True] * 3 + [False] * 7)

    assert curve is not None
    assert curve.median() is None
    early = curve.quantile(0.2)
    assert early is not None
    assert early.value == 2


def test_a_curve_tells_its_share_at_any_time_it_knows() -> None:
    """Before the first end everybody is there; beyond the last one seen nobody knows."""
    curve = kaplan_meier(WEEKS, ENDED)

    assert curve is not None
    start, later = curve.at(3), curve.at(21.9)
    assert start is not None
    assert (start.value, start.low) == (1.0, None)
    assert later is not None
    assert later.value == pytest.approx(0.6275, abs=1e-4)
    assert curve.at(36) is None


def test_without_any_end_the_curve_stays_up() -> None:
    """No division by zero, no median."""
    curve = kaplan_meier([5, 7], [False, False])

    assert curve is not None
    assert curve.times.size == 0
    assert curve.median() is None


def test_durations_that_cannot_be_are_refused() -> None:
    """And none at all are no curve."""
    assert kaplan_meier([], []) is None
    with pytest.raises(EstimateError, match="below 0"):
        kaplan_meier([-1.0], [True])
    with pytest.raises(EstimateError, match="durations 2, observed 1"):
        kaplan_meier([1.0, 2.0], [True])
    with pytest.raises(EstimateError, match="yes or no"):
        kaplan_meier([1.0, 2.0], [2, 0])

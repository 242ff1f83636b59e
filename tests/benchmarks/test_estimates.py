"""The benchmark of estimates runs, and measures what it says."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.estimates import company, journeys, measured
from graph.estimates.buying import fit_buying


def test_every_estimate_is_measured_on_a_small_company() -> None:
    """Each with its size and its time."""
    results = {one["estimate"]: one for one in measured(customers=3_000, touches=2_000, seed=1, times=1)}

    assert {"BG/NBD", "Gamma-Gamma", "removal effects (Markov)", "Shapley", "Kaplan–Meier"} <= set(results)
    assert results["BG/NBD"]["of"] == "3,000 customers"
    assert all(isinstance(one["seconds"], float) for one in results.values())


def test_the_companies_columns_are_those_it_says() -> None:
    """Parameters are found again, and paths have their touches."""
    rng = np.random.default_rng(2)
    people = company(rng, 5_000)
    paths, before = journeys(rng, 5_000)

    model = fit_buying(people.repeats, people.recency, people.age)

    assert (model.r, model.alpha) == pytest.approx((0.6, 12), rel=0.25)
    assert paths.channels.size == before.size == paths.offsets[-1]
    assert set(paths.lengths) == set(range(1, 10))

"""Figures of an evaluation, checked by hand."""

from __future__ import annotations

import pytest

from graph.linkage.evaluate import evaluate
from graph.linkage.rules import LinkageError


def test_figures_of_a_small_case():
    """Truth {a a a} {b b}; found {a a} {a b} {b}: one pair of two found is true, of four true ones one is found."""
    found = evaluate([0, 0, 1, 1, 2], ["a", "a", "a", "b", "b"])

    assert (found.precision, found.recall) == (0.5, 0.25)
    assert found.f1 == pytest.approx(1 / 3)
    assert found.b3_precision == pytest.approx((1 + 1 + 0.5 + 0.5 + 1) / 5)
    assert found.b3_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)
    assert (found.wrongly_merged, found.wrongly_split) == (1.0, 1.0)
    assert (found.clusters, found.true_clusters, found.largest_cluster, found.largest_true_cluster) == (3, 2, 2, 3)


def test_perfect_and_empty():
    """The truth against itself is perfect; nothing against nothing is no error."""
    assert evaluate([5, 5, 7], ["x", "x", "y"]).f1 == 1.0
    assert evaluate([], []).records == 0


def test_two_lengths_are_refused():
    """Labels of different records cannot be compared."""
    with pytest.raises(LinkageError, match="3 records have a cluster and 2 a truth"):
        evaluate([1, 2, 3], [1, 2])

"""Average linkage against scipy's, and the guards."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from graph.linkage.cluster import MUST, MUST_NOT, Edges, agglomerated, bounded_components, cluster


@pytest.mark.parametrize("size", [3, 4, 7, 20])
def test_average_linkage_is_scipys(size):
    """Many groups at once give what scipy gives one by one."""
    rng = np.random.default_rng(size)
    bits = rng.uniform(-8, 8, (50, size * (size - 1) // 2))
    ours = agglomerated(bits, size, 1.0)
    for weights, labels in zip(bits, ours, strict=True):
        theirs = fcluster(linkage(20 - weights, "average"), 19.0, "distance")
        assert ((labels[:, None] == labels) == (theirs[:, None] == theirs)).all()


def test_a_cannot_link_parts_and_a_must_link_joins():
    """0-1 are decided one, 1-2 are decided two, 0-2 look alike: 2 stays alone."""
    weights = {(0, 1): MUST, (0, 2): 9.0, (1, 2): MUST_NOT}
    left, right = np.array([0, 0], np.int32), np.array([1, 2], np.int32)
    found = cluster(
        4, Edges(left, right, np.array([MUST, 9.0], np.float32)), 1.0, 100,
        lambda one, two: np.array([weights[pair] for pair in zip(one.tolist(), two.tolist(), strict=True)], np.float32),
    )  # fmt: skip

    assert found.labels.tolist() == [0, 0, 2, 3]


def test_a_chain_is_cut_at_its_weakest_links():
    """Six records in a chain, at most three a component: it parts where the weights are low."""
    edges = Edges(np.arange(5, dtype=np.int32), np.arange(1, 6, dtype=np.int32), np.array([9, 9, 2, 9, 9], np.float32))
    labels, cut = bounded_components(6, edges, 1.0, 3)

    assert cut == 1
    assert (labels[:3] == labels[0]).all()
    assert (labels[3:] == labels[3]).all()
    assert labels[0] != labels[3]


def test_what_people_joined_is_never_cut():
    """Must-links hold beyond the limit."""
    edges = Edges(np.arange(9, dtype=np.int32), np.arange(1, 10, dtype=np.int32), np.full(9, MUST, np.float32))
    labels, _ = bounded_components(10, edges, 1.0, 4)

    assert len(set(labels.tolist())) == 1

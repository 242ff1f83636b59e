"""Average linkage, components and trees against scipy's, and the guards."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from graph.linkage.cluster import (
    MUST,
    MUST_NOT,
    Edges,
    agglomerated,
    bounded_components,
    cluster,
    connected,
    spanning_tree,
)


@pytest.mark.parametrize("size", [3, 4, 7, 20])
def test_average_linkage_is_scipys(size):
    """Many groups at once give what scipy gives one by one."""
    rng = np.random.default_rng(size)
    bits = rng.uniform(-8, 8, (50, size * (size - 1) // 2))
    ours = agglomerated(bits, size, 1.0)
    for weights, labels in zip(bits, ours, strict=True):
        theirs = fcluster(linkage(20 - weights, "average"), 19.0, "distance")
        assert ((labels[:, None] == labels) == (theirs[:, None] == theirs)).all()


@pytest.mark.parametrize(("rows", "edges"), [(1, 0), (5, 0), (2, 1), (50, 20), (50, 60), (400, 300), (400, 2000)])
def test_components_and_trees_are_scipys(rows, edges):
    """The same components under the same numbers, and of edges in order of preference the same spanning forest."""
    rng = np.random.default_rng(rows + edges)
    for _ in range(20):
        left, right = rng.integers(0, rows, (2, edges)).astype(np.int32)
        graph = coo_array((np.ones(edges), (left, right)), shape=(rows, rows))
        assert connected(rows, left, right).tolist() == connected_components(graph, directed=False)[1].tolist()
        pairs = np.unique(np.stack((np.minimum(left, right), np.maximum(left, right)), 1), axis=0)
        pairs = rng.permutation(pairs[pairs[:, 0] != pairs[:, 1]])
        ranks = np.arange(1, len(pairs) + 1)
        graph = coo_array((ranks, (pairs[:, 0], pairs[:, 1])), shape=(rows, rows))
        theirs = np.isin(ranks, minimum_spanning_tree(graph.tocsr()).data)
        assert spanning_tree(rows, pairs[:, 0], pairs[:, 1]).tolist() == theirs.tolist()


@pytest.mark.parametrize("order", ["rising", "falling", "mixed"])
def test_a_long_chain_is_one_component(order):
    """A chain of 100,000 rows, whichever way its edges stand."""
    left = np.arange(99_999, dtype=np.int32)
    if order == "falling":
        left = left[::-1]
    elif order == "mixed":
        left = np.random.default_rng(1).permutation(left)
    assert (connected(100_001, left, left + 1) == [*[0] * 100_000, 1]).all()


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

"""Ties that, added to each record's strongest one, make a spanning tree of every cluster."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.linkage.cluster import Clusters, Edges, connected, spanning_tree
from graph.linkage.coded import Ints


def bridges(clusters: Clusters, rows: Ints, others: Ints) -> Edges:
    """What is missing between the strongest ties (`rows[i]`–`others[i]`) and the maximum spanning tree, left < right.

    The strongest tie of every node is the first round of Borůvka's algorithm, so they all belong to that tree; in
    clusters of four records and more they may fall into parts. Of ties of equal weight the one with the smaller rows
    is taken, so the tree does not depend on which records were linked along.
    """
    parts = connected(len(clusters.labels), rows, others)
    inside = clusters.inside.where(parts[clusters.inside.left] != parts[clusters.inside.right])
    left, right = np.minimum(inside.left, inside.right), np.maximum(inside.left, inside.right)
    order = np.lexsort((right, left, -inside.bits))
    found = Edges(left[order], right[order], inside.bits[order])
    found = found.where(_first_of_each(parts[found.left], parts[found.right]))
    if not len(found.left):
        return found
    # They stand strongest first, so no two are equal, and the tree is the only one.
    return found.where(spanning_tree(len(parts), parts[found.left], parts[found.right]))


def _first_of_each(one: Ints, two: Ints) -> npt.NDArray[np.bool_]:
    """Where an unordered pair of parts stands for the first time."""
    pairs = np.stack((np.minimum(one, two), np.maximum(one, two)), 1)
    first = np.zeros(len(pairs), bool)
    first[np.unique(pairs, axis=0, return_index=True)[1]] = True
    return first

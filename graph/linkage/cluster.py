"""Clusters of records out of weighted pairs: average linkage with guards, never bare connected components."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.linkage.coded import Hashes, Ints, Rows
from graph.linkage.decide import Bits

MUST = 1e6
"""Weight of a pair that a person or a verified id joins."""
MUST_NOT = -1e9
"""Weight of a pair that must stay apart; so low that no average with it reaches a threshold."""

# One contradiction may not outweigh any number of agreements, nor the other way round.
_LOWEST, _HIGHEST = -12.0, 30.0
_STEP = 2.0
_MOST_STEPS = 40
_MOST_ALIKE = 500
_CELLS = 4_000_000
_PAIRS = 200_000

Weigher = Callable[[Ints, Ints], Bits]
Contents = Callable[[], Hashes]


@dataclass(frozen=True)
class Edges:
    """Weighted pairs of rows; each unordered pair once."""

    left: Ints
    right: Ints
    bits: Bits

    def where(self, kept: npt.NDArray[np.bool_]) -> Edges:
        return Edges(self.left[kept], self.right[kept], self.bits[kept])


@dataclass(frozen=True)
class Clusters:
    """`labels[row]`: the smallest row of its cluster. `inside`: every weighed pair that ended in one cluster."""

    labels: Ints
    inside: Edges
    cut: int
    """Components that were larger than the limit and were cut at stronger weights."""


def cluster(
    rows: int,
    edges: Edges,
    match_bits: float,
    max_cluster: int,
    weigh: Weigher,
    contents: Contents | None = None,
    carried: Rows | None = None,
) -> Clusters:
    """Average linkage within the components of `edges` at `match_bits` and above.

    `weigh(left, right)` gives the weights of any pairs, with `MUST` and `MUST_NOT` for decided ones; all pairs of a
    component are weighed. `contents()[row]` is equal for records that say the same: a component is measured by what it
    says, not by how often. `carried[row]` is the number of records that a row stands for (None: one each). Rows must
    stand in an order that does not depend on the input (by record id), because ties are resolved by it. Records are
    joined while the mean weight between two groups is at least `match_bits`.
    """
    components, cut = bounded_components(rows, edges, match_bits, max_cluster, contents)
    labels = np.arange(rows, dtype=np.int32)
    inside: list[Edges] = []
    for some in _at_a_time(_by_size(components)):
        pairs = [_pairs_inside(members) for members in some]
        # Weighed together, because weighing has a cost of its own however few the pairs are.
        weighed = weigh(np.concatenate([left for left, _ in pairs]), np.concatenate([right for _, right in pairs]))
        ends = np.cumsum([len(left) for left, _ in pairs])[:-1]
        for members, (left, right), bits in zip(some, pairs, np.split(weighed, ends), strict=True):
            weights = None if carried is None else carried[members]
            groups = agglomerated(bits.reshape(len(members), -1), members.shape[1], match_bits, weights)
            labels[members.ravel()] = np.take_along_axis(members, groups, 1).ravel()
            together = labels[left] == labels[right]
            inside.append(Edges(left[together], right[together], bits[together]))
    return Clusters(labels, joined_edges(inside), cut)


def bounded_components(
    rows: int, edges: Edges, match_bits: float, most: int, contents: Contents | None = None
) -> tuple[Ints, int]:
    """Connected components at `match_bits`; one with more than `most` rows is cut at 2 bits more, and again."""
    kept = edges.bits >= match_bits
    edges = edges.where(kept)
    labels = connected(rows, edges.left, edges.right)
    cut = int(_too_large(labels, contents, most).sum())
    limit = match_bits
    for _ in range(_MOST_STEPS):
        large = _too_large(labels, contents, most)
        if not large.any():
            return labels, cut
        limit += _STEP
        held = (labels[edges.left] == labels[edges.right]) & (~large[labels[edges.left]] | (edges.bits >= limit))
        edges = edges.where(held)
        labels = connected(rows, edges.left, edges.right)
    return _only_decided(rows, labels, edges, _too_large(labels, contents, most)), cut


def _too_large(labels: Ints, contents: Contents | None, most: int) -> npt.NDArray[np.bool_]:
    """The components that say more than `most` different things, or one thing far too often to be weighed."""
    sizes = np.bincount(labels, minlength=1)
    large = sizes > most
    if contents is None or not large.any():
        return np.asarray(large)
    inside = np.flatnonzero(large[labels])
    distinct = np.unique(np.stack((labels[inside].astype(np.uint64), contents()[inside]), 1), axis=0)[:, 0]
    said = np.bincount(distinct.astype(np.int64), minlength=len(sizes))
    return np.asarray((said > most) | (sizes > most + _MOST_ALIKE))


def connected(rows: int, left: Ints, right: Ints) -> Ints:
    """A component number for every row, in the order of the components' smallest rows.

    Each round the larger root of an edge is hung on the smaller one, then every row is told its root, as in the
    parallel algorithm of Shiloach and Vishkin (1982); rounds grow with the logarithm of the longest chain.
    """
    roots = np.arange(rows, dtype=np.int32)
    while True:
        one, two = roots[left], roots[right]
        apart = np.flatnonzero(one != two)
        if not len(apart):
            break
        left, right, one, two = left[apart], right[apart], one[apart], two[apart]
        np.minimum.at(roots, np.maximum(one, two), np.minimum(one, two))
        while not np.array_equal(above := roots[roots], roots):
            roots = above
    numbered = np.cumsum(roots == np.arange(rows)) - 1
    return np.asarray(numbered[roots], np.int32)


def spanning_tree(rows: int, left: Ints, right: Ints) -> npt.NDArray[np.bool_]:
    """Which of the edges, given in the order of their preference, are in the spanning forest that prefers the first.

    Borůvka's algorithm: each component takes its first edge to another one, until no edge leads to another.
    """
    taken = np.zeros(len(left), bool)
    while True:
        components = connected(rows, left[taken], right[taken])
        one, two = components[left], components[right]
        apart = np.flatnonzero(one != two)
        if not len(apart):
            return taken
        first = np.full(rows, len(left))
        np.minimum.at(first, one[apart], apart)
        np.minimum.at(first, two[apart], apart)
        taken[first[first < len(left)]] = True


def agglomerated(
    bits: npt.NDArray[np.floating], size: int, match_bits: float, carried: npt.NDArray[np.integer] | None = None
) -> Rows:
    """Average linkage of many groups of one size at once.

    `bits`: (groups, size·(size-1)/2) weights of the pairs in row order; `carried`: (groups, size), how many
    records each member stands for. Gives (groups, size): for each member the position of the first one of its cluster.
    """
    count = len(bits)
    labels = np.tile(np.arange(size), (count, 1))
    if bits.size == 0:
        return labels
    together = bits.min(1) >= match_bits
    labels[together] = 0
    open_ = np.flatnonzero(~together)
    batch = max(1, _CELLS // (size * size))
    for begin in range(0, len(open_), batch):
        some = open_[begin : begin + batch]
        weights = np.ones((len(some), size)) if carried is None else carried[some].astype(float)
        labels[some] = _average_linkage(bits[some], weights, match_bits)
    return labels


def _average_linkage(bits: npt.NDArray[np.floating], weight: npt.NDArray[np.float64], match_bits: float) -> Rows:
    count, size = weight.shape
    one, two = np.triu_indices(size, 1)
    clipped = np.where(np.abs(bits) >= MUST, bits, np.clip(bits, _LOWEST, _HIGHEST)).astype(np.float64)
    means = np.full((count, size, size), -np.inf)
    means[:, one, two] = clipped
    means[:, two, one] = clipped
    labels = np.tile(np.arange(size), (count, 1))
    active = np.arange(count)
    for _ in range(size - 1):
        flat = means[active].reshape(len(active), -1)
        best = flat.argmax(1)
        going = flat[np.arange(len(active)), best] >= match_bits
        active, best = active[going], best[going]
        if not len(active):
            break
        kept, gone = best // size, best % size
        a, b = weight[active, kept][:, None], weight[active, gone][:, None]
        mean = (means[active, kept] * a + means[active, gone] * b) / (a + b)
        mean[np.arange(len(active)), kept] = -np.inf
        means[active, kept] = mean
        means[active, :, kept] = mean
        means[active, gone] = -np.inf
        means[active, :, gone] = -np.inf
        weight[active, kept] += weight[active, gone]
        labels[active] = np.where(labels[active] == gone[:, None], kept[:, None], labels[active])
    return labels


def _by_size(components: Ints) -> Iterator[Ints]:
    """Components of two rows and more, those of one size as (components, size), members and components in row order."""
    order = np.argsort(components, kind="stable").astype(np.int32)
    sorted_ = components[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(order), 1), bool), sorted_[1:] != sorted_[:-1])))
    sizes = np.diff(np.append(starts, len(order)))
    for size in np.unique(sizes[sizes > 1]):
        yield order[starts[sizes == size][:, None] + np.arange(size)]


def _at_a_time(components: Iterator[Ints]) -> Iterator[list[Ints]]:
    """Components of several sizes, about as many as make `_PAIRS` pairs."""
    some: list[Ints] = []
    pairs = 0
    for members in components:
        some.append(members)
        pairs += members.size * (members.shape[1] - 1) // 2
        if pairs >= _PAIRS:
            yield some
            some, pairs = [], 0
    if some:
        yield some


def _pairs_inside(members: Ints) -> tuple[Ints, Ints]:
    """All pairs of each component, component by component."""
    one, two = np.triu_indices(members.shape[1], 1)
    return members[:, one].ravel(), members[:, two].ravel()


def _only_decided(rows: int, labels: Ints, edges: Edges, large: npt.NDArray[np.bool_]) -> Ints:
    """What no weight can cut is held together by decisions and verified ids alone."""
    edges = edges.where(~large[labels[edges.left]] | (edges.bits >= MUST))
    return connected(rows, edges.left, edges.right)


def joined_edges(parts: list[Edges]) -> Edges:
    nothing = np.zeros(0, np.int32)
    return Edges(
        np.concatenate([nothing, *(part.left for part in parts)]),
        np.concatenate([nothing, *(part.right for part in parts)]),
        np.concatenate([np.zeros(0, np.float32), *(part.bits for part in parts)]),
    )

"""The answer of a linkage: who is one customer, how sure that is, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import cast

import msgspec
import numpy as np
import numpy.typing as npt

from graph.linkage.candidates import blocked
from graph.linkage.cluster import MUST, Clusters, Edges
from graph.linkage.coded import Coded
from graph.linkage.columns import Strings
from graph.linkage.copies import Copies
from graph.linkage.decide import Scorer, probability
from graph.linkage.drift import completeness
from graph.linkage.guards import Guards
from graph.linkage.model import LinkageModel
from graph.linkage.relations import Relation, likeliest_first, related
from graph.linkage.rules import MatchingRules
from graph.linkage.ties import AT_A_TIME, Join, joined, tied


class Review(msgspec.Struct, frozen=True):
    """Two records that may be one customer; a person may say."""

    left_id: str
    right_id: str
    bits: float
    probability: float


class LinkageReport(msgspec.Struct, frozen=True):
    """What a run did, in figures."""

    records: int
    clusters: int
    candidates: int
    blocks_skipped: dict[str, int]
    largest_cluster: int
    components_cut: int
    caps_bound: tuple[str, ...]
    match_bits: float
    model: str
    seconds: dict[str, float]


@dataclass(frozen=True)
class Linkage:
    """The answer of `link`. Positions in `record_ids`, `labels` and `weights` follow the rows of the input."""

    _records: Coded
    _order: npt.NDArray[np.int64]
    _scorer: Scorer
    _guards: Guards
    _again: Copies
    _edges: Edges
    _clusters: Clusters
    _rules: MatchingRules
    report: LinkageReport

    @property
    def model(self) -> LinkageModel:
        return self._scorer.model

    @property
    def completeness(self) -> dict[str, float]:
        """By field, the share of these records that say it; the model knows what it was at training."""
        return completeness(self._records)

    @property
    def ids(self) -> Strings:
        """The record ids in the order of the rows of the input."""
        place = np.empty_like(self._order)
        place[self._order] = np.arange(self._records.rows)
        return self._records.ids.take(place)

    @property
    def record_ids(self) -> npt.NDArray[np.object_]:
        return np.asarray(self.ids.to_numpy(zero_copy_only=False))

    @property
    def labels(self) -> npt.NDArray[np.int32]:
        """Cluster of each row, numbered from 0 in the order of each cluster's smallest record id."""
        _, numbered = np.unique(self._clusters.labels, return_inverse=True)
        return np.asarray(self._in_input_order(numbered.astype(np.int32)))

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        """Bits of each row's strongest tie inside its cluster; 0 for a record that is alone."""
        bits = np.zeros(self._records.rows, np.float32)
        rows, _, tie = tied(self._clusters)
        bits[rows] = tie
        return np.asarray(self._in_input_order(bits))

    def joins(self) -> list[Join]:
        """For each record that is not alone, its strongest tie with the evidence, in the order of record ids."""
        return list(chain.from_iterable(self.joins_in_parts()))

    def joins_in_parts(self, most: int = AT_A_TIME) -> Iterator[list[Join]]:
        """`joins`, at most `most` at a time, so that not all need be held at once."""
        return joined(self._scorer, self._guards, self._clusters, most)

    def reviews(self) -> list[Review]:
        """Undecided candidates at `review_bits` and above that ended in different clusters, strongest first."""
        labels, edges = self._clusters.labels, self._edges
        doubtful = (
            (edges.bits >= self._rules.review_bits) & (edges.bits < MUST) & (labels[edges.left] != labels[edges.right])
        )
        kept = edges.where(doubtful)
        order = np.lexsort((kept.right, kept.left, -kept.bits))
        left, right = (_names(self._records.ids.take(side[order])) for side in (kept.left, kept.right))
        bits = kept.bits[order]
        told = zip(left, right, bits.tolist(), probability(bits).tolist(), strict=True)
        return [Review(one, two, round(weight, 3), round(likely, 4)) for one, two, weight, likely in told]

    def edges(self) -> Edges:
        """Weighed candidates at the review threshold and above, as rows of the input: for judging the weights."""
        edges = self._edges
        return Edges(self._order[edges.left].astype(np.int32), self._order[edges.right].astype(np.int32), edges.bits)

    def relations(self, limit: int | None = None) -> list[Relation]:
        """Candidates of different clusters that are likely of one household or company, likeliest first."""
        labels, scorer, rules = self._clusters.labels, self._scorer, self._rules
        blocks = blocked(self._records, self.model.keys, rules, self.model.stopped_blocks, self._again.rows)
        found: list[Relation] = []
        for pairs, _ in blocks.parts(rules.chunk_pairs):
            apart = labels[pairs.left] != labels[pairs.right]
            found += related(scorer, pairs.left[apart], pairs.right[apart], rules.chunk_pairs)
        return likeliest_first(found)[:limit]

    def _in_input_order(self, values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        placed = np.empty_like(values)
        placed[self._order] = values
        return placed


def _names(ids: Strings) -> list[str]:
    return cast(list[str], ids.to_pylist())

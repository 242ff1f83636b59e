"""What ties records to their customers: each one's strongest tie and the bridges between them, with the evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import cast

import msgspec
import numpy as np

from graph.linkage.bridges import bridges
from graph.linkage.cluster import Clusters
from graph.linkage.coded import Ints
from graph.linkage.compare import Levels
from graph.linkage.decide import Bits, Scorer
from graph.linkage.fields import Field
from graph.linkage.guards import Guards

Ties = tuple[Ints, Ints, Bits]
Evidence = tuple[tuple[str, str, float], ...]

CERTAIN = 99.0
"""The bits that are told of a tie that a person or a verified id made."""

AT_A_TIME = 100_000


class Bridge(msgspec.Struct, frozen=True):
    """A further tie of a record, without which its customer's ties would fall into parts; read as a `Join`."""

    other_id: str
    bits: float
    rule: str
    evidence: tuple[tuple[str, str, float], ...]


class Join(msgspec.Struct, frozen=True, omit_defaults=True):
    """What ties a record to its customer most strongly: the record it was joined to, and why."""

    record_id: str
    other_id: str
    bits: float
    rule: str
    """`weights`, `external_id` (a verified id in common) or `decision` (a person's)."""
    evidence: tuple[tuple[str, str, float], ...]
    """(field, level, bits) of what both say, strongest first."""
    bridges: tuple[Bridge, ...] = ()
    """Further ties of this record. Strongest ties and bridges of a customer make its maximum spanning tree."""

    def ties(self) -> Iterator[Join]:
        """The strongest tie and the bridges, each as a join."""
        yield msgspec.structs.replace(self, bridges=())
        for bridge in self.bridges:
            yield Join(self.record_id, bridge.other_id, bridge.bits, bridge.rule, bridge.evidence)


def tied(clusters: Clusters) -> Ties:
    """Rows that are not alone, the other record of each row's strongest tie, and its bits (`CERTAIN` at most)."""
    inside = clusters.inside
    rows, others = np.concatenate((inside.left, inside.right)), np.concatenate((inside.right, inside.left))
    bits = np.concatenate((inside.bits, inside.bits))
    order = np.lexsort((others, -bits, rows))
    rows, others, bits = rows[order], others[order], bits[order]
    first = np.ones(len(rows), bool)
    first[1:] = rows[1:] != rows[:-1]
    return rows[first], others[first], np.minimum(bits[first], np.float32(CERTAIN))


def joined(scorer: Scorer, guard: Guards, clusters: Clusters, most: int = AT_A_TIME) -> Iterator[list[Join]]:
    """The strongest ties as joins, with their evidence and the bridges between them, in the order of the records.

    They come in parts of at most `most`; no more are weighed, and held, at a time.
    """
    rows, others, bits = tied(clusters)
    between = bridges(clusters, rows, others)
    by_record: dict[str, list[Bridge]] = defaultdict(list)
    for some in _told(
        scorer, guard, (between.left, between.right, np.minimum(between.bits, np.float32(CERTAIN))), most
    ):
        for tie in some:
            by_record[tie.record_id].append(Bridge(tie.other_id, tie.bits, tie.rule, tie.evidence))
    for some in _told(scorer, guard, (rows, others, bits), most):
        yield [
            msgspec.structs.replace(join, bridges=tuple(by_record[join.record_id]))
            if join.record_id in by_record
            else join
            for join in some
        ]


def _told(scorer: Scorer, guard: Guards, ties: Ties, most: int) -> Iterator[list[Join]]:
    plain = not len(guard.merged) and not guard.external
    for begin in range(0, len(ties[0]), most):
        part = slice(begin, begin + most)
        rows, others, bits = ties[0][part], ties[1][part], ties[2][part]
        levels = scorer.levels(rows, others)
        evidence = _evidence(scorer.model.fields, levels, scorer.by_field(rows, others, levels))
        ids = (cast(list[str], scorer.records.ids.take(side).to_pylist()) for side in (rows, others))
        rules = ["weights"] * len(rows) if plain else list(map(guard.rule, rows.tolist(), others.tolist()))
        yield list(map(Join, *ids, bits.tolist(), rules, evidence))


def _evidence(fields: Sequence[Field], levels: Levels, by_field: Bits) -> list[Evidence]:
    """By pair (field, level, bits) of what both records say, strongest first, equally strong ones as the fields are."""
    # A float32 times 100 has a place in a float64, so that this rounds as Python rounds each.
    bits = np.round(by_field.astype(np.float64), 2)
    order = np.argsort(np.where(levels > 0, -np.abs(bits), np.inf), axis=1, kind="stable")
    kept = np.take_along_axis(levels, order, 1) > 0
    pair, _ = np.nonzero(kept)
    at = order[kept]
    names = np.array([field.name for field in fields], object)
    widest = max((len(field.levels) for field in fields), default=0)
    words = np.array([[*field.levels, *[""] * (widest - len(field.levels))] for field in fields], object)
    told = list(zip(names[at].tolist(), words[at, levels[pair, at] - 1].tolist(), bits[pair, at].tolist(), strict=True))
    ends = np.cumsum(kept.sum(1)).tolist()
    return [tuple(told[begin:end]) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]

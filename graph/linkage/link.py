"""One customer out of many records: normalise, find candidates, compare, weigh, cluster."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.bridges import bridges
from graph.linkage.candidates import Blocks, Candidates, Key, blocked, choose_keys
from graph.linkage.cluster import MUST, Clusters, Edges, Weigher, cluster, joined_edges
from graph.linkage.coded import Coded, Ints, coded
from graph.linkage.columns import RAW_COLUMNS, Strings, as_strings, normalised
from graph.linkage.compare import Levels, compare
from graph.linkage.copies import Copies, copies, without_crowds
from graph.linkage.decide import Bits, Scorer, probability
from graph.linkage.drift import completeness
from graph.linkage.explain import Evidence, Explanation, explain, field_evidence
from graph.linkage.fields import Field
from graph.linkage.guards import Guards, guards, named
from graph.linkage.model import LinkageModel
from graph.linkage.relations import Relation, likeliest_first, related
from graph.linkage.rules import Decisions, LinkageError, MatchingRules
from graph.linkage.train import learn, usable_fields

__all__ = [
    "Bridge", "Decisions", "Evidence", "Explanation", "Join", "Linkage", "LinkageError", "LinkageModel",
    "LinkageReport", "MatchingRules", "Relation", "Review", "explain", "link", "train",
]  # fmt: skip

Progress = Callable[[str, float], None]
Ties = tuple[Ints, Ints, Bits]

CERTAIN = 99.0
"""The bits that are told of a tie that a person or a verified id made."""

_LEARNED_FROM = 4_000_000
"""Pairs, counted once for each key that tells them, from which a model is learned at most."""

_NO_RULES = MatchingRules()
_NO_DECISIONS = Decisions()


def link(
    records: pa.Table,
    *,
    model: LinkageModel | None = None,
    rules: MatchingRules = _NO_RULES,
    decisions: Decisions = _NO_DECISIONS,
    progress: Progress | None = None,
) -> Linkage:
    """Say which raw records are one customer.

    `records`: any subset of `columns.RAW_COLUMNS`, `record_id` required; unknown columns are ignored. Without a model
    one is trained on these very records. The result does not depend on the order of the rows; with a model it is a
    function of records, model, rules and decisions alone. `progress(step, share done)` is called as the work goes on.
    Raises LinkageError for records without usable ids.
    """
    clock = _Clock(progress)
    with clock.step("normalise", 0.0):
        ready, order = prepared(records)
        del records
        pa.default_memory_pool().release_unused()  # of raw and half-made columns, before the next step needs as much
    learned = None
    if model is None:
        learned = _learned(ready, rules, clock)
        model = learned.model
    scorer = Scorer(ready, model)
    again = said_again(scorer, named(ready, decisions), rules)
    guard = guards(ready, decisions, rules.max_block, absent=again.rows)
    if learned is not None and learned.records is ready and not len(again.rows):
        blocks = learned.blocks
    else:
        with clock.step("candidates", 0.45 if learned is None else 0.65):
            blocks = blocked(ready, model.keys, rules, model.stopped_blocks, again.rows)
    if learned is not None and learned.share == 1 and blocks is learned.blocks:
        parts = iter([(learned.pairs, learned.levels, 1.0)])
    else:
        parts = _compared_parts(scorer, blocks, rules)
    learned = None
    with clock.step("weigh", 0.7):
        edges, count = _weighed_parts(scorer, guard, again, parts, rules, clock)
    skipped = blocks.skipped
    del blocks, parts
    with clock.step("cluster", 0.95):
        clusters = clustered(scorer, guard, edges, rules, again)
    report = _report(ready, count, skipped, clusters, model, _match_bits(model, rules), clock)
    return Linkage(ready, order, scorer, guard, again, edges, clusters, rules, report)


def train(records: pa.Table, rules: MatchingRules = _NO_RULES) -> LinkageModel:
    """Learn a model from raw records, without labels; deterministic whatever the order of the rows."""
    return _learned(prepared(records)[0], rules, _Clock(None)).model


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
        return joined(self._records, self._scorer, self._guards, self._clusters)

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


def prepared(records: pa.Table) -> tuple[Coded, npt.NDArray[np.int64]]:
    """Coded records in the order of their ids, and each one's input row: so results do not depend on row order."""
    records, order = in_id_order(records)
    return coded(normalised(records)), order


def in_id_order(records: pa.Table) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """The columns that linkage reads, sorted by record id, and the input row of each record."""
    names = [name for name in records.column_names if name in RAW_COLUMNS]
    if twice := {name for name in names if names.count(name) > 1}:
        raise LinkageError(f"The records have two columns {min(twice)}; there may be one.")
    records = records.select(names)
    if "record_id" not in names:
        return records, np.zeros(0, np.int64)
    order = pc.sort_indices(as_strings(records.column("record_id"), "record_id")).to_numpy().astype(np.int64)
    return records.take(order), order


def said_again(scorer: Scorer, named: Ints, rules: MatchingRules) -> Copies:
    """The records that another one, of the same words, stands for; those that decisions name stand for themselves."""
    return copies(scorer, named, _match_bits(scorer.model, rules), rules.crowd)


def compared(records: Coded, fields: Sequence[Field], pairs: Candidates, rules: MatchingRules) -> Levels:
    """Levels of all candidates, compared in chunks so that memory stays bounded."""
    levels = np.zeros((len(pairs.left), len(fields)), np.uint8)
    for begin in range(0, len(pairs.left), rules.chunk_pairs):
        part = slice(begin, begin + rules.chunk_pairs)
        levels[part] = compare(records, fields, pairs.left[part], pairs.right[part])
    return levels


def weighed(scorer: Scorer, guard: Guards, pairs: Candidates, levels: Levels, rules: MatchingRules) -> Edges:
    """Weighed candidates, decided pairs replaced, people's merges added; weights that nobody will ask for left out."""
    return joined_edges([guard.edges(), _weighed(scorer, guard, pairs, levels, rules)])


def weighed_blocks(scorer: Scorer, guard: Guards, again: Copies, blocks: Blocks, rules: MatchingRules) -> Edges:
    """`weighed` for all pairs of blocks, compared and weighed a part at a time, with what ties copies to their like."""
    return _weighed_parts(scorer, guard, again, _compared_parts(scorer, blocks, rules), rules, _Clock(None))[0]


def clustered(
    scorer: Scorer, guard: Guards, edges: Edges, rules: MatchingRules, again: Copies | None = None
) -> Clusters:
    """Clusters of weighed candidates; every pair inside a component is weighed, candidate or not.

    `again` are the copies among the records, found when not given; all records of a crowd must be there.
    """
    again = said_again(scorer, guard.named, rules) if again is None else again
    bits, records = _match_bits(scorer.model, rules), scorer.records
    carried = None
    if len(again.rows):
        alone = np.ones(records.rows, bool)
        alone[again.rows] = False
        edges, carried = edges.where(alone[edges.left] & alone[edges.right]), again.carried(records.rows)
    weigh = _inside(scorer, guard, rules)
    clusters = cluster(records.rows, edges, bits, rules.max_cluster, weigh, lambda: records.contents, carried)
    clusters.labels[again.rows] = clusters.labels[again.of]
    inside = joined_edges([clusters.inside, Edges(again.of, again.rows, again.bits)])
    return Clusters(clusters.labels, inside, clusters.cut)


def _names(ids: Strings) -> list[str]:
    return cast(list[str], ids.to_pylist())


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


def joined(records: Coded, scorer: Scorer, guard: Guards, clusters: Clusters) -> list[Join]:
    """The strongest ties as joins, with their evidence, and the bridges between them."""
    rows, others, bits = tied(clusters)
    between = bridges(clusters, rows, others)
    crossing = _told(records, scorer, guard, (between.left, between.right, np.minimum(between.bits, CERTAIN)))
    by_record: dict[str, list[Bridge]] = defaultdict(list)
    for tie in crossing:
        by_record[tie.record_id].append(Bridge(tie.other_id, tie.bits, tie.rule, tie.evidence))
    return [
        msgspec.structs.replace(join, bridges=tuple(by_record[join.record_id])) if join.record_id in by_record else join
        for join in _told(records, scorer, guard, (rows, others, bits))
    ]


def _told(records: Coded, scorer: Scorer, guard: Guards, ties: Ties) -> list[Join]:
    rows, others, bits = ties
    if not len(rows):
        return []
    ids = records.ids.to_pylist()
    levels = scorer.levels(rows, others)
    by_field, _ = scorer.evidence(rows, others, levels)
    fields = scorer.model.fields
    plain = not len(guard.merged) and not guard.external
    return [
        Join(
            ids[row],
            ids[other],
            float(tie),
            "weights" if plain else guard.rule(row, other),
            field_evidence(fields, level, field_bits),
        )
        for row, other, tie, level, field_bits in zip(
            rows.tolist(), others.tolist(), bits.tolist(), levels.tolist(), by_field.tolist(), strict=True
        )
    ]


@dataclass(frozen=True)
class _Learned:
    """A model and what it was learned from."""

    model: LinkageModel
    records: Coded
    """All of them, unless there were crowds."""
    blocks: Blocks
    pairs: Candidates
    levels: Levels
    share: float
    """Of the candidates; 1 unless there were too many."""


def _learned(records: Coded, rules: MatchingRules, clock: _Clock) -> _Learned:
    """A model of the records. Of very many candidates, those of rows drawn at random are learned from."""
    with clock.step("candidates", 0.45):
        fewer = without_crowds(records, rules.crowd)
        keys = choose_keys(fewer, rules)
        blocks = blocked(fewer, keys, rules)
        told = int(blocks.told.sum())
        share = min(1.0, _LEARNED_FROM / max(told, 1))
        drawn = np.arange(fewer.rows)
        if share < 1:
            drawn = np.flatnonzero(np.random.default_rng(rules.seed).random(fewer.rows) < share)
        pairs = blocks.of_rows(drawn)
    with clock.step("compare", 0.55):
        fields = usable_fields(fewer)
        levels = compared(fewer, fields, pairs, rules)
    with clock.step("train", 0.6):
        model = learn(fewer, fields, keys, levels, rules, share)
    if fewer is not records:
        model = msgspec.structs.replace(model, records=records.rows, completeness=completeness(records))
    return _Learned(model, fewer, blocks, pairs, levels, share)


def _compared_parts(scorer: Scorer, blocks: Blocks, rules: MatchingRules) -> Iterator[tuple[Candidates, Levels, float]]:
    """All pairs of the blocks with their levels, a part at a time, with the share that is done after each."""
    for pairs, done in blocks.parts(rules.chunk_pairs):
        yield pairs, scorer.levels(pairs.left, pairs.right), done


def _weighed_parts(
    scorer: Scorer,
    guard: Guards,
    again: Copies,
    parts: Iterator[tuple[Candidates, Levels, float]],
    rules: MatchingRules,
    clock: _Clock,
) -> tuple[Edges, int]:
    """Edges of all parts, and how many candidates there were."""
    kept, count = [guard.edges(), Edges(again.of, again.rows, again.bits)], 0
    for pairs, levels, done in parts:
        kept.append(_weighed(scorer, guard, pairs, levels, rules))
        count += len(pairs.left)
        clock.tell("weigh", 0.7 + 0.25 * done)
    return joined_edges(kept), count


def _weighed(scorer: Scorer, guard: Guards, pairs: Candidates, levels: Levels, rules: MatchingRules) -> Edges:
    least = min(rules.review_bits, _match_bits(scorer.model, rules))
    kept: list[Edges] = []
    for begin in range(0, len(pairs.left), rules.chunk_pairs):
        part = slice(begin, begin + rules.chunk_pairs)
        left, right = pairs.left[part], pairs.right[part]
        edges = Edges(left, right, guard.apply(left, right, scorer.score(left, right, levels[part])))
        kept.append(edges.where(edges.bits >= least))
    return joined_edges(kept)


def _inside(scorer: Scorer, guard: Guards, rules: MatchingRules) -> Weigher:
    """Weights of any pairs of these records for clustering, in chunks so that memory stays bounded."""

    def weigh(left: Ints, right: Ints) -> Bits:
        bits = np.empty(len(left), np.float32)
        for begin in range(0, len(left), rules.chunk_pairs):
            part = slice(begin, begin + rules.chunk_pairs)
            one, two = left[part], right[part]
            score = scorer.inside(scorer.score(one, two, scorer.levels(one, two)))
            bits[part] = guard.apply(one, two, score)
        return bits

    return weigh


def _match_bits(model: LinkageModel, rules: MatchingRules) -> float:
    return model.match_bits if rules.match_bits is None else rules.match_bits


def _report(
    records: Coded,
    pairs: int,
    skipped: Mapping[Key, int],
    clusters: Clusters,
    model: LinkageModel,
    match_bits: float,
    clock: _Clock,
) -> LinkageReport:
    sizes = np.bincount(clusters.labels, minlength=1) if records.rows else np.zeros(1, np.int64)
    return LinkageReport(
        records=records.rows,
        clusters=int((sizes > 0).sum()),
        candidates=pairs,
        blocks_skipped={" + ".join(key): count for key, count in skipped.items()},
        largest_cluster=int(sizes.max()),
        components_cut=clusters.cut,
        caps_bound=model.caps_bound,
        match_bits=match_bits,
        model=model.version,
        seconds=clock.seconds,
    )


@dataclass
class _Clock:
    progress: Progress | None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, done: float) -> Iterator[None]:
        self.tell(name, done)
        begun = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - begun, 3)

    def tell(self, name: str, done: float) -> None:
        if self.progress is not None:
            self.progress(name, done)

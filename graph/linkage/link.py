"""One customer out of many records: normalise, find candidates, compare, weigh, cluster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.abreast import abreast
from graph.linkage.candidates import Blocks, Candidates, Key, blocked, choose_keys
from graph.linkage.cluster import Clusters, Edges, Weigher, cluster, joined_edges
from graph.linkage.coded import Coded, Ints, coded
from graph.linkage.columns import RAW_COLUMNS, as_strings, normalised
from graph.linkage.compare import Levels, compare
from graph.linkage.copies import Copies, copies, without_crowds
from graph.linkage.decide import Bits, Scorer
from graph.linkage.drift import completeness
from graph.linkage.explain import Evidence, Explanation, explain
from graph.linkage.fields import Field
from graph.linkage.guards import Guards, guards, named
from graph.linkage.linkage import Linkage, LinkageReport, Review
from graph.linkage.model import LinkageModel
from graph.linkage.reach import with_unreached
from graph.linkage.relations import Relation
from graph.linkage.rules import Decisions, LinkageError, MatchingRules
from graph.linkage.ties import Bridge, Join
from graph.linkage.train import learn, usable_fields

__all__ = [
    "Bridge", "Decisions", "Evidence", "Explanation", "Join", "Linkage", "LinkageError", "LinkageModel",
    "LinkageReport", "MatchingRules", "Relation", "Review", "explain", "link", "train",
]  # fmt: skip

Progress = Callable[[str, float], None]

_LEARNED_FROM = 4_000_000
"""Pairs, counted once for each key that tells them, from which a model is learned at most."""

_WEIGHED_AT_A_TIME = 200_000
"""Pairs: what a thread holds of them meanwhile is small."""

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
        model = learn(fewer, fields, keys, pairs, levels, rules, share)
        model = with_unreached(model, fewer, blocks, pairs, levels, rules, share)
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
    size = min(rules.chunk_pairs, _WEIGHED_AT_A_TIME)

    def weigh(begin: int) -> Edges:
        part = slice(begin, begin + size)
        left, right = pairs.left[part], pairs.right[part]
        edges = Edges(left, right, guard.apply(left, right, scorer.score(left, right, levels[part])))
        return edges.where(edges.bits >= least)

    return joined_edges(list(abreast(weigh, range(0, len(pairs.left), size))))


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

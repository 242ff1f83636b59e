"""Incremental linking: what changed is looked up, its components are clustered again, and nothing else is touched.

The result is that of a full run with the same model: weights depend on two records and the model alone, components on
the edges, and a block that crosses its size limit makes all its members pending.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.blocks import Block, ranges
from graph.linkage.candidates import Candidates, Key, blocked, entries_by_key, key_entries
from graph.linkage.cluster import MUST, Edges
from graph.linkage.coded import Coded, Hashes, Ints, Rows, coded, hash_strings
from graph.linkage.columns import Strings, normalised
from graph.linkage.decide import Bits, Scorer, probability
from graph.linkage.guards import Guards, guards, named
from graph.linkage.link import (
    Join,
    Review,
    clustered,
    compared,
    in_id_order,
    joined,
    said_again,
    tied,
    weighed,
    weighed_blocks,
)
from graph.linkage.model import LinkageModel
from graph.linkage.relations import Relation, related
from graph.linkage.rules import Decisions, LinkageError, MatchingRules

_EXTERNAL: Key = ("external_ids",)


@dataclass
class LinkageIndex:
    """The records of a model in force, ready for look-up. Rows never move; a changed record gets a new row."""

    model: LinkageModel
    rules: MatchingRules
    decisions: Decisions
    base: pa.Table
    """Normalised records at the last full build; may be memory-mapped."""
    added: pa.Table
    """Normalised records that came since."""
    blocks: dict[Key, Block]
    crowds: Block
    """Who says the same, word for word: entries of all records by `Coded.words`."""
    absent: npt.NDArray[np.bool_]
    """Rows that another one of the same words stands for; they stand in no block."""
    absent_at_first: Rows
    """Those of the base when it was built."""
    edges: Edges
    """Of the base, both ways round, sorted by `left`; those of rows that are gone or renewed no longer count."""
    later: Edges
    """Found since the build, both ways round, sorted by `left`."""
    alive: npt.NDArray[np.bool_]
    renewed: npt.NDArray[np.bool_]
    """Rows whose edges of the base were replaced by later ones."""
    seq: int = 0
    """The last change that the index has seen; kept for the caller."""
    saved_as: str = ""
    """The name of the saved base; empty when it was never saved."""
    _id_hashes: npt.NDArray[np.uint64] = field(init=False)
    _id_rows: Rows = field(init=False)
    _added_ids: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        hashes = hash_strings(_one(self.base, "record_id"))
        self._id_rows = np.argsort(hashes, kind="stable")
        self._id_hashes = hashes[self._id_rows]
        ids = _names(self.added)
        self._added_ids = {name: self.base.num_rows + at for at, name in enumerate(ids)}

    @property
    def match_bits(self) -> float:
        return self.model.match_bits if self.rules.match_bits is None else self.rules.match_bits

    @property
    def changes(self) -> int:
        """Rows that were added, removed or renewed since the build: when they are many, build again."""
        return int(self.added.num_rows + (~self.alive[: self.base.num_rows]).sum() + self.renewed.sum())

    def rows_of(self, ids: Iterable[str]) -> Rows:
        """Rows of the living records among `ids`; ids that are not there are left out."""
        names = list(dict.fromkeys(ids))
        later = [self._added_ids[name] for name in names if name in self._added_ids]
        wanted = pa.array([name for name in names if name not in self._added_ids], pa.string())
        hashes = hash_strings(wanted)
        which, place = ranges(
            np.searchsorted(self._id_hashes, hashes, "left"), np.searchsorted(self._id_hashes, hashes, "right")
        )
        rows = self._id_rows[place]
        same = pc.equal(wanted.take(which), _one(self.base, "record_id").take(rows))
        rows = np.append(rows[np.asarray(same, bool)], np.array(later, np.int64))
        return rows[self.alive[rows]]

    def records(self, rows: Rows) -> tuple[Coded, Rows]:
        """Coded records of some rows in the order of their ids, and the row of each."""
        inside = rows < self.base.num_rows
        table = pa.concat_tables(
            [self.base.take(rows[inside]), self.added.take(rows[~inside] - self.base.num_rows)]
        ).combine_chunks()
        order = pc.sort_indices(table.column("record_id")).to_numpy().astype(np.int64)
        return coded(table.take(order)), np.concatenate((rows[inside], rows[~inside]))[order]

    def edges_of(self, rows: Rows) -> Edges:
        """Living edges that leave these rows."""
        found = [_leaving(edges, rows) for edges in (self.edges, self.later)]
        base = found[0]
        base = base.where(~self.renewed[base.left] & ~self.renewed[base.right])
        both = _together([base, found[1]])
        return both.where(self.alive[both.left] & self.alive[both.right])

    def reached(self, rows: Rows) -> Rows:
        """The rows and everything that edges at the match threshold tie to them, sorted."""
        seen: Rows = np.unique(rows)
        frontier = seen
        while len(frontier):
            edges = self.edges_of(frontier)
            near = np.unique(edges.right[edges.bits >= self.match_bits]).astype(np.int64)
            frontier = near[~np.isin(near, seen)]
            seen = np.union1d(seen, frontier)
        return seen


@dataclass(frozen=True)
class Relinked:
    """The components that a change touched, clustered again. All other records stay as they were."""

    record_ids: list[str]
    labels: Ints
    """Cluster of each record, numbered from 0; clusters hold no record outside."""
    weighed: frozenset[str]
    """Those among them that were weighed anew: what changed, and what other records are compared with now."""
    weights: npt.NDArray[np.float32]
    removed: tuple[str, ...]
    joins: list[Join]
    reviews: list[Review]
    """Doubtful pairs with at least one record among these."""


def build_index(
    records: pa.Table, model: LinkageModel, rules: MatchingRules | None = None, decisions: Decisions | None = None
) -> LinkageIndex:
    """An index of raw records under a frozen model, as `link` with that model would see them."""
    rules, decisions = rules or MatchingRules(), decisions or Decisions()
    table = normalised(in_id_order(records)[0])
    ready = coded(table)
    scorer = Scorer(ready, model)
    again = said_again(scorer, named(ready, decisions), rules)
    guard = guards(ready, decisions, rules.max_block, absent=again.rows)
    blocks = blocked(ready, model.keys, rules, model.stopped_blocks, again.rows)
    edges = weighed_blocks(scorer, guard, again, blocks, rules)
    absent = np.zeros(ready.rows, bool)
    absent[again.rows] = True
    return LinkageIndex(
        model=model,
        rules=rules,
        decisions=decisions,
        base=table,
        added=table.slice(0, 0),
        blocks={key: Block.of(*_of(key_entries(ready, key), ~absent)) for key in model.keys},
        crowds=Block.of(*words_of(ready)),
        absent=absent,
        absent_at_first=again.rows.astype(np.int64),
        edges=both_ways(edges),
        later=both_ways(edges.where(np.zeros(len(edges.left), bool))),
        alive=np.ones(ready.rows, bool),
        renewed=np.zeros(ready.rows, bool),
    )


def link_changed(
    index: LinkageIndex, changed: pa.Table, removed: Sequence[str] = (), *, decisions: Decisions | None = None
) -> Relinked:
    """Take new, changed and removed records (and decisions, if they changed) into the index; cluster what they touch.

    `changed` are raw records as `link` takes them; a known record id replaces the record. Ids that are removed but not
    there are ignored. The index is updated in place.
    """
    new = normalised(changed)
    names = _names(new)
    if both := set(names) & set(removed):
        raise LinkageError(f"Record {min(both)} is both changed and removed; it must be one of them.")
    gone = index.rows_of([*names, *removed])
    gone_ids = _ids(index, gone)
    old = index.alive.size
    before, index.decisions = index.decisions, decisions or index.decisions
    decided = _named_anew(before, index.decisions)
    fresh, renewed = _enter(index, new, gone, index.rows_of(decided))
    renewed = np.union1d(renewed, index.rows_of(decided))
    renewed = renewed[(renewed < old) & ~np.isin(renewed, gone)]
    once = index.reached(np.concatenate((gone, renewed)))
    index.alive[gone] = False
    index.renewed[renewed] = True
    pending = np.concatenate((fresh, renewed))
    _replace_edges(index, pending)
    touched = index.reached(np.concatenate((once[index.alive[once]], pending)))
    stay = set(names)
    weighed = frozenset(_ids(index, pending))
    return _clustered_again(index, touched, weighed, tuple(name for name in gone_ids if name not in stay))


def relations_of(index: LinkageIndex, relinked: Relinked, records: Iterable[str] | None = None) -> list[Relation]:
    """The relations of the touched records (or of some of them), as `Linkage.relations` of a full run tells them."""
    touched = index.rows_of(relinked.record_ids)
    label = np.full(index.alive.size, -1, np.int64)
    clusters = dict(zip(relinked.record_ids, relinked.labels.tolist(), strict=True))
    label[touched] = [clusters[name] for name in _ids(index, touched)]
    pairs = _candidate_rows(index, touched if records is None else index.rows_of(records))
    # Clusters hold no record outside, so an untouched partner always stands apart.
    pairs = pairs[(label[pairs[:, 0]] != label[pairs[:, 1]])]
    ready, rows = index.records(np.unique(pairs))
    order = np.argsort(rows, kind="stable")
    place = order[np.searchsorted(rows[order], pairs)].astype(np.int32)
    return related(Scorer(ready, index.model), place.min(1), place.max(1), index.rules.chunk_pairs)


def both_ways(edges: Edges) -> Edges:
    """Each edge from either end, sorted by `left`."""
    left, right = np.append(edges.left, edges.right), np.append(edges.right, edges.left)
    order = np.lexsort((right, left))
    return Edges(left[order], right[order], np.append(edges.bits, edges.bits)[order])


def _of(entries: tuple[Hashes, Ints], present: npt.NDArray[np.bool_]) -> tuple[Hashes, Ints]:
    """The entries of the records that are present in blocks."""
    hashes, rows = entries
    here = present[rows]
    return hashes[here], rows[here]


def words_of(records: Coded) -> tuple[Hashes, Ints]:
    """(hash, row) of every record by all its words, in the order of the hashes."""
    words = records.words
    order = np.argsort(words, kind="stable").astype(np.int32)
    return words[order], order


def _enter(index: LinkageIndex, new: pa.Table, gone: Rows, decided: Rows) -> tuple[Rows, Rows]:
    """Enter new rows under their keys, and leave those of gone ones; gives the new rows, and the members of all blocks
    that crossed the size limit and of all crowds that another record stands for now."""
    first = index.alive.size
    fresh = np.arange(first, first + new.num_rows)
    index.added = pa.concat_tables([index.added, new]).combine_chunks()
    index._added_ids |= dict(zip(_names(new), fresh.tolist(), strict=True))
    index.alive = np.append(index.alive, np.ones(new.num_rows, bool))
    index.renewed = np.append(index.renewed, np.zeros(new.num_rows, bool))
    index.absent = np.append(index.absent, np.zeros(new.num_rows, bool))
    arriving, (leaving, left) = coded(new), index.records(gone)
    were_absent = index.absent.copy()
    crossing = [_represented_anew(index, arriving, fresh, leaving, gone, decided)]
    turned = np.flatnonzero(index.absent[:first] != were_absent[:first])
    turning, turned = index.records(turned[~np.isin(turned, gone)])
    to_enter, to_leave = ~index.absent[turned], index.absent[turned]
    arrived, left_behind, woken = (entries_by_key(records, index.blocks) for records in (arriving, leaving, turning))
    for key, block in index.blocks.items():
        came, rows = _of(arrived[key], ~index.absent[fresh])
        went, _ = _of(left_behind[key], ~were_absent[left])
        woke, awake = _of(woken[key], to_enter)
        slept, _ = _of(woken[key], to_leave)
        affected = np.unique(np.concatenate((came, went, woke, slept)))
        before = block.counts(affected) > index.rules.max_block
        block.add(np.append(came, woke), np.append((rows + first).astype(np.int32), turned[awake].astype(np.int32)))
        block.drop(np.append(went, slept))
        crossed = affected[before != (block.counts(affected) > index.rules.max_block)]
        if len(crossed):
            crossing.append(block.members(crossed)[1].astype(np.int64))
    members = np.unique(np.concatenate(crossing))
    return fresh, members[index.alive[members]]


def _represented_anew(
    index: LinkageIndex, arriving: Coded, fresh: Rows, leaving: Coded, gone: Rows, decided: Rows
) -> Rows:
    """Enter and leave the crowds; say who stands for whom. Gives the members of crowds in which that changed."""
    came, rows = words_of(arriving)
    went, _ = words_of(leaving)
    affected = np.unique(np.append(came, went))
    if len(decided):
        affected = np.union1d(affected, index.records(decided)[0].words)
    large = index.crowds.counts(affected) > index.rules.crowd
    index.crowds.add(came, fresh[rows].astype(np.int32))
    index.crowds.drop(went)
    affected = affected[large | (index.crowds.counts(affected) > index.rules.crowd)]
    if not len(affected):
        return np.zeros(0, np.int64)
    which, rows = index.crowds.members(affected)
    here = index.alive[rows] & ~np.isin(rows, gone)
    which, members = which[here], rows[here].astype(np.int64)
    before = index.absent[members]
    index.absent[members] = False
    index.absent[_copies(index, members)[0]] = True
    turned = (index.absent[members] != before) & ~np.isin(members, fresh)
    return members[np.isin(which, which[turned])]


def _copies(index: LinkageIndex, members: Rows) -> tuple[Rows, Rows, Bits]:
    """Of whole crowds: the rows that others stand for, those others, and the weights of the pairs."""
    ready, rows = index.records(members)
    again = said_again(Scorer(ready, index.model), named(ready, index.decisions), index.rules)
    return rows[again.rows], rows[again.of], again.bits


def _ties_of_copies(index: LinkageIndex, pending: Rows, ready: Coded) -> Edges:
    """What ties copies to the row that stands for them, where one of the two is pending."""
    words = np.unique(ready.words)
    words = words[index.crowds.counts(words) > index.rules.crowd]
    if not len(words):
        return index.later.where(np.zeros(len(index.later.left), bool))
    members = index.crowds.members(words)[1].astype(np.int64)
    rows, of, bits = _copies(index, members[index.alive[members]])
    ties = Edges(of.astype(np.int32), rows.astype(np.int32), bits)
    return ties.where(np.isin(rows, pending) | np.isin(of, pending))


def _named_anew(old: Decisions, new: Decisions | None) -> set[str]:
    """The records that decisions name which were made or withdrawn."""
    if new is None:
        return set()
    changed = (set(old.merge) ^ set(new.merge)) | (set(old.keep_apart) ^ set(new.keep_apart))
    return {name for pair in changed for name in pair}


def _replace_edges(index: LinkageIndex, pending: Rows) -> None:
    """Weigh the pending rows against everything that shares an open block, and put the edges in place of older ones."""
    kept = index.later.where(~np.isin(index.later.left, pending) & ~np.isin(index.later.right, pending))
    pairs = _candidate_rows(index, pending)
    partners = index.rows_of(_partners(index, pending))
    ready, rows = index.records(np.unique(np.concatenate((pairs.ravel(), pending, partners))))
    order = np.argsort(rows, kind="stable")
    place = order[np.searchsorted(rows[order], pairs)].astype(np.int32)
    found = Candidates(place.min(1), place.max(1), {})
    scorer, guard = Scorer(ready, index.model), _guards(index, ready, rows)
    edges = weighed(scorer, guard, found, compared(ready, index.model.fields, found, index.rules), index.rules)
    edges = Edges(rows[edges.left].astype(np.int32), rows[edges.right].astype(np.int32), edges.bits)
    edges = edges.where(np.isin(edges.left, pending) | np.isin(edges.right, pending))
    index.later = _sorted(_together([kept, both_ways(_together([edges, _ties_of_copies(index, pending, ready)]))]))


def _candidate_rows(index: LinkageIndex, pending: Rows) -> Rows:
    """Pairs of rows, shape (pairs, 2), each once, of which at least one is pending."""
    ready, rows = index.records(pending[~index.absent[pending]])
    found = [np.zeros((0, 2), np.int64)]
    entries = entries_by_key(ready, index.blocks)
    for key, block in index.blocks.items():
        hashes, at = entries[key]
        open_ = block.counts(hashes) <= index.rules.max_block
        if key in index.model.stopped_blocks:
            open_ &= ~np.isin(hashes, index.model.stopped_blocks[key])
        hashes, at = hashes[open_], at[open_]
        which, others = block.members(hashes)
        mine = rows[at[which]]
        usable = index.alive[others] & ~index.absent[others] & (mine != others)
        one, two = mine[usable], others[usable].astype(np.int64)
        found.append(np.stack((np.minimum(one, two), np.maximum(one, two)), 1))
    return np.unique(np.concatenate(found), axis=0)


def _partners(index: LinkageIndex, pending: Rows) -> set[str]:
    """The records that people merged with pending ones."""
    if not index.decisions.merge:
        return set()
    names = set(_ids(index, pending))
    return {name for pair in index.decisions.merge if names & set(pair) for name in pair}


def _guards(index: LinkageIndex, records: Coded, where: Rows) -> Guards:
    """Guards over some records, the index's rows `where`; verified ids that too many of all carry are left out."""
    hashes, rows = key_entries(records, _EXTERNAL)
    crowded: frozenset[str] = frozenset()
    if len(hashes):
        column = records["external_ids"]
        begin, codes = column.all_values
        many = rows[index.blocks[_EXTERNAL].counts(hashes) > index.rules.max_block]
        suspects = {str(column.values[code]) for row in np.unique(many) for code in codes[begin[row] : begin[row + 1]]}
        crowded = frozenset(name for name in suspects if _carriers(index, name) > index.rules.max_block)
    absent = np.flatnonzero(index.absent[where]).astype(np.int32)
    return guards(records, index.decisions, index.rules.max_block, crowded, absent)


def _carriers(index: LinkageIndex, external_id: str) -> int:
    """How many living records carry one verified id."""
    one = normalised(pa.table({"record_id": ["-"], "external_ids": pa.array([[external_id]])}))
    hashes, _ = key_entries(coded(one), _EXTERNAL)
    return int(index.blocks[_EXTERNAL].counts(hashes)[0])


def _clustered_again(index: LinkageIndex, touched: Rows, weighed: frozenset[str], removed: tuple[str, ...]) -> Relinked:
    ready, rows = index.records(touched)
    scorer, guard = Scorer(ready, index.model), _guards(index, ready, rows)
    edges = index.edges_of(touched)
    inside = edges.where(np.isin(edges.right, touched) & (edges.left < edges.right))
    order = np.argsort(rows, kind="stable")
    local = [order[np.searchsorted(rows[order], side)].astype(np.int32) for side in (inside.left, inside.right)]
    clusters = clustered(scorer, guard, Edges(np.minimum(*local), np.maximum(*local), inside.bits), index.rules)
    ties = tied(clusters)
    weights = np.zeros(ready.rows, np.float32)
    weights[ties[0]] = ties[2]
    label = np.full(index.alive.size, -1, np.int64)
    label[rows] = clusters.labels
    doubtful = (edges.bits >= index.rules.review_bits) & (edges.bits < MUST)
    doubtful &= (label[edges.left] != label[edges.right]) & ((edges.left < edges.right) | (label[edges.right] < 0))
    return Relinked(
        record_ids=[str(name) for name in ready.ids.to_pylist()],
        labels=np.unique(clusters.labels, return_inverse=True)[1].astype(np.int32),
        weighed=weighed,
        weights=weights,
        removed=removed,
        joins=joined(ready, scorer, guard, clusters),
        reviews=_reviews(index, edges.where(doubtful)),
    )


def _reviews(index: LinkageIndex, edges: Edges) -> list[Review]:
    left, right = _ids(index, edges.left.astype(np.int64)), _ids(index, edges.right.astype(np.int64))
    likely = probability(edges.bits)
    found = [
        Review(min(one, two), max(one, two), round(float(bits), 3), round(float(chance), 4))
        for one, two, bits, chance in zip(left, right, edges.bits, likely, strict=True)
    ]
    return sorted(found, key=lambda review: (-review.bits, review.left_id, review.right_id))


def _ids(index: LinkageIndex, rows: Rows) -> list[str]:
    inside = rows < index.base.num_rows
    names = np.empty(len(rows), object)
    names[inside] = index.base.column("record_id").take(rows[inside]).to_pylist()
    names[~inside] = index.added.column("record_id").take(rows[~inside] - index.base.num_rows).to_pylist()
    return [str(name) for name in names]


def _leaving(edges: Edges, rows: Rows) -> Edges:
    _, place = ranges(np.searchsorted(edges.left, rows, "left"), np.searchsorted(edges.left, rows, "right"))
    return Edges(edges.left[place], edges.right[place], edges.bits[place])


def _together(parts: list[Edges]) -> Edges:
    return Edges(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("left", "right", "bits")))


def _sorted(edges: Edges) -> Edges:
    order = np.lexsort((edges.right, edges.left))
    return Edges(edges.left[order], edges.right[order], edges.bits[order])


def _names(table: pa.Table) -> list[str]:
    return [str(name) for name in table.column("record_id").to_pylist()]


def _one(table: pa.Table, name: str) -> Strings:
    column = table.column(name)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)

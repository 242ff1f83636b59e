"""Incremental linking: what changed is looked up, its components are clustered again, and nothing else is touched.

The result is that of a full run with the same model: weights depend on two records and the model alone, components on
the edges, and a block that crosses its size limit makes all its members pending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.linkage.candidates import Candidates, Key, entries_by_key, key_entries
from graph.linkage.cluster import MUST, Edges
from graph.linkage.coded import Coded, Hashes, Ints, Rows, coded, hashed_together
from graph.linkage.columns import normalised
from graph.linkage.copies import Copies
from graph.linkage.crowds import represented_anew, ties_of_copies
from graph.linkage.decide import Scorer, probability
from graph.linkage.guards import Guards, guards
from graph.linkage.index import LinkageIndex, both_ways, by_left, names_in, present_of, together
from graph.linkage.link import clustered, compared, weighed
from graph.linkage.linkage import Review
from graph.linkage.relations import Relation, related
from graph.linkage.rules import Decisions, LinkageError
from graph.linkage.ties import Join, joined, tied

_EXTERNAL: Key = ("external_ids",)


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


def link_changed(
    index: LinkageIndex, changed: pa.Table, removed: Sequence[str] = (), *, decisions: Decisions | None = None
) -> Relinked:
    """Take new, changed and removed records (and decisions, if they changed) into the index; cluster what they touch.

    `changed` are raw records as `link` takes them; a known record id replaces the record. Ids that are removed but not
    there are ignored. The index is updated in place.
    """
    new = normalised(changed)
    names = names_in(new)
    if both := set(names) & set(removed):
        raise LinkageError(f"Record {min(both)} is both changed and removed; it must be one of them.")
    gone = index.rows_of([*names, *removed])
    gone_ids = index.ids(gone)
    old = index.alive.size
    before, index.decisions = index.decisions, decisions or index.decisions
    decided = _named_anew(before, index.decisions)
    arrived, renewed = _enter(index, new, gone, index.rows_of(decided))
    renewed = np.union1d(renewed, index.rows_of(decided))
    renewed = renewed[(renewed < old) & ~np.isin(renewed, gone)]
    once = index.reached(np.concatenate((gone, renewed)))
    index.alive[gone] = False
    index.renewed[renewed] = True
    pending = np.concatenate((arrived.rows, renewed))
    _replace_edges(index, pending, _blocked(index, *index.records(pending)) if len(renewed) else arrived)
    touched = index.reached(np.concatenate((once[index.alive[once]], pending)))
    stay = set(names)
    weighed = frozenset(index.ids(pending))
    return _clustered_again(index, touched, weighed, tuple(name for name in gone_ids if name not in stay))


def relations_of(index: LinkageIndex, relinked: Relinked, records: Iterable[str] | None = None) -> list[Relation]:
    """The relations of the touched records (or of some of them), as `Linkage.relations` of a full run tells them."""
    touched = index.rows_of(relinked.record_ids)
    label = np.full(index.alive.size, -1, np.int64)
    clusters = dict(zip(relinked.record_ids, relinked.labels.tolist(), strict=True))
    label[touched] = [clusters[name] for name in index.ids(touched)]
    about = touched if records is None else index.rows_of(records)
    pairs = _candidate_rows(index, _blocked(index, *index.records(about)))
    # Clusters hold no record outside, so an untouched partner always stands apart.
    pairs = pairs[(label[pairs[:, 0]] != label[pairs[:, 1]])]
    ready, rows = index.records(np.unique(pairs))
    place = _places(rows, pairs)
    return related(Scorer(ready, index.model), place.min(1), place.max(1), index.rules.chunk_pairs)


@dataclass(frozen=True)
class _Blocked:
    """Records with their rows in the index and, key by key, their entries under it."""

    records: Coded
    rows: Rows
    entries: Mapping[Key, tuple[Hashes, Ints]]


def _blocked(index: LinkageIndex, records: Coded, rows: Rows) -> _Blocked:
    return _Blocked(records, rows, entries_by_key(records, index.blocks))


def _enter(index: LinkageIndex, new: pa.Table, gone: Rows, decided: Rows) -> tuple[_Blocked, Rows]:
    """Enter new rows under their keys, and leave those of gone ones; gives the new records, and the members of all
    blocks that crossed the size limit and of all crowds that another record stands for now."""
    first, most = index.alive.size, index.rules.max_block
    arrived, left = (
        _blocked(index, hashed_together(coded(new)), index.append(new)),
        _blocked(index, *index.records(gone)),
    )
    were_absent = index.absent.copy()
    crossing = [represented_anew(index, arrived.records, arrived.rows, left.records, gone, decided)]
    turned = np.flatnonzero(index.absent[:first] != were_absent[:first])
    woken = _blocked(index, *index.records(turned[~np.isin(turned, gone)]))
    asleep = index.absent[woken.rows]
    for key, block in index.blocks.items():
        came, at = present_of(arrived.entries[key], ~index.absent[arrived.rows])
        went, _ = present_of(left.entries[key], ~were_absent[left.rows])
        woke, awake = present_of(woken.entries[key], ~asleep)
        slept, _ = present_of(woken.entries[key], asleep)
        entering, leaving = np.append(came, woke), np.append(went, slept)
        affected = np.unique(np.append(entering, leaving))
        before = block.counts(affected)
        more, less = (
            np.bincount(np.searchsorted(affected, some), minlength=len(affected)) for some in (entering, leaving)
        )
        block.add(entering, np.append(arrived.rows[at], woken.rows[awake]).astype(np.int32))
        block.drop(leaving)
        crossed = affected[(before > most) != (before + more - less > most)]
        if len(crossed):
            crossing.append(block.members(crossed)[1].astype(np.int64))
    members = np.unique(np.concatenate(crossing))
    return arrived, members[index.alive[members]]


def _named_anew(old: Decisions, new: Decisions | None) -> set[str]:
    """The records that decisions name which were made or withdrawn."""
    if new is None:
        return set()
    changed = (set(old.merge) ^ set(new.merge)) | (set(old.keep_apart) ^ set(new.keep_apart))
    return {name for pair in changed for name in pair}


def _replace_edges(index: LinkageIndex, pending: Rows, blocked: _Blocked) -> None:
    """Weigh the pending rows against everything that shares an open block, and put the edges in place of older ones."""
    kept = index.later.where(~np.isin(index.later.left, pending) & ~np.isin(index.later.right, pending))
    pairs = _candidate_rows(index, blocked)
    partners = index.rows_of(_partners(index, pending))
    ready, rows = index.records(np.unique(np.concatenate((pairs.ravel(), pending, partners))))
    place = _places(rows, pairs)
    found = Candidates(place.min(1), place.max(1), {})
    scorer, guard = Scorer(ready, index.model), _guards(index, ready, rows)
    edges = weighed(scorer, guard, found, compared(ready, index.model.fields, found, index.rules), index.rules)
    edges = Edges(rows[edges.left].astype(np.int32), rows[edges.right].astype(np.int32), edges.bits)
    edges = edges.where(np.isin(edges.left, pending) | np.isin(edges.right, pending))
    copies = ties_of_copies(index, pending, blocked.records.words)
    index.later = by_left(together([kept, both_ways(together([edges, copies]))]))


def _candidate_rows(index: LinkageIndex, blocked: _Blocked) -> Rows:
    """Pairs of rows, shape (pairs, 2), each once, of which at least one is of these records."""
    count = max(index.alive.size, 1)
    usable, present = index.alive & ~index.absent, ~index.absent[blocked.rows]
    found = [np.zeros(0, np.int64)]
    for key, block in index.blocks.items():
        hashes, at = present_of(blocked.entries[key], present)
        if key in index.model.stopped_blocks:
            open_ = ~np.isin(hashes, index.model.stopped_blocks[key])
            hashes, at = hashes[open_], at[open_]
        which, others = block.members(hashes, index.rules.max_block)
        ours = blocked.rows[at[which]]
        kept = usable[others] & (ours != others)
        one, two = ours[kept], others[kept].astype(np.int64)
        found.append(np.minimum(one, two) * count + np.maximum(one, two))
    pairs = np.unique(np.concatenate(found))
    return np.stack((pairs // count, pairs % count), 1)


def _places(rows: Rows, wanted: Rows | Ints) -> Ints:
    """Where each of the wanted rows stands among `rows`."""
    order = np.argsort(rows, kind="stable")
    return np.asarray(order[np.searchsorted(rows[order], wanted)], np.int32)


def _partners(index: LinkageIndex, pending: Rows) -> set[str]:
    """The records that people merged with pending ones."""
    if not index.decisions.merge:
        return set()
    names = set(index.ids(pending))
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
    local = [_places(rows, side) for side in (inside.left, inside.right)]
    # A row that another one stands for is absent, so where none is there are no copies to look for.
    again = None if index.absent[rows].any() else Copies.none()
    clusters = clustered(scorer, guard, Edges(np.minimum(*local), np.maximum(*local), inside.bits), index.rules, again)
    ties = tied(clusters)
    weights = np.zeros(ready.rows, np.float32)
    weights[ties[0]] = ties[2]
    label = np.full(index.alive.size, -1, np.int64)
    label[rows] = clusters.labels
    doubtful = (edges.bits >= index.rules.review_bits) & (edges.bits < MUST)
    doubtful &= (label[edges.left] != label[edges.right]) & ((edges.left < edges.right) | (label[edges.right] < 0))
    return Relinked(
        record_ids=cast(list[str], ready.ids.to_pylist()),
        labels=np.unique(clusters.labels, return_inverse=True)[1].astype(np.int32),
        weighed=weighed,
        weights=weights,
        removed=removed,
        joins=list(chain.from_iterable(joined(scorer, guard, clusters))),
        reviews=_reviews(index, edges.where(doubtful)),
    )


def _reviews(index: LinkageIndex, edges: Edges) -> list[Review]:
    left, right = index.ids(edges.left.astype(np.int64)), index.ids(edges.right.astype(np.int64))
    likely = probability(edges.bits)
    found = [
        Review(min(one, two), max(one, two), round(float(bits), 3), round(float(chance), 4))
        for one, two, bits, chance in zip(left, right, edges.bits, likely, strict=True)
    ]
    return sorted(found, key=lambda review: (-review.bits, review.left_id, review.right_id))

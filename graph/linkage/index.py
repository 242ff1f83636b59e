"""The linked records of a model in force, ready for look-up: by id, by blocking key, by edge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.blocks import Block, ranges
from graph.linkage.candidates import Key, blocked, key_entries
from graph.linkage.cluster import Edges
from graph.linkage.coded import (
    Coded,
    Column,
    Columns,
    Hashes,
    Ints,
    Rows,
    coded,
    column_of,
    hash_strings,
    hashed_together,
    in_order,
    whole,
)
from graph.linkage.columns import Strings, normalised
from graph.linkage.decide import Scorer
from graph.linkage.guards import guards, named
from graph.linkage.link import in_id_order, said_again, weighed_blocks
from graph.linkage.model import LinkageModel
from graph.linkage.rules import Decisions, MatchingRules


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
        hashes = hash_strings(whole(self.base, "record_id"))
        self._id_rows = in_order(hashes)
        self._id_hashes = hashes[self._id_rows]
        ids = names_in(self.added)
        self._added_ids = {name: self.base.num_rows + at for at, name in enumerate(ids)}

    @property
    def match_bits(self) -> float:
        return self.model.match_bits if self.rules.match_bits is None else self.rules.match_bits

    @property
    def changes(self) -> int:
        """Rows that were added, removed or renewed since the build: when they are many, build again."""
        return int(self.added.num_rows + (~self.alive[: self.base.num_rows]).sum() + self.renewed.sum())

    def append(self, new: pa.Table) -> Rows:
        """Take normalised records in; gives their rows. They stand under no key yet."""
        first = self.alive.size
        rows = np.arange(first, first + new.num_rows)
        self.added = pa.concat_tables([self.added, new]).combine_chunks()
        self._added_ids |= dict(zip(names_in(new), rows.tolist(), strict=True))
        self.alive = np.append(self.alive, np.ones(new.num_rows, bool))
        self.renewed = np.append(self.renewed, np.zeros(new.num_rows, bool))
        self.absent = np.append(self.absent, np.zeros(new.num_rows, bool))
        return rows

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
        same = pc.equal(wanted.take(which), whole(self.base, "record_id").take(rows))
        rows = np.append(rows[np.asarray(same, bool)], np.array(later, np.int64))
        return rows[self.alive[rows]]

    def records(self, rows: Rows) -> tuple[Coded, Rows]:
        """Coded records of some rows in the order of their ids, and the row of each."""
        inside = rows < self.base.num_rows
        base, held = self.base, rows[inside]
        added, later = self.added, rows[~inside] - base.num_rows
        unordered = _taken("record_id", base, held, added, later)
        order = pc.sort_indices(unordered).to_numpy().astype(np.int64)
        if not len(later):
            held, order_of_columns = held[order], None
        else:
            order_of_columns = order

        def column(name: str) -> Column:
            values = _taken(name, base, held, added, later)
            return column_of(name, values if order_of_columns is None else values.take(order_of_columns), len(order))

        found = hashed_together(Coded(unordered.take(order), Columns(column)))
        return found, np.concatenate((rows[inside], rows[~inside]))[order]

    def ids(self, rows: Rows) -> list[str]:
        """The record ids of some rows."""
        inside = rows < self.base.num_rows
        names = np.empty(len(rows), object)
        names[inside] = whole(self.base, "record_id").take(rows[inside]).to_pylist()
        names[~inside] = whole(self.added, "record_id").take(rows[~inside] - self.base.num_rows).to_pylist()
        return cast(list[str], names.tolist())

    def edges_of(self, rows: Rows) -> Edges:
        """Living edges that leave these rows."""
        found = [_leaving(edges, rows) for edges in (self.edges, self.later)]
        base = found[0]
        base = base.where(~self.renewed[base.left] & ~self.renewed[base.right])
        both = together([base, found[1]])
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
        blocks={key: Block.of(*present_of(key_entries(ready, key), ~absent)) for key in model.keys},
        crowds=Block.of(*words_of(ready)),
        absent=absent,
        absent_at_first=again.rows.astype(np.int64),
        edges=both_ways(edges),
        later=both_ways(edges.where(np.zeros(len(edges.left), bool))),
        alive=np.ones(ready.rows, bool),
        renewed=np.zeros(ready.rows, bool),
    )


def both_ways(edges: Edges) -> Edges:
    """Each edge from either end, sorted by `left`."""
    left, right = np.append(edges.left, edges.right), np.append(edges.right, edges.left)
    order = np.lexsort((right, left))
    return Edges(left[order], right[order], np.append(edges.bits, edges.bits)[order])


def present_of(entries: tuple[Hashes, Ints], present: npt.NDArray[np.bool_]) -> tuple[Hashes, Ints]:
    """The entries of the records that are present in blocks."""
    hashes, rows = entries
    here = present[rows]
    return hashes[here], rows[here]


def words_of(records: Coded) -> tuple[Hashes, Ints]:
    """(hash, row) of every record by all its words, in the order of the hashes."""
    words = records.words
    order = in_order(words).astype(np.int32)
    return words[order], order


def _leaving(edges: Edges, rows: Rows) -> Edges:
    _, place = ranges(np.searchsorted(edges.left, rows, "left"), np.searchsorted(edges.left, rows, "right"))
    return Edges(edges.left[place], edges.right[place], edges.bits[place])


def together(parts: list[Edges]) -> Edges:
    return Edges(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("left", "right", "bits")))


def by_left(edges: Edges) -> Edges:
    order = np.lexsort((edges.right, edges.left))
    return Edges(edges.left[order], edges.right[order], edges.bits[order])


def names_in(table: pa.Table) -> list[str]:
    """The record ids of a table of normalised records."""
    return cast(list[str], table.column("record_id").to_pylist())


def _taken(name: str, base: pa.Table, held: Rows, added: pa.Table, later: Rows) -> Strings:
    parts = [whole(table, name).take(some) for table, some in ((base, held), (added, later)) if len(some)]
    if len(parts) == 1:
        return parts[0]
    return pa.concat_arrays(parts) if parts else whole(base, name).slice(0, 0)

"""Pairs that are decided before any weight: people's decisions, and verified ids of one system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.cluster import MUST, MUST_NOT, Edges
from graph.linkage.coded import Coded, Ints, Rows
from graph.linkage.columns import OF_SEVERAL
from graph.linkage.decide import Bits
from graph.linkage.rules import Decisions, LinkageError


@dataclass(frozen=True)
class Guards:
    """Must-links and cannot-links. A person's word binds before a verified id, "keep apart" before "merge"."""

    rows: int
    merged: Rows
    """Pairs that people merged, as `left * rows + right`, sorted; `apart` likewise."""
    apart: Rows
    external: dict[int, dict[str, frozenset[str]]]
    """Verified ids by row and system."""
    named: Ints
    """The rows that decisions name, sorted."""

    def apply(self, left: Ints, right: Ints, bits: Bits) -> Bits:
        """The weights, with those of decided pairs replaced."""
        bits = bits.copy()
        if self.external:
            owners = np.zeros(self.rows, bool)
            owners[list(self.external)] = True
            for at in np.flatnonzero(owners[left] & owners[right]):
                bits[at] = self._by_id(int(left[at]), int(right[at]), float(bits[at]))
        pairs = np.minimum(left, right).astype(np.int64) * self.rows + np.maximum(left, right)
        bits[_known(self.merged, pairs)] = MUST
        bits[_known(self.apart, pairs)] = MUST_NOT
        return bits

    def edges(self) -> Edges:
        """People's must-links, which hold whether or not the pair was a candidate."""
        count = max(self.rows, 1)
        kept = self.merged[~_known(self.apart, self.merged)]
        return Edges(
            (kept // count).astype(np.int32), (kept % count).astype(np.int32), np.full(len(kept), MUST, np.float32)
        )

    def rule(self, left: int, right: int) -> str:
        """What joined a pair: `decision`, `external_id` or `weights`."""
        pair = np.array([min(left, right) * self.rows + max(left, right)], np.int64)
        if _known(self.merged, pair)[0]:
            return "decision"
        same = self._by_id(left, right, 0.0) == MUST
        return "external_id" if same else "weights"

    def _by_id(self, left: int, right: int, otherwise: float) -> float:
        ours, theirs = self.external.get(left, {}), self.external.get(right, {})
        shared = [system for system in ours if system in theirs]
        if not shared:
            return otherwise
        if any(ours[system].isdisjoint(theirs[system]) for system in shared):
            return MUST_NOT
        return MUST


def guards(
    records: Coded,
    decisions: Decisions,
    max_block: int,
    crowded: frozenset[str] = frozenset(),
    absent: Ints | None = None,
) -> Guards:
    """Guards over these records. Decisions about records that are not there are left out.

    So are verified ids that more than `max_block` records carry, and those known as `crowded` from elsewhere: such an
    id identifies nobody. Rows in `absent`, that others stand for, do not count.
    """
    return Guards(
        records.rows,
        _pairs(records, decisions.merge),
        _pairs(records, decisions.keep_apart),
        _external(records, max_block, crowded, absent),
        named(records, decisions),
    )


def named(records: Coded, decisions: Decisions) -> Ints:
    """The rows that decisions name, sorted, whether or not the other record is there."""
    names = {name for pair in (*decisions.merge, *decisions.keep_apart) for name in pair}
    if not names:
        return np.zeros(0, np.int32)
    found: Any = pc.is_in(records.ids, pa.array(sorted(names), pa.string()))
    return np.flatnonzero(found.to_numpy(zero_copy_only=False)).astype(np.int32)


def _pairs(records: Coded, decided: tuple[tuple[str, str], ...]) -> Rows:
    if not decided:
        return np.zeros(0, np.int64)
    if any(one == two for one, two in decided):
        raise LinkageError("A decision names the same record twice; it must name two.")
    found = [pc.index_in(pa.array([pair[side] for pair in decided], pa.string()), records.ids) for side in (0, 1)]
    known = pc.and_(found[0].is_valid(), found[1].is_valid())
    one, two = (side.filter(known).to_numpy().astype(np.int64) for side in found)
    return np.unique(np.minimum(one, two) * records.rows + np.maximum(one, two))


def _external(
    records: Coded, max_block: int, crowded: frozenset[str], absent: Ints | None
) -> dict[int, dict[str, frozenset[str]]]:
    column = records["external_ids"]
    if not column.said:
        return {}
    rows = np.concatenate((np.flatnonzero(column.codes >= 0), column.more_rows))
    codes = np.concatenate((column.codes[column.codes >= 0], column.more_codes))
    counted = np.ones(records.rows, bool)
    if absent is not None:
        counted[absent] = False
    carried = np.bincount(codes[counted[rows]], minlength=len(column.strings))
    found: dict[int, dict[str, set[str]]] = {}
    for row, code in zip(rows.tolist(), codes.tolist(), strict=True):
        if carried[code] <= max_block and column.values[code] not in crowded:
            whole = str(column.values[code])
            system, _, number = whole.partition(":")
            if system.startswith(OF_SEVERAL):
                system = whole
            found.setdefault(row, {}).setdefault(system, set()).add(number)
    return {row: {system: frozenset(ids) for system, ids in systems.items()} for row, systems in found.items()}


def _known(sorted_pairs: Rows, pairs: Rows) -> npt.NDArray[np.bool_]:
    if not len(sorted_pairs):
        return np.zeros(len(pairs), bool)
    at = np.minimum(np.searchsorted(sorted_pairs, pairs), len(sorted_pairs) - 1)
    return np.asarray(sorted_pairs[at] == pairs)

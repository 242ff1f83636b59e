"""Records that say word for word what many others say: one of them stands for all where that makes them one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.linkage.blocks import ranges
from graph.linkage.coded import Coded, Ints, Rows
from graph.linkage.decide import Bits, Scorer

_LEARNED_FROM = 8
_RARE = 0.01


@dataclass(frozen=True)
class Copies:
    """Rows that another row stands for, in order, with that row (the first of its crowd) and the pair's weight."""

    rows: Ints
    of: Ints
    bits: Bits

    @staticmethod
    def none() -> Copies:
        nothing = np.zeros(0, np.int32)
        return Copies(nothing, nothing, np.zeros(0, np.float32))

    def carried(self, rows: int) -> Rows:
        """How many records each row stands for, itself included."""
        return np.bincount(self.of, minlength=rows) + 1


def copies(scorer: Scorer, named: Ints, match_bits: float, crowd: int) -> Copies:
    """The copies among these records.

    More than `crowd` of them that say the same, of one source, are a crowd. Its first row represents it when a pair of
    it weighs `match_bits` or more: then average linkage would join it anyway, and blocks need not hold everybody.
    Crowds that say too little to be one person are left as they are. So are the rows that decisions name (`named`).
    """
    members, starts = _crowds(scorer.records, named, crowd)
    if not len(starts):
        return Copies.none()
    first, second = members[starts], members[starts + 1]
    bits = scorer.score(first, second, scorer.levels(first, second))
    lengths = np.diff(np.append(starts, len(members)))
    one = bits >= match_bits
    which, place = ranges(starts[one] + 1, (starts + lengths)[one])
    order = np.argsort(members[place], kind="stable")
    rows, which = members[place][order], which[order]
    return Copies(rows, first[one][which], bits[one][which])


def without_crowds(records: Coded, crowd: int) -> Coded:
    """The records to learn from: of those that say the same the first few, because what is said often is said once.

    Where there are no crowds, and copies are rare, these are all records.
    """
    members, starts = _crowds(records, np.zeros(0, np.int32), min(_LEARNED_FROM, crowd))
    lengths = np.diff(np.append(starts, len(members)))
    left_out = len(members) - len(starts) * min(_LEARNED_FROM, crowd)
    if not (lengths > crowd).any() and left_out <= _RARE * records.rows:
        return records
    kept = np.ones(records.rows, bool)
    kept[members] = False
    _, place = ranges(starts, starts + min(_LEARNED_FROM, crowd))
    kept[members[place]] = True
    return records.take(np.flatnonzero(kept))


def _crowds(records: Coded, left_out: Ints, crowd: int) -> tuple[Ints, Rows]:
    """Members of all crowds, crowd by crowd and each in the order of the rows, and where each crowd begins."""
    words = records.words
    present: npt.NDArray[np.bool_] = np.ones(records.rows, bool)
    present[left_out] = False
    rows = np.flatnonzero(present)
    _, group, counts = np.unique(words[rows], return_inverse=True, return_counts=True)
    large = counts[group] > crowd
    rows, group = rows[large], group[large]
    order = np.argsort(group, kind="stable")
    rows, group = rows[order], group[order]
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(group), 1), bool), group[1:] != group[:-1])))
    return np.asarray(rows, np.int32), np.asarray(starts, np.int64)

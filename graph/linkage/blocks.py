"""Who stands under a blocking key now: sorted hashes of a base, what was added since, and what is gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.linkage.coded import Hashes, Ints, Rows


@dataclass
class Block:
    """The entries of one blocking key. `hashes` and `rows` may be memory-mapped; they are never written."""

    hashes: Hashes
    rows: Ints
    added_hashes: Hashes
    added_rows: Ints
    gone: Hashes
    """Hashes of the entries, of the base or added, whose record is gone."""

    @staticmethod
    def of(hashes: Hashes, rows: Ints) -> Block:
        return Block(hashes, rows, np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.uint64))

    def counts(self, hashes: Hashes) -> Rows:
        """How many living records stand under each hash."""
        return _length(self.hashes, hashes) + _length(self.added_hashes, hashes) - _length(self.gone, hashes)

    def members(self, hashes: Hashes) -> tuple[Rows, Ints]:
        """(position among `hashes`, row) of every entry under them, gone ones included."""
        found = [
            _ranges(sorted_, rows, hashes)
            for sorted_, rows in ((self.hashes, self.rows), (self.added_hashes, self.added_rows))
        ]
        return np.concatenate([at for at, _ in found]), np.concatenate([rows for _, rows in found])

    def add(self, hashes: Hashes, rows: Ints) -> None:
        hashes, rows = np.append(self.added_hashes, hashes), np.append(self.added_rows, rows)
        order = np.argsort(hashes, kind="stable")
        self.added_hashes, self.added_rows = hashes[order], rows[order]

    def drop(self, hashes: Hashes) -> None:
        self.gone = np.sort(np.append(self.gone, hashes))


def ranges(begin: Rows | Ints, end: Rows | Ints) -> tuple[Rows, Rows]:
    """(which range, position) for every position of many ranges."""
    lengths = end - begin
    which = np.repeat(np.arange(len(begin)), lengths)
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return which, np.repeat(begin, lengths) + place


def _length(sorted_: Hashes, hashes: Hashes) -> Rows:
    if not len(sorted_):
        return np.zeros(len(hashes), np.int64)
    return np.searchsorted(sorted_, hashes, "right") - np.searchsorted(sorted_, hashes, "left")


def _ranges(sorted_: Hashes, rows: Ints, hashes: Hashes) -> tuple[Rows, npt.NDArray[np.int32]]:
    which, place = ranges(np.searchsorted(sorted_, hashes, "left"), np.searchsorted(sorted_, hashes, "right"))
    return which, np.asarray(rows[place], np.int32)

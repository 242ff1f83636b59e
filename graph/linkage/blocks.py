"""Who stands under a blocking key now: sorted hashes of a base, what was added since, and what is gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
        return _length(_run(self.hashes, hashes)) + self._counts_since(hashes)

    def members(self, hashes: Hashes, most: int | None = None) -> tuple[Rows, Ints]:
        """(position among `hashes`, row) of every entry under them, gone ones included.

        With `most`, of those only under which at most so many living records stand.
        """
        at, rows = np.arange(len(hashes)), _run(self.hashes, hashes)
        if most is not None:
            kept = _length(rows) + self._counts_since(hashes) <= most
            at, hashes, rows = at[kept], hashes[kept], (rows[0][kept], rows[1][kept])
        which, place = ranges(*rows)
        if not len(self.added_hashes):
            return at[which], np.asarray(self.rows[place], np.int32)
        later, added = ranges(*_run(self.added_hashes, hashes))
        found = np.concatenate((self.rows[place], self.added_rows[added]))
        return at[np.concatenate((which, later))], np.asarray(found, np.int32)

    def add(self, hashes: Hashes, rows: Ints) -> None:
        hashes, rows = np.append(self.added_hashes, hashes), np.append(self.added_rows, rows)
        order = np.argsort(hashes, kind="stable")
        self.added_hashes, self.added_rows = hashes[order], rows[order]

    def drop(self, hashes: Hashes) -> None:
        self.gone = np.sort(np.append(self.gone, hashes))

    def _counts_since(self, hashes: Hashes) -> Rows:
        """By how many the base has grown under each hash; less than none where it has shrunk."""
        since = np.zeros(len(hashes), np.int64)
        if len(self.added_hashes):
            since += _length(_run(self.added_hashes, hashes))
        if len(self.gone):
            since -= _length(_run(self.gone, hashes))
        return since


def ranges(begin: Rows | Ints, end: Rows | Ints) -> tuple[Rows, Rows]:
    """(which range, position) for every position of many ranges."""
    lengths = end - begin
    which = np.repeat(np.arange(len(begin)), lengths)
    place = np.arange(len(which)) + np.repeat(begin - np.cumsum(lengths) + lengths, lengths)
    return which, place


def _run(sorted_: Hashes, hashes: Hashes) -> tuple[Rows, Rows]:
    """Where each hash begins and ends among sorted ones."""
    return np.searchsorted(sorted_, hashes, "left"), np.searchsorted(sorted_, hashes, "right")


def _length(run: tuple[Rows, Rows]) -> Rows:
    return run[1] - run[0]

"""Which values cannot be alike, told by the letters that they are written with, without comparing them.

A letter that one value has and the other lacks is matched by none, so a few bits a value bound the likeness of two from
above. Most pairs of strangers need not be compared then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.columns import Strings

Flags = npt.NDArray[np.bool_]

_CLASSES = 32
_BITS = np.append(np.uint64(1) << np.arange(128, dtype=np.uint64) % np.uint64(_CLASSES), np.zeros(128, np.uint64))
_BOOSTED_FROM = 0.7
_HAIR = 1e-6


@dataclass(frozen=True)
class Letters:
    """Value by value: `classes` has bit c set where a letter of class c occurs, and bit 32 + c where two do.

    Letters of ASCII are of the class of their last five bits, others of none. `heads` are the first four octets.
    """

    classes: npt.NDArray[np.uint64]
    lengths: npt.NDArray[np.int32]
    heads: npt.NDArray[np.uint32]

    @staticmethod
    def of(values: Strings) -> Letters:
        count = len(values)
        once, twice, heads = np.zeros(count, np.uint64), np.zeros(count, np.uint64), np.zeros(count, np.uint32)
        text: Any = values
        lengths = pc.utf8_length(text).to_numpy().astype(np.int32)
        large = values.cast(pa.large_string())
        _, offsets_buffer, data = cast(list[Any], large.buffers())
        if not count or data is None:
            return Letters(once, lengths, heads)
        offsets = np.frombuffer(offsets_buffer, np.int64)[large.offset : large.offset + count + 1]
        octets, sizes = np.frombuffer(data, np.uint8), np.diff(offsets)
        order = np.argsort(sizes, kind="stable")
        starts, sizes = offsets[:-1][order], sizes[order]
        begins = np.searchsorted(sizes, np.arange(int(sizes[-1])), "right")
        for position, begin in enumerate(begins.tolist()):
            letter = octets[starts[begin:] + position]
            bit = _BITS[letter]
            twice[begin:] |= once[begin:] & bit
            once[begin:] |= bit
            if position < 4:
                heads[begin:] |= letter.astype(np.uint32) << np.uint32(8 * position)
        classes, first = np.empty_like(once), np.empty_like(heads)
        classes[order], first[order] = once | twice << np.uint64(_CLASSES), heads
        return Letters(classes, lengths, first)

    def may_be_alike(self, ours: npt.NDArray[np.integer], others: Letters, theirs: npt.NDArray[np.integer],
                     least: float) -> Flags:  # fmt: skip
        """Where the Jaro-Winkler likeness of the values `ours` with `theirs` of others may be `least` and more."""
        one, two = self.classes[ours], others.classes[theirs]
        length, other_length = self.lengths[ours], others.lengths[theirs]
        matched = np.minimum(length - _count(one & ~two), other_length - _count(two & ~one)).astype(np.float32)
        jaro = (matched / np.maximum(length, 1) + matched / np.maximum(other_length, 1) + 1) / 3
        apart = self.heads[ours] ^ others.heads[theirs]
        begin = np.zeros(len(apart), np.float32)
        for octet in (0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF):
            begin += (apart & np.uint32(octet)) == 0
        likeness = np.where(jaro > _BOOSTED_FROM, jaro + np.float32(0.1) * begin * (1 - jaro), jaro)
        return np.asarray(likeness >= least - _HAIR)

    def may_be_edits(self, ours: npt.NDArray[np.integer], theirs: npt.NDArray[np.integer], most: int) -> Flags:
        """Where as few edits as `most` may make one value the other; each edit mends one letter of either at most."""
        one, two = self.classes[ours], self.classes[theirs]
        edits = np.maximum(_count(one & ~two), _count(two & ~one))
        return np.asarray(np.maximum(edits, np.abs(self.lengths[ours] - self.lengths[theirs])) <= most)


def _count(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    return np.bitwise_count(bits).astype(np.int32)

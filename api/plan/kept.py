"""What is kept of earlier requests: as much as there is room for in bytes, so that no client fills the memory."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from graphql import DocumentNode

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SHARE = 16
"""What is larger than one part of so many of the room is not kept: one request does not push out all others."""
_SMALLEST = 8_000
_TOKEN = 600
"""Bytes of a token with its part of the tree; 350 to 550 measured."""


class Kept(Generic[K, V]):
    """Values by key, those used last, within a number of bytes, and within a number of values where one is given."""

    def __init__(self, most_bytes: int, *, most: int | None = None, share: int = SHARE) -> None:
        self.most_bytes = most_bytes
        self._most = most
        self._share = share
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.bytes = 0
        """What is kept, as it was weighed."""

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """The value of a key, which is the one used last from now on."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes unless it is too large; those not used for longest make room."""
        if size > self.most_bytes // self._share:
            return
        _, before = self._kept.pop(key, (None, 0))
        self._kept[key] = value, size
        self.bytes += size - before
        while self.bytes > self.most_bytes or (self._most is not None and len(self._kept) > self._most):
            _, (_, gone) = self._kept.popitem(last=False)
            self.bytes -= gone


def document_bytes(document: DocumentNode) -> int:
    """About how many bytes a parsed document holds, never less: its text, once more in its tokens, and its tree."""
    assert document.loc is not None
    tokens, token = 0, document.loc.start_token
    while token.next is not None:
        tokens, token = tokens + 1, token.next
    return _SMALLEST + 2 * sys.getsizeof(document.loc.source.body) + _TOKEN * tokens


def value_bytes(value: Any) -> int:
    """The bytes of plain values: texts, numbers, and tuples and sets of them."""
    total, open_ = 0, [value]
    while open_:
        item = open_.pop()
        if isinstance(item, tuple | frozenset):
            open_ += item
        total += sys.getsizeof(item)
    return total

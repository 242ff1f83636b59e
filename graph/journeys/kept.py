"""What was worked out once and is asked for again: a few things, of which the oldest goes when there are too many."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Kept:
    """Things by key. Two threads may both make one; they make the same."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made when it is first asked for."""
        found = self._things.get(key, self)
        if found is self:
            found = make()
            while len(self._things) >= self._most:
                for oldest in list(self._things)[:1]:  # in one step: another thread may keep something, or let go
                    self._things.pop(oldest, None)
            self._things[key] = found
        kept: T = found
        return kept

    def let_go(self) -> None:
        """Keep nothing any more of what was made so far."""
        self._things.clear()

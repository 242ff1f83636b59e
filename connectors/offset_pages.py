"""Lists that are paged by offset and may shrink while they are read, without leaving anything out.

Each page begins a little before the end of the one before it. When it does not begin with something known, what was
read has moved towards the front, and the reader goes back until it stands on known ground.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from connectors.errors import SourceError

T = TypeVar("T")

OVERLAP = 10
PAGES_REMEMBERED = 4
TIMES_BACK = 50
"""How often a list may move under the reader before it is left for the next sync."""


@dataclass(frozen=True, slots=True)
class OffsetPage(Generic[T]):
    """What is new of a page, the offset that has been read up to, and whether it was the last one."""

    items: Sequence[T]
    offset: int
    done: bool


async def offset_pages(
    fetch: Callable[[int], Awaitable[Sequence[T]]],
    identity: Callable[[T], object],
    where: str,
    *,
    size: int,
    offset: int = 0,
) -> AsyncIterator[OffsetPage[T]]:
    """Pages of `size` items from `fetch(offset)`, to the end; an item that was given may be given again.

    `size` is at least 2. Raises SourceError when the vendor gives one page for ever, or the list never stands still.
    """
    overlap = min(OVERLAP, size // 2)
    recent: deque[set[object]] = deque(maxlen=PAGES_REMEMBERED)
    # What moved since an earlier run is not known: it is read again from a page before.
    back = size if offset else 0
    went_back = 0
    while True:
        start = max(0, offset - back)
        items = await fetch(start)
        keys = [identity(item) for item in items]
        known = [any(key in page for page in recent) for key in keys]
        if start and recent and not (known and known[0]):
            back = back * 4
            went_back += 1
            if went_back > TIMES_BACK:
                raise SourceError(
                    f"{where}: the list keeps changing while it is read. The next sync goes on from here."
                )
            continue
        new = [item for item, was_known in zip(items, known, strict=True) if not was_known]
        done = len(items) < size
        if not done and not new and back <= overlap:
            raise SourceError(f"{where}: the cursor does not move: offset {start} gives the same page again.")
        recent.append(set(keys))
        offset, back = start + len(items), overlap
        yield OffsetPage(new, offset, done)
        if done:
            return

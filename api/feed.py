"""The feed of changes: one reader of the change log a process, and everybody who follows it.

There are no queues: a follower has a place in the log and reads on from there, from the last entries that the reader
keeps or, further back, from the store. So one that is slow costs nothing, and one that comes back with its cursor
misses nothing and sees nothing twice, whichever process it comes back to.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import islice
from typing import Any

from graph.changes import Entry, last_seq, oldest_seq, read_changes
from graph.store.driver import Store
from graph.store.errors import StoreError

LOG = logging.getLogger("c360.api")
POLL_SECONDS = 0.25
RETRY_SECONDS = 1.0
"""How long a store that does not answer is left alone."""
KEPT_ENTRIES = 256


class CursorExpired(Exception):
    """What follows the place is no longer in the log, or the place is of another graph."""


class LogReset(Exception):
    """The graph was loaded or built anew: there is no telling what changed."""


class FeedClosed(Exception):
    """The process ends."""


class Feed:
    """The change log of one store as this process follows it. The log is only polled while somebody follows."""

    def __init__(self, store: Store, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._kept: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self.tail = 0
        """The number of the last entry that was read here."""
        self._resets = 0
        """How often the log has turned out not to continue what was read of it."""
        self._moved = asyncio.Event()
        self._woken = asyncio.Event()
        self._closed = False
        self.followers = 0
        """Who follows the log."""
        self.looked_at = time.monotonic()
        """When the log was last read; moves only while there are followers."""
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._flights: dict[Any, asyncio.Future[Any]] = {}

    def wake(self) -> None:
        """Something was written here: look at once."""
        self._woken.set()

    def close(self) -> None:
        """Send all followers away, with FeedClosed."""
        self._closed = True
        self._moved.set()

    async def follow(self, after: int | None) -> AsyncGenerator[Entry, None]:
        """The entries after `after` (None: those from now on), and then each as it is written; ends with an error.

        Raises CursorExpired, LogReset, FeedClosed; StoreError only while it begins.
        """
        async with self._read_meanwhile():
            resets = self._resets
            last = await last_seq(self._store)
            at = last if after is None else after
            if at > last or at + 1 < await oldest_seq(self._store):
                raise CursorExpired
            while True:
                moved = self._moved
                if self._closed:
                    raise FeedClosed
                if self._resets != resets:
                    raise LogReset
                entries = await self._after(at)
                for entry in entries:
                    if entry.change is None:
                        raise LogReset
                    yield entry
                    at = entry.seq
                if not entries:
                    await moved.wait()

    async def shared(self, key: Any, work: Callable[[], Awaitable[Any]]) -> Any:
        """What the work gives; all who ask for the same while it is under way share it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(work())
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._land(key, done))
        return await asyncio.shield(flight)

    def _land(self, key: Any, done: asyncio.Future[Any]) -> None:
        del self._flights[key]
        if not done.cancelled():
            done.exception()  # whoever asked may have left: then nobody else looks at it

    async def _after(self, at: int) -> list[Entry]:
        if at >= self.tail:
            return []
        if self._kept and self._kept[0].seq <= at + 1:
            return list(islice(self._kept, at + 1 - self._kept[0].seq, None))
        while True:
            try:
                entries = await read_changes(self._store, at)
                if not entries and at + 1 < await oldest_seq(self._store):
                    raise CursorExpired
            except StoreError:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if entries:
                return entries
            await asyncio.sleep(self._poll_seconds)

    @asynccontextmanager
    async def _read_meanwhile(self) -> AsyncIterator[None]:
        """The reader works as long as there are followers."""
        self.followers += 1
        try:
            async with self._starting:
                if self._reader is None:
                    self._kept.clear()
                    self.tail = await last_seq(self._store)
                    self.looked_at = time.monotonic()
                    self._reader = asyncio.create_task(self._read())
            yield
        finally:
            self.followers -= 1
            if not self.followers and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    async def _read(self) -> None:
        is_silent = False
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._poll_seconds)
            self._woken.clear()
            try:
                await self._catch_up()
                is_silent = False
            except StoreError as error:
                if not is_silent:
                    LOG.warning("the change log cannot be read: %s", error)
                is_silent = True
                await asyncio.sleep(RETRY_SECONDS)

    async def _catch_up(self) -> None:
        last = await last_seq(self._store)
        self.looked_at = time.monotonic()
        if last < self.tail:
            self._start_again(last)
        while self.tail < last:
            entries = await read_changes(self._store, self.tail)
            if entries:
                self._kept.extend(entries)
                self.tail = entries[-1].seq
                self._tell()
            elif self.tail + 1 < await oldest_seq(self._store):
                self._start_again(last)
            else:
                return  # the next entry is about to be seen

    def _start_again(self, last: int) -> None:
        self._kept.clear()
        self.tail = last
        self._resets += 1
        self._tell()

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

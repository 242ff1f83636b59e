"""What stands in the graph now, told whenever it is another: one reader a process for all who ask the same.

It differs from the feed of changes: who is slow is told the newest answer and misses those in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Any

from api.feed import RETRY_SECONDS, FeedClosed
from api.plan.roots import Question, Reader
from graph.store.errors import StoreError

LOG = logging.getLogger("c360.api")
POLL_SECONDS = 0.4


class Watch:
    """The questions that somebody watches; the store is only asked while somebody does."""

    def __init__(self, store: Reader, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._store = store
        self._poll_seconds = poll_seconds
        self._watched: dict[str, _Watched] = {}
        self._closed = False

    def close(self) -> None:
        """Send all followers away, with FeedClosed."""
        self._closed = True
        for watched in self._watched.values():
            watched.tell()

    async def follow(self, question: Question) -> AsyncGenerator[Any, None]:
        """The answer, and then each that is another than the one before; a store that does not answer is waited for.

        The question takes no parameters. Raises FeedClosed when the process ends.
        """
        watched = self._watched.setdefault(question.cypher, _Watched())
        watched.followers += 1
        if watched.reader is None:
            watched.reader = asyncio.create_task(self._read(watched, question))
        seen = 0
        try:
            while True:
                moved = watched.moved
                if self._closed:
                    raise FeedClosed
                if watched.version == seen:
                    await moved.wait()
                    continue
                seen = watched.version
                yield watched.answer
        finally:
            watched.followers -= 1
            if not watched.followers:
                watched.reader.cancel()
                del self._watched[question.cypher]

    async def _read(self, watched: _Watched, question: Question) -> None:
        is_silent = False
        while True:
            try:
                answer = question.fold(await self._store.read(question.cypher, **question.parameters))
                is_silent = False
            except StoreError as error:
                if not is_silent:
                    LOG.warning("what is watched cannot be read: %s", error)
                is_silent = True
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if not watched.version or answer != watched.answer:
                watched.answer = answer
                watched.version += 1
                watched.tell()
            await asyncio.sleep(self._poll_seconds)


class _Watched:
    """One question with its newest answer; `version` counts them."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.version = 0
        self.moved = asyncio.Event()
        self.followers = 0
        self.reader: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """Wake who waits."""
        self.moved.set()
        self.moved = asyncio.Event()

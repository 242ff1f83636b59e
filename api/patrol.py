"""Those who listen for long: when what they showed lets nobody in any more, they are sent away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from graphql import ExecutionResult

from api.plan.errors import coded
from api.plan.service import RequestRefused
from api.viewer import Viewer
from graph.keys import list_keys
from graph.store.driver import Store
from graph.store.errors import StoreError

LOG = logging.getLogger("c360.api")
LOOKS_EVERY = 4.0
"""Seconds. With what is remembered of a key, a revoked one is noticed within ten."""
EXPIRED = "What you showed has expired"
REVOKED = "The key was revoked"

SendAway = Callable[[str], None]


class Patrol:
    """Looks after all of a process; it only looks while somebody is there whose credential can end."""

    def __init__(self, store: Store, forget_key: Callable[[str], None]) -> None:
        """`forget_key` is told the id of a key that was revoked, so that nobody comes back with it."""
        self._store = store
        self._forget_key = forget_key
        self._watched: dict[object, tuple[Viewer, SendAway]] = {}
        self._round: asyncio.Task[None] | None = None

    @contextmanager
    def watching(self, viewer: Viewer, send_away: SendAway) -> Iterator[None]:
        """`send_away` is told the reason, once, if the viewer has to leave meanwhile."""
        if viewer.key_id is None and viewer.ends_at is None:
            yield
            return
        place = object()
        self._watched[place] = (viewer, send_away)
        if self._round is None:
            self._round = asyncio.create_task(self._walk())
        try:
            yield
        finally:
            self._watched.pop(place, None)
            if not self._watched and self._round is not None:
                self._round.cancel()
                self._round = None

    async def guarded(
        self, viewer: Viewer, results: AsyncGenerator[ExecutionResult, None]
    ) -> AsyncGenerator[ExecutionResult, None]:
        """The results as long as the viewer may have them; then RequestRefused, with UNAUTHENTICATED."""
        reason: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        following: asyncio.Future[ExecutionResult] | None = None
        async with aclosing(results):
            with self.watching(viewer, lambda said: None if reason.done() else reason.set_result(said)):
                try:
                    while True:
                        following = asyncio.ensure_future(anext(results))
                        both: set[asyncio.Future[Any]] = {following, reason}
                        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                        if reason.done():
                            raise RequestRefused([coded("UNAUTHENTICATED", f"{reason.result()}.")])
                        try:
                            result = following.result()
                        except StopAsyncIteration:
                            return
                        yield result
                finally:
                    if following is not None and not following.done():
                        following.cancel()
                        await asyncio.gather(following, return_exceptions=True)

    async def _walk(self) -> None:
        while True:
            await asyncio.sleep(LOOKS_EVERY)
            try:
                await self._look()
            except Exception:  # whatever it is: who has to leave must not stay because of one round
                LOG.exception("who listens could not be looked after; the next round comes in %g s", LOOKS_EVERY)

    async def _look(self) -> None:
        revoked = await self._revoked()
        now = time.time()
        for place, (viewer, send_away) in list(self._watched.items()):
            if viewer.ends_at is not None and viewer.ends_at <= now:
                reason = EXPIRED
            elif viewer.key_id is not None and viewer.key_id in revoked:
                reason = REVOKED
            else:
                continue
            del self._watched[place]
            send_away(reason)

    async def _revoked(self) -> set[str]:
        """Of the keys that are watched those that were revoked; none while the graph cannot tell."""
        ids = {viewer.key_id for viewer, _ in self._watched.values() if viewer.key_id is not None}
        if not ids:
            return set()
        try:
            keys = await list_keys(self._store)
        except StoreError as error:
            LOG.warning("whether keys were revoked cannot be read: %s", error)
            return set()
        revoked = ids - {key.id for key in keys if key.revoked_at is None}
        for id in revoked:
            self._forget_key(id)
        return revoked

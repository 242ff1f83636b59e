"""An embedded store whose server died is started again while the API serves; who asks meanwhile is told to wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from graph.store.driver import Store
from graph.store.errors import StoreError

LOG = logging.getLogger("c360.api")
LOOKS_EVERY = 0.5
LONGEST_PAUSE = 30.0
"""Seconds between two attempts, when a server dies again and again."""
STEADY_SECONDS = 60.0
"""A server that ran so long is started at once when it dies."""


@asynccontextmanager
async def kept_alive(store: Store) -> AsyncIterator[None]:
    """Look after the store meanwhile; a Neo4j is somebody else's, and comes back by itself."""
    if store.kind != "embedded":
        yield
        return
    looking = asyncio.create_task(_look_after(store))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _look_after(store: Store) -> None:
    pause, loop = LOOKS_EVERY, asyncio.get_running_loop()
    began = loop.time()
    while True:
        await asyncio.sleep(LOOKS_EVERY)
        why = store.why_silent()
        if why is None:
            continue
        pause = LOOKS_EVERY if loop.time() - began > STEADY_SECONDS else min(2 * pause, LONGEST_PAUSE)
        LOG.warning("The embedded store's server ended; it is started again. The end of its log:%s", _last_words(why))
        try:
            await store.revive()
            LOG.warning("The embedded store answers again.")
        except StoreError as error:
            LOG.warning("The embedded store could not be started: %s", error)
        began = loop.time()
        await asyncio.sleep(pause)


def _last_words(why: str) -> str:
    return why[why.find("\n") :] if "\n" in why else f" {why}"

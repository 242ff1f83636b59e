"""Serve the API, with all that goes on beside its requests: rounds, syncs, deliveries, journeys, pushes."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

from api.app import create_app
from api.ingest import Ingest
from api.outgoing.deliveries import Deliverer
from api.outgoing.rounds import make_rounds
from api.outgoing.settings import OutgoingSettings
from api.revival import kept_alive
from api.schedule import Schedule
from api.server import address_of, listen, server_of
from api.settings import ApiSettings
from api.syncs import SyncProcesses
from api.viewer import check_binding, is_loopback
from graph.journeys.keeper import JourneyKeeper
from graph.keys import any_key
from graph.rules import Rules
from graph.store.driver import Store


async def serve(
    store: Store,
    settings: ApiSettings | None = None,
    *,
    rules: Rules | None = None,
    syncs: SyncProcesses | None = None,
    ingest: Ingest | None = None,
    outgoing: OutgoingSettings | None = None,
    schedule: Schedule | None = None,
    deliverer: Deliverer | None = None,
    on_started: Callable[[str], None] | None = None,
    on_reading: Callable[[int, int], None] | None = None,
) -> signal.Signals | None:
    """Serve the API until the process is asked to end, and tell by which signal; `on_started` is told the address.

    `on_reading` is told how many customers' journeys have been read, of how many, while all are read.

    With `outgoing` it raises alerts and sends out what waits, a round a minute; with `schedule` it begins syncs;
    with `deliverer` other systems are told what happens.

    Raises ServerError before anything starts when the address cannot be had, or when it would be open to the world.
    """
    settings = settings or ApiSettings()
    check_binding(settings, has_keys=not is_loopback(settings.host) and await any_key(store))
    listener = listen(settings.host, settings.port)
    app = create_app(store, settings, rules, syncs, ingest)
    keeper: JourneyKeeper = app.state.service.journeys
    server = server_of(app, settings, lambda: on_started(address_of(listener)) if on_started else None)
    with listener:
        async with AsyncExitStack() as beside:
            await beside.enter_async_context(_journeys_kept(keeper, on_reading))
            if ingest is not None:
                await beside.enter_async_context(_pushes_stored(ingest))
            if deliverer is not None:
                await beside.enter_async_context(_delivered(deliverer, keeper))
            if schedule is not None:
                await beside.enter_async_context(_going_on(schedule.keep()))
            if outgoing is not None:
                await beside.enter_async_context(_going_on(make_rounds(store, rules or Rules(), keeper, outgoing)))
            await beside.enter_async_context(kept_alive(store))
            _settle_memory()
            await server.serve(sockets=[listener])
    return server.asked


def _settle_memory() -> None:
    """Let what lives as long as the process be passed by when garbage is looked for.

    Journeys and what was worked out of them point to each other. They are few objects with large columns: beside the
    quarter of a million of schema and modules their number would hardly ever make Python look for old ones.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def _journeys_kept(keeper: JourneyKeeper, on_reading: Callable[[int, int], None] | None) -> AsyncIterator[None]:
    """They are read from the start on, so that the first who asks finds them."""
    if on_reading is not None:
        keeper.progress = on_reading
    keeper.start()
    try:
        yield
    finally:
        await keeper.close()


@asynccontextmanager
async def _pushes_stored(ingest: Ingest) -> AsyncIterator[None]:
    ingest.begin()
    try:
        yield
    finally:
        await ingest.close()


@asynccontextmanager
async def _delivered(deliverer: Deliverer, keeper: JourneyKeeper) -> AsyncIterator[None]:
    try:
        async with _going_on(deliverer.keep(keeper)):
            yield
    finally:
        await deliverer.close()


@asynccontextmanager
async def _going_on(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Work that goes on until it is cancelled at the end of the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

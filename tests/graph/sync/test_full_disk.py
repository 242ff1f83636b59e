"""A disk that is full in the middle of a sync costs nothing but the time until there is room."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store, open_store
from graph.store.errors import StoreError
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.graph.sync.small_company import small_company, sync_small_company

pytestmark = pytest.mark.anyio


ROOM = 2_500_000


@pytest.mark.long
async def test_a_disk_that_fills_up_during_a_sync_loses_nothing(tmp_path: Path, embedded_store: Store) -> None:
    """The sync says where to look and how much room there is; with room again the digest is that of a peaceful sync.

    No file of the store may grow beyond `ROOM` bytes: for the store that is a full disk, at the write that needs more.
    """
    full = StoreSettings(f"embedded:{tmp_path}")
    async with open_store(full) as store:
        await migrate(store)
    told = await asyncio.to_thread(_sync_with_little_room, full)
    assert told is not None, f"{ROOM:,} bytes were enough: the test says nothing"
    assert str(tmp_path / "log") in told
    assert "MB are free" in told

    async with open_store(full) as store:
        await sync(small_company(), store, Rules())
        found = await digest(store)

    await sync(small_company(), embedded_store, Rules())
    assert found == await digest(embedded_store)


def _sync_with_little_room(settings: StoreSettings) -> str | None:
    """What the sync of a process, and of the server that it starts, said when it failed."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(settings, there))
    process.start()
    there.close()
    told: str | None = here.recv()
    process.join()
    return told


def _child(settings: StoreSettings, tell: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM))
    try:
        sync_small_company(settings, lambda _: None)
    except StoreError as error:
        tell.send(str(error))
    else:
        tell.send(None)

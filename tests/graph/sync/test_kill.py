"""A kill −9 at any moment of a sync is harmless; ten kills a store, more with C360_TEST_KILLS."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from multiprocessing.connection import Connection

import pytest

from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.graph.sync.small_company import small_company, sync_small_company

pytestmark = pytest.mark.anyio

KILLS = int(os.environ.get("C360_TEST_KILLS", "10"))
PHASES = ("read crm/contacts", "read crm/events", "read helpdesk/events", "link", "write customers", "derive customers")


async def test_a_sync_killed_again_and_again_ends_in_the_same_graph(
    store_settings: StoreSettings, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Killed at random moments of each phase, then left in peace, it gives the digest of one that was never killed."""
    seed = int(os.environ.get("C360_TEST_SEED", time.time_ns() % 1_000_000))
    dice = random.Random(seed)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.graph.sync.small_company"])
    killed = 0
    for number in range(KILLS):
        killed += _sync_until(context, store_settings, PHASES[number % len(PHASES)], dice)
    assert killed >= KILLS // 3, "most syncs had ended before they could be killed: the kills say nothing"

    await sync(small_company(), store, Rules())

    assert await digest(store) == await _never_killed(tmp_path_factory), f"C360_TEST_SEED={seed} shows it again"


def _sync_until(
    context: multiprocessing.context.ForkServerContext, settings: StoreSettings, phase: str, dice: random.Random
) -> bool:
    """Run a sync in a process of its own and kill it a random moment after it has come to the phase."""
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(settings, there))
    process.start()
    there.close()
    try:
        while here.recv() not in {phase, "done"}:
            pass
        time.sleep(dice.uniform(0, 0.08))
    except EOFError:
        pass
    alive = process.is_alive()
    process.kill()
    process.join()
    return alive


def _child(settings: StoreSettings, tell: Connection) -> None:
    sync_small_company(settings, tell.send)


async def _never_killed(folders: pytest.TempPathFactory) -> object:
    """The digest of the same company, synced in peace into a graph of its own."""
    folder = folders.mktemp("in-peace")
    async with open_store(StoreSettings(f"embedded:{folder}")) as store:
        from graph.store.migrate import migrate

        await migrate(store)
        await sync(small_company(), store, Rules())
        return await digest(store)


def test_two_syncs_at_once_work_one_after_the_other(store_settings: StoreSettings) -> None:
    """The second says that it waits, and for whom; both end well."""
    context = multiprocessing.get_context("forkserver")
    pipes = [context.Pipe(duplex=False) for _ in range(2)]
    processes = [context.Process(target=_child, args=(store_settings, there)) for _, there in pipes]
    for process in processes:
        process.start()
    told: list[list[str]] = []
    for here, there in pipes:
        there.close()
        words: list[str] = []
        while not words or words[-1] != "done":
            words.append(here.recv())
        told.append(words)
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0, 0]
    waited = [[word for word in words if word.startswith("says Waiting")] for words in told]
    assert sorted(len(words) for words in waited) == [0, 1]

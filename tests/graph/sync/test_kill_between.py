"""A kill −9 between two transactions that belong together: the next sync ends in the graph of a run in peace."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import pytest

from graph.store.digest import Digest, digest
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from tests.graph.sync.doubtful_company import Step, begin, die_in, load, load_changes, merge_two

pytestmark = pytest.mark.anyio


class Killed(NamedTuple):
    """What was done before, in what the process dies and where, and what is done next."""

    before: list[Step]
    step: Step
    place: str
    then: Step


KILLS = {
    "a decision is written, its records are not linked": Killed(
        [begin, load], merge_two, "graph.sync.decisions:_carry_out", load
    ),
    "a decision is linked, its customers are not derived": Killed(
        [begin, load], merge_two, "graph.sync.decisions:derive_stale", load
    ),
    "customers are written, reviews are not": Killed([begin], load, "graph.sync.link:offer_all", load),
    "everybody is linked, the cache is not kept": Killed([begin], load, "graph.sync.linkcache:LinkCache.build", load),
    "changes are linked, the cache is not kept": Killed(
        [begin, load], load_changes, "graph.sync.linkcache:LinkCache.save", load_changes
    ),
    "changes are linked, and others come": Killed(
        [begin, load], load_changes, "graph.sync.linkcache:LinkCache.save", load
    ),
}


@pytest.fixture(scope="module")
def in_peace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Step]], Awaitable[Digest]]:
    """The digest after some steps in which nobody was killed; the same steps are done once."""
    known: dict[tuple[Step, ...], Digest] = {}

    async def after(steps: Sequence[Step]) -> Digest:
        if tuple(steps) not in known:
            async with open_store(StoreSettings(f"embedded:{tmp_path_factory.mktemp('in-peace')}")) as store:
                await migrate(store)
                for step in steps:
                    await step(store)
                known[tuple(steps)] = await digest(store)
        return known[tuple(steps)]

    return after


@pytest.mark.long
@pytest.mark.parametrize("name", list(KILLS))
async def test_the_next_sync_finishes_what_a_kill_has_cut(
    name: str, store_settings: StoreSettings, store: Store, in_peace: Callable[[Sequence[Step]], Awaitable[Digest]]
) -> None:
    """Killed at exactly that place; then the digest is that of a graph in which nobody was killed."""
    killed = KILLS[name]
    for step in killed.before:
        await step(store)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.graph.sync.doubtful_company"])
    process = context.Process(target=die_in, args=(store_settings, killed.place, killed.step))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, "it never came to that place"

    await killed.then(store)

    peaceful = await in_peace((*killed.before, killed.step, killed.then))
    assert (await digest(store)).differences(peaceful) == ()
    assert await store.read("MATCH ()-[m:MAY_MATCH]->() RETURN count(m) > 0") == [[True]]
    assert await store.read("MATCH (m:Meta {name: 'c360'}) RETURN m.linking") == [[None]]

"""A copy of a graph is the graph: whatever stops it, it goes on, and it never mixes two."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator

import pytest

from graph.rules import Rules
from graph.store import copy as copying
from graph.store import transfer
from graph.store.copy import copy
from graph.store.digest import digest
from graph.store.driver import Store, open_store
from graph.store.errors import CopyUnfinished, StoreError
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.graph.store.content import fill
from tests.graph.sync.small_company import small_company

pytestmark = pytest.mark.anyio

SMALL_BATCH = 7
KILLED_AT = {
    "before the first batch is committed": (1, "write"),
    "between two batches of records": (3, "read"),
    "in the middle of interactions": (20, "write"),
    "among the relationships": (60, "write"),
    "at the digest of the copy": (2, "origin_of"),
}
"""Where a copy is killed: before its so-many-th call of that function."""


class Seen:
    """Remembers what progress was told."""

    def __init__(self) -> None:
        self.totals: dict[str, int | None] = {}
        self.done: dict[str, int] = {}

    def phase(self, name: str, total: int | None = None) -> None:
        self.totals[name] = total

    def advance(self, name: str, done: int) -> None:
        self.done[name] = self.done.get(name, 0) + done

    def reject(self, name: str, count: int) -> None:
        raise AssertionError("nothing of a copy is rejected")

    def say(self, text: str) -> None:
        raise AssertionError(f"nobody is in the way: {text}")


@pytest.mark.long
async def test_two_stores_with_one_content_have_one_digest_and_a_copy_proves_it(
    both_stores: tuple[Store, Store],
) -> None:
    """A graph copied from embedded to Neo4j and back has the same digest in all three places."""
    here, there = both_stores
    await fill(here)
    await here.write("MATCH (m:Meta) SET m.derivation = 7, m.seq = 12")
    seen = Seen()
    first = await copy(here, there, seen)
    await here.write("MATCH (n) DETACH DELETE n")
    second = await copy(there, here)

    assert first == second == await digest(here)
    assert seen.totals["copy"] == seen.done["copy"] > 50
    assert await here.read("MATCH (m:Meta) RETURN m.derivation, m.seq, m.copying") == [[7, 12, None]]
    former = "MATCH (:FormerId)-[:NOW]->(c) RETURN c.display_name"
    assert await here.read(former) == [["Ada"]], "ids are copied too, although the digest does not see them"


async def test_a_copy_never_mixes_two_graphs(store: Store) -> None:
    """A target that holds anything is refused before a node is written."""
    await fill(store)
    with pytest.raises(StoreError, match="Use an empty one"):
        await copy(store, store)


@pytest.mark.long
@pytest.mark.parametrize("direction", ["embedded to neo4j", "neo4j to embedded"])
async def test_a_copy_that_was_killed_goes_on_and_nobody_uses_half_a_graph(
    direction: str, both_settings: tuple[StoreSettings, StoreSettings]
) -> None:
    """Killed −9 at five places, one after the other: refused to others, finished in the end, same digest and ids."""
    here, there = both_settings if direction == "embedded to neo4j" else both_settings[::-1]
    async with open_store(here) as source, open_store(there) as target:
        await sync(small_company(30, 100), source, Rules())
        for place in KILLED_AT:
            await _killed(here, there, place)
            with pytest.raises(CopyUnfinished, match="same FROM"):
                await migrate(target)
        seen = Seen()
        made = await copy(source, target, seen)

        assert made == await digest(source)
        assert seen.totals["copy"] == seen.done["copy"]
        ids = "MATCH (c:Customer) RETURN c.id ORDER BY c.id"
        assert await source.read(ids) == await target.read(ids)
        await migrate(target)
        await sync(small_company(30, 100), target, Rules())
        assert (await digest(target)).value == made.value


async def test_a_copy_goes_on_only_from_the_same_graph_as_it_was(
    both_stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed source is refused by what differs, another graph of the same content by its identity."""
    here, there = both_stores
    await fill(here)
    await _stopped(here, there, monkeypatch, at=12)

    await here.write("MATCH (c:Customer {display_name: 'Ada'}) SET c.display_name = 'Ada L.'")
    with pytest.raises(StoreError, match=r"has changed .* in: customers\. Empty the target"):
        await copy(here, there)
    await here.write("MATCH (c:Customer {display_name: 'Ada L.'}) SET c.display_name = 'Ada'")
    await here.write("CREATE (:SyncRun {id: 'another'})")
    with pytest.raises(StoreError, match=r"in: SyncRun\. Empty the target"):
        await copy(here, there)
    await here.write("MATCH (r:SyncRun {id: 'another'}) DELETE r")
    mine = await here.read("MATCH (m:Meta) RETURN m.store_id")
    await here.write("MATCH (m:Meta) SET m.store_id = 'of another graph'")
    with pytest.raises(StoreError, match="copy of another graph is half made"):
        await copy(here, there)
    await here.write("MATCH (m:Meta) SET m.store_id = $id", id=mine[0][0])

    assert await copy(here, there) == await digest(here)


async def test_a_part_whose_rows_come_in_another_order_is_begun_again(
    both_stores: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of its rows are there already cannot be known then: none is doubled, none is left out."""
    here, there = both_stores
    await here.write("UNWIND range(1, 30) AS n CREATE (:Customer {id: 'c' + n, first_record: 'r' + n})")
    await _stopped(here, there, monkeypatch, at=3)
    assert await there.read("MATCH (c:Customer) RETURN count(c)") == [[2 * SMALL_BATCH]]
    stream = Store.stream

    async def turned(store: Store, query: str, /, **parameters: object) -> AsyncIterator[list[object]]:
        for row in reversed([row async for row in stream(store, query, **parameters)]):
            yield row

    monkeypatch.setattr(Store, "stream", turned)
    assert (await copy(here, there)).sections["customers"].count == 30
    assert await there.read("MATCH (c:Customer) RETURN count(c), count(DISTINCT c.id)") == [[30, 30]]


async def _stopped(source: Store, target: Store, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Copy until the so-many-th batch, which fails."""
    written = 0

    async def failing(*arguments: object) -> None:
        nonlocal written
        written += 1
        if written == at:
            raise StoreError("no more for today")
        await transfer.write(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "BATCH", SMALL_BATCH)
        patch.setattr(copying, "write", failing)
        with pytest.raises(StoreError, match="no more for today"):
            await copy(source, target)
    monkeypatch.setattr(transfer, "BATCH", SMALL_BATCH)


async def _killed(here: StoreSettings, there: StoreSettings, place: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(here, there, place))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, f"it never came to that place: {place}"


def _die(here: StoreSettings, there: StoreSettings, place: str) -> None:
    """Copy in small batches, and end by SIGKILL at that place."""
    last, name = KILLED_AT[place]
    function = "_read" if name == "read" else name
    calls = 0
    before = getattr(copying, function)

    def counted(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return before(*arguments)

    setattr(copying, function, counted)
    transfer.BATCH = SMALL_BATCH

    async def work() -> None:
        async with open_store(here) as source, open_store(there) as target:
            await copy(source, target)

    asyncio.run(work())

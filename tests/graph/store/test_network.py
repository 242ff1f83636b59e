"""A bad line to the store: cut in the middle of commits, slow, or gone for a while; nothing is lost or there twice."""

from __future__ import annotations

import asyncio
import time
from typing import get_args

import pytest

from graph.rules import Rules
from graph.store.digest import Digest, digest
from graph.store.driver import Store, open_store
from graph.store.errors import LeaseBusy, StoreUnavailable
from graph.store.settings import StoreSettings
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.cable import Cable, Cut, over_a_cable
from tests.conftest import Homes
from tests.graph.sync.small_company import small_company

pytestmark = pytest.mark.anyio
RULES = Rules()
PLACES = (1, 2, 3, 5, 7, 9, 11, 13, 16, 19, 22)
"""Of a sync the commits that are cut, one a sync, each further than the one before."""
_TWO = "MATCH (c:Customer) RETURN c.id ORDER BY c.first_record LIMIT 2"
_LIKELIEST: Cut = "before the answer"
_OTHERS = tuple(cut for cut in get_args(Cut) if cut != _LIKELIEST)
_CUSTOMERS = "MATCH (c:Customer) RETURN count(c)"
_DECISIONS = "MATCH (d:Decision) RETURN count(d)"


@pytest.fixture(scope="module")
def embedded_home(homes: Homes) -> StoreSettings:
    return homes.of("embedded").settings


@pytest.fixture(scope="module")
async def in_peace(embedded_home: StoreSettings) -> Digest:
    """The digest of the company over a line that holds."""
    async with open_store(embedded_home) as store:
        await sync(company(), store, RULES)
        return await digest(store)


def company() -> list[LandingSource]:
    return small_company(60, 240, page_size=40)


@pytest.mark.parametrize("cut", [_LIKELIEST, *(pytest.param(cut, marks=pytest.mark.long) for cut in _OTHERS)])
async def test_a_sync_whose_commits_are_cut_again_and_again_ends_in_the_same_graph(
    cut: Cut, store_settings: StoreSettings, in_peace: Digest
) -> None:
    """Whether a cut commit was made or not: the sync says that the store is gone, and later syncs make it whole."""
    async with over_a_cable(store_settings) as (store, cable):
        cable.cut = cut
        told = [await _cut_sync(store, cable, place) for place in PLACES]
        cable.cut_at = None
        await sync(company(), store, RULES)
        found = await digest(store)

    assert cable.cuts >= len(PLACES) - 2, "most syncs had ended before their commit was cut: it says nothing"
    assert found.differences(in_peace) == ()
    assert all("does not answer" in text for text in told if text is not None)


async def _cut_sync(store: Store, cable: Cable, place: int) -> str | None:
    """A sync of which one commit is cut; what it says, None when it ends well all the same."""
    cable.commits, cable.cut_at = 0, place
    try:
        await asyncio.wait_for(sync(company(), store, RULES), 60)
    except StoreUnavailable as error:
        return str(error)
    return None


@pytest.mark.parametrize("cut", get_args(Cut))
async def test_a_decision_whose_commit_is_cut_is_made_once(cut: Cut, store_settings: StoreSettings) -> None:
    """Whoever asks again with the same key has one decision, whichever of its commits was cut; and nothing is left."""
    async with over_a_cable(store_settings) as (store, cable):
        await sync(company(), store, RULES)
        ids = [id for (id,) in await store.read(_TWO)]
        ((before,),) = await store.read(_CUSTOMERS)
        cable.cut = cut
        ask = Ask(by="cleo", reason="they said so", idempotency_key="once")
        for place in range(1, 7):
            cable.commits, cable.cut_at = 0, place
            try:
                await asyncio.wait_for(merge_customers(store, RULES, ids, ask), 60)
            except StoreUnavailable:
                continue
        cable.cut_at = None
        await merge_customers(store, RULES, ids, ask)
        await sync([], store, RULES)

        assert await store.read(_DECISIONS) == [[1]]
        assert await store.read(_CUSTOMERS) == [[before - 1]]
        assert await store.read("MATCH (n) WHERE n.pending OR n.stale RETURN count(n)") == [[0]]


@pytest.mark.parametrize("cut", get_args(Cut))
@pytest.mark.parametrize("place", [1, 2, 3], ids=["made", "taken", "given back"])
async def test_a_lease_whose_commit_is_cut_is_held_by_nobody_else_and_free_afterwards(
    cut: Cut, place: int, store_settings: StoreSettings
) -> None:
    """Its owner knows that it has it, or it is free: nobody waits for a lease that no one knows of."""
    async with over_a_cable(store_settings) as (store, cable), open_store(store_settings) as other:
        cable.cut = cut
        cable.commits, cable.cut_at = 0, place
        try:
            async with store.lease("work", wait=0):
                with pytest.raises(LeaseBusy):
                    async with other.lease("work", wait=0):
                        pass
        except StoreUnavailable:  # the node of a lease that is made for the first time
            assert place == 1
        assert cable.cuts == 1
        async with other.lease("work", wait=0):
            pass


@pytest.mark.long
async def test_a_slow_store_is_waited_for(store_settings: StoreSettings, in_peace: Digest) -> None:
    """With a fifth of a second for every round trip a sync takes its time, and is right."""
    async with over_a_cable(store_settings) as (store, cable):
        cable.delay = 0.1
        await sync(small_company(60, 240, page_size=500), store, RULES)
        cable.delay = 0.0
        assert (await digest(store)).differences(in_peace) == ()


async def test_a_store_that_says_nothing_more_is_given_up_when_the_line_breaks(store_settings: StoreSettings) -> None:
    """A commit that is stalled waits; when the line breaks the sync ends at once, and the next one is right."""
    async with over_a_cable(store_settings) as (store, cable):
        await sync(company(), store, RULES)
        cable.answers.clear()
        stalled = asyncio.create_task(sync(company(), store, RULES, full=True))
        await asyncio.wait_for(cable.asked.wait(), 10)
        await cable.stop()
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await asyncio.wait_for(stalled, 60)
        assert time.monotonic() - began < 40
        cable.answers.set()
        await cable.start()
        report = await sync(company(), store, RULES)
        assert report.ok

"""SIGTERM: what is being answered is answered, sockets are told to come back, and all ends within ten seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from api.serving import serve
from api.settings import ApiSettings
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.api.socket_client import Closed, opened_socket
from tests.cable import Cable, over_a_cable
from tests.graph.sync.small_company import small_company

pytestmark = pytest.mark.anyio
QUERY = {"query": "{ sources { name } }"}
RECORDED = "subscription { interactionRecorded { cursor interaction { id } } }"
MOST_SECONDS = 10.0


class Ending:
    """An API that is asked to end; `seconds` is how long it then took, its store closed."""

    def __init__(self, base: str, store: Store, cable: Cable) -> None:
        self.base, self.store, self.cable = base, store, cable
        self.seconds = 0.0


@asynccontextmanager
async def ended(settings: StoreSettings) -> AsyncIterator[Ending]:
    """An API over a store behind a cable; at the end of the block it gets SIGTERM, and everything is closed."""
    async with over_a_cable(settings) as (store, cable):
        address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        running = asyncio.create_task(serve(store, ApiSettings(port=0), on_started=address.set_result))
        ending = Ending(await asyncio.wait_for(address, 10), store, cable)
        yield ending
        os.kill(os.getpid(), signal.SIGTERM)
        began = time.monotonic()
        await asyncio.wait_for(running, 30)
        await store._sessions.close()
        ending.seconds = time.monotonic() - began


async def test_what_is_being_answered_is_answered_and_sockets_are_told_to_come_back(
    embedded_settings: StoreSettings,
) -> None:
    """A question of a second has its answer although the server was asked to end in the middle of it."""
    async with (
        httpx.AsyncClient(timeout=30) as client,
        ended(embedded_settings) as ending,
        opened_socket(ending.base) as socket,
    ):
        await socket.subscribe(RECORDED)
        await client.post(f"{ending.base}/graphql", json=QUERY)
        ending.cable.answers.clear()
        asking = asyncio.create_task(client.post(f"{ending.base}/graphql", json=QUERY))
        await asyncio.wait_for(ending.cable.asked.wait(), 10)
        asyncio.get_running_loop().call_later(1, ending.cable.answers.set)
        told = asyncio.create_task(socket.receive())
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        answer = await asking
        with pytest.raises(Closed) as closed:
            await told

    assert answer.json() == {"data": {"sources": []}}
    assert closed.value.code == 1012
    assert ending.seconds < MOST_SECONDS


@pytest.mark.long
async def test_a_store_that_does_not_answer_keeps_no_server_from_ending(embedded_settings: StoreSettings) -> None:
    """A question that is never answered, a socket and a follower: all of it is left after some seconds."""
    async with httpx.AsyncClient(timeout=60) as client:
        async with ended(embedded_settings) as ending:
            await client.post(f"{ending.base}/graphql", json=QUERY)
            ending.cable.answers.clear()
            asking = asyncio.create_task(client.post(f"{ending.base}/graphql", json=QUERY))
            await asyncio.wait_for(ending.cable.asked.wait(), 10)
        (left,) = await asyncio.gather(asking, return_exceptions=True)

    assert ending.seconds < MOST_SECONDS
    assert isinstance(left, httpx.TransportError) or left.status_code >= 500


@pytest.mark.long
async def test_a_sync_ends_although_the_store_does_not_answer(embedded_settings: StoreSettings) -> None:
    """It is cancelled in the middle of a commit that is never answered: the lease is left to run out by itself."""
    async with over_a_cable(embedded_settings) as (store, cable):
        await sync(small_company(10, 40), store, Rules())
        cable.answers.clear()
        syncing = asyncio.create_task(sync(small_company(10, 40), store, Rules(), full=True))
        await asyncio.wait_for(cable.asked.wait(), 10)
        await asyncio.sleep(0.5)
        began = time.monotonic()
        syncing.cancel()
        done, _ = await asyncio.wait({syncing}, timeout=30)
        seconds = time.monotonic() - began
        cable.answers.set()

    assert done
    assert seconds < MOST_SECONDS

"""Writing to a vendor that is killed (−9) anywhere: over real HTTP, nothing of it comes back as news, nothing twice."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.outgoing.deliveries import Deliverer
from api.outgoing.destinations import SourceDestination
from api.server import listen
from connectors.crm.hubspot import HubSpotConfig, HubSpotConnector
from connectors.helpdesk.zendesk import ZendeskConfig, ZendeskConnector
from connectors.hookspecs import Connector
from connectors.http import Patience
from graph.deliveries.queue import Wish, list_deliveries
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.crm import stand_in_hubspot
from tests.connectors.crm.stand_in_hubspot import HubSpotStandIn
from tests.connectors.crm.test_hubspot_deliveries import WritableHubSpot
from tests.connectors.helpdesk import stand_in_zendesk
from tests.connectors.helpdesk.stand_in_zendesk import MARA, ZendeskStandIn
from tests.connectors.helpdesk.test_zendesk_deliveries import WritableZendesk
from tests.graph.sync.doubtful_company import die_in

pytestmark = pytest.mark.anyio
RULES = Rules(segment=())
HELD = 10
"""Users or contacts that the vendor holds."""


class Zendesk:
    """A Zendesk that can be written to, with one user whom somebody else changes."""

    connector = "zendesk"

    def __init__(self) -> None:
        stand_in = stand_in_zendesk.filled()
        stand_in.now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
        self.stand_in: ZendeskStandIn = stand_in
        self.writable = WritableZendesk(stand_in)

    @property
    def written(self) -> list[str]:
        return [key for key, _ in self.writable.writes]

    def rename(self, name: str) -> None:
        self.stand_in.users[MARA] |= {"name": name, "updated_at": self.stand_in.tick()}
        self.stand_in.tick()

    def touch(self) -> None:
        self.stand_in.users[MARA]["updated_at"] = self.stand_in.tick()
        self.stand_in.tick()


class HubSpot:
    """A HubSpot that can be written to, with one contact whom somebody else changes."""

    connector = "hubspot"

    def __init__(self) -> None:
        self.writable = WritableHubSpot()
        self.stand_in: HubSpotStandIn = self.writable.hubspot
        self.stand_in.now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)

    @property
    def written(self) -> list[str]:
        return [key for key, _ in self.writable.changed]

    def rename(self, name: str) -> None:
        thing = self.stand_in.things["contacts"][101]
        thing.properties["lastname"], thing.modified = name, self.stand_in.tick()

    def touch(self) -> None:
        self.stand_in.things["contacts"][101].modified = self.stand_in.tick()


Vendor = Zendesk | HubSpot


def connected(vendor: str, url: str) -> Connector[Any]:
    """A connector that asks the vendor at this address."""
    hurried = Patience(attempts=1)
    if vendor == "zendesk":
        config = ZendeskConfig(
            base_url=url, email="reader@acme.example", api_token=SecretStr(stand_in_zendesk.TOKEN), timeout_seconds=10
        )
        return ZendeskConnector("desk", config, patience=hurried)
    token = SecretStr(stand_in_hubspot.TOKEN)
    return HubSpotConnector(
        "desk", HubSpotConfig(base_url=url, access_token=token, searches_per_second=1_000), patience=hurried
    )


@asynccontextmanager
async def served(answer: Callable[[httpx.Request], httpx.Response]) -> AsyncIterator[str]:
    """A stand-in behind a real HTTP server; its address."""

    async def say(request: Request) -> Response:
        body = await request.body()
        said = answer(httpx.Request(request.method, str(request.url), headers=request.headers.raw, content=body))
        kept = {name: said.headers[name] for name in ("content-type", "retry-after") if name in said.headers}
        return Response(said.content, said.status_code, kept)

    app = Starlette(routes=[Route("/{path:path}", say, methods=["GET", "POST", "PUT", "PATCH"])])
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
    running = asyncio.create_task(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


async def deliver(vendor: str, url: str, store: Store) -> None:
    """One round, which writes each customer's id and segments to the vendor."""
    desk = SourceDestination(Wish("desk", frozenset({"customer"})), connected(vendor, url), vendor, None)
    deliverer = Deliverer(store, RULES, [desk])
    try:
        await deliverer.round(JourneyKeeper(store, RULES))
    finally:
        await deliverer.close()


async def read(vendor: str, url: str, store: Store) -> int:
    """Read the vendor; how many batches of changed customers there are then."""
    source = LandingSource(connected(vendor, url), vendor, 0.5)
    try:
        await sync([source], store, Rules())
    finally:
        await source.connector.close()
    return len(await store.read("MATCH (c:Change) WHERE c.batch CONTAINS 'customers_updated' RETURN c.seq"))


async def die(settings: StoreSettings, place: str, vendor: str, url: str) -> None:
    """A round in a process of its own, which is killed where it comes to `place`."""
    step = partial(deliver, vendor, url)
    process = multiprocessing.get_context("forkserver").Process(target=die_in, args=(settings, place, step))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, "it never came to that place"


@pytest.mark.parametrize("made", [Zendesk, HubSpot])
@pytest.mark.parametrize(
    ("place", "written_by_then"),
    [
        pytest.param("api.outgoing.destinations:note_writing", 0, marks=pytest.mark.long),
        ("api.outgoing.destinations:note_written", 1),
        pytest.param("api.outgoing.deliveries:note_delivered", HELD, marks=pytest.mark.long),
    ],
)
async def test_a_write_that_was_killed_is_no_news_and_is_made_once(
    embedded_settings: StoreSettings, embedded_store: Store, made: type[Vendor], place: str, written_by_then: int
) -> None:
    """Before the write, before its end is noted, before the delivery is: what somebody else changes is told as ever."""
    store, vendor = embedded_store, made()
    kind = vendor.connector
    async with served(vendor.writable.answer) as url:
        await deliver(kind, url, store)  # told from now on
        await read(kind, url, store)
        vendor.rename("Marta Quisling")
        before = await read(kind, url, store)

        await die(embedded_settings, place, kind, url)
        assert len(vendor.written) == written_by_then
        await store.write("MATCH (l:Lease) SET l.until = 0")  # it runs out by itself, later
        assert await read(kind, url, store) == before

        for _ in range(2):
            await store.write("MATCH (d:Delivery) SET d.next_at = datetime({epochMillis: 0})")
            await deliver(kind, url, store)
            assert await read(kind, url, store) == before
        assert await list_deliveries(store) == []
        assert sorted(vendor.written) == sorted(set(vendor.written))
        assert len(vendor.written) == HELD

        vendor.rename("Marta Quist")
        assert await read(kind, url, store) > before


@pytest.mark.parametrize("made", [Zendesk, HubSpot])
async def test_a_refused_write_hides_nothing_of_what_others_do(embedded_store: Store, made: type[Vendor]) -> None:
    """A record that somebody touches is newer then; what an earlier write left open is no news all the same."""
    store, vendor = embedded_store, made()
    kind = vendor.connector
    good = vendor.writable.answer

    def refuse(request: httpx.Request) -> httpx.Response:
        return good(request) if request.method in ("GET", "POST") else httpx.Response(422, json={"error": "no field"})

    def lose(request: httpx.Request) -> httpx.Response:
        if request.method in ("GET", "POST"):
            return good(request)
        vendor.touch()
        return httpx.Response(502, text="lost")

    async def round_with(answer: Callable[[httpx.Request], httpx.Response]) -> None:
        await store.write("MATCH (d:Delivery) SET d.next_at = datetime({epochMillis: 0})")
        async with served(answer) as other:
            await deliver(kind, other, store)

    async with served(good) as url:
        await deliver(kind, url, store)
        await read(kind, url, store)
        vendor.rename("Marta Quisling")
        before = await read(kind, url, store)

        await round_with(refuse)
        vendor.touch()
        touched = await read(kind, url, store)
        assert touched > before

        await round_with(lose)
        await round_with(refuse)
        assert vendor.written == []
        assert await read(kind, url, store) == touched

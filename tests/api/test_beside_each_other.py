"""Two APIs and two syncs at once over one store, of which one each is killed −9 again and again: nobody notices."""

from __future__ import annotations

import asyncio
import csv
import random
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from api.plan.change_cursor import place_cursor
from api.plan.ids import encode_id
from benchmarks.killing.deeds import unfinished
from benchmarks.killing.mutations import Mutation, mutations_of
from benchmarks.killing.victim import Victim
from connectors.sample.generate import generate
from graph.store.digest import Digest, digest
from graph.store.driver import open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from tests.api.socket_client import Closed, opened_socket
from tests.conftest import HOMES, Homes

pytestmark = [pytest.mark.anyio, pytest.mark.long]
ROUNDS = 4
CUSTOMERS = 30
PATIENCE_SECONDS = 300.0
RECORDED = """subscription ($after: String) {
    interactionRecorded(after: $after) { cursor interaction { id } customer { displayName } } }"""
_INTERACTIONS = "MATCH (i:Interaction) RETURN i.id"


@pytest.fixture(params=HOMES)
def shared(request: pytest.FixtureRequest, homes: Homes, tmp_path: Path) -> StoreSettings:
    """An empty store that only the processes of the test have open: an embedded one is started by one of them."""
    if request.param == "neo4j":
        return homes.of("neo4j").settings
    return StoreSettings(f"embedded:{tmp_path / 'graph'}")


async def test_two_apis_and_two_syncs_at_once_lose_and_double_nothing(
    shared: StoreSettings, embedded_settings: StoreSettings, tmp_path: Path
) -> None:
    """The digest is that of one API and one sync at a time; who listens is told of each interaction once, in order."""
    quiet = await in_peace(embedded_settings, tmp_path / "quiet")
    dice = random.Random(7)
    company = Company(tmp_path / "company", shared)
    async with open_store(shared) as store:
        await migrate(store)
    await company.synced()
    before, mutations = await known(shared)

    async with served(company) as one, served(company) as other:
        apis = (one, other)
        followers = [Follower(apis, over, at) for at, over in enumerate(("socket", "events"))]
        killed = 0
        following = [asyncio.create_task(follower.follow()) for follower in followers]
        for number in range(ROUNDS):
            company.sell(number)
            syncs = [company.victim("sync", "--full") for _ in range(2)]
            asking = [
                asyncio.create_task(patiently(mutation, apis, number + at))
                for at, mutation in enumerate(mutations[number::ROUNDS])
            ]
            await asyncio.sleep(dice.uniform(0.2, 4.0))
            await asyncio.gather(
                apis[number % 2].killed_and_started_again(), asyncio.to_thread(syncs[dice.randrange(2)].kill)
            )
            await asyncio.gather(*asking)
            ended = [await asyncio.to_thread(sync.finished) for sync in syncs]
            codes = {end.code for end in ended}
            assert 0 in codes <= {0, -signal.SIGKILL}, [end.said for end in ended]
            killed += len(codes) - 1
        await company.synced()
        wanted = {encode_id("Interaction", id) for id in await interactions(shared) - before}
        await asyncio.wait_for(asyncio.gather(*(follower.heard(len(wanted)) for follower in followers)), 60)
        await asyncio.sleep(1)  # what is told twice would come now
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    async with open_store(shared) as store:
        found, left = await digest(store), await unfinished(store)
    assert found.differences(quiet) == ()
    assert left == []
    assert killed > 0, "every sync had ended before it was killed: it says nothing"
    for follower in followers:
        assert len(follower.told) == len(set(follower.told))
        assert set(follower.told) == wanted
        assert follower.told_by == {0, 1}, "no API was killed under it: it says nothing"
    assert followers[0].told == followers[1].told


async def in_peace(settings: StoreSettings, folder: Path) -> Digest:
    """The same orders and decisions, with one API and one sync at a time, of which none is killed."""
    company = Company(folder, settings)
    await company.synced()
    _, mutations = await known(settings)
    async with served(company) as api:
        for number in range(ROUNDS):
            company.sell(number)
            for mutation in mutations[number::ROUNDS]:
                await patiently(mutation, (api,), 0)
            await company.synced()
    async with open_store(settings) as store:
        return await digest(store)


class Company:
    """The sample company in a folder, and calls of c360 for it as processes of their own."""

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        generate(folder, CUSTOMERS, 3)
        self._folder = folder
        self._environment: Mapping[str, str] = {
            "C360_STORE": settings.uri,
            "C360_STORE_USER": settings.user,
            "C360_STORE_PASSWORD": settings.password.get_secret_value(),
            "C360_CACHE": str(folder / "cache"),
        }

    def victim(self, *call: str) -> Victim:
        """A call that has begun."""
        return Victim(("--config", str(self._folder), *call), self._environment)

    async def synced(self) -> None:
        """One sync that nobody disturbs."""
        ended = await asyncio.to_thread(self.victim("sync").finished)
        assert ended.code == 0, ended.said

    def sell(self, number: int) -> None:
        """Every second buyer orders something once more."""
        path = self._folder / "exports" / "orders.csv"
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns, rows = list(reader.fieldnames or ()), list(reader)
        bought = [row for row in rows if not row["order_id"].startswith("O-9")][::2]
        more = [
            row | {"order_id": f"O-9{number}{at:03}", "placed_at": f"2026-10-{number + 1:02} 12:{at % 60:02}:00"}
            for at, row in enumerate(bought)
        ]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows([*rows, *more])


@dataclass(slots=True)
class Api:
    """`c360 serve` at a port of its own, another one each time that it is started."""

    company: Company
    process: Victim
    base: str

    async def killed_and_started_again(self) -> None:
        await asyncio.to_thread(self.process.kill)
        self.process, self.base = await started(self.company)


@asynccontextmanager
async def served(company: Company) -> AsyncIterator[Api]:
    api = Api(company, *await started(company))
    try:
        yield api
    finally:
        await asyncio.to_thread(api.process.terminate)


async def started(company: Company) -> tuple[Victim, str]:
    process = company.victim("serve", "--port", "0")
    found = await asyncio.to_thread(process.heard, r"GraphQL (http://[\d.:]+)/graphql")
    return process, found[1]


@dataclass(slots=True)
class Follower:
    """Is told what was recorded by whichever API lives, each time from its last cursor on."""

    apis: tuple[Api, ...]
    over: str
    at: int
    after: str = field(default_factory=lambda: place_cursor(1))
    told: list[str] = field(default_factory=list)
    told_by: set[int] = field(default_factory=set)

    async def follow(self) -> None:
        while True:
            number = self.at % len(self.apis)
            with suppress(Closed, OSError, httpx.TransportError):
                events = self._over_a_socket if self.over == "socket" else self._as_events
                async for event in events(self.apis[number].base):
                    self.after = event["cursor"]
                    self.told.append(event["interaction"]["id"])
                    self.told_by.add(number)
            self.at += 1
            await asyncio.sleep(0.1)

    async def heard(self, count: int) -> None:
        while len(self.told) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.1)

    async def _over_a_socket(self, base: str) -> AsyncIterator[dict[str, Any]]:
        async with opened_socket(base) as client:
            await client.subscribe(RECORDED, after=self.after)
            while True:
                yield await client.event()

    async def _as_events(self, base: str) -> AsyncIterator[dict[str, Any]]:
        asked = {"query": RECORDED, "variables": {"after": self.after}}
        accept = {"accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(base_url=base, timeout=60) as http,
            http.stream("POST", "/graphql", json=asked, headers=accept) as answer,
        ):
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    told = orjson.loads(line.removeprefix("data: "))
                    assert "errors" not in told, told
                    yield told["data"]["interactionRecorded"]


async def patiently(mutation: Mutation, apis: tuple[Api, ...], at: int) -> None:
    """Send it until it is done, to the next API each time that it is not; the key keeps it from being done twice."""
    ends = time.monotonic() + PATIENCE_SECONDS
    why: str | None = "nobody answered"
    while time.monotonic() < ends:
        with suppress(httpx.TransportError):
            async with httpx.AsyncClient(base_url=apis[at % len(apis)].base, timeout=60) as client:
                why = await mutation.sent(client)
            if why is None:
                return
            assert why in ("BUSY", "SERVICE_UNAVAILABLE") or "'code': 'BUSY'" in why, (mutation.name, why)
        at += 1
        await asyncio.sleep(0.3)
    raise AssertionError(f"{mutation.name} was not done: {why}")


async def known(settings: StoreSettings) -> tuple[set[str], list[Mutation]]:
    """The interactions that there are, and what people will decide."""
    async with open_store(settings) as store:
        mutations = await mutations_of(store)
    return await interactions(settings), mutations


async def interactions(settings: StoreSettings) -> set[str]:
    async with open_store(settings) as store:
        return {id for (id,) in await store.read(_INTERACTIONS)}

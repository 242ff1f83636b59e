"""Syncs over the API: how far one is, from whichever process it runs in, and starting one."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from api.plan.roots import Question
from api.plan.service import RequestRefused, Service
from api.schema.schema import graphql_schema
from api.syncs import SyncProcesses
from api.viewer import Viewer
from api.watch import Watch
from graph.keys import Role
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.progress import Silence
from graph.sync.sync import sync
from graph.sync.syncs import KnownSync, newest_sync
from graph.sync.watch import watched
from tests.api.conftest import asker
from tests.api.socket_client import SocketClient, opened_socket
from tests.api.test_subscriptions import process_of_api, served
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
ADA = person("crm/contacts/1", "Ada Byron", email="ada@byron.test")
PROGRESSED = """subscription { syncProgressed { syncId status startedAt finishedAt error
    phases { name source doneCount totalCount perSecond remainingSeconds }
    sources { source status readCount rejectedCount error } } }"""
EXAMPLES = Path(__file__).parents[2] / "examples" / "queries"
START = (EXAMPLES / "start_sync.graphql").read_text(encoding="utf-8")
PROGRESS = (EXAMPLES / "sync_progress.graphql").read_text(encoding="utf-8")
PEOPLE = 12
SLOW = '''
"""Twelve people, a page each, at a pace."""
import asyncio
from pydantic import BaseModel
from c360 import CheckReport, Page, Person, Stream, StreamKind, hookimpl

C360_API = ">=1,<2"


class Slow:
    class Config(BaseModel):
        pause: float

    def __init__(self, name, config):
        self.name, self.pause = name, config.pause

    async def check(self):
        return CheckReport(ok=True, message="there")

    async def discover(self):
        return [Stream("people", StreamKind.PERSONS)]

    async def read(self, stream, state):
        for n in range((state or {}).get("read", 0), 12):
            yield Page(raws=[n], state={"read": n + 1}, total=12)
            await asyncio.sleep(self.pause)

    def map(self, stream, raw):
        yield Person(source=self.name, stream="people", id=str(raw), full_name=f"Ada Byron {raw}")

    async def close(self):
        pass


@hookimpl
def c360_register_connectors(registry):
    registry.add("slow", Slow)
'''


def slow_source(folder: Path, pause: float) -> None:
    """A folder whose one source takes so long a page."""
    (folder / "slow.py").write_text(SLOW)
    (folder / "plugins.toml").write_text(f'[shop]\nconnector = "slow"\npath = "./slow.py"\npause = {pause}\n')


def syncs_of_folder(store: Store, settings: StoreSettings, folder: Path) -> SyncProcesses:
    password = settings.password.get_secret_value()
    environment = {"C360_STORE": settings.uri, "C360_STORE_USER": settings.user, "C360_STORE_PASSWORD": password}
    return SyncProcesses(store, folder, environment)


async def test_a_sync_is_started_once_and_told_until_its_end(
    store: Store, store_settings: StoreSettings, tmp_path: Path
) -> None:
    """Asked for twice at once it is one sync, in a process of its own; two who listen hear how it goes on and ends."""
    slow_source(tmp_path, 0.1)
    async with (
        served(store, syncs=syncs_of_folder(store, store_settings, tmp_path)) as base,
        opened_socket(base) as one,
        opened_socket(base) as other,
        httpx.AsyncClient(base_url=base, timeout=30) as http,
    ):
        await one.subscribe(PROGRESSED)
        await other.subscribe(PROGRESSED)
        tried = await started(http, dryRun=True)
        answers = await asyncio.gather(started(http, idempotencyKey="k"), started(http), started(http))
        tried_now = await started(http, dryRun=True)
        told = [await told_to_the_end(client, answers[0]) for client in (one, other)]
        again = await started(http, idempotencyKey="k")
        another = await started(http, idempotencyKey="k", full=True)

    assert [answer["userErrors"] for answer in answers] == [[], [], []]
    (id,) = {answer["sync"]["syncId"] for answer in answers}
    assert sorted(answer["isAlreadyRunning"] for answer in answers) == [False, True, True]
    for events in told:
        assert {event["syncId"] for event in events} == {id}
        read = [sum(source["readCount"] for source in event["sources"]) for event in events]
        assert len(set(read)) > 2, "it is told on the way"
        assert all(before <= after for before, after in pairwise(read))
        assert events[-1]["sources"] == [
            {"source": "shop", "status": "SUCCEEDED", "readCount": PEOPLE, "rejectedCount": 0, "error": None}
        ]
        phase = events[-1]["phases"][0]
        assert (phase["name"], phase["source"], phase["doneCount"]) == ("read shop/people", "shop", PEOPLE)
        assert phase["remainingSeconds"] == 0
        assert any(phase["remainingSeconds"] for event in events for phase in event["phases"][:1])
        assert events[-1]["startedAt"] < events[-1]["finishedAt"]
    # Whichever of the three was first: the key's answer is this sync, for good.
    assert again["isReplay"]
    assert again["isAlreadyRunning"] == answers[0]["isAlreadyRunning"]
    assert again["sync"] == {"syncId": id, "status": "SUCCEEDED"}
    assert [error["code"] for error in another["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert (tried["sync"], tried["isAlreadyRunning"]) == (None, False)
    assert (tried_now["sync"]["syncId"], tried_now["isAlreadyRunning"]) == (id, True)


async def test_a_sync_that_is_killed_is_told_and_the_next_goes_on(
    store: Store, store_settings: StoreSettings, tmp_path: Path
) -> None:
    """INTERRUPTED within moments on this machine; another one may begin at once and reads what is left."""
    slow_source(tmp_path, 0.4)
    syncs = syncs_of_folder(store, store_settings, tmp_path)
    async with (
        served(store, syncs=syncs) as base,
        opened_socket(base) as client,
        httpx.AsyncClient(base_url=base, timeout=30) as http,
    ):
        await client.subscribe(PROGRESSED)
        first = await started(http)
        read = 0
        while not read:
            event = await asyncio.wait_for(client.event(), 30)
            assert event["syncId"] == first["sync"]["syncId"]
            read = sum(source["readCount"] for source in event["sources"])
        process_of_sync(tmp_path).kill()
        killed = (await told_to_the_end(client, first))[-1]
        slow_source(tmp_path, 0.0)
        second = await started(http)
        ended = (await told_to_the_end(client, second))[-1]

    assert (killed["syncId"], killed["status"], killed["finishedAt"]) == (first["sync"]["syncId"], "INTERRUPTED", None)
    assert second["sync"]["syncId"] != first["sync"]["syncId"]
    assert (ended["syncId"], ended["status"]) == (second["sync"]["syncId"], "SUCCEEDED")
    assert 0 < ended["sources"][0]["readCount"] < PEOPLE
    assert await store.read("MATCH (c:Customer) RETURN count(c)") == [[PEOPLE]]


async def test_a_sync_that_is_killed_while_it_waits_is_interrupted_too(
    store: Store, store_settings: StoreSettings, tmp_path: Path
) -> None:
    """Another sync is at work: whoever asked hears that the process is gone, and by which signal."""
    slow_source(tmp_path, 0.0)
    syncs = syncs_of_folder(store, store_settings, tmp_path)
    async with (
        served(store, syncs=syncs) as base,
        opened_socket(base) as client,
        httpx.AsyncClient(base_url=base, timeout=30) as http,
    ):
        async with store.lease("sync"):
            await client.subscribe(PROGRESSED)
            first = await started(http)
            process_of_sync(tmp_path).kill()
            killed = (await told_to_the_end(client, first))[-1]
        second = await started(http)
        ended = (await told_to_the_end(client, second))[-1]

    assert (killed["syncId"], killed["status"]) == (first["sync"]["syncId"], "INTERRUPTED")
    assert "SIGKILL" in killed["error"]
    assert (ended["syncId"], ended["status"]) == (second["sync"]["syncId"], "SUCCEEDED")


@pytest.mark.long
async def test_a_sync_outlives_the_api_that_started_it(
    store: Store, store_settings: StoreSettings, tmp_path: Path
) -> None:
    """The API is killed while it reads: the sync ends well, and another API tells so."""
    slow_source(tmp_path, 0.2)
    async with process_of_api(store_settings, tmp_path) as base, httpx.AsyncClient(base_url=base, timeout=30) as http:
        first = await started(http)
    async with served(store) as base, opened_socket(base) as client:
        await client.subscribe(PROGRESSED)
        ended = (await told_to_the_end(client, first))[-1]

    assert first["userErrors"] == []
    assert (ended["syncId"], ended["status"]) == (first["sync"]["syncId"], "SUCCEEDED")
    assert ended["sources"][0]["readCount"] == PEOPLE


async def test_what_cannot_be_started_is_told(
    embedded_store: Store, embedded_settings: StoreSettings, tmp_path: Path
) -> None:
    """No sources, an unknown one, an option for a name: typed errors. A process that cannot begin: FAILED, and why."""
    store = embedded_store
    syncs = syncs_of_folder(store, embedded_settings, tmp_path)
    ask = asker(Service(graphql_schema(), store, rules=RULES, writes_to=store, syncs=syncs))
    without = asker(Service(graphql_schema(), store, rules=RULES, writes_to=store))
    refused = [
        (await without(START, input={}))["data"]["startSync"],
        (await ask(START, input={}))["data"]["startSync"],
    ]
    (tmp_path / "plugins.toml").write_text('[shop]\nconnector = "nonsense"\n')
    refused += [(await ask(START, input={"sources": [name]}))["data"]["startSync"] for name in ("shp", "--preview", "")]
    (of_none,) = (await ask(START, input={"sources": []}))["errors"]
    asked = (await ask(START, input={"sources": ["shop"]}))["data"]["startSync"]
    failed = await ended_sync(store)

    codes = [error["code"] for answer in refused for error in answer["userErrors"]]
    assert codes == ["NOT_AVAILABLE", "NOT_AVAILABLE", "UNKNOWN_SOURCE", "UNKNOWN_SOURCE", "UNKNOWN_SOURCE"]
    assert "Did you mean" in refused[2]["userErrors"][0]["message"]
    assert all(answer["sync"] is None for answer in refused)
    assert of_none["extensions"]["code"] == "BAD_USER_INPUT"
    assert asked["sync"]["status"] == "WAITING"
    assert failed.status == "FAILED"
    assert "nonsense" in (failed.error or "")


async def test_progress_of_any_process_is_for_analysts_and_masked(store: Store) -> None:
    """A sync of this very process is told alike; a failed source is named, addresses in its error are not."""
    service = Service(graphql_schema(), store, rules=RULES, writes_to=store)
    before = await service.answer(PROGRESS)
    failing = fixed_source("shop", OSError("ada@byron.test is locked out"))
    await sync([fixed_source("crm", ADA, ValueError("no name")), failing], store, RULES)
    analyst = (await service.answer(PROGRESS, viewer=Viewer("anna", Role.ANALYST))).data
    admin = (await service.answer(PROGRESS)).data
    with pytest.raises(RequestRefused) as refused:
        await service.answer(PROGRESS, viewer=Viewer("rita", Role.READER))

    assert before.data == {"syncProgress": None}
    assert analyst is not None
    assert admin is not None
    assert admin["syncProgress"]["status"] == "FAILED"
    crm, shop = admin["syncProgress"]["sources"]
    assert crm == {"source": "crm", "status": "SUCCEEDED", "readCount": 2, "rejectedCount": 1, "error": None}
    assert (shop["status"], "ada@byron.test" in shop["error"]) == ("FAILED", True)
    assert "byron.test" in analyst["syncProgress"]["sources"][1]["error"]
    assert "ada@" not in analyst["syncProgress"]["sources"][1]["error"]
    assert (refused.value.errors[0].extensions or {})["code"] == "FORBIDDEN"


async def test_progress_is_written_a_few_times_a_second(store: Store) -> None:
    """However often the work goes on; the work does not wait for it."""
    seen: set[int] = set()

    async def look() -> None:
        while True:
            seen.update(sync.state.phases[0].done for sync in [await newest_sync(store)] if sync and sync.state.phases)
            await asyncio.sleep(0.02)

    async with watched(store, Silence()) as watch:
        await watch.begin([])
        looking = asyncio.create_task(look())
        began, slowest = time.monotonic(), 0.0
        while time.monotonic() - began < 2.2:
            before = time.monotonic()
            watch.advance("link", 1)
            slowest = max(slowest, time.monotonic() - before)
            await asyncio.sleep(0.002)
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    assert 2 <= len(seen) <= 5
    assert slowest < 0.05


async def test_who_is_slow_misses_what_is_in_between_and_no_end() -> None:
    """The watch keeps no queue: there is the newest answer, and one reader for all who ask."""
    asked = 0

    class Counting:
        async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
            nonlocal asked
            asked += 1
            return [[asked]]

    watch = Watch(Counting(), poll_seconds=0.01)
    question = Question("now", {}, lambda rows: rows[0][0])
    slow, quick = watch.follow(question), watch.follow(question)
    first = await anext(slow)
    told = [await anext(quick) for _ in range(20)]
    second = await anext(slow)
    await slow.aclose()
    await quick.aclose()
    at_rest = asked
    await asyncio.sleep(0.1)

    assert (first, second) == (1, told[-1])
    assert told == list(range(1, 21))
    assert asked == at_rest


async def started(http: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    """The answer of a `startSync`."""
    answer = await http.post("/graphql", json={"query": START, "variables": {"input": given}})
    assert "errors" not in answer.json(), answer.text
    found: dict[str, Any] = answer.json()["data"]["startSync"]
    return found


async def told_to_the_end(client: SocketClient, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The events until the sync of this answer has ended."""
    events: list[dict[str, Any]] = []
    while True:
        events.append(await asyncio.wait_for(client.event(), 60))
        if events[-1]["syncId"] == answer["sync"]["syncId"] and events[-1]["status"] not in ("WAITING", "RUNNING"):
            return events


async def ended_sync(store: Store) -> KnownSync:
    """The newest sync, when it has ended."""
    for _ in range(600):
        known = await newest_sync(store)
        if known is not None and not known.is_under_way:
            return known
        await asyncio.sleep(0.1)
    raise AssertionError("the sync does not end")


def process_of_sync(folder: Path) -> psutil.Process:
    """The `c360 sync` of this folder."""
    (found,) = (
        process
        for process in psutil.Process().children()
        if process.status() != psutil.STATUS_ZOMBIE and {str(folder), "sync"} <= set(process.cmdline())
    )
    return found

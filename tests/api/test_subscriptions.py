"""Subscriptions: what a client is told over WebSocket and as server-sent events, also when the server is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr

from api import sockets
from api.plan.change_cursor import event_cursor, place_cursor
from api.plan.ids import encode_id
from api.serving import serve
from api.settings import ApiSettings
from api.syncs import SyncProcesses
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers, revert_decision
from graph.sync.rebuild import rebuild
from graph.sync.sync import sync
from tests.api.socket_client import Closed, SocketClient, opened_socket, raw_socket
from tests.cable import cable_to
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
ADA = person("crm/contacts/1", "Ada Byron", email="ada@byron.test")
BOB = person("crm/contacts/2", "Bob Stone", email="bob@stone.test")
TOKEN = "correct-horse-battery"
MERGED = "subscription ($after: String) { customerMerged(after: $after) { formerIds customer { displayName } } }"
SPLIT = """subscription ($after: String) {
    customerSplit(after: $after) { customer { displayName } partedFrom { displayName } } }"""
UPDATED = """subscription ($after: String, $of: [ID!]) {
    customerUpdated(after: $after, customerIds: $of) { cursor isNew customerId customer { displayName } } }"""
RECORDED = """subscription ($after: String) { interactionRecorded(after: $after) {
    cursor occurredAt interaction { id kind } customer { displayName } } }"""
START = place_cursor(1)
"""Behind the RESET of the first load."""


@asynccontextmanager
async def served(
    store: Store,
    token: str | None = None,
    settings: ApiSettings | None = None,
    *,
    syncs: SyncProcesses | None = None,
) -> AsyncIterator[str]:
    """The API on a port of its own in this process; gives its address."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    settings = settings or ApiSettings(port=0, token=None if token is None else SecretStr(token))
    running = asyncio.create_task(serve(store, settings, syncs=syncs, on_started=address.set_result))
    try:
        yield await asyncio.wait_for(address, 10)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 15)


async def record(store: Store, *numbers: int) -> None:
    """Orders of Ada, one each number, brought by a sync."""
    orders = [event(f"shop/orders/{n}", "order.placed", f"2026-01-{n:02}", "crm/contacts/1") for n in numbers]
    await sync([fixed_source("shop", *orders)], store, RULES, full=True)


async def test_merges_splits_and_updates_are_told_as_they_are_written(store: Store) -> None:
    """A person's decision arrives with the customers as they are then; who asks for one customer is told of one."""
    await sync([fixed_source("crm", ADA, BOB)], store, RULES)
    ids = dict(await store.read("MATCH (c:Customer) RETURN c.display_name, c.id"))
    async with served(store) as base, opened_socket(base) as client:
        await client.subscribe(MERGED, "m")
        await client.subscribe(SPLIT, "s")
        await asyncio.sleep(0.5)
        done = await merge_customers(store, RULES, list(ids.values()), Ask(by="cleo"))
        merged = await asyncio.wait_for(client.event(), 10)
        await revert_decision(store, RULES, done.decisions[0].id, Ask(by="cleo"))
        split = await asyncio.wait_for(client.event(), 10)
        await client.send(type="complete", id="m")
        await client.subscribe(UPDATED, "u", after=START, of=[merged["formerIds"][0]])
        one = await asyncio.wait_for(client.event(), 10)

    assert merged["customer"] == {"displayName": "Ada Byron"}
    assert split == {"customer": {"displayName": "Bob Stone"}, "partedFrom": [{"displayName": "Ada Byron"}]}
    assert (one["isNew"], one["customer"]) == (True, {"displayName": "Bob Stone"})


async def test_server_sent_events_bring_the_same(store: Store) -> None:
    """`Accept: text/event-stream` gives `next` for each event; what is wrong with a request ends with `complete`."""
    await sync([fixed_source("crm", ADA, BOB)], store, RULES)
    await record(store, 1, 2)
    async with served(store) as base, httpx.AsyncClient(base_url=base, timeout=10) as http:
        events = [data async for data in _sent(http, RECORDED, {"after": START}, 2)]
        wrong = await http.post("/graphql", json={"query": "subscription {"}, headers={"accept": "text/event-stream"})
        once = await http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept": "text/event-stream"})

    told = [one["data"]["interactionRecorded"] for one in events]
    assert [one["interaction"]["kind"] for one in told] == ["order.placed", "order.placed"]
    assert len({one["interaction"]["id"] for one in told}) == 2
    assert {one["customer"]["displayName"] for one in told} == {"Ada Byron"}
    assert wrong.text.endswith("event: complete\ndata:\n\n")
    assert "GRAPHQL_PARSE_FAILED" in wrong.text
    assert 'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\n' in once.text


async def test_a_browser_goes_on_after_the_id_of_the_last_event(store: Store) -> None:
    """Each event has its cursor as `id`, selected or not; `Last-Event-ID` and `after`: the later of both counts."""
    await sync([fixed_source("crm", ADA)], store, RULES)
    await record(store, 1, 2, 3)
    without = RECORDED.replace("cursor ", "")
    async with served(store) as base, httpx.AsyncClient(base_url=base, timeout=10) as http:
        whole = [frame async for frame in _frames(http, RECORDED, {"after": START}, 3)]
        ids = [id for id, _ in whole]
        resumed = [
            [frame async for frame in _frames(http, without, variables, len(whole) - 1 - at, ids[at])]
            for at in range(2)
            for variables in ({}, {"after": None}, {"after": START})
        ]
        ahead = [frame async for frame in _frames(http, without, {"after": ids[1]}, 1, ids[0])]
        asked = {"query": RECORDED}
        wrong = [
            (
                await http.get("/graphql", params=asked, headers={"accept": "text/event-stream", "last-event-id": id})
            ).text
            for id in ("nonsense", event_cursor("customerMerged", 1, 0), event_cursor("interactionRecorded", 10**9, 0))
        ]
        once = await http.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"accept": "text/event-stream", "last-event-id": "x"}
        )

    assert ids == [told["cursor"] for _, told in whole]
    assert [[id for id, _ in frames] for frames in resumed] == [ids[1:]] * 3 + [ids[2:]] * 3
    assert [told["interaction"] for _, told in resumed[0]] == [told["interaction"] for _, told in whole[1:]]
    assert [id for id, _ in ahead] == ids[2:]
    assert ["`Last-Event-ID` is not a cursor" in wrong[0], "BAD_USER_INPUT" in wrong[1]] == [True, True]
    assert "CURSOR_EXPIRED" in wrong[2]
    assert "id:" not in once.text + "".join(wrong)


@pytest.mark.long
@pytest.mark.parametrize("over", ["socket", "events"])
async def test_nothing_is_lost_or_doubled_when_the_server_is_killed(
    store: Store, store_settings: StoreSettings, tmp_path: Path, over: str
) -> None:
    """Killed between two events, and once more while nobody listens: the last cursor brings the rest, each once."""
    await sync([fixed_source("crm", ADA)], store, RULES)
    seen: list[dict[str, Any]] = []
    after = START
    await record(store, 1, 2, 3)
    for taken, more in ((2, (4, 5)), (2, ()), (1, ())):
        async with process_of_api(store_settings, tmp_path) as base:
            async for one in _recorded(base, over, after, taken):
                seen.append(one)
                after = one["cursor"]
        if more:
            await record(store, *more)

    ids = [one["interaction"]["id"] for one in seen]
    keys = {id for (id,) in await store.read("MATCH (i:Interaction) RETURN i.id")}
    assert len(ids) == len(set(ids)) == len(keys) == 5
    assert [one["occurredAt"] for one in seen] == sorted(one["occurredAt"] for one in seen)


@pytest.mark.long
async def test_two_processes_tell_the_same(store: Store, store_settings: StoreSettings, tmp_path: Path) -> None:
    """Each reads the log by itself: what one has told goes on at the other."""
    await sync([fixed_source("crm", ADA)], store, RULES)
    async with process_of_api(store_settings, tmp_path) as one, process_of_api(store_settings, tmp_path) as other:
        async with opened_socket(one) as here, opened_socket(other) as there:
            await here.subscribe(RECORDED, after=START)
            await there.subscribe(RECORDED, after=START)
            await record(store, 1)
            first, same = await asyncio.wait_for(asyncio.gather(here.event(), there.event()), 20)
            await record(store, 2)
            await asyncio.wait_for(here.event(), 20)
        async with opened_socket(other) as there:
            await there.subscribe(RECORDED, after=first["cursor"])
            second = await asyncio.wait_for(there.event(), 20)

    assert first == same
    assert second["interaction"]["id"] != first["interaction"]["id"]


async def test_cursors_that_lead_nowhere_are_told_so(store: Store) -> None:
    """Behind the kept entries, beyond the last, of another subscription, none at all, and over a rebuild."""
    await sync([fixed_source("crm", ADA)], store, RULES)
    await record(store, 1)
    async with served(store) as base, opened_socket(base) as client:
        codes = {}
        await client.subscribe(UPDATED, after=START)
        foreign = (await client.event())["cursor"]
        await client.send(type="complete", id="1")
        for name, after in {
            "reset": place_cursor(0),
            "beyond": place_cursor(99),
            "foreign": foreign,
            "none": "nonsense",
        }.items():
            codes[name] = await _refused(client, name, after)
        await store.write("MATCH (c:Change {seq: 1}) DELETE c")
        codes["behind"] = await _refused(client, "behind", place_cursor(0))
        await client.subscribe(RECORDED, "rebuilt")
        await asyncio.sleep(0.5)
        await rebuild(store, RULES)
        message = await asyncio.wait_for(client.receive(), 20)

    assert codes == {
        "reset": "CHANGES_RESET",
        "beyond": "CURSOR_EXPIRED",
        "foreign": "BAD_USER_INPUT",
        "none": "BAD_USER_INPUT",
        "behind": "CURSOR_EXPIRED",
    }
    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "CHANGES_RESET")


@pytest.mark.parametrize("field", ["customerMerged", "customerSplit", "customerUpdated", "interactionRecorded"])
async def test_ids_that_are_no_customers_are_refused_before_anything_happens(embedded_store: Store, field: str) -> None:
    """An id of another type, and what is no id: told at once, over both ways, though nothing changes."""
    query = f"subscription ($of: [ID!]) {{ {field}(customerIds: $of) {{ cursor }} }}"
    wanted = {"another type": encode_id("Account", "a-1"), "no id": "no id"}
    told: dict[tuple[str, str], Any] = {}
    async with (
        served(embedded_store) as base,
        opened_socket(base) as client,
        httpx.AsyncClient(base_url=base, timeout=10) as http,
    ):
        for name, of in wanted.items():
            ids = [encode_id("Customer", "c-ada"), of]
            await client.subscribe(query, name, of=ids)
            message = await asyncio.wait_for(client.receive(), 10)
            assert (message["type"], message["id"]) == ("error", name), message
            told["socket", name] = message["payload"]
            answer = await http.post(
                "/graphql",
                json={"query": query, "variables": {"of": ids}},
                headers={"accept": "text/event-stream"},
            )
            assert answer.text.endswith("event: complete\ndata:\n\n")
            sent = next(line for line in answer.text.splitlines() if line.startswith("data: {"))
            told["events", name] = orjson.loads(sent.removeprefix("data: "))["errors"]

    assert len(told) == 4
    assert {error["extensions"]["code"] for errors in told.values() for error in errors} == {"BAD_USER_INPUT"}
    for over in ("socket", "events"):
        assert "This id is of type Account" in told[over, "another type"][0]["message"]
        assert "'no id' is not an id of this API" in told[over, "no id"][0]["message"]


async def test_all_who_ask_for_the_same_are_answered_by_one_query(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten subscribers, one change, one read of what it names."""
    await sync([fixed_source("crm", ADA)], embedded_store, RULES)
    queries: list[str] = []
    read = embedded_store.read

    async def counted(query: str, /, **parameters: Any) -> Any:
        queries.append(query)
        return await read(query, **parameters)

    async with served(embedded_store) as base, opened_socket(base) as client:
        for n in range(10):
            await client.subscribe(RECORDED, str(n))
        await asyncio.sleep(0.5)
        monkeypatch.setattr(embedded_store, "read", counted)
        await record(embedded_store, 1)
        told = [await asyncio.wait_for(client.event(), 10) for _ in range(10)]

    assert len({one["interaction"]["id"] for one in told}) == 1
    assert len([query for query in queries if "UNWIND $interaction_key" in query]) == 1


async def test_a_client_that_takes_nothing_is_cut(embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """When its buffers are full for too long it gets the code 4503 behind what it did not take; others are told on."""
    monkeypatch.setattr(sockets, "STALL_SECONDS", 1.0)
    await sync([fixed_source("crm", ADA)], embedded_store, RULES)
    await record(embedded_store, *range(1, 29))
    async with served(embedded_store) as base, opened_socket(base) as slow, opened_socket(base) as quick:
        text = "x" * 100
        aliases = " ".join(f"{text}{n}: displayName" for n in range(55))
        query = f"subscription ($after: String) {{ interactionRecorded(after: $after) {{ customer {{ {aliases} }} }} }}"
        for n in range(90):
            await slow.subscribe(query, str(n), after=START)
        await asyncio.sleep(4)
        await quick.subscribe(RECORDED, after=START)
        told = [await asyncio.wait_for(quick.event(), 10) for _ in range(28)]
        taken, cut = await _drained(slow)

    assert cut == sockets.SLOW_CONSUMER
    assert taken < 90 * 28
    assert len({one["interaction"]["id"] for one in told}) == 28


async def test_an_event_stream_that_is_not_read_breaks_off(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `complete`, so that a client knows that it has to come back."""
    monkeypatch.setattr(sockets, "STALL_SECONDS", 1.0)
    await sync([fixed_source("crm", ADA)], embedded_store, RULES)
    await record(embedded_store, *range(1, 32))
    aliases = " ".join(f"{'x' * 3_500}{n}: displayName" for n in range(54))
    query = f"subscription ($after: String) {{ interactionRecorded(after: $after) {{ customer {{ {aliases} }} }} }}"
    body = orjson.dumps({"query": query, "variables": {"after": START}})
    async with served(embedded_store) as base:
        host, port = base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1_000)
        writer.write(
            f"POST /graphql HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        await asyncio.sleep(4)
        sent = await asyncio.wait_for(reader.read(), 20)
        writer.close()

    assert b"event: next" in sent
    assert 0 < sent.count(b"event: next") < 31
    assert b"event: complete" not in sent


async def test_who_listens_when_the_server_ends_is_told_to_come_back(embedded_store: Store) -> None:
    """Sockets close with 1012, event streams end without `complete`, and the server does not wait for them."""
    await sync([fixed_source("crm", ADA)], embedded_store, RULES)
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(AsyncExitStack())
        base = await server.enter_async_context(served(embedded_store))
        client = await stack.enter_async_context(opened_socket(base))
        await client.subscribe(RECORDED)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=20))
        asked, accept = {"query": RECORDED}, {"accept": "text/event-stream"}
        events = await stack.enter_async_context(http.stream("POST", "/graphql", json=asked, headers=accept))
        began = loop.time()
        await server.aclose()
        seconds = loop.time() - began
        sent = b"".join([part async for part in events.aiter_raw()])
        with pytest.raises(Closed) as closed:
            await client.receive()

    assert closed.value.code == 1012
    assert b"complete" not in sent
    assert seconds < 5


async def test_changes_wait_while_the_store_is_away(neo4j_settings: StoreSettings) -> None:
    """Written while the API could not read it, a change is told when the store is back."""
    async with (
        open_store(neo4j_settings) as store,
        cable_to(neo4j_settings) as cable,
        open_store(cable.settings) as remote,
    ):
        await sync([fixed_source("crm", ADA)], store, RULES)
        async with served(remote) as base, opened_socket(base) as client:
            await client.subscribe(RECORDED, after=START)
            await record(store, 1)
            first = await asyncio.wait_for(client.event(), 20)
            await cable.stop()
            await record(store, 2)
            async with raw_socket(base) as late:
                await late.send(type="connection_init", payload={"x-api-key": f"c360_{'0' * 16}_{'A' * 43}"})
                with pytest.raises(Closed) as unknown:
                    await asyncio.wait_for(late.receive(), 60)
            await cable.start()
            second = await asyncio.wait_for(client.event(), 30)

    assert first["interaction"]["id"] != second["interaction"]["id"]
    assert unknown.value.code == 1013


async def test_a_socket_wants_the_token_and_a_page_of_ours(embedded_store: Store) -> None:
    """The token comes with `connection_init`; without one, pages of other sites are refused by their origin."""
    async with served(embedded_store, TOKEN) as base:
        async with raw_socket(base) as client:
            await client.send(type="connection_init", payload={"Authorization": "Bearer wrong"})
            with pytest.raises(Closed) as refused:
                await client.receive()
        async with raw_socket(base) as client:
            await client.subscribe("{ __typename }")
            with pytest.raises(Closed) as unknown:
                await client.receive()
        async with opened_socket(base, {"Authorization": f"Bearer {TOKEN}"}) as client:
            await client.subscribe("{ __typename }")
            answer = await client.answer()
    async with served(embedded_store) as base:
        with pytest.raises(Closed) as foreign:
            async with raw_socket(base, origin="https://evil.test"):
                pass
        async with opened_socket(base, origin=base):
            pass

    assert (refused.value.code, unknown.value.code, foreign.value.code) == (4401, 4401, 403)
    assert answer == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "{", '{"type": 1}', '{"type": "subscribe", "id": 1}', '{"type": "subscribe", "id": "1"}']
)
async def test_what_is_no_message_closes_the_socket(embedded_store: Store, text: str) -> None:
    """With the code 4400, and the server lives."""
    async with served(embedded_store) as base:
        async with opened_socket(base) as client:
            await client.send_text(text)
            with pytest.raises(Closed) as closed:
                await client.receive()
        async with opened_socket(base) as client:
            await client.subscribe("{ nonsense", "1")
            wrong = await client.receive()

    assert closed.value.code == 4400
    assert (wrong["type"], wrong["payload"][0]["extensions"]["code"]) == ("error", "GRAPHQL_PARSE_FAILED")


async def _drained(client: SocketClient) -> tuple[int, int]:
    """Take what there still is: how many messages, and the code that the socket is closed with."""
    taken = 0
    while True:
        try:
            await asyncio.wait_for(client.receive(), 10)
        except Closed as closed:
            return taken, closed.code
        taken += 1


async def _refused(client: SocketClient, id: str, after: str) -> str:
    await client.subscribe(RECORDED, id, after=after)
    message = await asyncio.wait_for(client.receive(), 10)
    assert (message["type"], message["id"]) == ("error", id), message
    code: str = message["payload"][0]["extensions"]["code"]
    return code


async def _recorded(base: str, over: str, after: str, count: int) -> AsyncIterator[dict[str, Any]]:
    """So many events after a cursor."""
    if over == "socket":
        async with opened_socket(base) as client:
            await client.subscribe(RECORDED, after=after)
            for _ in range(count):
                yield await asyncio.wait_for(client.event(), 20)
        return
    async with httpx.AsyncClient(base_url=base, timeout=20) as http:
        async for sent in _sent(http, RECORDED, {"after": after}, count):
            yield sent["data"]["interactionRecorded"]


async def _sent(
    http: httpx.AsyncClient, query: str, variables: dict[str, Any], count: int
) -> AsyncIterator[dict[str, Any]]:
    """The first so many `next` of an event stream."""
    asked = {"query": query, "variables": variables}
    async with http.stream("POST", "/graphql", json=asked, headers={"accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                yield orjson.loads(line.removeprefix("data: "))
                count -= 1
            if not count:
                return


async def _frames(
    http: httpx.AsyncClient, query: str, variables: dict[str, Any], count: int, last_event_id: str | None = None
) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The first so many `next` as a browser's EventSource gets them, by GET: the `id` of each and what it tells."""
    asked = {"query": query, "variables": orjson.dumps(variables).decode()}
    headers = {"accept": "text/event-stream"} | ({} if last_event_id is None else {"last-event-id": last_event_id})
    id = ""
    async with http.stream("GET", "/graphql", params=asked, headers=headers) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                id = line.removeprefix("id: ")
            elif line.startswith("data: "):
                yield id, orjson.loads(line.removeprefix("data: "))["data"]["interactionRecorded"]
                id, count = "", count - 1
            if not count:
                return


@asynccontextmanager
async def process_of_api(settings: StoreSettings, folder: Path) -> AsyncIterator[str]:
    """`c360 serve` as a process of its own; at the end it is killed."""
    environment = {
        **os.environ,
        "C360_STORE": settings.uri,
        "C360_STORE_USER": settings.user,
        "C360_STORE_PASSWORD": settings.password.get_secret_value(),
        "COLUMNS": "200",
    }
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("c360")), "--config", str(folder), "serve", "--port", "0",
        env=environment, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = b""
        while b"/graphiql" not in said:
            line = await asyncio.wait_for(process.stderr.readline(), 60)
            assert line, said.decode()
            said += line
        yield said.decode().split("GraphiQL ")[-1].split("/graphiql")[0]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()

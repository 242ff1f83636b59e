"""Two processes of `c360 serve` behind a real nginx with the configuration that docs/monitoring gives operators."""

from __future__ import annotations

import asyncio
import getpass
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.api.socket_client import Closed, SocketClient, opened_socket
from tests.api.test_subscriptions import RECORDED, START, process_of_api
from tests.cable import cable_to
from tests.servers.processes import ServerError, free_port
from tests.servers.rt_server import install_packages
from tests.sources import event, fixed_source, person

pytestmark = [pytest.mark.anyio, pytest.mark.servers]
DOCUMENTED = Path(__file__).parents[2] / "docs" / "monitoring" / "nginx.conf"
ADA = person("crm/contacts/1", "Ada Byron", email="ada@byron.test")
ASKED = {"query": "{ customers(first: 1) { nodes { displayName } } }"}
QUIET_SECONDS = 80.0
"""Longer than the `proxy_read_timeout` of the configuration."""
MAIN = """
user {user};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/c360.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """The address of nginx, and what knows its certificate."""

    base: str
    tls: ssl.SSLContext

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base, verify=self.tls, timeout=30)


@pytest.fixture(scope="module")
def nginx() -> str:
    """The program; installed first if need be (as root)."""
    if shutil.which("nginx") is None:
        try:
            install_packages(["nginx-light", "openssl"], "nginx")
        except ServerError as missing:
            pytest.skip(f"no nginx: {missing}")
    found = shutil.which("nginx")
    assert found is not None
    return found


async def test_sockets_and_event_streams_stay_open_and_are_told_at_once(
    nginx: str, neo4j_settings: StoreSettings, tmp_path: Path
) -> None:
    """After a time in which nothing happens, longer than nginx waits for a word; a page of ours may open a socket."""
    async with (
        open_store(neo4j_settings) as store,
        two_behind(nginx, neo4j_settings, tmp_path) as behind,
        opened_socket(behind.base, tls=behind.tls, origin=behind.base) as client,
        behind.client() as http,
    ):
        await sync([fixed_source("crm", ADA)], store, Rules())
        await client.subscribe(RECORDED, after=START)
        async with events(http) as told:
            seen = []
            for number, quiet in ((1, QUIET_SECONDS), (2, 0.0)):
                coming = asyncio.gather(client.event(), anext(told))  # who does not read answers no ping, and is left
                await asyncio.sleep(quiet)
                await order(store, number)
                seen.append(await asyncio.wait_for(coming, 10))
        with pytest.raises(Closed) as foreign:
            async with opened_socket(behind.base, tls=behind.tls, origin="https://evil.test"):
                pass

    for by_socket, by_stream in seen:
        assert by_socket == by_stream
    assert seen[0][0]["cursor"] != seen[1][0]["cursor"]
    assert foreign.value.code == 403


async def test_while_the_store_is_away_c360_itself_says_so(
    nginx: str, neo4j_settings: StoreSettings, tmp_path: Path
) -> None:
    """Every answer is its 503 in JSON, however often it was asked, never a page of nginx; then it answers again."""
    async with open_store(neo4j_settings) as store:
        await sync([fixed_source("crm", ADA)], store, Rules())
    away = []
    async with (
        cable_to(neo4j_settings) as cable,
        two_behind(nginx, cable.settings, tmp_path) as behind,
        behind.client() as http,
    ):
        first = await http.post("/graphql", json=ASKED)
        await cable.stop()
        for _ in range(6):
            away += [await http.get("/graphql", params=ASKED), await http.post("/graphql", json=ASKED)]
        await cable.start()
        async with asyncio.timeout(20):
            while (last := await http.get("/graphql", params=ASKED)).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        metrics = await http.get("/metrics")

    assert first.json() == last.json() == {"data": {"customers": {"nodes": [{"displayName": "Ada Byron"}]}}}
    assert [answer.status_code for answer in away] == [503] * len(away)
    assert {answer.json()["errors"][0]["extensions"]["code"] for answer in away} == {"SERVICE_UNAVAILABLE"}
    assert metrics.status_code == 403


async def test_a_process_that_is_killed_is_passed_by(nginx: str, neo4j_settings: StoreSettings, tmp_path: Path) -> None:
    """Questions go to the other one, none fails; who listened comes back there and misses nothing."""
    async with (
        open_store(neo4j_settings) as store,
        process_of_api(neo4j_settings, tmp_path) as stays,
        AsyncExitStack() as life,
    ):
        dies = await life.enter_async_context(process_of_api(neo4j_settings, tmp_path))
        await sync([fixed_source("crm", ADA)], store, Rules())
        with running_nginx(nginx, tmp_path / "nginx", [stays, dies]) as (base, tls):
            behind = Behind(base, tls)
            async with behind.client() as http, AsyncExitStack() as sockets:
                listening = []
                for _ in range(2):  # the one with the fewest connections is taken: one each
                    listening.append(await sockets.enter_async_context(opened_socket(base, tls=tls)))
                    await listening[-1].subscribe(RECORDED, after=START)
                await order(store, 1)
                first = [await asyncio.wait_for(one.event(), 20) for one in listening]
                await life.aclose()
                answers = [await http.post("/graphql", json=ASKED) for _ in range(8)]
                await order(store, 2)
                second = [await asyncio.wait_for(went_on(behind, one, first[0]["cursor"]), 30) for one in listening]

    assert [answer.status_code for answer in answers] == [200] * 8
    assert first[0] == first[1]
    assert second[0] == second[1]
    assert first[0]["cursor"] != second[0]["cursor"]


@asynccontextmanager
async def two_behind(nginx: str, settings: StoreSettings, folder: Path) -> AsyncIterator[Behind]:
    """nginx before two processes over one store."""
    async with process_of_api(settings, folder) as one, process_of_api(settings, folder) as other:
        with running_nginx(nginx, folder / "nginx", [one, other]) as (base, tls):
            yield Behind(base, tls)


@contextmanager
def running_nginx(program: str, folder: Path, processes: list[str]) -> Iterator[tuple[str, ssl.SSLContext]]:
    """nginx with the documented configuration, of which only addresses and the certificate's place are another."""
    folder.mkdir()
    port = free_port()
    written = DOCUMENTED.read_text(encoding="utf-8")
    places = {
        "127.0.0.1:8360": processes[0].removeprefix("http://"),
        "127.0.0.1:8361": processes[1].removeprefix("http://"),
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/nginx/tls/c360.crt": str(folder / "c360.crt"),
        "/etc/nginx/tls/c360.key": str(folder / "c360.key"),
    }
    for documented, here in places.items():
        assert written.count(documented) == 1, documented
        written = written.replace(documented, here)
    (folder / "c360.conf").write_text(written)
    (folder / "nginx.conf").write_text(MAIN.format(user=getpass.getuser(), folder=folder))
    make_certificate(folder)
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    with (folder / "out.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        wait_until_it_listens(process, port, folder)
        yield f"https://127.0.0.1:{port}", ssl.create_default_context(cafile=str(folder / "c360.crt"))
    finally:
        process.terminate()
        process.wait(30)


def make_certificate(folder: Path) -> None:
    """One for 127.0.0.1, signed by itself."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=c360.example", "-addext", "subjectAltName=IP:127.0.0.1,DNS:c360.example"),
            *("-keyout", str(folder / "c360.key"), "-out", str(folder / "c360.crt")),
        ],
        check=True,
        capture_output=True,
    )


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"nginx does not listen:\n{(folder / 'out.log').read_text()}", pytrace=False)


@asynccontextmanager
async def events(http: httpx.AsyncClient) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """What an event stream tells, as it comes."""
    asked, accept = {"query": RECORDED, "variables": {"after": START}}, {"accept": "text/event-stream"}
    async with http.stream("POST", "/graphql", json=asked, headers=accept, timeout=120) as answer:

        async def told() -> AsyncIterator[dict[str, Any]]:
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    yield orjson.loads(line.removeprefix("data: "))["data"]["interactionRecorded"]

        yield told()


async def went_on(behind: Behind, client: SocketClient, after: str) -> dict[str, Any]:
    """The next event: of the same socket, or of a new one where its process is gone."""
    with suppress(Closed):
        return await client.event()
    async with opened_socket(behind.base, tls=behind.tls) as another:
        await another.subscribe(RECORDED, after=after)
        return await another.event()


async def order(store: Store, number: int) -> None:
    """Ada orders something."""
    placed = event(f"shop/orders/{number}", "order.placed", f"2026-01-{number:02}", "crm/contacts/1")
    await sync([fixed_source("shop", placed)], store, Rules(), full=True)

"""Serving: where it may listen, how it starts and ends, and what happens when the store goes away."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import SecretStr

from api.oidc_settings import OidcSettings
from api.server import listen
from api.server_error import ServerError
from api.serving import serve
from api.settings import ApiSettings
from api.viewer import check_binding
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from tests.cable import cable_to
from tests.conftest import Homes
from tests.served import serving as a_process_serving

pytestmark = pytest.mark.anyio
QUERY = {"query": "{ sources { name } }"}
FOUND = {"data": {"sources": [{"name": "kept"}]}}
BACK_SECONDS = 30.0
"""A quiet machine needs 3 to 4, one with a load of seven on each core 10."""
TOKEN = SecretStr("correct-horse-battery")
PROVIDER = OidcSettings("https://id.example", "c360")


@pytest.mark.parametrize(
    ("host", "token", "oidc", "has_keys", "allowed"),
    [
        ("127.0.0.1", None, None, False, True),
        ("localhost", None, None, False, True),
        ("::1", None, None, False, True),
        ("0.0.0.0", None, None, False, False),
        ("::", None, None, False, False),
        ("192.168.1.7", None, None, False, False),
        ("crm.example", None, None, False, False),
        ("0.0.0.0", TOKEN, None, False, True),
        ("0.0.0.0", None, PROVIDER, False, True),
        ("0.0.0.0", None, None, True, True),
    ],
)
def test_the_world_is_let_in_only_with_authentication(
    host: str, token: SecretStr | None, oidc: OidcSettings | None, has_keys: bool, allowed: bool
) -> None:
    """Without a token, keys or a provider the API listens on loopback, refuses all else, and says what to set."""
    settings = ApiSettings(host=host, token=token, oidc=oidc)
    if allowed:
        check_binding(settings, has_keys=has_keys)
    else:
        with pytest.raises(ServerError, match=r"C360_API_TOKEN.*c360 keys create"):
            check_binding(settings, has_keys=has_keys)


def test_a_token_comes_from_the_environment_or_a_file(tmp_path: pytest.TempPathFactory) -> None:
    """Both ways are read; a short one and an unreadable file are refused in words."""
    file = tmp_path / "token"  # type: ignore[operator]
    file.write_text("a-token-in-a-file-1\n")
    in_file = ApiSettings.from_environment({"C360_API_TOKEN_FILE": str(file)}).token
    in_environment = ApiSettings.from_environment({"C360_API_TOKEN": "a-token-in-the-env"}).token

    assert in_file is not None
    assert in_file.get_secret_value() == "a-token-in-a-file-1"
    assert in_environment is not None
    assert ApiSettings.from_environment({}).token is None
    with pytest.raises(ServerError, match="16"):
        ApiSettings.from_environment({"C360_API_TOKEN": "short"})
    with pytest.raises(ServerError, match="cannot be read"):
        ApiSettings.from_environment({"C360_API_TOKEN_FILE": str(file) + ".gone"})


def test_a_port_in_use_is_said_before_anything_starts() -> None:
    """The message names the port and another one to take."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"--port {port + 1}"):
            listen("127.0.0.1", port)


async def test_the_server_answers_and_ends_when_it_is_asked_to(store: Store) -> None:
    """It tells its address once it listens, answers there, and a SIGTERM ends it cleanly."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(store, ApiSettings(port=0), on_started=address.set_result))
    base = await asyncio.wait_for(address, 10)
    async with httpx.AsyncClient(base_url=base) as client:
        answer = await client.post("/graphql", json=QUERY)
    os.kill(os.getpid(), signal.SIGTERM)
    asked = await asyncio.wait_for(running, 15)

    assert answer.json() == {"data": {"sources": []}}
    assert asked == signal.SIGTERM


@pytest.mark.parametrize(("asked", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_exit_code_says_by_what_it_was_ended(
    asked: signal.Signals, code: int, embedded_settings: StoreSettings, tmp_path: Path
) -> None:
    """As of every command, by docs/cli.md: so whoever runs it knows who ended it."""
    environment = {
        "C360_STORE": embedded_settings.uri,
        "C360_STORE_USER": embedded_settings.user,
        "C360_STORE_PASSWORD": embedded_settings.password.get_secret_value(),
    }
    with a_process_serving(tmp_path, tmp_path / "log", environment) as served:
        served.process.send_signal(asked)

        assert served.process.wait(20) == code


@pytest.fixture
def neo4j_settings(homes: Homes) -> StoreSettings:
    return homes.of("neo4j").settings


async def test_the_api_outlives_a_store_that_goes_away(neo4j_settings: StoreSettings) -> None:
    """While the store is gone the answer is 503 in words; when it is back, so are the answers."""
    async with cable_to(neo4j_settings) as cable, open_store(cable.settings) as store:
        from tests.api.test_http import client_of

        async with client_of(store) as client:
            before = await client.post("/graphql", json=QUERY)
            await cable.stop()
            gone, not_ready = await client.post("/graphql", json=QUERY), await client.get("/ready")
            alive = await client.get("/health")
            await cable.start()
            after = await client.post("/graphql", json=QUERY)

    assert before.json() == after.json() == {"data": {"sources": []}}
    assert (gone.status_code, not_ready.status_code, alive.status_code) == (503, 503, 200)
    assert gone.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert "127.0.0.1" not in gone.text
    assert gone.headers["retry-after"]


async def test_the_api_outlives_a_store_that_goes_away_in_the_middle_of_a_question(
    neo4j_settings: StoreSettings,
) -> None:
    """The store has the question and is gone before it answers: 503 at once, and answers when it is back."""
    async with cable_to(neo4j_settings) as cable, open_store(cable.settings) as store:
        from tests.api.test_http import client_of

        async with client_of(store) as client:
            await client.post("/graphql", json=QUERY)
            cable.answers.clear()
            asking = asyncio.create_task(client.post("/graphql", json=QUERY))
            await asyncio.wait_for(cable.asked.wait(), 10)
            await cable.stop()
            gone = await asyncio.wait_for(asking, 5)
            cable.answers.set()
            await cable.start()
            after = await client.post("/graphql", json=QUERY)

    assert (gone.status_code, gone.json()["errors"][0]["extensions"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert after.json() == {"data": {"sources": []}}


async def test_the_api_outlives_an_embedded_store_that_is_killed(tmp_path: Path) -> None:
    """Its server killed between two requests: 503 in words that tell no path, and the process lives."""
    from tests.api.test_http import client_of

    async with open_store(StoreSettings(f"embedded:{tmp_path / 'graph'}")) as store:
        await migrate(store)
        async with client_of(store) as client:
            before = await client.post("/graphql", json=QUERY)
            os.kill(json.loads((tmp_path / "graph" / "server.lock").read_text())["server_pid"], signal.SIGKILL)
            gone, not_ready = await client.post("/graphql", json=QUERY), await client.get("/ready")
            alive = await client.get("/health")

    assert before.json() == {"data": {"sources": []}}
    assert (gone.status_code, not_ready.status_code, alive.status_code) == (503, 503, 200)
    assert gone.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert str(tmp_path) not in gone.text


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("victim", ["server_pid", pytest.param("pid", marks=pytest.mark.long)])
async def test_an_embedded_store_that_is_killed_is_started_again(tmp_path: Path, victim: str) -> None:
    """Its server, or whoever keeps it, is killed under `c360 serve`: 503 meanwhile, all of it again in seconds."""
    lock = tmp_path / "graph" / "server.lock"
    async with open_store(StoreSettings(f"embedded:{tmp_path / 'graph'}")) as store:
        await migrate(store)
        await store.write("CREATE (:Source {name: 'kept'})")
        async with serving(store) as client:
            assert (await client.post("/graphql", json=QUERY)).json() == FOUND
            state = json.loads(lock.read_text())
            os.kill(state[victim], signal.SIGKILL)
            killed = time.monotonic()
            # A server without its keeper ends well, and answers until it has.
            while store.why_silent() is None or _runs(state["server_pid"]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            answers = [await client.post("/graphql", json=QUERY)]
            while answers[-1].status_code != 200 and time.monotonic() < killed + BACK_SECONDS:
                await asyncio.sleep(0.1)
                answers.append(await client.post("/graphql", json=QUERY))
            ready = await client.get("/ready")
            await store.write("CREATE (:Stage {name: 'x'})")

    assert answers[0].json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert {answer.status_code for answer in answers[:-1]} == {503}
    assert answers[-1].json() == FOUND
    assert ready.status_code == 200


@asynccontextmanager
async def serving(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """The served API, until the test is over."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(store, ApiSettings(port=0), on_started=address.set_result))
    try:
        async with httpx.AsyncClient(base_url=await asyncio.wait_for(address, 10)) as client:
            yield client
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 15)

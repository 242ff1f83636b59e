"""Pages of other sites: what they may not do in somebody's name, and those that may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from api import request as asked
from api.server_error import ServerError
from api.settings import ApiSettings
from graph.store.driver import Store
from tests.api.socket_client import Closed, opened_socket
from tests.api.test_http import JSON, TYPENAME, client_of
from tests.api.test_subscriptions import served

pytestmark = pytest.mark.anyio
APP = "https://app.example"
OTHER = "https://evil.example"


@pytest.fixture
async def client(embedded_store: Store) -> AsyncIterator[httpx.AsyncClient]:
    settings = ApiSettings.from_environment({"C360_CORS_ORIGINS": f"{APP}, http://localhost:3000"})
    async with client_of(embedded_store, settings) as client:
        yield client


def preflight(origin: str) -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-api-key",
    }


async def test_a_page_that_is_named_may_ask(client: httpx.AsyncClient) -> None:
    """Its browser is told so before and with the answer; it sends no cookies."""
    before = await client.options("/graphql", headers=preflight(APP))
    headers = {**JSON, "origin": APP, "sec-fetch-site": "cross-site"}
    answer = await client.post("/graphql", content=TYPENAME, headers=headers)

    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == APP
    assert "x-api-key" in before.headers["access-control-allow-headers"]
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert answer.headers["access-control-allow-origin"] == APP
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


async def test_a_page_that_is_not_named_may_not(client: httpx.AsyncClient) -> None:
    """Neither the simple GET that needs no leave, nor a POST, nor the leave itself."""
    before = await client.options("/graphql", headers=preflight(OTHER))
    foreign = {"origin": OTHER, "sec-fetch-site": "cross-site"}
    got = await client.get("/graphql", params={"query": "{ __typename }"}, headers=foreign)
    posted = await client.post("/graphql", content=TYPENAME, headers={**JSON, **foreign})
    named_by_nobody = await client.get(
        "/graphql", params={"query": "{ __typename }"}, headers=dict([*foreign.items()][1:])
    )

    for answer in (before, got, posted, named_by_nobody):
        assert answer.status_code in (400, 403)
        assert "access-control-allow-origin" not in answer.headers


async def test_without_the_setting_no_other_page_may_ask(embedded_store: Store) -> None:
    """A preflight is no request that is answered."""
    async with client_of(embedded_store) as client:
        before = await client.options("/graphql", headers=preflight(APP))

    assert before.status_code == 405
    assert "access-control-allow-origin" not in before.headers


@pytest.mark.parametrize(
    "type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
async def test_what_a_form_can_send_is_refused(client: httpx.AsyncClient, type_: str) -> None:
    """Media types that need no leave of the server are not read."""
    headers = {"content-type": type_} if type_ else {}
    answer = await client.post("/graphql", content=TYPENAME, headers=headers)
    assert answer.status_code == 415


async def test_sockets_of_pages_that_are_named_are_opened(embedded_store: Store) -> None:
    """The page's origin is the leave; without it the handshake is refused."""
    settings = ApiSettings(port=0, cors_origins=frozenset({APP}))
    async with served(embedded_store, settings=settings) as base:
        async with opened_socket(base, origin=APP) as client:
            await client.subscribe("{ __typename }")
            answer = await client.answer()
        with pytest.raises(Closed) as refused:
            async with opened_socket(base, origin=OTHER):
                pass

    assert answer == {"data": {"__typename": "Query"}}
    assert refused.value.code == 403


@pytest.mark.parametrize("text", ["*", "app.example", "https://app.example/", "https://App.example", "ftp://x", "null"])
def test_what_is_no_origin_keeps_the_api_from_starting(text: str) -> None:
    """Each is a scheme, a host and perhaps a port; `*` would let in everybody."""
    with pytest.raises(ServerError, match="is no origin"):
        ApiSettings.from_environment({"C360_CORS_ORIGINS": text})


async def test_a_body_that_does_not_arrive_is_given_up(embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that trickles is told 408, and its connection is closed."""
    monkeypatch.setattr(asked, "BODY_SECONDS", 0.3)
    async with served(embedded_store) as base:
        address = urlsplit(base)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        head = f"POST /graphql HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"REQUEST_TIMEOUT"' in answer

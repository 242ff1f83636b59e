"""Who is let in by a key, and by which header."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from api.settings import ApiSettings
from graph.keys import Role, create_key, revoke_key
from graph.store.driver import Store
from tests.api.socket_client import Closed, opened_socket
from tests.api.test_http import JSON, TOKEN, TYPENAME, client_of
from tests.api.test_subscriptions import served

pytestmark = pytest.mark.anyio


async def status(client: httpx.AsyncClient, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await client.post("/graphql", content=TYPENAME, headers={**JSON, **given})).status_code


async def test_a_key_is_shown_as_bearer_or_as_x_api_key(store: Store) -> None:
    """Either header lets in, under any name of the host; a wrong key, an empty one and Basic are 401."""
    _, key = await create_key(store, "dashboard", Role.READER)
    async with client_of(store, host="c360.example") as client:
        assert await status(client, authorization=f"Bearer {key}") == 200
        assert await status(client, authorization=f"bearer {key}") == 200
        assert await status(client, x_api_key=key) == 200
        assert await status(client, x_api_key=f"{key}x") == 401
        assert await status(client, x_api_key="") == 401
        assert await status(client, authorization=f"Basic {key}") == 401
        strange = {**JSON, "authorization": "Bearer c360_\xe9".encode("latin-1")}
        assert (await client.post("/graphql", content=TYPENAME, headers=strange)).status_code == 401  # type: ignore[arg-type]


async def test_from_the_first_key_on_nobody_asks_without_one(store: Store) -> None:
    """This machine is trusted while there is no key; never again afterwards, also when it is revoked."""
    async with client_of(store) as client:
        assert await status(client) == 200
    key, text = await create_key(store, "dashboard", Role.READER)
    async with client_of(store) as client:
        assert await status(client) == 401
        assert await status(client, x_api_key=text) == 200
    await revoke_key(store, key.id)
    async with client_of(store) as client:
        assert await status(client) == 401
        assert await status(client, x_api_key=text) == 401


async def test_a_server_for_the_world_trusts_nobody_who_says_localhost(store: Store) -> None:
    """Beyond loopback the Host header opens nothing, even when there is no key left to check."""
    async with client_of(store, ApiSettings(host="0.0.0.0")) as client:
        assert await status(client) == 401


async def test_the_token_and_keys_let_in_side_by_side(store: Store) -> None:
    """The token of the deployment and a key both work, by both headers."""
    _, key = await create_key(store, "dashboard", Role.READER)
    async with client_of(store, ApiSettings(token=SecretStr(TOKEN)), host="c360.example") as client:
        assert await status(client, authorization=f"Bearer {TOKEN}") == 200
        assert await status(client, x_api_key=TOKEN) == 200
        assert await status(client, authorization=f"Bearer {key}") == 200
        assert await status(client) == 401


async def test_a_socket_is_let_in_by_a_key_and_goes_as_far_as_it_does(store: Store) -> None:
    """`connection_init` shows the key; a field of a higher role is refused there, too, and nobody comes without one."""
    _, key = await create_key(store, "dashboard", Role.READER)
    async with served(store) as base:
        async with opened_socket(base, payload={"x-api-key": key}) as client:
            await client.subscribe("{ customers { totalCount } }")
            allowed = await client.answer()
            await client.subscribe("{ matchReviews { totalCount } }", "2")
            refused = await client.receive()
        with pytest.raises(Closed) as nobody:
            async with opened_socket(base):
                pass

    assert allowed["data"] == {"customers": {"totalCount": 0}}
    assert refused["type"] == "error"
    assert refused["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    assert nobody.value.code == 4401

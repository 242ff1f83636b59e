"""What is open ends when what opened it holds no more."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest

from api import patrol
from api.oidc_settings import OidcSettings
from api.settings import ApiSettings
from api.viewer import Viewer
from graph.keys import ApiKey, Role, create_key, list_keys, revoke_key
from graph.store.driver import Store
from tests.api.issuer import AUDIENCE, running_issuer
from tests.api.socket_client import Closed, opened_socket
from tests.api.test_subscriptions import served

pytestmark = pytest.mark.anyio
MERGED = "subscription { customerMerged { customerId } }"


async def test_sockets_and_streams_end_within_ten_seconds(embedded_store: Store) -> None:
    """A revoked key, a key that expires and a token that expires: 4403 over a socket, UNAUTHENTICATED as an event.

    Who shows a key that holds goes on, and who comes back with one that does not is refused.
    """
    key, revoked = await create_key(embedded_store, "revoked", Role.READER)
    _, good = await create_key(embedded_store, "good", Role.READER)
    soon = datetime.now(UTC) + timedelta(seconds=4)
    _, expiring = await create_key(embedded_store, "expiring", Role.READER, expires_at=soon)

    async def listened(base: str, **payload: str) -> tuple[int, float]:
        async with opened_socket(base, payload=payload) as client:
            await client.subscribe(MERGED)
            opened.release()
            with pytest.raises(Closed) as closed:
                await client.receive()
            return closed.value.code, time.monotonic()

    async def streamed(base: str) -> tuple[str, str, float]:
        headers = {"x-api-key": revoked, "accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(base_url=base, timeout=20) as client,
            client.stream("POST", "/graphql", json={"query": MERGED}, headers=headers) as answer,
        ):
            opened.release()
            text = (await answer.aread()).decode()
        data = next(line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: "))
        code = orjson.loads(data)["errors"][0]["extensions"]["code"]
        return code, text.strip().splitlines()[-2], time.monotonic()

    opened = asyncio.Semaphore(0)
    async with running_issuer() as issuer:
        oidc = OidcSettings(issuer.address, AUDIENCE, leeway=0)
        token = issuer.token(exp=int(time.time()) + 4)
        async with served(embedded_store, settings=ApiSettings(port=0, oidc=oidc)) as base:
            async with opened_socket(base, payload={"x-api-key": good}) as staying, asyncio.TaskGroup() as group:
                over = [
                    group.create_task(listened(base, **{"x-api-key": revoked})),
                    group.create_task(listened(base, **{"x-api-key": expiring})),
                    group.create_task(listened(base, authorization=f"Bearer {token}")),
                ]
                stream = group.create_task(streamed(base))
                for _ in range(4):
                    await opened.acquire()
                began = time.monotonic()
                await revoke_key(embedded_store, key.id)
                await asyncio.wait([*over, stream])
                await staying.send(type="ping")
                still = await staying.receive()
            with pytest.raises(Closed) as back:
                async with opened_socket(base, payload={"x-api-key": revoked}):
                    pass

    assert [code for code, _ in (task.result() for task in over)] == [4403, 4403, 4403]
    code, last, ended = stream.result()
    assert (code, last) == ("UNAUTHENTICATED", "event: complete")
    assert max(ended, *(at for _, at in (task.result() for task in over))) - began < 10
    assert still["type"] == "pong"
    assert back.value.code == 4401


async def test_a_round_that_fails_is_followed_by_the_next(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong while it looks, who has to leave leaves in the end."""
    key, _ = await create_key(embedded_store, "revoked", Role.READER)
    await revoke_key(embedded_store, key.id)
    rounds = 0

    async def keys(store: Store) -> list[ApiKey]:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise RuntimeError("unexpected")
        return await list_keys(store)

    monkeypatch.setattr(patrol, "LOOKS_EVERY", 0.01)
    monkeypatch.setattr(patrol, "list_keys", keys)
    told: asyncio.Queue[str] = asyncio.Queue()
    forgotten: list[str] = []
    viewer = Viewer("revoked", Role.READER, f"key {key.id}")
    with patrol.Patrol(embedded_store, forgotten.append).watching(viewer, told.put_nowait):
        assert await asyncio.wait_for(told.get(), 5) == patrol.REVOKED

    assert forgotten == [key.id]
    assert "could not be looked after" in caplog.text

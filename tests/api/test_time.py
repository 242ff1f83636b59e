"""The time of a request: when it is over, the store stops working, too."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.limits import Limits
from api.plan.service import TookTooLong
from api.settings import ApiSettings
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from tests.api.test_http import JSON

pytestmark = pytest.mark.anyio
SLOW = "UNWIND range(1, 2000000000) AS n WITH n WHERE n % 7 = 8 RETURN count(n) AS slow"


class SlowStore:
    """The store, where every question takes minutes."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
        return await self._store.read(SLOW)


async def running(store: Store) -> int:
    rows = await store.read(
        "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'UNWIND range(1, 2' RETURN count(*)"
    )
    return int(rows[0][0])


async def test_a_transaction_ends_with_the_time_of_its_request(neo4j_settings: StoreSettings) -> None:
    """A query of minutes is answered with QUERY_TIMED_OUT, and Neo4j does not go on with it."""
    async with open_store(neo4j_settings) as store, open_store(neo4j_settings) as looking:
        app = create_app(store, ApiSettings(limits=Limits(seconds=3.0)))
        app.state.service._store = SlowStore(store)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
            asking = asyncio.create_task(client.post("/graphql", json={"query": "{ sources { name } }"}, headers=JSON))
            meanwhile = 0
            while not meanwhile and not asking.done():
                meanwhile = await running(looking)
            answer = await asking
        for _ in range(50):
            if not (left := await running(looking)):
                break
            await asyncio.sleep(0.1)

    assert meanwhile == 1
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (503, "QUERY_TIMED_OUT")
    assert left == 0


def test_a_request_that_ends_while_all_journeys_are_read_is_told_so() -> None:
    """Asking for less would not help it, asking again does."""
    (error,) = TookTooLong(30.0, reading=12_000).errors
    assert "12,000 customers" in error.message
    assert error.extensions == {"code": "QUERY_TIMED_OUT", "customersRead": 12_000}

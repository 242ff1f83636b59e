"""What a viewer may use: operations a minute, points, and the size of a document, each key its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from graphql import OperationDefinitionNode, parse

from api.app import create_app
from api.limits import Limits, LimitsError
from api.plan.clock import Clock
from api.plan.operation import Prepared, prepare
from api.plan.planning import Operation, PlanCache
from api.schema.schema import graphql_schema
from api.server_error import ServerError
from api.settings import ApiSettings
from api.throttle import Throttle, TooMuch
from graph.keys import Role, create_key, limit_key
from graph.store.driver import Store
from tests.api.socket_client import opened_socket
from tests.api.test_http import JSON, client_of
from tests.api.test_subscriptions import served

pytestmark = pytest.mark.anyio
TYPENAME = {"query": "{ __typename }"}
PAGE = "query ($n: Int) { customers(first: $n) { nodes { id interactions(first: 10) { nodes { id } } } } }"
EVENTS = {**JSON, "accept": "text/event-stream"}


def cost(query: str, variables: dict[str, Any] | None = None, plans: PlanCache | None = None) -> int:
    document = parse(query)
    (node,) = document.definitions
    assert isinstance(node, OperationDefinitionNode)
    found = prepare(
        graphql_schema(),
        PlanCache() if plans is None else plans,
        Operation(document, node, query.encode()),
        variables,
        clock=Clock(),
        most_rows=10**9,
    )
    assert isinstance(found, Prepared), found.errors
    return found.cost


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ("{ __typename }", 0),
        ('{ customer(id: "Q3VzdG9tZXI6eA") { displayName emails { address } } }', 1 + 1 + 5),
        ('{ nodes(ids: ["Q3VzdG9tZXI6eA", "Q3VzdG9tZXI6eQ"]) { id } }', 1 + 2),
        ("{ customers(first: 10) { nodes { id displayName } } }", 1 + 1 + 10),
        ("{ customers(first: 10) { edges { cursor node { id } } pageInfo { endCursor } } }", 1 + 1 + 10),
        ("{ customers { totalCount } }", 1 + 1 + 5),
        ("{ customers(first: 10) { nodes { interactions(first: 4) { nodes { id } } } } }", 1 + 1 + 10 * (1 + 1 + 4)),
        ("{ customers(first: 10) { nodes { account { name } } } }", 1 + 1 + 10 * (1 + 1)),
        ("{ sources { name runs(first: 2) { nodes { status } } } }", 1 + 5 * (1 + 1 + 2)),
        ("{ sourceComparison { sentence } }", 50 + 1),
        ("{ __schema { queryType { name } } a: __typename }", 10),
    ],
)
def test_what_an_operation_costs_is_counted_as_the_docs_say(query: str, points: int) -> None:
    """A point a root field and an object, of a page times its items, of a list without pages five."""
    assert cost(query) == points


def test_a_plan_that_is_kept_tells_the_cost_of_each_page_size() -> None:
    """The points belong to the plan, the sizes of pages to the request."""
    plans = PlanCache()

    assert [cost(PAGE, {"n": n}, plans) for n in (1, 5, 20)] == [2 + 12, 2 + 60, 2 + 240]
    assert (plans.misses, plans.hits) == (1, 2)


@pytest.fixture
async def keyed(embedded_store: Store) -> AsyncIterator[tuple[httpx.AsyncClient, Store]]:
    transport = httpx.ASGITransport(create_app(embedded_store))
    async with httpx.AsyncClient(transport=transport, base_url="http://c360.example", headers=JSON) as client:
        yield client, embedded_store


async def test_a_key_asks_so_often_a_minute(keyed: tuple[httpx.AsyncClient, Store]) -> None:
    """The fourth operation is 429 with `Retry-After`, for events and older clients too; another key goes on."""
    client, store = keyed
    _, slow = await create_key(store, "slow", Role.READER, limits="rate=3")
    _, other = await create_key(store, "other", Role.READER, limits="rate=3")
    headers = {"x-api-key": slow}
    answers = [await client.post("/graphql", json=TYPENAME, headers=headers) for _ in range(4)]
    events = await client.post("/graphql", json=TYPENAME, headers={**headers, **EVENTS, "x-api-key": slow})
    older = await client.get("/graphql", params=TYPENAME, headers={**headers, "accept": "application/json"})

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    error = answers[3].json()["errors"][0]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 55 < int(answers[3].headers["retry-after"]) == error["extensions"]["retryAfter"] <= 60
    assert "data" not in answers[3].json()
    assert (events.status_code, events.headers["content-type"]) == (429, "application/json; charset=utf-8")
    assert older.status_code == 429
    assert (await client.post("/graphql", json=TYPENAME, headers={"x-api-key": other})).status_code == 200


async def test_operations_over_a_socket_are_counted_like_requests(embedded_store: Store) -> None:
    """Each operation counts, also a subscription; what is too much is refused alone and the socket stays."""
    _, key = await create_key(embedded_store, "app", Role.READER, limits="rate=2 points=50")
    async with served(embedded_store) as base, opened_socket(base, payload={"x-api-key": key}) as client:
        await client.subscribe("{ customers(first: 10) { nodes { id } } }", "a")
        answer = await client.answer()
        await client.subscribe("subscription { customerMerged { customerId } }", "b")
        await client.subscribe("{ __typename }", "c")
        refused = await client.receive()
        await client.send(type="ping")
        pong = await client.receive()

    assert answer["extensions"]["cost"] == {
        "requested": 12,
        "throttleStatus": {"maximumAvailable": 50, "currentlyAvailable": 38, "restoreRate": 2},
    }
    assert (refused["type"], refused["id"]) == ("error", "c")
    assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert pong["type"] == "pong"


async def test_points_are_used_up_and_come_back(keyed: tuple[httpx.AsyncClient, Store]) -> None:
    """Each answer tells what is left; one that costs more than that waits, one that costs more than all never comes."""
    client, store = keyed
    _, key = await create_key(store, "app", Role.READER, limits="points=300 restore=1")
    headers = {"x-api-key": key}

    async def ask(n: int) -> httpx.Response:
        return await client.post("/graphql", json={"query": PAGE, "variables": {"n": n}}, headers=headers)

    first, second, third = await ask(20), await ask(20), await ask(25)
    told = first.json()["extensions"]["cost"]

    assert told["requested"] == 242
    assert told["throttleStatus"] == {"maximumAvailable": 300, "currentlyAvailable": 58, "restoreRate": 1}
    assert second.status_code == 429
    error = second.json()["errors"][0]["extensions"]
    assert error["code"] == "THROTTLED"
    assert error["cost"]["requested"] == 242
    assert 170 < error["retryAfter"] == int(second.headers["retry-after"]) <= 184
    assert third.status_code == 400
    assert third.json()["errors"][0]["extensions"] == {"code": "QUERY_TOO_COSTLY", "cost": 302, "mostCost": 300}


def test_points_fill_up_with_time() -> None:
    """So many a second, and never above the most."""
    now = [0.0]
    throttle = Throttle(clock=lambda: now[0])
    limits = Limits(points=100, restore=10)

    def left(cost: int) -> int:
        told = throttle.take("a", limits, cost)
        assert told is not None
        available: int = told["throttleStatus"]["currentlyAvailable"]
        return available

    assert left(90) == 10
    with pytest.raises(TooMuch) as waits:
        throttle.take("a", limits, 50)
    assert waits.value.seconds == 4
    now[0] += 4
    assert left(50) == 0
    now[0] += 1000
    assert left(1) == 99
    assert throttle.take("b", limits, 100) is not None


async def test_each_key_has_its_own_size_of_documents(keyed: tuple[httpx.AsyncClient, Store]) -> None:
    """A document that one key may send is too large for another, whoever sent it first."""
    client, store = keyed
    _, usual = await create_key(store, "usual", Role.READER)
    _, small = await create_key(store, "small", Role.READER, limits="depth=2,aliases=1,tokens=12 seconds=5")
    _, large = await create_key(store, "large", Role.READER, limits="depth=30 aliases=200")

    async def code(key: str, query: str) -> str | None:
        answer = await client.post("/graphql", json={"query": query}, headers={"x-api-key": key})
        errors = answer.json().get("errors")
        return None if errors is None else str(errors[0]["extensions"]["code"])

    deep = "{ customers { nodes { id } } }"
    long = "{ a: __typename b: __typename }"
    many = "{ __typename __typename __typename __typename __typename __typename __typename __typename __typename "
    many += "__typename __typename }"
    longest = "{" + " ".join(f"a{n}: __typename" for n in range(100)) + "}"
    asked = [await code(key, query) for query in (deep, long, many, longest) for key in (usual, small, large, small)]

    too_large = "QUERY_TOO_LARGE"
    assert asked[:4] == [None, too_large, None, too_large]
    assert asked[4:8] == [None, too_large, None, too_large]
    assert asked[8:12] == [None, too_large, None, too_large]
    assert asked[12:] == [too_large, "GRAPHQL_PARSE_FAILED", None, too_large]


async def test_a_document_of_few_tokens_and_many_characters_is_refused(keyed: tuple[httpx.AsyncClient, Store]) -> None:
    """A comment and the text of a value are read letter by letter, so their letters are counted before; by key."""
    client, store = keyed
    _, usual = await create_key(store, "usual", Role.READER)
    _, large = await create_key(store, "large", Role.READER, limits="characters=300000")
    fits, long = ("{ __typename } #".ljust(length, "x") for length in (200_000, 200_001))

    async def errors(key: str, query: str) -> Any:
        answer = await client.post("/graphql", json={"query": query}, headers={"x-api-key": key})
        return answer.json().get("errors")

    assert await errors(usual, fits) is None
    assert await errors(large, long) is None
    (error,) = await errors(usual, long)
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert "200,001 characters, at most 200,000 are allowed" in error["message"]


async def test_limits_of_a_key_can_be_changed(embedded_store: Store) -> None:
    """What was given holds from then on; without any, the limits of everybody do."""
    key, _ = await create_key(embedded_store, "app", Role.READER)
    assert key.limits is None
    assert (await limit_key(embedded_store, key.id, "rate=5")).limits == "rate=5"
    assert (await limit_key(embedded_store, key.id, None)).limits is None


async def test_without_limits_an_answer_says_nothing_of_them(embedded_store: Store) -> None:
    """`extensions` appears when a cost or points are set, and not before."""
    async with client_of(embedded_store) as client:
        usual = await client.post("/graphql", json=TYPENAME, headers=JSON)
    settings = ApiSettings.from_environment({"C360_LIMITS": "cost=11"})
    async with client_of(embedded_store, settings) as client:
        counted = await client.post("/graphql", json=TYPENAME, headers=JSON)
        dear = await client.post("/graphql", json={"query": "{ customers(first: 10) { nodes { id } } }"}, headers=JSON)

    assert orjson.loads(usual.content) == {"data": {"__typename": "Query"}}
    assert counted.json()["extensions"] == {"cost": {"requested": 0}}
    assert (dear.status_code, dear.json()["errors"][0]["extensions"]["mostCost"]) == (400, 11)


@pytest.mark.parametrize(
    "text", ["rate", "rate=", "rate=-1", "rate=0", "speed=3", "body_bytes=7", "rate=1.5", "rate=x"]
)
def test_what_is_no_limit_is_told(text: str) -> None:
    """A misspelt limit keeps the API from starting, with those there are."""
    with pytest.raises(LimitsError, match="rate, points"):
        Limits().changed(text)
    with pytest.raises(ServerError, match="C360_LIMITS"):
        ApiSettings.from_environment({"C360_LIMITS": text})

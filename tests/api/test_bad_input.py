"""Bad input, one by one: the exact status and error of each, and the process lives on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.plan.filters import MOST_CONDITIONS, MOST_NESTED
from api.plan.ids import encode_id
from graph.store.driver import Store
from tests.api.conftest import write_company
from tests.api.test_http import JSON, TYPENAME, client_of

pytestmark = pytest.mark.anyio
PAGE = "query ($n: Int, $after: String) { customers(first: $n, after: $after) { nodes { id } pageInfo { endCursor } } }"
ONE = "query ($id: ID!) { customer(id: $id) { id } }"
NAMED = "query ($by: [CustomerOrder!], $after: String) { customers(orderBy: $by, after: $after, first: 1) {"
NAMED += " pageInfo { endCursor } } }"
FILTERED = "{ customers(filter: %s) { nodes { id } } }"
BY_FILTER = "query ($f: CustomerFilter) { customers(filter: $f) { nodes { id } } }"
UNKNOWN = b'{"query": "query A { __typename }", "operationName": "B"}'
DEEP = 10_000
WITHIN = 1_900
"""So deep that it is within the limit of tokens."""


@pytest.fixture
async def client(embedded_store: Store) -> AsyncIterator[httpx.AsyncClient]:
    await write_company(embedded_store)
    async with client_of(embedded_store) as client:
        yield client


def request(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


def bomb(levels: int, leaf: str = "__typename") -> str:
    """Fragments that each spread the next one twice."""
    spread = "".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }} " for n in range(levels))
    return f"{{ ...F0 }} {spread} fragment F{levels} on Query {{ {leaf} }}"


PARSE, VALID, LARGE = "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_LARGE"
BODIES: dict[str, tuple[bytes, int, str]] = {
    "20,000 aliases": (request("{ " + " ".join(f"a{n}: __typename" for n in range(20_000)) + " }"), 400, PARSE),
    "1,000 aliases": (request("{ " + " ".join(f"a{n}: __typename" for n in range(1_000)) + " }"), 400, LARGE),
    "fields 10,000 deep": (request("{ a" * DEEP + " }" * DEEP), 400, PARSE),
    "fields 950 deep": (request("{ a" * (WITHIN // 2) + " }" * (WITHIN // 2)), 400, PARSE),
    "fields 100 deep": (request("{ a" * 100 + " }" * 100), 400, LARGE),
    "lists 10,000 deep": (request("{ nodes(ids: " + "[" * DEEP + "]" * DEEP + ") { id } }"), 400, PARSE),
    "lists 1,900 deep": (request("{ nodes(ids: " + "[" * WITHIN + "]" * WITHIN + ") { id } }"), 400, PARSE),
    "lists 50 deep": (request("{ nodes(ids: " + "[" * 50 + "]" * 50 + ") { id } }"), 400, VALID),
    "objects 900 deep": (request(FILTERED % ("{not: " * 900 + "{}" + "}" * 900)), 400, PARSE),
    "types 1,900 deep": (request("query ($a: " + "[" * WITHIN + "ID" + "]" * WITHIN + ") { __typename }"), 400, PARSE),
    "inline fragments 1,000 deep": (request("{ " + "... { " * 1_000 + "__typename" + " }" * 1_001), 400, PARSE),
    "a DAG of fragments, 40 levels": (request(bomb(40)), 400, LARGE),
    "a DAG of fragments, 300 levels": (request(bomb(300)), 400, LARGE),
    "a DAG of fragments without a field": (request(bomb(40, "...F40")), 400, VALID),
    "20,000 directives": (request("{ __typename " + "@skip(if: false) " * 20_000 + "}"), 400, PARSE),
    "300 directives": (request("{ __typename " + "@skip(if: false) " * 300 + "}"), 400, VALID),
    "20,000 operations": (request(" ".join(f"query Q{n} {{ __typename }}" for n in range(20_000))), 400, PARSE),
    "10 MB": (b'{"query": "{ __typename }", "x": "' + b"x" * 10_000_000 + b'"}', 413, "PAYLOAD_TOO_LARGE"),
    "variables 10,000 deep": (request(ONE)[:-2] + b'"a": ' + b"[" * DEEP + b"]" * DEEP + b"}}", 400, "BAD_REQUEST"),
    "variables 500 deep": (request(ONE)[:-2] + b'"id": ' + b"[" * 500 + b"]" * 500 + b"}}", 400, "BAD_USER_INPUT"),
    "a filter 500 deep": (
        request(BY_FILTER)[:-2]
        + b'"f": ' + b'{"not": ' * 500 + b"{}" + b"}" * 500 + b"}}", 400, "BAD_USER_INPUT",
    ),
    "invalid UTF-8": (b'{"query": "\xff\xfe"}', 400, "BAD_REQUEST"),
    "half a surrogate pair": (rb'{"query": "{ __typename }", "operationName": "\ud800"}', 400, "BAD_REQUEST"),
    "a text": (b'"abc"', 400, "BAD_REQUEST"),
    "a number": (b"1", 400, "BAD_REQUEST"),
    "null": (b"null", 400, "BAD_REQUEST"),
    "NaN": (request(PAGE)[:-2] + b'"n": NaN}}', 400, "BAD_REQUEST"),
    "Infinity": (b'{"query": "{ __typename }", "variables": {"n": Infinity}}', 400, "BAD_REQUEST"),
    "a number beyond all": (b'{"query": "{ __typename }", "variables": {"n": 1e999}}', 400, "BAD_REQUEST"),
    "a text for a number": (request(PAGE, n="5"), 400, "BAD_USER_INPUT"),
    "a list for a number": (request(PAGE, n=[5]), 400, "BAD_USER_INPUT"),
    "an object for an id": (request(ONE, id={"a": 1}), 400, "BAD_USER_INPUT"),
    "null for an id": (request(ONE, id=None), 400, "BAD_USER_INPUT"),
    "no id": (request(ONE), 400, "BAD_USER_INPUT"),
    "2^31": (request(PAGE, n=2**31), 400, "BAD_USER_INPUT"),
    "2^64": (request(PAGE, n=2**64), 400, "BAD_USER_INPUT"),
    "10^30": (request(PAGE, n=10**30), 400, "BAD_USER_INPUT"),
    "10^30 in the document": (request(f"{{ customers(first: {10**30}) {{ nodes {{ id }} }} }}"), 400, VALID),
    "a number of 5,000 digits": (request(f"{{ customers(first: {'9' * 5_000}) {{ nodes {{ id }} }} }}"), 400, VALID),
    "an unknown operation": (UNKNOWN, 400, "OPERATION_RESOLUTION_FAILURE"),
}  # fmt: skip


async def test_each_has_its_status_and_its_code(client: httpx.AsyncClient) -> None:
    """Each is refused with one status and one code, without data and within a second or two; then all is well."""
    said: dict[str, tuple[int, str]] = {}
    for name, (body, _, _) in BODIES.items():
        answer = await client.post("/graphql", content=body, headers=JSON)
        errors = answer.json()["errors"]
        codes = {error["extensions"]["code"] for error in errors}
        assert "data" not in answer.json(), name
        assert len(codes) == 1, name
        said[name] = (answer.status_code, codes.pop())
    after = await client.post("/graphql", content=TYPENAME, headers=JSON)

    assert said == {name: (status, code) for name, (_, status, code) in BODIES.items()}
    assert after.json() == {"data": {"__typename": "Query"}}


async def test_what_names_something_else_is_an_error_at_its_field(client: httpx.AsyncClient) -> None:
    """A cursor of another order, no cursor, the id of another type: BAD_USER_INPUT at the field, which is null."""

    async def ask(query: str, **variables: Any) -> tuple[int, Any]:
        answer = await client.post("/graphql", content=request(query, **variables), headers=JSON)
        return answer.status_code, answer.json()

    by_name = [{"field": "NAME", "direction": "DESC"}]
    by_count = [{"field": "INTERACTION_COUNT", "direction": "DESC"}]
    _, first = await ask(NAMED, by=by_name)
    cursor = first["data"]["customers"]["pageInfo"]["endCursor"]
    wrong = {
        "another order": await ask(NAMED, by=by_count, after=cursor),
        "another direction": await ask(NAMED, by=[{"field": "NAME", "direction": "ASC"}], after=cursor),
        "no cursor": await ask(NAMED, after="nonsense"),
        "an empty cursor": await ask(NAMED, after=""),
        "an id for a cursor": await ask(NAMED, after=encode_id("Customer", "c-ada")),
        "another type": await ask(ONE, id=encode_id("Account", "a-1")),
        "no type": await ask(ONE, id=encode_id("Nothing", "1")),
        "no id": await ask(ONE, id="c-ada"),
        "a number for an id": await ask(ONE, id=7),
    }

    for name, (status, body) in wrong.items():
        (error,) = body["errors"]
        assert (status, error["extensions"]["code"]) == (200, "BAD_USER_INPUT"), name
        assert error["path"] == list(body["data"] or ["customers"]), name
    assert (await ask(NAMED, by=by_name, after=cursor))[1].get("errors") is None


async def test_filters_as_deep_and_as_wide_as_they_may_be_are_answered(company: Store) -> None:
    """On both stores what is allowed can be carried out; one more level, or condition, is refused in words."""

    def nested(levels: int) -> dict[str, Any]:
        deep: dict[str, Any] = {"recordCount": {"gte": 0}}
        for _ in range(levels - 2):
            deep = {"not": deep}
        return deep

    def wide(conditions: int) -> dict[str, Any]:
        return {"or": [{"recordCount": {"eq": n}} for n in range((conditions - 1) // 2)]}

    async with client_of(company) as client:

        async def ask(f: dict[str, Any]) -> Any:
            return (await client.post("/graphql", content=request(BY_FILTER, f=f), headers=JSON)).json()

        allowed = [await ask(f) for f in (nested(MOST_NESTED), wide(MOST_CONDITIONS))]
        refused = [await ask(f) for f in (nested(MOST_NESTED + 1), wide(MOST_CONDITIONS + 2), nested(200))]

    assert [len(answer["data"]["customers"]["nodes"]) for answer in allowed] == [3, 3]
    for answer in refused:
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["message"].startswith("A filter may")


async def test_a_client_of_events_is_refused_in_json(client: httpx.AsyncClient) -> None:
    """What is wrong with the request itself, a hash that is not the document's, is 400 in JSON and no event."""
    body = {"query": "{ __typename }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    answer = await client.post("/graphql", json=body, headers={"accept": "text/event-stream"})

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json; charset=utf-8")
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"

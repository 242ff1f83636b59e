"""GraphQL over HTTP: what a client sees for every kind of request."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.limits import Limits
from api.settings import ApiSettings
from graph.store.driver import Store

pytestmark = pytest.mark.anyio
JSON = {"content-type": "application/json", "accept": "application/graphql-response+json"}
TYPENAME = b'{"query": "{ __typename }"}'
TOKEN = "correct-horse-battery"


def client_of(store: Store, settings: ApiSettings | None = None, host: str = "localhost:8360") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(store, settings), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(store) as client:
        yield client


async def test_a_query_is_answered_by_post_and_by_get(client: httpx.AsyncClient) -> None:
    """Both ways give 200 and the media type that was asked for."""
    posted = await client.post("/graphql", content=TYPENAME, headers=JSON)
    got = await client.get("/graphql", params={"query": "{ __typename }"}, headers={"accept": "application/json"})

    assert posted.status_code == got.status_code == 200
    assert posted.json() == got.json() == {"data": {"__typename": "Query"}}
    assert posted.headers["content-type"] == "application/graphql-response+json; charset=utf-8"
    assert got.headers["content-type"] == "application/json; charset=utf-8"


async def test_malformed_requests_are_400_and_have_no_data(client: httpx.AsyncClient) -> None:
    """Whatever is sent as a body, the answer is 400 with an error in words; never a failure of ours."""
    bodies: dict[str, bytes] = {
        "text": b'"abc"',
        "number": b"1",
        "null": b"null",
        "empty": b"",
        "batch": b"[" + TYPENAME + b"]",
        "invalid UTF-8": b'{"query": "\xff\xfe"}',
        "deep JSON": b'{"variables":' + b"[" * 5000 + b"]" * 5000 + b"}",
        "cut": b'{"query": "{ __ty',
        "no query": b"{}",
        "query is a number": b'{"query": 1}',
        "query is blank": b'{"query": " "}',
        "variables are a list": b'{"query": "{ __typename }", "variables": [1]}',
        "operationName is a number": b'{"query": "{ __typename }", "operationName": 1}',
        "extensions are a text": b'{"query": "{ __typename }", "extensions": "x"}',
        "syntax": b'{"query": "{"}',
        "empty selection": b'{"query": "{ customers { } }"}',
        "unknown field": b'{"query": "{ nothing }"}',
        "unknown operation": b'{"query": "query A { __typename }", "operationName": "B"}',
        "several operations": b'{"query": "query A { __typename } query B { __typename }"}',
        "missing variable": b'{"query": "query ($id: ID!) { customer(id: $id) { id } }"}',
        "wrong variable": json.dumps(
            {"query": "query ($n: Int) { customers(first: $n) { nodes { id } } }", "variables": {"n": "x"}}
        ).encode(),
        "fragment cycle": b'{"query": "{ ...A } fragment A on Query { ...A }"}',
        "mutation": b'{"query": "mutation { x }"}',
        "subscription": b'{"query": "subscription { x }"}',
    }
    answers = {name: await client.post("/graphql", content=body, headers=JSON) for name, body in bodies.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(bodies, 400)
    for name, answer in answers.items():
        assert "data" not in answer.json(), name
        assert answer.json()["errors"][0]["extensions"]["code"], name


async def test_methods_and_media_types_are_refused_by_the_right_status(client: httpx.AsyncClient) -> None:
    """405 with Allow, 406, 413, 415: each as HTTP means it."""
    big = b'{"query": "{ __typename }", "x": "' + b"x" * 1_000_001 + b'"}'
    statuses = {
        "PUT": (await client.put("/graphql", content=TYPENAME, headers=JSON)).status_code,
        "DELETE": (await client.delete("/graphql")).status_code,
        "text/html": (
            await client.post("/graphql", content=TYPENAME, headers={**JSON, "accept": "text/html"})
        ).status_code,
        "text/plain": (
            await client.post("/graphql", content=TYPENAME, headers={"content-type": "text/plain"})
        ).status_code,
        "no type": (await client.post("/graphql", content=TYPENAME)).status_code,
        "latin": (
            await client.post(
                "/graphql", content=TYPENAME, headers={"content-type": "application/json; charset=latin1"}
            )
        ).status_code,
        "gzip": (
            await client.post("/graphql", content=TYPENAME, headers={**JSON, "content-encoding": "gzip"})
        ).status_code,
        "too big": (await client.post("/graphql", content=big, headers=JSON)).status_code,
        "cross-site": (
            await client.get("/graphql?query={__typename}", headers={"sec-fetch-site": "cross-site"})
        ).status_code,
    }

    assert statuses == {
        "PUT": 405,
        "DELETE": 405,
        "text/html": 406,
        "text/plain": 415,
        "no type": 415,
        "latin": 415,
        "gzip": 415,
        "too big": 413,
        "cross-site": 403,
    }
    assert (await client.put("/graphql")).headers["allow"] == "GET, POST"


async def test_the_answer_has_the_media_type_that_is_preferred(client: httpx.AsyncClient) -> None:
    """Weights decide; anything goes gives JSON; a legacy client gets 200 for a document that is not valid."""

    async def answered(accept: str) -> str:
        answer = await client.post("/graphql", content=TYPENAME, headers={**JSON, "accept": accept})
        return answer.headers["content-type"].partition(";")[0]

    assert await answered("*/*") == "application/json"
    assert (
        await answered("application/json;q=0.5, application/graphql-response+json")
        == "application/graphql-response+json"
    )
    assert await answered("application/json, application/graphql-response+json;q=0.5") == "application/json"
    legacy = await client.post(
        "/graphql", content=b'{"query": "{ nothing }"}', headers={**JSON, "accept": "application/json"}
    )
    assert legacy.status_code == 200
    assert "data" not in legacy.json()


async def test_documents_that_cost_too_much_are_refused_before_they_are_worked_on(client: httpx.AsyncClient) -> None:
    """Tokens, depth, fields, aliases and rows have bounds; each refusal says which and how many."""

    async def refusal(query: str) -> tuple[int, str]:
        answer = await client.post("/graphql", content=json.dumps({"query": query}).encode(), headers=JSON)
        return answer.status_code, answer.json()["errors"][0]["extensions"]["code"]

    nested = "customer { " * 20 + "id" + " }" * 20
    records = "customer { sourceRecords(first: 100) { nodes { id } } }"
    pages = f"customers(first: 100) {{ nodes {{ interactions(first: 100) {{ nodes {{ {records} }} }} }} }}"
    assert await refusal("{ __typename " + "@skip(if: true) " * 20_000 + "}") == (400, "GRAPHQL_PARSE_FAILED")
    assert await refusal(f"{{ customers {{ nodes {{ interactions {{ nodes {{ {nested} }} }} }} }} }}") == (
        400,
        "QUERY_TOO_LARGE",
    )
    assert await refusal("{ " + "__typename " * 1_600 + "}") == (400, "QUERY_TOO_LARGE")
    assert await refusal("{ " + " ".join(f"a{i}: __typename" for i in range(61)) + "}") == (400, "QUERY_TOO_LARGE")
    assert await refusal(f"{{ {pages} }}") == (400, "QUERY_TOO_COSTLY")


async def test_without_a_token_only_this_machine_is_answered(store: Store) -> None:
    """A page that reaches the API under another name (DNS rebinding) reads nothing."""
    async with client_of(store, host="evil.example") as client:
        answer = await client.post("/graphql", content=TYPENAME, headers=JSON)

    assert answer.status_code == 403
    assert "data" not in answer.json()


async def test_with_a_token_only_its_bearer_is_answered(store: Store) -> None:
    """No token, a wrong one and a token in another scheme are 401; the right one works under any name."""
    settings = ApiSettings(token=SecretStr(TOKEN))
    async with client_of(store, settings, host="c360.example") as client:

        async def status(authorization: str | None) -> int:
            headers = JSON if authorization is None else {**JSON, "authorization": authorization}
            return (await client.post("/graphql", content=TYPENAME, headers=headers)).status_code

        assert await status(f"Bearer {TOKEN}") == 200
        assert await status(None) == 401
        assert await status(f"Bearer {TOKEN}x") == 401
        assert await status(f"Basic {TOKEN}") == 401


async def test_unexpected_errors_reach_the_log_and_not_the_client(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets a reference, the log the same reference; what the data holds is in neither."""
    await store.write("CREATE (:Customer {id: 'c-1', sort_name: 'ada', emails: 'not JSON: ada@x.test'})")
    query = b'{"query": "{ customers { nodes { emails { address } } } }"}'
    with caplog.at_level(logging.ERROR, "c360.api"):
        async with client_of(store) as client:
            answer = await client.post("/graphql", content=query, headers=JSON)

    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    assert error["path"] == ["customers"]
    assert error["message"].rpartition(" ")[2].rstrip(".") in caplog.text
    assert "ada@x.test" not in answer.text + caplog.text


async def test_a_request_that_takes_too_long_is_ended(store: Store) -> None:
    """The time limit of a request is kept, and said."""
    settings = ApiSettings(limits=Limits(seconds=0.0))
    async with client_of(store, settings) as client:
        answer = await client.post("/graphql", content=b'{"query": "{ sources { name } }"}', headers=JSON)

    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "QUERY_TIMED_OUT"


async def test_graphiql_comes_from_our_own_files_only(client: httpx.AsyncClient) -> None:
    """The page runs no script but files of this server, and every file it names is there."""
    page = await client.get("/", follow_redirects=True)

    assert page.status_code == 200
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    names: list[Any] = [part.split('"')[1] for part in page.text.replace("href=", "src=").split("src=")[1:]]
    for name in [name for name in names if name.startswith("/")]:
        assert (await client.get(name)).status_code == 200, name
    assert "<script>" not in page.text
    examples = (await client.get("/graphiql/examples.json")).json()
    assert {"title", "query", "variables"} == set(examples[0])


async def test_probes_tell_the_process_from_the_store(client: httpx.AsyncClient, store: Store) -> None:
    """`/health` is the process, `/ready` the store and its schema: one that is not migrated is not ready."""
    assert (await client.get("/health")).json() == {"status": "ok"}
    assert (await client.get("/ready")).status_code == 200
    await store.write("MATCH (m:Meta) SET m.schema = 0")
    assert (await client.get("/ready")).status_code == 503

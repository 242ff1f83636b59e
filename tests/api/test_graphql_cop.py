"""The checks of graphql-cop (github.com/dolevf/graphql-cop), by hand: it is in no package registry.

It asks with a key, as whoever finds one in an application would. One of its findings is meant and not counted: queries
by GET, which GraphQL over HTTP allows. It is no forgery here: who asks is told by a header, which a page of another
site cannot send without leave, and on this machine without a key such a page's GET is refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from graph.keys import Role, create_key
from graph.store.driver import Store

pytestmark = pytest.mark.anyio
NESTED = "types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } }"


@pytest.fixture
async def cop(embedded_store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """A client that shows a reader's key, and accepts what graphql-cop does: anything."""
    _, key = await create_key(embedded_store, "found in a page", Role.READER)
    transport = httpx.ASGITransport(create_app(embedded_store))
    headers = {"x-api-key": key, "accept": "*/*"}
    async with httpx.AsyncClient(transport=transport, base_url="http://c360.example", headers=headers) as client:
        yield client


async def asked(cop: httpx.AsyncClient, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await cop.post("/graphql", json={"query": query})).json()
    return answer


@pytest.mark.parametrize(
    "query",
    [
        "query { " + " ".join(f"alias{number}:__typename" for number in range(101)) + " }",
        "query { " + "__typename \n" * 500 + " }",
        f"query {{ __schema {{ {NESTED} }} }}",
        "query { __schema { ...A } } fragment A on __Schema { __typename ...B } fragment B on __Schema { ...A }",
        "query { __schema { types { name fields { name } } } }",
    ],
    ids=["alias overloading", "field duplication", "circular introspection", "circular fragment", "introspection"],
)
async def test_what_it_would_overload_with_or_look_up_is_refused(cop: httpx.AsyncClient, query: str) -> None:
    """There are errors, and no data."""
    answer = await asked(cop, query)
    assert answer["errors"]
    assert "data" not in answer


async def test_directives_that_are_repeated_are_not_answered_one_by_one(cop: httpx.AsyncClient) -> None:
    """Ten unknown directives are fewer than ten errors."""
    answer = await asked(cop, "query { __typename @aa@aa@aa@aa@aa@aa@aa@aa@aa@aa }")
    assert 0 < len(answer["errors"]) < 10


async def test_batches_are_not_answered(cop: httpx.AsyncClient) -> None:
    """Ten operations in one request are one refusal."""
    answer = await cop.post("/graphql", json=[{"query": "query { __typename }"}] * 10)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_nothing_is_suggested_traced_or_thrown(cop: httpx.AsyncClient) -> None:
    """A misspelt name, a text that is no document and a request for a trace give nothing away."""
    suggested = await asked(cop, "query { __schema { directive } }")
    thrown = await asked(cop, "qwerty cop { abc }")
    traced = await asked(cop, "query { __typename }")

    assert "Did you mean" not in str(suggested)
    assert set(thrown["errors"][0]["extensions"]) == {"code"}
    assert traced == {"data": {"__typename": "Query"}}


async def test_the_endpoint_is_no_page(cop: httpx.AsyncClient) -> None:
    """A browser that opens it finds no GraphiQL there."""
    page = await cop.get("/graphql", headers={"accept": "text/html"})
    assert page.status_code == 406
    assert "graphiql" not in page.text.lower()


async def test_nothing_changes_by_get_and_nothing_is_asked_by_a_form(cop: httpx.AsyncClient) -> None:
    """A mutation by GET is 405, a form is 415."""
    changing = await cop.get("/graphql", params={"query": "mutation { __typename }"})
    form = await cop.post("/graphql", data={"query": "query { __typename }"})

    assert (changing.status_code, form.status_code) == (405, 415)
    assert "data" not in changing.json()
    assert "data" not in form.json()


async def test_a_query_by_get_is_no_forgery(cop: httpx.AsyncClient, embedded_store: Store) -> None:
    """With the header that a foreign page cannot send it is answered, without it not."""
    query = {"query": "{__typename}"}
    answered = await cop.get("/graphql", params=query)
    transport = httpx.ASGITransport(create_app(embedded_store))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as page:
        forged = await page.get("/graphql", params=query)

    assert answered.json() == {"data": {"__typename": "Query"}}
    assert forged.status_code == 401

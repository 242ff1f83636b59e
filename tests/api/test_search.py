"""Search as a client sees it: scores, the parts that fit, pages, and what masks leave."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from api.viewer import Viewer
from graph.keys import Role
from graph.store.driver import Store
from tests.api.conftest import Ask

pytestmark = pytest.mark.anyio
QUERY = """query ($q: String!, $first: Int, $after: String) { search(query: $q, first: $first, after: $after) {
  totalCount pageInfo { endCursor }
  edges { cursor score highlights { field value start length } node { __typename } } } }"""


async def _edges(ask: Ask, q: str) -> list[dict[str, Any]]:
    answer = await ask(QUERY, q=q)
    assert "errors" not in answer, answer["errors"]
    edges: list[dict[str, Any]] = answer["data"]["search"]["edges"]
    return edges


def _parts(edge: dict[str, Any]) -> list[tuple[str, str]]:
    """Each highlight as the field and the characters it points at."""
    return [(h["field"], h["value"][h["start"] : h["start"] + h["length"]]) for h in edge["highlights"]]


@pytest.mark.parametrize(
    ("typed", "score", "parts"),
    [
        ("ada lovelace", 1.0, [("NAME", "Ada"), ("NAME", "Lovelace"), ("EMAIL", "ada")]),
        ("LOVEL", 0.8562, [("NAME", "Lovel")]),
        ("lace", 0.6, [("NAME", "lace")]),
        ("Lovelase", 0.6125, [("NAME", "Lovelace")]),
        ("ada@x.test", 1.0, [("NAME", "Ada"), ("EMAIL", "ada@x.test")]),
        ("030 123456", 1.0, [("PHONE", "30123456")]),
        ("3456", 0.7909, [("PHONE", "3456")]),
    ],
)
async def test_an_edge_says_how_well_it_fits_and_where(
    ask: Ask, typed: str, score: float, parts: list[tuple[str, str]]
) -> None:
    """The score of Ada, and the characters of her name, address and number that fit what was typed."""
    edge = (await _edges(ask, typed))[0]

    assert (edge["node"]["__typename"], edge["score"], _parts(edge)) == ("Customer", score, parts)


async def test_a_company_is_pointed_at_in_both_who_have_it(ask: Ask) -> None:
    """The account by its name, its customer by their company, which counts a twentieth less."""
    edges = await _edges(ask, "analytic")

    assert [(edge["node"]["__typename"], _parts(edge)) for edge in edges] == [
        ("Account", [("NAME", "Analytic")]),
        ("Customer", [("COMPANY", "Analytic")]),
    ]
    assert edges[1]["score"] == pytest.approx(edges[0]["score"] * 0.95, abs=1e-4)


async def _asked(store: Store, role: Role, typed: str, *, walked: bool) -> list[dict[str, Any]]:
    service = Service(graphql_schema(), store, walked=walked)
    result = await service.answer(QUERY, {"q": typed}, viewer=Viewer("x", role))
    assert result.errors is None, result.errors
    edges: list[dict[str, Any]] = orjson.loads(orjson.dumps(result.data))["search"]["edges"]
    return edges


@pytest.mark.parametrize("walked", [False, True])
async def test_whoever_sees_masks_finds_by_the_whole_and_sees_it_masked(company: Store, walked: bool) -> None:
    """A reader finds nobody by a part of an address or number; by a whole one the highlight is the masked value."""
    for typed in ("old", "team", "3456", "+4930123"):
        assert len(await _asked(company, Role.STEWARD, typed, walked=walked)) > 0, typed
        assert await _asked(company, Role.READER, typed, walked=walked) == [], typed
        assert await _asked(company, Role.ANALYST, typed, walked=walked) == [], typed
    for typed, field, value in (("old@x.test", "EMAIL", "o•••@x.test"), ("030123456", "PHONE", "+49•••56")):
        if field == "EMAIL":
            await company.write(
                "MERGE (i:Identifier {key: 'email:old@x.test'}) WITH i MATCH (r:SourceRecord {key: 'help/users/1'}) "
                "MERGE (r)-[:HAS_IDENTIFIER]->(i)"
            )
        (edge,) = await _asked(company, Role.READER, typed, walked=walked)
        assert edge["highlights"] == [{"field": field, "value": value, "start": 0, "length": len(value)}]
    (edge,) = await _asked(company, Role.READER, "ada", walked=walked)
    assert _parts(edge) == [("NAME", "Ada")]


async def test_of_no_types_nothing_is_found(ask: Ask) -> None:
    """An empty list of types is said and fits nobody, by a word, an address or a number; null is all types."""
    query = "query ($q: String!, $t: [SearchType!]) { search(query: $q, types: $t) { totalCount } }"
    for typed in ("analytical", "old@x.test", "030123456"):
        counts = [(await ask(query, q=typed, t=types))["data"]["search"]["totalCount"] for types in ([], None)]
        assert counts[0] == 0, typed
        assert counts[1] > 0 or typed == "old@x.test", typed


async def test_a_page_goes_on_at_its_cursor_and_a_cursor_of_another_list_is_refused(ask: Ask) -> None:
    """Two pages of one are the list of two; the cursor of a list of customers is none of a search."""
    whole = await _edges(ask, "analytical")
    first = (await ask(QUERY, q="analytical", first=1))["data"]["search"]
    second = (await ask(QUERY, q="analytical", first=1, after=first["pageInfo"]["endCursor"]))["data"]["search"]
    other = await ask("{ customers(first: 1) { pageInfo { endCursor } } }")

    assert first["edges"] + second["edges"] == whole
    assert first["totalCount"] == second["totalCount"] == len(whole) == 2
    cursor = other["data"]["customers"]["pageInfo"]["endCursor"]
    for wrong in (cursor, "?"):
        (error,) = (await ask(QUERY, q="analytical", after=wrong))["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"

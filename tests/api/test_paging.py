"""Paging: every item once, both ways, whatever the order, ties and missing values."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.search.upkeep import name_everybody
from graph.store.driver import Store
from tests.api.conftest import Ask, asker, write_interactions

pytestmark = pytest.mark.anyio
NAMES = ["ada", "ada", "bob", "", "bob", "cleo", "", "ada", "", "zoe", "bob"]
"""Sort names with ties, empty until derived; the customers' ids count up beside them."""
MOMENTS = [0, 0, 0, 60_000, 60_000, 120_000, 180_000]
INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@pytest.fixture
async def crowd(store: Store) -> Ask:
    """Eleven customers with ties, most without activity; the first has seven interactions, three in one moment."""
    rows = [
        {
            "id": f"c{i:02}",
            "display_name": str(i),
            "sort_name": name,
            "record_count": i % 3,
            "account_name": "x",
        }
        for i, name in enumerate(NAMES)
    ]
    await store.write("UNWIND $rows AS row CREATE (c:Customer) SET c += row", rows=rows)
    await store.write("MATCH (c:Customer {record_count: 1}) SET c.last_at = datetime({epochMillis: 1})")
    await store.write("CREATE (:Account {id: 'a', name: 'x co', sort_name: 'b'})")
    await name_everybody(store)
    events = [
        {"id": f"i{i}", "source": "s", "at": at, "sequence": i % 2, "kind": "page.viewed", "function": "marketing",
         "channel": "web", "direction": "inbound", "automated": False}
        for i, at in enumerate(MOMENTS)
    ]  # fmt: skip
    await write_interactions(store, "c00", events)
    return asker(Service(graphql_schema(), store))


async def walk(ask: Ask, field: str, wrap: str, size: int, *, forward: bool) -> list[str]:
    """The ids of all pages of a connection, walked from one end to the other; they come in the list's order."""
    found: list[str] = []
    cursor: str | None = None
    for _ in range(60):
        bound = "first" if forward else "last"
        beyond = f', {"after" if forward else "before"}: "{cursor}"' if cursor else ""
        call = field.replace("PAGE", f"{bound}: {size}{beyond}")
        answer = await ask(wrap.replace("FIELD", f"{call} {{ nodes {{ ... on Node {{ id }} }} {INFO} }}"))
        assert "errors" not in answer, answer["errors"]
        page = _innermost(answer["data"])
        ids = [node["id"] for node in page["nodes"]]
        assert len(ids) <= size
        found = found + ids if forward else ids + found
        info = page["pageInfo"]
        assert info["hasPreviousPage" if forward else "hasNextPage"] == (cursor is not None)
        if not info["hasNextPage" if forward else "hasPreviousPage"]:
            return found
        cursor = info["endCursor" if forward else "startCursor"]
    raise AssertionError("the pages have no end")


def _innermost(data: Any) -> Any:
    while "pageInfo" not in data:
        (data,) = data.values()
    return data


ORDERS = st.lists(
    st.tuples(st.sampled_from(["NAME", "RECORD_COUNT", "LAST_ACTIVITY_AT"]), st.sampled_from(["ASC", "DESC"])),
    max_size=3,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(orders=ORDERS, size=st.integers(1, 6))
async def test_every_customer_comes_once_in_either_direction(
    crowd: Ask, orders: list[tuple[str, str]], size: int
) -> None:
    """Forwards and backwards give the same list, each customer once, missing values last in either order."""
    order = ", ".join(f"{{field: {name}, direction: {direction}}}" for name, direction in orders)
    field = f"customers(orderBy: [{order}], PAGE)"
    forwards = await walk(crowd, field, "{ FIELD }", size, forward=True)
    backwards = await walk(crowd, field, "{ FIELD }", size, forward=False)

    assert forwards == backwards
    assert sorted(forwards) == sorted(encode_id("Customer", f"c{i:02}") for i in range(len(NAMES)))
    if orders and orders[0][0] == "NAME":
        names = [
            NAMES[[encode_id("Customer", f"c{i:02}") for i in range(len(NAMES))].index(found)] for found in forwards
        ]
        assert names == sorted(NAMES, reverse=orders[0][1] == "DESC")
    if orders and orders[0][0] == "LAST_ACTIVITY_AT":
        assert set(forwards[:4]) == {encode_id("Customer", f"c{i:02}") for i in range(1, 11, 3)}


async def test_who_goes_while_a_page_is_read_hides_nobody(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded store is told where a page ends; of three who are asked for one is gone by then."""
    await embedded_store.write("UNWIND range(1, 9) AS n CREATE (:Customer {id: 'c' + n, sort_name: 'n' + n})")
    ask = asker(Service(graphql_schema(), embedded_store))
    read, queries = embedded_store.read, []

    async def meddled(query: str, /, **parameters: Any) -> list[list[Any]]:
        queries.append(query)
        rows = await read(query, **parameters)
        if len(queries) == 1:
            await embedded_store.write("MATCH (c:Customer {id: 'c2'}) DELETE c")
        return rows

    monkeypatch.setattr(embedded_store, "read", meddled)
    page = f"{{ customers(first: 2) {{ nodes {{ id }} {INFO} }} }}"
    found = (await ask(page))["data"]["customers"]
    again = (await ask(page))["data"]["customers"]

    assert [node["id"] for node in found["nodes"]] == [encode_id("Customer", id) for id in ("c1", "c3")]
    assert found["pageInfo"]["hasNextPage"]
    assert again == found
    assert ["$until" in query for query in queries] == [False, True, False, False, True]  # once more without it
    assert queries[0].endswith("RETURN max(key), count(key)")


@pytest.mark.parametrize("arguments", ["", 'filter: {kind: {eq: "page.viewed"}},'])
async def test_a_journey_is_walked_whole_in_both_orders_and_directions(crowd: Ask, arguments: str) -> None:
    """Along NEXT and by sort values alike: (time, sequence, id), in pages of any size, forwards and backwards."""
    order = sorted(range(len(MOMENTS)), key=lambda i: (MOMENTS[i], i % 2, i))
    oldest_first = [encode_id("Interaction", f"i{i}") for i in order]
    wrap = f'{{ customer(id: "{encode_id("Customer", "c00")}") {{ FIELD }} }}'
    for direction, expected in (("ASC", oldest_first), ("DESC", oldest_first[::-1])):
        field = f"interactions({arguments} orderBy: {{field: OCCURRED_AT, direction: {direction}}}, PAGE)"
        for size in (1, 3, 7):
            assert await walk(crowd, field, wrap, size, forward=True) == expected
            assert await walk(crowd, field, wrap, size, forward=False) == expected


@pytest.mark.parametrize("size", [1, 19, 20, 21, 44, 45, 46])
async def test_a_page_has_the_same_rows_when_nobody_asks_for_more(crowd: Ask, store: Store, size: int) -> None:
    """Without `hasNextPage` no row beyond the page is read; the page is the same in both directions and anywhere."""
    await write_interactions(
        store,
        "c01",
        [
            {"id": f"n{i:02}", "source": "s", "at": i // 2, "sequence": i % 2, "kind": "page.viewed", "channel": "web",
             "function": "marketing", "direction": "inbound", "automated": False}
            for i in range(45)
        ],
    )  # fmt: skip

    async def page(selected: str, bounds: str) -> list[str]:
        asked = f'customer(id: "{encode_id("Customer", "c01")}") {{ interactions({bounds}) {{ {selected} }} }}'
        answer = await ask_all(crowd, f"{{ {asked} }}")
        found = answer["customer"]["interactions"]
        return [node["id"] for node in found.get("nodes") or [edge["node"] for edge in found["edges"]]]

    newest_first = [encode_id("Interaction", f"n{i:02}") for i in reversed(range(45))]
    for bounds, shown in ((f"first: {size}", newest_first[:size]), (f"last: {size}", newest_first[-size:])):
        for selected in (
            "nodes { id }",
            "edges { node { id } }",
            f"nodes {{ id }} {INFO}",
            "nodes { id } pageInfo { endCursor }",
        ):
            assert await page(selected, bounds) == shown, (selected, bounds)
    first = await ask_all(
        crowd, f'{{ customer(id: "{encode_id("Customer", "c01")}") {{ interactions(first: 3) {{ {INFO} }} }} }}'
    )
    cursor = first["customer"]["interactions"]["pageInfo"]["endCursor"]
    assert await page("nodes { id }", f'first: {size}, after: "{cursor}"') == newest_first[3 : 3 + size]


async def ask_all(ask: Ask, query: str) -> Any:
    answer = await ask(query)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


async def test_a_page_goes_on_although_its_last_interaction_is_gone(crowd: Ask, store: Store) -> None:
    """A cursor whose interaction was moved to another customer meanwhile still leads to what comes after it."""
    wrap = f'{{ customer(id: "{encode_id("Customer", "c00")}") {{ interactions(PAGE) {{ nodes {{ id }} {INFO} }} }} }}'
    first = _innermost((await crowd(wrap.replace("PAGE", "first: 2")))["data"])
    await store.write(
        "MATCH (:Customer {id: 'c00'})-[e:EXPERIENCED]->(i:Interaction {id: 'i5'}) DELETE e "
        "WITH i MATCH (i)-[n:NEXT]-() DELETE n"
    )
    more = await crowd(wrap.replace("PAGE", f'first: 2, after: "{first["pageInfo"]["endCursor"]}"'))

    assert [node["id"] for node in first["nodes"]] == [encode_id("Interaction", f"i{i}") for i in (6, 5)]
    assert [node["id"] for node in _innermost(more["data"])["nodes"]] == [
        encode_id("Interaction", f"i{i}") for i in (3, 4)
    ]


async def test_search_pages_over_types(crowd: Ask) -> None:
    """One list over customers and accounts, each found once in either direction."""
    forwards = await walk(crowd, 'search(query: "x", PAGE)', "{ FIELD }", 5, forward=True)

    assert forwards == await walk(crowd, 'search(query: "x", PAGE)', "{ FIELD }", 5, forward=False)
    assert len(set(forwards)) == len(NAMES) + 1


async def test_paging_arguments_that_contradict_are_refused(crowd: Ask) -> None:
    """Sizes out of bounds, both directions at once, and cursors that do not belong here are errors in words."""
    cursor = _innermost((await crowd(f"{{ customers(first: 1) {{ nodes {{ id }} {INFO} }} }}"))["data"])["pageInfo"][
        "endCursor"
    ]
    forged = urlsafe_b64encode(orjson.dumps([orjson.loads(_decoded(cursor))[0], {"x": 1}, "c"])).decode()

    async def message(arguments: str) -> str:
        answer = await crowd(f"{{ customers({arguments}) {{ nodes {{ id }} }} }}")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        return str(answer["errors"][0]["message"])

    assert "not both" in await message("first: 1, last: 1")
    assert "between 1 and 100" in await message("first: 0")
    assert "between 1 and 100" in await message("last: 101")
    assert "`before` with `last`" in await message(f'first: 1, before: "{cursor}"')
    assert "of another order" in await message(f'first: 1, after: "{cursor}", orderBy: [{{field: CREATED_AT}}]')
    assert "not a cursor" in await message('first: 1, after: "abc"')
    assert "not a cursor" in await message(f'first: 1, after: "{forged}"')


def _decoded(cursor: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))

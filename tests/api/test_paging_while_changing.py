"""Paging while the data change: who is there all the time comes exactly once, in order; nobody comes twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from api.plan.ids import decode_id, encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store
from tests.api.conftest import asker

pytestmark = pytest.mark.anyio
ORDERS = {
    "NAME": "sort_name",
    "CREATED_AT": "created_at",
    "UPDATED_AT": "updated_at",
    "FIRST_SEEN_AT": "first_at",
    "LAST_ACTIVITY_AT": "last_at",
    "INTERACTION_COUNT": "interaction_count",
    "RECORD_COUNT": "record_count",
}
MOMENTS = ("created_at", "updated_at", "first_at", "last_at")
INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
MOST_PAGES = 60
OFTEN = settings(
    max_examples=6,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Change:
    """One row comes, or one of those that are there goes; `gone` chooses among them."""

    new: tuple[int | None, ...] | None
    gone: int


VALUES = st.tuples(*(st.one_of(st.none(), st.integers(0, 2)) for _ in ORDERS))
CHANGES = st.lists(
    st.one_of(VALUES.map(lambda new: Change(new, 0)), st.integers(0, 50).map(lambda gone: Change(None, gone))),
    min_size=MOST_PAGES // 4,
    max_size=MOST_PAGES // 2,
)
SORTED = st.lists(
    st.tuples(st.sampled_from(sorted(ORDERS)), st.sampled_from(["ASC", "DESC"])), max_size=3, unique_by=lambda o: o[0]
)


@dataclass
class Crowd:
    """Customers that come and go, with few values, so that there are ties and gaps."""

    store: Store
    there: dict[str, tuple[int | None, ...]]
    stayed: set[str]
    made: int = 0

    async def add(self, values: tuple[int | None, ...]) -> None:
        # Ids of newcomers stand between those of before, not only behind them.
        id = f"c{self.made * 7919 % 1000:03}"
        self.made += 1
        values = (values[0] or 0, *values[1:])  # everybody has a name to be sorted by
        properties: dict[str, Any] = {}
        for name, value in zip(ORDERS.values(), values, strict=True):
            if name not in MOMENTS:
                properties[name] = f"n{value}" if name == "sort_name" and value is not None else value
        moments = {n: v for n, v in zip(ORDERS.values(), values, strict=True) if n in MOMENTS and v is not None}
        at = "".join(f", c.{name} = datetime({{epochMillis: $at.{name}}})" for name in moments)
        await self.store.write(
            f"CREATE (c:Customer {{id: $id}}) SET c += $properties, c.display_name = $id{at}",
            id=id,
            properties={name: value for name, value in properties.items() if value is not None},
            at={name: value * 1000 for name, value in moments.items()},
        )
        self.there[id] = values

    async def change(self, change: Change) -> None:
        if change.new is not None:
            await self.add(change.new)
        elif self.there:
            id = sorted(self.there)[change.gone % len(self.there)]
            del self.there[id]
            self.stayed.discard(id)
            await self.store.write("MATCH (c:Customer {id: $id}) DELETE c", id=id)

    def in_order(self, orders: list[tuple[str, str]]) -> list[str]:
        """Those who were there all the time: who has no value comes last, and ties run as the first order does."""
        wanted = orders or [("NAME", "ASC")]
        ids = sorted(self.stayed, reverse=wanted[0][1] == "DESC")
        for name, direction in reversed(wanted):
            place = list(ORDERS).index(name)
            said = [id for id in ids if self.there[id][place] is not None]
            said.sort(key=lambda id: self.there[id][place] or 0, reverse=direction == "DESC")
            ids = [*said, *(id for id in ids if self.there[id][place] is None)]
        return ids


async def crowd(store: Store, first: list[tuple[int | None, ...]]) -> Crowd:
    await store.write("MATCH (c:Customer) DETACH DELETE c")
    made = Crowd(store, {}, set())
    for values in first:
        await made.add(values)
    made.stayed = set(made.there)
    return made


@OFTEN
@given(
    first=st.lists(VALUES, min_size=1, max_size=14),
    orders=SORTED,
    size=st.integers(1, 4),
    forward=st.booleans(),
    changes=CHANGES,
)
async def test_customers_come_once_while_others_come_and_go(
    store: Store,
    first: list[tuple[int | None, ...]],
    orders: list[tuple[str, str]],
    size: int,
    forward: bool,
    changes: list[Change],
) -> None:
    """In any order, either direction, with every page a customer comes or goes, the cursor's own among them."""
    people = await crowd(store, first)
    ask = asker(Service(graphql_schema(), store))
    order = ", ".join(f"{{field: {name}, direction: {direction}}}" for name, direction in orders)
    coming = iter(changes)

    async def page(arguments: str) -> Any:
        change = next(coming, None)
        call = ask(f"{{ customers(orderBy: [{order}], {arguments}) {{ nodes {{ id }} {INFO} }} }}")
        answer, _ = await asyncio.gather(call, people.change(change) if change else asyncio.sleep(0))
        assert "errors" not in answer, answer["errors"]
        return answer["data"]["customers"]

    found = await _walked(page, size, forward=forward)

    assert len(set(found)) == len(found)
    assert [id for id in found if id in people.stayed] == people.in_order(orders)


@OFTEN
@given(
    first=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    size=st.integers(1, 4),
    forward=st.booleans(),
    oldest_first=st.booleans(),
    filtered=st.booleans(),
    changes=st.lists(st.tuples(st.booleans(), st.integers(0, 50)), min_size=MOST_PAGES // 4, max_size=MOST_PAGES // 2),
)
async def test_a_journey_comes_once_while_it_changes(
    store: Store,
    first: list[int],
    size: int,
    forward: bool,
    oldest_first: bool,
    filtered: bool,
    changes: list[tuple[bool, int]],
) -> None:
    """Along NEXT and by sort values: between two pages an interaction comes or goes, the cursor's own among them."""
    await store.write("MATCH (n) WHERE n:Customer OR n:Interaction DETACH DELETE n")
    await store.write("CREATE (:Customer {id: 'c'})")
    journey = {f"i{number * 7919 % 1000:03}": at for number, at in enumerate(first)}
    stayed, moments = set(journey), dict(journey)
    made = len(journey)
    await _write_journey(store, journey)
    ask = asker(Service(graphql_schema(), store))
    order = f"orderBy: {{field: OCCURRED_AT, direction: {'ASC' if oldest_first else 'DESC'}}}"
    only = 'filter: {kind: {eq: "page.viewed"}},' if filtered else ""
    coming = iter(changes)

    async def page(arguments: str) -> Any:
        nonlocal made
        answer = await ask(
            f'{{ customer(id: "{encode_id("Customer", "c")}") {{ interactions({only} {order}, {arguments}) '
            f"{{ nodes {{ id }} {INFO} }} }} }}"
        )
        assert "errors" not in answer, answer["errors"]
        if (change := next(coming, None)) is not None:
            comes, number = change
            if comes or not journey:
                journey[f"i{made * 7919 % 1000:03}"] = number % 4
                made += 1
            else:
                gone = sorted(journey)[number % len(journey)]
                del journey[gone]
                stayed.discard(gone)
            await _write_journey(store, journey)
        return answer["data"]["customer"]["interactions"]

    found = await _walked(page, size, forward=forward)
    expected = sorted(stayed, key=lambda id: (moments[id], id), reverse=not oldest_first)

    assert len(set(found)) == len(found)
    assert [id for id in found if id in stayed] == expected


async def _walked(page: Any, size: int, *, forward: bool) -> list[str]:
    """The keys of all pages from one end to the other, in the list's order."""
    found: list[str] = []
    beyond = ""
    for _ in range(MOST_PAGES):
        answer = await page(f"{'first' if forward else 'last'}: {size}{beyond}")
        keys = [decode_id(node["id"])[1] for node in answer["nodes"]]
        found = found + keys if forward else keys + found
        info = answer["pageInfo"]
        if not info["hasNextPage" if forward else "hasPreviousPage"]:
            return found
        beyond = f', {"after" if forward else "before"}: "{info["endCursor" if forward else "startCursor"]}"'
    raise AssertionError("the pages have no end")


async def _write_journey(store: Store, journey: dict[str, int]) -> None:
    """What is new comes, what is gone goes, and the chain is tied anew."""
    rows = [{"id": id, "at": at} for id, at in sorted(journey.items(), key=lambda item: (item[1], item[0]))]
    await store.write(
        "MATCH (i:Interaction) WHERE NOT i.id IN $ids DETACH DELETE i", ids=[str(row["id"]) for row in rows]
    )
    await store.write("MATCH (:Interaction)-[n:NEXT]->() DELETE n")
    await store.write("MATCH (:Customer)-[f:FIRST|LAST]->() DELETE f")
    await store.write(
        "MATCH (c:Customer {id: 'c'}) UNWIND $rows AS row MERGE (i:Interaction {id: row.id}) "
        "ON CREATE SET i.at = datetime({epochMillis: row.at}), i.sequence = 0, i.kind = 'page.viewed' "
        "MERGE (c)-[:EXPERIENCED]->(i)",
        rows=rows,
    )
    await store.write(
        "UNWIND $pairs AS pair MATCH (a:Interaction {id: pair[0]}) MATCH (b:Interaction {id: pair[1]}) "
        "CREATE (a)-[:NEXT]->(b)",
        pairs=[[a["id"], b["id"]] for a, b in pairwise(rows)],
    )
    for kind, row in (("FIRST", rows[:1]), ("LAST", rows[-1:])):
        await store.write(
            "UNWIND $rows AS row MATCH (c:Customer {id: 'c'}) MATCH (i:Interaction {id: row.id}) "
            f"CREATE (c)-[:{kind}]->(i)",
            rows=row,
        )

"""`segment` in the filter of customers: the same pages on both stores, however many are in the segment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.plan import roots
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.rules import Rules
from graph.segments.rules import Condition, SegmentRule
from graph.store.driver import Store
from tests.api.conftest import Ask, asker, write_interactions

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
RULES = Rules(
    segment=(
        SegmentRule("callers", "Callers", all=(Condition(kinds=("ticket.created",), at_least=2, within_days=90),)),
        SegmentRule("french", "France", all=(Condition(field="country", values=("FR",)),)),
    )
)
PAGE = (
    "query ($f: CustomerFilter, $o: [CustomerOrder!], $after: String) { customers(filter: $f, orderBy: $o, first: 2, "
    "after: $after) { totalCount nodes { displayName } pageInfo { hasNextPage endCursor } } }"
)


@pytest.fixture
async def ask(store: Store) -> Ask:
    """Ten customers of one account, c0 … c9; the even ones called twice in June, c0 to c2 are French."""
    await store.write("CREATE (:Account {id: 'acme', name: 'Acme', sort_name: 'acme'})")
    for number in range(10):
        await store.write(
            "MATCH (a:Account {id: 'acme'}) CREATE (c:Customer {id: $id, display_name: $id, sort_name: $name}) "
            "SET c.country = $country CREATE (c)-[:WORKS_FOR]->(a)",
            id=f"c{number}",
            name=f"{(number * 7) % 10}",
            country="FR" if number < 3 else "DE",
        )
        at = int(datetime(2026, 6, 2, tzinfo=UTC).timestamp() * 1000)
        shared = {"sequence": 0, "function": "service", "channel": "phone", "direction": "inbound", "automated": False}
        calls: list[dict[str, Any]] = [
            {"id": f"t{number}.{call}", "at": at + call, "kind": "ticket.created", **shared}
            for call in range(2 if number % 2 == 0 else 1)
        ]
        await write_interactions(store, f"c{number}", calls)
    return asker(Service(graphql_schema(), store, writes_to=store, rules=RULES, now=lambda: NOW))


@pytest.fixture(params=["few", "many"])
def sought(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are sought: the members by their ids, or the page in its order."""
    monkeypatch.setattr(roots, "MOST_SOUGHT", 1_000 if request.param == "few" else 0)


async def _names(ask: Ask, given: dict[str, Any], order: list[dict[str, str]] | None = None) -> list[str]:
    """The names of all pages, one after the other; the count is that of the names."""
    found: list[str] = []
    after, more, total = None, True, 0
    while more:
        answer = await ask(PAGE, f=given, o=order, after=after)
        assert "errors" not in answer, answer["errors"]
        page = answer["data"]["customers"]
        found += [node["displayName"] for node in page["nodes"]]
        more, after, total = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"], page["totalCount"]
    assert total == len(found)
    return found


@pytest.mark.usefixtures("sought")
async def test_customers_of_a_segment_come_page_by_page_in_every_order(ask: Ask) -> None:
    """By name as unless said otherwise, and by their journeys; together with other conditions, in lists and in nots."""
    callers = {"segment": {"eq": "callers"}}

    assert await _names(ask, callers) == ["c0", "c6", "c2", "c8", "c4"]
    order = [{"field": "NAME", "direction": "DESC"}]
    assert await _names(ask, callers, order) == ["c4", "c8", "c2", "c6", "c0"]
    assert await _names(ask, {**callers, "country": {"eq": "FR"}}) == ["c0", "c2"]
    assert sorted(await _names(ask, {"segment": {"in": ["callers", "french"]}})) == ["c0", "c1", "c2", "c4", "c6", "c8"]
    assert sorted(await _names(ask, {"not": callers, "country": {"eq": "FR"}})) == ["c1"]
    either = {"or": [{"segment": {"eq": "french"}}, {"country": {"eq": "XX"}}]}
    assert sorted(await _names(ask, either)) == ["c0", "c1", "c2"]


async def test_people_of_an_account_are_filtered_by_segment_too(ask: Ask) -> None:
    """Wherever customers are filtered."""
    answer = await ask(
        '{ customers(first: 1) { nodes { account { customers(filter: {segment: {eq: "french"}}) '
        "{ totalCount nodes { displayName } } } } } }"
    )
    assert "errors" not in answer, answer["errors"]
    people = answer["data"]["customers"]["nodes"][0]["account"]["customers"]

    assert (people["totalCount"], {node["displayName"] for node in people["nodes"]}) == (3, {"c0", "c1", "c2"})


async def test_a_segment_that_there_is_not_is_refused(ask: Ask) -> None:
    """With the one that was probably meant."""
    refused = await ask(PAGE, f={"segment": {"eq": "caller"}})

    assert "Did you mean 'callers'" in refused["errors"][0]["message"]
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

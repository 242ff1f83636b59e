"""Funnels, times, paths over GraphQL: what is refused, and how."""

from __future__ import annotations

import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store
from tests.api.conftest import asker, write_interactions

pytestmark = pytest.mark.anyio
PERIOD = 'period: {from: "2026-01-01", to: "2026-02-01"}'
REFUSALS = {
    f"{{ journeyPaths(input: {{goal: {{}}, {PERIOD}}}) {{ goalCount }} }}": "`goal` fits everything",
    f'{{ journeyPaths(input: {{goal: {{kinds: ["a"]}}, steps: 9, {PERIOD}}}) {{ goalCount }} }}': "between 1 and 8",
    f"{{ whatFollowed(input: {{{PERIOD}}}) {{ after }} }}": "either `after` or `customerId`",
    f"{{ whatFollowed(input: {{after: [], {PERIOD}}}) {{ after }} }}": "must be 1 to 5 keys",
    f'{{ whatFollowed(input: {{customerId: "Q3VzdG9tZXI6eA", {PERIOD}}}) {{ after }} }}': "of no customer",
    f"{{ journeyLoops(input: {{minCustomers: 0, {PERIOD}}}) {{ loops {{ key }} }} }}": "at least 1",
    '{ customerJourney(id: "Q3VzdG9tZXI6eA") { totalCount } }': "of no customer",
    '{ customerJourney(id: "Q3VzdG9tZXI6eA", after: "x") { totalCount } }': "`after` is not a cursor",
    '{ customerJourney(id: "Q3VzdG9tZXI6eA", first: 0) { totalCount } }': "between 1 and 500",
    f"{{ funnel(input: {{steps: [], {PERIOD}}}) {{ customerCount }} }}": "must be 1 to 20 steps",
    f'{{ funnel(input: {{steps: [{{label: "x"}}], {PERIOD}}}) {{ customerCount }} }}': "`steps[0]` fits everything",
    f'{{ funnel(input: {{steps: [{{kinds: ["a"]}}], windowDays: 0, {PERIOD}}}) {{ customerCount }} }}': "more than 0",
    f'{{ funnel(input: {{steps: [{{kinds: ["a"]}}], {PERIOD}}}) {{ breakdown(by: OWNER, first: 0) {{ key }} }} }}': (
        "between 1 and 100"
    ),
    f'{{ timeBetween(input: {{from: {{stage: "led"}}, {PERIOD}}}) {{ begunCount }} }}': "is no stage. Known: target",
    f"{{ timeBetween(input: {{from: {{}}, {PERIOD}}}) {{ begunCount }} }}": "either a `stage`, or `kinds`",
    f'{{ timeBetween(input: {{from: {{kinds: ["a"]}}, {PERIOD}}}) {{ begunCount }} }}': "`to` is missing",
    f'{{ timeBetween(input: {{from: {{stage: "lead"}}, {PERIOD}}}) {{ reachedWithin(days: -1) {{ value }} }} }}': (
        "must not be below 0"
    ),
}


async def test_a_question_that_makes_no_sense_is_refused(embedded_store: Store) -> None:
    """Each refusal says what is wrong and what to do."""
    ask = asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store))
    for query, says in REFUSALS.items():
        (error,) = (await ask(query))["errors"]
        assert says in error["message"], query
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_journey_is_read_page_by_page(embedded_store: Store) -> None:
    """Five steps in pages of two, either way round; an id of before a merge answers; each item leads to its step."""
    await embedded_store.write("CREATE (c:Customer {id: 'c1'}) CREATE (:FormerId {id: 'c0'})-[:NOW]->(c)")
    common = {"sequence": 0, "kind": "page.viewed", "function": "marketing", "channel": "web", "direction": "inbound"}
    rows = [{"id": f"i{n}", "at": 1_767_225_600_000 + n, "automated": False, **common} for n in range(5)]
    await write_interactions(embedded_store, "c1", rows)
    ask = asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store))
    query = """query ($id: ID!, $after: String, $newest: Boolean!) {
      customerJourney(id: $id, first: 2, after: $after, newestFirst: $newest) {
        totalCount pageInfo { hasNextPage endCursor } nodes { type interaction { id } } } }"""

    for newest in (False, True):
        seen: list[str] = []
        after = None
        for _ in range(3):
            answer = await ask(query, id=encode_id("Customer", "c0"), after=after, newest=newest)
            page = answer["data"]["customerJourney"]
            seen += [item["interaction"]["id"] for item in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
        expected = [encode_id("Interaction", f"i{number}") for number in range(5)]
        assert seen == (expected[::-1] if newest else expected)
        assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (5, False)


@pytest.mark.parametrize("newest", [False, True])
async def test_a_journey_is_walked_backwards_as_relay_has_it(embedded_store: Store, newest: bool) -> None:
    """From the end in pages of two, then between two cursors; the deprecated fields say the same of the last page."""
    await embedded_store.write("CREATE (:Customer {id: 'c1'})")
    common = {"sequence": 0, "kind": "page.viewed", "function": "marketing", "channel": "web", "direction": "inbound"}
    rows = [{"id": f"i{n}", "at": 1_767_225_600_000 + n * 1000, "automated": False, **common} for n in range(5)]
    await write_interactions(embedded_store, "c1", rows)
    ask = asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store))
    query = """query ($newest: Boolean!, $first: Int, $after: String, $last: Int, $before: String) {
      customerJourney(id: "%s", newestFirst: $newest, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { occurredAt cursor } } items { cursor } hasNextPage endCursor
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    query = query % encode_id("Customer", "c1")

    whole = (await ask(query, newest=newest))["data"]["customerJourney"]
    cursors = [edge["cursor"] for edge in whole["edges"]]
    moments = [edge["node"]["occurredAt"] for edge in whole["edges"]]
    assert (len(cursors), moments) == (5, sorted(moments, reverse=newest))
    assert [edge["node"]["cursor"] for edge in whole["edges"]] == cursors
    assert whole["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": cursors[0],
        "endCursor": cursors[4],
    }

    seen: list[str] = []
    before = None
    for more in (True, True, False):
        page = (await ask(query, newest=newest, last=2, before=before))["data"]["customerJourney"]
        seen = [edge["cursor"] for edge in page["edges"]] + seen
        assert page["pageInfo"]["hasPreviousPage"] is more
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        assert [item["cursor"] for item in page["items"]] == [edge["cursor"] for edge in page["edges"]]
        assert (page["hasNextPage"], page["endCursor"]) == (before is not None, page["pageInfo"]["endCursor"])
        before = page["pageInfo"]["startCursor"]
    assert seen == cursors
    both = await ask(query, newest=newest, first=1, last=1)
    assert "not both" in both["errors"][0]["message"]

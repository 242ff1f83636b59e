"""How Neo4j gets at what a plan reads: by an index wherever one can serve."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from graphql import parse
from neo4j import GraphDatabase

from api.plan.clock import Clock
from api.plan.ids import encode_id
from api.plan.operation import Bound, Prepared, prepare, run
from api.plan.planning import Operation, PlanCache
from api.plan.rows import Row
from api.schema.schema import graphql_schema
from graph.store.settings import StoreSettings

pytestmark = pytest.mark.anyio
ID = "query ($id: ID!) "
IDS = "query ($ids: [ID!]!) "
JOURNEY = "interactions(first: 20) { nodes { id occurredAt kind channel touchpoint { key } sourceRecord { key } } }"
SURROUNDINGS = (
    "id displayName formerIds account { name } sourceRecords { nodes { key } } handoffs { nodes { occurredAt } } "
    "stageTransitions { nodes { toStage } } surveyResponses { nodes { rawScore } } repeatedQuestions { field } "
)
BY_INDEX: dict[str, tuple[str, dict[str, Any]]] = {
    "customer": (ID + f"{{ customer(id: $id) {{ {SURROUNDINGS} {JOURNEY} }} }}", {"id": encode_id("Customer", "c")}),
    "matters": (
        ID + "{ customer(id: $id) { tickets(filter: {status: {eq: OPEN}}) { nodes { key customers { nodes { id } } } } "
        "deals { nodes { amount { amount } } } orders { nodes { status } } subscriptions { nodes { status } } "
        "interactions(first: 5) { nodes { ticket { status } deal { status } participants { customer { id } } } } } }",
        {"id": encode_id("Customer", "c")},
    ),
    "account": (
        ID + "{ account(id: $id) { name customers { nodes { id } } interactions { nodes { id } } } }",
        {"id": encode_id("Account", "a")},
    ),
    "customers by address": ('{ customerByIdentifier(identifier: {emailAddress: "a@x.test"}) { id } }', {}),
    "customers by record": (
        '{ customerByIdentifier(identifier: {sourceRecord: {source: "a", stream: "b", sourceId: "c"}}) { id } }',
        {},
    ),
    "customers of an account": (
        'query ($a: ID!) { account(id: $a) { customers(filter: {country: {eq: "SE"}}) { nodes { id } } } }',
        {"a": encode_id("Account", "a")},
    ),
    **{
        f"nodes {typename}": (IDS + "{ nodes(ids: $ids) { id } }", {"ids": [encode_id(typename, "a")]})
        for typename in (
            "Account",
            "Customer",
            "Deal",
            "Interaction",
            "MatchDecision",
            "Order",
            "SourceRecord",
            "SubscriptionContract",
            "SurveyResponse",
            "Ticket",
        )
    },
    "nodes MatchReview": (IDS + "{ nodes(ids: $ids) { id } }", {"ids": [encode_id("MatchReview", "a\nb")]}),
    "nodes Touchpoint": (IDS + "{ nodes(ids: $ids) { id } }", {"ids": [encode_id("Touchpoint", "a")]}),
    "customers by name": ("{ customers(first: 50) { nodes { id } pageInfo { hasNextPage } } }", {}),
    "customers by name, the last": ("{ customers(last: 50) { nodes { id } } }", {}),
    "search": ('{ search(query: "ada lovelace") { nodes { __typename } totalCount } }', {}),
    "search by address": ('{ search(query: "ada@x.test") { nodes { __typename } } }', {}),
    "search by number": ('{ search(query: "030 123456") { nodes { __typename } } }', {}),
    "rejections": (
        "{ sources { name recordCount interactionCount rejections { nodes { reason } } runs { nodes { status } } } }",
        {},
    ),
    "match reviews": (
        "{ matchReviews(first: 20) { nodes { id first { key } decision { kind } impact { customersMerged } } } }",
        {},
    ),
}
SCANS = {
    "NodeByLabelScan",
    "UnionNodeByLabelsScan",
    "AllNodesScan",
    "DirectedRelationshipTypeScan",
    "UndirectedRelationshipTypeScan",
    "DirectedAllRelationshipsScan",
    "UndirectedAllRelationshipsScan",
}


class Noting:
    """Notes what a plan asks and answers that there is nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def read(self, query: str, /, **parameters: Any) -> list[Row]:
        self.asked.append((query, parameters))
        columns = query.rpartition("RETURN")[2].count(",") + 1
        # A search has words for what was typed, or it would ask no further.
        words = [["ada", 1], ["lovelace", 1]]
        return [[words if "ORDER BY size(w.folded)" in query else []] * columns]


def operators(plan: dict[str, Any]) -> Iterator[str]:
    """The operators of an execution plan with what they are about, e.g. `NodeUniqueIndexSeek UNIQUE c:Customer(id)`."""
    yield f"{plan['operatorType'].partition('@')[0]} {plan['args'].get('Details', '')}"
    for child in plan.get("children", ()):
        yield from operators(child)


def explained(settings: StoreSettings, cypher: str, parameters: dict[str, Any]) -> list[str]:
    """The operators of a query on Neo4j."""
    login = (settings.user, settings.password.get_secret_value())
    with GraphDatabase.driver(settings.uri, auth=login) as driver, driver.session() as session:
        plan = session.run(f"EXPLAIN {cypher}", parameters).consume().plan  # type: ignore[arg-type]
    assert plan is not None
    return list(operators(plan))


def prepared_for(query: str, variables: dict[str, Any], plans: PlanCache) -> Prepared:
    document = parse(query)
    operation = Operation(document, document.definitions[0], query.encode())  # type: ignore[arg-type]
    prepared = prepare(graphql_schema(), plans, operation, variables, clock=Clock(), most_rows=10**9)
    assert isinstance(prepared, Prepared)
    return prepared


@pytest.mark.parametrize("filter", ["", 'filter: {country: {eq: "SE"}},'])
@pytest.mark.parametrize("order", ["UPDATED_AT, direction: DESC", "LAST_ACTIVITY_AT, direction: ASC"])
def test_a_page_in_an_order_that_has_an_index_sorts_nobody(
    order: str, filter: str, neo4j_settings: StoreSettings
) -> None:
    """Where the page ends is read along the index, and the page between two bounds of it."""
    query = f"{{ customers(first: 50, {filter} orderBy: [{{field: {order}}}]) {{ nodes {{ id }} }} }}"
    (bound,) = prepared_for(query, {}, PlanCache()).bound.values()
    assert isinstance(bound, Bound)
    until = bound.plan.until
    assert until is not None
    assert until.in_order is not None

    end = explained(neo4j_settings, until.in_order, bound.parameters)
    page = explained(neo4j_settings, until.query, {**bound.parameters, "until": datetime.now(UTC)})

    assert [text for text in end if text.split()[0] in {*SCANS, "Sort", "Top", "PartialSort"}] == []
    assert [text for text in page if text.split()[0] in SCANS] == []
    assert any(text.startswith("NodeIndexSeekByRange") for text in page), page


@pytest.mark.parametrize("name", sorted(BY_INDEX))
async def test_a_look_up_scans_no_label(name: str, neo4j_settings: StoreSettings) -> None:
    """EXPLAIN of each look-up, and of what surrounds its row, has index seeks and no scan."""
    query, variables = BY_INDEX[name]
    noting, plans = Noting(), PlanCache()
    prepared = prepared_for(query, variables, plans)
    await run(graphql_schema(), noting, plans, prepared)
    assert len(noting.asked) == 1 or name.startswith("search")
    for cypher, parameters in noting.asked:
        used = explained(neo4j_settings, cypher, parameters)

        # `sources` wants all of them, and of each what its streams gave.
        scans = [text for text in used if text.split()[0] in SCANS and not text.endswith((":Source", ":Cursor"))]
        assert scans == []
        assert [text for text in used if "Index" in text], used

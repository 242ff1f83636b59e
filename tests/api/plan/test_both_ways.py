"""A plan's own answer and graphql-core's walk over the same rows are the same, byte for byte and error for error."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
import strawberry
from graphql import GraphQLError, GraphQLObjectType
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from api.limits import Limits
from api.plan.fields import Argument, column, described, identity, root
from api.plan.ids import encode_id, key_of, type_in
from api.plan.roots import Filled, RootOne
from api.plan.rows import Row
from api.plan.service import RequestRefused, Service
from api.schema.schema import graphql_schema, walkable
from graph.customer import reading
from graph.store.driver import Store
from tests.api.conftest import BEGIN, write_company
from tests.api.plan.operations import Operation, chains, operations

pytestmark = pytest.mark.anyio
NOW = BEGIN + timedelta(days=60)
UNBOUNDED = Limits(rows=10**12, aliases=1_000)
ADA = encode_id("Customer", "c-ada")
VALUES: dict[str, Any] = {
    "ID": [
        ADA,
        encode_id("Customer", "c-old"),
        encode_id("Customer", "c-odd"),
        encode_id("Customer", "c-nobody"),
        encode_id("Account", "a-1"),
        encode_id("Interaction", "h3"),
        encode_id("Interaction", "odd"),
        encode_id("SurveyResponse", "h3"),
        encode_id("SourceRecord", "crm/contacts/1"),
        encode_id("MatchReview", "crm/contacts/2\nodd/contacts/1"),
        encode_id("Touchpoint", "sales:other"),
        "no id",
    ],
    "String": ["crm", "ada", "deal.won", "survey.answered", ""],
    "query": ["ada", "analytical", "test", " ' "],
    "emailAddress": ["ada@x.test", "team@x.test", "nobody@x.test", "no address"],
    "phoneNumber": ["+49 30 123456", "12"],
    "after": ["no cursor"],
    "before": ["no cursor"],
    "timeZone": ["Europe/Berlin", "Nowhere"],
    "first": [1, 2, 5, 20, 30, 100, 0],
    "last": [1, 2, 25, 101],
    "Int": [0, 1, 2, 3, 8],
    "maxSteps": [2, 5, 1],
    "minCustomers": [1, 0],
    "Float": [0.5, 1, -2.25],
    "Boolean": [True, False],
    "DateTime": ["2026-01-05T09:30:00Z", "2026-01-06T00:00:00+01:00"],
    "Date": ["2026-01-01", "2026-02-01"],
}
ROOTS = sorted(graphql_schema().query_type.fields)  # type: ignore[union-attr]


class Remembering:
    """A store that reads everything once: both ways have the same rows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[str, list[Row]] = {}

    async def read(self, query: str, /, **parameters: Any) -> list[Row]:
        key = f"{query} {sorted(parameters.items())}"
        if key not in self._rows:
            self._rows[key] = await self._store.read(query, **parameters)
        return self._rows[key]


@pytest.fixture(autouse=True)
def no_needless_walk(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What the walk answers without an error, the plan finished itself."""
    yield
    assert not [told for told in caplog.get_records("call") if "a mistake of ours" in told.getMessage()]


def both(store: Store) -> tuple[Service, Service]:
    """The API as it is, and one that walks everything."""
    schema, reader = graphql_schema(), Remembering(store)
    return (
        Service(schema, reader, UNBOUNDED, now=lambda: NOW),
        Service(schema, reader, UNBOUNDED, now=lambda: NOW, walked=True),
    )


async def response(service: Service, operation: Operation) -> bytes:
    """The response as it goes over the wire, or the refusal."""
    try:
        result = await service.answer(operation.query, operation.variables)
    except RequestRefused as refused:
        return orjson.dumps({"errors": [_told(error) for error in refused.errors]})
    body = {"data": result.data, "errors": [_told(error) for error in result.errors or ()]}
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def _told(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    return {**error.formatted, "cause": None if cause is None else f"{type(cause).__name__}: {cause}"}


async def write_odd(store: Store) -> None:
    """Rows that no sync writes: values missing, of other types, out of range, and no members of their enums."""
    await store.write(
        "MATCH (a:Account {id: 'a-1'}) SET a.size = 3000000000 "
        "CREATE (c:Customer {id: 'c-odd', display_name: 12, sort_name: 'odd', record_count: 'many', "
        "interaction_count: 2.0, tags: ['a', 'b'], consents: '[{\"channel\": \"telepathy\", \"status\": null}]', "
        'provenance: \'{"job_title": {"alternatives": [{"value": null}]}}\', external_ids: \'{}\', '
        'emails: \'[{"address": null}, {"address": "x", "primary": 1}]\', birth_date: \'1990-02-30\'}) '
        "CREATE (c)-[:WORKS_FOR]->(a) "
        "CREATE (c)-[:EXPERIENCED]->(i:Interaction {id: 'odd', sequence: 0, channel: 'telepathy', kind: 'x', "
        "score: 3, amount: 5, text: 7, extra: 'null', automated: 1, at: datetime({epochMillis: $at})}) "
        "CREATE (c)-[:FIRST]->(i) CREATE (c)-[:LAST]->(i) "
        "WITH a MATCH (r:SourceRecord {key: 'crm/contacts/2'}) CREATE (r)-[:MAY_MATCH {status: 'OPEN', weight: 1.0, "
        "probability: 0.5, queue: '0'}]->(:SourceRecord {key: 'odd/contacts/1', source: 'odd', kind: 'nothing'})",
        at=int(BEGIN.timestamp() * 1000),
    )


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(operation=st.sampled_from(ROOTS).flatmap(lambda root: operations(graphql_schema(), VALUES, root)))
async def test_random_operations_are_answered_alike(operation: Operation, company: Store) -> None:
    """Any selection of any root field; where there is no error, graphql-core is not needed."""
    await _once(company)
    planned, walked = both(company)

    answer = await response(planned, operation)

    assert answer == await response(walked, operation), operation
    told = orjson.loads(answer)
    errors = told["errors"]
    event("refused" if "data" not in told else "fields failed" if errors else "answered")
    assert errors or planned.plans.walks == 0, operation


async def _once(store: Store) -> None:
    """The odd rows, once a graph: the examples of a test share it."""
    if not await store.read("MATCH (c:Customer {id: 'c-odd'}) RETURN 1"):
        await write_odd(store)


@pytest.mark.parametrize(
    "typename", ["Account", "Customer", "Interaction", "MatchReview", "SourceRecord", "SurveyResponse"]
)
async def test_every_field_is_answered_alike_whatever_the_row_holds(typename: str, embedded_store: Store) -> None:
    """Each field by itself, of rows that are in order and of rows that no sync writes."""
    await write_company(embedded_store)
    await write_odd(embedded_store)
    planned, walked = both(embedded_store)
    type_ = graphql_schema().type_map[typename]
    assert isinstance(type_, GraphQLObjectType)
    ids = [id for id in VALUES["ID"] if type_in(id) == typename]
    failed = found = 0
    for chain in chains(type_, 1):
        query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {typename} {{ {chain} }} }} }}"
        for asked in ([id] for id in ids):
            answer = await response(planned, Operation(query, {"ids": asked}))
            assert answer == await response(walked, Operation(query, {"ids": asked})), (query, asked)
            told = orjson.loads(answer)
            failed += bool(told["errors"])
            found += told["data"] is not None and told["data"]["nodes"] != [None]

    assert failed == planned.plans.walks
    assert found


async def test_one_plan_answers_for_all_its_values(company: Store) -> None:
    """What was planned for other values of the same variables answers as if it had been planned for these."""
    kept, _ = both(company)
    query = """query ($id: ID!, $n: Int, $fields: [CustomerFieldName!], $with: Boolean!, $channels: [Channel!]) {
        customer(id: $id) { id displayName @include(if: $with) fieldProvenance(fields: $fields) { field rule }
        interactions(first: $n, filter: {channel: {in: $channels}}) { nodes { id } pageInfo { hasNextPage } } } }"""
    for values in (
        {"n": 2, "fields": ["JOB_TITLE", "FAMILY_NAME"], "with": True, "channels": ["EMAIL", "WEB"]},
        {"n": 3, "fields": ["FAMILY_NAME", "JOB_TITLE"], "with": True, "channels": ["WEB", "EMAIL"]},
        {"n": None, "fields": None, "with": False, "channels": ["EMAIL"]},
        {"n": 60, "fields": [], "with": False, "channels": []},
        {"n": 1, "with": True},
    ):
        operation = Operation(query, {"id": ADA, **values})
        fresh, walked = both(company)
        assert await response(kept, operation) == await response(fresh, operation) == await response(walked, operation)


async def test_the_order_of_a_list_of_enums_is_not_lost_in_a_kept_plan(company: Store) -> None:
    """Two requests that name the same members in another order get them each in theirs."""
    alternatives = '{"job_title": {"rule": "a"}, "family_name": {"rule": "b"}}'
    await company.write("MATCH (c:Customer {id: 'c-ada'}) SET c.provenance = $text", text=alternatives)
    planned, _ = both(company)
    query = "query ($id: ID!, $f: [CustomerFieldName!]) { customer(id: $id) { fieldProvenance(fields: $f) { field } } }"

    async def fields(*wanted: str) -> list[str]:
        result = await planned.answer(query, {"id": ADA, "f": list(wanted)})
        assert result.data is not None
        return [found["field"] for found in result.data["customer"]["fieldProvenance"]]

    assert await fields("JOB_TITLE", "FAMILY_NAME") == ["JOB_TITLE", "FAMILY_NAME"]
    assert await fields("FAMILY_NAME", "JOB_TITLE") == ["FAMILY_NAME", "JOB_TITLE"]


async def test_a_null_where_none_may_be_takes_its_parent_with_it(company: Store) -> None:
    """One row of a list is broken: its nearest nullable parent is null, the error has the path, the rest is there."""
    await write_odd(company)
    query = "{ customers(first: 9) { nodes { id account { name size } } totalCount } sources { name } }"
    planned, walked = both(company)

    answer = await response(planned, Operation(query, {}))

    assert answer == await response(walked, Operation(query, {}))
    told = orjson.loads(answer)
    nodes = told["data"]["customers"]["nodes"]
    assert [node["account"] for node in nodes if node["account"]] == [{"name": "Analytical Ltd", "size": None}] * 3
    assert sorted(error["path"][-1] for error in told["errors"]) == ["size"] * 3
    assert told["data"]["sources"] == [{"name": "crm"}]


async def test_changes_are_answered_alike(embedded_store: Store) -> None:
    """What is worked out, and the rows it names: with all in order, with user errors, and with a null too many."""
    await write_company(embedded_store)
    await write_odd(embedded_store)
    query = """mutation ($known: ID!, $unknown: ID!, $whole: Boolean!) {
        one: assignMatchReview(input: {reviewId: $known, assignee: "cleo"}) { ...Told }
        two: assignMatchReview(input: {reviewId: $unknown}) { ...Told } }
        fragment Told on AssignMatchReviewPayload { __typename userErrors { code field message decisionIds }
            review { id assignee second @include(if: $whole) { key } } }"""
    known, unknown = (encode_id("MatchReview", f"crm/contacts/2\n{key}") for key in ("odd/contacts/1", "no/such/1"))
    planned = Service(graphql_schema(), embedded_store, writes_to=embedded_store)
    walked = Service(graphql_schema(), embedded_store, writes_to=embedded_store, walked=True)
    for whole in (False, True):
        operation = Operation(query, {"known": known, "unknown": unknown, "whole": whole})
        answer = await response(planned, operation)
        assert answer == await response(walked, operation)
        told = orjson.loads(answer)
        assert [error["path"] for error in told["errors"]] == ([["one", "review", "second"]] if whole else [])
        assert told["data"]["two"]["userErrors"]
        if not whole:
            assert told["data"]["one"]["review"] == {"id": known, "assignee": "cleo"}

    assert planned.plans.walks == 1


@described
class Visitor:
    """A customer, as a type of this test reads them."""

    id: strawberry.ID = identity()
    sort_name: str | None = column("The name they are sorted by.")


@described
class VisitorQuery:
    """The root of this test's schema."""

    visitor: Visitor | None = root(
        "A visitor by id.",
        RootOne(reading.CUSTOMER_BY_ID, (Filled("id", lambda arguments: key_of(arguments["id"], "Customer")),)),
        [Argument("id", strawberry.ID, "Their id.")],
    )


async def test_a_new_field_is_one_line(company: Store) -> None:
    """`sort_name` above is all there is of it: it is read, answered, and walked."""
    schema = walkable(strawberry.Schema(query=VisitorQuery))
    operation = Operation("query ($id: ID!) { visitor(id: $id) { sortName id } }", {"id": ADA})
    planned, walked = Service(schema, company), Service(schema, company, walked=True)

    answer = await response(planned, operation)

    visitor = {"sortName": "lovelace ada", "id": encode_id("Visitor", "c-ada")}
    assert orjson.loads(answer) == {"data": {"visitor": visitor}, "errors": []}
    assert answer == await response(walked, operation)
    assert (planned.plans.walks, walked.plans.walks) == (0, 1)

"""The root fields: look-ups, lists, search, sources and flows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from graphql import build_client_schema, get_introspection_query, print_schema

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import export_schema, graphql_schema
from graph.reading import Reading
from graph.store.driver import Store
from tests.api.conftest import Ask, asker

pytestmark = pytest.mark.anyio
ADA, BOB, CLEO = (encode_id("Customer", f"c-{name}") for name in ("ada", "bob", "cleo"))


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


async def test_a_former_id_answers_with_the_customer_of_today(ask: Ask) -> None:
    """The id of a customer that was merged away still answers, with the new id and the former ones."""
    answer = await ask("query ($id: ID!) { customer(id: $id) { id formerIds } }", id=encode_id("Customer", "c-old"))

    assert answer == {"data": {"customer": {"id": BOB, "formerIds": [encode_id("Customer", "c-old")]}}}


async def test_an_unknown_id_is_null_and_a_wrong_one_is_an_error(ask: Ask) -> None:
    """Nothing of that id is null; an id of another type, or no id at all, is refused in words."""
    query = "query ($id: ID!) { customer(id: $id) { id } }"

    assert await ask(query, id=encode_id("Customer", "c-nobody")) == {"data": {"customer": None}}
    wrong_type = await ask(query, id=encode_id("Account", "a-1"))
    assert wrong_type["data"] == {"customer": None}
    assert codes(wrong_type) == ["BAD_USER_INPUT"]
    assert wrong_type["errors"][0]["path"] == ["customer"]
    assert codes(await ask(query, id="c-ada")) == ["BAD_USER_INPUT"]


@pytest.mark.parametrize(
    "identifier",
    [
        {"emailAddress": " ADA@x.test "},
        {"phoneNumber": "+49 30 123456"},
        {"externalId": {"system": "loyalty", "value": "L1"}},
        {"sourceRecord": {"source": "help", "stream": "users", "sourceId": "1"}},
    ],
)
async def test_a_customer_is_found_by_each_kind_of_identifier(ask: Ask, identifier: dict[str, Any]) -> None:
    """E-mail, telephone, external id and source record lead to the one customer, however they are written."""
    query = "query ($by: CustomerIdentifierInput!) { customerByIdentifier(identifier: $by) { id } }"

    assert await ask(query, by=identifier) == {"data": {"customerByIdentifier": {"id": ADA}}}


async def test_a_shared_identifier_is_null_with_the_ids_of_all_owners(ask: Ask) -> None:
    """Two customers with one address: no guess, but AMBIGUOUS_IDENTIFIER and their ids."""
    answer = await ask('{ customerByIdentifier(identifier: {emailAddress: "team@x.test"}) { id } }')

    assert answer["data"] == {"customerByIdentifier": None}
    assert codes(answer) == ["AMBIGUOUS_IDENTIFIER"]
    assert sorted(answer["errors"][0]["extensions"]["customerIds"]) == sorted([BOB, CLEO])


async def test_node_and_nodes_answer_every_type(ask: Ask) -> None:
    """`nodes` keeps the order of the ids over types, with null where there is nothing."""
    ids = [
        encode_id("Touchpoint", "sales:other"),
        ADA,
        encode_id("Interaction", "nothing"),
        encode_id("SourceRecord", "crm/contacts/2"),
        encode_id("SurveyResponse", "h3"),
        encode_id("Account", "a-1"),
        encode_id("Interaction", "h1"),
    ]
    selection = """__typename id ... on Customer { displayName } ... on Touchpoint { key }
        ... on SourceRecord { key } ... on SurveyResponse { rawScore }
        ... on Account { name } ... on Interaction { kind }"""
    answer = await ask(f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ {selection} }} }}", ids=ids)

    assert "errors" not in answer, answer["errors"]
    found = answer["data"]["nodes"]
    assert found[2] is None
    names = ["Touchpoint", "Customer", None, "SourceRecord", "SurveyResponse", "Account", "Interaction"]
    assert [node and node["__typename"] for node in found] == names
    assert [node["id"] for node in found if node] == [identifier for identifier in ids if identifier != ids[2]]
    one = await ask(f"query ($id: ID!) {{ node(id: $id) {{ {selection} }} }}", id=ADA)
    assert one["data"]["node"] == {"__typename": "Customer", "id": ADA, "displayName": "Ada Lovelace"}


async def test_customers_are_filtered_and_ordered(ask: Ask) -> None:
    """Filters on properties, lists, the account and the journey; orders in both directions."""

    async def names(arguments: str) -> list[str]:
        answer = await ask(f"{{ customers{arguments} {{ nodes {{ displayName }} }} }}")
        assert "errors" not in answer, answer["errors"]
        return [node["displayName"] for node in answer["data"]["customers"]["nodes"]]

    account = encode_id("Account", "a-1")
    assert await names("") == ["Bob", "Cleo", "Ada Lovelace"]
    assert await names("(orderBy: [{field: NAME, direction: DESC}])") == ["Ada Lovelace", "Cleo", "Bob"]
    assert await names("(orderBy: [{field: INTERACTION_COUNT, direction: DESC}, {field: NAME, direction: DESC}])") == [
        "Ada Lovelace",
        "Cleo",
        "Bob",
    ]
    assert await names('(filter: {tags: {in: ["vip", "x"]}})') == ["Ada Lovelace"]
    assert await names('(filter: {sources: {in: ["crm"]}, recordCount: {lt: 2}})') == ["Bob"]
    assert await names("(filter: {activityStatus: {in: [ACTIVE, NEW]}})") == ["Ada Lovelace"]
    assert await names("(filter: {activityStatus: {eq: DORMANT}})") == ["Bob", "Cleo"]
    assert await names(f'(filter: {{account: "{account}"}})') == ["Bob", "Ada Lovelace"]
    assert await names('(filter: {interactions: {some: {kind: {eq: "deal.won"}}}})') == ["Ada Lovelace"]
    assert await names('(filter: {interactions: {none: {kind: {eq: "deal.won"}}}})') == ["Bob", "Cleo"]
    assert await names("(filter: {country: {isNull: true}})") == ["Bob", "Cleo"]


async def test_search_finds_by_parts_of_anything(ask: Ask) -> None:
    """Parts of names, addresses, numbers and companies, without case and accents; the exact address first."""
    query = """query ($q: String!, $types: [SearchType!]) { search(query: $q, types: $types) { totalCount
        nodes { __typename ... on Customer { displayName } ... on Account { name } }
        edges { cursor node { __typename } } } }"""

    async def found(q: str, **more: Any) -> list[str]:
        answer = await ask(query, q=q, **more)
        assert "errors" not in answer, answer["errors"]
        page = answer["data"]["search"]
        assert page["totalCount"] == len(page["nodes"]) == len(page["edges"])
        return [node.get("displayName") or node["name"] for node in page["nodes"]]

    assert await found("LOVE ada") == ["Ada Lovelace"]
    assert await found("ADA@x.test") == ["Ada Lovelace"]
    assert await found("+49 30 123456") == ["Ada Lovelace"]
    assert await found("analytical") == ["Analytical Ltd", "Ada Lovelace"]
    assert await found("analytical", types=["ACCOUNT"]) == ["Analytical Ltd"]
    assert await found("nobody") == []
    assert codes(await ask(query, q=" ' ")) == ["BAD_USER_INPUT"]


async def test_an_account_has_its_people_and_their_interactions(ask: Ask) -> None:
    """`account(id)` gives the people who work there and all that they lived through."""
    answer = await ask(
        """query ($id: ID!) { account(id: $id) { name customers { nodes { displayName } totalCount }
        interactions(first: 1) { totalCount nodes { kind customer { displayName } } }
        sourceRecords { nodes { key } } } }""",
        id=encode_id("Account", "a-1"),
    )

    assert answer["data"]["account"] == {
        "name": "Analytical Ltd",
        "customers": {"nodes": [{"displayName": "Bob"}, {"displayName": "Ada Lovelace"}], "totalCount": 2},
        "interactions": {
            "totalCount": 8,
            "nodes": [{"kind": "survey.answered", "customer": {"displayName": "Ada Lovelace"}}],
        },
        "sourceRecords": {"nodes": [{"key": "crm/accounts/9"}]},
    }


async def test_sources_tell_their_state_and_what_they_could_not_read(ask: Ask) -> None:
    """`sources` have the last sync, what they hold, and each rejection with place and reason."""
    answer = await ask(
        """{ sources { name status lastSyncAt recordCount rejections { totalCount nodes { place reason } }
        runs { nodes { status } } } }"""
    )

    assert answer["data"]["sources"] == [
        {
            "name": "crm",
            "status": "DONE",
            "lastSyncAt": "2026-01-05T09:00:00Z",
            "recordCount": 3,
            "rejections": {"totalCount": 1, "nodes": [{"place": "contacts.csv:7", "reason": "no id"}]},
            "runs": {"nodes": []},
        }
    ]


async def test_the_comparison_counts_each_source_and_all_together(ask: Ask) -> None:
    """Each source by itself, the people they are together, and which sources know the same ones."""
    answer = await ask(
        """{ sourceComparison { customerCount sharedCount sentence
        sources { source personCount customerCount onlyHereCount }
        overlaps { sources customerCount } } }"""
    )

    assert answer["data"]["sourceComparison"] == {
        "customerCount": 3,
        "sharedCount": 1,
        "sentence": "crm counts 2, help 2, mkt 1 people; together they are 3.",
        "sources": [
            {"source": "crm", "personCount": 2, "customerCount": 2, "onlyHereCount": 1},
            {"source": "help", "personCount": 2, "customerCount": 2, "onlyHereCount": 1},
            {"source": "mkt", "personCount": 1, "customerCount": 1, "onlyHereCount": 0},
        ],
        "overlaps": [
            {"sources": ["crm"], "customerCount": 1},
            {"sources": ["crm", "help", "mkt"], "customerCount": 1},
            {"sources": ["help"], "customerCount": 1},
        ],
    }


async def test_kinds_can_be_discovered(ask: Ask) -> None:
    """`interactionKinds` lists what occurs, with how often and from where."""
    answer = await ask("{ interactionKinds { kind isKnown interactionCount sources } }")

    assert len(answer["data"]["interactionKinds"]) == 8
    assert answer["data"]["interactionKinds"][0] == {
        "kind": "deal.won",
        "isKnown": True,
        "interactionCount": 1,
        "sources": ["s"],
    }


async def test_one_root_field_is_one_query_however_deep(company: Store) -> None:
    """Three root fields, deeply selected, are three reads; asking again with other values plans nothing new."""

    class Counting:
        texts: list[str]

        def __init__(self) -> None:
            self.texts = []

        async def read(self, query: str, /, **parameters: Any) -> list[Reading]:
            self.texts.append(query)
            return await company.read(query, **parameters)  # type: ignore[return-value]

    counting = Counting()
    service = Service(graphql_schema(), counting)  # type: ignore[arg-type]
    ask = asker(service)
    query = """query ($id: ID!, $n: Int) { a: customer(id: $id) {
        account { customers { nodes { interactions(first: $n) {
        nodes { sourceRecord { key customer { id } } touchpoint { key } } } } } } }
        customers(first: $n) { nodes { emails { sourceRecords { key } } } } sources { name } }"""
    assert "errors" not in await ask(query, id=ADA, n=3)
    assert len(counting.texts) == 3
    assert "errors" not in await ask(query, id=BOB, n=5)
    assert (service.plans.hits, service.plans.misses) == (1, 1)
    assert len(set(counting.texts)) == 3


async def test_the_filter_and_the_field_agree_on_the_activity_status(store: Store) -> None:
    """For every mix of first, last and returning activity, the status one reads is the status one can filter by."""
    now = datetime(2026, 6, 1, tzinfo=UTC)
    days = (None, 1, 60, 200)
    rows = [
        {"id": f"{first}-{last}-{back}-{gone}", "first": _ago(now, first), "last": _ago(now, last)}
        | {"back": _ago(now, back), "gone": _ago(now, gone)}
        for first in days
        for last in days
        for back in days
        for gone in (None, 60, -1)
    ]
    moment = "CASE WHEN row.{0} IS NULL THEN null ELSE datetime({{epochMillis: row.{0}}}) END"
    await store.write(
        "UNWIND $rows AS row CREATE (c:Customer {id: row.id, display_name: row.id, sort_name: row.id}) "
        f"SET c.first_at = {moment.format('first')}, c.last_inbound_at = {moment.format('last')}, "
        f"c.reactivated_at = {moment.format('back')}, c.churned_at = {moment.format('gone')}",
        rows=rows,
    )
    ask = asker(Service(graphql_schema(), store, now=lambda: now))
    everyone = []
    for gone in (None, 60, -1):
        page = await ask(
            "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { id activityStatus } } }",
            ids=[encode_id("Customer", row["id"]) for row in rows if row["id"].endswith(f"-{gone}")],
        )
        everyone += page["data"]["nodes"]
    assert len(everyone) == len(rows)
    for status in ("NEW", "ACTIVE", "DORMANT", "REACTIVATED", "CHURNED"):
        answer = await ask(
            f"{{ customers(first: 100, filter: {{activityStatus: {{eq: {status}}}}}) {{ nodes {{ id }} }} }}"
        )
        found = {node["id"] for node in answer["data"]["customers"]["nodes"]}
        assert found == {node["id"] for node in everyone if node["activityStatus"] == status}
        assert found


def _ago(now: datetime, days: int | None) -> int | None:
    return None if days is None else int((now - timedelta(days=days)).timestamp() * 1000)


async def test_an_error_quotes_its_own_request_only(ask: Ask) -> None:
    """Two wrong ids, asked one after the other with the same query, are each told about themselves."""
    query = "query ($id: ID!) { node(id: $id) { id } }"
    first, second = await ask(query, id="first!"), await ask(query, id="second!")

    assert "first!" in first["errors"][0]["message"]
    assert "second!" in second["errors"][0]["message"]
    assert "first!" not in second["errors"][0]["message"]


async def test_tools_can_read_the_whole_schema(ask: Ask) -> None:
    """The introspection query of GraphiQL and of code generators stays within the limits."""
    query = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, input_value_deprecation=True)
    answer = await ask(query)

    assert "errors" not in answer
    assert print_schema(build_client_schema(answer["data"])).rstrip() == export_schema().rstrip()

"""Who may ask for what, and what of it is masked: every field for every role, generated from the schema."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    OperationDefinitionNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
    parse,
    validate,
)
from graphql.execution.values import VariableValues, get_variable_values

from api.feed import Feed
from api.plan.access import ACCESS, Forbidden, access_of, masked_address, masked_number, masked_text
from api.plan.change_cursor import place_cursor
from api.plan.ids import encode_id
from api.plan.planning import Operation, make_plan
from api.plan.service import RequestRefused, Service
from api.schema.access import FIELDS, MASKS
from api.schema.schema import graphql_schema
from api.viewer import Viewer
from graph.keys import Role, create_key
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.conftest import BEGIN
from tests.api.test_http import client_of
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
SCHEMA = graphql_schema()
ROOTS = {"Query": "query", "Mutation": "mutation", "Subscription": "subscription"}


@dataclass(frozen=True, slots=True)
class Step:
    """A field on the way from the root, and the type that it stands in."""

    type: str
    field: str
    definition: GraphQLField


def _composites() -> Iterator[GraphQLObjectType | GraphQLInterfaceType]:
    for name, type_ in SCHEMA.type_map.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            yield type_


def _ways() -> dict[str, list[Step]]:
    """The shortest way from a root to each object type."""
    ways: dict[str, list[Step]] = {name: [] for name in ROOTS}
    waiting = deque(ROOTS)
    while waiting:
        name = waiting.popleft()
        type_ = SCHEMA.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for field, definition in type_.fields.items():
            target = get_named_type(definition.type)
            found = target.types if isinstance(target, GraphQLUnionType) else [target]
            for each in found:
                if isinstance(each, GraphQLObjectType) and each.name not in ways:
                    ways[each.name] = [*ways[name], Step(name, field, definition)]
                    waiting.append(each.name)
    return ways


WAYS = _ways()
EVERY_FIELD = [
    (type_.name, field) for type_ in _composites() if isinstance(type_, GraphQLObjectType) for field in type_.fields
]


def _literal(type_: Any, name: str) -> str:
    if is_non_null_type(type_):
        return _literal(type_.of_type, name)
    if is_list_type(type_):
        return f"[{_literal(type_.of_type, name)}]"
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        required = {each: field for each, field in type_.fields.items() if is_required_input_field(field)}
        given = required or dict(list(type_.fields.items())[:1])
        return "{" + ", ".join(f"{each}: {_literal(field.type, each)}" for each, field in given.items()) + "}"
    texts = {"ID": encode_id("Customer", "c"), "Date": "2026-01-01", "DateTime": "2026-01-01T00:00:00Z"}
    return {"Int": "1", "Float": "0.9", "Boolean": "true"}.get(type_.name, f'"{texts.get(type_.name, "ada@x.test")}"')


def _called(step: Step) -> str:
    given = [
        f"{name}: {_literal(argument.type, name)}"
        for name, argument in step.definition.args.items()
        if is_required_argument(argument)
    ]
    return f"{step.field}({', '.join(given)})" if given else step.field


def _operation(typename: str, field: str) -> tuple[Operation, list[Step]]:
    """An operation that asks for this field and for nothing else but the way to it."""
    type_ = SCHEMA.type_map[typename]
    assert isinstance(type_, GraphQLObjectType)
    last = Step(typename, field, type_.fields[field])
    steps = [*WAYS[typename], last]
    text = "" if is_leaf_type(get_named_type(last.definition.type)) else " { __typename }"
    inner = typename
    for step in reversed(steps):
        is_abstract = step is not last and not isinstance(get_named_type(step.definition.type), GraphQLObjectType)
        text = f" {{ ... on {inner}{text} }}" if is_abstract else text
        text = f" {{ {_called(step)}{text} }}"
        inner = step.type
    document = parse(ROOTS[steps[0].type] + text)
    assert validate(SCHEMA, document) == [], text
    (node,) = document.definitions
    assert isinstance(node, OperationDefinitionNode)
    return Operation(document, node, text.encode()), steps


def test_every_field_of_the_schema_is_decided() -> None:
    """A new field stands in api/schema/access.py, under the role that may ask for it; what is gone does not."""
    undecided = {f"{type_.name}.{field}" for type_ in _composites() for field, definition in type_.fields.items()
                 if ACCESS not in definition.extensions}  # fmt: skip
    declared = {
        f"{name}.{field}" for name, roles in FIELDS.items() for each in roles.values() for field in each.split()
    }
    there = {f"{type_.name}.{field}" for type_ in _composites() for field in type_.fields}

    assert undecided == set(), "say in api/schema/access.py who may ask for these"
    assert declared - there == set()
    assert set(MASKS) - there == set()


@pytest.mark.parametrize("role", Role)
def test_every_field_is_planned_for_its_roles_and_refused_to_the_others(role: Role) -> None:
    """Reached by itself, each field is refused exactly when it, or a field on the way, is for a higher role."""
    wrong = []
    for typename, field in EVERY_FIELD:
        operation, steps = _operation(typename, field)
        least = max(access_of(step.definition).least for step in steps)
        values = get_variable_values(SCHEMA, [], {})
        assert isinstance(values, VariableValues)
        try:
            make_plan(SCHEMA, operation, values, role)
            was_refused = False
        except Forbidden:
            was_refused = True
        if was_refused != (role < least):
            wrong.append(f"{typename}.{field}: refused {was_refused}, least {least.word}")

    assert len(EVERY_FIELD) > 300
    assert wrong == []


def test_the_roles_go_one_further_each() -> None:
    """Readers look up, analysts compare, stewards decide; the fields of each are those the page tells."""
    may = {role: set(FIELDS["Query"].get(role, "").split()) for role in Role}

    assert may[Role.READER] == {
        "node",
        "nodes",
        "customer",
        "customerByIdentifier",
        "customers",
        "search",
        "account",
        "changeLog",
        "alerts",
        "customerJourney",
    }
    assert {"journeyFlow", "sources"} <= may[Role.ANALYST]
    assert {"matchReviews", "matchExplanation"} <= may[Role.STEWARD]
    assert set(FIELDS["Mutation"]) == {Role.STEWARD}


def test_what_is_masked_can_be_masked() -> None:
    """A mask of texts stands on texts, and what is withheld may be null."""
    for name, mask in MASKS.items():
        typename, field = name.split(".")
        type_ = SCHEMA.type_map[typename]
        assert isinstance(type_, GraphQLObjectType)
        declared = type_.fields[field].type
        if mask.show is None:
            assert not is_non_null_type(declared), f"{name} is withheld and may not be null"
        else:
            assert get_named_type(declared).name == "String", name


EVERYTHING = """query ($ada: ID!) {
  customer(id: $ada) {
    displayName birthDate jobTitle primaryEmail { address isPrimary } emails { address } primaryPhone { number }
    phones { number } address { street city postalCode country } externalIds { system value }
    fieldProvenance { field value recordKey alternatives { value } }
    consents { channel status evidence }
    interactions(first: 50) { nodes { kind subject text reason extra } }
    surveyResponses { nodes { comment rawScore } }
    sourceRecords { nodes { key body sourceId } }
    matchTree { nodes { recordKey line } }
  }
  search(query: "ada") { nodes { ... on Customer { emails { address } } } }
}"""
PERSONAL = ("ada@x.test", "old@x.test", "30123456", "James's", "1990-12-10", '"L1"', "Clerk", "given_name", "call me")


async def _asked(store: Store, role: Role, query: str, *, walked: bool = False, **variables: Any) -> Any:
    service = Service(SCHEMA, store, now=lambda: BEGIN + timedelta(days=60), walked=walked, writes_to=store)
    result = await service.answer(query, variables, viewer=Viewer("x", role))
    assert result.errors is None, result.errors
    return orjson.loads(orjson.dumps(result.data, option=orjson.OPT_UTC_Z))


async def test_personal_data_is_masked_for_readers_and_analysts_and_clear_for_stewards(company: Store) -> None:
    """Nothing personal is anywhere in what readers and analysts get, by a plan's own answer and by the walk."""
    await company.write(
        "MATCH (i:Interaction {id: 'h1'}) SET i.text = 'I am ada@x.test, call me: +49 30 123456 from 8.', "
        "i.extra = '{\"call me\": 1}'"
    )
    ada = encode_id("Customer", "c-ada")
    clear = await _asked(company, Role.STEWARD, EVERYTHING, ada=ada)
    for role in (Role.READER, Role.ANALYST):
        shown = await _asked(company, role, EVERYTHING, ada=ada)
        assert shown == await _asked(company, role, EVERYTHING, ada=ada, walked=True)
        found = [value for value in PERSONAL if value in re.sub("call me: ", "", str(orjson.dumps(shown)))]
        assert found == []
        customer = shown["customer"]
        assert customer["primaryEmail"] == {"address": "a•••@x.test", "isPrimary": True}
        assert customer["primaryPhone"] == {"number": "+49•••56"}
        assert customer["address"] == {"street": "•••", "city": "London", "postalCode": None, "country": "GB"}
        assert customer["birthDate"] is None
        assert customer["displayName"] == "Ada Lovelace"
        assert [i["text"] for i in customer["interactions"]["nodes"] if i["text"]] == [
            "I had to say it twice.",
            "I am a•••@x.test, call me: +49•••56 from 8.",
        ]

    said = orjson.dumps(clear, option=orjson.OPT_SORT_KEYS).decode()
    assert [value for value in PERSONAL if value not in said] == []


async def test_a_plan_of_one_role_never_answers_another(company: Store) -> None:
    """The same document through one service: each role gets its own answer, whoever asked first."""
    service = Service(SCHEMA, company)
    most = "first: 1, orderBy: [{field: INTERACTION_COUNT, direction: DESC}]"
    query = f"{{ customers({most}) {{ nodes {{ emails {{ address }} }} }} }}"

    async def first_address(role: Role) -> str:
        result = await service.answer(query, viewer=Viewer("x", role))
        assert result.data is not None
        address: str = result.data["customers"]["nodes"][0]["emails"][0]["address"]
        return address

    in_turn = [await first_address(role) for role in (Role.ADMIN, Role.READER, Role.STEWARD, Role.ANALYST, Role.READER)]
    assert in_turn == ["ada@x.test", "a•••@x.test", "ada@x.test", "a•••@x.test", "a•••@x.test"]


async def test_what_is_withheld_is_not_read(company: Store) -> None:
    """The bodies of records do not leave the store for somebody who may not see them."""
    read: list[str] = []

    class Watched:
        async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
            read.append(query)
            return await company.read(query, **parameters)

    service = Service(SCHEMA, Watched())
    query = "query ($id: ID!) { customer(id: $id) { sourceRecords { nodes { kind body } } } }"
    for role in (Role.STEWARD, Role.READER):
        await service.answer(query, {"id": encode_id("Customer", "c-ada")}, viewer=Viewer("x", role))

    assert [".body" in text for text in read] == [True, False]


async def test_a_refused_change_is_not_made(company: Store) -> None:
    """A reader's merge is refused as a whole, with the role it needs; also beside fields that are allowed."""
    service = Service(SCHEMA, company, writes_to=company)
    ids = [encode_id("Customer", "c-bob"), encode_id("Customer", "c-cleo")]
    merge = "mutation ($ids: [ID!]!) { mergeCustomers(input: {customerIds: $ids}) { userErrors { message } } }"
    with pytest.raises(RequestRefused) as refused:
        await service.answer(merge, {"ids": ids}, viewer=Viewer("x", Role.ANALYST))
    with pytest.raises(RequestRefused):
        await service.answer(
            "{ customers { nodes { id } } matchReviews { nodes { id } } }", viewer=Viewer("x", Role.READER)
        )

    (error,) = refused.value.errors
    assert error.extensions == {"code": "FORBIDDEN", "role": "analyst", "neededRole": "steward"}
    assert "Mutation.mergeCustomers" in error.message
    assert await company.read("MATCH (d:Decision) RETURN count(d)") == [[0]]


async def test_a_subscription_is_told_through_the_same_masks(store: Store) -> None:
    """Two who subscribe to the same are told the same events, each as their role sees them."""
    ada, bob = (person(f"crm/contacts/{number}", name, email=f"{name.lower()}@x.test")
                for number, name in enumerate(("Ada", "Bob")))  # fmt: skip
    await sync([fixed_source("crm", ada)], store, Rules())
    await sync([fixed_source("crm", ada, bob)], store, Rules())
    feed = Feed(store)
    service = Service(SCHEMA, store, feed=feed)
    query = "subscription ($after: String) { customerUpdated(after: $after) { customer { emails { address } } } }"

    async def told(role: Role) -> str:
        answers = service.subscribe(query, {"after": place_cursor(1)}, viewer=Viewer("x", role))
        async with aclosing(answers), asyncio.timeout(30):
            answer = await anext(answers)
        assert answer.data is not None
        address: str = answer.data["customerUpdated"]["customer"]["emails"][0]["address"]
        return address

    clear, shown = await asyncio.gather(told(Role.STEWARD), told(Role.READER))
    feed.close()

    assert (clear, shown) == ("bob@x.test", "b•••@x.test")


async def test_a_node_is_no_way_around(company: Store) -> None:
    """A review's id opens nothing to a reader."""
    service = Service(SCHEMA, company)
    query = "query ($id: ID!) { node(id: $id) { ... on MatchReview { probability } } }"
    with pytest.raises(RequestRefused, match=r"MatchReview\.probability"):
        await service.answer(query, {"id": encode_id("MatchReview", "a\nb")}, viewer=Viewer("x", Role.READER))


async def test_a_key_asks_with_its_role(company: Store) -> None:
    """Over HTTP: a reader's key sees masks and gets 403 for a steward's field; a steward's key sees all."""
    keys = {role: (await create_key(company, role.word, role))[1] for role in (Role.READER, Role.STEWARD)}
    addresses = {"query": '{ customerByIdentifier(identifier: {emailAddress: "ada@x.test"}) { emails { address } } }'}
    reviews = {"query": "{ matchReviews { totalCount } }"}
    accept = {"accept": "application/graphql-response+json"}
    async with client_of(company) as client:
        shown = {
            role: (await client.post("/graphql", json=addresses, headers={**accept, "x-api-key": key})).json()
            for role, key in keys.items()
        }
        refused = await client.post("/graphql", json=reviews, headers={**accept, "x-api-key": keys[Role.READER]})
        allowed = await client.post("/graphql", json=reviews, headers={**accept, "x-api-key": keys[Role.STEWARD]})

    first = {role: answer["data"]["customerByIdentifier"]["emails"][0]["address"] for role, answer in shown.items()}
    assert first == {Role.READER: "a•••@x.test", Role.STEWARD: "ada@x.test"}
    assert (refused.status_code, allowed.status_code) == (403, 200)
    assert refused.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("write to ada.l+x@mail.x.test!", "write to a•••@mail.x.test!"),
        ("call 030 / 123 456 78 today", "call 030•••78 today"),
        ("call (030) 1234567", "call (03•••67"),
        ("+4930123456", "+49•••56"),
        ("(415) 555-0100", "(41•••00"),
        ("order 0815, 12 items, 4,800 SEK on 2026-03-01", "order 0815, 12 items, 4,800 SEK on 2026-03-01"),
        ("help/users/ada@x.test", "help/users/a•••@x.test"),
        ("ticket 1234567", "ticket 1234567"),
    ],
)
def test_addresses_and_numbers_within_a_text_are_masked(text: str, shown: str) -> None:
    """What looks like an address or a number of somebody is; dates, amounts and ticket numbers are not."""
    assert masked_text(text) == shown


def test_short_values_give_nothing_away() -> None:
    """Of a value that is too short to keep something of it, nothing is kept."""
    assert masked_address("no address") == "•••"
    assert masked_address("@x.test") == "•••@x.test"
    assert masked_number("12345") == "•••"

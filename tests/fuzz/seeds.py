"""What attacks are made of: right requests, the examples first of all, and words and values that are trouble."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from api.plan.change_cursor import place_cursor
from api.plan.ids import encode_id
from api.schema.schema import graphql_schema

OTHERWISE = {"journey_map", "measurement_plan", "alert_raised"}
"""The first needs a persona of rules.toml, the second tells when it was asked, the third is no request: none has one
right answer here."""
EXAMPLES = sorted(
    path
    for path in (Path(__file__).parents[2] / "examples" / "queries").glob("*.graphql")
    if path.stem not in OTHERWISE
)
TOKEN = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\])*"|\.\.\.|[_A-Za-z]\w*|-?\d[\d.eE+-]*|[!$&()@:=\[\]{|}]|#[^\n]*')
"""The lexical tokens of a document, comments among them."""
MORE = """
query Several($skip: Boolean! = false) { customers(first: 3) { ...Page } search(query: "a") @skip(if: $skip)
  { totalCount } } fragment Page on CustomerConnection { nodes { __typename id ...Name } pageInfo { endCursor } }
  fragment Name on Customer { displayName emails { address } }
---
query Whole { __schema { types { name fields { name args { name } } } } __type(name: "Customer") { kind } }
---
query Ordered($after: String) { customers(first: 2, after: $after, orderBy: [{field: NAME, direction: DESC},
  {field: INTERACTION_COUNT, direction: ASC}], filter: {or: [{country: {in: ["SE"]}}, {not: {recordCount: {gte: 9}}}]})
  { totalCount edges { cursor } } }
---
mutation Record($input: RecordInteractionInput!) { recordInteraction(input: $input) { interaction { id } isReplay
  userErrors { code field message } } }
---
mutation Pin($customer: ID!) { pinField(input: {customerId: $customer, field: CITY, value: "Lund", reason: "said so"})
  { customer { id } userErrors { code } } }
---
subscription Merged { customerMerged { cursor customer { id } } }
"""
PIECES = [
    *"{ } ( ) [ ] : ! = | & @ ... $ $id @skip(if:true) @include(if:$id) @defer @stream @deprecated".split(),
    *"query mutation subscription fragment on null true false __typename __schema __type # , \ufeff".split(),
    *"0 -0 1 -1 101 2147483648 9007199254740993 1e400 -1e-400 1.5".split(),
    *('""', '"x"', '"""', r'"\u0000"', r'"\ud800"'),
]


@dataclass(frozen=True, slots=True)
class Seed:
    """A document and its variables."""

    query: str
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """Global ids of what there is."""

    customers: list[str]
    records: list[str]
    interactions: list[str]
    account: str


def seeds(known: Known) -> list[Seed]:
    """Right requests about what there is."""
    texts = [path.read_text(encoding="utf-8") for path in EXAMPLES] + MORE.strip().split("\n---\n")
    return [Seed(text, _values(text, known)) for text in texts]


def _values(query: str, known: Known) -> dict[str, Any]:
    """A value for each variable; one that may not be null and is not known here has a default, which is taken."""
    values = {name: (type_, _value(query, name, type_, known)) for name, type_ in _declared(query)}
    return {name: value for name, (type_, value) in values.items() if value is not None or not type_.endswith("!")}


def _declared(query: str) -> list[tuple[str, str]]:
    return re.findall(r"\$(\w+)\s*:\s*([\[\]\w!]+)", query)


def _value(query: str, name: str, type_: str, known: Known) -> Any:
    customer = known.customers[0]
    only = {"Account": known.account, "Meeting": known.interactions[0]}
    by_name: dict[str, Any] = {
        "id": next((id for operation, id in only.items() if f"query {operation}(" in query), customer),
        "ids": [customer, known.interactions[0]],
        "customer": customer,
        "customers": known.customers[:2],
        "records": known.records[:2],
        "review": encode_id("MatchReview", "a\nb"),
        "decision": encode_id("MatchDecision", "d"),
        "emailAddress": "ada@byron.test",
        "phoneNumber": "+46701740605",
        "source": "crm",
        "stream": "contacts",
        "sourceId": "1",
        "query": "ada",
        "from": "2026-01-01",
        "to": "2026-02-01",
        "period": {"from": "2026-01-01", "to": "2026-02-01"},
        "persona": "greta",
        "key": "csat",
        "since": "2026-01-15T00:00:00Z",
        "input": {
            "customerId": customer,
            "kind": "call.made",
            "function": "SERVICE",
            "channel": "PHONE",
            "direction": "INBOUND",
            "idempotencyKey": "once",
        },
    }
    if name in by_name:
        return by_name[name]
    return {"Int": 5, "Boolean": True}.get(type_.strip("[]!"))


def words() -> list[str]:
    """Every name of the schema, and pieces of documents that are trouble where they do not belong."""
    names: set[str] = set()
    for type_ in graphql_schema().type_map.values():
        names.add(type_.name)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            names |= set(type_.fields) | {argument for field in type_.fields.values() for argument in field.args}
        elif isinstance(type_, GraphQLInputObjectType):
            names |= set(type_.fields)
        elif isinstance(type_, GraphQLEnumType):
            names |= set(type_.values)
    return [*sorted(names), *PIECES]


def values(known: Known) -> list[Any]:
    """Values that are trouble where others are expected."""
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    plain: list[Any] = [None, True, False, "", " ", "null", "0", [], {}, [[]], [None]]
    numbers = [0, -1, 1, 100, 101, 2**31 - 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**64), 10**30, 0.5, 1e308, -0.0]
    texts = ["\x00", "a\x00b", "\ud800", "\U0001f600", "ü" * 300, "x" * 70_000, "'; MATCH (n) DETACH DELETE n //"]
    texts += ["`", "\\", "$id", "%00", "*", "~", "ada*", '"', "DESC", "+49 30 123456", "ada@byron.test"]
    moments = ["2026-02-30", "9999-12-31T23:59:59.999999Z", "0000-00-00", "NaN"]
    ids = [known.customers[0], known.customers[-1], known.records[0], known.account, encode_id("Nothing", "1")]
    ids += [encode_id("Customer", ""), encode_id("Interaction", "x" * 5_000), place_cursor(1), "W10", "e30", "bnVsbA"]
    filters = [{"eq": None}, {"and": []}, {"not": {}}, deep, [known.account] * 101, list(range(300))]
    return [*plain, *numbers, *texts, *moments, *ids, *filters]

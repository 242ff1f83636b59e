"""What is asked of each server, and how its answer is brought to the same content as ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from graphql import GraphQLError

from api.plan.ids import decode_id, encode_id
from benchmarks.serving.company import Asked

C360, NEO4J_GRAPHQL, STRAWBERRY, BY_HAND = "c360", "@neo4j/graphql", "Strawberry", "by hand"
C360_OFF = "c360, all off"
"""Without a token and a log of slow operations; limits of size and metrics cannot be switched off."""
SERVERS = (C360, NEO4J_GRAPHQL, STRAWBERRY, BY_HAND, C360_OFF)
_CLOSED = {"channel", "function", "direction"}
"""Values of closed sets: ours are enum members, the others give what is stored."""

_BRIEF = "id occurredAt kind channel function"
_FULL = f"{_BRIEF} direction subject"
_NEWEST = "sort: [{occurredAt: DESC}, {sequence: DESC}, {id: DESC}]"


@dataclass(frozen=True, slots=True)
class Asking:
    """A request: where to, and the body."""

    path: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Operation:
    """One question, as each server that can answer it is asked; the lists go together."""

    name: str
    title: str
    asked: dict[str, list[Asking]]


def operations(asked: Asked) -> list[Operation]:
    """The five questions, each about everybody who is asked about in turn."""
    ids, journeys = asked.ids, asked.journeys
    made = [
        Operation(
            "a",
            "a customer by id with the latest 20 interactions",
            {
                C360: _graphql(
                    "query ($id: ID!) { customer(id: $id) { id displayName lifecycleStage "
                    f"interactions(first: 20) {{ nodes {{ {_FULL} }} }} }} }}",
                    [{"id": encode_id("Customer", id)} for id in ids],
                ),
                NEO4J_GRAPHQL: _graphql(
                    "query ($id: ID!) { customer: customers(where: {id: {eq: $id}}) { id displayName lifecycleStage "
                    f"interactions(limit: 20, {_NEWEST}) {{ {_FULL} }} }} }}",
                    [{"id": id} for id in ids],
                ),
                STRAWBERRY: _graphql(
                    "query ($id: ID!) { customer(id: $id) { id displayName lifecycleStage "
                    f"interactions(first: 20) {{ {_FULL} }} }} }}",
                    [{"id": id} for id in ids],
                ),
                BY_HAND: [Asking("/customer", orjson.dumps({"id": id})) for id in ids],
            },
        ),
        Operation(
            "b",
            "50 customers by name, each with the latest 20 interactions",
            {
                C360: _graphql(
                    "query ($n: Int) { customers(first: $n) { nodes { id displayName "
                    f"interactions(first: 20) {{ nodes {{ {_BRIEF} }} }} }} }} }}",
                    [{"n": 50}],
                ),
                # That the name begins with nothing is said so that its index can give the order.
                NEO4J_GRAPHQL: _graphql(
                    'query ($n: Int) { customers(limit: $n, where: {sortName: {startsWith: ""}}, '
                    f"sort: [{{sortName: ASC}}, {{id: ASC}}]) {{ id displayName "
                    f"interactions(limit: 20, {_NEWEST}) {{ {_BRIEF} }} }} }}",
                    [{"n": 50}],
                ),
                STRAWBERRY: _graphql(
                    f"query ($n: Int!) {{ customers(first: $n) {{ id displayName interactions {{ {_BRIEF} }} }} }}",
                    [{"n": 50}],
                ),
                BY_HAND: [Asking("/customers", b"{}")],
            },
        ),
        Operation(
            "c",
            "a customer by e-mail address, 5 fields",
            {
                C360: _graphql(
                    "query ($by: CustomerIdentifierInput!) { customer: customerByIdentifier(identifier: $by) "
                    "{ id displayName lifecycleStage accountName lastActivityAt } }",
                    [{"by": {"emailAddress": email}} for email in asked.emails],
                ),
                NEO4J_GRAPHQL: _graphql(
                    "query ($email: String!) { customer: customers(where: {primaryEmail: {eq: $email}}) "
                    "{ id displayName lifecycleStage accountName lastActivityAt } }",
                    [{"email": email} for email in asked.emails],
                ),
                STRAWBERRY: _graphql(
                    "query ($email: String!) { customer: customerByEmail(email: $email) "
                    "{ id displayName lifecycleStage accountName lastActivityAt } }",
                    [{"email": email} for email in asked.emails],
                ),
                BY_HAND: [Asking("/by_email", orjson.dumps({"email": email})) for email in asked.emails],
            },
        ),
        Operation(
            "d",
            "the latest 20 interactions of one channel since a day",
            {
                C360: _graphql(
                    "query ($id: ID!, $filter: InteractionFilter) { customer(id: $id) { id "
                    f"interactions(first: 20, filter: $filter) {{ nodes {{ {_FULL} }} }} }} }}",
                    [
                        {
                            "id": encode_id("Customer", id),
                            "filter": {"channel": {"eq": channel.upper()}, "occurredAt": {"gte": since}},
                        }
                        for id, channel, since in journeys
                    ],
                ),
                NEO4J_GRAPHQL: _graphql(
                    "query ($id: ID!, $channel: String!, $since: DateTime!) "
                    "{ customer: customers(where: {id: {eq: $id}}) { id interactions(limit: 20, where: "
                    f"{{channel: {{eq: $channel}}, occurredAt: {{gte: $since}}}}, {_NEWEST}) {{ {_FULL} }} }} }}",
                    [{"id": id, "channel": channel, "since": since} for id, channel, since in journeys],
                ),
                STRAWBERRY: _graphql(
                    "query ($id: ID!, $channel: String, $since: DateTime) { customer(id: $id) { id "
                    f"interactions(first: 20, channel: $channel, since: $since) {{ {_FULL} }} }} }}",
                    [{"id": id, "channel": channel, "since": since} for id, channel, since in journeys],
                ),
                BY_HAND: [
                    Asking("/filtered", orjson.dumps({"id": id, "channel": channel, "since": since}))
                    for id, channel, since in journeys
                ],
            },
        ),
        Operation(
            "e",
            "search by name, the first 20 customers",
            {
                C360: _graphql(
                    "query ($q: String!) { search(query: $q, types: [CUSTOMER], first: 20) "
                    "{ nodes { ... on Customer { id displayName accountName } } } }",
                    [{"q": name} for name in asked.names],
                ),
                BY_HAND: [Asking("/search", orjson.dumps({"query": name})) for name in asked.names],
            },
        ),
    ]
    for one in made:
        one.asked[C360_OFF] = one.asked[C360]
    return made


def of_all_journeys() -> Asking:
    """A question of ours about everybody, which can be answered once all journeys have been read."""
    query = 'query ($period: PeriodInput!) { kpi(key: "csat", period: $period) { current { sampleSize } } }'
    (asking,) = _graphql(query, [{"period": {"from": "2026-01-01", "to": "2026-07-01"}}])
    return asking


def page_of(id: str, first: int, after: str | None) -> Asking:
    """A page of one customer's journey, asked of us."""
    (asking,) = _graphql(
        "query ($id: ID!, $first: Int, $after: String) { customer(id: $id) { "
        f"interactions(first: $first, after: $after) {{ nodes {{ {_BRIEF} }} }} }} }}",
        [{"id": encode_id("Customer", id), "first": first, "after": after}],
    )
    return asking


def cursor_before_last(id: str, many: int) -> Asking:
    """Asks us for the cursor after which `many` interactions are left."""
    (asking,) = _graphql(
        "query ($id: ID!, $last: Int) { customer(id: $id) { interactions(last: $last) { pageInfo { startCursor } } } }",
        [{"id": encode_id("Customer", id), "last": many + 1}],
    )
    return asking


def content(answer: bytes) -> Any:
    """What an answer says, whichever server gave it: plain ids, instants in milliseconds, members as they are stored.

    Raises ValueError when it holds errors or nothing.
    """
    read = orjson.loads(answer)
    if read.get("errors") or not read.get("data") or not all(read["data"].values()):
        raise ValueError(f"no answer: {answer[:400]!r}")
    return {name: _one(name, _plain(name, value)) for name, value in read["data"].items()}


def _one(name: str, value: Any) -> Any:
    return value[0] if name == "customer" and isinstance(value, list) else value


def _plain(name: str, value: Any) -> Any:
    match value:
        case {"nodes": nodes}:
            return [_plain(name, node) for node in nodes]
        case dict():
            return {key: _plain(key, inner) for key, inner in value.items()}
        case list():
            return [_plain(name, inner) for inner in value]
        case str() if name == "id":
            return _key(value)
        case str() if name.endswith("At"):
            return round(datetime.fromisoformat(value).timestamp() * 1000)
        case str() if name in _CLOSED:
            return value.lower()
    return value


def _key(id: str) -> str:
    try:
        return decode_id(id)[1]
    except GraphQLError:  # an id that is none of ours is a key already
        return id


def _graphql(query: str, variables: list[dict[str, Any]]) -> list[Asking]:
    return [Asking("/graphql", orjson.dumps({"query": query, "variables": one})) for one in variables]

"""A plain Strawberry server, as its documentation writes one: types, resolvers, a DataLoader for the journeys.

    python -m benchmarks.serving.with_strawberry

Needs STORE, STORE_USER, STORE_PASSWORD and PORT in the environment.
"""

# Strawberry reads the annotations of resolvers when it runs, so they are not put off here.
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict

import strawberry
import uvicorn
from neo4j import AsyncDriver, AsyncGraphDatabase
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

_INTERACTIONS = """
UNWIND $ids AS id
MATCH (c:Customer {id: id})
CALL (c) {
  MATCH (c)-[:EXPERIENCED]->(i:Interaction)
  WHERE ($channel IS NULL OR i.channel = $channel) AND ($since IS NULL OR i.at >= $since)
  RETURN i ORDER BY i.at DESC, i.sequence DESC, i.id DESC LIMIT $first
}
RETURN id, collect(i) AS interactions
"""
_CUSTOMERS = "MATCH (c:Customer) WHERE c.sort_name >= '' RETURN c ORDER BY c.sort_name, c.id LIMIT $first"

Wanted = tuple[str, int, str | None, datetime | None]
"""A customer's id, how many interactions, of which channel, since when."""


class Context(TypedDict):
    driver: AsyncDriver
    interactions: DataLoader[Wanted, list[Any]]


Info = strawberry.Info[Context, None]


@strawberry.type
class Interaction:
    id: strawberry.ID
    occurred_at: datetime
    kind: str
    channel: str
    function: str
    direction: str
    subject: str | None


@strawberry.type
class Customer:
    id: strawberry.ID
    display_name: str | None
    primary_email: str | None
    lifecycle_stage: str | None
    account_name: str | None
    last_activity_at: datetime | None

    @strawberry.field
    async def interactions(
        self, info: Info, first: int = 20, channel: str | None = None, since: datetime | None = None
    ) -> list[Interaction]:
        found = await info.context["interactions"].load((str(self.id), first, channel, since))
        return [_interaction(node) for node in found]


@strawberry.type
class Query:
    @strawberry.field
    async def customer(self, info: Info, id: strawberry.ID) -> Customer | None:
        return await _one(info, "MATCH (c:Customer {id: $value}) RETURN c", str(id))

    @strawberry.field
    async def customer_by_email(self, info: Info, email: str) -> Customer | None:
        return await _one(info, "MATCH (c:Customer {primary_email: $value}) RETURN c", email)

    @strawberry.field
    async def customers(self, info: Info, first: int = 20) -> list[Customer]:
        async with info.context["driver"].session() as session:
            found = await session.run(_CUSTOMERS, first=first)
            return [_customer(record["c"]) async for record in found]


class Server(GraphQL[Context, None]):
    """Each request has loaders of its own."""

    def __init__(self, driver: AsyncDriver) -> None:
        super().__init__(strawberry.Schema(Query))
        self._driver = driver

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        async def load(wanted: Sequence[Wanted]) -> list[list[Any]]:
            return await _journeys(self._driver, wanted)

        return {"driver": self._driver, "interactions": DataLoader(load)}


async def _journeys(driver: AsyncDriver, wanted: Sequence[Wanted]) -> list[list[Any]]:
    """The journeys of all customers that ask for the same page of them, in one query a page."""
    found: dict[Wanted, list[Any]] = {}
    ids_of: dict[tuple[int, str | None, datetime | None], list[str]] = {}
    for id, first, channel, since in wanted:
        ids_of.setdefault((first, channel, since), []).append(id)
    async with driver.session() as session:
        for (first, channel, since), ids in ids_of.items():
            answer = await session.run(_INTERACTIONS, ids=ids, first=first, channel=channel, since=since)
            async for record in answer:
                found[record["id"], first, channel, since] = record["interactions"]
    return [found.get(key, []) for key in wanted]


async def _one(info: Info, query: str, value: str) -> Customer | None:
    async with info.context["driver"].session() as session:
        record = await (await session.run(query, value=value)).single()
    return _customer(record["c"]) if record else None


def _customer(node: Any) -> Customer:
    last = node.get("last_at")
    return Customer(
        id=strawberry.ID(node["id"]),
        display_name=node.get("display_name"),
        primary_email=node.get("primary_email"),
        lifecycle_stage=node.get("lifecycle_stage"),
        account_name=node.get("account_name"),
        last_activity_at=last.to_native() if last else None,
    )


def _interaction(node: Any) -> Interaction:
    return Interaction(
        id=strawberry.ID(node["id"]),
        occurred_at=node["at"].to_native(),
        kind=node["kind"],
        channel=node["channel"],
        function=node["function"],
        direction=node["direction"],
        subject=node.get("subject"),
    )


def main() -> None:
    login = (os.environ["STORE_USER"], os.environ["STORE_PASSWORD"])
    driver = AsyncGraphDatabase.driver(os.environ["STORE"], auth=login)
    uvicorn.run(Server(driver), host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")


if __name__ == "__main__":
    main()

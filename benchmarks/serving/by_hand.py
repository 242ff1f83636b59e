"""The floor: an endpoint written by hand for each question, with one Cypher query, and orjson.

    python -m benchmarks.serving.by_hand

No GraphQL: what is asked is built in. Needs STORE, STORE_USER, STORE_PASSWORD and PORT in the environment.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import orjson
import uvicorn
from neo4j import READ_ACCESS, AsyncDriver, AsyncGraphDatabase
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graph.search.find import Viewing, find, read_search

_LATEST = """
CALL (c) {
  MATCH (c)-[:LAST]->(:Interaction)<-[way:NEXT]-{0,19}(i:Interaction)
  WITH i ORDER BY size(way) LIMIT 20
  WITH i {%s} AS i
  RETURN collect([%s]) AS found
}
"""
_BRIEF_PROPERTIES = ".id, .at, .kind, .channel, .function"  # a map of properties is read at once
_BRIEF = "i.id, i.at.epochMillis, i.kind, i.channel, i.function"
_FULL_PROPERTIES = f"{_BRIEF_PROPERTIES}, .direction, .subject"
_FULL = f"{_BRIEF}, i.direction, i.subject"
_CUSTOMER = (
    "MATCH (c:Customer {id: $id})"
    + _LATEST % (_FULL_PROPERTIES, _FULL)
    + "RETURN [c.id, c.display_name, c.lifecycle_stage, found] AS a"
)
_CUSTOMERS = (
    "MATCH (c:Customer) WHERE c.sort_name >= '' WITH c ORDER BY c.sort_name, c.id LIMIT 50"
    + _LATEST % (_BRIEF_PROPERTIES, _BRIEF)
    + "RETURN collect([c.id, c.display_name, found]) AS a"
)
_BY_EMAIL = """
MATCH (:Identifier {key: $key})<-[:HAS_IDENTIFIER]-(:SourceRecord)-[:DESCRIBES]->(o:Customer)
WITH DISTINCT o AS c
RETURN [c.id, c.display_name, c.lifecycle_stage, c.account_name, c.last_at.epochMillis] AS a
"""
_FILTERED = f"""
MATCH (c:Customer {{id: $id}})
CALL (c) {{
  MATCH (c)-[:EXPERIENCED]->(i:Interaction) WHERE i.channel = $channel AND i.at >= $since
  WITH i ORDER BY i.at DESC, i.sequence DESC, i.id DESC LIMIT 20
  RETURN collect([{_FULL}]) AS found
}}
RETURN [c.id, found] AS a
"""
_FOUND = """
UNWIND $ids AS id
MATCH (c:Customer {id: id})
RETURN collect([c.id, c.display_name, c.account_name]) AS a
"""
_BRIEF_NAMES = ("id", "occurredAt", "kind", "channel", "function")
_FULL_NAMES = (*_BRIEF_NAMES, "direction", "subject")


class Endpoints:
    """One function a question; each reads its parameters from a JSON body."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver

    async def customer(self, request: Request) -> Response:
        given = orjson.loads(await request.body())
        row = await self._read(_CUSTOMER, id=given["id"])
        journey = _journey(row[3], _FULL_NAMES)
        return _json(
            "customer", {"id": row[0], "displayName": row[1], "lifecycleStage": row[2], "interactions": journey}
        )

    async def customers(self, _: Request) -> Response:
        rows = await self._read(_CUSTOMERS)
        found = [
            {"id": id, "displayName": name, "interactions": _journey(journey, _BRIEF_NAMES)}
            for id, name, journey in rows
        ]
        return _json("customers", found)

    async def by_email(self, request: Request) -> Response:
        given = orjson.loads(await request.body())
        row = await self._read(_BY_EMAIL, key=f"email:{given['email']}")
        return _json(
            "customer",
            {
                "id": row[0],
                "displayName": row[1],
                "lifecycleStage": row[2],
                "accountName": row[3],
                "lastActivityAt": _instant(row[4]),
            },
        )

    async def filtered(self, request: Request) -> Response:
        given = orjson.loads(await request.body())
        since = datetime.fromisoformat(given["since"])
        row = await self._read(_FILTERED, id=given["id"], channel=given["channel"], since=since)
        return _json("customer", {"id": row[0], "interactions": _journey(row[1], _FULL_NAMES)})

    async def search(self, request: Request) -> Response:
        given = orjson.loads(await request.body())
        typed = read_search(given["query"])
        assert typed is not None
        # Who is found is worked out by the same code: what is by hand is all around it.
        hits = (await find(self, typed, Viewing(frozenset({"Customer"}))))[:20]
        rows = await self._read(_FOUND, ids=[hit.id for hit in hits])
        return _json("search", [{"id": id, "displayName": name, "accountName": account} for id, name, account in rows])

    async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
        async with self._driver.session(default_access_mode=READ_ACCESS) as session:
            result = await session.run(query, parameters)
            return await result.values()

    async def _read(self, query: str, **parameters: Any) -> Any:
        return (await self.read(query, **parameters))[0][0]


def _journey(rows: list[list[Any]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    journey = [dict(zip(names, row, strict=True)) for row in rows]
    for interaction in journey:
        interaction["occurredAt"] = _instant(interaction["occurredAt"])
    return journey


def _instant(millis: int | None) -> datetime | None:
    return None if millis is None else datetime.fromtimestamp(millis / 1000, UTC)


def _json(name: str, value: Any) -> Response:
    return Response(orjson.dumps({"data": {name: value}}, option=orjson.OPT_UTC_Z), media_type="application/json")


def main() -> None:
    login = (os.environ["STORE_USER"], os.environ["STORE_PASSWORD"])
    endpoints = Endpoints(AsyncGraphDatabase.driver(os.environ["STORE"], auth=login))
    names = ("customer", "customers", "by_email", "filtered", "search")
    app = Starlette(routes=[Route(f"/{name}", getattr(endpoints, name), methods=["POST"]) for name in names])
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
    )


if __name__ == "__main__":
    main()

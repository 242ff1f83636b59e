"""The smallest vendor: a shop that lists customers by (updated, id), and its connector. It shows how a vendor joins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx
import msgspec
from pydantic import BaseModel

from connectors.errors import RecordError, SourceError
from connectors.hookspecs import CheckReport, Deletions, Page, State, Stream, StreamKind
from connectors.http import Patience, SourceClient
from connectors.records import Email, Person, Record
from tests.connectors.contract.descriptions import Description
from tests.connectors.contract.vendors import Vendor

TOKEN = "shop-s3cret-token"
CUSTOMERS = Stream("customers", StreamKind.PERSONS, cursor_field="updated", deletions=Deletions.TOMBSTONES)


class Customer(msgspec.Struct, frozen=True):
    id: int | str
    updated: datetime
    email: str | None = None
    gone: bool = False


class Listed(msgspec.Struct, frozen=True):
    items: list[Customer]


class ShopConnector:
    """Reads the shop's customers, from five minutes before the newest of the last reading."""

    Config: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, name: str, config: Any, transport: httpx.AsyncBaseTransport, patience: Patience) -> None:
        self.name = name
        self._client = SourceClient(
            name,
            "https://shop.example/api/",
            headers={"Authorization": f"Bearer {TOKEN}"},
            transport=transport,
            patience=patience,
        )

    async def check(self) -> CheckReport:
        try:
            await self._client.json("GET", "customers", Listed, params={"limit": 1})
        except SourceError as error:
            return CheckReport(False, str(error))
        return CheckReport(True, "fine")

    async def discover(self) -> list[Stream]:
        return [CUSTOMERS]

    def state_at(self, stream: Stream, moment: datetime) -> State:
        return {"at": moment.isoformat(), "after": "", "done": True}

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Customer]]:
        at, after = (state["at"], state["after"]) if state else ("", "")
        if state and state["done"]:
            at, after = (datetime.fromisoformat(at) - timedelta(minutes=5)).isoformat(), ""
        while True:
            answer = await self._client.json("GET", "customers", Listed, params={"at": at, "after": after})
            if not answer.items:
                yield Page([], {"at": at, "after": after, "done": True})
                return
            last = answer.items[-1]
            before, (at, after) = (at, after), (last.updated.isoformat(), str(last.id))
            if (at, after) == before:
                raise SourceError(f"[{self.name}] GET customers: the cursor {before} does not move.")
            yield Page(answer.items, {"at": at, "after": after, "done": False})

    def map(self, stream: Stream, raw: Customer) -> Iterable[Record]:
        if raw.email is None:
            raise RecordError(f"[{self.name}] customer {raw.id} has no email.")
        yield Person(
            source=self.name,
            stream=stream.name,
            id=str(raw.id),
            emails=(Email(value=raw.email),),
            updated_at=raw.updated,
            deleted_at=raw.updated if raw.gone else None,
        )

    async def close(self) -> None:
        await self._client.close()


class ShopStandIn:
    """Ten customers; a change moves the clock by a minute."""

    def __init__(self) -> None:
        self._now = datetime(2025, 3, 1, 9, 0, tzinfo=UTC)
        self._customers: dict[int, dict[str, Any]] = {}
        for number in range(1, 11):
            self._add(number)
            self._tick()

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return httpx.Response(401, json={"message": "who are you?"})
        asked = request.url.params
        start = (asked.get("at", ""), int(asked.get("after") or 0))
        found = sorted(
            (one for one in self._customers.values() if (one["updated"], one["id"]) > start),
            key=lambda one: (one["updated"], one["id"]),
        )
        return httpx.Response(200, json={"items": found[: 3 if len(found) < 100 else 1000]})

    def change(self) -> str:
        self._tick()
        self._customers[5] |= {"email": f"{self._now.minute}@x.test", "updated": self._now.isoformat()}
        return "5"

    def delete(self) -> str:
        self._tick()
        self._customers[1] |= {"gone": True, "updated": self._now.isoformat()}
        return "1"

    def many(self, count: int) -> set[str]:
        self._tick()
        for number in range(1000, 1000 + count):
            self._add(number)
        return {str(number) for number in range(1000, 1000 + count)}

    def _add(self, number: int) -> None:
        self._customers[number] = {"id": number, "updated": self._now.isoformat(), "email": f"{number}@x.test"}

    def _tick(self) -> None:
        self._now += timedelta(minutes=1)


SAID = {
    "openapi": "3.0.0",
    "servers": [{"url": "https://{shop}.example/api"}],
    "paths": {
        "/customers": {
            "get": {
                "parameters": [
                    {"name": "at", "in": "query", "schema": {"type": "string"}},
                    {"name": "after", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {
                    "200": {"content": {"*/*": {"schema": {"$ref": "#/components/schemas/Customers"}}}},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Customers": {
                "type": "object",
                "properties": {"items": {"required": True, "type": "array", "items": {"type": "object"}}},
            }
        }
    },
}

VENDOR = Vendor(
    name="shop",
    stand_in=ShopStandIn,
    connector=lambda transport, patience: ShopConnector("shop", None, transport, patience),
    secrets=(TOKEN,),
    stream="customers",
    requests="GET /api/customers",
    changing=("items", "items.0.id", "items.0.updated", "items.0.email"),
    ids=frozenset({"id"}),
    description=lambda: Description(SAID),
    not_described={"GET /customers?limit": "the check asks for one"},
)

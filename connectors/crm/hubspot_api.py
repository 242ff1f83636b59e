"""HubSpot's CRM API (v3, associations v4) as typed calls.

Ids are texts in one endpoint and numbers in another, values of properties are texts or null: `text` makes one of them.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.errors import SourceError
from connectors.hookspecs import RawProblem
from connectors.http import Patience, SourceClient
from connectors.pace import Budget
from connectors.records import utc

LIST_LIMIT = 100
HISTORY_LIMIT = 50
SEARCH_LIMIT = 200
LONGEST_LIST = 6_000
"""Characters of property names that an address may carry; more go in the body of a batch."""

T = TypeVar("T")
Value = str | int | float | bool | None


class Version(msgspec.Struct, frozen=True):
    """A value that a property had from a moment on."""

    timestamp: datetime
    value: Value = None


class Next(msgspec.Struct, frozen=True):
    after: str | int


class Paging(msgspec.Struct, frozen=True):
    next: Next | None = None


class LinkedId(msgspec.Struct, frozen=True):
    id: str | int


class LinkedIds(msgspec.Struct, frozen=True):
    results: list[LinkedId]
    paging: Paging | None = None


class CrmObject(msgspec.Struct, frozen=True, rename="camel"):
    """A contact, company, deal or engagement."""

    id: str | int
    properties: dict[str, Value]
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived: bool = False
    archived_at: datetime | None = None
    properties_with_history: dict[str, list[Version]] | None = None
    associations: dict[str, LinkedIds] | None = None

    @property
    def number(self) -> int:
        return int(self.id)

    def all_said(self) -> dict[str, str]:
        """What all properties say, those without a value left out."""
        return {
            name: plain
            for name, value in self.properties.items()
            if value is not None and (plain := value.strip() if isinstance(value, str) else text(value))
        }

    def said(self, name: str) -> str | None:
        """What a property says, None where nothing."""
        return text(self.properties.get(name))

    def versions(self, name: str) -> list[tuple[float, str]]:
        """(Unix time, value) of a property with history, oldest first; what only repeats the one before is left out."""
        history = (self.properties_with_history or {}).get(name, [])
        versions = sorted((utc(one.timestamp).timestamp(), value) for one in history if (value := text(one.value)))
        return [next(same) for _, same in groupby(versions, key=operator.itemgetter(1))]


class Listed(msgspec.Struct, frozen=True):
    """A page of a list or a search: what could be read, what could not, and where it goes on."""

    objects: list[CrmObject]
    problems: list[RawProblem]
    after: str | None
    more: bool


class Team(msgspec.Struct, frozen=True):
    name: str
    primary: bool = False


class Owner(msgspec.Struct, frozen=True, rename="camel"):
    id: str | int
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    teams: list[Team] = []


class Property(msgspec.Struct, frozen=True, rename="camel"):
    """The definition of a property; `hubspot_defined` is false for those that the company made itself."""

    name: str
    label: str | None = None
    hubspot_defined: bool = False
    archived: bool = False


class StageMetadata(msgspec.Struct, frozen=True, rename="camel"):
    is_closed: str | bool = False
    probability: str | float | None = None


class Stage(msgspec.Struct, frozen=True):
    id: str | int
    label: str
    metadata: StageMetadata = StageMetadata()


class Pipeline(msgspec.Struct, frozen=True):
    id: str | int
    label: str
    stages: list[Stage] = []


class Account(msgspec.Struct, frozen=True, rename="camel"):
    """The HubSpot account; `ui_domain` is where people open its records."""

    portal_id: int | str
    ui_domain: str | None = None
    company_currency: str | None = None


class _Rows(msgspec.Struct, frozen=True):
    results: list[msgspec.Raw]
    paging: Paging | None = None
    total: int | None = None


class _Id(msgspec.Struct, frozen=True):
    id: str | int


class _To(msgspec.Struct, frozen=True, rename="camel"):
    to_object_id: str | int


class _Pair(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    from_: _Id
    to: list[_To]


class _Pairs(msgspec.Struct, frozen=True):
    results: list[_Pair]


class _Of(msgspec.Struct, frozen=True):
    results: list[Any]


_OBJECT = msgspec.json.Decoder(CrmObject)
_ID = msgspec.json.Decoder(_Id)


class HubSpot:
    """A reader of one HubSpot account. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        token: str,
        *,
        requests_per_ten_seconds: int,
        searches_per_second: int,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self.client = SourceClient(
            source,
            url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            secrets=[token],
            timeout=timeout,
            budgets=[Budget(requests_per_ten_seconds, 10)],
            pause=pause_of_headers,
            transport=transport,
            patience=patience,
        )
        self._searches = Budget(searches_per_second, 1)

    async def account(self) -> Account:
        """Number, domain and currency of the account."""
        return await self.client.json("GET", "account-info/v3/details", Account)

    async def properties(self, kind: str) -> list[Property]:
        """The definitions of all properties of a type of object."""
        return await self.all(f"crm/v3/properties/{kind}", Property, {})

    async def owners(self) -> list[Owner]:
        """Everybody who owns or owned something."""
        current = await self.all("crm/v3/owners", Owner, {"limit": LIST_LIMIT})
        return current + await self.all("crm/v3/owners", Owner, {"limit": LIST_LIMIT, "archived": "true"})

    async def deal_pipelines(self) -> list[Pipeline]:
        """The pipelines of deals with their stages."""
        return await self.all("crm/v3/pipelines/deals", Pipeline, {})

    async def page(
        self,
        kind: str,
        properties: Sequence[str],
        *,
        history: Sequence[str] = (),
        links: Sequence[str] = (),
        after: str | None = None,
        archived: bool = False,
        limit: int = LIST_LIMIT,
    ) -> Listed:
        """A page of all objects of a type by id, archived ones alone or left out."""
        names = ",".join(properties)
        params = {
            "limit": min(limit, HISTORY_LIMIT) if history else limit,
            "after": after,
            "properties": names if len(names) <= LONGEST_LIST else None,
            "propertiesWithHistory": ",".join(history) or None,
            "associations": ",".join(links) or None,
            "archived": "true" if archived else "false",
        }
        listed = self._listed(kind, await self.client.json("GET", f"crm/v3/objects/{kind}", _Rows, params=params))
        if len(names) <= LONGEST_LIST or archived:
            return listed
        whole = await self.by_id(kind, [one.id for one in listed.objects], properties)
        return msgspec.structs.replace(
            listed,
            objects=[
                msgspec.structs.replace(one, properties=whole[text(one.id)].properties)
                for one in listed.objects
                if text(one.id) in whole
            ],
        )

    async def search(
        self,
        kind: str,
        properties: Sequence[str],
        filters: Sequence[tuple[str, str, int]],
        *,
        sort: str,
        descending: bool = False,
        limit: int = SEARCH_LIMIT,
    ) -> Listed:
        """The first objects that match all filters (property, operator, number), by one property.

        HubSpot sorts by one property and shows 10,000 matches: go on by a filter, never by a cursor.
        """
        conditions = [{"propertyName": name, "operator": how, "value": str(value)} for name, how, value in filters]
        body = {
            "filterGroups": [{"filters": conditions}] if conditions else [],
            "sorts": [{"propertyName": sort, "direction": "DESCENDING" if descending else "ASCENDING"}],
            "properties": list(properties),
            "limit": limit,
        }
        path = f"crm/v3/objects/{kind}/search"
        rows = await self.client.json("POST", path, _Rows, json=body, budgets=[self._searches])
        return self._listed(kind, rows)

    async def by_id(
        self,
        kind: str,
        ids: Sequence[str | int],
        properties: Sequence[str],
        history: Sequence[str] = (),
        *,
        archived: bool = False,
    ) -> dict[str | None, CrmObject]:
        """These objects, those that are gone left out, or those that are archived alone."""
        found: dict[str | None, CrmObject] = {}
        size = HISTORY_LIMIT if history else LIST_LIMIT
        for start in range(0, len(ids), size):
            body = {
                "inputs": [{"id": text(one)} for one in ids[start : start + size]],
                "properties": list(properties),
                "propertiesWithHistory": list(history),
            }
            params = {"archived": "true" if archived else None}
            rows = await self.client.json("POST", f"crm/v3/objects/{kind}/batch/read", _Rows, params=params, json=body)
            found |= {text(one.id): one for one in self._listed(kind, rows).objects}
        return found

    async def linked(self, kind: str, to: str, ids: Sequence[str | int]) -> dict[str | None, tuple[str, ...]]:
        """Ids of what these objects are associated with, sorted; those with nothing are left out."""
        found: dict[str | None, tuple[str, ...]] = {}
        for start in range(0, len(ids), LIST_LIMIT):
            body = {"inputs": [{"id": text(one)} for one in ids[start : start + LIST_LIMIT]]}
            path = f"crm/v4/associations/{kind}/{to}/batch/read"
            pairs = await self.client.json("POST", path, _Pairs, json=body)
            found |= {text(one.from_.id): in_order(link.to_object_id for link in one.to) for one in pairs.results}
        return found

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    def _listed(self, kind: str, rows: _Rows) -> Listed:
        objects: list[CrmObject] = []
        problems: list[RawProblem] = []
        for raw in rows.results:
            try:
                objects.append(_OBJECT.decode(raw))
            except msgspec.DecodeError as error:
                problems.append(_problem(kind, raw, error))
        after = next_of(rows.paging)
        more = after is not None or (rows.total or 0) > len(rows.results)
        return Listed(objects, problems, after, more and bool(rows.results))

    async def all(self, path: str, item: type[T], params: Mapping[str, Any]) -> list[T]:
        """All items of a list that is read as a whole; `params` go with each page."""
        found: list[T] = []
        after: str | None = None
        while True:
            rows = await self.client.json("GET", path, _Rows, params={**params, "after": after})
            try:
                found += [msgspec.json.decode(raw, type=item) for raw in rows.results]
            except msgspec.DecodeError as error:
                raise SourceError(
                    f"[{self.source}] GET {path} answered with something else than a {item.__name__}: {error}."
                ) from None
            before, after = after, next_of(rows.paging)
            if after is None:
                return found
            if after == before:
                raise SourceError(f"[{self.source}] GET {path}: the cursor {after} does not move.")


def next_of(paging: Paging | None) -> str | None:
    """The cursor of the next page, None where there is none."""
    return None if paging is None or paging.next is None else text(paging.next.after)


def text(value: Value) -> str | None:
    """A value as text: numbers, truth values and texts are one; blank is nothing."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def in_order(ids: Iterable[str | int]) -> tuple[str, ...]:
    """Ids as texts, each once, by number."""
    return tuple(sorted({str(one) for one in ids}, key=lambda one: (len(one), one)))


def pause_of_headers(headers: httpx.Headers) -> float | None:
    """Seconds until HubSpot's rolling interval lets us in again, where it says that nothing of it is left."""
    if headers.get("x-hubspot-ratelimit-remaining") != "0":
        return None
    interval = headers.get("x-hubspot-ratelimit-interval-milliseconds", "")
    return int(interval) / 1000 if interval.isdecimal() else 10.0


def _problem(kind: str, raw: msgspec.Raw, error: Exception) -> RawProblem:
    try:
        where = f"{kind} {_ID.decode(raw).id}"
    except msgspec.DecodeError:
        where = f"{kind} without an id"
    return RawProblem(where=where, reason=str(error), body=bytes(raw).decode(errors="replace")[:10_000])

"""Klaviyo's JSON:API as typed calls: lists that go on by a cursor, in the order of a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec

from connectors.errors import SourceError
from connectors.hookspecs import Page, State
from connectors.http import Patience, SourceClient
from connectors.pace import Budget
from connectors.raws import decode_each

T = TypeVar("T")
Id = str | int
A_PAGE = 100
BUDGETS = {
    "profiles": ((75, 1.0), (700, 60.0)),
    "events": ((350, 1.0), (3500, 60.0)),
    "metrics": ((10, 1.0), (150, 60.0)),
    "campaigns": ((10, 1.0), (150, 60.0)),
}
"""What Klaviyo allows an account: requests in seconds, burst and steady."""


class Reference(msgspec.Struct, frozen=True):
    """What a relationship points to."""

    id: Id


class ToOne(msgspec.Struct, frozen=True):
    data: Reference | None = None


class ToMany(msgspec.Struct, frozen=True):
    data: tuple[Reference, ...] | None = None


class Integration(msgspec.Struct, frozen=True):
    """Where a metric comes from: Klaviyo itself, a shop, an API."""

    name: str | None = None


class MetricAttributes(msgspec.Struct, frozen=True):
    name: str
    integration: Integration | None = None


class Metric(msgspec.Struct, frozen=True):
    """A kind of event, e.g. `Opened Email`."""

    id: Id
    attributes: MetricAttributes


class CampaignAttributes(msgspec.Struct, frozen=True):
    name: str | None = None


class CampaignRelationships(msgspec.Struct, frozen=True, rename="kebab"):
    campaign_messages: ToMany | None = None


class Campaign(msgspec.Struct, frozen=True):
    """A campaign; events name one of its messages."""

    id: Id
    attributes: CampaignAttributes | None = None
    relationships: CampaignRelationships | None = None


class Links(msgspec.Struct, frozen=True):
    next: str | None = None


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """A page of a list; without `links.next` it is the last."""

    data: list[T]
    links: Links | None = None


class Klaviyo:
    """A reader of one account. Raises the errors of `SourceClient`."""

    def __init__(
        self,
        source: str,
        url: str,
        api_key: str,
        revision: str,
        *,
        timeout: float = 60.0,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.source = source
        self._host = urlsplit(url).hostname
        self._budgets = {path: [Budget(*budget) for budget in budgets] for path, budgets in BUDGETS.items()}
        self._client = SourceClient(
            source,
            url.rstrip("/") + "/",
            headers={
                "Authorization": f"Klaviyo-API-Key {api_key}",
                "revision": revision,
                "Accept": "application/vnd.api+json",
            },
            secrets=[api_key],
            timeout=timeout,
            transport=transport,
            patience=patience,
        )

    async def may_read(self, path: str) -> None:
        """Nothing, when the key may read this list."""
        params = {"filter": "equals(messages.channel,'email')"} if path == "campaigns" else {}
        await self._page(path, Listed[msgspec.Raw], None, params)

    async def listed(self, path: str, form: type[T], **params: str) -> list[T]:
        """A whole short list: metrics, campaigns."""
        found: list[T] = []
        cursor: str | None = None
        while True:
            page = await self._page(path, Listed[form], cursor, params)  # type: ignore[valid-type]
            found += page.data
            cursor = self._next(path, page.links, cursor)
            if cursor is None:
                return found

    async def keys(self, path: str) -> AsyncIterator[list[str]]:
        """Ids of all that a list has, page by page."""
        cursor: str | None = None
        ask = {"page[size]": str(A_PAGE), "sort": "id", "fields[profile]": "created"}
        while True:
            page = await self._page(path, Listed[Reference], cursor, ask)
            yield [str(one.id) for one in page.data]
            cursor = self._next(path, page.links, cursor)
            if cursor is None:
                return

    async def pages(
        self,
        path: str,
        form: type[T],
        moment: str,
        at: Callable[[T], datetime | None],
        state: State | None,
        *,
        overlap: timedelta,
        **params: str,
    ) -> AsyncIterator[Page[T]]:
        """Pages of what is new since the state, by the attribute `moment`, which `at` reads; oldest first.

        The state has `since`, and while a list is read its `cursor` and the `newest` moment so far.
        """
        place = _place(state, overlap)
        ask = {"page[size]": str(A_PAGE), "sort": moment, **params}
        if place.since is not None:
            ask["filter"] = f"greater-than({moment},{place.since:%Y-%m-%dT%H:%M:%SZ})"
        resumed = place.cursor is not None
        while True:
            try:
                page = await self._page(path, Listed[msgspec.Raw], place.cursor, ask)
            except SourceError as error:
                if not resumed or error.status != 400:
                    raise
                # The cursor of an earlier sync has expired: what it had read is read again.
                place.cursor, resumed = None, False
                continue
            resumed = False
            items, problems = decode_each(page.data, form, f"{self.source}/{path}")
            place.newest = max(filter(None, (place.newest, *map(at, items))), default=None)
            place.cursor = self._next(path, page.links, place.cursor)
            if place.cursor is None:
                yield Page(items, _state(Place(since=place.newest)), problems=problems)
                return
            yield Page(items, _state(place), problems=problems)

    async def _page(self, path: str, answer: Any, cursor: str | None, params: Mapping[str, str]) -> Any:
        ask = {**params, "page[cursor]": cursor}
        return await self._client.json("GET", path, answer, params=ask, budgets=self._budgets.get(path, ()))

    def _next(self, path: str, links: Links | None, before: str | None) -> str | None:
        """The cursor of the next page; its link is not followed, and one to elsewhere is refused."""
        if links is None or links.next is None:
            return None
        parts = urlsplit(links.next)
        if parts.hostname != self._host:
            raise SourceError(
                f"[{self.source}] GET {path}: the next page is at another host, {parts.hostname}, which is not "
                f"followed: our credentials would go there. If Klaviyo has moved, change the address in "
                f"[{self.source}] of plugins.toml."
            )
        cursor = parse_qs(parts.query).get("page[cursor]", [None])[0]
        if cursor is None or cursor == before:
            raise SourceError(f"[{self.source}] GET {path}: the cursor of the next page does not move.")
        return cursor

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


class Place(msgspec.Struct, omit_defaults=True):
    """Where a list stands: what is asked for, how far it is read, the newest moment so far."""

    since: datetime | None = None
    cursor: str | None = None
    newest: datetime | None = None


def _place(state: State | None, overlap: timedelta) -> Place:
    place = msgspec.convert(state or {}, Place)
    if place.cursor is None:
        place.newest = place.since
        place.since = None if place.since is None else place.since - overlap
    return place


def _state(place: Place) -> State:
    built: dict[str, Any] = msgspec.to_builtins(place)
    return built

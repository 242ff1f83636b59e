"""How HubSpot's objects are read: all once by id, then what changed by (window of time, id), then what was archived.

HubSpot's search knows one order and ten thousand results. So a reading fixes a window, from the last one's end (less an
overlap) to the newest change there is, and goes through it by id: any number of objects may have changed in one moment,
and what changes meanwhile leaves the window for the next one. All moments are HubSpot's own, in milliseconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from connectors.crm.hubspot_api import HISTORY_LIMIT, SEARCH_LIMIT, CrmObject, HubSpot, Listed, in_order, text
from connectors.crm.hubspot_codebook import Codebook
from connectors.crm.hubspot_owners import OWNER, may_have_had_others, with_history
from connectors.errors import SourceError
from connectors.hookspecs import Page, State, Stream

Links = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ObjectStream:
    """A stream of one type of object: which properties are read, with which histories and associations."""

    stream: Stream
    kind: str
    modified: str
    properties: tuple[str, ...]
    history: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    owners: bool = False
    """Whether former owners are read, of those objects that may have had any."""


class Found(msgspec.Struct, frozen=True):
    """An object with what it is associated with, and what its numbers mean."""

    object: CrmObject
    links: Links
    book: Codebook

    @property
    def id(self) -> str:
        return str(self.object.id)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one stream; `properties` are all that is asked for, `overlap_ms` how far a window goes back."""

    hubspot: HubSpot
    what: ObjectStream
    book: Codebook
    properties: Sequence[str]
    overlap_ms: int
    page_size: int = field(default=100)

    async def read(self, state: State | None) -> AsyncIterator[Page[Found]]:
        """Pages of a first load, or of what changed and what was archived since."""
        if state is None or state["step"] == "load":
            async for page in self._load(state):
                yield page
            return
        if state["step"] == "done":
            newest = max(await self._newest(), state["until"])
            state = {
                "step": "changes",
                "since": max(0, state["until"] - self.overlap_ms),
                "until": newest,
                "after": 0,
                "archived": state["archived"],
            }
        if state["step"] == "changes":
            async for page in self._changes(state):
                state = page.state
                yield page
        async for page in self._archived(state):
            yield page

    async def by_id(self, ids: Sequence[str]) -> list[Found]:
        """These objects as they are now; those that are gone are left out."""
        objects = await self.hubspot.by_id(self.what.kind, ids, self.properties, self.what.history)
        return await self._complete(list(objects.values()))

    async def _load(self, state: State | None) -> AsyncIterator[Page[Found]]:
        # What changes from now on belongs to the first window, so its begin is taken before the first page.
        until = await self._newest() if state is None else state["until"]
        after: str | None = None if state is None else state["after"]
        while True:
            listed = await self._list(after, archived=False)
            found = await self._complete(listed.objects)
            if listed.after is None:
                yield Page(found, {"step": "done", "until": until, "archived": until}, problems=listed.problems)
                return
            after = self._moved(after, listed.after)
            yield Page(found, {"step": "load", "until": until, "after": after}, problems=listed.problems)

    async def _changes(self, state: State) -> AsyncIterator[Page[Found]]:
        after: int = state["after"]
        while True:
            listed = await self.hubspot.search(
                self.what.kind,
                self.properties,
                [
                    (self.what.modified, "GTE", state["since"]),
                    (self.what.modified, "LTE", state["until"]),
                    ("hs_object_id", "GT", after),
                ],
                sort="hs_object_id",
                limit=HISTORY_LIMIT if self.what.history else SEARCH_LIMIT,
            )
            found = await self._complete(listed.objects)
            if not listed.more:
                done = {"step": "archived", "until": state["until"], "archived": state["archived"], "newest": 0}
                yield Page(found, {**done, "after": None}, problems=listed.problems)
                return
            after = int(self._moved(str(after), str(max((one.number for one in listed.objects), default=after))))
            yield Page(found, {**state, "after": after}, problems=listed.problems)

    async def _archived(self, state: State) -> AsyncIterator[Page[Found]]:
        """Of all archived objects (HubSpot keeps them for ninety days) those since the last reading."""
        after: str | None = state["after"]
        newest: int = max(state["newest"], state["archived"])
        while True:
            listed = await self._list(after, archived=True)
            recent = [one for one in listed.objects if _archived_at(one) >= state["archived"] - self.overlap_ms]
            newest = max((newest, *(_archived_at(one) for one in recent)))
            whole = await self._with_owners(recent, archived=True)
            found = [self._found(one, self._links_of(one)) for one in whole]
            if listed.after is None:
                done = {"step": "done", "until": state["until"], "archived": newest}
                yield Page(found, done, problems=listed.problems)
                return
            after = self._moved(after, listed.after)
            yield Page(found, {**state, "after": after, "newest": newest}, problems=listed.problems)

    async def _list(self, after: str | None, *, archived: bool) -> Listed:
        return await self.hubspot.page(
            self.what.kind,
            self.properties,
            history=self.what.history,
            links=self.what.links,
            after=after,
            archived=archived,
            limit=self.page_size,
        )

    async def _newest(self) -> int:
        """The moment of the newest change; 0 where there is nothing."""
        modified = self.what.modified
        found = await self.hubspot.search(self.what.kind, [modified], [], sort=modified, descending=True, limit=1)
        moments = [one.said(modified) for one in found.objects]
        try:
            return max((milliseconds(datetime.fromisoformat(one)) for one in moments if one), default=0)
        except ValueError:
            raise SourceError(
                f"[{self.hubspot.source}] {self.what.kind}: the newest {modified} is no moment: {moments[0]!r:.60}."
            ) from None

    async def _complete(self, objects: Sequence[CrmObject]) -> list[Found]:
        """With history and associations: a search has neither, a list may have not all of the latter."""
        if not self.what.history and not self.what.links:
            return [Found(one, {}, self.book) for one in await self._with_owners(objects)]
        bare = [one.id for one in objects if self.what.history and one.properties_with_history is None]
        whole = await self.hubspot.by_id(self.what.kind, bare, self.properties, self.what.history) if bare else {}
        unlinked = [one.id for one in objects if one.associations is None or _cut(one)]
        linked = {to: await self.hubspot.linked(self.what.kind, to, unlinked) for to in self.what.links if unlinked}
        asked = {text(one) for one in unlinked}
        return [
            self._found(
                whole.get(text(one.id), one),
                {to: found.get(text(one.id), ()) for to, found in linked.items()}
                if text(one.id) in asked
                else self._links_of(one),
            )
            for one in objects
            if not self.what.history or one.properties_with_history is not None or text(one.id) in whole
        ]

    async def _with_owners(self, objects: Sequence[CrmObject], *, archived: bool = False) -> Sequence[CrmObject]:
        asked = [one.id for one in objects if may_have_had_others(one)] if self.what.owners else []
        if not asked:
            return objects
        read = await self.hubspot.by_id(self.what.kind, asked, ["hs_object_id"], [OWNER], archived=archived)
        return [with_history(one, read.get(text(one.id))) for one in objects]

    def _found(self, one: CrmObject, links: Links) -> Found:
        return Found(one, {to: links.get(to, ()) for to in self.what.links}, self.book)

    def _links_of(self, one: CrmObject) -> Links:
        held = one.associations or {}
        return {to: in_order(link.id for link in held[to].results) for to in self.what.links if to in held}

    def _moved(self, before: str | None, after: str) -> str:
        if after == before:
            raise SourceError(
                f"[{self.hubspot.source}] {self.what.kind}: HubSpot's cursor {after} does not move; "
                f"the next sync goes on from the last page."
            )
        return after


def milliseconds(moment: datetime | None) -> int:
    """Milliseconds of Unix time, as HubSpot counts; 0 for None."""
    return 0 if moment is None else round(moment.timestamp() * 1000)


def _archived_at(one: CrmObject) -> int:
    return milliseconds(one.archived_at or one.updated_at)


def _cut(one: CrmObject) -> bool:
    return any(held.paging is not None for held in (one.associations or {}).values())

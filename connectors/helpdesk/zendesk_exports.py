"""How far an incremental export was read: by cursor where Zendesk has one, else by time.

A reading begins an overlap before the newest record of the one before; one that was stopped goes on where it was. The
export leaves the last minute out by itself, so that nothing appears behind the cursor.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from connectors.errors import SourceError
from connectors.helpdesk.zendesk_api import Export
from connectors.hookspecs import Page, RawProblem, State
from connectors.raws import decode_each

T = TypeVar("T")
Completed = tuple[Sequence[Any], Sequence[RawProblem]]


class Position(msgspec.Struct, omit_defaults=True):
    """The newest moment that was read, in seconds of Unix time; and the cursor, or moment, where a reading stopped."""

    since: int = 0
    cursor: str | None = None
    next: int | None = None


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """What is exported, and where to begin: `start` for a first reading, `overlap` seconds before the last one else.

    `moment` is the moment a record stands at in the export, `complete` makes the page's raws of its records.
    """

    source: str
    stream: str
    kind: type[T]
    moment: Callable[[T], int | None]
    complete: Callable[[Any, list[T]], Awaitable[Completed]]
    start: int
    overlap: int

    @property
    def where(self) -> str:
        """Whose records these are."""
        return f"{self.source}/{self.stream}"

    def begin(self, seen: Position) -> int:
        """The moment to ask from."""
        return max(self.start, seen.since - self.overlap)

    async def page(self, export: Export, seen: Position) -> Page[Any]:
        """The export's records with what belongs to them, and the state after them."""
        found, problems = decode_each(export.items, self.kind, self.where)
        raws, more = await self.complete(export, found)
        seen.since = max([seen.since, *(moment for one in found if (moment := self.moment(one)) is not None)])
        return Page(raws, state_of(seen), problems=[*problems, *more])


async def read_by_cursor(
    reading: Reading[T], ask: Callable[[str | None, int], Awaitable[Export]], state: State | None
) -> AsyncIterator[Page[Any]]:
    """The pages of an export that has cursors."""
    seen = msgspec.convert(state or {}, Position)
    since = reading.begin(seen)
    resumed, asked = seen.cursor is not None, {seen.cursor}
    while True:
        try:
            export = await ask(seen.cursor, since)
        except SourceError as error:
            if not resumed or error.status not in (400, 404, 410, 422):
                raise
            # A cursor of an earlier sync that Zendesk no longer takes: by time, then.
            resumed, seen.cursor, asked = False, None, {None}
            continue
        resumed = False
        if not export.end_of_stream and (export.after_cursor is None or export.after_cursor in asked):
            raise SourceError(f"[{reading.source}] {reading.stream}: the export's cursor {seen.cursor} does not move.")
        seen.cursor = None if export.end_of_stream else export.after_cursor
        asked.add(seen.cursor)
        yield await reading.page(export, seen)
        if export.end_of_stream:
            return


async def read_by_time(
    reading: Reading[T],
    ask: Callable[[int], Awaitable[Export]],
    state: State | None,
    *,
    whole: Callable[[], AsyncIterator[Export]] | None = None,
) -> AsyncIterator[Page[Any]]:
    """The pages of an export by time, whose next page begins with the last moment of this one.

    More than a page of one moment (a bulk import) cannot be passed so: then the `whole` list is read, and the export
    goes on behind that moment. Without such a list it is an error.
    """
    seen = msgspec.convert(state or {}, Position)
    at = reading.begin(seen) if seen.next is None else seen.next
    while True:
        export = await ask(at)
        is_stuck = not export.end_of_stream and (export.end_time is None or export.end_time <= at)
        if is_stuck and whole is None:
            raise SourceError(f"[{reading.source}] {reading.stream}: the export's cursor, {at}, does not move.")
        seen.next = None if export.end_of_stream else at if is_stuck else export.end_time
        yield await reading.page(export, seen)
        if export.end_of_stream:
            return
        if is_stuck and whole is not None:
            async for page in whole():
                yield await reading.page(page, seen)
        at = at + 1 if is_stuck else export.end_time or at


def seconds(moment: datetime | None) -> int | None:
    """Seconds of Unix time."""
    return None if moment is None else int(moment.timestamp())


def state_of(seen: msgspec.Struct) -> State:
    """A position as the store keeps it."""
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built

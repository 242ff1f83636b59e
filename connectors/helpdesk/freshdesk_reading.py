"""The streams of Freshdesk, page by page.

Tickets can be asked for by the moment of their last change, in that order: the reader moves on with that moment, so
the limit of three hundred pages is never met. The other lists are read by place, each page beginning within the one
before. What is in the trash stands in lists of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from connectors.errors import SourceNotFound
from connectors.helpdesk.freshdesk_api import A_PAGE, Company, Contact, Conversation, Freshdesk, Rating, Ticket
from connectors.hookspecs import Page, RawProblem, State
from connectors.offset_pages import offset_pages
from connectors.raws import page_of

CALLS_AT_ONCE = 4
SECOND = timedelta(seconds=1)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
CONTACTS_BY_STATE = (None, "deleted", "blocked")
TICKETS_BY_FILTER = (None, "deleted", "spam")


class Gone(msgspec.Struct, frozen=True):
    """A company that an earlier reading saw and this one did not."""

    id: str
    noticed_at: datetime


class Position(msgspec.Struct, omit_defaults=True):
    """The moment up to which all is read; and while a reading is under way: from which moment it reads, in which of
    its lists it is, at which moment or place that goes on, and up to which moment all will be read in the end.

    That is Freshdesk's own clock at the beginning, for the lists have no order: what changes meanwhile comes next time.
    """

    since: datetime | None = None
    begun: datetime | None = None
    until: datetime | None = None
    list: int = 0
    at: datetime | None = None
    offset: int = 0

    def end(self) -> None:
        """The reading is through."""
        self.since = max(self.until or EVER, self.since or EVER)
        self.begun = self.until = self.at = None
        self.list = self.offset = 0


class Known(msgspec.Struct, omit_defaults=True):
    """Companies that the last whole reading saw; and where one that was stopped goes on."""

    ids: tuple[str, ...] = ()
    offset: int = 0
    stopped: bool = False


async def read_contacts(freshdesk: Freshdesk, state: State | None, overlap: timedelta) -> AsyncIterator[Page[Contact]]:
    """Pages of `Contact`: those that changed, then those that were deleted or blocked."""
    seen = _begin(state, None, overlap)
    for number, of in enumerate(CONTACTS_BY_STATE):
        if number < seen.list:
            continue
        seen.list = number
        since = None if seen.begun in (None, EVER) else _iso(seen.begun)
        fetch = partial(freshdesk.window, "contacts", Contact, state=of, _updated_since=since)
        where = f"[{freshdesk.source}] contacts"
        async for page in offset_pages(fetch, _identity, where, size=A_PAGE, offset=seen.offset):
            seen.offset = page.offset
            seen.until = seen.until or freshdesk.clock
            yield page_of([_in_state(one, of) for one in page.items], _state(seen))
        seen.offset = 0
    seen.end()
    yield Page([], _state(seen))


async def read_tickets(
    freshdesk: Freshdesk, state: State | None, start: datetime | None, overlap: timedelta
) -> AsyncIterator[Page[Ticket]]:
    """Pages of `Ticket`, each with its conversations; those in the trash or in spam without, and `gone`."""
    seen = _begin(state, start, overlap)
    few_at_once = asyncio.Semaphore(CALLS_AT_ONCE)
    for number, of in enumerate(TICKETS_BY_FILTER):
        if number < seen.list:
            continue
        seen.list = number
        async for items in _by_time(freshdesk, seen, of):
            if of is None:
                seen.until = seen.at
                told = await asyncio.gather(*(_told(freshdesk, one, few_at_once) for one in items))
                yield page_of([one for one in told if one is not None], _state(seen))
            else:
                yield page_of([_gone(one) for one in items], _state(seen))
        seen.at = None
    seen.end()
    yield Page([], _state(seen))


async def read_ticket(freshdesk: Freshdesk, number: str) -> Ticket | RawProblem | None:
    """One ticket as it is now, as a page of its stream would have it; None when there is none."""
    found = await freshdesk.ticket(number)
    if found is None:
        return None
    ticket, shown = found
    if shown.deleted or shown.spam:
        return _gone(ticket)
    return await _told(freshdesk, ticket, asyncio.Semaphore(1))


async def read_companies(freshdesk: Freshdesk, state: State | None) -> AsyncIterator[Page[Company | Gone]]:
    """Pages of `Company`, all of them, since nothing tells which changed; then the ones that are gone."""
    seen = msgspec.convert(state or {}, Known)
    whole, found = not seen.stopped, set[str]()
    where = f"[{freshdesk.source}] companies"
    fetch = partial(freshdesk.window, "companies", Company)
    async for page in offset_pages(fetch, _identity, where, size=A_PAGE, offset=seen.offset):
        seen.offset, seen.stopped = page.offset, True
        found |= {str(one.id) for one in page.items if isinstance(one, Company)}
        whole = whole and not any(isinstance(one, RawProblem) for one in page.items)
        yield page_of(page.items, _state(seen))
    # Who was not seen by a reading that began in the middle, or could not read somebody, may well be there.
    gone = sorted(set(seen.ids) - found) if whole else []
    now = datetime.now(UTC)
    ids = tuple(sorted(found if whole else found | set(seen.ids)))
    yield Page([Gone(id, now) for id in gone], _state(Known(ids)))


async def read_ratings(
    freshdesk: Freshdesk, state: State | None, start: datetime | None, overlap: timedelta
) -> AsyncIterator[Page[Rating]]:
    """Pages of `Rating`, which are made once and never change."""
    seen = _begin(state, start, overlap)
    since = None if seen.begun in (None, EVER) else _iso(seen.begun)
    where = f"[{freshdesk.source}] satisfaction-ratings"
    fetch = partial(freshdesk.window, "surveys/satisfaction_ratings", Rating, created_since=since)
    async for page in offset_pages(fetch, _identity, where, size=A_PAGE, offset=seen.offset):
        seen.offset = page.offset
        seen.until = seen.until or freshdesk.clock
        yield page_of(page.items, _state(seen))
    seen.end()
    yield Page([], _state(seen))


async def _by_time(
    freshdesk: Freshdesk, seen: Position, of: str | None
) -> AsyncIterator[Sequence[Ticket | RawProblem]]:
    where = f"[{freshdesk.source}] tickets"
    at = seen.at or seen.begun or EVER
    while True:
        # Whether the moment itself is meant is not said: a second before it certainly has it.
        fetch = partial(
            freshdesk.window,
            "tickets",
            Ticket,
            updated_since=_iso(at - SECOND),
            order_by="updated_at",
            order_type="asc",
            include="stats,description",
            filter=of,
        )
        async for page in offset_pages(fetch, _identity, where, size=A_PAGE):
            newest = max((one.updated_at for one in page.items if isinstance(one, Ticket)), default=at)
            moved = newest > at
            seen.at = at = max(at, newest)
            yield page.items
            if page.done:
                return
            if moved:
                break


async def _told(
    freshdesk: Freshdesk, ticket: Ticket | RawProblem, few_at_once: asyncio.Semaphore
) -> Ticket | RawProblem | None:
    if isinstance(ticket, RawProblem):
        return ticket
    async with few_at_once:
        try:
            found = await freshdesk.conversations(ticket.id)
        except SourceNotFound:
            if await freshdesk.has_ticket(ticket.id):
                raise
            return None  # deleted since the list was made; the trash will say so
    problem = next((one for one in found if isinstance(one, RawProblem)), None)
    if problem is not None:
        return problem
    return msgspec.structs.replace(ticket, conversations=[one for one in found if isinstance(one, Conversation)])


def _begin(state: State | None, start: datetime | None, overlap: timedelta) -> Position:
    seen = msgspec.convert(state or {}, Position)
    if seen.begun is None:
        seen.begun = (start or EVER) if seen.since is None else max(seen.since - overlap, start or EVER)
    return seen


def _in_state(one: Contact | RawProblem, of: str | None) -> Contact | RawProblem:
    if of is None or isinstance(one, RawProblem):
        return one
    return msgspec.structs.replace(one, deleted=of == "deleted", blocked=of == "blocked")


def _gone(one: Ticket | RawProblem) -> Ticket | RawProblem:
    return one if isinstance(one, RawProblem) else msgspec.structs.replace(one, gone=True)


def _identity(one: Any) -> str:
    return one.body if isinstance(one, RawProblem) else str(one.id)


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _state(seen: msgspec.Struct) -> State:
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built

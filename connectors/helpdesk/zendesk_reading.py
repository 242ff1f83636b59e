"""The streams of Zendesk, page by page: users with their identities, tickets with their audits, ratings, promises."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import msgspec

from connectors.errors import SourceError, SourceNotFound
from connectors.helpdesk.zendesk_api import A_PAGE, UserExport, Zendesk
from connectors.helpdesk.zendesk_exports import Completed, Reading, read_by_cursor, read_by_time, seconds, state_of
from connectors.helpdesk.zendesk_objects import (
    Audit,
    Identity,
    MetricEvent,
    Organization,
    SatisfactionRating,
    Ticket,
    User,
)
from connectors.hookspecs import Page, RawProblem, State
from connectors.raws import decode_each

CALLS_AT_ONCE = 4
DAY = 86_400


class Broken(msgspec.Struct, frozen=True):
    """A promise about a ticket that was not kept; of an event that was taken back there is no ticket."""

    event: MetricEvent
    ticket: Ticket | None


class RatingState(msgspec.Struct, omit_defaults=True):
    """The newest rating that was made, in seconds; and where a reading stopped: its start, and the list's cursor."""

    since: int = 0
    start: int | None = None
    after: str | None = None


def read_organizations(zendesk: Zendesk, state: State | None, start: int, overlap: int) -> AsyncIterator[Page[Any]]:
    """Pages of `Organization`."""
    reading = Reading(
        zendesk.source, "organizations", Organization, lambda one: seconds(one.updated_at), _as_they_are, start, overlap
    )
    return read_by_time(reading, zendesk.organizations, state, whole=zendesk.all_organizations)


def read_users(zendesk: Zendesk, state: State | None, start: int, overlap: int) -> AsyncIterator[Page[Any]]:
    """Pages of `User`, each with its identities."""

    async def complete(export: UserExport, users: list[User]) -> Completed:
        return _with_identities(zendesk, export, users)

    reading = Reading(zendesk.source, "users", User, lambda one: seconds(one.updated_at), complete, start, overlap)
    return read_by_cursor(reading, zendesk.users, state)


def read_tickets(
    zendesk: Zendesk, state: State | None, start: int, overlap: int, *, page_size: int
) -> AsyncIterator[Page[Any]]:
    """Pages of `Ticket`, each with its audits; of a deleted one there are none."""

    async def complete(_export: object, tickets: list[Ticket]) -> Completed:
        return await _with_audits(zendesk, tickets)

    def moment(ticket: Ticket) -> int | None:
        return ticket.generated_timestamp or seconds(ticket.updated_at)

    reading = Reading(zendesk.source, "tickets", Ticket, moment, complete, start, overlap)
    return read_by_cursor(reading, partial(zendesk.tickets, per_page=page_size), state)


async def read_one(zendesk: Zendesk, stream: str, identifier: str) -> Completed:
    """One `Organization`, `User` or `Ticket` as it is now, as a page of its stream would have it."""
    where = f"{zendesk.source}/{stream}"
    if stream == "users":
        export = await zendesk.users_by_id([identifier])
        users, refused = decode_each(export.users, User, where)
        found, more = _with_identities(zendesk, export, users)
    elif stream == "tickets":
        tickets, refused = decode_each(await zendesk.tickets_by_id([identifier]), Ticket, where)
        found, more = await _with_audits(zendesk, tickets)
    else:
        found, refused = decode_each(await zendesk.organizations_by_id([identifier]), Organization, where)
        more = ()
    return found, [*refused, *more]


def _with_identities(zendesk: Zendesk, export: UserExport, users: Sequence[User]) -> Completed:
    identities, problems = decode_each(export.identities, Identity, f"{zendesk.source}/users")
    of: dict[str, list[Identity]] = defaultdict(list)
    for identity in identities:
        of[str(identity.user_id)].append(identity)
    return [msgspec.structs.replace(one, identities=of[str(one.id)]) for one in users], problems


async def _with_audits(zendesk: Zendesk, tickets: Sequence[Ticket]) -> Completed:
    few_at_once = asyncio.Semaphore(CALLS_AT_ONCE)

    async def audited(ticket: Ticket) -> Ticket | RawProblem | None:
        if ticket.status == "deleted":
            return ticket
        async with few_at_once:
            try:
                raws = await zendesk.audits(ticket.id)
            except SourceNotFound:
                if await zendesk.tickets_by_id([str(ticket.id)]):
                    raise
                return None  # deleted since the export was made, which will say so
        audits, problems = decode_each(raws, Audit, f"{zendesk.source}/tickets: audits of {ticket.id}")
        return problems[0] if problems else msgspec.structs.replace(ticket, audits=audits)

    found = await asyncio.gather(*(audited(ticket) for ticket in tickets))
    return [one for one in found if isinstance(one, Ticket)], [one for one in found if isinstance(one, RawProblem)]


async def read_ratings(zendesk: Zendesk, state: State | None, start: int, days: int) -> AsyncIterator[Page[Any]]:
    """Pages of `SatisfactionRating`. The list knows only when a rating was made, but a customer may change it until
    the ticket closes: those of the last `days` are read again."""
    where = f"{zendesk.source}/satisfaction-ratings"
    seen = msgspec.convert(state or {}, RatingState)
    begin = max(start, seen.since - days * DAY) if seen.start is None else seen.start
    while True:
        page = await zendesk.ratings(begin, seen.after)
        ratings, problems = decode_each(page.satisfaction_ratings, SatisfactionRating, where)
        seen.since = max([seen.since, *(int(one.created_at.timestamp()) for one in ratings)])
        if page.meta.has_more and page.meta.after_cursor in (None, seen.after):
            raise SourceError(f"[{zendesk.source}] satisfaction-ratings: the cursor {seen.after} does not move.")
        seen.start, seen.after = (begin, page.meta.after_cursor) if page.meta.has_more else (None, None)
        yield Page(ratings, state_of(seen), problems=problems)
        if not page.meta.has_more:
            return


def read_broken_promises(zendesk: Zendesk, state: State | None, start: int, overlap: int) -> AsyncIterator[Page[Any]]:
    """Pages of `Broken`: of the events of metrics those in which a promise was broken, with their tickets."""

    async def complete(_export: object, events: list[MetricEvent]) -> Completed:
        broken = [event for event in events if event.type == "breach"]
        tickets, problems = await _tickets(zendesk, [str(event.ticket_id) for event in broken if not event.deleted])
        told = [Broken(event, None if event.deleted else tickets.get(str(event.ticket_id))) for event in broken]
        return [one for one in told if one.ticket is not None or one.event.deleted], problems

    reading = Reading(
        zendesk.source, "ticket-metric-events", MetricEvent, lambda one: seconds(one.time), complete, start, overlap
    )
    return read_by_time(reading, zendesk.metric_events, state)


async def _tickets(zendesk: Zendesk, ids: Sequence[str]) -> tuple[dict[str, Ticket], list[RawProblem]]:
    wanted = list(dict.fromkeys(ids))
    raws = [
        raw
        for place in range(0, len(wanted), A_PAGE)
        for raw in await zendesk.tickets_by_id(wanted[place : place + A_PAGE])
    ]
    tickets, problems = decode_each(raws, Ticket, f"{zendesk.source}/tickets")
    return {str(ticket.id): ticket for ticket in tickets}, problems


async def _as_they_are(_export: object, found: list[Any]) -> Completed:
    return found, ()

"""Which tickets of Request Tracker to read: all once by number, afterwards those that a new transaction names.

Every change of a ticket is a transaction whose id only grows, also a deletion and a merge, which no search for tickets
shows. A touched ticket is read with its whole history, because who was in charge follows from all changes before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import Any

import msgspec

from connectors.helpdesk.request_tracker_api import A_PAGE, UNSET, Change, RequestTracker, Ticket
from connectors.helpdesk.request_tracker_tickets import TEXTS_OF, Codebook, TicketStory, tell
from connectors.hookspecs import Page, State

TICKETS = "ObjectType = 'RT::Ticket'"
MERGES = f"{TICKETS} AND Type = 'AddLink' AND Field = 'MergedInto'"


class TicketState(msgspec.Struct, omit_defaults=True):
    """`transaction` is the newest transaction seen; `after` the last ticket of a first load that is under way, and
    `merged_after` the last merge once the tickets are through. `next` is where a stopped incremental read goes on."""

    transaction: int = 0
    after: int | None = None
    merged_after: int | None = None
    next: int | None = None


async def read_stories(
    rt: RequestTracker, codes: Codebook, state: State | None, *, page_size: int, overlap: int
) -> AsyncIterator[Page[TicketStory]]:
    """The pages of the stream: all tickets at first, afterwards the changed ones with their whole history."""
    seen = msgspec.convert(state or {}, TicketState)
    if state is None:
        # The mark first: what changes while the load runs is read again by the next, incremental read.
        newest = await rt.changes(TICKETS, newest_first=True, limit=1)
        seen.transaction = newest.items[0].number if newest.items else 0
        seen.after = 0
    if seen.after is not None:
        async for page in _all_tickets(rt, codes, seen, page_size):
            yield page
        async for page in _all_merged(rt, codes, seen):
            yield page
    else:
        async for page in _changed_tickets(rt, codes, seen, overlap):
            yield page
    yield Page([], _state(seen))


async def _all_tickets(
    rt: RequestTracker, codes: Codebook, seen: TicketState, page_size: int
) -> AsyncIterator[Page[TicketStory]]:
    done = 0
    while seen.merged_after is None:
        found = await rt.tickets(f"id > {seen.after}", per_page=page_size)
        if not found.items:
            seen.merged_after = 0
            return
        stories = await _stories(rt, {ticket.number: ticket for ticket in found.items}, codes)
        seen.after = found.items[-1].number
        total = None if found.total is None else done + found.total
        done += len(found.items)
        yield Page(stories, _state(seen), total=total)


async def _all_merged(rt: RequestTracker, codes: Codebook, seen: TicketState) -> AsyncIterator[Page[TicketStory]]:
    while True:
        merges = (await rt.changes(f"{MERGES} AND id > {seen.merged_after or 0}")).items
        if not merges:
            seen.after = seen.merged_after = None
            return
        tickets = await _as_they_are(rt, {merge.of for merge in merges if _target(merge) != merge.of})
        seen.merged_after = merges[-1].number
        yield Page(await _stories(rt, tickets, codes), _state(seen))


async def _changed_tickets(
    rt: RequestTracker, codes: Codebook, seen: TicketState, overlap: int
) -> AsyncIterator[Page[TicketStory]]:
    after = seen.next if seen.next is not None else max(0, seen.transaction - overlap)
    while changes := (await rt.changes(f"{TICKETS} AND id > {after}")).items:
        numbers = {change.of for change in changes}
        if any(change.field == "MergedInto" for change in changes):
            numbers |= await _merged_into(rt, numbers)
        tickets = await _as_they_are(rt, numbers)
        after = changes[-1].number
        seen.next = after
        seen.transaction = max(seen.transaction, after)
        yield Page(await _stories(rt, tickets, codes), _state(seen))
    seen.next = None


async def _as_they_are(rt: RequestTracker, numbers: Collection[int]) -> dict[int, Ticket]:
    """The ticket that each number stands for now. A merged number stands for another ticket, which comes as well."""
    found: dict[int, Ticket] = {}
    for part in _parts(sorted(numbers)):
        page = await rt.tickets(" OR ".join(f"id = {number}" for number in part))
        found.update({ticket.number: ticket for ticket in page.items})
    for number in sorted(set(numbers) - found.keys()):
        ticket = await rt.ticket(number)
        found[number] = ticket or Ticket(id=number, created=UNSET, status="deleted")
        if ticket is not None:
            found.setdefault(ticket.number, ticket)
    return found


async def _stories(rt: RequestTracker, tickets: dict[int, Ticket], codes: Codebook) -> list[TicketStory]:
    changes: dict[int, list[Change]] = defaultdict(list)
    for part in _parts(sorted(tickets)):
        of_these = " OR ".join(f"ObjectId = {number}" for number in part)
        for change in await rt.all_changes(f"{TICKETS} AND ({of_these})"):
            changes[change.of].append(change)
    with_text = [change.number for some in changes.values() for change in some if change.type in TEXTS_OF]
    attachments: dict[int, list[Any]] = defaultdict(list)
    for attachment in await rt.attachments(with_text):
        attachments[int(attachment.transaction_id)].append(attachment)
    return [
        tell(ticket, number, changes[number], [a for c in changes[number] for a in attachments[c.number]], codes)
        for number, ticket in sorted(tickets.items())
    ]


async def _merged_into(rt: RequestTracker, numbers: Collection[int]) -> set[int]:
    """Every ticket whose chain of merges goes through `numbers`: their transactions belong to another ticket now."""
    merges = await rt.all_changes(MERGES)
    into = {merge.of: target for merge in merges if (target := _target(merge)) not in (None, merge.of)}
    found = set(numbers)
    while grown := {loser for loser, target in into.items() if target in found} - found:
        found |= grown
    return found


def _target(merge: Change) -> int | None:
    """The number at the end of `fsck.com-rt://rt.example/ticket/4`; on the winner's own transaction its own."""
    number = (merge.new_value or "").rpartition("/")[2]
    return int(number) if number.isdigit() else None


def _parts(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[start : start + A_PAGE] for start in range(0, len(numbers), A_PAGE))


def _state(seen: TicketState) -> State:
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built

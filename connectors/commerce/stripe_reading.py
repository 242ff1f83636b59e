"""Which objects of Stripe to read: lists once, newest first, afterwards the events, oldest first.

Lists cannot be asked for what changed; events can, for thirty days. Events are read upwards from the last one before
the overlap (`ending_before`), so a later state of an object is never followed by an earlier one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.commerce.stripe_api import Event, Listed, Stripe, Thing
from connectors.errors import SourceError, SourceNotFound
from connectors.hookspecs import Page, RawProblem, State
from connectors.raws import decode_each

DAY = 86_400
EVENTS_KEPT = 30 * DAY - 3600
"""How long events can be read, less an hour for the reading itself."""

Taken = tuple[list[Any], list[RawProblem]]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that a first load goes through, and what its objects are; `whole` asks for what a list leaves out."""

    path: str
    kind: type[Any]
    params: tuple[tuple[str, Any], ...] = ()
    whole: Callable[[Stripe, Any], Awaitable[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a stream is read: its lists, the types of its events, and what is taken of a page of events.

    `history` says that events of before the load tell more than the lists do.
    """

    lists: Sequence[Listing]
    events: tuple[str, ...]
    take: Callable[[Stripe, Sequence[Event]], Awaitable[Taken]]
    history: bool = False


class Place(msgspec.Struct, omit_defaults=True):
    """The state of a stream, as JSON in the store.

    While it is loaded: when that began, the number of the list, the last object that was read and its moment. Always:
    the moment from which events are still to be read, by Stripe's clock, and the last one that was.
    """

    since: int
    loaded: int | None = None
    listing: int | None = None
    after: str | None = None
    created: int | None = None
    event: str | None = None


async def read_stream(stripe: Stripe, plan: Plan, state: State | None, overlap: int) -> AsyncIterator[Page[Any]]:
    """The pages of a stream: everything at first, then what events tell; everything again when they are lost."""
    now = await stripe.now()
    place = None if state is None else msgspec.convert(state, Place)
    if place is None or (place.loaded or place.since) < now - EVENTS_KEPT:
        place = Place(since=now - EVENTS_KEPT if plan.history else now - overlap, loaded=now, listing=0)
    while place.listing is not None:
        async for page in _list(stripe, plan.lists[place.listing], place):
            yield page
        place.listing = place.listing + 1 if place.listing + 1 < len(plan.lists) else None
        place.after = place.created = None
    async for page in _events(stripe, plan, place, overlap):
        yield page
    place.since, place.loaded, place.event = max(place.since, now), None, None
    yield Page([], _state(place))


async def _list(stripe: Stripe, listing: Listing, place: Place) -> AsyncIterator[Page[Any]]:
    more = True
    while more:
        page = await _list_page(stripe, listing, place)
        if page.data:
            last = _thing(stripe, listing.path, page.data[-1])
            if last.id == place.after:
                raise SourceError(f"[{stripe.source}] /{listing.path}: the cursor {last.id} does not move.")
            place.after, place.created = last.id, last.created
        raws, problems = decode_each(page.data, listing.kind, f"{stripe.source}: /{listing.path}")
        if listing.whole is not None:
            raws = [await listing.whole(stripe, raw) for raw in raws]
        yield Page(raws, _state(place), problems=problems)
        more = page.has_more and bool(page.data)


async def _list_page(stripe: Stripe, listing: Listing, place: Place) -> Listed:
    params = dict(listing.params)
    if place.after is None:
        return await stripe.listed(listing.path, params)
    try:
        return await stripe.listed(listing.path, {**params, "starting_after": place.after})
    except SourceError as error:
        if "resource_missing" not in str(error) or place.created is None:
            raise
    # The object that the page begins after is gone: its moment is still there.
    return await stripe.listed(listing.path, {**params, "created[lte]": place.created})


async def _events(stripe: Stripe, plan: Plan, place: Place, overlap: int) -> AsyncIterator[Page[Any]]:
    since = place.since if place.loaded is not None else place.since - overlap
    before, _ = await stripe.events(plan.events, {"created[lt]": since, "limit": 1})
    if before:
        last = before[0].id
        events, more = await stripe.events(plan.events, {"ending_before": last})
    else:
        last = ""
        events, more = await _oldest(stripe, plan, since)
    while events:
        if events[0].id == last:
            raise SourceError(f"[{stripe.source}] /v1/events: the cursor {last} does not move.")
        last = events[0].id
        raws, problems = await plan.take(stripe, events[::-1])
        place.since, place.event = max(place.since, events[0].created), last
        yield Page(raws, _state(place), problems=problems)
        if not more:
            return
        events, more = await stripe.events(plan.events, {"ending_before": last})


async def _oldest(stripe: Stripe, plan: Plan, since: int) -> tuple[list[Event], bool]:
    """The oldest page of events, where nothing older is kept to read upwards from; whether there are newer ones."""
    params: dict[str, Any] = {"created[gte]": since}
    events, more = await stripe.events(plan.events, params)
    pages = 1
    while more and events:
        older, more = await stripe.events(plan.events, {**params, "starting_after": events[-1].id})
        if older and older[-1].id == events[-1].id:
            raise SourceError(f"[{stripe.source}] /v1/events: the cursor {events[-1].id} does not move.")
        events, pages = older or events, pages + 1
    return events, pages > 1


def _thing(stripe: Stripe, path: str, raw: msgspec.Raw) -> Thing:
    try:
        return msgspec.json.decode(raw, type=Thing)
    except msgspec.DecodeError as error:
        raise SourceError(f"[{stripe.source}] /{path} lists something without an id: {error}.") from None


def _state(place: Place) -> State:
    state: State = msgspec.to_builtins(place)
    return state


async def gone_or(reading: Awaitable[Any]) -> Any | None:
    """What is read, or None when it has been deleted since its event."""
    try:
        return await reading
    except SourceNotFound:
        return None

"""A subscription, from what happens to one response an event: planned and read like a query.

It follows the change log, or watches what stands in the graph.
The events of an entry that a selection tells are read by one query, some at a time, for all who ask for the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema

from api.feed import RETRY_SECONDS, CursorExpired, Feed, LogReset
from api.plan.change_cursor import Place, decode_place
from api.plan.errors import coded
from api.plan.operation import Bound, Prepared, finish
from api.plan.planning import PlanCache
from api.plan.roots import Answer, Reader, told
from api.plan.rows import Parameters
from api.watch import Watch
from graph.store.errors import AccessDenied, StoreUnavailable

EVENTS_A_QUERY = 50
Event = Mapping[str, Any]


class EventResult(ExecutionResult):
    """The response of an event, and the cursor behind it, whether it was selected or not."""

    __slots__ = ("cursor",)

    def __init__(self, told: ExecutionResult, cursor: str) -> None:
        super().__init__(told.data, told.errors, told.extensions)
        self.cursor = cursor


async def occurrences(
    schema: GraphQLSchema,
    reader: Reader,
    plans: PlanCache,
    prepared: Prepared,
    feed: Feed,
    last_event_id: str | None = None,
) -> AsyncGenerator[EventResult, None]:
    """A response for each event, in their order, none left out: while the store does not answer they wait.

    They follow `after`, or the cursor `last_event_id` when that lies behind it: who comes back by themselves says
    again what they said at first.
    Ends with GraphQLError before the first when an argument is wrong, and when there is no going on: a cursor that
    has expired, a graph that was made anew.
    """
    bound = _only(prepared)
    assert bound.arguments is not None
    assert bound.plan.teller is not None
    field = bound.plan.selector.occurrences[0][1].name.value
    after = bound.arguments.get("after")
    given = {"after": after, "Last-Event-ID": last_event_id}
    places = [decode_place(text, field, name) for name, text in given.items() if text is not None]
    place = max(places, key=lambda each: each.order, default=None)
    arguments = {name: value for name, value in bound.arguments.items() if name != "after"}
    tell = bound.plan.teller(arguments)
    same = (id(bound.plan), orjson.dumps([bound.parameters, arguments], default=str))
    try:
        async for entry in feed.follow(None if place is None else place.read_after):
            events = [event for event in tell(entry) if _is_wanted(place, entry.seq, event)]
            for start in range(0, len(events), EVENTS_A_QUERY):
                batch = events[start : start + EVENTS_A_QUERY]
                key = (*same, entry.seq, batch[0]["position"], len(batch))
                responses = await _responses(schema, reader, plans, prepared, feed, key, batch)
                for event, response in zip(batch, responses, strict=True):
                    yield EventResult(response, event["cursor"])
    except CursorExpired:
        raise coded(
            "CURSOR_EXPIRED",
            "What follows this cursor is no longer known. Read again what you show, then subscribe after the cursor "
            "of `changeLog` that you took before.",
        ) from None
    except LogReset:
        raise coded(
            "CHANGES_RESET",
            "The graph was built anew. Read again what you show, then subscribe after the cursor of `changeLog` that "
            "you took before.",
        ) from None


async def sightings(
    schema: GraphQLSchema, plans: PlanCache, prepared: Prepared, watch: Watch
) -> AsyncGenerator[ExecutionResult, None]:
    """A response for what is watched as it is now, and one whenever it is another."""
    bound = _only(prepared)
    assert bound.question is not None
    ((name, _),) = prepared.bound.items()
    told: dict[str, Event] | None = None
    async with aclosing(watch.follow(bound.question)) as answers:
        async for items in answers:
            news = items[-1:] if told is None else [item for item in items if told.get(item["id"]) != item]
            told = {item["id"]: item for item in items}
            for item in news:
                yield finish(schema, plans, prepared, {name: Answer([], Parameters(), item)})


async def _responses(
    schema: GraphQLSchema,
    reader: Reader,
    plans: PlanCache,
    prepared: Prepared,
    feed: Feed,
    key: Any,
    events: Sequence[Event],
) -> list[ExecutionResult]:
    ((name, bound),) = prepared.bound.items()
    assert isinstance(bound, Bound)

    async def work() -> list[ExecutionResult]:
        answers: Sequence[Answer | Exception]
        try:
            answers = await told(bound.plan, reader, events, bound.parameters)
        except (StoreUnavailable, AccessDenied):
            raise
        except Exception as error:  # the field's error, told in the place of each event
            answers = [error] * len(events)
        return [finish(schema, plans, prepared, {name: answer}) for answer in answers]

    while True:
        try:
            responses: list[ExecutionResult] = await feed.shared(key, work)
        except (StoreUnavailable, AccessDenied):
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return responses


def _only(prepared: Prepared) -> Bound:
    """The one root field of a subscription, with its values."""
    for bound in prepared.bound.values():
        if isinstance(bound, GraphQLError):
            raise bound
        if isinstance(bound, Bound):
            if bound.plan.selector.needs_journeys or bound.plan.selector.later:
                message = "A subscription tells nothing that is worked out beside its rows: ask for it by a query."
                raise coded("OPERATION_NOT_SUPPORTED", message)
            return bound
    raise coded("BAD_USER_INPUT", "The subscription selects no field: it is skipped.")


def _is_wanted(place: Place | None, seq: int, event: Event) -> bool:
    return place is None or place.precedes(seq, event["position"])

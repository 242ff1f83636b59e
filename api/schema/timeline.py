"""One customer's journey as one ordered list."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import strawberry

from api.plan.connection import page_size
from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, from_milliseconds, lookup
from api.plan.filters import plain
from api.plan.ids import key_of
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import BusinessFunction, Channel, Direction, SurveyMetric
from api.schema.figure_enums import JourneyItemType, JourneyMatterKind
from api.schema.interaction import Interaction
from api.schema.paging import PageInfo
from graph.customer import reading
from graph.figures.timeline import Item, timeline
from graph.query import compile_query
from graph.reading import Column, Part, Reading

MOST_ITEMS = 500
DEFAULT_ITEMS = 100
_EDGES = ("after", "before")
_GONE = "It is gone from 2027-06-01 on."
Place = tuple[int, int, str]
_PRESENT = compile_query(
    [Part(reading.CUSTOMER_BY_ID, "one", Reading([Column("id", "item", nullable=False)]), arguments={"id": "id"})]
)


@described
class JourneyItem:
    """Something that belongs to a journey; what does not belong to its type is null."""

    type: JourneyItemType = entry("What it is.")
    occurred_at: datetime = entry("When it happened, or began.", "at", convert=from_milliseconds)
    ended_at: datetime | None = entry(
        "Of a matter its last interaction so far; of a stage when it was left.", convert=from_milliseconds
    )
    kind: str | None = entry("Of an interaction: what happened.")
    function: BusinessFunction | None = entry("The function that acted, or took over.")
    channel: Channel | None = entry("Of an interaction: where it happened.")
    direction: Direction | None = entry("Of an interaction: who acted.")
    is_automated: bool = entry("Whether a machine did it.", "automated")
    touchpoint: str | None = entry("Of an interaction: the name of its touchpoint.")
    stage: str | None = entry("The stage when it happened, or that was reached.")
    campaign: str | None = entry("Of an interaction: the campaign it belongs to.")
    matter_kind: JourneyMatterKind | None = entry("What sort of matter begins, or is the interaction's.")
    matter_key: str | None = entry("The matter's key: source/id.", "matter")
    interaction_count: int | None = entry("Of a matter: its interactions in this journey.", "interactions")
    from_: str | None = entry("The team (or function) or stage before.", "begin", called="from")
    to: str | None = entry("The team (or function) or stage after.", "end")
    is_regression: bool | None = entry("Of a stage change: whether it leads back.", "regression")
    wait_seconds: float | None = entry("Of a handoff: how long the customer waited.", "wait")
    business_wait_seconds: float | None = entry("Of a handoff: the same within business hours.", "business_wait")
    metric: SurveyMetric | None = entry("Of a score: what was measured.")
    score: float | None = entry("Of a score: the answer as it was given.")
    scale_max: float | None = entry("Of a score: the upper end of its scale.")
    cursor: str = entry("Its place in the list.")
    interaction: Interaction | None = lookup(
        reading.INTERACTIONS_BY_ID,
        "interaction_key",
        "The interaction; of a handoff the first of the new team, of a stage change its cause.",
        key=Column("id"),
    )


@described
class JourneyItemEdge:
    """An item of a journey and its cursor."""

    cursor: str = entry("Pass it as `after` or `before`.")
    node: JourneyItem = entry("The item.")


@described
class JourneyItemConnection:
    """A page of one customer's journey."""

    edges: list[JourneyItemEdge] = entry("The items with their cursors.")
    nodes: list[JourneyItem] = entry("The items, in order.")
    page_info: PageInfo = entry("Where this page stands.")
    total_count: int = entry("How many items there are in all.")
    items: list[JourneyItem] = entry("The items, in order.", "nodes", deprecated=f"Ask for `nodes`. {_GONE}")
    has_next_page: bool = entry("Whether more follow.", deprecated=f"Ask for `pageInfo`. {_GONE}")
    end_cursor: str | None = entry("Cursor of the last item.", deprecated=f"Ask for `pageInfo`. {_GONE}")


async def work_timeline(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `customerJourney` field; null where there is no such customer."""
    size = page_size(arguments, DEFAULT_ITEMS, MOST_ITEMS)
    after, before = (None if arguments.get(name) is None else _place(arguments[name], name) for name in _EDGES)
    journeys = await bench.journeys.current()
    now, as_of = bench.now(), arguments.get("asOf")
    until = now if as_of is None or as_of > now else as_of.replace(tzinfo=as_of.tzinfo or UTC)
    row = await bench.store.read_one(_PRESENT, id=key_of(arguments["id"], "Customer"))
    number = -1 if row is None or row[0] is None else int(journeys.customer_numbers([row[0][0]])[0])
    if number < 0:
        raise bad_input("`id` is of no customer.")
    until_ms, automated = int(until.timestamp() * 1000), arguments["includeAutomated"]
    every = await asyncio.to_thread(timeline, journeys, number, until_ms, automated)
    wanted = arguments.get("types")
    if wanted is not None:
        every = [item for item in every if item.type in {plain(each) for each in wanted}]
    if arguments["newestFirst"]:
        every.reverse()
    newest_first = arguments["newestFirst"]
    places = [item.place for item in every]
    begin = 0 if after is None else _passed(places, after, newest_first, or_at=True)
    end = len(every) if before is None else _passed(places, before, newest_first, or_at=False)
    if arguments.get("last") is not None or (before is not None and arguments.get("first") is None):
        return _page(every, max(begin, end - size), end, (end - size > begin, before is not None))
    return _page(every, begin, min(end, begin + size), (after is not None, begin + size < end))


def _passed(places: Sequence[Place], cursor: Place, newest_first: bool, *, or_at: bool) -> int:
    """How many places stand before the cursor's (or at it), in the order of the list."""
    if newest_first:
        return len(places) - (bisect_left if or_at else bisect_right)(places[::-1], cursor)
    return (bisect_right if or_at else bisect_left)(places, cursor)


def _page(every: Sequence[Item], begin: int, end: int, more: tuple[bool, bool]) -> dict[str, Any]:
    """The page from one place to another; `more` says whether more precedes, and whether more follows."""
    items = [_data(item) for item in every[begin:end]]
    first, last = (items[0]["cursor"], items[-1]["cursor"]) if items else (None, None)
    return {
        "nodes": items,
        "edges": [{"cursor": item["cursor"], "node": item} for item in items],
        "page_info": {
            "has_previous_page": more[0],
            "has_next_page": more[1],
            "start_cursor": first,
            "end_cursor": last,
        },
        "total_count": len(every),
        "has_next_page": more[1],
        "end_cursor": last,
        "interaction_key": [item["interaction_key"] for item in items if item["interaction_key"] is not None],
    }


def _data(item: Item) -> dict[str, Any]:
    told = {name: getattr(item, name) for name in Item.__slots__ if name != "interaction"}
    cursor = urlsafe_b64encode(orjson.dumps(item.place)).decode().rstrip("=")
    return {**told, "interaction_key": item.interaction, "cursor": cursor}


def _place(cursor: str, argument: str) -> Place:
    try:
        at, rank, key = orjson.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, TypeError):
        raise bad_input(
            f"`{argument}` is not a cursor. Pass the `endCursor` of a page, or the `cursor` of an item."
        ) from None
    if not (isinstance(at, int) and isinstance(rank, int) and isinstance(key, str)):
        raise bad_input(f"`{argument}` is not a cursor of this list.")
    return at, rank, key


TIMELINE_ARGUMENTS = [
    Argument("id", strawberry.ID, "The customer's global id; one of before a merge answers too."),
    Argument("types", list[JourneyItemType] | None, "Only items of these types."),
    Argument("include_automated", bool, "Whether what machines did is told too.", False),
    Argument("newest_first", bool, "Whether the newest comes first.", False),
    Argument("first", int | None, "At most so many from the start, 1 to 500; 100 unless said."),
    Argument("after", str | None, "Only what follows this cursor."),
    Argument("last", int | None, "At most so many from the end, 1 to 500; not together with `first`."),
    Argument("before", str | None, "Only what precedes this cursor."),
    Argument("as_of", datetime | None, "As of that moment: only what had happened by then."),
]

"""Which records of a Tryton model to read: all of them once by id, afterwards what changed, and what is gone.

`write_date` is null until the first write, so each model has two cursors: one over what was written, one over what was
only created. All rows of a transaction carry its start time and may appear long after it, and whole batches share one
moment: pages go by (moment, id), and every incremental read starts an overlap before the newest moment that was seen.
Tryton keeps no list of deletions that names the record, so the ids are compared.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from connectors.crm.id_ranges import IdRanges
from connectors.crm.tryton_rpc import Moment, Tryton, wire
from connectors.hookspecs import Page, State

Raw = TypeVar("Raw")

IDS_A_PAGE = 5000
ROWS_A_PAGE = 1000


class Mark(msgspec.Struct, omit_defaults=True):
    """The newest moment seen of a model: of a write, and of a creation without a write since."""

    written: datetime | None = None
    created: datetime | None = None


class ReadState(msgspec.Struct, omit_defaults=True):
    """The state of a stream, as JSON in the store.

    `after` is the last id of a first load that is under way. `todo` are the ids found changed, `todo_after` the last of
    them that was read. `known` holds all ids that were read, as ranges (`"1-500,502"`). `digests` notice changes of
    what has no dates (see `Plan.undated`).
    """

    after: int | None = None
    marks: dict[str, Mark] = {}
    todo: str = ""
    todo_after: int = 0
    known: str = ""
    digests: dict[str, str] = {}


class Row(msgspec.Struct):
    """A changed row; what it changes is in the columns of `Plan.watch`."""

    id: int
    write_date: Moment | None = None
    create_date: Moment | None = None
    party: int | None = None
    replaced_by: int | None = None
    record: str | int | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A model whose changes make records of the stream to be read again; `affected` turns its rows into their ids."""

    model: str
    affected: Callable[[Sequence[Row]], Awaitable[list[int]]]
    columns: tuple[str, ...] = ()
    domain: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan(Generic[Raw]):
    """How one stream is read.

    `fetch` gives the raws of some ids, leaving out what is not for the stream; `gone` makes raws of deleted ids;
    `undated` gives, for changes that leave no date, a digest for each bucket, and `in_bucket` the ids of one.
    """

    model: str
    watched: Sequence[Watched]
    fetch: Callable[[Sequence[int]], Awaitable[list[Raw]]]
    gone: Callable[[Sequence[int]], Awaitable[list[Raw]]]
    undated: Callable[[], Awaitable[dict[str, str]]] | None = None
    in_bucket: Callable[[str, Iterable[int]], list[int]] | None = None


async def read_records(
    tryton: Tryton, plan: Plan[Raw], state: State | None, *, page_size: int, overlap: timedelta
) -> AsyncIterator[Page[Raw]]:
    """The pages of a stream: everything by id at first, afterwards only changes; deletions each time."""
    seen = msgspec.convert(state or {}, ReadState)
    known = IdRanges.parse(seen.known)
    if state is None or seen.after is not None:
        async for page in _load(tryton, plan, seen, known, page_size):
            yield page
    else:
        async for page in _todo(plan, seen, known, page_size):  # what an earlier read left
            yield page
        await _find_changes(tryton, plan, seen, known, overlap)
        async for page in _todo(plan, seen, known, page_size):
            yield page
    yield await _deletions(tryton, plan, seen, known)


async def _load(
    tryton: Tryton, plan: Plan[Raw], seen: ReadState, known: IdRanges, page_size: int
) -> AsyncIterator[Page[Raw]]:
    if seen.after is None:
        # Marks first: what changes while the load runs is read again by the next, incremental read.
        seen.marks = {watched.model: await _newest(tryton, watched) for watched in plan.watched}
        seen.digests = await plan.undated() if plan.undated else {}
        seen.after = 0
    total = await tryton.call(f"model.{plan.model}.search_count", [[]], int)
    while ids := await _ids_after(tryton, plan.model, seen.after, page_size):
        raws = await plan.fetch(ids)
        seen.after = ids[-1]
        known.update(ids)
        seen.known = str(known)
        yield Page(raws, _state(seen), total=total)
    seen.after = None


async def _find_changes(tryton: Tryton, plan: Plan[Raw], seen: ReadState, known: IdRanges, overlap: timedelta) -> None:
    """Move all cursors to now, and put the ids to read again into `todo`: a record is read once, after its changes."""
    changed: set[int] = set()
    for watched in plan.watched:
        mark = seen.marks.setdefault(watched.model, Mark())
        for column in ("write_date", "create_date"):
            newest = mark.written if column == "write_date" else mark.created
            at, after = (newest - overlap if newest else None), 0
            while rows := await _rows_after(tryton, watched, column, at, after):
                at, after = _moment(rows[-1], column), rows[-1].id
                _advance(mark, column, at)
                changed.update(await watched.affected(rows))
    if plan.undated is not None and plan.in_bucket is not None:
        now = await plan.undated()
        for bucket in now.keys() | seen.digests.keys():
            if now.get(bucket) != seen.digests.get(bucket):
                changed.update(plan.in_bucket(bucket, known))
        seen.digests = now
    seen.todo, seen.todo_after = str(IdRanges.of(sorted(changed))), 0


async def _todo(plan: Plan[Raw], seen: ReadState, known: IdRanges, page_size: int) -> AsyncIterator[Page[Raw]]:
    todo = [number for number in IdRanges.parse(seen.todo) if number > seen.todo_after]
    for start in range(0, len(todo), page_size):
        part = todo[start : start + page_size]
        raws = await plan.fetch(part)
        seen.todo_after = part[-1]
        known.update(part)
        seen.known = str(known)
        yield Page(raws, _state(seen), total=len(todo))
    seen.todo, seen.todo_after = "", 0


async def _deletions(tryton: Tryton, plan: Plan[Raw], seen: ReadState, known: IdRanges) -> Page[Raw]:
    there = IdRanges()
    after = 0
    while ids := await _ids_after(tryton, plan.model, after, IDS_A_PAGE):
        there.update(ids)
        after = ids[-1]
    lost = known.without(there)
    seen.known = str(IdRanges.of(known_id for known_id in known if known_id in there)) if lost else str(known)
    return Page(await plan.gone(lost) if lost else [], _state(seen))


async def _newest(tryton: Tryton, watched: Watched) -> Mark:
    mark = Mark()
    for column in ("write_date", "create_date"):
        rows = await tryton.search_read(
            watched.model,
            [*watched.domain, *_only(column)],
            [column],
            Row,
            order=[[column, "DESC"]],
            limit=1,
        )
        if rows:
            _advance(mark, column, _moment(rows[0], column))
    return mark


async def _ids_after(tryton: Tryton, model: str, after: int, limit: int) -> list[int]:
    ids: list[int] = await tryton.call(
        f"model.{model}.search", [[["id", ">", after]], 0, limit, [["id", "ASC"]]], list[int]
    )
    return ids


async def _rows_after(tryton: Tryton, watched: Watched, column: str, at: datetime | None, after: int) -> list[Row]:
    later: list[object] = []
    if at is not None:
        later = [["OR", [column, ">", wire(at)], [[column, "=", wire(at)], ["id", ">", after]]]]
    return await tryton.search_read(
        watched.model,
        [*watched.domain, *_only(column), *later],
        [column, *watched.columns],
        Row,
        order=[[column, "ASC"], ["id", "ASC"]],
        limit=ROWS_A_PAGE,
    )


def _only(column: str) -> list[object]:
    return [["write_date", "!=", None]] if column == "write_date" else [["write_date", "=", None]]


def _moment(row: Row, column: str) -> datetime:
    moment = row.write_date if column == "write_date" else row.create_date
    if moment is None:
        raise ValueError(f"Tryton gave a row {row.id} without the {column} it was asked for")
    return moment.utc


def _advance(mark: Mark, column: str, at: datetime) -> None:
    if column == "write_date":
        mark.written = at if mark.written is None else max(mark.written, at)
    else:
        mark.created = at if mark.created is None else max(mark.created, at)


def _state(seen: ReadState) -> State:
    built: dict[str, Any] = msgspec.to_builtins(seen)
    return built

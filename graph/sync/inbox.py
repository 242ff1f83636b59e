"""The inbox: what systems push is kept with one small write, and stored as records when nobody links.

A push is safe once it is kept: a kill after that leaves it in the graph, and the next sync stores it first of all.
Records change only while nobody links them, so storing takes the lease `link`; keeping waits for nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
import uuid_utils

from connectors.hookspecs import Partial, RawProblem
from connectors.records import Account, ConsentStatement, Person, Record, decode
from graph.cypher import cypher
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.sync.land import LandingSource, as_rows
from graph.sync.pages import PageWriter
from graph.sync.rows import Row

STREAM = "pushed"
"""The stream under which a source's pushes are counted, and its rejections kept."""

_AT_ONCE = 500
_BYTES_AT_ONCE = 10_000_000


class _Item(msgspec.Struct, frozen=True, omit_defaults=True):
    record: Record
    partial: bool = False


class _Push(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one request brought."""

    items: tuple[_Item, ...] = ()
    problems: tuple[RawProblem, ...] = ()


class Inbox:
    """Keeps pushes; those that come at the same time are kept with one write."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._named: set[str] = set()
        self._coming: list[tuple[Row, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, source: LandingSource, pushed: Sequence[Record | Partial | RawProblem]) -> int:
        """Keep what a source pushed; how many records it has. Once this returns nothing of it can be lost."""
        name = source.connector.name
        items, problems = _sorted(name, pushed)
        if not items and not problems:
            return 0
        if name not in self._named:
            await self._store.write(
                cypher("writes/name_recorder"), source=name, connector=source.kind, trust=source.trust
            )
            self._named.add(name)
        body = msgspec.json.encode(_Push(tuple(items), tuple(problems))).decode()
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._coming.append(({"id": str(uuid_utils.uuid7()), "source": name, "body": body}, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await kept
        return len(items)

    async def _write(self) -> None:
        while self._coming:
            together, self._coming = self._coming, []
            error: StoreError | None = None
            try:
                rows = [row for row, _ in together]
                await self._store.write(cypher("writes/keep_pushes"), rows=rows, now=time.time_ns() // 1_000_000)
            except StoreError as failed:
                error = failed
            for _, kept in together:
                if kept.done():
                    continue  # whoever asked has gone
                if error is None:
                    kept.set_result(None)
                else:
                    kept.set_exception(error)


def _sorted(source: str, pushed: Sequence[Record | Partial | RawProblem]) -> tuple[list[_Item], list[RawProblem]]:
    """What can be stored, and what breaks the contract: kept as it is it would stop every push after it."""
    items: list[_Item] = []
    problems: list[RawProblem] = []
    for one in pushed:
        if isinstance(one, RawProblem):
            problems.append(one)
            continue
        record = one.record if isinstance(one, Partial) else one
        _, refused = as_rows([(record, [record])], source, STREAM)
        problems += refused
        if not refused:
            items.append(_Item(record, isinstance(one, Partial)))
    return items, problems


async def store_pushes(store: Store, pages: PageWriter) -> int:
    """Store what waits as records, the oldest first; how many pushes that were. Nobody may link meanwhile.

    Killed anywhere it goes on: a push is forgotten after its records are stored, and storing it again changes nothing.
    """
    done = 0
    while waiting := await store.read(cypher("writes/waiting_pushes"), most=_AT_ONCE):
        for source, ids in _portions(waiting):
            bodies = [body for (body,) in await store.read(cypher("writes/read_pushes"), ids=ids)]
            await _store(store, pages, source, [msgspec.json.decode(body, type=_Push) for body in bodies])
            await store.write(cypher("writes/forget_pushes"), ids=ids)
            done += len(ids)
    return done


def _portions(waiting: Iterable[Sequence[Any]]) -> Iterator[tuple[str, list[str]]]:
    """Pushes of one source after the other, in their order, so many at once as memory bears."""
    for source, rows in groupby(waiting, key=lambda row: str(row[1])):
        ids: list[str] = []
        held = 0
        for id, _, size in rows:
            if ids and held + size > _BYTES_AT_ONCE:
                yield source, ids
                ids, held = [], 0
            ids.append(id)
            held += size
        yield source, ids


async def _store(store: Store, pages: PageWriter, source: str, pushes: Sequence[_Push]) -> None:
    items = [item for push in pushes for item in push.items]
    records = _whole(items, await _known(store, items))
    rows, refused = as_rows([(record, [record]) for record in records], source, STREAM)
    problems = [*(problem for push in pushes for problem in push.problems), *refused]
    await pages.store(source, STREAM, rows, problems, {}, all_new=False)


async def _known(store: Store, items: Iterable[_Item]) -> dict[str, Person | Account]:
    keys = sorted({str(item.record.key) for item in items if isinstance(item.record, Person | Account)})
    rows = await store.read(cypher("writes/known_hashes"), keys=keys) if keys else []
    found = (decode(body) for (batch,) in rows for _, _, body, *_ in batch if body)
    return {str(record.key): record for record in found if isinstance(record, Person | Account)}


def _whole(items: Iterable[_Item], known: dict[str, Person | Account]) -> list[Record]:
    """The records as they are to be: partial ones over what is known, none older than what is known."""
    records: list[Record] = []
    for item in items:
        record = item.record
        if isinstance(record, Person | Account):
            key = str(record.key)
            before = known.get(key)
            if before is not None and type(before) is type(record):
                if not item.partial and _is_older(record, before):
                    continue  # pushes come late and twice: what is known is newer
                record = _laid_over(before, record) if item.partial else record
            known[key] = record
        records.append(record)
    return records


def _is_older(one: Person | Account, other: Person | Account) -> bool:
    return one.updated_at is not None and other.updated_at is not None and one.updated_at < other.updated_at


def _laid_over(before: Person | Account, said: Person | Account) -> Person | Account:
    """What is known with what is said now; what the older of the two says gives way, and ids of visits add up."""
    older, newer = (said, before) if _is_older(said, before) else (before, said)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(type(before)):
        old, new = getattr(older, field.name), getattr(newer, field.name)
        join = _JOINED.get(field.name)
        values[field.name] = join(old, new) if join is not None else old if new in (None, (), {}) else new
    return type(before)(**values)


def _either(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*old, *new]))


def _both(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **new}


def _newest(old: Sequence[ConsentStatement], new: Sequence[ConsentStatement]) -> tuple[ConsentStatement, ...]:
    return tuple({(one.channel, one.purpose): one for one in (*old, *new)}.values())


def _earliest(old: Any, new: Any) -> Any:
    return min((moment for moment in (old, new) if moment is not None), default=None)


_JOINED: Mapping[str, Callable[[Any, Any], Any]] = {
    "anonymous_ids": _either,
    "device_ids": _either,
    "external_ids": _both,
    "contact_ids": _both,
    "extra": _both,
    "consents": _newest,
    "created_at": _earliest,
}

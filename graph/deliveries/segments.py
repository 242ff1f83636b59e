"""Who entered and who left a segment since it was looked at last.

Who was in it is kept in the graph, in parts by a hash of the customer's id, and changes in the transaction that keeps
the deliveries: a kill anywhere loses nothing and doubles nothing.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import uuid_utils

from connectors.events import Event, SegmentEntered, SegmentLeft
from graph.cypher import cypher
from graph.deliveries.events import event_id, moment
from graph.deliveries.queue import Wish, keep
from graph.journeys.journeys import Journeys
from graph.segments.rules import SegmentRule
from graph.segments.segments import members
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease

PARTS = 256
_AT_ONCE = 16
"""Parts of a first look that are written together."""


@dataclass(frozen=True, slots=True)
class _Known:
    version: str
    customers: frozenset[str]


class SegmentWatch:
    """Follows the segments of one graph; what the graph knows is read again only when somebody else wrote it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, _Known] = {}

    async def follow(self, lease: Lease, journeys: Journeys, wishes: Sequence[Wish], now: int) -> int:
        """Keep a delivery for each who entered or left, for everybody who wants to be told; how many events.

        A segment that is looked at for the first time tells nobody: who is in it is only noted.
        """
        told = 0
        for segment in journeys.rules.segment:
            told += await self._follow(lease, journeys, segment, wishes, now)
        return told

    async def _follow(
        self, lease: Lease, journeys: Journeys, segment: SegmentRule, wishes: Sequence[Wish], now: int
    ) -> int:
        before = await self._before(segment.name)
        inside = await asyncio.to_thread(_ids, journeys, segment, now)
        version = str(uuid_utils.uuid7())
        if before is None:
            await self._note_first(lease, segment.name, inside, version)
            self._known[segment.name] = _Known(version, inside)
            return 0
        entered, left = sorted(inside - before.customers), sorted(before.customers - inside)
        if not entered and not left:
            return 0
        at = moment(now)
        events: list[Event] = [
            SegmentLeft(id=event_id(version, "left", id), at=at, customer_id=id, segment=segment.name)
            for id in _who_are_still(journeys, left)
        ]
        events += _entered(entered, segment.name, version, at)
        parts = _parts(inside, {part_of(id) for id in (*entered, *left)})

        async def work(tx: Transaction) -> None:
            await lease.hold(tx)
            await tx.run(cypher("writes/note_segment"), segment=segment.name, version=version)
            for start in range(0, len(parts), _AT_ONCE):
                rows = _rows(segment.name, parts[start : start + _AT_ONCE])
                await tx.run(cypher("writes/note_segment_parts"), segment=segment.name, rows=rows)
            for wish in wishes:
                await keep(tx, wish, [event for event in events if wish.takes(event)], now)

        await self._store.transaction(work)
        self._known[segment.name] = _Known(version, inside)
        return len(events)

    async def _before(self, name: str) -> _Known | None:
        row = await self._store.read_one(cypher("writes/read_segment"), segment=name)
        if row is None:
            return None
        known = self._known.get(name)
        if known is None or known.version != row[0]:
            rows = await self._store.read(cypher("writes/read_segment_parts"), segment=name)
            known = _Known(row[0], frozenset(id for (ids,) in rows for id in ids))
            self._known[name] = known
        return known

    async def _note_first(self, lease: Lease, name: str, inside: frozenset[str], version: str) -> None:
        """The parts first, then that they are all there: killed between, the next look begins again."""
        parts = _parts(inside, range(PARTS))
        for start in range(0, len(parts), _AT_ONCE):
            rows = _rows(name, parts[start : start + _AT_ONCE])

            async def work(tx: Transaction, rows: list[dict[str, object]] = rows) -> None:
                await lease.hold(tx)
                await tx.run(cypher("writes/note_segment_parts"), segment=name, rows=rows)

            await self._store.transaction(work)

        async def whole(tx: Transaction) -> None:
            await lease.hold(tx)
            await tx.run(cypher("writes/note_segment"), segment=name, version=version)

        await self._store.transaction(whole)


def _ids(journeys: Journeys, segment: SegmentRule, now: int) -> frozenset[str]:
    return frozenset(journeys.customer_ids(np.flatnonzero(members(segment, journeys, now))))


def _who_are_still(journeys: Journeys, ids: list[str]) -> list[str]:
    """Customers that were merged away have not left: the merge tells of them."""
    if not ids:
        return []
    numbers = journeys.customer_numbers(ids)
    return [id for id, number in zip(ids, numbers, strict=True) if number >= 0]


def _entered(ids: Iterable[str], segment: str, version: str, at: datetime) -> list[Event]:
    return [SegmentEntered(id=event_id(version, "entered", id), at=at, customer_id=id, segment=segment) for id in ids]


def part_of(id: str) -> int:
    """In which part it is noted where a customer is."""
    return zlib.crc32(id.encode()) % PARTS


def _parts(inside: Iterable[str], wanted: Iterable[int]) -> list[tuple[int, list[str]]]:
    found: dict[int, list[str]] = defaultdict(list)
    for id in inside:
        found[part_of(id)].append(id)
    return [(part, sorted(found[part])) for part in sorted(wanted)]


def _rows(segment: str, parts: Sequence[tuple[int, list[str]]]) -> list[dict[str, object]]:
    return [{"id": f"{segment}/{part}", "customers": ids} for part, ids in parts]

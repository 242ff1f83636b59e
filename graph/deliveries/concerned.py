"""What a source that is written to is told of a customer: its own records of them, and their segments."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.records import RecordKey
from graph.cypher import cypher
from graph.deliveries.segments import part_of
from graph.store.driver import Store, Transaction


@dataclass(frozen=True, slots=True)
class Described:
    """A customer (by the id that they go by now), the source's persons that describe them, and their segments."""

    customer: str
    records: tuple[RecordKey, ...]
    segments: tuple[str, ...]


async def describe(store: Store, source: str, customer: str) -> Described | None:
    """None when there is nobody of this id, and never was anybody who is somebody else now."""
    row = await store.read_one(cypher("writes/describe_concerned"), id=customer, source=source)
    if row is None:
        return None
    id, keys = row
    segments = await store.read(cypher("writes/noted_segments"), part=str(part_of(id)), id=id)
    return Described(id, tuple(RecordKey.parse(key) for key in sorted(keys)), tuple(name for (name,) in segments))


async def note_writing(store: Store, key: RecordKey) -> int | None:
    """We are about to write to this record in its source: whatever comes of us, reading the write back is no change.

    Gives since when (epoch ms) an earlier write of ours is without an end, for `note_refused`.
    """

    async def work(tx: Transaction) -> list[list[Any]]:
        return await tx.run(cypher("writes/note_writing"), key=str(key), at=round(time.time() * 1000))

    rows = await store.transaction(work)
    return rows[0][0] if rows else None


async def note_refused(store: Store, key: RecordKey, before: int | None) -> None:
    """The source took nothing: what it says of this record is news as it was `before` we began."""
    await store.write(cypher("writes/note_refused"), key=str(key), before=before)


async def note_written(store: Store, key: RecordKey, at: datetime) -> None:
    """We wrote to this record in its source, at that moment by its clock: reading it back is no change."""
    await store.write(cypher("writes/note_written"), key=str(key), at=round(at.timestamp() * 1000))

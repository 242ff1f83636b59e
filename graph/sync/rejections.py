"""Rejections: what a source said that could not be read, kept with its place, reason and raw body."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.errors import C360Error
from graph.cypher import cypher
from graph.store.driver import Store
from graph.store.instants import from_epoch_millis


class NoSuchRejection(C360Error):
    """There is none of that id: it may have been read since."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """One raw record that could not be read; `body` as it came, at most 10,000 characters, None where not asked for."""

    id: str
    source: str
    stream: str
    place: str
    reason: str
    at: datetime
    body: str | None = None


async def list_rejections(store: Store, source: str | None = None, limit: int = 100) -> list[Rejection]:
    """The newest first, without their bodies, which hold personal data."""
    rows = await store.read(cypher("writes/read_rejections"), source=source, limit=limit)
    return [_rejection(row) for row in rows]


async def read_rejection(store: Store, id: str) -> Rejection:
    """One of them with its body; raises NoSuchRejection."""
    row = await store.read_one(cypher("writes/read_rejection"), id=id)
    if row is None:
        raise NoSuchRejection(
            f"There is no rejection {id!r}: it may have been read since. `c360 rejections list` has all."
        )
    return _rejection(row)


def _rejection(row: list[object]) -> Rejection:
    id, source, stream, place, reason, at, *body = row
    said = str(body[0]) if body and body[0] is not None else None
    return Rejection(str(id), str(source), str(stream), str(place), str(reason), from_epoch_millis(int(str(at))), said)

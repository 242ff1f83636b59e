"""The sources that a graph knows: what each gave, when it was last read, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from graph.cypher import cypher
from graph.store.driver import Store
from graph.store.instants import from_epoch_millis


@dataclass(frozen=True, slots=True)
class KnownSource:
    """One source; `status` is that of its last run: RUNNING, SUCCEEDED, FAILED or INTERRUPTED."""

    name: str
    connector: str | None
    status: str | None
    error: str | None
    last_sync_at: datetime | None
    last_success_at: datetime | None
    records: int
    interactions: int
    rejections: int


async def known_sources(store: Store) -> list[KnownSource]:
    """All of them, by name."""
    rows = await store.read(cypher("writes/known_sources"))
    return [
        KnownSource(name, connector, status, error, _moment(synced), _moment(succeeded), *counts)
        for name, connector, status, error, synced, succeeded, *counts in rows
    ]


def _moment(millis: int | None) -> datetime | None:
    return None if millis is None else from_epoch_millis(millis)

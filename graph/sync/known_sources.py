"""The sources that a graph knows: what each gave, when it was last read, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.cypher import cypher
from graph.store.driver import Store
from graph.store.instants import from_epoch_millis


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source; `status` is that of its last run: RUNNING, SUCCEEDED, FAILED or INTERRUPTED."""

    name: str
    connector: str | None
    status: str | None
    error: str | None
    last_sync_at: datetime | None
    """When it was last begun to be read."""
    last_success_at: datetime | None
    """When it was last read whole."""
    pending: int
    """Its records that wait to be linked."""


@dataclass(frozen=True, slots=True)
class KnownSource(SourceState):
    """One source, with how much it gave."""

    records: int
    interactions: int
    rejections: int


async def source_states(store: Store) -> list[SourceState]:
    """All sources by name, without counting what they gave, which takes long in a large graph."""
    rows = await store.read(cypher("writes/source_states"))
    return [SourceState(*_state(row)) for row in rows]


async def known_sources(store: Store) -> list[KnownSource]:
    """All sources by name, with how much each gave."""
    rows = await store.read(cypher("writes/known_sources"))
    return [KnownSource(*_state(row[:7]), *row[7:]) for row in rows]


def _state(
    row: Sequence[Any],
) -> tuple[str, str | None, str | None, str | None, datetime | None, datetime | None, int]:
    name, connector, status, error, synced, succeeded, pending = row
    return name, connector, status, error, _moment(synced), _moment(succeeded), pending


def _moment(millis: int | None) -> datetime | None:
    return None if millis is None else from_epoch_millis(millis)

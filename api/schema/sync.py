"""Syncs: how far the one at work is, whichever process runs it, and starting one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import described, entry, from_milliseconds
from api.plan.filters import described_input, option
from api.plan.ids import encode_id
from api.plan.roots import Bench, Question
from api.plan.rows import Arguments, Row
from api.schema.enums import StartSyncErrorCode, SyncSourceStatus, SyncStatus
from graph.cypher import cypher
from graph.sync.syncs import KnownSync, SyncAsk, SyncRefused, ask_for_sync, syncs_of
from graph.sync.watch import PhaseState


@described
class SyncPhase:
    """One phase of a sync; sources are read side by side, the other phases follow each other."""

    name: str = entry("What is done, e.g. `read crm/contacts` or `link`.")
    source: str | None = entry("The source that is read; null when it is about all of them.")
    done_count: int = entry("Units that are done: records, customers, or per cent of linking.", "done")
    total_count: int | None = entry("Units there are; null while that is not known.", "total")
    per_second: float | None = entry("Units a second, from the phase's beginning until it last went on.")
    remaining_seconds: float | None = entry("How long it will still take at that rate; null when it cannot be told.")


@described
class SyncSource:
    """What a sync has read of one source."""

    source: str = entry("The source.")
    status: SyncSourceStatus = entry("How far it is.")
    read_count: int = entry("Records read so far, rejected ones too.", "records")
    rejected_count: int = entry("Records of them that could not be read; `Source.rejections` has them.", "rejected")
    error: str | None = entry("Why it failed.")


@described
class SyncProgress:
    """How far a sync is, or how it ended."""

    sync_id: strawberry.ID = entry("Tells this sync from others.")
    status: SyncStatus = entry("Its state.")
    started_at: datetime | None = entry("When it began; null while it waits.", convert=from_milliseconds)
    finished_at: datetime | None = entry(
        "When it ended; null before, and when it was killed.", convert=from_milliseconds
    )
    error: str | None = entry("Why it failed as a whole; of a source alone: `sources`.")
    phases: list[SyncPhase] = entry("Its phases so far, in the order in which they began.")
    sources: list[SyncSource] = entry("Its sources.")


@described_input
class StartSyncInput:
    """Which sync is wanted."""

    sources: list[str] | None = option("Sections of plugins.toml; all unless said.")
    full: bool = strawberry.field(description="Read from the start, not from where the last sync ended.", default=False)
    idempotency_key: str | None = option(
        "A text of your choice: a request that is sent again with it starts nothing, and gives the sync of the first."
    )
    dry_run: bool = strawberry.field(description="Only tell whether one would be started.", default=False)


@described
class StartSyncError:
    """Why no sync was started, for whoever wanted it."""

    code: StartSyncErrorCode = entry("What is wrong.")
    field: str | None = entry("The input that is to blame.")
    message: str = entry("The same in a sentence.")


@described
class StartSyncPayload:
    """What came of it. With `userErrors` nothing was started."""

    sync: SyncProgress | None = entry(
        "The sync, as it is now; `syncProgressed` tells how it goes on. Null in a dry run when one would be started."
    )
    is_already_running: bool = entry(
        "Whether this sync was under way before; nothing was started, whatever its sources.", default=False
    )
    is_replay: bool = entry("Whether the same request came before; nothing was started.", default=False)
    user_errors: list[StartSyncError] = entry("Why nothing was started; empty when all is well.")


def ask_syncs(_: Arguments) -> Question:
    """The newest syncs, the oldest first, each as `SyncProgress` reads it."""
    return Question(cypher("writes/read_syncs"), {}, lambda rows: [_told(sync) for sync in syncs_of(rows)])


def ask_newest_sync(_: Arguments) -> Question:
    """The sync at work, or the last one; None before the first."""

    def fold(rows: list[Row]) -> dict[str, Any] | None:
        known = syncs_of(rows)
        return _told(known[-1]) if known else None

    return Question(cypher("writes/read_syncs"), {}, fold)


async def work_start(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `startSync` field."""
    given = arguments["input"]
    if given.get("sources") == []:
        raise bad_input("`sources` is empty; name at least one, or leave it out for all.")
    sources = list(dict.fromkeys(given.get("sources") or ()))
    ask = SyncAsk(
        by=bench.viewer,
        sources=sources,
        full=given["full"],
        idempotency_key=given.get("idempotencyKey"),
        dry_run=given["dryRun"],
    )
    try:
        if bench.syncs is None:
            raise SyncRefused(
                "NOT_AVAILABLE", "This API has no plugins.toml: start the sync where the sources are set up."
            )
        bench.syncs.check(sources)
        asked = await ask_for_sync(bench.store, ask)
    except SyncRefused as refused:
        return {"user_errors": [{"code": refused.code, "field": refused.field, "message": str(refused)}]}
    if asked.is_new and asked.sync is not None:
        await bench.syncs.start(asked.sync.id, sources, full=ask.full)
    return {
        "sync": None if asked.sync is None else _told(asked.sync),
        "is_already_running": asked.was_under_way,
        "is_replay": asked.is_replay,
        "user_errors": [],
    }


def _told(sync: KnownSync) -> dict[str, Any]:
    return {
        "id": sync.id,
        "sync_id": encode_id("Sync", sync.id),
        "status": sync.status,
        "started_at": sync.started_at,
        "finished_at": sync.finished_at,
        "error": sync.error,
        "phases": [_phase(phase) for phase in sync.state.phases],
        "sources": [
            {name: getattr(source, name) for name in ("source", "status", "records", "rejected", "error")}
            for source in sync.state.sources
        ],
    }


def _phase(phase: PhaseState) -> dict[str, Any]:
    rate = phase.done / phase.seconds if phase.done and phase.seconds else None
    left = None if phase.total is None else max(0, phase.total - phase.done)
    return {
        "name": phase.name,
        "source": phase.source,
        "done": phase.done,
        "total": phase.total,
        "per_second": None if rate is None else round(rate, 1),
        "remaining_seconds": 0.0 if left == 0 else None if left is None or rate is None else round(left / rate, 1),
    }

"""The watch of a sync: how far it is stands in the graph, where every process can read it.

Each sync has a node `(:Sync)`. It is written beside the work, twice a second at most, and the work never waits for it
but at its beginning and its end. Whoever reads it knows from `owner` and `heard` whether the sync is still at work.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import msgspec
import structlog
import uuid_utils

from graph.cypher import cypher
from graph.store.driver import Store, Transaction
from graph.store.errors import StoreError
from graph.store.lease import name_of_this_process
from graph.sync.land import Landed
from graph.sync.progress import Progress

LOG = logging.getLogger("c360.sync")
WRITE_SECONDS = 0.5
"""At most so often what changed is written."""
HEARTBEAT_SECONDS = 5.0
"""At least so often a sync that goes on says so."""
_LAST_WORD_SECONDS = 5.0
_KEPT_DAYS = 7


class PhaseState(msgspec.Struct):
    """How far one phase is; `seconds` from its beginning until it last went on."""

    name: str
    source: str | None = None
    """The source that it reads; None when it is about all of them."""
    done: int = 0
    total: int | None = None
    seconds: float = 0.0


class SourceState(msgspec.Struct):
    """What one source gave so far, `records` with the rejected ones; `WAITING`, `RUNNING`, `SUCCEEDED` or `FAILED`."""

    source: str
    status: str = "WAITING"
    records: int = 0
    rejected: int = 0
    error: str | None = None


class SyncState(msgspec.Struct):
    """How far a sync is, phases in the order in which they began."""

    phases: list[PhaseState] = []
    sources: list[SourceState] = []


class SyncWatch:
    """Progress that is passed on, and kept in the graph on the way."""

    def __init__(self, store: Store, progress: Progress, id: str) -> None:
        self.id = id
        self._store = store
        self._progress = progress
        self._owner = name_of_this_process()
        self._status = "WAITING"
        self._ending: tuple[str, str | None] = ("INTERRUPTED", None)
        self._phases: dict[str, PhaseState] = {}
        self._began: dict[str, float] = {}
        self._sources: dict[str, SourceState] = {}
        self._written: tuple[bytes, str] | None = None
        self._written_at = 0.0

    def phase(self, name: str, total: int | None = None) -> None:
        """A phase begins, or its total became known."""
        self._at(name, None, total)
        self._progress.phase(name, total)

    def advance(self, name: str, done: int) -> None:
        """So many more units of the phase are done."""
        self._advance(name, None, done)
        self._progress.advance(name, done)

    def reject(self, name: str, count: int) -> None:
        """So many of what was read are kept as rejections."""
        self._progress.reject(name, count)

    def say(self, text: str) -> None:
        """A sentence for whoever watches the process."""
        self._progress.say(text)

    def of(self, source: str) -> Progress:
        """The progress of reading one source."""
        return _OfSource(self, self._sources.setdefault(source, SourceState(source)))

    async def begin(self, sources: Sequence[str]) -> None:
        """It is this sync's turn: no other is at work."""
        self._status = "RUNNING"
        for source in sources:
            self.of(source)
        now = _now()

        async def write(tx: Transaction) -> None:
            await tx.run(cypher("writes/interrupt_syncs"), id=self.id)
            await tx.run(cypher("writes/forget_syncs"), before=now - _KEPT_DAYS * 86_400_000)
            await tx.run(cypher("writes/begin_sync"), id=self.id, owner=self._owner, now=now, state=self._state())

        await self._store.transaction(write)
        self._note_written()

    def landed(self, landed: Landed) -> None:
        """A source was read, or failed."""
        source = self._sources[landed.source]
        source.status, source.error = landed.status, landed.error

    def end(self, status: str, error: str | None = None) -> None:
        """How it ended; written when the watch is."""
        self._ending = status, error

    async def tell(self) -> None:
        """Write what has changed, again and again; a store that does not answer is left to the work itself."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            is_due = time.monotonic() - self._written_at >= HEARTBEAT_SECONDS
            if is_due or self._written != (self._state().encode(), self._status):
                with suppress(StoreError):
                    await self._write()

    async def last_word(self) -> None:
        """Write how it ended. Where that cannot be, whoever reads sees that its process is gone."""
        self._log_the_end()
        try:
            async with asyncio.timeout(_LAST_WORD_SECONDS):
                self._status, error = self._ending
                await self._write(error, _now())
        except (StoreError, TimeoutError) as failed:
            LOG.debug("the end of the sync could not be written: %s", failed)

    def _log_the_end(self) -> None:
        status = self._ending[0]
        failed = [name for name, source in self._sources.items() if source.status == "FAILED"]
        with structlog.contextvars.bound_contextvars(sync=self.id):
            if status == "FAILED":
                LOG.warning("sync ended: status=FAILED failed=%s; why: c360 doctor", ",".join(failed) or "-")
            else:
                LOG.info("sync ended: status=%s", status)

    async def _write(self, error: str | None = None, finished: int | None = None) -> None:
        await self._store.write(
            cypher("writes/tell_sync"),
            id=self.id,
            owner=self._owner,
            status=self._status,
            state=self._state(),
            error=error,
            finished=finished,
        )
        self._note_written()

    def _note_written(self) -> None:
        self._written = (self._state().encode(), self._status)
        self._written_at = time.monotonic()

    def _state(self) -> str:
        return msgspec.json.encode(SyncState(list(self._phases.values()), list(self._sources.values()))).decode()

    def _at(self, name: str, source: str | None, total: int | None) -> PhaseState:
        phase = self._phases.get(name)
        if phase is None:
            phase = self._phases[name] = PhaseState(name, source)
            self._began[name] = time.monotonic()
        phase.total = phase.total if total is None else total
        return phase

    def _advance(self, name: str, source: str | None, done: int) -> None:
        phase = self._at(name, source, None)
        phase.done += done
        phase.seconds = round(time.monotonic() - self._began[name], 3)


@dataclass(frozen=True, slots=True)
class _OfSource:
    """The progress of one source's landing."""

    _watch: SyncWatch
    _state: SourceState

    def phase(self, name: str, total: int | None = None) -> None:
        self._state.status = "RUNNING"
        self._watch._at(name, self._state.source, total)
        self._watch._progress.phase(name, total)

    def advance(self, name: str, done: int) -> None:
        self._state.records += done
        self._watch._advance(name, self._state.source, done)
        self._watch._progress.advance(name, done)

    def reject(self, name: str, count: int) -> None:
        self._state.rejected += count
        self._watch.reject(name, count)

    def say(self, text: str) -> None:
        self._watch.say(text)


@asynccontextmanager
async def watched(store: Store, progress: Progress, requested: str | None = None) -> AsyncIterator[SyncWatch]:
    """Watch a sync; `requested` is the id under which somebody asked for it, who hears from it even while it waits."""
    watch = SyncWatch(store, progress, requested or str(uuid_utils.uuid7()))
    telling = asyncio.create_task(watch.tell())
    try:
        with structlog.contextvars.bound_contextvars(sync=watch.id):
            yield watch
    except (asyncio.CancelledError, KeyboardInterrupt):
        watch.end("INTERRUPTED", "It was stopped.")
        raise
    except StoreError as error:
        watch.end("FAILED", str(error))
        raise
    except Exception as error:
        watch.end("FAILED", f"It failed: {type(error).__name__}.")  # what it says may hold somebody's data
        raise
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await watch.last_word()


def _now() -> int:
    return time.time_ns() // 1_000_000

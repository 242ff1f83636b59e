"""Keeps the journeys up to date: whoever asks gets them as of the last entry of the change log.

The first who asks waits until all are read, unless a file of them lies beside the store: it is mapped into memory and
trusted only when the graph still has the entry of the change log that it ends with. Afterwards only what changed is
read. An embedded store has the file in its data folder; for Neo4j it lies where caches of linked records do.

Reading belongs to nobody who asks: it goes on when a request's time is over, and the next finds what was read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from graph.changes import Change, last_seq, oldest_seq, read_changes
from graph.cypher import cypher
from graph.journeys.file import map_tables, write_tables
from graph.journeys.journeys import Journeys
from graph.journeys.read import follow, read_journeys
from graph.rules import Rules
from graph.store.cache import cache_folder
from graph.store.driver import Store

LOG = logging.getLogger("c360.journeys")
_NAME = "journeys"
_SETTLE_AT = 0.05
"""The file is written again when this share of the interactions has changed since,"""
MOST_LATER = 10_000
"""and more than so many."""
Progress = Callable[[int, int], None]
"""Is told how many customers have been read, of how many; in the end of all."""


def _untold(read: int, total: int) -> None:
    """Nobody watches."""


class JourneyKeeper:
    """The journeys of one graph; one a process. Close it before its store.

    `progress` is told while all are read, whoever asked.
    """

    def __init__(self, store: Store, rules: Rules, progress: Progress = _untold) -> None:
        self.progress = progress
        self.reading: int | None = None
        """How many customers have been read while all are; None otherwise."""
        self._store = store
        self._rules = rules
        self._journeys: Journeys | None = None
        self._turn = asyncio.Lock()
        self._folder: Path | None = None
        self._updating: asyncio.Task[Journeys] | None = None
        self._settling: asyncio.Task[Journeys] | None = None

    async def current(self) -> Journeys:
        """The journeys with all that the change log tells.

        Whoever stops waiting stops nothing: reading goes on, and whoever asks next waits for the rest of it.
        """
        async with self._turn:
            if self._updating is not None:
                await asyncio.wait([self._updating])
            self._updating = asyncio.create_task(self._updated())
            self._updating.add_done_callback(_told)
            return await asyncio.shield(self._updating)

    async def kept(self) -> Journeys | None:
        """The same, where it need not be read from the graph: from a file, with what the log tells since; else None."""
        async with self._turn:
            if self._updating is not None:
                await asyncio.wait([self._updating])
            journeys = self._journeys or await self._from_file()
            journeys = None if journeys is None else await self._followed(journeys)
            if journeys is not None:
                self._replace(journeys)
            return journeys

    def start(self) -> None:
        """Begin to read before anybody asks."""
        if self._updating is None:
            self._updating = asyncio.create_task(self._updated())
            self._updating.add_done_callback(_told)

    async def close(self) -> None:
        """Stop what is being read or written; what is half read is read again by the next process."""
        for task in (self._updating, self._settling):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait([task])

    async def _updated(self) -> Journeys:
        if self._settling is not None and self._settling.done():
            if not self._settling.cancelled() and self._settling.exception() is None:
                self._replace(self._settling.result())  # what has changed meanwhile is followed once more
            self._settling = None
        if self._journeys is None:
            self._journeys = await self._from_file()
        journeys = None if self._journeys is None else await self._followed(self._journeys)
        current = self._replace(journeys or await self._read())
        events = current.events
        if self._settling is None and len(events.fresh) > max(MOST_LATER, len(events.base) * _SETTLE_AT):
            self._settling = asyncio.create_task(self._settled(current))
            self._settling.add_done_callback(_told)
        return current

    def _replace(self, journeys: Journeys) -> Journeys:
        """Keep these from now on, and let those of before go with all that was made of them."""
        before, self._journeys = self._journeys, journeys
        if before is not None and before is not journeys:
            before.let_go(journeys)
        return journeys

    async def _followed(self, journeys: Journeys) -> Journeys | None:
        """The journeys brought up to date by the change log; None when it does not reach back far enough."""
        newest = await last_seq(self._store)
        while journeys.seq < newest:
            entries = await read_changes(self._store, journeys.seq)
            if not entries or any(entry.change is None for entry in entries):
                return None
            changes: list[Change] = [entry.change for entry in entries if entry.change is not None]
            journeys = await follow(self._store, journeys, changes, entries[-1].seq)
        return journeys if journeys.seq == newest else None

    async def _read(self) -> Journeys:
        def tell(read: int, total: int) -> None:
            self.reading = read
            self.progress(read, total)

        self.reading = 0
        try:
            seq = await last_seq(self._store)
            return await self._settled(await read_journeys(self._store, self._rules, seq, tell))
        finally:
            self.reading = None

    async def _settled(self, journeys: Journeys) -> Journeys:
        """The same journeys from a file, where one can be written; a disk that is full or shut costs only memory."""
        folder = await self._home()
        moment = await self.moment_of(journeys.seq)
        return await asyncio.to_thread(_settled, journeys, folder, moment)

    async def _from_file(self) -> Journeys | None:
        folder = await self._home()
        if folder is None:
            return None
        found = await asyncio.to_thread(map_tables, folder)
        if found is None:
            return None
        tables, note = found
        if note.seq + 1 < await oldest_seq(self._store) or await self.moment_of(note.seq) != note.moment:
            return None
        return Journeys.of(tables, self._rules, note.seq, note.read_at)

    async def _home(self) -> Path | None:
        """Where the file lies; None while the graph has no name yet."""
        if self._folder is None:
            row = await self._store.read_one(cypher("writes/read_link_state"))
            if row is not None and row[0] is not None:
                self._folder = cache_folder(self._store, _NAME, row[0])
        return self._folder

    async def moment_of(self, seq: int) -> int | None:
        """When an entry of the change log was written (epoch ms).

        Another graph, or this one restored, has another entry of that number.
        """
        row = await self._store.read_one(cypher("writes/change_moment"), seq=seq)
        return None if row is None else int(row[0])


def _settled(journeys: Journeys, folder: Path | None, moment: int | None) -> Journeys:
    tables = {name: part.settled() for name, part in journeys.parts.items()}
    if folder is not None and moment is not None:
        try:
            write_tables(folder, tables, journeys.seq, moment, journeys.read_at)
            mapped = map_tables(folder)
            if mapped is not None and (mapped[1].seq, mapped[1].moment) == (journeys.seq, moment):
                tables = mapped[0]  # what lies on the disk needs no memory of ours
        except OSError as error:
            LOG.warning("The journeys cannot be kept in %s (%s): they are read again at the next start.", folder, error)
    settled = Journeys.of(tables, journeys.rules, journeys.seq, journeys.read_at)
    return replace(settled, fits=journeys.fits)


def _told(task: asyncio.Task[Journeys]) -> None:
    """Say what went wrong where nobody may be waiting any more; whoever waits is told by themselves."""
    if not task.cancelled() and (error := task.exception()) is not None:
        LOG.info("The journeys could not be brought up to date: %s", type(error).__name__)

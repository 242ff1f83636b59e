"""Keeps the journeys up to date: whoever asks gets them as of the last entry of the change log.

The first who asks waits until all are read, unless a file of them lies beside the store: it is mapped into memory and
trusted only when the graph still has the entry of the change log that it ends with. Afterwards only what changed is
read. An embedded store has the file in its data folder; for Neo4j it lies where caches of linked records do.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import uuid_utils

from graph.changes import Change, last_seq, oldest_seq, read_changes
from graph.cypher import cypher
from graph.journeys.journeys import Journeys
from graph.journeys.layout import TABLES
from graph.journeys.read import follow, read_journeys
from graph.rules import Rules
from graph.store.cache import cache_folder
from graph.store.driver import Store

LOG = logging.getLogger("c360.journeys")
_NAME = "journeys"
_SETTLE_AT = 0.05
"""The file is written again when this share of the interactions has changed since."""


class JourneyKeeper:
    """The journeys of one graph; one a process."""

    def __init__(self, store: Store, rules: Rules) -> None:
        self._store = store
        self._rules = rules
        self._journeys: Journeys | None = None
        self._turn = asyncio.Lock()
        self._folder: Path | None = None

    async def current(self, progress: Callable[[int], None] = lambda _: None) -> Journeys:
        """The journeys with all that the change log tells; `progress` is told how many customers have been read."""
        async with self._turn:
            if self._journeys is None:
                self._journeys = await self._from_file()
            if self._journeys is None or not await self._follow():
                self._journeys = await self._read(progress)
            return self._journeys

    async def _follow(self) -> bool:
        """Bring the journeys up to date by the change log; False when it does not reach back far enough."""
        assert self._journeys is not None
        newest = await last_seq(self._store)
        while self._journeys.seq < newest:
            entries = await read_changes(self._store, self._journeys.seq)
            if not entries or any(entry.change is None for entry in entries):
                return False
            changes: list[Change] = [entry.change for entry in entries if entry.change is not None]
            self._journeys = await follow(self._store, self._journeys, changes, entries[-1].seq)
        events = self._journeys.events
        if events.later.num_rows > max(10_000, events.first.num_rows * _SETTLE_AT):
            self._journeys = await self._settled(self._journeys)
        return self._journeys.seq == newest

    async def _read(self, progress: Callable[[int], None]) -> Journeys:
        seq = await last_seq(self._store)
        journeys = await read_journeys(self._store, self._rules, seq, progress)
        return await self._settled(journeys)

    async def _settled(self, journeys: Journeys) -> Journeys:
        """The same journeys from a file, where one can be written; a disk that is full or shut costs only memory."""
        tables = {name: part.settled() for name, part in journeys.parts.items()}
        settled = replace(Journeys.of(tables, self._rules, journeys.seq, journeys.read_at), fits=journeys.fits)
        folder = await self._home()
        moment = await self._moment_of(journeys.seq)
        if folder is None or moment is None:
            return settled
        try:
            return await asyncio.to_thread(_written, folder, tables, settled, moment)
        except OSError as error:
            LOG.warning("The journeys cannot be kept in %s (%s): they are read again at the next start.", folder, error)
            return settled

    async def _from_file(self) -> Journeys | None:
        folder = await self._home()
        if folder is None:
            return None
        found = await asyncio.to_thread(_mapped, folder, self._rules)
        if found is None:
            return None
        journeys, moment = found
        if journeys.seq + 1 < await oldest_seq(self._store) or await self._moment_of(journeys.seq) != moment:
            return None
        return journeys

    async def _home(self) -> Path | None:
        """Where the file lies; None while the graph has no name yet."""
        if self._folder is None:
            row = await self._store.read_one(cypher("writes/read_link_state"))
            if row is not None and row[0] is not None:
                self._folder = cache_folder(self._store, _NAME, row[0])
        return self._folder

    async def _moment_of(self, seq: int) -> int | None:
        """When the entry was written: another graph, or this one restored, has another entry of that number."""
        row = await self._store.read_one(cypher("writes/change_moment"), seq=seq)
        return None if row is None else int(row[0])


def _written(folder: Path, tables: dict[str, pa.Table], journeys: Journeys, moment: int) -> Journeys:
    """Write the tables, then say that they are there; what an older or broken file held goes."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds what customers wrote
    kept = folder / f"{_version()}-{uuid_utils.uuid7()}"
    kept.mkdir(mode=0o700)
    for name, table in tables.items():
        with pa.OSFile(str(kept / f"{name}.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    told = {"folder": kept.name, "seq": journeys.seq, "moment": moment, "read_at": journeys.read_at}
    note = folder / f"{kept.name}.json"
    note.write_text(json.dumps(told))
    note.replace(folder / "current.json")
    for other in folder.iterdir():
        if other.is_dir() and other != kept:
            shutil.rmtree(other, ignore_errors=True)  # who has it mapped keeps it
    mapped = _mapped(folder, journeys.rules)
    return journeys if mapped is None else mapped[0]


def _mapped(folder: Path, rules: Rules) -> tuple[Journeys, int] | None:
    """The journeys of the file and the moment of their last change; None where there is none that can be used."""
    try:
        told = json.loads((folder / "current.json").read_text())
        kept = folder / told["folder"]
        if not kept.name.startswith(_version()):
            return None
        tables = {name: _table(kept / f"{name}.arrow") for name in TABLES}
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return None
    return Journeys.of(tables, rules, told["seq"], told["read_at"]), told["moment"]


def _table(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()


@cache
def _version() -> str:
    """Named by the layout's own text and queries: what another version wrote has other columns."""
    digest = blake2b(digest_size=8)
    for folder, names in (("journeys", ("layout.py",)), ("writes", _queries())):
        for name in names:
            digest.update(files("graph").joinpath(folder, name).read_bytes())
    return digest.hexdigest()


def _queries() -> tuple[str, ...]:
    found = files("graph").joinpath("writes").iterdir()
    return tuple(sorted(file.name for file in found if file.name.startswith("journey_")))

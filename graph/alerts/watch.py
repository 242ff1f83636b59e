"""Evaluating alert rules at the cost of what changed: who was touched since the last time, and whose time has come.

What the last evaluation left is kept in a file beside the journeys', so that the next process goes on from it. It only
says whom nobody has to look at, and is written after the alerts are: whoever finds none, or one of other rules or of
another graph, looks at everybody.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import msgspec
import pyarrow as pa
import uuid_utils

from graph.alerts.again import Look, Seen, look_again, look_at_all
from graph.alerts.conditions import HOUR
from graph.alerts.due import DueTimes
from graph.alerts.evaluate import wake_alerts, write_alerts
from graph.changes import read_changes
from graph.cypher import cypher
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.cache import cache_folder
from graph.store.driver import Store

LOG = logging.getLogger("c360.alerts")
AT_ONCE = 1_000
WRITE_AFTER = 1_000
"""The file is written again when so many customers have been looked at since, or after an hour."""
_NOTE = b"c360"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation did."""

    raised: int = 0
    woken: int = 0
    """Alerts that were put off, and wait again."""
    looked_at: int = field(default=0, compare=False)
    """How many customers it had to look at."""


class _Note(msgspec.Struct, frozen=True):
    """What the file tells beside the moments that are to come."""

    sense: str
    """A digest of the rules and of this code: with others it tells nothing."""
    seq: int
    """The change log's last entry that was looked at,"""
    moment: int
    """and when that was written (epoch ms)."""
    seen: Seen


@dataclass(frozen=True, slots=True)
class _Left:
    seq: int
    seen: Seen
    times: DueTimes


class AlertWatch:
    """Evaluates the alert rules of one graph; one a process, which evaluates once at a time."""

    def __init__(self, store: Store, rules: Rules, keeper: JourneyKeeper) -> None:
        self._store = store
        self._rules = rules
        self._keeper = keeper
        self._left: _Left | None = None
        self._written_at = 0
        self._unwritten = 0

    async def evaluate(self, now: int, wait: float | None = None) -> Evaluated:
        """Raise what the rules find by `now` (epoch ms) and nobody has raised, and wake what was put off until now.

        Waits `wait` seconds for the lease `link` (None: as long as it takes); raises LeaseBusy.
        """
        if not self._rules.alert:
            return Evaluated(woken=await wake_alerts(self._store, now, wait))
        journeys = await self._keeper.current()
        left, raised = self._left or await self._from_file(), 0
        if left is None:
            found = await asyncio.to_thread(look_at_all, journeys, self._rules, now)
        else:
            touched = await self._touched(left.seq, journeys.seq)
            found = await asyncio.to_thread(look_again, journeys, self._rules, now, left.seen, left.times, touched)
        for start in range(0, len(found.alerts), AT_ONCE):
            raised += await write_alerts(self._store, found.alerts[start : start + AT_ONCE], now, wait)
        self._left = _Left(journeys.seq, found.seen, found.times)
        await self._keep(self._left, found, first=left is None)
        return Evaluated(raised, await wake_alerts(self._store, now, wait), found.looked_at)

    async def _touched(self, seq: int, until: int) -> set[str] | None:
        """Of whom the change log tells since; None where it does not tell."""
        if until < seq:
            return None
        touched: set[str] = set()
        while seq < until:
            entries = await read_changes(self._store, seq)
            if not entries:
                return None
            for entry in entries:
                if entry.change is None:
                    return None
                touched.update(entry.change.touched())
            seq = entries[-1].seq
        return touched

    async def _keep(self, left: _Left, found: Look, first: bool) -> None:
        """Write down what is left: of the first look, when many were looked at since, and every hour."""
        self._unwritten += found.looked_at
        if not first and self._unwritten < WRITE_AFTER and found.seen.now - self._written_at < HOUR:
            return
        self._unwritten, self._written_at = 0, found.seen.now
        path, moment = await self._path(), await self._moment_of(left.seq)
        if path is not None and moment is not None:
            note = _Note(_sense(self._rules), left.seq, moment, left.seen)
            await asyncio.to_thread(_write, path, left.times, note)

    async def _from_file(self) -> _Left | None:
        path = await self._path()
        found = None if path is None else await asyncio.to_thread(_read, path)
        if found is None:
            return None
        times, note = found
        if note.sense != _sense(self._rules) or note.moment != await self._moment_of(note.seq):
            return None
        self._written_at = note.seen.now
        return _Left(note.seq, note.seen, times)

    async def _moment_of(self, seq: int) -> int | None:
        row = await self._store.read_one(cypher("writes/change_moment"), seq=seq)
        return None if row is None else int(row[0])

    async def _path(self) -> Path | None:
        """Where the file lies; None while the graph has no name yet."""
        row = await self._store.read_one(cypher("writes/read_link_state"))
        if row is None or row[0] is None:
            return None
        return cache_folder(self._store, "alerts", row[0]) / "seen.arrow"


def _sense(rules: Rules) -> str:
    return blake2b(msgspec.json.encode(rules) + _code(), digest_size=16).hexdigest()


@cache
def _code() -> bytes:
    own = files("graph").joinpath("alerts")
    return b"".join(own.joinpath(f"{name}.py").read_bytes() for name in ("again", "conditions", "due", "evaluate"))


def _write(path: Path, times: DueTimes, note: _Note) -> None:
    """Write it in one step; a disk that is full or shut costs only a look at everybody."""
    table = times.settled().replace_schema_metadata({_NOTE: msgspec.json.encode(note)})
    new = path.with_name(f"{uuid_utils.uuid7()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for killed in path.parent.glob("*.new"):
            killed.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        LOG.info("What alerts have seen cannot be kept in %s (%s): the next process looks at everybody.", path, error)


def _read(path: Path) -> tuple[DueTimes, _Note] | None:
    try:
        with pa.OSFile(str(path), "rb") as file:
            table = pa.ipc.open_file(file).read_all()
        note = msgspec.json.decode((table.schema.metadata or {})[_NOTE], type=_Note)
    except (OSError, KeyError, ValueError, msgspec.MsgspecError, pa.ArrowException):
        return None
    return DueTimes(table.replace_schema_metadata(None)), note

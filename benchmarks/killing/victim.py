"""A call of `c360` as a process of its own that tells what it is doing, so that it can be killed at a chosen moment.

Its modules are loaded once, by multiprocessing's fork server: what is killed is work, not imports.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import re
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from api.cli import backup, known_sources, rebuild, restore, serve, store, sync  # noqa: F401  # loaded once for all
from api.cli.main import app

BEGINNING = "begin"
"""What a process is at before it has told anything: it opens the store."""
LONGEST_SECONDS = 600.0
_PHASE = re.compile(r"^(?P<phase>[a-z][^…:]*) …$")


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: so many seconds after this phase has begun."""

    phase: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: in which phase it was killed, or the exit code that it gave itself."""

    phase: str
    code: int | None
    timeline: tuple[tuple[str, float], ...]
    """Each phase with the second of its beginning, and at last `end`."""
    said: str


class Victim:
    """One call of c360; what it tells on standard error is read as it comes."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        here, there = multiprocessing.Pipe(duplex=False)
        self._process = _context().Process(target=_call, args=(list(arguments), dict(environment), there))
        self._began = time.monotonic()
        self._process.start()
        there.close()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._said: list[str] = []
        self._timeline = [(BEGINNING, 0.0)]
        self._here = here
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def heard(self, pattern: str) -> re.Match[str]:
        """The first line of which the pattern finds something; raises RuntimeError when the process ends before."""
        while (line := self._lines.get(timeout=LONGEST_SECONDS)) is not None:
            if found := re.search(pattern, line):
                return found
        raise RuntimeError(f"It ended and never said {pattern!r}:\n{self._told()}")

    def killed_at(self, moment: Moment) -> Ended:
        """Wait for the moment and kill −9; a process that ends before is left its end."""
        if moment.phase != BEGINNING:
            while (line := self._lines.get(timeout=LONGEST_SECONDS)) is not None:
                if (found := _PHASE.match(line)) and found["phase"] == moment.phase:
                    break
        self._process.join(moment.seconds)
        alive = self.is_alive
        self.kill()
        return self._ended(None if alive else self._process.exitcode)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def terminate(self) -> None:
        """SIGTERM, and wait until it is gone."""
        self._process.terminate()
        self._process.join(LONGEST_SECONDS)

    def finished(self) -> Ended:
        """Let it come to its end."""
        self._process.join(LONGEST_SECONDS)
        if self.is_alive:
            self.kill()
            raise RuntimeError(f"It had not ended after {LONGEST_SECONDS:.0f} s:\n{self._told()}")
        return self._ended(self._process.exitcode)

    def _ended(self, code: int | None) -> Ended:
        self._reader.join(10)
        timeline = (*self._timeline, ("end", time.monotonic() - self._began))
        return Ended(self._timeline[-1][0], code, timeline, self._told())

    def _told(self) -> str:
        return "".join(self._said[-30:])

    def _read(self) -> None:
        with os.fdopen(os.dup(self._here.fileno()), encoding="utf-8", errors="replace") as lines:
            self._here.close()
            for line in lines:
                self._said.append(line)
                if found := _PHASE.match(line.rstrip()):
                    self._timeline.append((found["phase"], time.monotonic() - self._began))
                self._lines.put(line.rstrip())
        self._lines.put(None)


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _call(arguments: list[str], environment: dict[str, str], there: Connection) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.dup2(there.fileno(), 2)
    there.close()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ.update(environment)
    os.environ.update({"COLUMNS": "400", "NO_COLOR": "1", "TERM": "dumb"})
    sys.argv = ["c360", *arguments]
    app(arguments)

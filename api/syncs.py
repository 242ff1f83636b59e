"""Syncs that the API starts: each is a process of its own, `c360 sync`, which goes on when the API ends.

How far it is stands in the graph, as of any other sync; this process only tells there when one could not begin.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

import structlog

from connectors.chosen_streams import did_you_mean
from connectors.errors import PluginConfigError
from connectors.settings import read_settings
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.store.lease import name_of_process
from graph.sync.syncs import SyncRefused, end_asked, hand_over

LOG = logging.getLogger("c360.syncs")
_POLL_SECONDS = 0.5
_MOST_TOLD = 300
# `-P`: a folder named `api` where the operator stands is not ours.
_C360 = (sys.executable, "-P", "-c", "from api.cli.main import run; run()")


class SyncProcesses:
    """Starts syncs of the sources in a folder's plugins.toml, over the store that the environment names."""

    def __init__(self, store: Store, config: Path, environment: Mapping[str, str] | None = None) -> None:
        self._store = store
        self._config = config
        self._environment = {**os.environ, **(environment or {})}
        self._attended: set[asyncio.Task[None]] = set()

    def check(self, sources: Sequence[str]) -> None:
        """Raises SyncRefused when there are no such sources here."""
        try:
            known = [source.name for source in read_settings(self._config / "plugins.toml").sources]
        except PluginConfigError as error:
            raise SyncRefused("NOT_AVAILABLE", str(error)) from None
        if not known:
            raise SyncRefused("NOT_AVAILABLE", "plugins.toml names no source.")
        for name in sources:
            if name not in known:
                hint = did_you_mean(name, known)
                message = f"There is no source {name[:80]!r}.{hint} Known: {', '.join(known)}."
                raise SyncRefused("UNKNOWN_SOURCE", message, "sources")

    async def start(self, id: str, sources: Sequence[str], *, full: bool) -> None:
        """Begin the sync that was asked for under this id."""
        said = tempfile.TemporaryFile()  # noqa: SIM115  # a file, not a pipe: the process may outlive us
        options = ["--requested", id, *(["--full"] if full else [])]
        process = self._begun([*options, "--", *sources], said)
        await hand_over(self._store, id, name_of_process(process.pid))
        attending = asyncio.create_task(self._attend(process, id, said))
        self._attended.add(attending)
        attending.add_done_callback(self._attended.discard)

    def _begun(self, arguments: Sequence[str], said: IO[bytes]) -> subprocess.Popen[bytes]:
        # Not by asyncio: its processes are killed with its loop.
        return subprocess.Popen(
            [*_C360, "--config", str(self._config), "sync", *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # a Ctrl-C that ends the API is not meant for it
        )

    async def _attend(self, process: subprocess.Popen[bytes], id: str, said: IO[bytes]) -> None:
        """Until it ends; a thread that waits for it would keep this process from ending."""
        with said:
            while process.poll() is None:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)
            if process.returncode:
                with structlog.contextvars.bound_contextvars(sync=id):
                    LOG.warning("a sync that was begun here ended with exit code %d: c360 doctor", process.returncode)
                said.seek(0)
                lines = said.read().decode(errors="replace").split("\n")
                why = next((line for line in reversed(lines) if line.strip()), "It said nothing.")
                with suppress(StoreError):  # then it is seen that the process is gone
                    await end_asked(self._store, id, *_how_it_ended(process.returncode, why[:_MOST_TOLD]))


def _how_it_ended(code: int, why: str) -> tuple[Literal["FAILED", "INTERRUPTED"], str]:
    """Status and reason of a sync whose process gave itself this exit code, or was ended by that signal (negative)."""
    if code < 0:
        return "INTERRUPTED", f"Its process was ended by signal {-code} ({_name_of(-code)}) before it was its turn."
    return "FAILED", f"It ended with exit code {code}: {why}"


def _name_of(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "a real-time signal"

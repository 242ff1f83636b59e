"""A cable to a store, which speaks Bolt whatever it is: it can be pulled, cut in the middle of a commit, or be slow."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal
from urllib.parse import urlsplit

from graph.store import driver
from graph.store.driver import Store, open_store
from graph.store.sessions import Sessions
from graph.store.settings import StoreSettings

Cut = Literal["before the store has it", "before the answer", "after the store has answered"]
_COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""A chunk of two bytes, the structure of no fields that asks to commit, and the end of the message."""


class Cable:
    """While `answers` is not set, none comes through; each way of what is sent takes `delay` seconds.

    With `cut_at` the commit of that number, counted from now in `commits`, is the last thing on its connection.
    """

    def __init__(self, settings: StoreSettings) -> None:
        self.lead_to(settings)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.answers, self.asked = asyncio.Event(), asyncio.Event()
        self.answers.set()
        self.delay = 0.0
        self.commits = 0
        self.cut_at: int | None = None
        self.cut: Cut = "before the answer"
        self.cuts = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port: int = free.getsockname()[1]
        self.settings = StoreSettings(f"bolt://127.0.0.1:{self._port}", settings.user, settings.password)

    def lead_to(self, settings: StoreSettings) -> None:
        """From now on it leads to another address."""
        target = urlsplit(settings.uri)
        self._target = (target.hostname, target.port)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Pull it: nobody listens any more, and every connection breaks off."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(*self._target)
        except OSError:  # nothing listens there: whoever asks sees the connection end
            writer.transport.abort()
            return
        ends = (writer, back)
        self._writers.update(ends)
        cut = asyncio.Event()
        with suppress(asyncio.CancelledError):  # the test is over: asyncio's streams would tell of it as of a mistake
            await asyncio.gather(self._ask(reader, back, ends, cut), self._answer(there, writer, ends, cut))

    async def _ask(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, ...],
        cut: asyncio.Event,
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await asyncio.sleep(self.delay)
                if not self.answers.is_set():
                    self.asked.set()
                if self._is_to_cut(data):
                    self.cuts += 1
                    if self.cut == "before the store has it":
                        self._break(ends)
                        return
                    cut.set()
                target.write(data)
                await target.drain()
                if cut.is_set() and self.cut == "before the answer":
                    # Closed, not aborted: the store still reads what was sent.
                    target.close()
                    ends[0].transport.abort()
                    return
        target.close()

    async def _answer(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, ...],
        cut: asyncio.Event,
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self.answers.wait()
                if cut.is_set():
                    self._break(ends)
                    return
                await asyncio.sleep(self.delay)
                target.write(data)
                await target.drain()
        target.close()

    def _is_to_cut(self, data: bytes) -> bool:
        """Whether it asks for the commit that is to be cut. The driver sends a commit at once and in one piece."""
        if not data.endswith(_COMMIT):
            return False
        self.commits += 1
        return self.commits == self.cut_at

    def _break(self, ends: tuple[asyncio.StreamWriter, ...]) -> None:
        for writer in ends:
            writer.transport.abort()


@asynccontextmanager
async def cable_to(settings: StoreSettings) -> AsyncIterator[Cable]:
    """A cable to a store that listens at an address."""
    cable = Cable(settings)
    await cable.start()
    try:
        yield cable
    finally:
        await cable.stop()


@asynccontextmanager
async def over_a_cable(settings: StoreSettings) -> AsyncIterator[tuple[Store, Cable]]:
    """A store of either kind whose every connection goes over a cable."""
    if settings.embedded_path is None:
        async with cable_to(settings) as cable, open_store(cable.settings) as store:
            yield store, cable
        return
    async with open_store(settings) as store:
        server = store._server
        assert server is not None
        async with cable_to(StoreSettings(server.bolt_uri)) as cable:
            straight = store._sessions
            store._sessions = Sessions(
                driver._driver(cable.settings.uri, server.user, server.password), server.database
            )
            await straight.close()
            yield store, cable

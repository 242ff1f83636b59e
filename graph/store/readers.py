"""Connections that read, kept open for whoever asks next; where a cluster has to be asked, nobody reads here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from graph.store.bolt import CONNECT_SECONDS, Address, Connection, OtherBolt, Rows
from graph.store.packstream import CODEC, Codec

LIFE_SECONDS = 3600.0
"""Older connections are not kept, so that a balancer in between can move them."""
WAIT_SECONDS = 60.0
PORT = 7687


def readers_of(uri: str, user: str, password: str, database: str | None, *, most: int) -> Readers | None:
    """What reads from this Bolt address; None over TLS and where the driver has another codec: it reads itself then."""
    parts = urlsplit(uri)
    if CODEC is None or parts.scheme not in ("bolt", "neo4j") or parts.hostname is None:
        return None
    address = Address(parts.hostname, parts.port or PORT, user, password, database)
    return Readers(address, CODEC, most=most, is_routed=parts.scheme == "neo4j")


class Readers:
    """At most so many connections to one server; each asks one question at a time."""

    def __init__(self, address: Address, codec: Codec, *, most: int, is_routed: bool) -> None:
        """`is_routed`: the address may be that of a cluster."""
        self._address = address
        self._codec = codec
        self._is_routed = is_routed
        self._free = asyncio.Semaphore(most)
        self._idle: list[Connection] = []

    async def read(self, query: str, parameters: Mapping[str, Any]) -> Rows:
        """All rows of a question; raises OSError, Refusal, or OtherBolt when the driver has to read instead."""
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        try:
            connection = self._kept() or await self._opened()
            try:
                return await connection.read(query, parameters, self._address.database)
            finally:
                if connection.is_open:
                    self._keep(connection)
        finally:
            self._free.release()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise TimeoutError(f"no connection was free for {WAIT_SECONDS:g} s") from None

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return None

    def _keep(self, connection: Connection) -> None:
        if time.monotonic() - connection.born < LIFE_SECONDS:
            self._idle.append(connection)
        else:
            connection.close()

    async def _opened(self) -> Connection:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                connection = await Connection.open(self._address, self._codec)
                if self._is_routed and len(await connection.servers(self._address)) > 1:
                    connection.close()
                    raise OtherBolt("the database is kept by several servers")
        except TimeoutError:
            raise TimeoutError(f"no connection within {CONNECT_SECONDS:g} s") from None
        return connection

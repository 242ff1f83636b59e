"""One connection to a Bolt server that asks one question at a time: the message goes out, the rows come in.

The driver takes some 400 µs of CPU to read one row, this takes 50 (one core, Python 3.11, uvloop): sessions, pools,
routing and transactions are what the driver is for, and it still writes. Spoken is Bolt 5.0 to 5.4
(https://neo4j.com/docs/bolt/current/), which both homes of the graph know.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from struct import pack as struct_pack
from typing import Any, cast

from graph.store.errors import Refusal
from graph.store.packstream import Codec

HANDSHAKE = b"\x60\x60\xb0\x17" + b"\x00\x04\x04\x05" + b"\x00" * 12
"""The preamble, and four versions that we know: 5.4 and the four before it, and three times none."""
HELLO, GOODBYE, RESET, RUN, PULL, ROUTE, LOGON = 0x01, 0x02, 0x0F, 0x10, 0x3F, 0x66, 0x6A
SUCCESS, RECORD, FAILURE = 0x70, 0x71, 0x7F
LARGEST_CHUNK = 0xFFFF
CONNECT_SECONDS = 15.0
Rows = list[list[Any]]


class OtherBolt(Exception):
    """The server does not speak as we do: the driver may know how."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and how one is let in; `database` None is the server's own choice."""

    host: str
    port: int
    user: str
    password: str
    database: str | None = None


class Connection(asyncio.Protocol):
    """A connection that is let in. Failures are OSError, refusals of the server are Refusal."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._transport: asyncio.Transport | None = None
        self._hello: asyncio.Future[bytes] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._unread = b""
        self._message = bytearray()
        self._answers = 0
        self._rows: Rows = []
        self._told: dict[str, Any] = {}
        self._refusal: Refusal | None = None
        self._lost: OSError = ConnectionResetError("the connection is closed")
        self._patience: float | None = None
        """So long, in seconds, a server that lives is never silent; None where it does not say."""
        self._watch: asyncio.TimerHandle | None = None
        self._heard = self.born = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether it can be asked once more."""
        return self._transport is not None and not self._transport.is_closing()

    @classmethod
    async def open(cls, address: Address, codec: Codec) -> Connection:
        """Connect and be let in; raises OSError, Refusal or OtherBolt."""
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(lambda: cls(codec), address.host, address.port)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            await connection._greet(address)
        except BaseException:
            transport.abort()
            raise
        return connection

    async def read(self, query: str, parameters: Mapping[str, Any], database: str | None) -> Rows:
        """All rows of a question; a connection that is left while it waits is closed, which ends the question."""
        extra = {"mode": "r"} if database is None else {"mode": "r", "db": database}
        await self._asked(self._packed(RUN, query, parameters, extra), self._packed(PULL, {"n": -1}))
        return self._rows

    async def servers(self, address: Address) -> set[str]:
        """The addresses of all servers that keep the database, as a cluster tells them."""
        extra = {} if address.database is None else {"db": address.database}
        context = {"address": f"{address.host}:{address.port}"}
        await self._asked(self._packed(ROUTE, context, [], extra))
        return {each for server in self._told["rt"]["servers"] for each in server["addresses"]}

    def close(self) -> None:
        """Say goodbye, and close."""
        if self._transport is not None:
            self._transport.write(self._packed(GOODBYE))
            self._transport.close()

    async def _greet(self, address: Address) -> None:
        assert self._transport is not None
        self._hello = asyncio.get_running_loop().create_future()
        self._transport.write(HANDSHAKE)
        version = await self._hello
        if version[3] != 5:
            raise OtherBolt(f"the server answers our greeting with {version!r}")
        login = {"scheme": "basic", "principal": address.user, "credentials": address.password}
        named = {"user_agent": "c360", "bolt_agent": {"product": "c360"}, "notifications_minimum_severity": "OFF"}
        if version[2] == 0:  # 5.0 is let in by its first message
            await self._asked(self._packed(HELLO, named | login))
        else:
            await self._asked(self._packed(HELLO, named), self._packed(LOGON, login))
        self._patience = self._told.get("hints", {}).get("connection.recv_timeout_seconds")

    async def _asked(self, *messages: bytes) -> None:
        """Send messages and wait for the answer of each; a refusal is raised when the connection can be used again."""
        try:
            await self._exchanged(messages)
        except Refusal as refusal:
            if refusal.ends_connection:
                self.close()
            else:
                await self._exchanged((self._packed(RESET),))
            raise

    async def _exchanged(self, messages: tuple[bytes, ...]) -> None:
        if self._transport is None or self._transport.is_closing():
            raise self._lost
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        self._answers, self._rows, self._told, self._refusal = len(messages), [], {}, None
        self._heard = time.monotonic()
        self._transport.write(b"".join(messages))
        if self._patience is not None:
            self._watch = loop.call_later(self._patience, self._look_whether_it_lives, self._patience)
        try:
            await waiter
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        finally:
            self._waiter = None
            if self._watch is not None:
                self._watch.cancel()
        if self._refusal is not None:
            raise self._refusal

    def _look_whether_it_lives(self, patience: float) -> None:
        """A server that works for long says so from time to time, with empty messages; a dead one says nothing."""
        silent = time.monotonic() - self._heard
        if silent < patience:
            wait = patience - silent
            self._watch = asyncio.get_running_loop().call_later(wait, self._look_whether_it_lives, patience)
        elif self._transport is not None:
            self._lost = TimeoutError(f"the server said nothing for {patience:g} s")
            self._transport.abort()

    def _packed(self, signature: int, *fields: Any) -> bytes:
        message = bytes((0xB0 | len(fields), signature)) + b"".join(map(self._codec.pack, fields))
        if len(message) <= LARGEST_CHUNK:
            return b"%b%b\x00\x00" % (struct_pack(">H", len(message)), message)
        chunks = [message[at : at + LARGEST_CHUNK] for at in range(0, len(message), LARGEST_CHUNK)]
        return b"".join(struct_pack(">H", len(chunk)) + chunk for chunk in chunks) + b"\x00\x00"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by what it can

    def data_received(self, data: bytes) -> None:
        self._heard = time.monotonic()
        if self._unread:
            data = self._unread + data
        if self._hello is not None:
            if len(data) >= 4:
                self._hello.set_result(data[:4])
                self._hello, data = None, data[4:]
            self._unread = data
            return
        at, end = 0, len(data)
        while end - at >= 2:
            size = data[at] << 8 | data[at + 1]
            if end - at - 2 < size:
                break
            at += 2
            if size:
                self._message += data[at : at + size]
                at += size
            elif self._message:  # else the server only says that it lives
                self._take(self._message)
                self._message = bytearray()
        self._unread = data[at:]

    def connection_lost(self, error: Exception | None) -> None:
        if isinstance(error, OSError):
            self._lost = error
        self._transport = None
        for waiting in (self._hello, self._waiter):
            if waiting is not None and not waiting.done():
                waiting.set_exception(self._lost)

    def _take(self, message: bytearray) -> None:
        """One message of the server; the last that is awaited wakes whoever asked."""
        if self._waiter is None or self._waiter.done():
            return
        try:
            fields: Any = self._codec.unpack(message, 2) if message[0] & 0x0F else {}
        except Exception as error:  # whatever it is, no more can be read here
            self._waiter.set_exception(error)
            self.close()
            return
        if message[1] == RECORD:
            self._rows.append(fields)
            return
        if message[1] == SUCCESS:
            self._told |= fields
        elif message[1] == FAILURE and self._refusal is None:
            self._refusal = Refusal(str(fields.get("code")), str(fields.get("message")))
        self._answers -= 1
        if not self._answers:
            self._waiter.set_result(None)

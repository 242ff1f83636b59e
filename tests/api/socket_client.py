"""A client of graphql-transport-ws on a plain socket, which a test can leave unread or break off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import orjson
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Ping, RejectConnection, Request, TextMessage


class Closed(Exception):
    """The server closed the socket, or refused it, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class SocketClient:
    """One socket; messages are sent and received as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._text = ""

    async def open(self, host: str, **headers: str) -> None:
        """Shake hands."""
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._write(Request(host=host, target="/graphql", subprotocols=["graphql-transport-ws"], extra_headers=extra))
        event = await self._event()
        assert isinstance(event, AcceptConnection), event

    async def send(self, **message: Any) -> None:
        """Send one message."""
        await self.send_text(orjson.dumps(message).decode())

    async def send_text(self, text: str) -> None:
        """Send a text that may be no message at all."""
        self._write(Message(data=text))
        await self._writer.drain()

    async def receive(self) -> dict[str, Any]:
        """The next message; raises Closed."""
        while True:
            event = await self._event()
            assert isinstance(event, TextMessage), event  # never binary
            self._text += event.data
            if event.message_finished:
                text, self._text = self._text, ""
                message: dict[str, Any] = orjson.loads(text)
                return message

    async def subscribe(self, query: str, id: str = "1", **variables: Any) -> None:
        """Begin an operation."""
        await self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def answer(self) -> dict[str, Any]:
        """The one answer of a query."""
        message = await self.receive()
        assert message["type"] == "next", message
        assert (await self.receive())["type"] == "complete"
        payload: dict[str, Any] = message["payload"]
        return payload

    async def event(self) -> dict[str, Any]:
        """The data of the next event, which is its one field."""
        message = await self.receive()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        (only,) = message["payload"]["data"].values()
        found: dict[str, Any] = only
        return found

    async def _event(self) -> Any:
        while True:
            for event in self._protocol.events():
                if isinstance(event, Ping):
                    self._write(event.response())
                elif isinstance(event, CloseConnection):
                    raise Closed(event.code)
                elif isinstance(event, RejectConnection):
                    raise Closed(event.status_code)
                else:
                    return event
            data = await self._reader.read(65536)
            if not data:
                raise Closed(1006)
            self._protocol.receive_data(data)

    def _write(self, event: Any) -> None:
        self._writer.write(self._protocol.send(event))


@asynccontextmanager
async def opened_socket(
    base: str, payload: dict[str, Any] | None = None, tls: ssl.SSLContext | None = None, **headers: str
) -> AsyncIterator[SocketClient]:
    """A socket that has been acknowledged."""
    async with raw_socket(base, tls, **headers) as client:
        await client.send(type="connection_init", payload=payload or {})
        assert (await client.receive())["type"] == "connection_ack"
        yield client


@asynccontextmanager
async def raw_socket(base: str, tls: ssl.SSLContext | None = None, **headers: str) -> AsyncIterator[SocketClient]:
    """A socket that is open and has said nothing yet; it is broken off at the end."""
    address = urlsplit(base)
    assert address.hostname is not None
    reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=tls)
    try:
        client = SocketClient(reader, writer)
        await client.open(address.netloc, **headers)
        yield client
    finally:
        writer.transport.abort()

"""A vendor on a socket of this machine: it answers what a test says, and can be made to answer badly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import msgspec


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came; names of headers are in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer other than 200 with JSON; `cut` closes the connection in the middle, `wait` are seconds before it."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    wait: float = 0.0

    @classmethod
    def of(cls, value: Any) -> Answer:
        """The value itself when it is an answer, else 200 with it as JSON."""
        if isinstance(value, Answer):
            return value
        return cls(content=msgspec.json.encode(value), headers={"Content-Type": "application/json"})


Spoil = Callable[[Asked, Answer], Answer]


class Vendor:
    """`async with Vendor(answer) as vendor`: `answer(asked)` gives an Answer, or what is answered as JSON.

    `url` is where it listens, `asked` what it was asked since it began. A mistake of `answer` itself is raised when the
    block ends.
    """

    def __init__(self, answer: Callable[[Asked], Any]) -> None:
        self._answer = answer
        self._spoil: Spoil | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._mistake: Exception | None = None
        self.asked: list[Asked] = []
        self.url = ""

    @contextmanager
    def spoilt(self, spoil: Spoil) -> Iterator[None]:
        """Within the block every good answer goes through `spoil`, and `asked` begins anew."""
        self.asked = []
        self._spoil = spoil
        try:
            yield
        finally:
            self._spoil = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=1 << 24)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._mistake is not None and error is None:
            raise self._mistake

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the connector has gone, or the test has ended
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False when the connection is not to be used again."""
        asked = await _request(reader)
        self.asked.append(asked)
        try:
            answer = Answer.of(self._answer(asked))
        except Exception as mistake:
            self._mistake = mistake
            answer = Answer(500, b"the stand-in failed")
        if self._spoil is not None:
            answer = self._spoil(asked, answer)
        await asyncio.sleep(answer.wait)
        reason = HTTPStatus(answer.status).phrase
        headers = {"Content-Type": "text/plain", **answer.headers, "Content-Length": str(len(answer.content))}
        head = f"HTTP/1.1 {answer.status} {reason}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items())
        content = answer.content[: len(answer.content) // 2] if answer.cut else answer.content
        writer.write(head.encode() + b"\r\n" + content)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return not answer.cut


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Asked(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)

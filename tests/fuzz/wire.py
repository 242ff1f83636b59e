"""HTTP as bytes: a connection that sends whatever it is given, and reads what comes back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

ANSWER_SECONDS = 10.0
BROKEN_SECONDS = 0.2
"""A server may well wait for the rest of a request that is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; without a status nothing did."""

    status: int | None
    media_type: str = ""
    body: bytes = b""
    is_whole: bool = True


class Wire:
    """One connection, opened anew when the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(
        self, content: bytes, *, is_broken: bool = False, is_head: bool = False, may_last: bool = False
    ) -> Answer:
        """Send a request and read its answer; raises TimeoutError when there is none."""
        if is_broken:
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        try:
            writer.write(content)
            async with asyncio.timeout(BROKEN_SECONDS if is_broken or may_last else ANSWER_SECONDS):
                return await self._read(reader, is_head)
        except TimeoutError:
            self.close()
            if is_broken or may_last:
                return Answer(None)
            raise
        except (ConnectionError, asyncio.IncompleteReadError):
            self.close()
            return Answer(None)
        finally:
            if is_broken:
                self.close()

    def close(self) -> None:
        """Break off."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _read(self, reader: asyncio.StreamReader, is_head: bool) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        media_type = headers.get("content-type", "").partition(";")[0]
        if is_head or status == 204:
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, media_type, body)

"""Reading a source from a moment on, whatever was read before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel

from connectors.errors import PluginConfigError
from connectors.hookspecs import CheckReport, Connector, Page, State, Stream
from connectors.records import Record


class BeginningAt:
    """A connector whose streams are read from a moment on; PluginConfigError when it cannot begin at one.

    The state after each page is the connector's own: the next sync goes on from there.
    """

    Config: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, connector: Connector[Any], moment: datetime, kind: str) -> None:
        if getattr(connector, "state_at", None) is None:
            raise PluginConfigError(
                f"[{connector.name}]: the connector {kind!r} cannot begin at a moment. Name the sources that can, or "
                "read all of it: --full."
            )
        self.name = connector.name
        self._connector: Any = connector
        self._moment = moment

    async def check(self) -> CheckReport:
        report: CheckReport = await self._connector.check()
        return report

    async def discover(self) -> list[Stream]:
        streams: list[Stream] = await self._connector.discover()
        return streams

    def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        pages: AsyncIterator[Page[Any]] = self._connector.read(stream, self._connector.state_at(stream, self._moment))
        return pages

    def map(self, stream: Stream, raw: Any) -> Iterable[Record]:
        records: Iterable[Record] = self._connector.map(stream, raw)
        return records

    async def close(self) -> None:
        await self._connector.close()

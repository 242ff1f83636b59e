"""Of a source only the streams that its section names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

from pydantic import BaseModel

from connectors.errors import PluginConfigError
from connectors.hookspecs import CheckReport, Connector, Page, State, Stream
from connectors.records import Record


class ChosenStreams:
    """A connector of which only the streams that its section names are read."""

    Config: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, connector: Connector[Any], streams: Sequence[str], where: str) -> None:
        self.name = connector.name
        self._connector = connector
        self._streams = tuple(streams)
        self._where = where

    async def check(self) -> CheckReport:
        return await self._connector.check()

    async def discover(self) -> list[Stream]:
        """The named streams; PluginConfigError for a name that the source does not have."""
        known = {stream.name: stream for stream in await self._connector.discover()}
        for name in self._streams:
            if name not in known:
                raise PluginConfigError(
                    f"{self._where} has no stream {name!r}.{did_you_mean(name, known)} Known: {', '.join(known)}."
                )
        return [stream for name, stream in known.items() if name in self._streams]

    def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        return self._connector.read(stream, state)

    def map(self, stream: Stream, raw: Any) -> Iterable[Record]:
        return self._connector.map(stream, raw)

    @property
    def webhook(self) -> Any:
        """What the connector does with pushes, None when it takes none."""
        return getattr(self._connector, "webhook", None)

    @property
    def state_at(self) -> Any:
        """The state of a stream as of a moment, None when the connector cannot tell it."""
        return getattr(self._connector, "state_at", None)

    @property
    def deliver(self) -> Any:
        """What the connector does with deliveries, None when its system is not written to."""
        return getattr(self._connector, "deliver", None)

    async def close(self) -> None:
        await self._connector.close()


def chosen_streams(source: str, streams: tuple[Stream, ...], wanted: tuple[str, ...] | None) -> tuple[Stream, ...]:
    """The streams that `wanted` names, in their own order; raises PluginConfigError for one that is not there."""
    names = [stream.name for stream in streams]
    for name in wanted or ():
        if name not in names:
            raise PluginConfigError(
                f"plugins.toml: [{source}] has no stream {name!r}.{did_you_mean(name, names)} "
                f"Known: {', '.join(names)}."
            )
    return tuple(stream for stream in streams if wanted is None or stream.name in wanted)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` when something known is close, else nothing."""
    close = get_close_matches(word, list(known), 1)
    return f" Did you mean {close[0]!r}?" if close else ""

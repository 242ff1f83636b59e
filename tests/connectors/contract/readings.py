"""Reading a connector as a sync does: page by page, each state stored as JSON before the next page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.errors import RecordError, SourceError
from connectors.hookspecs import Connector, State, Stream
from connectors.records import Record

Key = tuple[str, str, str]


@dataclass(slots=True)
class Reading:
    """What came of a stream: its records by kind, stream and id, who was refused, the last state, how it ended."""

    records: dict[Key, Record] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    state: State | None = None
    pages: int = 0
    error: SourceError | None = None

    @property
    def ids(self) -> set[str]:
        return {record.id for record in self.records.values()}

    def texts(self) -> str:
        """All that an operator may see of it."""
        return f"{self.refused} {self.state} {self.error!r} {self.error and self.error.__cause__!r}"


async def read(
    connector: Connector[Any], stream: Stream, state: State | None = None, *, pages: int | None = None
) -> Reading:
    """Read on from `state`, at most so many pages; a SourceError ends it and is kept, anything else is raised."""
    reading = Reading(state=state)
    if pages == 0:
        return reading
    try:
        async for page in connector.read(stream, state):
            reading.pages += 1
            reading.refused += [f"{one.where}: {one.reason}" for one in page.problems]
            for raw in page.raws:
                try:
                    for record in connector.map(stream, raw):
                        reading.records[type(record).__name__, record.stream, record.id] = record
                except RecordError as error:
                    reading.refused.append(str(error))
            reading.state = msgspec.json.decode(msgspec.json.encode(page.state))
            if reading.pages == pages:
                break
    except SourceError as error:
        reading.error = error
    return reading


async def stream_of(connector: Connector[Any], name: str) -> Stream:
    """The stream by name."""
    return next(stream for stream in await connector.discover() if stream.name == name)


def joined(*readings: Reading) -> Mapping[Key, Record]:
    """The records of several readings, the last one's word counting."""
    return {key: record for reading in readings for key, record in reading.records.items()}

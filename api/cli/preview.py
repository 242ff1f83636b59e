"""What a source would give, mapped, without a graph: its first records, and what could not be read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from connectors.errors import RecordError, SourceError
from connectors.hookspecs import Page, Stream
from connectors.records import Record
from graph.sync.door import closed, in_time, streams_of
from graph.sync.land import AdjustPage, LandingSource


class Preview(msgspec.Struct):
    """The first canonical records of each stream, and the problems met on the way."""

    source: str
    streams: dict[str, list[Record]] = msgspec.field(default_factory=dict)
    problems: list[str] = msgspec.field(default_factory=list)
    error: str | None = None


async def preview(source: LandingSource, limit: int, adjust: AdjustPage | None = None) -> Preview:
    """Up to `limit` records of a source, spread over its streams; it never raises for what the source does."""
    found = Preview(source.connector.name)
    try:
        streams = await streams_of(source.connector, source.kind)
        share = max(1, limit // max(1, len(streams)))
        for stream in streams:
            page = await _first_page(source, stream)
            if page is not None:
                await _take(source, stream, page, share, found, adjust)
    except SourceError as error:
        found.error = str(error)
    except (Exception, SystemExit) as error:  # a plugin may do anything; the other sources are shown
        found.error = f"the connector '{source.kind}' failed: {type(error).__name__}: {error}"
    finally:
        await closed(found.source, source.kind, source.connector.close)
    return found


async def _first_page(source: LandingSource, stream: Stream) -> Page[Any] | None:
    reading = aiter(source.connector.read(stream, None))
    try:
        return await in_time(source.kind, "gave no page", anext(reading, None))
    finally:
        if isinstance(reading, AsyncGenerator):
            await closed(source.connector.name, source.kind, reading.aclose, "read")


async def _take(
    source: LandingSource, stream: Stream, page: Page[Any], share: int, found: Preview, adjust: AdjustPage | None
) -> None:
    found.problems.extend(f"{problem.where}: {problem.reason}" for problem in page.problems[:share])
    pairs: list[tuple[Any, list[Record]]] = []
    for raw in page.raws[:share]:
        try:
            pairs.append((raw, list(source.connector.map(stream, raw))))
        except (RecordError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error) if isinstance(error, RecordError) else f"{type(error).__name__}: {error}"
            found.problems.append(f"{source.connector.name}/{stream.name}: {reason}")
    if adjust is not None:
        await adjust(source.connector.name, stream.name, pairs)
    found.streams[stream.name] = [record for _, mapped in pairs for record in mapped][:share]


def print_records(console: Console, title: str, records: Sequence[Record]) -> None:
    """Each record on a line of its own: what it is, its id, and every value it has."""
    console.print(f"[bold]{escape(title)}[/]")
    for record in records:
        values = _flat(record)
        heading = f"{values.pop('type')} {values.pop('id')}"
        text = "  ".join(f"[dim]{name}[/] {escape(str(value))}" for name, value in values.items())
        console.print(f"  {escape(heading)}  {text}")


def _flat(record: Record) -> dict[str, Any]:
    """The record as a flat row: nested values as short texts."""
    values: dict[str, Any] = msgspec.to_builtins(record)
    kind = values.pop("type")
    return {"type": kind, **{name: _short(value) for name, value in values.items() if name not in ("source", "stream")}}


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{_short(inner)}" for inner in value.values() if not isinstance(inner, bool))
    if isinstance(value, list | tuple):
        return "; ".join(str(_short(inner)) for inner in value)
    if isinstance(value, str) and len(value) > 80:
        return f"{value[:79]}…"
    return value

"""What a source would give, mapped, without a graph: its first records, and what could not be read."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.errors import RecordError, SourceError
from connectors.hookspecs import Page, Stream
from connectors.records import Record
from graph.sync.land import AdjustPage, LandingSource


class Preview(msgspec.Struct):
    """The first records of each stream as plain values, and the problems met on the way."""

    source: str
    streams: dict[str, list[dict[str, Any]]] = msgspec.field(default_factory=dict)
    problems: list[str] = msgspec.field(default_factory=list)
    error: str | None = None


async def preview(source: LandingSource, limit: int, adjust: AdjustPage | None = None) -> Preview:
    """Up to `limit` records of a source, spread over its streams; it never raises for what the source does."""
    found = Preview(source.connector.name)
    try:
        streams = await source.connector.discover()
        share = max(1, limit // max(1, len(streams)))
        for stream in streams:
            async for page in source.connector.read(stream, None):
                _take(source, stream, page, share, found, adjust)
                break
    except SourceError as error:
        found.error = str(error)
    except Exception as error:  # a plugin may raise anything; the other sources are shown
        found.error = f"the connector '{source.kind}' failed: {type(error).__name__}: {error}"
    finally:
        await source.connector.close()
    return found


def _take(
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
        adjust(source.connector.name, stream.name, pairs)
    records = [record for _, mapped in pairs for record in mapped][:share]
    found.streams[stream.name] = [flat(record) for record in records]


def flat(record: Record) -> dict[str, Any]:
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

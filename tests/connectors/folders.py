"""A folder of files and the connector that reads it, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from connectors.files import FilesConfig, FilesConnector
from connectors.hookspecs import Page, RawProblem, State, Stream
from connectors.records import Record


def connector(folder: Path, *entries: Mapping[str, Any], name: str = "crm") -> FilesConnector:
    """A files connector for these entries, its paths relative to the folder."""
    return FilesConnector(name, FilesConfig.model_validate({"files": list(entries)}, context={"folder": folder}))


def write(folder: Path, name: str, text: str | bytes) -> Path:
    """A file of this content."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def write_objects(folder: Path, name: str, *objects: Any) -> Path:
    """A JSON Lines file."""
    return write(folder, name, b"".join(msgspec.json.encode(item) + b"\n" for item in objects))


async def stream(source: FilesConnector, name: str) -> Stream:
    """One of the source's streams."""
    return next(found for found in await source.discover() if found.name == name)


async def pages(source: FilesConnector, name: str, state: State | None = None) -> list[Page[Any]]:
    """All pages of a stream."""
    return [page async for page in source.read(await stream(source, name), state)]


async def records(source: FilesConnector, name: str, state: State | None = None) -> list[Record]:
    """All records of a stream."""
    of = await stream(source, name)
    return [record async for page in source.read(of, state) for raw in page.raws for record in source.map(of, raw)]


async def problems(source: FilesConnector, name: str) -> list[RawProblem]:
    """What could not be read of a stream."""
    return [problem for page in await pages(source, name) for problem in page.problems]

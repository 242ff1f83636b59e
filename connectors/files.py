"""The connector `files`: exports in a folder (CSV, JSON Lines, Parquet) by the vendor's format or by a mapping.

State per file is its size, time of change and how far it was read, so an unchanged file is skipped at once, a kill
goes on at the next page, and a changed file is read again from its start (an upsert of what is known is harmless).
"""

from __future__ import annotations

import asyncio
import glob
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from connectors.cells import Reading
from connectors.errors import C360Error, PluginConfigError, RecordError, SourceError
from connectors.exports import FORMATS
from connectors.exports.formats import Context, Format, Gone, Located, Mapper
from connectors.exports.mapping import mapped_format
from connectors.hookspecs import CheckReport, Deletions, Page, RawProblem, State, Stream, StreamKind, hookimpl
from connectors.records import Record, Tombstone
from connectors.tables import Slice, count_rows, read_file

C360_API = ">=1,<2"


class FileEntry(BaseModel):
    """One `[[section.files]]` table: which files, what is in them, how they are written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """A path or glob, relative to the folder of plugins.toml."""
    format: str | None = None
    """The vendor's format by name; without it `kind` and `mapping` say what the file holds."""
    stream: str | None = None
    kind: StreamKind | None = None
    mapping: dict[str, Any] | None = None
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    timezone: str = "UTC"
    """Of times without an offset."""
    date_format: str | None = None
    """As strptime has it, for dates that are not ISO 8601."""
    decimal: Literal[".", ","] = "."
    deletions: Literal["unknown", "full_scan"] = "unknown"
    """full_scan: a record that was in the files and is not any more is deleted."""

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone; write it like Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def _says_what_it_is(self) -> FileEntry:
        if self.format is not None and self.mapping is not None:
            raise ValueError("has both format and mapping; one of them says what the file holds")
        if self.format is None and (self.mapping is None or self.kind is None):
            raise ValueError(f"needs format (one of {', '.join(FORMATS)}), or kind and mapping")
        if self.format is not None and self.format not in FORMATS:
            close = get_close_matches(self.format, FORMATS, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"format {self.format!r} is unknown{hint} Known: {', '.join(FORMATS)}")
        return self

    @property
    def reading(self) -> Reading:
        return Reading(self.encoding, self.delimiter, ZoneInfo(self.timezone), self.date_format, self.decimal)


class FilesConfig(BaseModel):
    """The section of a source whose data are files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: tuple[FileEntry, ...]
    folder: Path = Path()
    """Where relative paths start; the folder of plugins.toml unless it is said."""

    @model_validator(mode="before")
    @classmethod
    def _folder_of_plugins_toml(cls, values: Any, info: ValidationInfo) -> Any:
        base = (info.context or {}).get("folder") if isinstance(info.context, dict | None) else None
        if isinstance(values, dict) and values.get("files") == []:
            raise ValueError("files is empty; describe at least one in a [[section.files]] table")
        if base is not None and isinstance(values, dict):
            return {**values, "folder": Path(base) / values.get("folder", "")}
        return values


@dataclass(frozen=True, slots=True)
class _Feed:
    """An entry with its format and stream."""

    entry: FileEntry
    format: Format
    stream: str


class FilesConnector:
    """A source whose data are files; see the module for what its state means."""

    Config: ClassVar[type[BaseModel]] = FilesConfig

    def __init__(self, name: str, config: FilesConfig) -> None:
        self.name = name
        self.config = config
        self._feeds = [_feed(name, index, entry) for index, entry in enumerate(config.files)]
        self._streams = {feed.format.name: feed.stream for feed in reversed(self._feeds)}
        self._mappers: dict[tuple[str, str], Mapper] = {}
        self._lookups: dict[str, dict[str, Any]] | None = None

    async def check(self) -> CheckReport:
        """Whether each entry has files and each file can be opened and has its format's columns."""
        details: dict[str, str] = {}
        wrong: list[str] = []
        for feed in self._feeds:
            try:
                for path in self._paths(feed):
                    first = await asyncio.to_thread(next, self._read(feed, path, 0), None)
                    label = self._label(path)
                    if first is None:
                        details[label] = "is empty"
                    elif not first.rows and first.problems:
                        wrong.append(f"{first.problems[0].where}: {first.problems[0].reason}")
                    else:
                        details[label] = f"{feed.format.name} → {feed.stream}"
            except C360Error as error:
                wrong.append(str(error))
        if wrong:
            return CheckReport(ok=False, message=" ".join(wrong), details=details)
        return CheckReport(ok=True, message=f"{len(details)} files can be read.", details=details)

    async def discover(self) -> list[Stream]:
        """A stream a name, persons and accounts before what refers to them."""
        order = list(StreamKind)
        streams: dict[str, Stream] = {}
        for feed in self._feeds:
            if feed.format.lookup:
                continue
            self._paths(feed)
            full_scan = feed.entry.deletions == "full_scan"
            streams.setdefault(
                feed.stream,
                Stream(
                    name=feed.stream,
                    kind=feed.format.kind,
                    key=feed.format.identity or "id",
                    deletions=Deletions.FULL_SCAN if full_scan else Deletions.UNKNOWN,
                    fields=tuple(column.headers[0] for column in feed.format.columns),
                ),
            )
        ranks = {StreamKind.ACCOUNTS: -2, StreamKind.PERSONS: -1}
        return sorted(streams.values(), key=lambda stream: ranks.get(stream.kind, order.index(stream.kind)))

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Located | Gone]]:
        """Pages of at most 5,000 rows of the stream's files; raises SourceError when a file cannot be read."""
        pages = self._pages(stream, state)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            yield page

    def map(self, stream: Stream, raw: Located | Gone) -> Iterable[Record]:
        """The records of one row; RecordError names file and line."""
        if isinstance(raw, Gone):
            return (Tombstone(source=self.name, stream=stream.name, id=raw.id, deleted_at=datetime.now(UTC)),)
        return self._mapper(stream.name, raw.file)(raw)

    async def close(self) -> None:
        """Nothing stays open between pages."""

    def _pages(self, stream: Stream, state: State | None) -> Iterator[Page[Located | Gone]]:
        known: dict[str, Any] = dict((state or {}).get("files", {}))
        ids: dict[str, list[str]] = dict((state or {}).get("ids", {}))
        total = self._rows_to_read(stream, known)
        for index, feed in enumerate(self._feeds):
            if feed.stream != stream.name or feed.format.lookup:
                continue
            full_scan = feed.entry.deletions == "full_scan"
            paths = self._paths(feed)
            now = {self._label(path): self._signature(path, feed) for path in paths}
            before = {label: known[label] for label in known if label in now or _belongs(known[label], index)}
            if full_scan and all(_is_read(before.get(label), now[label]) for label in now) and set(before) <= set(now):
                continue
            seen: set[str] = set()
            self._lookups = None
            self._mappers.clear()
            for path in paths:
                label = self._label(path)
                if not full_scan and _is_read(before.get(label), now[label]):
                    continue
                start = 0 if full_scan else _goes_on(before.get(label), now[label])
                for raws, problems, position, done in self._file_pages(feed, path, start, seen):
                    known[label] = {**now[label], "feed": index, "position": position, "done": done and not full_scan}
                    yield Page(raws, {"files": dict(known), "ids": ids}, total, problems)
            if full_scan:
                gone = sorted(set(ids.get(str(index), ())) - seen)
                ids = {**ids, str(index): sorted(seen)}
                known = {label: entry for label, entry in known.items() if not _belongs(entry, index)}
                known.update(
                    {
                        label: {**signature, "feed": index, "position": 0, "done": True}
                        for label, signature in now.items()
                    }
                )
                yield Page([Gone(identifier) for identifier in gone], {"files": dict(known), "ids": ids})

    def _rows_to_read(self, stream: Stream, known: Mapping[str, Any]) -> int:
        """About how many rows a reading has before it: lines are counted, which costs little."""
        total = 0
        for feed in self._feeds:
            if feed.stream == stream.name and not feed.format.lookup:
                for path in self._paths(feed):
                    before, now = known.get(self._label(path)), self._signature(path, feed)
                    if feed.entry.deletions == "full_scan" or not _is_read(before, now):
                        total += count_rows(path)
        return total

    def _file_pages(
        self, feed: _Feed, path: Path, start: int, seen: set[str]
    ) -> Iterator[tuple[Sequence[Located | Gone], list[RawProblem], int, bool]]:
        """Pages of one file with where each ends, the last one marked; duplicate ids are told of."""
        held: Slice | None = None
        in_file: set[str] = set()
        for piece in self._read(feed, path, start):
            if held is not None:
                yield (*_without_duplicates(feed.format, held, in_file), held.position, False)
            held = piece
        if held is not None:
            yield (*_without_duplicates(feed.format, held, in_file), held.position, True)
        else:
            yield [], [], start, True
        seen |= in_file

    def _read(self, feed: _Feed, path: Path, position: int) -> Iterator[Slice]:
        return read_file(path, self._label(path), feed.format, feed.entry.reading, position)

    def _paths(self, feed: _Feed) -> list[Path]:
        pattern = str(self.config.folder / feed.entry.path)
        paths = sorted(Path(found) for found in glob.glob(pattern, recursive=True) if Path(found).is_file())
        if not paths:
            raise SourceError(f"[{self.name}] path = {feed.entry.path!r} matches no file.{_neighbours(Path(pattern))}")
        return paths

    def _label(self, path: Path) -> str:
        try:
            return str(path.relative_to(self.config.folder))
        except ValueError:
            return str(path)

    def _signature(self, path: Path, feed: _Feed) -> dict[str, Any]:
        """What tells whether a file, or a look-up that explains it, has changed."""
        about = path.stat()
        signature: dict[str, Any] = {"size": about.st_size, "mtime_ns": about.st_mtime_ns, "edges": _edges(path)}
        lookups = [p.stat() for other in self._feeds if other.format.lookup for p in self._paths(other)]
        if lookups and not feed.format.is_table:
            signature["lookups"] = [[p.st_size, p.st_mtime_ns] for p in lookups]
        return signature

    def _mapper(self, stream: str, file: str) -> Mapper:
        if (stream, file) not in self._mappers:
            feed = self._feed_of(stream, file)
            context = Context(
                source=self.name,
                stream=feed.stream,
                streams=self._streams,
                lookups=self._lookup_tables(),
                timezone=ZoneInfo(feed.entry.timezone),
            )
            self._mappers[stream, file] = feed.format.mapper(context)
        return self._mappers[stream, file]

    def _feed_of(self, stream: str, file: str) -> _Feed:
        feeds = [feed for feed in self._feeds if feed.stream == stream and not feed.format.lookup]
        for feed in feeds:
            if any(self._label(path) == file for path in self._paths(feed)):
                return feed
        raise RecordError(f"{file}: no entry of [{self.name}] describes this file any more.")

    def _lookup_tables(self) -> Mapping[str, Mapping[str, Any]]:
        if self._lookups is None:
            tables: dict[str, dict[str, Any]] = {}
            for feed in self._feeds:
                if not feed.format.lookup or feed.format.entry is None:
                    continue
                table = tables.setdefault(feed.format.name, {})
                for path in self._paths(feed):
                    for piece in self._read(feed, path, 0):
                        table.update(feed.format.entry(row.body) for row in piece.rows)
            self._lookups = tables
        return self._lookups


def _feed(name: str, index: int, entry: FileEntry) -> _Feed:
    if entry.format is not None:
        known = FORMATS[entry.format]
        if entry.deletions == "full_scan" and known.kind not in (StreamKind.PERSONS, StreamKind.ACCOUNTS):
            raise PluginConfigError(
                f'plugins.toml: [{name}] files[{index}]: deletions = "full_scan" is for persons and accounts; '
                f"{known.name} holds {known.kind.value}."
            )
        return _Feed(entry, known, entry.stream or known.stream)
    if entry.kind is None or entry.mapping is None:
        raise PluginConfigError(f"[{name}] files[{index}] needs format, or kind and mapping.")
    stream = entry.stream or entry.kind.value
    where = f"plugins.toml: [{name}] files[{index}] ({entry.path})"
    return _Feed(entry, mapped_format(f"mapping:{stream}", entry.kind, stream, entry.mapping, where), stream)


def _without_duplicates(
    form: Format, piece: Slice, seen: set[str]
) -> tuple[Sequence[Located | Gone], list[RawProblem]]:
    """The page with each id once: the last one wins, here and, by being stored later, across pages of a file."""
    if form.identity is None:
        return list(piece.rows), piece.problems
    last: dict[str, Located] = {}
    nameless: list[Located] = []
    problems = list(piece.problems)
    for row in piece.rows:
        key = form.identify(row.body)
        if key is None:
            nameless.append(row)
            continue
        if key in last or key in seen:
            earlier = f"line {last[key].line}" if key in last else "an earlier page"
            problems.append(RawProblem(row.where, f"id {key!r} was already in {earlier}; this later line is kept."))
        last[key] = row
    seen.update(last)
    return sorted([*last.values(), *nameless], key=lambda row: row.line), problems


def _belongs(entry: Mapping[str, Any], feed: int) -> bool:
    return bool(entry.get("feed") == feed)


def _same(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    return before is not None and all(before.get(name) == value for name, value in now.items())


def _is_read(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> bool:
    return before is not None and _same(before, now) and bool(before.get("done"))


def _goes_on(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> int:
    """Where an interrupted reading of an unchanged file goes on; a changed file starts again."""
    return int(before["position"]) if before is not None and _same(before, now) else 0


def _edges(path: Path) -> str:
    """A hash of the file's first and last 64 kB: a copy may keep size and time of the file it replaces."""
    edge = 64 << 10
    try:
        with path.open("rb") as file:
            digest = blake2b(file.read(edge), digest_size=8)
            file.seek(max(edge, path.stat().st_size - edge))
            digest.update(file.read())
    except OSError:
        return ""  # reading it will say what is wrong
    return digest.hexdigest()


def _neighbours(pattern: Path) -> str:
    folder = next((parent for parent in pattern.parents if "*" not in str(parent)), Path())
    if not folder.is_dir():
        return f" There is no folder {folder.name!r}."
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_file())[:8]
    return f" The folder {folder.name or '.'!r} holds: {', '.join(names) or 'no file'}."


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `files`."""
    registry.add("files", FilesConnector)

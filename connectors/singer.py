"""The connector `singer`: any Singer tap as a process beside us, its records mapped in plugins.toml.

Each stream is read by a run of the tap of its own, with only that stream selected, so that its state stands on its own
and is committed with the records it follows.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from connectors.chosen_streams import did_you_mean
from connectors.errors import RecordError, SourceError
from connectors.exports.formats import Context, Format, Mapper
from connectors.exports.json_rows import UTC_ZONE, flat, row_of
from connectors.exports.mapping import mapped_format
from connectors.hookspecs import CheckReport, Deletions, Page, RawProblem, State, Stream, StreamKind, hookimpl
from connectors.moments import parse_instant
from connectors.records import Record, Tombstone
from connectors.singer_tap import Message, Tap

C360_API = ">=1,<2"
PAGE = 1_000
PAGE_SECONDS = 30.0
_DELETED = "_sdc_deleted_at"


class RecordsEntry(BaseModel):
    """One `[[section.records]]` table: which of the tap's streams, and what its records are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: str
    """As the tap calls it."""
    kind: StreamKind
    mapping: dict[str, Any]
    name: str | None = None
    """As we call it; the tap's name unless it is said."""
    needs: tuple[str, ...] = ()
    """Streams that the tap must read for this one, such as the parents of a child."""
    replication_key: str | None = None
    """Read by it what is new, where the tap leaves that to us."""
    timezone: str = "UTC"

    @property
    def ours(self) -> str:
        return self.name or self.stream


class SingerConfig(BaseModel):
    """The section of a source that a tap reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: tuple[str, ...] = Field(min_length=1)
    config: dict[str, Any] = Field(default_factory=dict, repr=False)
    """The tap's own settings; it gets them in a file that only this user can read."""
    environment: dict[str, str] = Field(default_factory=dict, repr=False)
    """Variables that the tap gets; of ours it gets PATH and the language."""
    records: tuple[RecordsEntry, ...] = Field(min_length=1)
    catalog: bool = True
    """Whether the tap knows --discover and --catalog."""
    silence_seconds: float = Field(default=600.0, gt=0)
    folder: Path = Path()

    @model_validator(mode="before")
    @classmethod
    def _of_plugins_toml(cls, values: Any, info: ValidationInfo) -> Any:
        if not isinstance(values, dict):
            return values
        folder = Path((info.context or {}).get("folder", ""))
        command = values.get("command")
        if isinstance(command, str):
            command = [command]
        if isinstance(command, list) and command and isinstance(command[0], str) and "/" in command[0]:
            command = [str((folder / command[0]).absolute()), *command[1:]]
        return {**values, "command": command, "folder": folder.absolute()} if command is not None else values


class TapRecord(msgspec.Struct, frozen=True):
    """A record as the tap gave it, with the names of its keys."""

    stream: str
    record: dict[str, Any]
    keys: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"{self.stream} {'/'.join(str(self.record.get(key)) for key in self.keys)}"[:120].strip()


@dataclass(slots=True)
class _Entry:
    """An entry with what maps its records; the id is the tap's key where the mapping has none."""

    entry: RecordsEntry
    where: str
    source: str
    made: dict[tuple[str, ...], tuple[Format, Mapper]] = field(default_factory=dict)

    def of(self, keys: tuple[str, ...]) -> tuple[Format, Mapper]:
        if keys not in self.made:
            mapping = dict(self.entry.mapping)
            if "id" not in mapping and keys:
                mapping["id"] = keys[0] if len(keys) == 1 else "/".join(f"{{{key}}}" for key in keys)
            form = mapped_format(f"singer:{self.entry.ours}", self.entry.kind, self.entry.ours, mapping, self.where)
            zone = ZoneInfo(self.entry.timezone)
            self.made[keys] = form, form.mapper(Context(self.source, self.entry.ours, timezone=zone))
        return self.made[keys]


class SingerConnector:
    """A source that a tap reads; see the module."""

    Config: ClassVar[type[BaseModel]] = SingerConfig

    def __init__(self, name: str, config: SingerConfig) -> None:
        self.name = name
        self.config = config
        self._tap = Tap(name, config.command, config.config, config.environment, config.folder, config.silence_seconds)
        self._entries = {
            entry.ours: _Entry(entry, f"plugins.toml: [{name}] records[{index}] ({entry.stream})", name)
            for index, entry in enumerate(config.records)
        }
        for one in self._entries.values():
            one.of(("id",))  # a mapping that cannot work is told of now
        self._catalog: dict[str, Any] | None = None

    async def check(self) -> CheckReport:
        """Whether the tap starts, and knows the streams that are wanted."""
        if not self.config.catalog:
            return CheckReport(ok=True, message=f"{self._tap.name} is asked when it is read: catalog = false.")
        try:
            known = _names(await self._discovered())
        except SourceError as error:
            return CheckReport(ok=False, message=str(error))
        for one in self._entries.values():
            for wanted in (one.entry.stream, *one.entry.needs):
                if wanted not in known:
                    hint = did_you_mean(wanted, known)
                    message = f"{self._tap.name} has no stream {wanted!r}.{hint} Known: {', '.join(known)}."
                    return CheckReport(ok=False, message=message)
        return CheckReport(ok=True, message=f"{self._tap.name} gives {len(known)} streams.")

    async def discover(self) -> list[Stream]:
        """The streams that plugins.toml maps: accounts first, then persons."""
        ranks = {StreamKind.ACCOUNTS: -2, StreamKind.PERSONS: -1}
        streams = [
            Stream(
                name=name,
                kind=one.entry.kind,
                cursor_field=one.entry.replication_key,
                deletions=Deletions.UNKNOWN,
                fields=tuple(str(rule) for rule in one.entry.mapping.values() if isinstance(rule, str)),
            )
            for name, one in self._entries.items()
        ]
        return sorted(streams, key=lambda stream: ranks.get(stream.kind, 0))

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[TapRecord]]:
        """Pages of some 1,000 records, each with the tap's newest STATE; SourceError when the tap fails."""
        entry = self._entries[stream.name].entry
        catalog = _selected(await self._discovered(), entry) if self.config.catalog else None
        newest = (state or {}).get("tap")
        raws: list[TapRecord] = []
        problems: list[RawProblem] = []
        keys: tuple[str, ...] = ()
        begun = time.monotonic()
        async with aclosing(self._tap.messages(catalog, newest)) as messages:
            async for message in messages:
                is_state = isinstance(message, Message) and message.type == "STATE"
                if isinstance(message, RawProblem):
                    problems.append(message)
                elif is_state:
                    newest = message.value
                elif message.stream == entry.stream and message.type == "SCHEMA":
                    keys = tuple(message.key_properties or ())
                elif message.stream == entry.stream and message.type == "RECORD" and message.record is not None:
                    raws.append(TapRecord(entry.stream, message.record, keys))
                read = len(raws) + len(problems)
                # A page ends best where the tap says how far it is: nothing of it is read again then.
                is_due = read >= PAGE or (read and time.monotonic() - begun > PAGE_SECONDS)
                if (is_due and is_state) or read >= 10 * PAGE:
                    yield Page(raws, {"tap": newest}, problems=problems)
                    raws, problems, begun = [], [], time.monotonic()
        if raws or problems or newest != (state or {}).get("tap"):
            yield Page(raws, {"tap": newest}, problems=problems)

    def map(self, stream: Stream, raw: TapRecord) -> Iterable[Record]:
        """The record that a tap's record is; a tombstone of one that the tap says is deleted."""
        one = self._entries[stream.name]
        form, mapper = one.of(raw.keys)
        values = flat(raw.record)
        row = row_of(
            form,
            values,
            raw.where,
            envelope=[name for name in values if name.startswith("_sdc_")],
            timezone=ZoneInfo(one.entry.timezone),
        )
        if values.get(_DELETED):
            id = form.identify(row.body)
            at = parse_instant(str(values[_DELETED]), UTC_ZONE)
            if id is None or at is None:
                raise RecordError(f"{raw.where}: it is deleted, but has no key, or {_DELETED} is no moment.")
            return [Tombstone(source=self.name, stream=stream.name, id=id, deleted_at=at)]
        return mapper(row)

    async def close(self) -> None:
        """A tap ends with the reading of its stream."""

    async def _discovered(self) -> dict[str, Any]:
        if self._catalog is None:
            self._catalog = await self._tap.catalog()
        return self._catalog


def _names(catalog: Mapping[str, Any]) -> list[str]:
    return [str(each.get("stream") or each.get("tap_stream_id")) for each in catalog["streams"]]


def _selected(catalog: Mapping[str, Any], entry: RecordsEntry) -> dict[str, Any]:
    """The catalog with this stream selected, those it needs, and no other: in the new way and in the old one."""
    wanted = {entry.stream, *entry.needs}
    streams = []
    for each in catalog["streams"]:
        is_wanted = (each.get("stream") or each.get("tap_stream_id")) in wanted
        root: dict[str, Any] = {"selected": is_wanted}
        if entry.replication_key and each.get("stream") == entry.stream:
            root |= {"replication-method": "INCREMENTAL", "replication-key": entry.replication_key}
        metadata = [_as_selected(item, root, is_wanted) for item in each.get("metadata") or ()]
        if not any(item.get("breadcrumb") == [] for item in metadata):
            metadata.append({"breadcrumb": [], "metadata": root})
        schema = {**(each.get("schema") or {}), "selected": is_wanted}
        streams.append({**each, "schema": schema, "selected": is_wanted, "metadata": metadata})
    return {**catalog, "streams": streams}


def _as_selected(item: Mapping[str, Any], root: Mapping[str, Any], is_wanted: bool) -> dict[str, Any]:
    about = item.get("metadata") or {}
    if item.get("breadcrumb") in ([], ()):
        return {**item, "metadata": {**about, **root}}
    readable = about.get("inclusion") != "unsupported"
    return {**item, "metadata": {**about, "selected": is_wanted and readable}}


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `singer`."""
    registry.add("singer", SingerConnector)

"""Does a connector keep the contract? Its pages are read and held against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors.errors import C360Error, RecordError
from connectors.hookspecs import Connector, Page, State, Stream
from connectors.records import Account, Consent, Interaction, Person, Record, decode, encode


class ContractBroken(C360Error):
    """The connector breaks the contract; the text has one line for each way it does."""


@dataclass(slots=True)
class ContractReport:
    """What was looked at: streams, pages and records, and the raws that `map` refused."""

    streams: list[str] = field(default_factory=list)
    pages: int = 0
    records: int = 0
    refused: list[str] = field(default_factory=list)


async def check_contract(connector: Connector[Any], *, secrets: Sequence[str] = (), pages: int = 20) -> ContractReport:
    """Read up to `pages` pages a stream and hold them against the contract; raises ContractBroken.

    Looked at: `check` and `discover` answer; streams have different names; state is JSON, moves, and a second reading
    from it ends; every record has the source, a stream and an id, says None instead of an empty text, keeps its moments
    in UTC, refers to others by `source/stream/id`, and survives being stored; no `secrets` are shown anywhere.
    """
    report = ContractReport()
    broken: list[str] = []
    answer = await connector.check()
    if not answer.ok:
        broken.append(f"check() says: {answer.message}")
    broken += shown(secrets, "check()", repr(answer))
    broken += shown(secrets, "repr(connector)", repr(connector))
    streams = await connector.discover()
    names = [stream.name for stream in streams]
    if not streams:
        broken.append("discover() gives no stream.")
    broken += [f"discover() gives the stream {name!r} twice." for name in sorted(set(names)) if names.count(name) > 1]
    broken += [f"the stream's name {name!r} has a slash; it is part of keys." for name in names if "/" in name]
    for stream in streams:
        report.streams.append(stream.name)
        last = await _check_stream(connector, stream, report, broken, secrets, pages)
        if last is not None:
            await _check_second_reading(connector, stream, last, broken)
    await connector.close()
    if broken:
        raise ContractBroken("\n".join(dict.fromkeys(broken)))
    return report


async def read_records(connector: Connector[Any], stream_name: str | None = None) -> list[Record]:
    """Every record of one stream, or of all in the order of `discover`; raises RecordError for the first bad one."""
    records: list[Record] = []
    for stream in await connector.discover():
        if stream_name is None or stream.name == stream_name:
            async for page in connector.read(stream, None):
                for raw in page.raws:
                    records.extend(connector.map(stream, raw))
    return records


async def _check_stream(
    connector: Connector[Any],
    stream: Stream,
    report: ContractReport,
    broken: list[str],
    secrets: Sequence[str],
    pages: int,
) -> State | None:
    """The state after the last page when the stream came to its end, else None."""
    before: bytes | None = None
    read = 0
    state: State | None = None
    async for page in connector.read(stream, None):
        read += 1
        report.pages += 1
        _check_page(connector, stream, page, report, broken, secrets)
        try:
            now = msgspec.json.encode(page.state, order="deterministic")
        except TypeError as error:
            broken.append(f"{stream.name}: the state of page {read} is no JSON: {error}.")
            return None
        if now == before and page.raws:
            broken.append(f"{stream.name}: the state of page {read} is that of the page before, so a resume is lost.")
        before, state = now, page.state
        if read >= pages:
            return None
    return state


def _check_page(
    connector: Connector[Any],
    stream: Stream,
    page: Page[Any],
    report: ContractReport,
    broken: list[str],
    secrets: Sequence[str],
) -> None:
    seen: set[str] = set()
    broken += shown(secrets, f"{stream.name}: the state", repr(page.state))
    for raw in page.raws:
        try:
            records = list(connector.map(stream, raw))
        except RecordError as error:
            report.refused.append(str(error))
            broken += shown(secrets, f"{stream.name}: a RecordError", str(error))
            continue
        except Exception as error:
            broken.append(f"{stream.name}: map() raised {type(error).__name__} ({error}); raise RecordError instead.")
            continue
        for record in records:
            report.records += 1
            broken += _record_problems(connector.name, stream, record)
            broken += shown(secrets, f"{stream.name}: a record", repr(record))
            key = f"{type(record).__name__} {record.key}"
            if key in seen:
                broken.append(f"{stream.name}: {key} is twice on one page.")
            seen.add(key)


async def _check_second_reading(connector: Connector[Any], stream: Stream, state: State, broken: list[str]) -> None:
    """From the last state on there is little to read (an overlap), and it ends."""
    pages = 0
    before: bytes | None = None
    async for page in connector.read(stream, state):
        now = msgspec.json.encode(page.state, order="deterministic")
        pages += 1
        if pages > 50 or (now == before and page.raws):
            broken.append(f"{stream.name}: reading again from its last state does not come to an end.")
            return
        before = now


def _record_problems(source: str, stream: Stream, record: Record) -> Iterable[str]:
    what = f"{stream.name}: {type(record).__name__} {record.id!r}"
    if record.source != source:
        yield f"{what}: its source is {record.source!r}, not {source!r}."
    if not record.id or not record.stream:
        yield f"{what}: it needs a stream and an id."
    for name in record.__struct_fields__:
        yield from _value_problems(f"{what}: {name}", getattr(record, name))
    for name, reference in _references(record):
        if reference.count("/") < 2:
            yield f"{what}: {name} is {reference!r}; write source/stream/id."
    try:
        if decode(encode(record)) != record:
            yield f"{what}: stored and read again it is another record."
    except (msgspec.MsgspecError, TypeError) as error:
        yield f"{what}: it cannot be stored: {error}."


def _value_problems(what: str, value: Any) -> Iterable[str]:
    if isinstance(value, str) and not value.strip():
        yield f"{what} is an empty text; say None."
    elif isinstance(value, datetime) and (value.tzinfo is None or value.utcoffset() != timedelta(0)):
        yield f"{what} is not in UTC."
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _value_problems(f"{what}.{name}", getattr(value, name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _value_problems(f"{what}[{index}]", item)


def _references(record: Record) -> Iterable[tuple[str, str]]:
    if isinstance(record, Person) and record.account_id is not None:
        yield "account_id", record.account_id
    if isinstance(record, Account) and record.parent_id is not None:
        yield "parent_id", record.parent_id
    if isinstance(record, Interaction | Consent) and isinstance(record.person, str):
        yield "person", record.person
    if isinstance(record, Interaction) and record.account is not None:
        yield "account", record.account


def shown(secrets: Sequence[str], where: str, text: str) -> list[str]:
    """Which of the secrets a text shows; the message does not do what it complains of."""
    return [f"{where} shows secret number {number}." for number, secret in enumerate(secrets, 1) if secret in text]

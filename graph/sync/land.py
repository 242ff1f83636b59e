"""Land: bring what a source says into the graph as facts, a page and the source's state in one transaction."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import uuid_utils

from connectors.errors import RecordError, SourceError, SourceUnavailable
from connectors.hookspecs import Connector, Page, RawProblem, State, Stream
from connectors.records import KINDS, Record
from graph.cypher import cypher
from graph.store.driver import Store
from graph.sync.door import closed, door, failed, in_time, streams_of
from graph.sync.pages import PageWriter
from graph.sync.progress import Progress
from graph.sync.rows import PageRows, add_record
from graph.tracing import spanned, tell

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

AdjustPage = Callable[[str, str, list[tuple[Any, list[Record]]]], Awaitable[None]]
"""What plugins do to a page before it is stored; raises HookFailed, which stops its source."""

LOG = logging.getLogger("c360.sync")

_TOO_MANY_REJECTED = 0.2


@dataclass(slots=True)
class Landed:
    """What one source gave in one sync."""

    source: str
    pages: int = 0
    records: int = 0
    changed: int = 0
    interactions: int = 0
    rejected: int = 0
    repeated: int = 0
    seconds: float = 0.0
    error: str | None = None
    unknown_kinds: Counter[str] = field(default_factory=Counter)

    @property
    def status(self) -> str:
        return "SUCCEEDED" if self.error is None else "FAILED"


@dataclass(frozen=True, slots=True)
class LandingSource:
    """A connector with what the operator says of it in plugins.toml."""

    connector: Connector[Any]
    kind: str
    """The connector's name, e.g. `files`."""
    trust: float = 0.5


async def land(
    source: LandingSource,
    store: Store,
    pages: PageWriter,
    progress: Progress,
    *,
    full: bool = False,
    adjust: AdjustPage | None = None,
) -> Landed:
    """Read a source from where it was left (`full`: from the start) and store what is new or changed.

    Never raises for what the source or its connector does: the failure is in the report, and the next sync goes on at
    the last page. A stream that fails keeps no other from being read, unless nobody answers or knows our credentials.
    Raises StoreError when the store can no longer be used.
    """
    name = source.connector.name
    landed = Landed(name)
    started = time.monotonic()
    run = str(uuid_utils.uuid7())
    await store.write(cypher("writes/interrupt_runs"), source=name)
    await store.write(
        cypher("writes/begin_run"), id=run, source=name, connector=source.kind, trust=source.trust, now=_now()
    )
    try:
        with spanned(store.tracer, "sync source", source=name, connector=source.kind, run=run):
            for stream in await streams_of(source.connector, source.kind):
                try:
                    with spanned(store.tracer, "sync stream", source=name, stream=stream.name):
                        await _land_stream(source, stream, store, pages, landed, progress, full=full, adjust=adjust)
                except SourceError as error:
                    _tell(landed, error)
                    if _ends_the_source(error):
                        break
    except SourceError as error:
        _tell(landed, error)
    finally:
        await closed(name, source.kind, source.connector.close)
    if landed.error is not None:
        progress.say(f"{name}: {landed.error}")
    landed.seconds = time.monotonic() - started
    await store.write(
        cypher("writes/end_run"),
        id=run,
        source=name,
        status=landed.status,
        error=landed.error,
        pages=landed.pages,
        records=landed.records,
        changed=landed.changed,
        interactions=landed.interactions,
        rejected=landed.rejected,
        now=_now(),
    )
    return landed


def _tell(landed: Landed, error: SourceError) -> None:
    said = str(error)
    landed.error = said if landed.error is None else f"{landed.error}\n{said}"
    LOG.debug("%s stopped", landed.source, exc_info=error)


def _ends_the_source(error: SourceError) -> bool:
    """Whether the other streams would fail as well, each after as long a wait."""
    nobody_answers = isinstance(error, SourceUnavailable) and error.status is None
    return nobody_answers or error.status == 401 or isinstance(error, _Hopeless)


class _Hopeless(SourceError):
    """Too much of the source could not be mapped."""


async def _pages(
    source: LandingSource, stream: Stream, state: State | None, tracer: Tracer | None
) -> AsyncGenerator[Page[Any], None]:
    with door(source.kind, "read"):
        reading = aiter(source.connector.read(stream, state))
    try:
        while True:
            with (
                spanned(tracer, "read page", source=source.connector.name, stream=stream.name),
                door(source.kind, "read"),
            ):
                page = await in_time(source.kind, "gave no page", anext(reading, None))
                if page is None:
                    return
                _check_page(page)
            yield page
    finally:
        if isinstance(reading, AsyncGenerator):
            await closed(source.connector.name, source.kind, reading.aclose, "read")


def _check_page(page: object) -> None:
    if not isinstance(page, Page):
        raise TypeError(f"it gave a {type(page).__name__}, not a Page")
    len(page.raws)
    msgspec.json.encode(page.state)


async def _land_stream(
    source: LandingSource,
    stream: Stream,
    store: Store,
    pages: PageWriter,
    landed: Landed,
    progress: Progress,
    *,
    full: bool,
    adjust: AdjustPage | None,
) -> None:
    connector = source.connector
    key = f"{connector.name}/{stream.name}"
    row = await store.read_one(cypher("writes/read_cursor"), key=key)
    state = None if full or row is None else msgspec.json.decode(row[0])
    all_new = row is None
    began = _now()
    progress.phase(f"read {key}")
    async with aclosing(_pages(source, stream, state, store.tracer)) as reading:
        async for page in reading:
            with spanned(
                store.tracer, "store page", source=connector.name, stream=stream.name, page=landed.pages
            ) as span:
                pairs, problems = _mapped(source, stream, page)
                if adjust is not None:
                    with door(source.kind, "c360_map_page"):
                        await adjust(connector.name, stream.name, pairs)
                rows, refused = as_rows(pairs, connector.name, stream.name)
                problems = [*problems, *refused]
                changed, all_new = await pages.store(
                    connector.name, stream.name, rows, problems, page.state, all_new=all_new
                )
                landed.changed += changed
                _count(landed, rows, pairs, problems)
                tell(span, records=len(pairs), changed=changed, rejected=len(problems))
            progress.phase(f"read {key}", page.total)
            progress.advance(f"read {key}", len(page.raws) + len(page.problems))
            progress.reject(f"read {key}", len(problems))
            _stop_when_hopeless(landed, key)
    if full:
        await store.write(cypher("writes/forget_rejections"), source=connector.name, stream=stream.name, before=began)


def _mapped(
    source: LandingSource, stream: Stream, page: Page[Any]
) -> tuple[list[tuple[Any, list[Record]]], list[RawProblem]]:
    pairs: list[tuple[Any, list[Record]]] = []
    problems = list(page.problems)
    where = f"{source.connector.name}/{stream.name}"
    for raw in page.raws:
        try:
            pairs.append((raw, list(source.connector.map(stream, raw))))
        except SourceError:
            raise
        except (RecordError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error) if isinstance(error, RecordError) else f"{type(error).__name__}: {error}"
            problems.append(RawProblem(where=where, reason=reason, body=_raw_text(raw)))
        except (Exception, SystemExit) as error:
            raise failed(source.kind, "map", error) from error
    return pairs, problems


def as_rows(pairs: Iterable[tuple[Any, list[Record]]], source: str, stream: str) -> tuple[PageRows, list[RawProblem]]:
    """The rows of mapped records, and what of them breaks the contract of records."""
    rows = PageRows()
    problems = []
    for raw, records in pairs:
        for record in records:
            try:
                add_record(rows, record)
            except RecordError as error:
                problems.append(RawProblem(where=f"{source}/{stream}", reason=str(error), body=_raw_text(raw)))
    return rows, problems


def _count(
    landed: Landed, rows: PageRows, pairs: Sequence[tuple[Any, list[Record]]], problems: Sequence[RawProblem]
) -> None:
    landed.pages += 1
    landed.records += len(pairs)
    landed.interactions += len(rows.interactions)
    landed.rejected += len(problems)
    landed.repeated += rows.repeated
    for row in rows.interactions.values():
        kind = row["properties"]["kind"]
        if kind not in KINDS:
            landed.unknown_kinds[kind] += 1


def _stop_when_hopeless(landed: Landed, key: str) -> None:
    seen = landed.records + landed.rejected
    if seen >= 100 and landed.rejected > _TOO_MANY_REJECTED * seen:
        raise _Hopeless(
            f"{key}: {landed.rejected} of {seen} records could not be mapped, more than "
            f"{_TOO_MANY_REJECTED:.0%}: stopped. See `c360 sync --preview {landed.source}` and its mapping."
        )


def _raw_text(raw: Any) -> str:
    try:
        return msgspec.json.encode(raw).decode()[:10_000]
    except (TypeError, msgspec.MsgspecError):
        return repr(raw)[:10_000]


def _now() -> int:
    return time.time_ns() // 1_000_000

"""Land: bring what a source says into the graph as facts, a page and the source's state in one transaction."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import uuid_utils

from connectors.errors import C360Error, RecordError, SourceError
from connectors.hookspecs import Connector, Page, RawProblem, Stream
from connectors.records import KINDS, Record, decode
from graph.cypher import cypher
from graph.store.driver import Store, Transaction
from graph.store.errors import ConstraintViolated
from graph.sync.progress import Progress
from graph.sync.rows import MATTERS, PageRows, Row, add_record, fingerprint

AdjustPage = Callable[[str, str, list[tuple[Any, list[Record]]]], None]
"""The hook `c360_map_page`, or None when nobody implements it."""

_TOO_MANY_REJECTED = 0.2
_BATCH = 5_000


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
    source: LandingSource, store: Store, progress: Progress, *, full: bool = False, adjust: AdjustPage | None = None
) -> Landed:
    """Read a source from where it was left (`full`: from the start) and store what is new or changed.

    Never raises for what the source does: the failure is in the report, and the next sync goes on at the last page.
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
        for stream in await source.connector.discover():
            await _land_stream(source.connector, stream, store, landed, progress, full=full, adjust=adjust)
    except SourceError as error:
        landed.error = str(error)
    except C360Error:
        raise  # the store's: nothing more can be landed anywhere
    except Exception as error:  # a plugin may raise anything; the other sources go on
        landed.error = f"the connector '{source.kind}' failed: {type(error).__name__}: {error}"
    finally:
        await source.connector.close()
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


async def _land_stream(
    connector: Connector[Any],
    stream: Stream,
    store: Store,
    landed: Landed,
    progress: Progress,
    *,
    full: bool,
    adjust: AdjustPage | None,
) -> None:
    key = f"{connector.name}/{stream.name}"
    row = await store.read_one(cypher("writes/read_cursor"), key=key)
    state = None if full or row is None else msgspec.json.decode(row[0])
    first_load = row is None
    progress.phase(f"read {key}")
    async for page in connector.read(stream, state):
        pairs, problems = _mapped(connector, stream, page)
        if adjust is not None:
            adjust(connector.name, stream.name, pairs)
        rows, refused = _as_rows(pairs, connector.name, stream.name)
        problems = [*problems, *refused]
        first_load = await _store_page(store, connector.name, stream.name, rows, problems, page.state, first_load)
        _count(landed, rows, pairs, problems)
        progress.phase(f"read {key}", page.total)
        progress.advance(f"read {key}", len(page.raws) + len(page.problems))
        _stop_when_hopeless(landed, key)


def _mapped(
    connector: Connector[Any], stream: Stream, page: Page[Any]
) -> tuple[list[tuple[Any, list[Record]]], list[RawProblem]]:
    pairs: list[tuple[Any, list[Record]]] = []
    problems = list(page.problems)
    for raw in page.raws:
        try:
            pairs.append((raw, list(connector.map(stream, raw))))
        except (RecordError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error) if isinstance(error, RecordError) else f"{type(error).__name__}: {error}"
            problems.append(RawProblem(where=f"{connector.name}/{stream.name}", reason=reason, body=_raw_text(raw)))
    return pairs, problems


def _as_rows(pairs: Iterable[tuple[Any, list[Record]]], source: str, stream: str) -> tuple[PageRows, list[RawProblem]]:
    rows = PageRows()
    problems = []
    for raw, records in pairs:
        for record in records:
            try:
                add_record(rows, record)
            except RecordError as error:
                problems.append(RawProblem(where=f"{source}/{stream}", reason=str(error), body=_raw_text(raw)))
    return rows, problems


async def _store_page(
    store: Store,
    source: str,
    stream: str,
    rows: PageRows,
    problems: Sequence[RawProblem],
    state: dict[str, Any],
    first_load: bool,
) -> bool:
    """Store a page with the state that follows it; says whether the next page may still be taken as all new."""

    async def work(tx: Transaction, all_new: bool) -> None:
        changed = await _changed_only(tx, rows, all_new)
        await _write_records(tx, rows, changed)
        await _write_interactions(tx, rows, changed)
        await _write_deletions(tx, rows)
        await _mark_stale(tx, rows, changed)
        if problems:
            await tx.run(cypher("writes/reject"), rows=_rejections(source, stream, problems), now=_now())
        await tx.run(
            cypher("writes/save_cursor"),
            key=f"{source}/{stream}",
            source=source,
            stream=stream,
            state=msgspec.json.encode(state).decode(),
            now=_now(),
        )

    if first_load:
        try:
            await store.transaction(lambda tx: work(tx, all_new=True))
        except ConstraintViolated:
            pass  # something of it was there after all: another stream's mention, or an id said twice
        else:
            return True
    await store.transaction(lambda tx: work(tx, all_new=False))
    return False


@dataclass(slots=True)
class _Changed:
    """Which rows of a page are new and which say something else than before."""

    new_records: list[Row]
    changed_records: list[Row]
    new_interactions: list[Row]
    changed_interactions: list[Row]
    versions: list[Row]
    moved: list[str]
    """Interactions that somebody else experienced, as the source says now."""
    left_by: set[str]
    """The records that had them before."""


async def _changed_only(tx: Transaction, rows: PageRows, all_new: bool) -> _Changed:
    if all_new:
        return _Changed(list(rows.records.values()), [], list(rows.interactions.values()), [], [], [], set())
    records = {
        key: (digest, body)
        for batch in _batches(list(rows.records))
        for key, digest, body in await tx.run(cypher("writes/known_hashes"), keys=batch)
    }
    interactions = {
        id: (digest, record)
        for batch in _batches(list(rows.interactions))
        for id, digest, record in await tx.run(cypher("writes/known_interactions"), ids=batch)
    }
    differing = [r for k, r in rows.records.items() if k in records and records[k][0] != r["properties"]["hash"]]
    said_anew = [
        r for k, r in rows.interactions.items() if k in interactions and interactions[k][0] != r["properties"]["hash"]
    ]
    moved = [row["id"] for row in said_anew if interactions[row["id"]][1] != row["properties"]["record"]]
    return _Changed(
        new_records=[row for key, row in rows.records.items() if key not in records],
        changed_records=differing,
        new_interactions=[row for id, row in rows.interactions.items() if id not in interactions],
        changed_interactions=said_anew,
        versions=[_version(row, records[row["key"]][1]) for row in differing if records[row["key"]][1]],
        moved=moved,
        left_by={interactions[id][1] for id in moved} - {None},
    )


async def _write_records(tx: Transaction, rows: PageRows, changed: _Changed) -> None:
    for batch in _batches(changed.new_records):
        await tx.run(cypher("writes/create_records"), rows=[_without_nulls(row) for row in batch])
    for batch in _batches(changed.changed_records):
        await tx.run(cypher("writes/update_records"), rows=batch)
        await tx.run(cypher("writes/drop_identifiers"), keys=[row["key"] for row in batch])
    for batch in _batches(changed.versions):
        await tx.run(cypher("writes/keep_versions"), rows=batch)
    new_mentions: set[str] = set()
    for batch in _batches([row for key, row in rows.mentions.items() if key not in rows.records]):
        new_mentions |= {key for (key,) in await tx.run(cypher("writes/mention_records"), rows=batch)}
    touched = [row["key"] for row in (*changed.new_records, *changed.changed_records)]
    identifiers = [one for key in (*touched, *sorted(new_mentions)) for one in rows.identifiers.get(key, ())]
    for batch in _batches(identifiers):
        await tx.run(cypher("writes/identify_records"), rows=batch)


async def _write_interactions(tx: Transaction, rows: PageRows, changed: _Changed) -> None:
    surveys = [row for row in changed.new_interactions if row["properties"]["kind"].startswith("survey.")]
    others = [row for row in changed.new_interactions if not row["properties"]["kind"].startswith("survey.")]
    for query, kind in (("writes/create_surveys", surveys), ("writes/create_interactions", others)):
        for batch in _batches(kind):
            await tx.run(cypher(query), rows=[_without_nulls(row) for row in batch])
    for batch in _batches(changed.changed_interactions):
        await tx.run(cypher("writes/update_interactions"), rows=batch)
        await tx.run(cypher("writes/drop_matters"), ids=[row["id"] for row in batch])
    for batch in _batches(changed.moved):
        await tx.run(cypher("writes/detach_moved_interactions"), ids=batch)
    for matter in MATTERS:
        parts = [
            _part_of(row, row["properties"][matter])
            for row in (*changed.new_interactions, *changed.changed_interactions)
            if row["properties"][matter] is not None
        ]
        for batch in _batches(parts):
            await tx.run(cypher(f"writes/part_of_{matter}"), rows=batch)


async def _write_deletions(tx: Transaction, rows: PageRows) -> None:
    for batch in _batches(list(rows.deleted.values())):
        await tx.run(cypher("writes/delete_records"), rows=batch)
        await tx.run(cypher("writes/delete_interactions"), rows=batch)


async def _mark_stale(tx: Transaction, rows: PageRows, changed: _Changed) -> None:
    """Customers and accounts that are described already; those still to be linked are marked by the link step."""
    interactions = [row["properties"] for row in (*changed.new_interactions, *changed.changed_interactions)]
    people = {row["record"] for row in interactions} | changed.left_by
    people |= {row["properties"]["person"] for row in (*changed.new_records, *changed.changed_records)}
    for batch in _batches(sorted(people - {None})):
        await tx.run(cypher("writes/mark_stale_customers"), keys=batch)
    accounts = {row["account_record"] for row in interactions} - {None}
    for batch in _batches(sorted(accounts)):
        await tx.run(cypher("writes/mark_stale_accounts"), keys=batch)


def _version(row: Row, before: str) -> Row:
    """Only what differs, as it was."""
    old = msgspec.to_builtins(decode(before))
    new = msgspec.to_builtins(decode(row["properties"]["body"]))
    differing = {name: value for name, value in old.items() if new.get(name) != value}
    return {"record": row["key"], "changed": msgspec.json.encode(differing).decode(), "until": _now()}


def _part_of(row: Row, matter: str) -> Row:
    source, _, name = matter.partition("/")
    return {"interaction": row["id"], "matter": matter, "source": source, "name": name or matter}


def _without_nulls(row: Row) -> Row:
    """A new node needs no nulls, and they cost on the wire."""
    return {**row, "properties": {name: value for name, value in row["properties"].items() if value is not None}}


def _rejections(source: str, stream: str, problems: Sequence[RawProblem]) -> list[Row]:
    return [
        {
            "id": f"{source}/{stream}/{fingerprint(problem.where + problem.reason + problem.body)}",
            "source": source,
            "stream": stream,
            "place": problem.where,
            "reason": problem.reason,
            "body": problem.body[:10_000],
        }
        for problem in problems
    ]


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
        raise SourceError(
            f"{key}: {landed.rejected} of {seen} records could not be mapped, more than "
            f"{_TOO_MANY_REJECTED:.0%}: stopped. See `c360 sync --preview {landed.source}` and its mapping."
        )


def _batches(rows: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH))


def _raw_text(raw: Any) -> str:
    try:
        return msgspec.json.encode(raw).decode()[:10_000]
    except (TypeError, msgspec.MsgspecError):
        return repr(raw)[:10_000]


def _now() -> int:
    return time.time_ns() // 1_000_000

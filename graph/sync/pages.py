"""A page of a source in the graph: what is new or changed of it, and the state that follows it, in one transaction."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors.hookspecs import RawProblem
from connectors.records import decode
from graph.cypher import cypher
from graph.store.driver import Store, Transaction
from graph.store.errors import ConstraintViolated
from graph.sync.echo import is_echo
from graph.sync.rows import (
    INTERACTION_PROPERTIES,
    MATTERS,
    RECORD_PROPERTIES,
    PageRows,
    Row,
    fingerprint,
    with_nulls,
)

_BATCH = 5_000
_KNOWN_AT_MOST = 2_000_000


class PageWriter:
    """Stores the pages of one sync.

    It remembers which records this sync has stored (a hash each), so that interactions need not ask the graph whether
    their person is there; and whether there was any customer at its start, because without one nothing can be stale.
    """

    def __init__(self, store: Store, *, any_customers: bool) -> None:
        self._store = store
        self._any_customers = any_customers
        self._known: set[int] = set()
        # Reading and mapping go on while pages wait for their turn here.
        self._few_at_a_time = asyncio.Semaphore(store.writers)
        self._one_at_a_time = asyncio.Lock()

    async def store(
        self,
        source: str,
        stream: str,
        rows: PageRows,
        problems: Sequence[RawProblem],
        state: dict[str, Any],
        *,
        all_new: bool,
        first_holds: bool = False,
    ) -> tuple[int, bool]:
        """How many records and interactions were new or changed; and whether the next page may be taken as all new.

        With `first_holds` a page of which an interaction is there already writes nothing.
        """
        async with self._turn(rows):
            if all_new:
                try:
                    changed = await self._store.transaction(
                        lambda tx: self._write(tx, source, stream, rows, problems, state, all_new=True)
                    )
                except ConstraintViolated:
                    all_new = False  # something of it was there after all: a mention, or an id said twice
            if not all_new:
                changed = await self._store.transaction(
                    lambda tx: self._write(
                        tx, source, stream, rows, problems, state, all_new=False, first_holds=first_holds
                    )
                )
        if len(self._known) < _KNOWN_AT_MOST:
            self._known.update(hash(key) for key in rows.records)
            self._known.update(hash(key) for key in rows.mentions)
        return changed, all_new

    @asynccontextmanager
    async def _turn(self, rows: PageRows) -> AsyncIterator[None]:
        """Until this page may be written.

        Pages of several sources write the same identifiers and mentions, and mark the same customers: side by side
        they would wait for each other's locks, or run again. Nothing but interactions of people who are there is
        a source's own.
        """
        async with AsyncExitStack() as turn:
            is_shared = rows.records or rows.deleted or rows.deleted_matters or self._mentions(rows)
            if self._any_customers or is_shared:
                await turn.enter_async_context(self._one_at_a_time)
            await turn.enter_async_context(self._few_at_a_time)
            yield

    def _mentions(self, rows: PageRows) -> list[Row]:
        """The records that a page only names, and of which this sync has not heard yet."""
        return [row for key, row in rows.mentions.items() if key not in rows.records and hash(key) not in self._known]

    async def _write(
        self,
        tx: Transaction,
        source: str,
        stream: str,
        rows: PageRows,
        problems: Sequence[RawProblem],
        state: dict[str, Any],
        *,
        all_new: bool,
        first_holds: bool = False,
    ) -> int:
        changed = await _changed_only(tx, rows, all_new)
        if first_holds and len(changed.new_interactions) < len(rows.interactions):
            return 0
        await _write_records(tx, rows, changed, self._mentions(rows))
        if self._any_customers:
            _freshen(changed.new_interactions)
        await _write_interactions(tx, changed)
        await _write_deletions(tx, rows)
        if self._any_customers:
            await _mark_stale(tx, changed)
        if problems:
            await tx.run(cypher("writes/reject"), rows=_rejections(source, stream, problems), now=_now())
        await tx.run(
            cypher("writes/save_cursor"),
            key=f"{source}/{stream}",
            source=source,
            stream=stream,
            state=msgspec.json.encode(state).decode(),
            interactions=sum(row["properties"]["source"] == source for row in changed.new_interactions),
            now=_now(),
        )
        return changed.count


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

    @property
    def count(self) -> int:
        return sum(
            len(rows)
            for rows in (self.new_records, self.changed_records, self.new_interactions, self.changed_interactions)
        )


async def _changed_only(tx: Transaction, rows: PageRows, all_new: bool) -> _Changed:
    if all_new:
        return _Changed(list(rows.records.values()), [], list(rows.interactions.values()), [], [], [], set())
    records = {
        key: (digest, body, written, writing_since)
        for batch in _batches(list(rows.records))
        for key, digest, body, written, writing_since in await tx.collected(cypher("writes/known_hashes"), keys=batch)
    }
    interactions = {
        id: (digest, record)
        for batch in _batches(list(rows.interactions))
        for id, digest, record in await tx.collected(cypher("writes/known_interactions"), ids=batch)
    }
    differing = [
        row
        for key, row in rows.records.items()
        if key in records
        and records[key][0] != row["properties"]["hash"]
        and not is_echo(row["properties"]["body"], *records[key][1:])
    ]
    said_anew = [
        r for k, r in rows.interactions.items() if k in interactions and interactions[k][0] != r["properties"]["hash"]
    ]
    moved = [row["id"] for row in said_anew if interactions[row["id"]][1] != row["properties"].get("record")]
    return _Changed(
        new_records=[row for key, row in rows.records.items() if key not in records],
        changed_records=differing,
        new_interactions=[row for id, row in rows.interactions.items() if id not in interactions],
        changed_interactions=said_anew,
        versions=[_version(row, records[row["key"]][1]) for row in differing if records[row["key"]][1]],
        moved=moved,
        left_by={interactions[id][1] for id in moved} - {None},
    )


async def _write_records(tx: Transaction, rows: PageRows, changed: _Changed, mentions: list[Row]) -> None:
    for batch in _batches(changed.new_records):
        await tx.run(cypher("writes/create_records"), rows=batch)
    for batch in _batches(changed.changed_records):
        await tx.run(cypher("writes/update_records"), rows=[with_nulls(row, RECORD_PROPERTIES) for row in batch])
    lost: set[str] = set()
    for batch in _batches([row["record"] for row in changed.versions]):  # a mention has none to lose
        lost |= set(await tx.collected(cypher("writes/drop_identifiers"), keys=batch))
    for batch in _batches(changed.versions):
        await tx.run(cypher("writes/keep_versions"), rows=batch)
    new_mentions: set[str] = set()
    for batch in _batches(mentions):
        new_mentions |= set(await tx.collected(cypher("writes/mention_records"), rows=batch))
    touched = [row["key"] for row in (*changed.new_records, *changed.changed_records)]
    identifiers = [one for key in (*touched, *sorted(new_mentions)) for one in rows.identifiers.get(key, ())]
    for batch in _batches(identifiers):
        await tx.run(cypher("writes/identify_records"), rows=batch)
    for batch in _batches(sorted(lost)):
        await tx.run(cypher("writes/mark_mentions_pending"), keys=batch)
    for batch in _batches(sorted(lost - {one["key"] for one in identifiers})):
        await tx.run(cypher("writes/forget_identifiers"), keys=batch)


async def _write_interactions(tx: Transaction, changed: _Changed) -> None:
    created: dict[str, list[Row]] = defaultdict(list)
    for row in changed.new_interactions:
        created[_creating(row)].append(row)
    for query, new in created.items():
        for batch in _batches(new):
            await tx.run(cypher(f"writes/{query}"), rows=batch)
    for batch in _batches(changed.changed_interactions):
        await tx.run(
            cypher("writes/update_interactions"), rows=[with_nulls(row, INTERACTION_PROPERTIES) for row in batch]
        )
        await tx.run(cypher("writes/drop_matters"), ids=[row["id"] for row in batch])
    for batch in _batches(changed.moved):
        await tx.run(cypher("writes/detach_moved_interactions"), ids=batch)
    for matter in MATTERS:
        parts = [
            _part_of(row, row["properties"][matter])
            for row in (*changed.new_interactions, *changed.changed_interactions)
            if matter in row["properties"]
        ]
        for batch in _batches(parts):
            await tx.run(cypher(f"writes/part_of_{matter}"), rows=batch)


def _creating(row: Row) -> str:
    if row["properties"]["kind"].startswith("survey."):
        return "create_surveys"
    is_plain = row["ended_at"] is None and row["observed_at"] is None
    return "create_plain_interactions" if is_plain else "create_interactions"


async def _write_deletions(tx: Transaction, rows: PageRows) -> None:
    for batch in _batches(list(rows.deleted.values())):
        await tx.run(cypher("writes/delete_records"), rows=batch)
        await tx.run(cypher("writes/delete_interactions"), rows=batch)
    for matter, gone in rows.deleted_matters.items():
        for batch in _batches(list(gone.values())):
            await tx.run(cypher(f"writes/delete_{matter}"), rows=batch)


async def _mark_stale(tx: Transaction, changed: _Changed) -> None:
    """Customers and accounts that are described already; those still to be linked are marked by the link step."""
    interactions = [row["properties"] for row in (*changed.new_interactions, *changed.changed_interactions)]
    people = {row.get("record") for row in interactions} | changed.left_by
    people |= {row["properties"].get("person") for row in (*changed.new_records, *changed.changed_records)}
    for batch in _batches(sorted(people - {None})):
        await tx.run(cypher("writes/mark_stale_customers"), keys=batch)
    accounts = {row.get("account_record") for row in interactions} - {None}
    for batch in _batches(sorted(accounts)):
        await tx.run(cypher("writes/mark_stale_accounts"), keys=batch)


def _freshen(interactions: Sequence[Row]) -> None:
    """The change log tells new interactions of people, each once; what a first load brings it does not tell."""
    for row in interactions:
        if row["properties"].get("record") is not None:
            row["properties"]["fresh"] = True


def _version(row: Row, before: str) -> Row:
    """Only what differs, as it was."""
    old = msgspec.to_builtins(decode(before))
    new = msgspec.to_builtins(decode(row["properties"]["body"]))
    differing = {name: value for name, value in old.items() if new.get(name) != value}
    return {"record": row["key"], "changed": msgspec.json.encode(differing).decode(), "until": _now()}


def _part_of(row: Row, matter: str) -> Row:
    source, _, name = matter.partition("/")
    return {"interaction": row["id"], "matter": matter, "source": source, "name": name or matter}


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


def _batches(rows: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH))


def _now() -> int:
    return time.time_ns() // 1_000_000

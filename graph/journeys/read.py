"""Journeys from the graph: all of them at first, then those that the change log names."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pyarrow as pa

from graph.changes import Change
from graph.cypher import cypher
from graph.journeys.journeys import Journeys
from graph.journeys.layout import TABLES, as_table
from graph.rules import Rules
from graph.store.driver import Store

AT_ONCE = 2_000
OF_CUSTOMERS = {
    "customers": "writes/journey_customers",
    "events": "writes/journey_events_of_customers",
    "handoffs": "writes/journey_handoffs",
    "stages": "writes/journey_stages",
    "alerts": "writes/journey_alerts",
    "records": "writes/journey_records",
}
OF_ACCOUNTS = {"accounts": "writes/journey_accounts", "account_events": "writes/journey_events_of_accounts"}


async def read_journeys(
    store: Store, rules: Rules, seq: int, progress: Callable[[int, int], None] = lambda read, total: None
) -> Journeys:
    """All journeys; `seq` is the change log's last entry before.

    `progress` is told how many customers have been read, of how many; in the end of all.
    """
    tables: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    row = await store.read_one(cypher("writes/count_customers"))
    read, total = 0, int(row[0]) if row else 0
    for ids_query, queries in (("journey_customer_ids", OF_CUSTOMERS), ("journey_account_ids", OF_ACCOUNTS)):
        async for many, found in _ahead(store, ids_query, queries):
            for name, table in found.items():
                tables[name].append(table)
            if queries is OF_CUSTOMERS:
                read += many
                progress(read, max(read, total))
    if read < total:  # some are gone meanwhile
        progress(read, read)
    return Journeys.of({name: _one(name, parts) for name, parts in tables.items()}, rules, seq, _now())


async def follow(store: Store, journeys: Journeys, changes: Sequence[Change], seq: int) -> Journeys:
    """The journeys after these changes: only the customers that they name are read again, and their accounts."""
    touched = sorted({id for change in changes for id in change.touched()})
    fresh: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
    for begin in range(0, len(touched), AT_ONCE):
        for name, table in (await _rows_of(store, OF_CUSTOMERS, touched[begin : begin + AT_ONCE])).items():
            fresh[name].append(table)
    named = {str(id) for table in fresh["customers"] for id in table.column("account").to_pylist() if id is not None}
    # What only an account experienced is in no change: those that have such are few, and read again.
    own = {str(id) for id in journeys.parts["account_events"].arrow("who").unique().to_pylist()}
    accounts = sorted(named | own)
    for begin in range(0, len(accounts), AT_ONCE):
        for name, table in (await _rows_of(store, OF_ACCOUNTS, accounts[begin : begin + AT_ONCE])).items():
            fresh[name].append(table)
    rows = {name: _one(name, tables) for name, tables in fresh.items()}
    return journeys.changed(touched, accounts, rows, seq, _now())


async def _ids(store: Store, query: str) -> AsyncIterator[list[str]]:
    after = ""
    while True:
        row = await store.read_one(cypher(f"writes/{query}"), after=after, most=AT_ONCE)
        ids: list[str] = row[0] if row else []
        if not ids:
            return
        yield ids
        after = ids[-1]


async def _ahead(
    store: Store, ids_query: str, queries: dict[str, str]
) -> AsyncIterator[tuple[int, dict[str, pa.Table]]]:
    """The tables of all, batch by batch, and how many each is of; the store reads the next while we make columns."""
    asked: deque[tuple[int, asyncio.Task[dict[str, pa.Table]]]] = deque()
    try:
        async for ids in _ids(store, ids_query):
            asked.append((len(ids), asyncio.create_task(_rows_of(store, queries, ids))))
            if len(asked) > 1:
                many, task = asked[0]
                yield many, await task
                asked.popleft()
        for many, task in asked:
            yield many, await task
    finally:
        for _, task in asked:
            task.cancel()
        await asyncio.gather(*(task for _, task in asked), return_exceptions=True)


async def _rows_of(store: Store, queries: dict[str, str], ids: Sequence[str]) -> dict[str, pa.Table]:
    answers = await asyncio.gather(*(store.read_one(cypher(query), ids=list(ids)) for query in queries.values()))
    rows: list[list[Sequence[Any]]] = [answer[0] if answer else [] for answer in answers]
    tables = await asyncio.to_thread(lambda: [as_table(name, found) for name, found in zip(queries, rows, strict=True)])
    return dict(zip(queries, tables, strict=True))


def _one(name: str, tables: Sequence[pa.Table]) -> pa.Table:
    if not tables:
        return TABLES[name].empty_table()
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _now() -> int:
    return int(time.time() * 1000)

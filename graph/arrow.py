"""Rows of the graph as columns of Arrow: what pandas, polars, DuckDB and Parquet read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, TypeVar

import pyarrow as pa
from neo4j.time import Date, DateTime, Duration, Time

from graph.store.instants import epoch_millis

INSTANT = pa.timestamp("ms", "UTC")
BATCH = 10_000
"""Rows that are turned into columns at a time."""

Row = TypeVar("Row")


def table_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """The rows as a table; a moment is a timestamp in UTC, a list a list, what Arrow has no type for JSON."""
    columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.table([column_of(values) for values in columns], names=list(names))


def column_of(values: Sequence[Any]) -> pa.Array[Any]:
    """One column, of the type that its values have; null where there is none."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, DateTime):
        return pa.array([None if value is None else epoch_millis(value) for value in values], pa.int64()).cast(INSTANT)
    if isinstance(first, Date | Time | Duration):
        return pa.array([None if value is None else value.iso_format() for value in values], pa.string())
    if not isinstance(first, dict):
        try:
            found: pa.Array[Any] = pa.array(values)
            return found
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
            pass  # a list of unlike things, such as [kind, moment]
    return _as_json(values)


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables of the same columns as one; a column whose parts have no common type is JSON in all of them."""
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        unlike = [
            name for name in tables[0].column_names if len({table.schema.field(name).type for table in tables}) > 1
        ]
        return pa.concat_tables([_with_json(table, unlike) for table in tables], promote_options="permissive")


def flat(table: pa.Table) -> pa.Table:
    """The table without nested columns, as CSV wants it: a list becomes its JSON."""
    return _with_json(table, [field.name for field in table.schema if pa.types.is_nested(field.type)])


async def in_batches(rows: AsyncIterator[Row], size: int = BATCH) -> AsyncIterator[list[Row]]:
    """So many of them at a time; the last batch may be smaller, and there is none when there are no rows."""
    batch: list[Row] = []
    async for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _with_json(table: pa.Table, names: Iterable[str]) -> pa.Table:
    for name in names:
        if not pa.types.is_string(table.schema.field(name).type):
            table = table.set_column(table.schema.get_field_index(name), name, _as_json(table[name].to_pylist()))
    return table


def _as_json(values: Iterable[Any]) -> pa.Array[Any]:
    texts = [None if value is None else json.dumps(value, default=_told, ensure_ascii=False) for value in values]
    return pa.array(texts, pa.string())


def _told(value: Any) -> str:
    """A moment within a list or map, as a text."""
    return str(value.iso_format() if hasattr(value, "iso_format") else value)

"""Customers, interactions, records and links as files of columns, streamed: the memory is that of one part."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa

from graph.arrow import INSTANT, in_batches
from graph.ask import columns_of
from graph.cypher import statements
from graph.store.driver import Store
from graph.sync.progress import Progress, Silence
from graph.table_file import TableFormat, table_file

What = Literal["customers", "interactions", "records", "links"]

ROW_GROUP = 25_000
"""Rows that are held at a time, and are one row group of a Parquet file."""

_TEXTS = pa.list_(pa.string())
_TYPES: dict[str, pa.DataType] = {
    **dict.fromkeys(("at", "ended_at", "created_at", "updated_at", "deleted_at"), INSTANT),
    **dict.fromkeys(("first_at", "last_at", "last_inbound_at", "reactivated_at", "churned_at"), INSTANT),
    **dict.fromkeys(("sequence", "record_count", "interaction_count"), pa.int64()),
    **dict.fromkeys(
        ("amount", "recurring_amount", "quantity", "cost", "score", "scale_min", "scale_max"), pa.float64()
    ),
    **dict.fromkeys(("emails", "phones", "tags", "sources", "requested_fields"), _TEXTS),
    "weight": pa.float64(),
    "automated": pa.bool_(),
}
"""Columns by name, whatever is exported; all others are texts."""


class _Email(msgspec.Struct):
    address: str


class _Phone(msgspec.Struct):
    number: str


_EMAILS = msgspec.json.Decoder(list[list[_Email] | None])
_PHONES = msgspec.json.Decoder(list[list[_Phone] | None])


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: `bytes` is the size of the file."""

    what: What
    file: str
    format: TableFormat
    rows: int
    bytes: int
    seconds: float


def schema_of(what: What) -> pa.Schema:
    """The columns of an export with their types: moments are UTC timestamps in milliseconds, lists are lists."""
    return pa.schema([(name, _TYPES.get(name, pa.string())) for name in columns_of(_texts(what)[1])])


async def export(
    store: Store,
    what: What,
    path: Path,
    form: TableFormat,
    progress: Progress | None = None,
    *,
    row_group: int = ROW_GROUP,
) -> Exported:
    """Write all of one kind to a file; it is there when all is written, and readable by its owner only.

    What a sync writes meanwhile may be in it or not. Raises StoreError and OSError.
    """
    shown = progress or Silence()
    begun = time.monotonic()
    count, read = _texts(what)
    total = await store.read_one(count)
    phase = f"export {what}"
    shown.phase(phase, total[0] if total else 0)
    schema = schema_of(what)
    with table_file(path, form, schema) as file:
        async for rows in in_batches(store.stream(read), row_group):
            file.write(_part(schema, rows))
            shown.advance(phase, len(rows))
    return _exported(what, path, form, file.rows, time.monotonic() - begun)


def _exported(what: What, path: Path, form: TableFormat, rows: int, seconds: float) -> Exported:
    return Exported(what, str(path), form, rows, path.stat().st_size, round(seconds, 3))


def _texts(what: What) -> tuple[str, str]:
    """The query that counts, and the one that reads."""
    files = {
        "customers": "exports/customers",
        "interactions": "exports/interactions",
        "records": "exports/records",
        "links": "exports/links",
    }
    count, read = statements(files[what])
    return count, read


def _part(schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> pa.Table:
    columns = zip(*rows, strict=True)
    return pa.table([_column(field, values) for field, values in zip(schema, columns, strict=True)], schema=schema)


def _column(field: pa.Field[Any], values: Sequence[Any]) -> pa.Array[Any]:
    if field.name == "emails":
        return pa.array([given and [one.address for one in given] for given in _decoded(_EMAILS, values)], _TEXTS)
    if field.name == "phones":
        return pa.array([given and [one.number for one in given] for given in _decoded(_PHONES, values)], _TEXTS)
    if field.type == INSTANT:
        return pa.array(values, pa.int64()).cast(INSTANT)
    found: pa.Array[Any] = pa.array(values, field.type)
    return found


def _decoded(decoder: msgspec.json.Decoder[Any], values: Sequence[str | None]) -> Any:
    """A whole column of JSON texts at once."""
    return decoder.decode(f"[{','.join(value or 'null' for value in values)}]")

"""Columns of a table as typed rows: trimmed, emptied and parsed as a whole by Arrow.

Only a column that holds a bad value is read again cell by cell, so that the value can be named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from connectors.exports.formats import Column, ColumnKind, Format, Located
from connectors.hookspecs import RawProblem
from connectors.moments import EARLIEST, LATEST, parse_day, parse_instant

if TYPE_CHECKING:
    Cells = pa.Array[Any]  # generic only for type checkers


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is written: encoding, delimiter, the time zone of its local times, its way to write dates, numbers."""

    encoding: str = "utf-8"
    delimiter: str = ","
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    date_format: str | None = None
    decimal: str = "."


def rows_of(
    columns: Mapping[str, Cells],
    count: int,
    names: Sequence[str],
    label: str,
    first_line: int,
    form: Format,
    reading: Reading,
) -> tuple[list[Located], list[RawProblem]]:
    """Typed rows of a page, column by column; a row with a bad value is left out and told of."""
    bad: dict[int, str] = {}
    values: dict[str, list[Any]] = {}
    used: set[str] = set()
    by_header = {name.strip().casefold(): name for name in reversed(list(names))}
    for column in form.columns:
        found = [by_header[h.casefold()] for h in column.headers if h.casefold() in by_header]
        used.update(found)
        for name in found[:1]:
            values[column.field] = _values(columns[name], column, name, reading, bad)
    body = form.body
    fields = set(body.__struct_fields__)
    if "headers" in fields:
        values["headers"] = [tuple(name for name in names)] * count
    if "extra" in fields:
        unknown = [name for name in names if name not in used]
        extra = _extra({name: _clean(columns[name]) for name in unknown}, count)
        if extra is not None:
            values["extra"] = extra
    keys = list(values)
    rows: list[Located] = []
    lines = range(first_line, first_line + count)
    cells: Iterable[tuple[Any, ...]] = zip(*values.values(), strict=True) if values else [()] * count
    for index, (line, row) in enumerate(zip(lines, cells, strict=True)):
        if index not in bad:
            rows.append(Located(label, line, body(**dict(zip(keys, row, strict=True)))))
    problems = [
        RawProblem(f"{label}:{first_line + index}", reason, _row_text(columns, index))
        for index, reason in sorted(bad.items())
    ]
    return rows, problems


def _row_text(columns: Mapping[str, Cells], index: int) -> str:
    return msgspec.json.encode({name: column[index].as_py() for name, column in columns.items()}, enc_hook=str).decode()


def _extra(columns: Mapping[str, Cells], count: int) -> list[dict[str, str]] | None:
    """What the format does not know, kept as it is, per row; None when there is nothing."""
    filled = {name: column.to_pylist() for name, column in columns.items() if column.null_count < len(column)}
    if not filled:
        return None
    rows: list[dict[str, str]] = [{} for _ in range(count)]
    for name, column in filled.items():
        for row, value in zip(rows, column, strict=True):
            if value is not None:
                row[name] = value
    return rows


def _clean(column: Cells) -> Cells:
    """The column as text, trimmed; what is empty then is null."""
    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_struct(column.type):
        return pa.array([as_text(value) for value in column.to_pylist()], pa.string())
    text = column if pa.types.is_string(column.type) else column.cast(pa.string())
    trimmed = cast("Cells", pc.utf8_trim_whitespace(text))
    return cast("Cells", pc.if_else(pc.equal(trimmed, pa.scalar("")), None, trimmed))


def _values(column: Cells, kind: Column, name: str, reading: Reading, bad: dict[int, str]) -> list[Any]:
    """The column's values as Python objects; `bad` gets the index and reason of each that cannot be read."""
    if kind.kind is ColumnKind.TEXT:
        return cast(list[Any], _clean(column).to_pylist())
    typed = _typed_at_once(column, kind.kind, reading)
    if typed is not None:
        return typed
    parse, what = _PARSERS[kind.kind]
    values: list[Any] = []
    for index, cell in enumerate(_clean(column).to_pylist()):
        value = None if cell is None else parse(cell, reading)
        if cell is not None and value is None and index not in bad:
            bad[index] = f"{name}: {cell!r} is not {what}."
        values.append(value)
    return values


def _typed_at_once(column: Cells, kind: ColumnKind, reading: Reading) -> list[Any] | None:
    """The whole column parsed by Arrow, or None when one of its values needs a closer look."""
    try:
        if kind is ColumnKind.NUMBER:
            is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
            if not is_number and reading.decimal != ".":
                return None
            numbers = (column if is_number else _clean(column)).cast(pa.float64())
            # Arrow takes NaN and Infinity for numbers, and so becomes what is too large for one.
            return cast(list[Any], numbers.to_pylist()) if pc.all(pc.is_finite(numbers)).as_py() is not False else None
        moments = _timestamps(column, reading)
        if moments is None:
            return None
        bounds = pc.min_max(moments)
        least, most = bounds["min"].as_py(), bounds["max"].as_py()
        if least is None:
            return [None] * len(column)
        if least < FIRST_MICROSECOND or most >= LAST_MICROSECOND:
            return None
        microseconds = moments.to_pylist()
    except (pa.ArrowException, OverflowError):
        return None
    if kind is ColumnKind.DAY:
        return [None if value is None else (EPOCH + timedelta(microseconds=value)).date() for value in microseconds]
    return [None if value is None else EPOCH + timedelta(microseconds=value) for value in microseconds]


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MICROSECOND = (EARLIEST - EPOCH) // timedelta(microseconds=1)
LAST_MICROSECOND = (LATEST - EPOCH) // timedelta(microseconds=1)


def _timestamps(column: Cells, reading: Reading) -> Cells | None:
    """The column as microseconds since 1970 UTC."""
    moments: Any
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        moments = column.cast(pa.timestamp("us", tz=getattr(column.type, "tz", None)))
    elif reading.date_format is not None:
        return None
    else:
        text = _clean(column)
        if text.null_count == len(text):
            return pa.nulls(len(text), pa.int64())
        try:
            moments = text.cast(pa.timestamp("us"))
        except pa.ArrowInvalid:
            moments = text.cast(pa.timestamp("us", tz="UTC"))
    if moments.type.tz is None and reading.timezone.key != "UTC":
        moments = pc.assume_timezone(moments, reading.timezone.key, ambiguous="earliest", nonexistent="latest")
    return cast("Cells", moments.cast(pa.int64()))


def _number(text: str, reading: Reading) -> float | None:
    plain = text.replace("\u00a0", "").replace(" ", "")
    plain = plain.replace(".", "").replace(",", ".") if reading.decimal == "," else plain.replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124


def _instant(text: str, reading: Reading) -> datetime | None:
    return parse_instant(text, reading.timezone, reading.date_format)


def _day(text: str, reading: Reading) -> date | None:
    return parse_day(text, reading.date_format)


_PARSERS: Mapping[ColumnKind, tuple[Callable[[str, Reading], Any], str]] = {
    ColumnKind.NUMBER: (_number, "a number"),
    ColumnKind.INSTANT: (_instant, "a date and time that can be"),
    ColumnKind.DAY: (_day, "a date that can be"),
}


def as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return ";".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)

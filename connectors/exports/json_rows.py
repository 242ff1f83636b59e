"""A JSON object as the row of a mapped format: its columns are the keys, of nested objects `outer.inner`."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from connectors.errors import RecordError
from connectors.exports.formats import Column, ColumnKind, Format, Located
from connectors.moments import parse_day, parse_instant

UTC_ZONE = ZoneInfo("UTC")


def flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The object without nesting: `{"a": {"b": 1}}` is `{"a.b": 1}`. Lists stay."""
    flattened: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            flattened.update(flat(item, f"{prefix}{name}."))
        else:
            flattened[prefix + name] = item
    return flattened


def row_of(
    form: Format,
    values: Mapping[str, Any],
    where: str,
    *,
    envelope: Collection[str] = (),
    timezone: ZoneInfo = UTC_ZONE,
) -> Located:
    """The row that a flat object is; RecordError names the value that cannot be read.

    What the format does not know goes to its `extra`, but for the keys of the envelope. `where` is the row's place in
    messages.
    """
    by_name = {name.casefold(): name for name in reversed(list(values))}
    filled: dict[str, Any] = {}
    used: set[str] = set()
    for column in form.columns:
        name = next((by_name[header.casefold()] for header in column.headers if header.casefold() in by_name), None)
        if name is not None:
            used.add(name)
            filled[column.field] = _typed(values[name], column, name, where, timezone)
    unknown = {name: text_of(value) for name, value in values.items() if name not in used and name not in envelope}
    extra = {name: text for name, text in unknown.items() if text is not None}
    return Located(where, 0, form.body(**filled, extra=extra) if extra else form.body(**filled))


def text_of(value: Any) -> str | None:
    """The value as a text; None where it says nothing. A list of plain values is `a;b`, any other is JSON."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if isinstance(value, list) and not any(isinstance(item, list | dict) for item in value):
        return ";".join(text for item in value if (text := text_of(item)) is not None) or None
    return msgspec.json.encode(value).decode() if value else None


Cell: TypeAlias = str | float | datetime | date


def _typed(value: Any, column: Column, name: str, where: str, timezone: ZoneInfo) -> Cell | None:
    text = text_of(value)
    if text is None or column.kind is ColumnKind.TEXT:
        return text
    read = _READ[column.kind](text, timezone)
    if read is None:
        raise RecordError(f"{where}: {name}: {text[:80]!r} is not {_WHAT[column.kind]}.")
    return read


def _number(text: str, _zone: ZoneInfo) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _day(text: str, _zone: ZoneInfo) -> date | None:
    return parse_day(text)


_READ: Mapping[ColumnKind, Callable[[str, ZoneInfo], Cell | None]] = {
    ColumnKind.NUMBER: _number,
    ColumnKind.INSTANT: parse_instant,
    ColumnKind.DAY: _day,
}
_WHAT = {
    ColumnKind.NUMBER: "a number",
    ColumnKind.INSTANT: "a date and time that can be",
    ColumnKind.DAY: "a date that can be",
}

"""Answers on the terminal: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

import msgspec
import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 100_000
"""Of columns, when it is asked how many a table would take."""


def print_json(console: Console, value: Any) -> None:
    """The value as indented JSON, as it is: no colours, no wrapping."""
    console.file.write(json_text(value))


def json_text(value: Any) -> str:
    """The value as indented JSON that ends with its line."""
    how = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    return orjson.dumps(value, default=_as_json, option=how).decode() + "\n"


def print_table(
    console: Console, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None
) -> None:
    """Rows under their names; numbers to the right, what is not known as a dash.

    Where words would be broken to fit, such as ids and addresses that somebody copies, each row is a block of lines.
    """
    rows = [list(row) for row in rows]
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        is_number = any(isinstance(row[place], int | float) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(value)) for value in row))
    if Measurement.get(console, console.options.update(width=_ANY_WIDTH), table).minimum > console.width:
        _print_blocks(console, columns, rows, title)
    else:
        console.print(table)


def _print_blocks(console: Console, columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None) -> None:
    """Each row as lines of a name and its value, whole; a blank line between rows."""
    names = [column.replace("_", " ") for column in columns]
    width = max(map(len, names))
    if title is not None:
        console.print(Text(title), soft_wrap=True)
    for row in rows:
        console.print()
        for name, value in zip(names, row, strict=True):
            console.print(Text(f"{name:<{width}}  {shown(value)}"), soft_wrap=True)


def shown(value: Any) -> str:
    """A value as people read it: `2026-03-01 14:05`, `1,240`, `crm, helpdesk`."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1000 else f"{value:g}"
    if (moment := _moment(value)) is not None:
        return f"{moment:%Y-%m-%d %H:%M}"
    if isinstance(value, list | tuple | set):
        return ", ".join(shown(item) for item in value)
    return str(value)


@runtime_checkable
class _Written(Protocol):
    """A time, date or duration of the graph's driver, which is not imported for those who read no graph."""

    def iso_format(self) -> str: ...


@runtime_checkable
class _Native(Protocol):
    """Those of them that Python has, too."""

    def to_native(self) -> Any: ...


def _moment(value: object) -> datetime | None:
    """A moment of Python or of the driver, in UTC; None for anything else."""
    native = value.to_native() if isinstance(value, _Native) else value
    if not isinstance(native, datetime):
        return None
    return native.replace(tzinfo=UTC) if native.tzinfo is None else native.astimezone(UTC)


def _as_json(value: Any) -> Any:
    if (moment := _moment(value)) is not None:
        return moment.isoformat().replace("+00:00", "Z")
    if isinstance(value, _Written):
        return value.iso_format()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return msgspec.to_builtins(value, str_keys=True)

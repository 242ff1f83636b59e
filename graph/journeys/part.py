"""One table of the journeys: what was read first, and beside it what has changed since.

A change replaces all rows of the customers that it touches: theirs are hidden in the first table, their new ones
stand in the second. A column is put together when it is first asked for, so that a change costs what it touches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

T = TypeVar("T")
NOT_SAID = np.int64(np.iinfo(np.int64).min)
"""What stands in a column of whole numbers or moments where nothing is said."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of texts: `codes` point into `values`, -1 where nothing is said."""

    codes: NDArray[np.int32]
    values: tuple[str, ...]

    def code(self, value: str) -> int:
        """The code of a text; -2, which no row has, where it does not occur."""
        try:
            return self.values.index(value)
        except ValueError:
            return -2

    def among(self, *values: str) -> NDArray[np.bool_]:
        """Which rows hold one of these texts."""
        wanted = np.zeros(len(self.values) + 1, dtype=np.bool_)
        for value in values:
            if (code := self.code(value)) >= 0:
                wanted[code] = True
        return wanted[self.codes]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Coded:
        """The same column of these rows."""
        return Coded(self.codes[rows], self.values)

    def at(self, row: int) -> str | None:
        """The text of one row."""
        code = self.codes[row]
        return None if code < 0 else self.values[code]


class Columns:
    """Columns by name, each put together once."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Any] = {}

    def arrow(self, name: str) -> pa.ChunkedArray[Any]:
        """A column as Arrow has it."""
        return self._once("arrow", name, lambda: self._arrow(name))

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers; NaN where nothing is said."""
        return self._once("numbers", name, lambda: _numbers(self.arrow(name)))

    def moments(self, name: str) -> NDArray[np.int64]:
        """A column of moments (epoch milliseconds) or whole numbers; NOT_SAID where nothing is said."""
        return self._once("moments", name, lambda: _filled(self.arrow(name), int(NOT_SAID)).astype(np.int64))

    def flags(self, name: str) -> NDArray[np.bool_]:
        """A column of yes and no; what nobody said is no."""
        return self._once("flags", name, lambda: _filled(self.arrow(name), False).astype(np.bool_))

    def coded(self, name: str) -> Coded:
        """A column of texts as codes."""
        return self._once("coded", name, lambda: _coded(self.arrow(name)))

    def _arrow(self, name: str) -> pa.ChunkedArray[Any]:
        raise NotImplementedError

    def _once(self, kind: str, name: str, make: Callable[[], T]) -> T:
        if (kind, name) not in self._made:
            self._made[kind, name] = make()
        made: T = self._made[kind, name]
        return made


class Part(Columns):
    """A table as of now; `shown` are the rows of `first` that still hold, None when all do."""

    def __init__(self, first: pa.Table, later: pa.Table, shown: NDArray[np.bool_] | None = None) -> None:
        super().__init__()
        self.first = first
        self.later = later
        self.shown = shown

    @classmethod
    def of(cls, table: pa.Table) -> Part:
        """The part that is this table, unchanged so far."""
        return cls(table, table.schema.empty_table())

    def __len__(self) -> int:
        hidden = 0 if self.shown is None else int(len(self.shown) - self.shown.sum())
        return self.first.num_rows - hidden + self.later.num_rows

    def replaced(self, touched: pa.Array[Any], rows: pa.Table) -> Part:
        """The table in which these customers (or accounts) have these rows instead of theirs."""
        whose = self.first.schema.names[0]
        hidden = _is_in(self.first.column(whose), touched)
        shown = None if not hidden.any() and self.shown is None else ~hidden
        if shown is not None and self.shown is not None:
            shown &= self.shown
        kept = self.later.filter(pa.array(~_is_in(self.later.column(whose), touched)))
        return Part(self.first, pa.concat_tables([kept, rows], promote_options="none"), shown)

    def settled(self) -> pa.Table:
        """All rows in one table."""
        first = self.first if self.shown is None else self.first.filter(pa.array(self.shown))
        return pa.concat_tables([first, self.later]).unify_dictionaries().combine_chunks()

    def _arrow(self, name: str) -> pa.ChunkedArray[Any]:
        first = self.first.column(name)
        if self.shown is not None:
            first = first.filter(pa.array(self.shown))
        return pa.chunked_array([*first.chunks, *self.later.column(name).chunks], type=first.type)


class Joined(Columns):
    """The rows of several parts of one layout, one part after the other."""

    def __init__(self, *parts: Columns) -> None:
        super().__init__()
        self._parts = parts

    def _arrow(self, name: str) -> pa.ChunkedArray[Any]:
        found = [part.arrow(name) for part in self._parts]
        return pa.chunked_array([chunk for column in found for chunk in column.chunks], type=found[0].type)


def _is_in(column: pa.ChunkedArray[Any], values: pa.Array[Any]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.is_in(column, value_set=values).to_numpy(zero_copy_only=False)
    return found.astype(np.bool_, copy=False)


def _numbers(column: pa.ChunkedArray[Any]) -> NDArray[np.float64]:
    if column.null_count:
        column = column.cast(pa.float64()).fill_null(pa.scalar(float("nan"), pa.float64()))
    return column.to_numpy().astype(np.float64, copy=False)


def _filled(column: pa.ChunkedArray[Any], value: Any) -> NDArray[Any]:
    filled = column.fill_null(value) if column.null_count else column
    return filled.to_numpy()


def _coded(column: pa.ChunkedArray[Any]) -> Coded:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunks: list[Any] = column.unify_dictionaries().chunks
    if not chunks:
        return Coded(np.zeros(0, np.int32), ())
    codes = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False) for chunk in chunks]
    return Coded(np.concatenate(codes).astype(np.int32, copy=False), tuple(chunks[0].dictionary.to_pylist()))

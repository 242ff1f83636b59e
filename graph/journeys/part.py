"""One table of the journeys: what was read first, and beside it what has changed since.

A change replaces all rows of the customers that it touches: theirs are hidden in the first table, their new ones
stand in the second. What is made of a column of the first table (codes, numbers, whose rows they are) is made once and
holds through all changes; only the rows of those who changed are put to it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.journeys.runs import by_owner, runs_of

T = TypeVar("T")
V = TypeVar("V", bound=np.generic)
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
NOT_SAID = np.int64(np.iinfo(np.int64).min)
"""What stands in a column of whole numbers or moments where nothing is said."""
_FEW_CODES = 8


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

    @property
    def by_text(self) -> dict[str, int]:
        """The codes, by text."""
        return {text: code for code, text in enumerate(self.values)}

    def among(self, *values: str) -> NDArray[np.bool_]:
        """Which rows hold one of these texts."""
        codes = [code for code in map(self.code, dict.fromkeys(values)) if code >= 0]
        if not codes or len(self.codes) == 0:
            return np.zeros(len(self.codes), np.bool_)
        if len(codes) <= _FEW_CODES:  # to compare is ten times faster than to look up
            found: NDArray[np.bool_] = self.codes == codes[0]
            for code in codes[1:]:
                found |= self.codes == code
            return found
        wanted = np.zeros(len(self.values) + 1, dtype=np.bool_)
        wanted[codes] = True
        return wanted[self.codes]

    def followed_by(self, other: Coded, known: Mapping[str, int]) -> Coded:
        """This column and then the other; `known` are the codes of this one's values."""
        if not len(other.codes):
            return self
        new = {text: len(self.values) + place for place, text in enumerate(v for v in other.values if v not in known)}
        code = np.array([*(known.get(text, new.get(text)) for text in other.values), -1], np.int32)
        return Coded(np.concatenate([self.codes, code[other.codes]]), (*self.values, *new) if new else self.values)

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
        self._made: dict[Hashable, Any] = {}

    def arrow(self, name: str) -> pa.ChunkedArray[Any]:
        """A column as Arrow has it."""
        return self.once(("arrow", name), lambda: self._arrow(name))

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column of numbers; NaN where nothing is said."""
        return self.once(("numbers", name), lambda: self._numbers(name))

    def moments(self, name: str) -> NDArray[np.int64]:
        """A column of moments (epoch milliseconds) or whole numbers; NOT_SAID where nothing is said."""
        return self.once(("moments", name), lambda: self._moments(name))

    def flags(self, name: str) -> NDArray[np.bool_]:
        """A column of yes and no; what nobody said is no."""
        return self.once(("flags", name), lambda: self._flags(name))

    def coded(self, name: str) -> Coded:
        """A column of texts as codes."""
        return self.once(("coded", name), lambda: self._coded(name))

    def codes_of(self, name: str) -> dict[str, int]:
        """The codes of a column of texts, by text."""
        return self.once(("codes", name), lambda: self.coded(name).by_text)

    def take(self, name: str, rows: NDArray[np.int64]) -> pa.ChunkedArray[Any]:
        """A column of these rows, as Arrow has it; the others are not touched."""
        return self.arrow(name).take(pa.array(rows, pa.int64()))

    def named_rows(self, name: str) -> Pairs:
        """Rows that name another of the same owner by its id (`about`), and the rows that they name."""
        return self.once(("named rows", name), lambda: self._named_rows(name))

    def derived(self, key: Hashable, make: Callable[[Columns], Coded]) -> Coded:
        """A column of texts that follows, row by row, from others."""
        return self.once(key, lambda: make(self))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What follows from these columns, made when it is first asked for."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def _arrow(self, name: str) -> pa.ChunkedArray[Any]:
        raise NotImplementedError

    def _named_rows(self, name: str) -> Pairs:
        raise NotImplementedError

    def _numbers(self, name: str) -> NDArray[np.float64]:
        return _numbers(self.arrow(name))

    def _moments(self, name: str) -> NDArray[np.int64]:
        return _filled(self.arrow(name), int(NOT_SAID)).astype(np.int64, copy=False)

    def _flags(self, name: str) -> NDArray[np.bool_]:
        return _filled(self.arrow(name), False).astype(np.bool_, copy=False)

    def _coded(self, name: str) -> Coded:
        return _coded(self.arrow(name))


class Settled(Columns):
    """The columns of a table as it was read; its rows are sorted by its first column, which says whose they are."""

    def __init__(self, table: pa.Table) -> None:
        super().__init__()
        self.table = table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @cached_property
    def runs(self) -> tuple[pa.Array[Any], NDArray[np.int64]]:
        """Those who have rows, and where the rows of each begin, with the number of rows at the end."""
        return runs_of(self.table.column(0))

    def rows_of(self, owners: Sequence[str]) -> list[slice]:
        """Where the rows of these are; of those who have none nothing is told."""
        known, bounds = self.runs
        found: list[slice] = []
        for owner in owners:
            place = bisect_left(known, owner, key=_as_text)
            if place < len(known) and _as_text(known[place]) == owner:
                found.append(slice(int(bounds[place]), int(bounds[place + 1])))
        return found

    def _named_rows(self, name: str) -> Pairs:
        rows = np.flatnonzero(self.arrow(name).is_valid().to_numpy())
        said: Any = self.take(name, rows).dictionary_encode().combine_chunks()
        row_of = np.full(len(said.dictionary) + 1, -1, np.int64)
        code = places(self.arrow("id"), pa.chunked_array([said.dictionary]))  # the few are looked for among the many
        there = np.flatnonzero(code >= 0)
        row_of[code[there]] = there
        named = row_of[said.indices.to_numpy()]
        return rows[named >= 0], named[named >= 0]

    def _arrow(self, name: str) -> pa.ChunkedArray[Any]:
        return self.table.column(name)


class Part(Columns):
    """A table as of now; `shown` are the rows of `settled` that still hold, None when all do."""

    def __init__(self, settled: Settled, later: Settled, shown: NDArray[np.bool_] | None = None) -> None:
        super().__init__()
        self.base = settled
        self.fresh = later
        self.shown = shown

    @classmethod
    def of(cls, table: pa.Table) -> Part:
        """The part that is this table, unchanged so far; the table is sorted by its first column."""
        return cls(Settled(table), Settled(table.schema.empty_table()))

    @property
    def unchanged(self) -> Part:
        """The part as it was read first."""
        return self if self.shown is None and not len(self.fresh) else Part(self.base, Settled(self.later.slice(0, 0)))

    @property
    def first(self) -> pa.Table:
        """What was read first."""
        return self.base.table

    @property
    def later(self) -> pa.Table:
        """The rows of those who have changed since."""
        return self.fresh.table

    @cached_property
    def kept(self) -> int:
        """How many rows of the first table still hold; the later ones follow them."""
        return len(self.base) if self.shown is None else int(np.count_nonzero(self.shown))

    def __len__(self) -> int:
        return self.kept + len(self.fresh)

    def replaced(self, touched: Sequence[str], rows: pa.Table) -> Part:
        """The table in which these customers (or accounts) have these rows instead of theirs."""
        gone = self.base.rows_of(touched)
        shown = self.shown
        if gone:
            shown = np.ones(len(self.base), np.bool_) if shown is None else shown.copy()
            for theirs in gone:
                shown[theirs] = False
        whose = pa.array(touched, pa.large_string())
        others = pc.invert(pc.is_in(self.later.column(0), value_set=whose))
        both = pa.concat_tables([self.later.filter(others), rows], promote_options="none")
        # In one piece: a piece more a change would cost each change more than the one before.
        return Part(self.base, Settled(by_owner(both.unify_dictionaries().combine_chunks())), shown)

    def settled(self) -> pa.Table:
        """All rows in one table, sorted by whose they are."""
        if self.shown is None and not len(self.fresh):
            return self.first
        first = self.first if self.shown is None else self.first.filter(pa.array(self.shown))
        return by_owner(pa.concat_tables([first, self.later]).unify_dictionaries().combine_chunks())

    def numbers_of(self, owners: Part) -> NDArray[np.int32]:
        """By row, the number of the one whose it is in the table of them; -1 where they are not in it."""
        known, bounds = self.base.runs
        first: NDArray[np.int32] = self.base.once(
            ("numbers of", id(owners.base)), lambda: places(known, owners.base.table.column(0))
        )
        if owners.shown is not None:
            number = np.where(owners.shown, np.cumsum(owners.shown) - 1, -1).astype(np.int32)
            first = np.append(number, np.int32(-1))[first]
        rows = self._held(np.repeat(first, np.diff(bounds)))
        if not len(self.fresh):
            return rows
        later = places(self.later.column(0), owners.later.column(0))
        return np.concatenate([rows, np.where(later >= 0, later + owners.kept, -1).astype(np.int32)])

    def _named_rows(self, name: str) -> Pairs:
        rows, named = self.base.named_rows(name)
        if self.shown is not None:
            held = self.shown[rows]
            place = np.cumsum(self.shown) - 1
            rows, named = place[rows[held]], place[named[held]]
        if not len(self.fresh):
            return rows, named
        later, of_later = self.fresh.named_rows(name)
        return np.concatenate([rows, later + self.kept]), np.concatenate([named, of_later + self.kept])

    def take(self, name: str, rows: NDArray[np.int64]) -> pa.ChunkedArray[Any]:
        if not len(self.fresh):
            return self.base.take(name, self._of_first(rows))
        here = rows < self.kept
        found = [self.base.take(name, self._of_first(rows[here])), self.fresh.take(name, rows[~here] - self.kept)]
        both = pa.chunked_array([chunk for column in found for chunk in column.chunks], type=found[0].type)
        back = np.argsort(np.concatenate([np.flatnonzero(here), np.flatnonzero(~here)]))
        return both if here.all() else both.take(back)

    def held(self, column: NDArray[V], later: NDArray[V]) -> NDArray[V]:
        """A column of the first table and one of the later rows, as a column of this one."""
        return self._both(column, later)

    def in_first(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places that rows, which still hold, have in the first table."""
        return self._of_first(rows)

    @cached_property
    def _held_rows(self) -> NDArray[np.int64]:
        return np.arange(len(self.base)) if self.shown is None else np.flatnonzero(self.shown)

    def _of_first(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return rows if self.shown is None else self._held_rows[rows]

    @cached_property
    def _stretches(self) -> list[slice]:
        """The rows of the first table that still hold, as stretches: to copy those is faster than to pick rows."""
        if self.shown is None:
            return [slice(0, len(self.base))]
        edges = np.flatnonzero(np.diff(self.shown, prepend=False, append=False))
        return [slice(int(first), int(end)) for first, end in edges.reshape(-1, 2)]

    def _held(self, column: NDArray[V]) -> NDArray[V]:
        return self._both(column, column[:0])

    def _both(self, first: NDArray[V], later: NDArray[V]) -> NDArray[V]:
        if self.shown is None and not len(later):
            return first
        return np.concatenate([*(first[stretch] for stretch in self._stretches), later])

    def _arrow(self, name: str) -> pa.ChunkedArray[Any]:
        first = self.first.column(name)
        if self.shown is not None:
            first = first.filter(pa.array(self.shown))
        return pa.chunked_array([*first.chunks, *self.later.column(name).chunks], type=first.type)

    def _numbers(self, name: str) -> NDArray[np.float64]:
        return self._both(self.base.numbers(name), self.fresh.numbers(name))

    def _moments(self, name: str) -> NDArray[np.int64]:
        return self._both(self.base.moments(name), self.fresh.moments(name))

    def _flags(self, name: str) -> NDArray[np.bool_]:
        return self._both(self.base.flags(name), self.fresh.flags(name))

    def _coded(self, name: str) -> Coded:
        return self._followed(self.base.coded(name), self.fresh.coded(name), self.base.codes_of(name))

    def derived(self, key: Hashable, make: Callable[[Columns], Coded]) -> Coded:
        """A column of texts that follows, row by row, from others."""
        first = self.base.derived(key, make)
        known = self.base.once(("codes", key), lambda: first.by_text)
        return self.once(key, lambda: self._followed(first, make(self.fresh), known))

    def _followed(self, first: Coded, later: Coded, known: Mapping[str, int]) -> Coded:
        held = Coded(self._held(first.codes), first.values)
        return held.followed_by(later, known) if len(self.fresh) else held


class Joined(Columns):
    """The rows of two parts of one layout, one part after the other."""

    def __init__(self, first: Part, then: Part) -> None:
        super().__init__()
        self._parts = (first, then)

    def _named_rows(self, name: str) -> Pairs:
        first, then = self._parts
        (rows, named), (later, of_later) = first.named_rows(name), then.named_rows(name)
        return np.concatenate([rows, later + len(first)]), np.concatenate([named, of_later + len(first)])

    def _arrow(self, name: str) -> pa.ChunkedArray[Any]:
        found = [part.arrow(name) for part in self._parts]
        return pa.chunked_array([chunk for column in found for chunk in column.chunks], type=found[0].type)

    def _numbers(self, name: str) -> NDArray[np.float64]:
        return np.concatenate([part.numbers(name) for part in self._parts])

    def _moments(self, name: str) -> NDArray[np.int64]:
        return np.concatenate([part.moments(name) for part in self._parts])

    def _flags(self, name: str) -> NDArray[np.bool_]:
        return np.concatenate([part.flags(name) for part in self._parts])

    def _coded(self, name: str) -> Coded:
        first, then = self._parts
        return first.coded(name).followed_by(then.coded(name), first.codes_of(name))


def places(values: pa.Array[Any] | pa.ChunkedArray[Any], among: pa.ChunkedArray[Any]) -> NDArray[np.int32]:
    """By value, its place among others; -1 where it is not among them."""
    if not len(values):
        return np.zeros(0, np.int32)
    found = pc.index_in(values, value_set=among.combine_chunks())
    return found.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)


def _as_text(scalar: Any) -> str:
    text: str = scalar.as_py()
    return text


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

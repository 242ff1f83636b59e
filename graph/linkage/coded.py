"""Records as arrays: each column as int32 codes into its distinct values, each value with a stable 64-bit hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.columns import LIST_FIELDS, TEXT_FIELDS, Strings
from graph.linkage.letters import Letters

Ints = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]

MISSING = np.uint64(0)
_STORED = (*TEXT_FIELDS, *LIST_FIELDS)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_TURNED = ((0, 5), (8, 2), (7, 1), (5, 2))


@dataclass(frozen=True)
class Column:
    """One column: `codes[row]` indexes `strings`, `values` and `hashes` (-1: not said).

    A record's further values (second e-mail …) stand in `more_rows` and `more_codes`, sorted by row.
    """

    codes: Ints
    strings: Strings
    more_rows: Ints
    more_codes: Ints
    known_hashes: Hashes | None = None
    """`hashes`, where they were made with those of other columns."""

    @cached_property
    def hashes(self) -> Hashes:
        """`hash_strings` of the distinct values."""
        return hash_strings(self.strings) if self.known_hashes is None else self.known_hashes

    @cached_property
    def values(self) -> npt.NDArray[np.object_]:
        """The distinct values as Python strings; made when they are first asked for, because most columns never are."""
        return _objects(self.strings)

    @cached_property
    def letters(self) -> Letters:
        """What the distinct values are written with."""
        return Letters.of(self.strings)

    @cached_property
    def initials(self) -> Hashes:
        """One hash a distinct value for the letter that it begins with."""
        return hash_strings(pc.utf8_slice_codeunits(self.strings, 0, 1))

    @cached_property
    def turned_dates(self) -> Hashes:
        """The hash of each distinct value, a date YYYY-MM-DD, as it would be with its day and month turned."""
        parts: list[Any] = [pc.utf8_slice_codeunits(self.strings, begin, begin + size) for begin, size in _TURNED]
        join: Any = pc.binary_join_element_wise
        return hash_strings(join(*parts, ""))

    @cached_property
    def row_hashes(self) -> Hashes:
        """The hash of each row's first value; 0 where not said."""
        return self.hashes_by_row()

    def hashes_by_row(self, rows: Rows | None = None) -> Hashes:
        """`row_hashes` (of some rows, if given), made anew and not kept."""
        return np.append(self.hashes, MISSING)[self.codes if rows is None else self.codes[rows]]

    @cached_property
    def counts(self) -> Rows:
        """How many records carry each value first."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.strings))

    @cached_property
    def all_values(self) -> tuple[Rows, Ints]:
        """Where each row's codes begin (and the last ends), and the codes of all values row by row."""
        said = np.flatnonzero(self.codes >= 0)
        rows = np.concatenate((said, self.more_rows))
        order = np.argsort(rows, kind="stable")
        begin = np.searchsorted(rows[order], np.arange(len(self.codes) + 1))
        return begin, np.concatenate((self.codes[said], self.more_codes))[order].astype(np.int32)

    def take(self, rows: Rows) -> Column:
        """The column of some rows, in rising order; values that no row has any more are left out."""
        inside = np.full(len(self.codes), -1, np.int32)
        inside[rows] = np.arange(len(rows), dtype=np.int32)
        held = inside[self.more_rows] >= 0
        codes, more = self.codes[rows], self.more_codes[held]
        used = np.zeros(len(self.strings) + 1, bool)
        used[codes], used[more] = True, True
        used[-1] = False
        renumbered = np.where(used, np.cumsum(used) - 1, -1).astype(np.int32)
        kept = np.flatnonzero(used)
        return Column(
            renumbered[codes],
            self.strings.take(kept),
            inside[self.more_rows[held]],
            renumbered[more],
        )

    @property
    def said(self) -> bool:
        return bool(len(self.strings))


@dataclass(frozen=True)
class Coded:
    """Records ready for blocking and comparison; a row is a position in these arrays."""

    ids: Strings
    columns: Columns

    @property
    def rows(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    @cached_property
    def contents(self) -> Hashes:
        """One hash a row over all that it says, its source aside: equal where records differ in their id alone."""
        state = np.full(self.rows, 0x51, np.uint64)
        for name in _STORED:
            if name != "source":
                column = self.columns[name]
                state = mixed(state, column.hashes_by_row())
                more = np.zeros(self.rows, np.uint64)
                np.add.at(more, column.more_rows, avalanche(column.hashes[column.more_codes]))
                state = mixed(state, more)
        return avalanche(state)

    @property
    def words(self) -> Hashes:
        """One hash a row over all that it says and its source: records with the same one weigh the same with others."""
        return avalanche(mixed(self.contents, self.columns["source"].hashes_by_row()))

    def take(self, rows: Rows) -> Coded:
        """Some of the records, in the given order, which must rise."""
        return Coded(self.ids.take(rows), self.columns.take(rows))


class Columns(Mapping[str, Column]):
    """Columns by name, each made when it is first asked for; so are those that blocking derives from them."""

    def __init__(self, stored: Callable[[str], Column]) -> None:
        self._stored = stored
        self._made: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._made:
            if name in _DERIVED:
                base, part = _DERIVED[name]
                self._made[name] = _derived(self[base], part)
            else:
                self._made[name] = self._stored(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in _STORED or name in _DERIVED

    def __iter__(self) -> Iterator[str]:
        return iter((*_STORED, *_DERIVED))

    def __len__(self) -> int:
        return len(_STORED) + len(_DERIVED)

    def take(self, rows: Rows) -> Columns:
        return Columns(lambda name: self[name].take(rows))


def hashed_together(records: Coded) -> Coded:
    """The same records with the hashes of all stored columns, made in one go: of few records that is faster."""
    if not records.rows:
        return records
    columns = {name: records[name] for name in _STORED}
    texts = [column.strings.cast(pa.large_string()) for column in columns.values()]
    ends = np.cumsum([len(text) for text in texts])
    hashes = np.split(hash_strings(pa.concat_arrays(texts)), ends[:-1])
    hashed = {name: replace(columns[name], known_hashes=own) for name, own in zip(columns, hashes, strict=True)}
    return Coded(records.ids, Columns(hashed.__getitem__))


def coded(table: pa.Table) -> Coded:
    """Coded records of a table made by `columns.normalised`; nothing of the table is held."""
    columns = {name: column_of(name, whole(table, name), table.num_rows) for name in _STORED}
    return Coded(whole(table, "record_id"), Columns(columns.__getitem__))


def column_of(name: str, values: Strings, rows: int) -> Column:
    """The column of that name out of its values: text, or lists of text for `LIST_FIELDS`."""
    if name not in LIST_FIELDS:
        return _column(values, None, rows)
    lists: Any = values
    return _column(lists.flatten(), pc.list_parent_indices(lists).to_numpy(), rows)


def hash_strings(values: Strings) -> Hashes:
    """A stable 64-bit hash of each string, never 0; vectorised over the characters' positions."""
    values = values.cast(pa.large_string())
    _, offsets_buffer, data = cast(list[Any], values.buffers())
    count = len(values)
    if not count or offsets_buffer is None:
        return np.zeros(count, np.uint64)
    offsets = np.frombuffer(offsets_buffer, np.int64)[values.offset : values.offset + count + 1]
    octets = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    lengths = np.diff(offsets)
    hashes = lengths.astype(np.uint64) * _ODD + np.uint64(0x51)
    order = np.argsort(lengths, kind="stable")
    starts, ordered = offsets[:-1][order], lengths[order]
    state = hashes[order]
    begins = np.searchsorted(ordered, np.arange(int(ordered[-1])), "right")
    for position, begin in enumerate(begins.tolist()):
        state[begin:] = mixed(state[begin:], octets[starts[begin:] + position].astype(np.uint64))
    hashes[order] = np.maximum(avalanche(state), np.uint64(1))
    return hashes


def mixed(state: Hashes, more: Hashes) -> Hashes:
    """Fold `more` into a running hash."""
    return (state ^ more) * np.uint64(0x100000001B3) + (state >> np.uint64(29))


def avalanche(state: Hashes) -> Hashes:
    """Spread every bit over the word (the finaliser of SplitMix64)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(state ^ (state >> np.uint64(31)), np.uint64)


def in_order(hashes: Hashes) -> Rows:
    """The stable order of hashes, as of `argsort`.

    Sorted are words, the upper bits of each hash with its position in place of the lower ones, which is several times
    as fast; where two hashes differ in their lower bits alone, which is rare, it is done again by whole hashes.
    """
    low = np.uint64((1 << len(hashes).bit_length()) - 1)
    words = (hashes & ~low) | np.arange(len(hashes), dtype=np.uint64)
    order = (np.sort(words) & low).astype(np.int64)
    ordered = hashes[order]
    if (ordered[1:] < ordered[:-1]).any():
        return np.argsort(hashes, kind="stable")
    return order


def factorised(keys: npt.NDArray[np.int64]) -> tuple[Rows, Rows]:
    """Position of each key among the distinct keys, and the distinct keys in order of appearance."""
    encoded = pa.array(keys).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_numpy()


def whole(table: pa.Table, name: str) -> Strings:
    """One column of a table as one array; not copied where it is one already."""
    column = table.column(name)
    if column.num_chunks == 1:
        return cast(Strings, column.chunk(0))
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _column(values: Strings, owners: npt.NDArray[np.int64] | None, rows: int) -> Column:
    encoded = values.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int32)
    distinct = encoded.dictionary
    more_rows, more_codes = np.zeros(0, np.int32), np.zeros(0, np.int32)
    if owners is not None:
        firsts = np.ones(len(owners), bool)
        firsts[1:] = owners[1:] != owners[:-1]
        more_rows, more_codes = owners[~firsts].astype(np.int32), codes[~firsts]
        primary = np.full(rows, -1, np.int32)
        primary[owners[firsts]] = codes[firsts]
        codes = primary
    return Column(codes, distinct, more_rows, more_codes)


def _objects(distinct: Strings) -> npt.NDArray[np.object_]:
    values = np.empty(len(distinct), object)
    values[:] = _texts(distinct)
    return values


def _texts(distinct: Strings) -> list[str]:
    return cast(list[str], distinct.to_pylist())


def _derived(base: Column, part: Callable[[str], str | None]) -> Column:
    parts = pa.array([part(value) for value in _texts(base.strings)], pa.string()).dictionary_encode()
    codes = np.append(parts.indices.fill_null(-1).to_numpy().astype(np.int32), np.int32(-1))
    return Column(
        codes[base.codes],
        parts.dictionary,
        base.more_rows,
        codes[base.more_codes],
    )


def _prefix(length: int) -> Callable[[str], str | None]:
    return lambda value: value[:length] if len(value) >= length else None


def _user(address: str) -> str:
    return address.partition("@")[0]


def _user_prefix(address: str) -> str | None:
    user = _user(address)
    return user[:5] if len(user) > 5 else None


def soundex(name: str) -> str | None:
    """The American Soundex of a name (Russell 1918): one typing error in three leaves it as it is."""
    letters = [letter for letter in name if letter.isalpha()]
    if not letters:
        return None
    digits, before = letters[0], _SOUNDS.get(letters[0], "")
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter, "")
        if sound and sound != before:
            digits += sound
        # H and W do not part two letters of one sound; vowels do.
        if letter not in "hw":
            before = sound
    return digits[:4].ljust(4, "0")


_SOUNDS = {
    letter: digit
    for digit, some in zip("123456", ("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), strict=True)
    for letter in some
}

_DERIVED: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    "first_1": ("first_name", _prefix(1)),
    "first_2": ("first_name", _prefix(2)),
    "last_sound": ("last_name", soundex),
    "last_3": ("last_name", _prefix(3)),
    "birth_year": ("birth_date", _prefix(4)),
    "email_user": ("email", _user),
    "email_user_5": ("email", _user_prefix),
    "email_domain": ("email", lambda address: address.rpartition("@")[2]),
}

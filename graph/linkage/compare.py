"""How alike two records are, field by field, as small levels; each distinct pair of values is compared once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from graph.linkage.abreast import abreast
from graph.linkage.coded import MISSING, Coded, Column, Ints, factorised
from graph.linkage.fields import Field
from graph.linkage.given_names import nickname_table

Levels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

SAME = 1
NICKNAME, INITIAL, SWAPPED, NEARLY_SWAPPED = 2, 3, 4, 5
"""Levels of the given name, but for those of its likeness, which follow: very close, close, alike, different."""
CLOSE_GIVEN, CLOSE_FAMILY = NEARLY_SWAPPED + 2, SAME + 2
"""The least like levels at which a given and a family name are still like each other."""
_CROSSED_ALIKE = 0.88

_AT_A_TIME = 100_000
"""Pairs: with more, what is held meanwhile is larger than the caches and no faster."""


def compare(records: Coded, fields: Sequence[Field], left: Ints, right: Ints) -> Levels:
    """Levels of pairs, shape (pairs, fields); 0 where one of the two does not say the field.

    Of records with several e-mails or phones the best pair of values counts. A swapped name is one observation: the
    given name carries it and the family name is silent.
    """
    levels = np.zeros((len(left), len(fields)), np.uint8)
    parts = [slice(begin, begin + _AT_A_TIME) for begin in range(0, len(left), _AT_A_TIME)]
    if len(parts) < 2:
        return _compared(records, fields, left, right)

    def fill(part: slice) -> None:
        levels[part] = _compared(records, fields, left[part], right[part])

    for _ in abreast(fill, parts):
        pass
    return levels


def _compared(records: Coded, fields: Sequence[Field], left: Ints, right: Ints) -> Levels:
    levels = np.zeros((len(left), len(fields)), np.uint8)
    names = {field.kind: at for at, field in enumerate(fields)}
    for at, field in enumerate(fields):
        column = records[field.name]
        levels[:, at] = value_levels(field, column, column.codes[left], column.codes[right])
        _best_of_several(levels[:, at], field, column, left, right)
    if "given name" in names and "family name" in names and len(left):
        first, last = records["first_name"], records["last_name"]
        crossed = crossed_names(
            first, last, (first.codes[left], last.codes[left]), (first.codes[right], last.codes[right])
        )
        tell_swapped(levels, crossed, names["given name"], names["family name"])
    _silence_names_of_one_address(levels, records, fields, left, right)
    return levels


def _silence_names_of_one_address(
    levels: Levels, records: Coded, fields: Sequence[Field], left: Ints, right: Ints
) -> None:
    """A name that was read out of an address says nothing more where the addresses are the same."""
    names = [field.name for field in fields]
    told = records["name_from_email"].codes >= 0
    if "email" not in names or not told.any():
        return
    twice = np.flatnonzero((levels[:, names.index("email")] == SAME) & (told[left] | told[right]))
    values = records["name_from_email"]
    for at, name in enumerate(names):
        if name in ("first_name", "last_name"):
            from_it = np.append(np.array([value in (name, "both") for value in values.values], bool), False)[
                values.codes
            ]
            levels[twice[from_it[left[twice]] | from_it[right[twice]]], at] = 0


def matched_values(column: Column, rows: Ints, others: Ints) -> Ints:
    """Code of the value that makes two records the same on this column: their first values', else any that they share.

    Which one, where they share several, depends on the values alone (by hash), not on the other records.
    """
    codes = column.codes[rows].copy()
    unclear = np.flatnonzero((codes != column.codes[others]) | (codes < 0))
    at, ours, theirs = _crossed(column, rows[unclear], others[unclear])
    shared = ours == theirs
    at, ours = at[shared], ours[shared]
    order = np.lexsort((column.hashes[ours], at))
    at, ours = at[order], ours[order]
    first = np.ones(len(at), bool)
    first[1:] = at[1:] != at[:-1]
    codes[unclear[at[first]]] = ours[first]
    return codes


def value_levels(field: Field, column: Column, left: Ints, right: Ints) -> Levels:
    """Levels of pairs of values, given as codes into one column."""
    levels = np.full(len(left), len(field.levels), np.uint8)
    said = (left >= 0) & (right >= 0)
    levels[~said] = 0
    levels[said & (left == right)] = SAME
    unequal = np.flatnonzero(said & (left != right))
    if len(unequal) and field.kind != "same":
        levels[unequal] = _unequal_levels(field, column, left[unequal], right[unequal])
    return levels


def _distinct_pairs(column: Column, left: Ints, right: Ints) -> tuple[npt.NDArray[np.int64], ...]:
    """The distinct unordered pairs, and the position of each given pair among them.

    The two stand in the order of their hashes, so that a likeness does not depend on the order of the records.
    """
    size = len(column.strings)
    back, keys = factorised(np.minimum(left, right).astype(np.int64) * size + np.maximum(left, right))
    one, two = keys // size, keys % size
    turn = column.hashes[one] > column.hashes[two]
    return np.where(turn, two, one), np.where(turn, one, two), back


def _unequal_levels(field: Field, column: Column, one: Ints, two: Ints) -> Levels:
    levels = np.full(len(one), len(field.levels), np.uint8)
    match field.kind:
        case "given name":
            likeness = _likeness(column, one, two, field.cuts)
            for at in range(len(field.cuts) - 1, -1, -1):
                levels[likeness >= field.cuts[at]] = NEARLY_SWAPPED + 1 + at
            levels[_nicknames(column, one, two)] = NICKNAME
            levels[_initials(column, one, two)] = INITIAL
        case "family name" | "text":
            likeness = _likeness(column, one, two, field.cuts)
            for at in range(len(field.cuts) - 1, -1, -1):
                levels[likeness >= field.cuts[at]] = SAME + 1 + at
        case "edits":
            edits = _edits(column, one, two, int(field.cuts[-1]))
            for at in range(len(field.cuts) - 1, -1, -1):
                levels[edits <= field.cuts[at]] = SAME + 1 + at
        case "date":
            edits = _edits(column, one, two, 2)
            levels[edits <= 2] = 3
            levels[(edits <= 1) | (column.hashes[one] == column.turned_dates[two])] = 2
        case "initial":
            levels[_initials(column, one, two)] = 2
        case _:
            pass
    return levels


def _likeness(column: Column, left: Ints, right: Ints, cuts: Sequence[float]) -> npt.NDArray[np.float32]:
    """Jaro-Winkler likeness of pairs of values; 0 where it is less than all cuts."""
    likeness = np.zeros(len(left), np.float32)
    least = _a_hair_below(cuts)
    may = np.flatnonzero(column.letters.may_be_alike(left, column.letters, right, least))
    if len(may):
        one, two, back = _distinct_pairs(column, left[may], right[may])
        likeness[may] = _jaro_winkler(column.values[one], column.values[two], least)[back]
    return likeness


def _edits(column: Column, left: Ints, right: Ints, most: int) -> npt.NDArray[np.int32]:
    """How many edits make one value the other (optimal string alignment); more than `most` where it is more."""
    edits = np.full(len(left), most + 1, np.int32)
    may = np.flatnonzero(column.letters.may_be_edits(left, right, most))
    if len(may):
        one, two, back = _distinct_pairs(column, left[may], right[may])
        found = process.cpdist(
            column.values[one], column.values[two], scorer=OSA.distance, score_cutoff=most, dtype=np.int32
        )
        edits[may] = found[back]
    return edits


def _a_hair_below(cuts: Sequence[float]) -> float:
    # Rounding to float32 must not hide a value that stands on the cut.
    return min(cuts) - 1e-3


def _jaro_winkler(one: npt.NDArray[np.object_], two: npt.NDArray[np.object_], least: float) -> npt.NDArray[np.float32]:
    likeness: npt.NDArray[np.float32] = process.cpdist(
        one, two, scorer=JaroWinkler.normalized_similarity, score_cutoff=least, dtype=np.float32
    )
    return likeness


def _nicknames(column: Column, one: Ints, two: Ints) -> Flags:
    known, pairs = nickname_table()
    places: Any = pc.index_in(column.strings, pa.array(known))
    at = places.fill_null(len(known)).to_numpy()
    return np.asarray(pairs[at[one], at[two]])


def _initials(column: Column, one: Ints, two: Ints) -> Flags:
    alone = column.letters.lengths == 1
    return np.asarray((alone[one] | alone[two]) & (column.initials[one] == column.initials[two]))


def crossed_names(first: Column, last: Column, ours: tuple[Ints, Ints], theirs: tuple[Ints, Ints]) -> Levels:
    """`SWAPPED` where given and family names of two records stand the other way round, `NEARLY_SWAPPED` where they do
    but for an error of typing, else 0. `ours` and `theirs` are codes into the two columns."""
    given, family = np.append(first.hashes, MISSING), np.append(last.hashes, MISSING)
    (one, two), (three, four) = ((given[codes[0]], family[codes[1]]) for codes in (ours, theirs))
    levels = np.zeros(len(one), np.uint8)
    said = (one != MISSING) & (two != MISSING) & (three != MISSING) & (four != MISSING)
    equal, turned = one == four, three == two
    levels[said & equal & turned & (one != two)] = SWAPPED
    begins, ends = (np.append(column.initials, MISSING) for column in (first, last))
    letters = (begins[ours[0]] == ends[theirs[1]]) & (begins[theirs[0]] == ends[ours[1]])
    may = np.flatnonzero(said & (levels == 0) & (one != three) & (two != four) & (equal | turned | letters))
    least = _a_hair_below((_CROSSED_ALIKE,))
    for given_codes, family_codes in ((ours[0], theirs[1]), (theirs[0], ours[1])):
        may = may[first.letters.may_be_alike(given_codes[may], last.letters, family_codes[may], least)]
    if len(may):
        likeness = np.minimum(
            _jaro_winkler(first.values[ours[0][may]], last.values[theirs[1][may]], least),
            _jaro_winkler(first.values[theirs[0][may]], last.values[ours[1][may]], least),
        )
        levels[may[likeness >= _CROSSED_ALIKE]] = NEARLY_SWAPPED
    return levels


def tell_swapped(levels: Levels, crossed: Levels, given: int, family: int) -> None:
    """Write `crossed` into the given name's levels and silence the family name; names that are nearly swapped only
    where they are not like each other as they stand."""
    unlike = (levels[:, given] > CLOSE_GIVEN) & (levels[:, family] > CLOSE_FAMILY)
    swapped = (crossed == SWAPPED) | ((crossed == NEARLY_SWAPPED) & unlike)
    levels[swapped, given] = crossed[swapped]
    levels[swapped, family] = 0


def _best_of_several(levels: Levels, field: Field, column: Column, left: Ints, right: Ints) -> None:
    """Raise the levels of pairs in which a record has further values to that of their best pair of values."""
    if not len(column.more_rows):
        return
    several = np.zeros(len(column.codes), bool)
    several[column.more_rows] = True
    pairs = np.flatnonzero(several[left] | several[right])
    at, ours, theirs = _crossed(column, left[pairs], right[pairs])
    if len(at):
        starts = np.flatnonzero(np.concatenate(([True], at[1:] != at[:-1])))
        levels[pairs[at[starts]]] = np.minimum.reduceat(value_levels(field, column, ours, theirs), starts)


def _crossed(column: Column, left: Ints, right: Ints) -> tuple[npt.NDArray[np.int64], Ints, Ints]:
    """Every value of the left record with every value of the right: (position of the pair, code, code)."""
    begin, codes = column.all_values
    ours, theirs = begin[left + 1] - begin[left], begin[right + 1] - begin[right]
    counts = ours * theirs
    pair = np.repeat(np.arange(len(left)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    width = np.repeat(theirs, counts)
    one = begin[left][pair] + place // np.maximum(width, 1)
    two = begin[right][pair] + place % np.maximum(width, 1)
    return pair, codes[one], codes[two]

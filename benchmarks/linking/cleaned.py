"""What the peers are given: the same raw columns, cleaned as ours are, one value a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage.columns import normalised
from graph.linkage.rules import MatchingRules

NAMES = ("first_name", "middle_name", "last_name")
_COLUMNS = (
    "first_name", "middle_name", "last_name", "email", "phone", "birth_date", "national_id", "external_ids", "street",
    "house_number", "postcode", "city", "region", "country", "company", "birth_place", "job_title", "gender",
)  # fmt: skip

BLOCKS: tuple[tuple[str, ...], ...] = (
    ("email",), ("phone",), ("national_id",), ("external_ids",), ("email_user",),
    ("first_name", "last_name"), ("first_3", "last_4"),
    ("first_name", "birth_date"), ("last_name", "birth_date"), ("first_2", "last_2", "birth_year"),
    ("birth_date", "postcode"), ("first_name", "postcode"), ("last_name", "postcode"),
    ("first_name", "street"), ("last_name", "street"), ("first_name", "company"), ("last_name", "company"),
)  # fmt: skip
"""Blocking rules for people as Splink's guide writes them (identifiers; name, date, place in twos), for both peers."""

PAIRS_PER_RECORD = MatchingRules().pairs_per_record
"""What a further key may cost: as much as one of ours."""

CORRELATED = frozenset({"house_number", "city", "region", "country", "job_title", "middle_name", "gender"})
"""Columns that repeat what others say, or say little: one configuration of each peer does without them."""


def cleaned(records: pa.Table, *, completed_names: bool) -> pa.Table:
    """Columns that say something, in the order of the rows, and the parts of them that blocking uses.

    E-mail, phone and external id are the first of each record. Names are as the record says them, or with
    `completed_names` as c360 completes them out of the address.
    """
    table = normalised(records)
    if not completed_names:
        said = [name for name in ("record_id", *NAMES, "full_name") if name in records.column_names]
        names = normalised(records.select(said))
        for name in NAMES:
            table = table.set_column(table.column_names.index(name), name, names.column(name))
    columns: dict[str, Any] = {}
    for name in _COLUMNS:
        column: Any = table.column(name).combine_chunks()
        if pa.types.is_list(column.type):
            column = _firsts(column)
        if pc.count_distinct(column).as_py() > 1:
            columns[name] = column
    return pa.table({"unique_id": pa.array(range(table.num_rows), pa.int64()), **columns, **_parts(columns)})


def blocks(table: pa.Table, *, wide: bool) -> list[tuple[str, ...]]:
    """The rules of `BLOCKS` whose columns this table has; `wide` adds each column alone that makes few enough pairs."""
    found = [block for block in BLOCKS if set(block) <= set(table.column_names)]
    if not wide:
        return found
    alone = [name for name in _COLUMNS if name in table.column_names and (name,) not in found]
    return [*found, *((name,) for name in alone if _pairs(table.column(name)) <= PAIRS_PER_RECORD * table.num_rows)]


def compared(table: pa.Table, without: frozenset[str] = frozenset()) -> Sequence[str]:
    """The columns to compare."""
    return [name for name in _COLUMNS if name in table.column_names and name not in without]


def _pairs(column: Any) -> float:
    counts = np.array([item["counts"].as_py() for item in pc.value_counts(column.drop_null())], float)
    return float((counts * (counts - 1) / 2).sum())


def _firsts(lists: Any) -> Any:
    return pa.array([value[0] if value else None for value in lists.to_pylist()], pa.string())


def _parts(columns: dict[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for part, (name, length) in _PREFIXES.items():
        if name in columns:
            parts[part] = pc.utf8_slice_codeunits(columns[name], 0, length)
    if "email" in columns:
        parts["email_user"] = pc.replace_substring_regex(columns["email"], "@.*$", "")
    if {"first_name", "last_name"} <= set(columns):
        join: Any = pc.binary_join_element_wise
        parts["first_and_last"] = join(columns["first_name"], columns["last_name"], " ")
    return parts


_PREFIXES = {
    "first_2": ("first_name", 2), "first_3": ("first_name", 3), "last_2": ("last_name", 2), "last_4": ("last_name", 4),
    "birth_year": ("birth_date", 4),
}  # fmt: skip

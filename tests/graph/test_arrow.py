"""Rows as columns of Arrow, and tables as files."""

from __future__ import annotations

import stat
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neo4j.time import DateTime, Duration

from graph.arrow import INSTANT, flat, joined, table_of
from graph.table_file import TableFileError, format_of, table_file

NOON = DateTime.from_iso_format("2026-03-01T12:00:00.250+00:00")


def test_each_column_has_the_type_of_its_values() -> None:
    """Moments are UTC timestamps, lists lists, whole numbers and fractions one column of fractions."""
    table = table_of(
        ("at", "n", "share", "tags", "path", "took"),
        [
            (NOON, 1, 1, ["a", "b"], [["order.placed", 1]], Duration(days=2)),
            (None, 2, 0.5, [], [["a", 1], ["b", 2]], None),
        ],
    )

    assert table.schema.types == [
        INSTANT, pa.int64(), pa.float64(), pa.list_(pa.string()), pa.string(), pa.string(),
    ]  # fmt: skip
    assert table["at"].to_pylist()[0].isoformat() == "2026-03-01T12:00:00.250000+00:00"
    assert table["path"].to_pylist() == ['[["order.placed", 1]]', '[["a", 1], ["b", 2]]']
    assert table["took"].to_pylist() == ["P2D", None]


def test_an_answer_without_rows_has_its_columns() -> None:
    """Nothing found is a table with names and no rows."""
    assert (table_of(("a", "b"), []).column_names, table_of(("a", "b"), []).num_rows) == (["a", "b"], 0)


def test_parts_of_unlike_types_become_one_column() -> None:
    """A part without values takes the others' type; parts that have no common type are JSON in all."""
    late = joined([table_of(("a",), [(None,)]), table_of(("a",), [("x",)])])
    mixed = joined([table_of(("a",), [([],)]), table_of(("a",), [([1, 2],)]), table_of(("a",), [([["k", 1]],)])])

    assert late["a"].to_pylist() == [None, "x"]
    assert mixed["a"].to_pylist() == ["[]", "[1, 2]", '[["k", 1]]']


@given(st.lists(st.tuples(st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.text(), st.booleans())))
def test_plain_values_come_back_as_they_went(rows: list[tuple[object, ...]]) -> None:
    """Numbers, texts and yes or no are not changed on the way into columns."""
    table = table_of(("a", "b", "c"), rows)

    assert list(zip(*(table[name].to_pylist() for name in "abc"), strict=True)) == rows


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_a_file_written_in_parts_is_one_table(tmp_path: Path, name: str) -> None:
    """Two parts are read back as one table; the file is its owner's alone, and nothing else is left beside it."""
    path = tmp_path / name
    parts = [table_of(("n", "tags"), [(1, ["a"])]), table_of(("n", "tags"), [(2, ["b", "c"])])]

    with table_file(path, format_of(path), parts[0].schema) as file:
        for part in parts:
            file.write(part)
    read = pq.read_table(path) if path.suffix == ".parquet" else pcsv.read_csv(path)

    assert read.equals(joined(parts) if path.suffix == ".parquet" else flat(joined(parts)))
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    """The old file stays as it was, and no part of the new one lies about."""
    path = tmp_path / "t.csv"
    path.write_text("old\n")

    with pytest.raises(ValueError, match="names"), table_file(path, "csv", pa.schema([("n", pa.int64())])) as file:
        file.write(table_of(("other",), [("1",)]))

    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("t.csv", "old\n")]


def test_a_name_that_says_no_kind_of_table_is_refused() -> None:
    """The refusal tells both ways to say it."""
    with pytest.raises(TableFileError, match=r"answer\.xlsx: end the name in \.csv or \.parquet, or say --format csv"):
        format_of(Path("answer.xlsx"))

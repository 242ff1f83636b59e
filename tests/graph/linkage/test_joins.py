"""The evidence of every join, written for others to read."""

from __future__ import annotations

import json

import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from graph.linkage.joins import write_joins
from graph.linkage.link import LinkageError, link
from tests.graph.linkage.people import silos


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_each_join_is_written_with_its_evidence(tmp_path, suffix):
    """In each format a row says who is tied to whom, with what weight, by which fields."""
    linkage = link(silos(80, seed=2)[0])
    out = tmp_path / f"why{suffix}"

    written = write_joins(linkage, out)

    if suffix == ".parquet":
        rows = pq.read_table(out).to_pylist()
    elif suffix == ".csv":
        rows = pcsv.read_csv(out).to_pylist()
        for row in rows:
            row["evidence"] = json.loads(row["evidence"])
    else:
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    joins = linkage.joins()
    assert written == len(rows) == len(joins) > 20
    assert [(row["record_id"], row["other_id"]) for row in rows] == [(join.record_id, join.other_id) for join in joins]
    assert rows[0]["bits"] == pytest.approx(joins[0].bits, abs=0.001)
    assert [tuple(item.values()) for item in rows[0]["evidence"]] == list(joins[0].evidence)


def test_joins_come_in_parts_that_are_the_whole():
    """Weighed seven at a time they are what they are at once, bridges and evidence included."""
    linkage = link(silos(80, seed=2)[0])
    whole = linkage.joins()
    parts = list(linkage.joins_in_parts(7))

    assert {len(part) for part in parts[:-1]} == {7}
    assert [join for part in parts for join in part] == whole
    for join in whole:
        bits = [abs(weight) for _, _, weight in join.evidence]
        assert bits == sorted(bits, reverse=True)
        assert all(weight == round(weight, 2) for weight in bits)


def test_no_join_is_a_table_without_rows(tmp_path):
    """Records that all stand alone give a file with its columns."""
    out = tmp_path / "why.csv"

    assert write_joins(link(silos(1, seed=2)[0].slice(0, 1)), out) == 0
    assert pcsv.read_csv(out).column_names == ["record_id", "other_id", "bits", "probability", "rule", "evidence"]


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    """The message names the file and what it may end in."""
    with pytest.raises(LinkageError, match=r"why.xlsx: .*\.csv, \.parquet, \.jsonl"):
        write_joins(link(silos(5, seed=2)[0]), tmp_path / "why.xlsx")

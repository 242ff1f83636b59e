"""The joins of a linkage as a table: for each record that is not alone, what ties it to its customer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from graph.linkage.decide import probability
from graph.linkage.linkage import Linkage
from graph.linkage.rules import LinkageError
from graph.linkage.ties import Join

SUFFIXES = (".csv", ".parquet", ".jsonl")


def writable(out: str | os.PathLike[str]) -> None:
    """Raises LinkageError when the suffix says no format that `write_joins` knows."""
    if Path(out).suffix.lower() not in SUFFIXES:
        raise LinkageError(f"{out}: evidence is written as {', '.join(SUFFIXES)}. Name the file so.")


def write_joins(linkage: Linkage, out: str | os.PathLike[str]) -> int:
    """Write `record_id, other_id, bits, probability, rule, evidence`, one row a join; returns their number.

    `evidence` is a list of {field, level, bits}, strongest first: nested in Parquet and JSON Lines, JSON text in CSV.
    Raises LinkageError when the file cannot be written.
    """
    writable(out)
    written = 0
    try:
        with _writer(Path(out)) as write:
            for joins in linkage.joins_in_parts():
                write(_rows(joins))
                written += len(joins)
    except OSError as error:
        raise LinkageError(f"{out} cannot be written: {error.strerror or error}.") from error
    return written


def _rows(joins: list[Join]) -> list[dict[str, Any]]:
    likely = probability([join.bits for join in joins])
    return [
        {
            "record_id": join.record_id,
            "other_id": join.other_id,
            "bits": round(join.bits, 3),
            "probability": round(float(sure), 6),
            "rule": join.rule,
            "evidence": [{"field": field, "level": level, "bits": bits} for field, level, bits in join.evidence],
        }
        for join, sure in zip(joins, likely, strict=True)
    ]


@contextmanager
def _writer(out: Path) -> Iterator[Callable[[list[dict[str, Any]]], object]]:
    """A file that takes rows a part at a time."""
    suffix = out.suffix.lower()
    if suffix == ".jsonl":
        with out.open("wb") as lines:
            yield lambda rows: lines.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    elif suffix == ".parquet":
        with pq.ParquetWriter(str(out), _NESTED) as parquet:
            yield lambda rows: parquet.write_table(pa.Table.from_pylist(rows, _NESTED))
    else:
        with pcsv.CSVWriter(str(out), _FLAT) as table:
            yield lambda rows: table.write_table(pa.Table.from_pylist(list(map(_flat, rows)), _FLAT))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "evidence": msgspec.json.encode(row["evidence"]).decode()}


_TEXT, _BITS = pa.string(), pa.float64()
_PARTS: list[pa.Field[Any]] = [pa.field("field", _TEXT), pa.field("level", _TEXT), pa.field("bits", _BITS)]
_EVIDENCE: pa.DataType = pa.list_(pa.struct(_PARTS))
_TYPES: dict[str, pa.DataType] = {
    "record_id": _TEXT,
    "other_id": _TEXT,
    "bits": _BITS,
    "probability": _BITS,
    "rule": _TEXT,
    "evidence": _EVIDENCE,
}
_NESTED = pa.schema(_TYPES)
_FLAT = pa.schema({**_TYPES, "evidence": _TEXT})

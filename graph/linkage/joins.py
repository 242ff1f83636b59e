"""The joins of a linkage as a table: for each record that is not alone, what ties it to its customer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from graph.linkage.decide import probability
from graph.linkage.link import Linkage
from graph.linkage.rules import LinkageError

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
    joins = linkage.joins()
    likely = probability([join.bits for join in joins])
    rows: list[dict[str, Any]] = [
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
    try:
        _write(rows, Path(out))
    except OSError as error:
        raise LinkageError(f"{out} cannot be written: {error.strerror or error}.") from error
    return len(rows)


def _write(rows: list[dict[str, Any]], out: Path) -> None:
    suffix = out.suffix.lower()
    if suffix == ".jsonl":
        out.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    elif suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows, pa.schema(_TYPES)), str(out))
    else:
        flat = [{**row, "evidence": msgspec.json.encode(row["evidence"]).decode()} for row in rows]
        pcsv.write_csv(pa.Table.from_pylist(flat, pa.schema({**_TYPES, "evidence": _TEXT})), str(out))


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

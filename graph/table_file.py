"""Tables as files, CSV or Parquet, written in parts; a file is there when it is whole, and not before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from connectors.errors import C360Error
from graph.arrow import flat

TableFormat = Literal["csv", "parquet"]


class TableFileError(C360Error):
    """The file's name does not say which kind of table it is to hold."""


class TableWriter:
    """Takes the parts of one table, each as a row group or as lines."""

    def __init__(self, out: IO[bytes], kind: TableFormat, schema: pa.Schema) -> None:
        self.rows = 0
        self._kind = kind
        self._schema = schema
        if kind == "parquet":
            self._parquet = pq.ParquetWriter(out, schema, compression="zstd")
        else:
            self._csv = pcsv.CSVWriter(out, flat(schema.empty_table()).schema)

    def write(self, part: pa.Table) -> None:
        """Add the rows; raises ValueError when they have not the columns of the schema."""
        part = part.cast(self._schema)
        self.rows += part.num_rows
        if self._kind == "parquet":
            self._parquet.write_table(part, row_group_size=max(part.num_rows, 1))
        else:
            self._csv.write_table(flat(part))

    def close(self) -> None:
        """Write what belongs at the end."""
        (self._parquet if self._kind == "parquet" else self._csv).close()


def format_of(path: Path) -> TableFormat:
    """What a file of this name holds; raises TableFileError."""
    if path.suffix.lower() == ".csv":
        return "csv"
    if path.suffix.lower() in (".parquet", ".pq"):
        return "parquet"
    raise TableFileError(f"{path}: end the name in .csv or .parquet, or say --format csv or --format parquet.")


@contextmanager
def table_file(path: Path, kind: TableFormat, schema: pa.Schema) -> Iterator[TableWriter]:
    """Write a table to `path`: to PATH.part first, which is renamed when all is written and removed when it fails.

    Readable by its owner only, for it may hold personal data. Raises OSError.
    """
    with whole_file(path) as out:
        writer = TableWriter(out, kind, schema)
        try:
            yield writer
        finally:
            writer.close()


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that is at `path` when everything is written, and leaves what was there when something fails."""
    part = path.with_name(f"{path.name}.part")
    try:
        with open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            yield out
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise

"""Files read page by page: tables (CSV, Parquet, flat JSON Lines) and JSON objects, as typed rows.

What cannot be read is a `RawProblem` with file and line, and the rest goes on.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from connectors.cells import Reading, as_text, rows_of
from connectors.errors import SourceError
from connectors.exports.formats import Format, Located
from connectors.hookspecs import RawProblem

if TYPE_CHECKING:
    from connectors.cells import Cells

PAGE = 5_000
BLOCK = 24 << 20
"""Bytes that Arrow reads at once; no line of a CSV file may be longer."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of one file; `position` is where to go on (rows of a table, bytes of JSON Lines)."""

    rows: list[Located]
    problems: list[RawProblem]
    position: int


def read_file(path: Path, label: str, form: Format, reading: Reading, position: int = 0) -> Iterator[Slice]:
    """The file's rows from `position` on, at most 5,000 a slice; raises SourceError when it cannot be read at all.

    `label` names the file in messages: its path as plugins.toml has it.
    """
    try:
        if path.stat().st_size == 0:
            return
        if not form.is_table:
            yield from _objects(path, label, form, reading, position)
        elif path.suffix in (".jsonl", ".ndjson", ".json"):
            yield from _flat_objects(path, label, form, reading, position)
        elif path.suffix == ".parquet":
            yield from _parquet(path, label, form, reading, position)
        else:
            yield from _csv(path, label, form, reading, position)
    except OSError as error:
        raise SourceError(f"{label} cannot be read: {error.strerror or error}.") from None
    except LookupError as error:
        if "encoding" in str(error):
            raise SourceError(f"{label}: encoding = {reading.encoding!r} is not an encoding Python knows.") from None
        raise


def count_rows(path: Path) -> int:
    """About how many rows a file has (lines, without the header); 0 when it cannot be read."""
    try:
        if path.suffix == ".parquet":
            return int(pq.read_metadata(path).num_rows)
        lines = _lines_before(path, path.stat().st_size)
    except (OSError, pa.ArrowException):
        return 0
    return lines if path.suffix in (".jsonl", ".ndjson", ".json") else max(0, lines - 1)


def header(path: Path, label: str, reading: Reading) -> tuple[list[str], int]:
    """The column names of a CSV or Parquet file, none when it is empty, and how many lines they take."""
    if path.suffix == ".parquet":
        return list(pq.read_schema(path).names), 0
    encoding = "utf-8-sig" if reading.encoding.casefold().replace("_", "-") == "utf-8" else reading.encoding
    try:
        with path.open(encoding=encoding, newline="") as lines:
            rows = csv.reader(lines, delimiter=reading.delimiter)
            return next(rows, []), rows.line_num
    except UnicodeDecodeError:
        raise _wrong_encoding(path, label, reading) from None


def _csv(path: Path, label: str, form: Format, reading: Reading, position: int) -> Iterator[Slice]:
    names, header_lines = header(path, label, reading)
    if not names:
        return
    _check_columns(label, form, names)
    broken: list[pa_csv.InvalidRow] = []

    def note(row: pa_csv.InvalidRow) -> Literal["skip"]:
        broken.append(row)
        return "skip"

    try:
        batches = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                encoding=reading.encoding,
                column_names=[str(index) for index in range(len(names))],
                skip_rows=header_lines,
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=reading.delimiter, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={str(index): pa.string() for index in range(len(names))},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
        seen = 0
        for batch in batches:
            # Broken rows are known when their batch has been parsed.
            problems = [_broken_row(label, row) for row in broken]
            broken.clear()
            yield from _slices(batch, names, label, form, reading, position, seen, problems)
            seen += batch.num_rows
            _check_last_row(batch, names, label, seen + 1)
        if broken:
            yield Slice([], [_broken_row(label, row) for row in broken], seen)
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return
        raise _arrow_refusal(path, label, reading, str(error)) from None


OPEN_QUOTE = 20
"""A value of so many lines, at the end of the file or within a broken row, is a quote that was never closed."""


def _broken_row(label: str, row: pa_csv.InvalidRow) -> RawProblem:
    lines = row.text.count("\n")
    where = f"{label}:{row.number}" if row.number is not None else label
    if lines >= OPEN_QUOTE and row.text.count('"') % 2:
        raise _open_quote(where, lines)
    reason = f"has {row.actual_columns} fields where the header has {row.expected_columns}."
    return RawProblem(where, reason, row.text[:2000])


def _check_last_row(batch: pa.RecordBatch, names: Sequence[str], label: str, line: int) -> None:
    """Only a file's last row can hold a quote that is open to the end; it would swallow all rows after it."""
    for index in range(len(names)):
        value = batch.column(index)[-1].as_py() if batch.num_rows else None
        if value is not None and value.count("\n") >= 50 * OPEN_QUOTE:
            raise _open_quote(f"{label}:{line}", value.count("\n"))


def _open_quote(where: str, lines: int) -> SourceError:
    return SourceError(
        f'{where}: a quote (") is left open there, and the {lines:,} lines after it would be lost. Close it.'
    )


def _slices(
    batch: pa.RecordBatch,
    names: Sequence[str],
    label: str,
    form: Format,
    reading: Reading,
    position: int,
    seen: int,
    problems: list[RawProblem],
) -> Iterator[Slice]:
    start = max(0, position - seen)
    if start >= batch.num_rows:
        return
    for offset in range(start, batch.num_rows, PAGE):
        part = batch.slice(offset, PAGE)
        columns = {name: part.column(index) for index, name in enumerate(names)}
        rows, bad = rows_of(columns, part.num_rows, names, label, seen + offset + 2, form, reading)
        yield Slice(rows, [*problems, *bad], seen + offset + part.num_rows)
        problems = []


def _parquet(path: Path, label: str, form: Format, reading: Reading, position: int) -> Iterator[Slice]:
    try:
        with pq.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            _check_columns(label, form, names)
            seen = 0
            for batch in file.iter_batches(batch_size=PAGE):
                yield from _slices(batch, names, label, form, reading, position, seen, [])
                seen += batch.num_rows
    except pa.ArrowException as error:
        raise SourceError(f"{label} is no Parquet file that can be read: {error}.") from None


def _flat_objects(path: Path, label: str, form: Format, reading: Reading, position: int) -> Iterator[Slice]:
    """JSON Lines as a table: the columns are the keys, of nested objects `outer.inner`."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    for lines, end in _line_pages(path, position):
        objects: list[dict[str, Any]] = []
        numbers: list[int] = []
        problems: list[RawProblem] = []
        for number, line in lines:
            try:
                objects.append(_flat(decoder.decode(line)))
                numbers.append(number)
            except msgspec.DecodeError as error:
                problems.append(_bad_line(label, number, line, str(error)))
        names = list(dict.fromkeys(name for item in objects for name in item))
        columns: dict[str, Cells] = {
            name: pa.array([as_text(item.get(name)) for item in objects], pa.string()) for name in names
        }
        rows, bad = rows_of(columns, len(objects), names, label, 0, form, reading)
        rows = [Located(label, numbers[row.line], row.body) for row in rows]
        yield Slice(rows, problems + bad, end)


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            flat.update(_flat(item, f"{prefix}{name}."))
        else:
            flat[prefix + name] = item
    return flat


def _objects(path: Path, label: str, form: Format, reading: Reading, position: int) -> Iterator[Slice]:
    decoder = msgspec.json.Decoder(form.body)
    decode = decoder.decode
    for lines, end in _line_pages(path, position):
        rows: list[Located] = []
        problems: list[RawProblem] = []
        for number, line in lines:
            try:
                rows.append(Located(label, number, decode(line)))
            except msgspec.DecodeError as error:
                problems.append(_bad_line(label, number, line, str(error)))
            except UnicodeDecodeError:
                raise _wrong_encoding(path, label, reading) from None
        yield Slice(rows, problems, end)


def _line_pages(path: Path, position: int) -> Iterator[tuple[list[tuple[int, bytes]], int]]:
    """Pages of (line number, line) and the byte where the page ends; a page ends early after 32 MB."""
    with path.open("rb") as file:
        # The number of the first line is needed for messages; counting newlines costs little.
        number = _lines_before(path, position)
        file.seek(position)
        page: list[tuple[int, bytes]] = []
        size = 0
        end = position
        for line in file:
            number += 1
            end += len(line)
            size += len(line)
            if line.strip():
                page.append((number, line))
            if len(page) >= PAGE or size >= 32 << 20:
                yield page, end
                page, size = [], 0
        if page:
            yield page, end


def _lines_before(path: Path, position: int) -> int:
    count = 0
    with path.open("rb") as file:
        while position > 0:
            chunk = file.read(min(position, 1 << 20))
            if not chunk:
                break
            position -= len(chunk)
            count += chunk.count(b"\n")
    return count


def _bad_line(label: str, number: int, line: bytes, error: str) -> RawProblem:
    text = line.decode("utf-8", "replace").strip()
    where = f"{label}:{number}"
    if number == 1 and (text == "{" or text.startswith("[")):
        return RawProblem(
            where, "is one JSON document, not one object a line. Convert it, e.g.: jq -c '.[]' in > out.jsonl"
        )
    return RawProblem(where, f"{error}{_value_at(line, error)}.", text[:2000])


def _value_at(line: bytes, error: str) -> str:
    """The value that a msgspec error (`… - at `$.created_at``) complains about, for the message."""
    match = re.search(r"at `\$(?P<path>[^`]*)`", error)
    if match is None:
        return ""
    try:
        value: Any = msgspec.json.decode(line)
        for name, index in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", match["path"]):
            if index == "...":
                return ""
            value = value[name] if name else value[int(index)]
    except (msgspec.DecodeError, LookupError, TypeError, ValueError):
        return ""
    return f": {value!r}"[:120]


def _check_columns(label: str, form: Format, names: Sequence[str]) -> None:
    known = {name.strip().casefold() for name in names}
    for needed in form.needs:
        column = form.column(needed)
        if not any(header_name.casefold() in known for header_name in column.headers):
            raise SourceError(
                f"{label} has no column {' or '.join(repr(name) for name in column.headers)}, "
                f"so it is no {form.name!r} file. Its columns: {', '.join(names)}."
            )


def _arrow_refusal(path: Path, label: str, reading: Reading, error: str) -> SourceError:
    if "UTF8" in error or "utf-8" in error.lower() or "codec can't decode" in error:
        return _wrong_encoding(path, label, reading)
    if "straddling" in error or "block boundaries" in error:
        return SourceError(f'{label}: a line is longer than {BLOCK >> 20} MB; is a quote (") left open in it?')
    return SourceError(f"{label} cannot be read as CSV: {error}.")


def _wrong_encoding(path: Path, label: str, reading: Reading) -> SourceError:
    line, byte = _first_bad_byte(path, reading.encoding)
    where = "" if line is None else f" (line {line}, byte 0x{byte:02x})"
    with path.open("rb") as file:
        likely = "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
    return SourceError(
        f"{label} is not written in {reading.encoding}{where}. Say which encoding it has in its [[….files]] table "
        f'of plugins.toml: encoding = "{likely}" is likely.'
    )


def _first_bad_byte(path: Path, encoding: str) -> tuple[int | None, int]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return number, line[error.start]
    return None, 0

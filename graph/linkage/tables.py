"""Any CSV or Parquet of records: read it, recognise its columns, link it, write who is one customer."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from anyascii import anyascii

from graph.linkage.columns import RAW_COLUMNS
from graph.linkage.evaluate import Evaluation, evaluate
from graph.linkage.link import Progress, link
from graph.linkage.linkage import Linkage
from graph.linkage.model import LinkageModel
from graph.linkage.rules import Decisions, LinkageError, MatchingRules

_NULLS = ["", "NA", "N/A", "NULL", "null", "None", "nan", "NaN"]

_ALIASES: dict[str, str] = {
    "record_id": "recordid uniqueid uid recid rowid contactid userid leadid personid sourceid id key",
    "source": "source system silo datasource sourcesystem sourcedataset dataset",
    "first_name": "firstname first givenname given forename fname fnamec1 vorname prenom nombre",
    "middle_name": "middlename middle middleinitial mi secondname fnamec2",
    "last_name": "lastname last surname familyname family lname lnamec1 nachname nomdefamille apellido apellidos",
    "full_name": "fullname name contactname customername displayname contact personname",
    "email": "email mail emailaddress mailaddress emails primaryemail workemail personalemail privateemail "
    "secondaryemail email1 email2 email3 otheremail",
    "phone": "phone phonenumber telephone telephonenumber tel mobile mobilephone mobilenumber cell cellphone phones "
    "phone1 phone2 homephone workphone businessphone telefon",
    "company": "company companyname organisation organization org employer accountname account firm business firma",
    "street": "street streetaddress streetname address address1 addressline1 addr addr1 strasse adresse",
    "house_number": "housenumber houseno streetnumber streetno number num hausnummer",
    "city": "city town suburb locality municipality ort stadt ville",
    "region": "region state province county statecode bundesland",
    "postcode": "postcode postalcode zip zipcode plz codepostal postcodefake",
    "country": "country countrycode countryname land pays",
    "birth_date": "birthdate dateofbirth dob birthday born geburtsdatum datedenaissance",
    "birth_place": "birthplace placeofbirth",
    "job_title": "jobtitle job occupation profession position occ",
    "gender": "gender sex",
    "national_id": "nationalid socsecid ssn socialsecuritynumber taxid nin",
    "external_ids": "externalids",
    "birth_year": "birthyear yearofbirth yob by",
    "birth_month": "birthmonth monthofbirth bm",
    "birth_day": "birthday_ dayofbirth bd",
}
_SEVERAL = frozenset({"email", "phone"})
_BIRTH_PARTS = ("birth_year", "birth_month", "birth_day")
_GZIP = b"\x1f\x8b"
_MARKS = {
    b"\xef\xbb\xbf": "utf-8", b"\xff\xfe\x00\x00": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"
}  # fmt: skip
"""Byte order marks, and what they mean; the longer one of two that begin alike stands first."""
_LARGE_BLOCK = 2**28
_MOST_LINES = 100
"""Line breaks inside one record that has not the right number of columns."""
_TRUTH = ("cluster", "customer_id", "truth", "true_id", "entity_id", "entity", "person_id", "group")


@dataclass(frozen=True)
class Recognised:
    """Which columns of a table stand for what: linkage's name → columns (several for e-mail and phone)."""

    columns: Mapping[str, tuple[str, ...]]
    ignored: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        """What was understood, one line a field."""
        said = [f"{name}: {', '.join(columns)}" for name, columns in self.columns.items()]
        return (*said, f"not used: {', '.join(self.ignored)}") if self.ignored else tuple(said)

    def records(self, table: pa.Table) -> pa.Table:
        """The table under the names that linkage knows. Rows without an id column are numbered from 0.

        Raises LinkageError when ids occur twice, also together with the source.
        """
        columns: dict[str, Any] = {}
        for name, sources in self.columns.items():
            if name in _BIRTH_PARTS or name == "record_id":
                continue
            columns[name] = table.column(sources[0]) if len(sources) == 1 else _as_lists(table, sources)
        if "birth_date" not in columns and "birth_year" in self.columns:
            columns["birth_date"] = _birth_dates(table, self.columns)
        columns["record_id"] = self._ids(table)
        return pa.table(columns)

    def _ids(self, table: pa.Table) -> Any:
        if "record_id" not in self.columns:
            return pa.array(np.arange(table.num_rows)).cast(pa.string())
        name = self.columns["record_id"][0]
        try:
            ids = table.column(name).cast(pa.string())
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
            raise LinkageError(
                f"Column {name} has type {table.column(name).type}, which cannot be an id. Name another as record_id."
            ) from error
        if ids.null_count:
            raise LinkageError(
                f"Column {name}: {ids.null_count} of {len(ids)} records have no id. Give each one its own."
            )
        if pc.count_distinct(ids).as_py() == len(ids):
            return ids
        if "source" in self.columns:
            source: Any = table.column(self.columns["source"][0]).cast(pa.string())
            joined = _glued([source.fill_null(""), ids], ":")
            if pc.count_distinct(joined).as_py() == len(ids):
                return joined
        counts = pc.value_counts(ids.combine_chunks())
        twice = next(item["values"].as_py() for item in counts if item["counts"].as_py() > 1)
        raise LinkageError(
            f"Column {name} does not name records: {twice!r} occurs more than once. "
            "Name another column as record_id, or add a column source that tells the files apart."
        )


def recognise(columns: Sequence[str], mapping: Mapping[str, str] | None = None) -> Recognised:
    """Recognise usual column names; `mapping` (linkage's name → column) comes first.

    Raises LinkageError when the mapping names what is not there, or when nothing to compare is recognised.
    """
    given = dict(mapping or {})
    for name, column in given.items():
        if name not in (*RAW_COLUMNS, *_BIRTH_PARTS):
            raise LinkageError(f"The mapping names {name!r}. Known names: {', '.join(RAW_COLUMNS)}.")
        if column not in columns:
            raise LinkageError(f"The mapping takes {name} from column {column!r}. Columns there: {', '.join(columns)}.")
    found: dict[str, tuple[str, ...]] = {name: (column,) for name, column in given.items()}
    free = [column for column in columns if column not in given.values()]
    plain = {column: _plain(column) for column in free}
    for name, aliases in _ALIASES.items():
        if name in given:
            continue
        known = [_plain(name), *aliases.split()]
        hits = sorted(
            (column for column in free if plain[column] in known), key=lambda column: known.index(plain[column])
        )
        if hits:
            found[name] = tuple(hits) if name in _SEVERAL else (hits[0],)
            free = [column for column in free if column not in found[name]]
    if not set(found) - {"record_id", "source", "country"}:
        raise LinkageError(
            f"None of the columns {', '.join(columns)} says anything about a person. "
            'Map them, e.g. last_name = "kunde_nachname". Known names: ' + ", ".join(RAW_COLUMNS) + "."
        )
    return Recognised(found, tuple(free))


def read_table(
    path: str | os.PathLike[str], *, encoding: str = "utf-8", warn: Callable[[str], None] | None = None
) -> pa.Table:
    """A CSV (`,` `;` tab or `|`; also compressed by gzip, `.csv.gz`) as text columns, or a Parquet as it is.

    A byte order mark says more than `encoding`, and so does UTF-16 without one. Of columns with one name the second is
    called `name (2)`. Broken CSV
    lines are left out and told to `warn`. Raises LinkageError when the file cannot be read.
    """
    file = Path(path)
    try:
        if file.is_dir():
            raise LinkageError(f"{file} is a folder. Name one file in it.")
        if not file.is_file():
            raise LinkageError(f"{file}: there is no such file.")
        if file.suffix.lower() in (".parquet", ".pq"):
            with pq.ParquetFile(file) as parquet:  # `read_table` would bring the engine of datasets along, 45 MB
                return _with_names_once(parquet.read())
        if _plain_suffix(file) in (".csv", ".tsv", ".txt"):
            return _with_names_once(_read_csv(file, encoding, warn))
    except UnicodeError as error:
        raise LinkageError(f"{file} is not {encoding}: {error}. Name its encoding, e.g. latin-1.") from error
    except LookupError as error:
        raise LinkageError(f"{encoding!r} is no encoding that is known. Usual ones: utf-8, latin-1, utf-16.") from error
    except (EOFError, zlib.error) as error:
        raise LinkageError(f"{file} cannot be read: {error}. It is cut short or damaged: get it anew.") from error
    except (pa.ArrowInvalid, OSError) as error:
        hint = " Name its encoding, e.g. latin-1." if "UTF8" in str(error) else ""
        if "ompressed" in str(error) or "zlib" in str(error):
            hint = " It is cut short or damaged: get it anew."
        if "straddl" in str(error):
            hint = f" A field is longer than {_LARGE_BLOCK >> 20} MB: look for a quote that is not closed."
        raise LinkageError(f"{file} cannot be read: {error}.{hint}") from error
    raise LinkageError(f"{file}: only .csv, .tsv, .txt (also .gz of these) and .parquet are understood.")


class FileLinkage(msgspec.Struct, frozen=True):
    """What `link_file` did."""

    linkage: Linkage
    recognised: Recognised
    rows: int


def link_file(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] | None,
    *,
    mapping: Mapping[str, str] | None = None,
    model: LinkageModel | None = None,
    rules: MatchingRules | None = None,
    decisions: Decisions | None = None,
    encoding: str = "utf-8",
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
) -> FileLinkage:
    """Link the records of a file; writes `record_id, customer_id, weight` to `out` (CSV or Parquet by its suffix)."""
    if out is not None and Path(out).suffix.lower() not in (".csv", ".parquet"):
        raise LinkageError(f"{out}: the output must end in .csv or .parquet.")
    if out is not None:
        _check_place(Path(path), Path(out))
    recognised, tables = _recognised(path, mapping, encoding, warn)
    linkage = link(
        tables.pop(),  # nothing else holds the raw records, so they are gone when they are normalised
        model=model,
        rules=rules or MatchingRules(),
        decisions=decisions or Decisions(),
        progress=progress,
    )
    if out is not None:
        _write(linkage, out)
    return FileLinkage(linkage, recognised, linkage.report.records)


def evaluate_files(clusters: str | os.PathLike[str], truth: str | os.PathLike[str]) -> Evaluation:
    """Compare the clusters of one file with the truth of another, matched by record id.

    Each needs an id column and one of `customer_id`, `cluster`, `truth`, `entity_id` …; each record needs a truth.
    """
    found, real = _labelled(Path(clusters)), _labelled(Path(truth))
    places: Any = pc.index_in(found.column("record_id"), real.column("record_id").combine_chunks())
    if places.null_count:
        missing = found.column("record_id").filter(places.is_null())[0].as_py()
        raise LinkageError(f"{truth} does not know {places.null_count} of the records in {clusters}, e.g. {missing!r}.")
    return evaluate(found.column("label").to_pylist(), real.column("label").take(places).to_pylist())


def _recognised(
    path: str | os.PathLike[str],
    mapping: Mapping[str, str] | None,
    encoding: str,
    warn: Callable[[str], None] | None,
) -> tuple[Recognised, list[pa.Table]]:
    table = read_table(path, encoding=encoding, warn=warn)
    recognised = recognise(table.column_names, mapping)
    return recognised, [recognised.records(table)]


def _plain(column: str) -> str:
    return "".join(letter for letter in anyascii(column).lower() if letter.isalnum())


def _as_lists(table: pa.Table, sources: Sequence[str]) -> Any:
    texts = [table.column(name) for name in sources]
    rows = zip(*(_listed(column) for column in texts), strict=True)
    return pa.array([[value for several in row for value in several] for row in rows], pa.list_(pa.string()))


def _listed(column: Any) -> list[list[str]]:
    values = column.to_pylist()
    return [
        [str(item) for item in value if item is not None]
        if isinstance(value, list)
        else []
        if value is None
        else [str(value)]
        for value in values
    ]


def _birth_dates(table: pa.Table, columns: Mapping[str, tuple[str, ...]]) -> Any:
    parts: list[Any] = []
    for name, width in zip(_BIRTH_PARTS, (4, 2, 2), strict=True):
        if name not in columns:
            raise LinkageError("A birth year needs birth_month and birth_day beside it, or one column birth_date.")
        text: Any = table.column(columns[name][0]).cast(pa.string())
        text = pc.replace_substring_regex(text, r"\.0$", "")
        parts.append(pc.utf8_lpad(text, width, "0"))
    return _glued(parts, "-")


def _glued(parts: Sequence[Any], by: str) -> Any:
    join: Any = pc.binary_join_element_wise
    return join(*parts, by)


def _check_place(path: Path, out: Path) -> None:
    """What would fail after the work, or write over the records, is told before it."""
    if not out.absolute().parent.is_dir():
        raise LinkageError(f"{out} cannot be written: there is no folder {out.absolute().parent}. Make it first.")
    if out.is_dir():
        raise LinkageError(f"{out} cannot be written: it is a folder. Name a file.")
    if out.exists() and path.exists() and out.samefile(path):
        raise LinkageError(f"{out} is the file that is read: it would be written over. Name another output.")


def _plain_suffix(file: Path) -> str:
    """The suffix, without that of gzip."""
    return (Path(file.stem) if file.suffix.lower() == ".gz" else file).suffix.lower()


def _with_names_once(table: pa.Table) -> pa.Table:
    """Every column with a name of its own: the second `email` is `email (2)`."""
    names: list[str] = []
    for name in table.column_names:
        number, fresh = 1, name
        while fresh in names:
            number += 1
            fresh = f"{name} ({number})"
        names.append(fresh)
    return table.rename_columns(names)


def _without_mark(begin: bytes, encoding: str) -> str:
    """UTF-16 shows itself without a mark, too: every second byte of plain letters is nothing."""
    if len(begin) == 4 and begin[0] and begin[2] and not begin[1] and not begin[3]:
        return "utf-16-le"
    return "utf-16-be" if len(begin) == 4 and begin[1] and begin[3] and not begin[0] and not begin[2] else encoding


def _read_csv(file: Path, encoding: str, warn: Callable[[str], None] | None) -> pa.Table:
    packed = file.suffix.lower() == ".gz"
    with gzip.open(file) if packed else file.open("rb") as content:
        begin = content.read(4)
        if begin.startswith(_GZIP):
            raise LinkageError(f"{file} is compressed by gzip. Call it {file.name}.gz, or uncompress it.")
        encoding = next(
            (name for mark, name in _MARKS.items() if begin.startswith(mark)), _without_mark(begin, encoding)
        )
        content.seek(0)
        with io.TextIOWrapper(content, encoding=encoding, newline="") as lines:
            head = lines.readline().lstrip("\ufeff")
    if not head.strip():
        raise LinkageError(f"{file} is empty: the first line must name the columns.")
    delimiter = max(",;\t|", key=head.count)
    names = next(csv.reader([head], delimiter=delimiter))
    broken: list[int] = []
    swallowed = [0]

    def skip(row: Any) -> Literal["skip", "error"]:
        broken.append(row.number or 0)
        swallowed.append((row.text or "").count("\n"))
        return "skip"

    def read(block: int | None) -> pa.Table:
        broken.clear()
        source: Any = pa.input_stream(str(file))  # it uncompresses what ends in .gz
        with source as content:
            return pcsv.read_csv(
                content,
                read_options=pcsv.ReadOptions(encoding=encoding, use_threads=False, block_size=block),
                parse_options=pcsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip),
                convert_options=pcsv.ConvertOptions(
                    column_types={name: pa.string() for name in names}, null_values=_NULLS, strings_can_be_null=True
                ),
            )

    try:
        table = read(None)
    except pa.ArrowInvalid as error:
        if "straddl" not in str(error):
            raise
        # A field is longer than a block, or a quote is not closed for so long.
        table = read(_LARGE_BLOCK)
    if max(swallowed) > _MOST_LINES:
        raise LinkageError(f"{file}: a quote that is opened is closed only {max(swallowed):,} lines later. Close it.")
    if broken and warn is not None:
        warn(f"{file}: {len(broken)} lines do not have {len(names)} columns and were left out, e.g. line {broken[0]}.")
    return table


def _write(linkage: Linkage, out: str | os.PathLike[str]) -> None:
    columns: dict[str, Any] = {
        "record_id": linkage.ids,
        "customer_id": pa.array(linkage.labels),
        "weight": pa.array(linkage.weights),
    }
    table = pa.table(columns)
    try:
        if Path(out).suffix.lower() == ".csv":
            pcsv.write_csv(table, str(out))
        else:
            pq.write_table(table, str(out))
    except OSError as error:
        raise LinkageError(f"{out} cannot be written: {error}.") from error


def _labelled(file: Path) -> pa.Table:
    table = read_table(file)
    names = {_plain(name): name for name in table.column_names}
    label = next((names[_plain(name)] for name in _TRUTH if _plain(name) in names), None)
    known = ["recordid", *_ALIASES["record_id"].split()]
    ids = next((names[name] for name in known if name in names and names[name] != label), None)
    if label is None or ids is None:
        raise LinkageError(
            f"{file} needs a column record_id and one of {', '.join(_TRUTH)}; it has {', '.join(table.column_names)}."
        )
    columns: dict[str, Any] = {"record_id": table.column(ids), "label": table.column(label)}
    return pa.table({name: column.cast(pa.string()) for name, column in columns.items()})

"""Look into a folder of exports: which vendor's format each file is, why, and what its first rows become."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import tomlkit

from connectors.cells import Reading
from connectors.errors import C360Error
from connectors.exports import FORMATS
from connectors.exports.formats import FIELD_NAMES, Context, Format
from connectors.records import Record
from connectors.tables import read_file

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
SECTIONS = {
    "hubspot": "crm",
    "mailchimp": "marketing",
    "zendesk": "helpdesk",
    "orders": "shop",
    "subscriptions": "shop",
}
"""The section a format goes into, by the first word of its name; others by that word itself."""
FUNCTIONS = {"crm": "sales", "marketing": "marketing", "helpdesk": "service", "shop": "finance", "surveys": "marketing"}
SURE = 0.6
"""From this confidence on a file counts as recognised."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file of a known format: `confidence` 0 to 1, `why` in words, its first rows as records."""

    path: Path
    format: str
    confidence: float
    why: str
    section: str
    preview: tuple[Record, ...]
    problem: str | None = None
    encoding: str = "utf-8"
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Unknown:
    """A file that is of no known format: the nearest one, what it lacks, and a mapping of the columns we know."""

    path: Path
    columns: tuple[str, ...]
    nearest: str | None
    why: str
    mapping: Mapping[str, str]
    encoding: str = "utf-8"
    delimiter: str = ","


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a folder holds."""

    folder: Path
    recognised: tuple[Recognised, ...]
    unknown: tuple[Unknown, ...]

    def to_toml(self, base: Path | None = None) -> str:
        """The text of a plugins.toml that reads the recognised files; it is to stand in `base` (else in the folder).

        An unknown file is a comment with the mapping that its columns suggest.
        """
        place = self.folder if base is None else base
        document = tomlkit.document()
        document.add(
            tomlkit.comment("Sources found by `c360 init`. Every section is a source; trust ranks them, 0 to 1.")
        )
        for section in dict.fromkeys(found.section for found in self.recognised):
            table = tomlkit.table()
            table.add("connector", "files")
            table.add("trust", 0.5)
            if section in FUNCTIONS:
                table.add("function", FUNCTIONS[section])
            files = tomlkit.aot()
            for found in self.recognised:
                if found.section == section:
                    files.append(_entry(found, place))
            table.add("files", files)
            document.add(section, table)
        text = tomlkit.dumps(document)
        return text + "".join(_suggestion(unknown, place) for unknown in self.unknown)


def inspect_folder(folder: Path, rows: int = 3) -> Inspection:
    """Every file of the folder and of those in it, `rows` rows of each mapped; raises C360Error when there is none.

    Nothing is written and nothing but the beginning of each file is read.
    """
    if not folder.is_dir():
        raise C360Error(f"There is no folder {folder}.")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    paths = [path for path in paths if path.name != "truth.parquet"]
    if not paths:
        kinds = ", ".join(SUFFIXES)
        raise C360Error(f"The folder {folder} holds no exports ({kinds}). Export contacts, members or tickets into it.")
    recognised: list[Recognised] = []
    unknown: list[Unknown] = []
    for path in paths:
        found = _look(path, folder, rows)
        if isinstance(found, Recognised):
            recognised.append(found)
        else:
            unknown.append(found)
    return Inspection(folder, tuple(recognised), tuple(unknown))


@dataclass(frozen=True, slots=True)
class _Head:
    """The beginning of a file: its columns or keys, its first object where it has objects, and how it is written."""

    names: tuple[str, ...]
    is_table: bool
    first: Mapping[str, Any] | None = None
    encoding: str = "utf-8"
    delimiter: str = ","
    problem: str | None = None


def _look(path: Path, folder: Path, rows: int) -> Recognised | Unknown:
    head = _head(path)
    if head.problem is not None or not head.names:
        return Unknown(path, head.names, None, head.problem or "is empty", {}, head.encoding, head.delimiter)
    ranked = sorted(
        ((_score(form, head, path), form.name) for form in FORMATS.values()), key=lambda pair: (-pair[0], pair[1])
    )
    score, name = ranked[0]
    form = FORMATS[name]
    present = [mark for mark in form.marks if _has(head, mark)]
    if score >= SURE:
        why = f"it has {_listed(present)}"
        preview, problem = _preview(path, folder, form, head, rows)
        section = SECTIONS.get(name.split("-")[0], name.split("-")[0])
        return Recognised(path, name, min(score, 1.0), why, section, preview, problem, head.encoding, head.delimiter)
    lacking = [mark for mark in form.marks if not _has(head, mark)]
    why = f"nearest is {name}, but it lacks {_listed(lacking)}" if present else "its columns are of no known format"
    mapping = _mapping(head) if head.is_table or head.first is not None else {}
    return Unknown(path, head.names, name if present else None, why, mapping, head.encoding, head.delimiter)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:4]) + (" …" if len(names) > 4 else "")


def _head(path: Path) -> _Head:
    if path.suffix.lower() == ".parquet":
        try:
            return _Head(tuple(pq.read_schema(path).names), True)
        except (pa.ArrowException, OSError) as error:
            return _Head((), True, problem=f"is no Parquet file that can be read: {error}")
    try:
        with path.open("rb") as file:
            beginning = file.read(1 << 20)
    except OSError as error:
        return _Head((), True, problem=f"cannot be read: {error.strerror}")
    if not beginning:
        return _Head((), True, problem="is empty")
    if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
        return _object_head(beginning)
    encoding, text = _decoded(beginning)
    delimiter = max(",;\t|", key=text.split("\n", 1)[0].count)
    names = next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    return _Head(tuple(name.strip() for name in names), True, encoding=encoding, delimiter=delimiter)


def _object_head(beginning: bytes) -> _Head:
    line = beginning.lstrip().split(b"\n", 1)[0]
    try:
        first = msgspec.json.decode(line)
    except msgspec.DecodeError:
        first = None
    if isinstance(first, dict):
        return _Head(tuple(first), False, first)
    return _Head(
        (), False, problem="is not JSON Lines: one object a line is needed, e.g. by: jq -c '.[]' in > out.jsonl"
    )


def _decoded(beginning: bytes) -> tuple[str, str]:
    """The encoding that fits, and the text."""
    if beginning[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16", beginning.decode("utf-16", "ignore")
    try:
        # The beginning may end within a character.
        return "utf-8", beginning[: beginning.rfind(b"\n") + 1 or len(beginning)].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252", beginning.decode("cp1252", "replace")


def _has(head: _Head, name: str) -> bool:
    return name.casefold() in {known.casefold() for known in head.names}


def _score(form: Format, head: _Head, path: Path) -> float:
    """The share of the format's marks that the file has; nothing without its needed columns."""
    if not form.is_table and head.is_table:
        return 0.0
    for needed in form.needs:
        if not any(_has(head, header) for header in form.column(needed).headers):
            return 0.0
    score = sum(_has(head, mark) for mark in form.marks) / len(form.marks)
    if score and form.stream.replace("-", "") in path.stem.casefold().replace("-", "").replace("_", ""):
        score += 0.05
    if form.name in ("zendesk-users", "zendesk-agents") and head.first is not None:
        # Both are user objects; only the role tells our own people from customers.
        ours = head.first.get("role") in ("agent", "admin")
        score = score if ours == (form.name == "zendesk-agents") else 0.0
    return score


def _preview(path: Path, folder: Path, form: Format, head: _Head, rows: int) -> tuple[tuple[Record, ...], str | None]:
    if form.lookup:
        return (), None
    records: list[Record] = []
    context = Context(source=SECTIONS.get(form.name.split("-")[0], form.name), stream=form.stream)
    label = str(path.relative_to(folder))
    try:
        piece = next(read_file(path, label, form, Reading(head.encoding, head.delimiter)), None)
        if piece is None:
            return (), "is empty"
        mapper = form.mapper(context)
        for raw in piece.rows[:rows]:
            records.extend(mapper(raw))
    except C360Error as error:
        return tuple(records[:rows]), str(error)
    problem = f"{piece.problems[0].where}: {piece.problems[0].reason}" if piece.problems else None
    return tuple(records[:rows]), problem


def _mapping(head: _Head) -> dict[str, str]:
    """A mapping to persons of the columns whose names say what they are."""
    targets = {"company": "account_name", "address": "street"}
    known = {"email", "phone", "given_name", "family_name", "full_name", "job_title", "city", "postal_code", "country"}
    mapping: dict[str, str] = {}
    for name in head.names:
        plain = " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
        if plain in ("id", "no", "number", "key", "customer id", "contact id", "person id", "customer number"):
            mapping.setdefault("id", name)
        target = FIELD_NAMES.get(plain) or FIELD_NAMES.get(name.strip().casefold())
        target = targets.get(target or "", target)
        if target in known | {"account_name", "street", "birth_date", "region"}:
            mapping.setdefault(str(target), name)
    return mapping if len(mapping) > 1 else {}


def _entry(found: Recognised, place: Path) -> Any:
    entry = tomlkit.table()
    entry.add("path", _relative(found.path, place))
    entry.add("format", found.format)
    if found.encoding != "utf-8":
        entry.add("encoding", found.encoding)
    if found.delimiter != ",":
        entry.add("delimiter", found.delimiter)
    return entry


def _relative(path: Path, place: Path) -> str:
    # A path may hold what a glob would take as a pattern.
    relative = Path(os.path.relpath(path, place)).as_posix()
    return "".join(f"[{character}]" if character in "*?[" else character for character in relative)


def _suggestion(unknown: Unknown, place: Path) -> str:
    name = "".join(character if character.isalnum() else "_" for character in unknown.path.stem.lower()).strip("_")
    lines = ["", f"# Not recognised: {_relative(unknown.path, place)}: {unknown.why}."]
    if unknown.mapping:
        lines += [
            "# Its columns suggest persons; take the comment signs away and correct the mapping:",
            f"# [{name or 'other'}]",
            '# connector = "files"',
            f"# [[{name or 'other'}.files]]",
            f"# path = {_quoted(_relative(unknown.path, place))}",
            '# kind = "persons"',
            *([f"# encoding = {_quoted(unknown.encoding)}"] if unknown.encoding != "utf-8" else []),
            *([f"# delimiter = {_quoted(unknown.delimiter)}"] if unknown.delimiter != "," else []),
            f"# [{name or 'other'}.files.mapping]",
            *(f"# {target} = {_quoted(column)}" for target, column in unknown.mapping.items()),
            *(['# id = "?"'] if "id" not in unknown.mapping else []),
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return tomlkit.item(text).as_string()

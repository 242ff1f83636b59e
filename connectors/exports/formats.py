"""What an export format is: which columns or objects a file holds, and how each becomes canonical records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from connectors.errors import RecordError
from connectors.hookspecs import StreamKind
from connectors.records import Record

Body = TypeVar("Body")


class ColumnKind(StrEnum):
    """How a column's text is read."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: the field of the row it fills, the headers it goes by (any case), and how it is read."""

    field: str
    headers: tuple[str, ...]
    kind: ColumnKind = ColumnKind.TEXT


def text(field: str, *headers: str) -> Column:
    return Column(field, headers)


def number(field: str, *headers: str) -> Column:
    return Column(field, headers, ColumnKind.NUMBER)


def instant(field: str, *headers: str) -> Column:
    return Column(field, headers, ColumnKind.INSTANT)


def day(field: str, *headers: str) -> Column:
    return Column(field, headers, ColumnKind.DAY)


class Located(msgspec.Struct, frozen=True):
    """A raw record and where it stands: `body` is the format's row or object, `line` counts from 1."""

    file: str
    line: int
    body: Any

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


class Gone(msgspec.Struct, frozen=True):
    """A record that an earlier full scan saw and this one did not."""

    id: str


@dataclass(frozen=True, slots=True)
class Context:
    """What a mapper knows beside the row: its source, its stream, its neighbours, and the section's look-ups.

    `streams` says which stream holds the records of a format in this source; `lookups[format]` is what the objects
    of a look-up file say of an id, e.g. the names of Zendesk groups.
    """

    source: str
    stream: str
    streams: Mapping[str, str] = field(default_factory=dict)
    lookups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def reference(self, format_name: str, default_stream: str, identifier: object) -> str:
        """The key `source/stream/id` of a record that another file of this source holds."""
        return f"{self.source}/{self.streams.get(format_name, default_stream)}/{identifier}"

    def matter(self, identifier: object) -> str:
        """The key `source/id` of a ticket, deal, order, subscription or campaign of this source."""
        return f"{self.source}/{identifier}"


Mapper = Callable[[Located], Iterable[Record]]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format by name.

    `columns` describes a table (CSV, Parquet, flat JSON Lines); without them each line is a JSON object of type
    `body`. `needs` are the fields without whose column a file is not of this format. `identity` is the field that
    holds the id, where the format has one, and `id_of` makes the record's id of it. A `lookup` gives no records:
    `entry` says what it knows of which id.
    `marks` are headers or keys by which a file is recognised.
    """

    name: str
    stream: str
    kind: StreamKind
    body: type[msgspec.Struct]
    mapper: Callable[[Context], Mapper]
    columns: tuple[Column, ...] = ()
    needs: tuple[str, ...] = ()
    identity: str | None = None
    id_of: Callable[[Any], str] = str
    lookup: bool = False
    entry: Callable[[Any], tuple[str, Any]] | None = None
    marks: tuple[str, ...] = ()

    @property
    def is_table(self) -> bool:
        return bool(self.columns)

    def identify(self, body: Any) -> str | None:
        """The id that the row's record will have; None when the row has none, or the format knows no ids."""
        value = None if self.identity is None else getattr(body, self.identity)
        return None if value is None else self.id_of(value)

    def column(self, field_name: str) -> Column:
        """The column that fills a field; KeyError when there is none."""
        for column in self.columns:
            if column.field == field_name:
                return column
        raise KeyError(field_name)


def required(raw: Located, value: str | None, column: str) -> str:
    """The value, or RecordError when the record does not have it."""
    if value is None:
        raise RecordError(f"{raw.where}: no value in {column!r}.")
    return value


def no_records(_context: Context) -> Mapper:
    """The mapper of a look-up file."""
    return lambda _raw: ()


def split_list(value: str | None, separator: str = ";") -> list[str]:
    """The parts of `a;b; c`, blanks dropped."""
    if not value:
        return []
    return [part for piece in value.split(separator) if (part := piece.strip())]


FIELD_NAMES = {
    "email": "email",
    "email address": "email",
    "e-mail": "email",
    "e-mail address": "email",
    "your email": "email",
    "first name": "given_name",
    "given name": "given_name",
    "last name": "family_name",
    "family name": "family_name",
    "surname": "family_name",
    "name": "full_name",
    "full name": "full_name",
    "your name": "full_name",
    "phone": "phone",
    "phone number": "phone",
    "telephone": "phone",
    "mobile phone number": "phone",
    "company": "company",
    "company name": "company",
    "organisation": "company",
    "organization": "company",
    "job title": "job_title",
    "street address": "street",
    "address": "address",
    "city": "city",
    "postal code": "postal_code",
    "zip": "postal_code",
    "zip code": "postal_code",
    "country": "country",
    "country/region": "country",
    "state/region": "region",
    "date of birth": "birth_date",
    "order number": "order_number",
    "customer number": "customer_number",
    "number of employees": "company_size",
    "industry": "industry",
    "tel": "phone",
    "mobile": "phone",
    "mail": "email",
    "vorname": "given_name",
    "nachname": "family_name",
    "telefon": "phone",
    "firma": "company",
    "straße": "street",
    "street": "street",
    "ort": "city",
    "plz": "postal_code",
    "land": "country",
    "prénom": "given_name",
    "nom": "family_name",
    "téléphone": "phone",
    "ville": "city",
    "pays": "country",
}


def asked_for(label: str) -> str:
    """The common name of what a form's field asks for: `Phone Number` and `Telephone` are both `phone`."""
    plain = " ".join(label.strip().casefold().rstrip("*:?").split())
    return FIELD_NAMES.get(plain) or plain.replace(" ", "_").replace("-", "_")

"""Raw records in, comparable columns out: every parser runs once per distinct value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.linkage import normalise
from graph.linkage.addresses import names_of_address
from graph.linkage.phone import phone_or_digits
from graph.linkage.rules import LinkageError

Strings: TypeAlias = "pa.Array[Any]"

RAW_COLUMNS = (
    "record_id", "source", "first_name", "middle_name", "last_name", "full_name", "email", "phone", "company", "street",
    "house_number", "city", "region", "postcode", "country", "birth_date", "birth_place", "job_title", "gender",
    "national_id", "external_ids",
)  # fmt: skip
"""The columns of raw records that linkage reads; any subset, any others are ignored."""

TEXT_FIELDS = (
    "first_name", "middle_name", "last_name", "birth_date", "postcode", "street", "house_number", "city", "region",
    "company", "company_domain", "country", "birth_place", "job_title", "gender", "national_id",
    "name_from_email", "source",
)  # fmt: skip
LIST_FIELDS = ("email", "phone", "external_ids")
OF_SEVERAL = "~"
"""Before the system of a verified id: a person may have several ids of it, so two of them part nobody."""

_SIMPLE: dict[str, Callable[[str | None], str | None]] = {
    "middle_name": normalise.name, "company": normalise.company, "street": normalise.street,
    "house_number": normalise.text, "city": normalise.text, "region": normalise.text, "postcode": normalise.postcode,
    "birth_place": normalise.text, "job_title": normalise.text,
    "gender": lambda value: (normalise.text(value) or "")[:1] or None,
    "national_id": lambda value: (normalise.text(value) or "").replace(" ", "") or None,
}  # fmt: skip


def normalised(records: pa.Table) -> pa.Table:
    """Comparable columns of raw records, in the order of the rows.

    Gives `record_id`, `TEXT_FIELDS` as strings (null: not said) and `LIST_FIELDS` as lists of strings. `email` holds
    personal addresses only: those of desks (info@, sales@) speak for the company, through `company_domain`.
    Raises LinkageError when record ids are missing, doubled or not text-like.
    """
    rows = records.num_rows
    columns: dict[str, Strings] = {"record_id": _record_ids(records)}
    country = once(normalise.country, _text(records, "country"))
    columns["country"] = country
    columns |= _names(records)
    for field, parser in _SIMPLE.items():
        columns[field] = once(parser, _text(records, field))
    columns["source"] = _text(records, "source")
    columns["birth_date"] = _with_country(normalise.birth_date, _text(records, "birth_date"), country)
    addresses, owners = _exploded(records, "email")
    addresses = once(normalise.email, addresses)
    columns["company_domain"] = _first_of_each(once(_company_domain, addresses), owners, rows)
    addresses = once(_personal, addresses)
    columns["email"] = _lists(addresses, owners, rows)
    columns |= _names_told(columns["first_name"], columns["last_name"], _first_of_each(addresses, owners, rows))
    numbers, owners = _exploded(records, "phone")
    columns["phone"] = _lists(_with_country(phone_or_digits, numbers, country.take(owners)), owners, rows)
    external, owners = _exploded(records, "external_ids")
    columns["external_ids"] = _lists(once(_external_id, external), owners, rows)
    return pa.table({name: columns[name] for name in ("record_id", *TEXT_FIELDS, *LIST_FIELDS)})


def once(parser: Callable[[str | None], str | None], column: Strings) -> Strings:
    """The column with each value parsed; the parser runs once per distinct value."""
    coded = column.dictionary_encode()
    parsed = pa.array([parser(value) for value in coded.dictionary.to_pylist()], pa.string())
    return parsed.take(coded.indices)


def _record_ids(records: pa.Table) -> Strings:
    if "record_id" not in records.column_names:
        raise LinkageError(
            f"The records have no column record_id. Columns given: {', '.join(records.column_names) or 'none'}."
        )
    ids = _text(records, "record_id")
    if ids.null_count:
        raise LinkageError(
            f"{ids.null_count} of {len(ids)} records have no record_id: every record needs one of its own."
        )
    distinct = pc.count_distinct(ids).as_py()
    if distinct != len(ids):
        raise LinkageError(
            f"{len(ids) - distinct} of {len(ids)} record ids occur more than once: every record needs one of its own."
        )
    return ids


def _text(records: pa.Table, name: str) -> Strings:
    """One column as plain strings; all null when the records do not have it."""
    if name not in records.column_names:
        return pa.nulls(records.num_rows, pa.string())
    column = records.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, pa.string())
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        raise LinkageError(f"Column {name} holds lists; only email, phone and external_ids may.")
    text: Strings = as_strings(column, name)
    return text


def as_strings(column: Any, name: str) -> Any:
    """The column as text; raises LinkageError, naming the column, when its type does not read as text."""
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise LinkageError(
            f"Column {name} has type {column.type}, which does not read as text. Convert it first."
        ) from error


def _exploded(records: pa.Table, name: str) -> tuple[Strings, npt.NDArray[np.int64]]:
    """The values of a column that may hold lists, and the row each belongs to."""
    if name in records.column_names:
        kind = records.schema.field(name).type
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            lists: Any = pa.concat_arrays(records.column(name).chunks) if records.num_rows else pa.array([], kind)
            return as_strings(lists.flatten(), name), pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    return _text(records, name), np.arange(records.num_rows)


def _lists(values: Strings, owners: npt.NDArray[np.int64], rows: int) -> Strings:
    said = np.asarray(values.is_valid())
    offsets = np.zeros(rows + 1, np.int32)
    np.cumsum(np.bincount(owners[said], minlength=rows), out=offsets[1:])
    lists: Strings = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values.filter(pa.array(said)))
    return lists


def _first_of_each(values: Strings, owners: npt.NDArray[np.int64], rows: int) -> Strings:
    said = np.flatnonzero(np.asarray(values.is_valid()))
    found, at = np.unique(owners[said], return_index=True)
    take = np.full(rows, -1, np.int64)
    take[found] = said[at]
    places: Any = pa.array(take, mask=take < 0)
    return values.take(places)


def _names(records: pa.Table) -> dict[str, Strings]:
    """Given and family names as said, else out of the full name."""
    full = _text(records, "full_name").dictionary_encode()
    parts = [normalise.split_full_name(value) for value in full.dictionary.to_pylist()]
    first = pa.array([part.first for part in parts], pa.string()).take(full.indices)
    middle = pa.array([part.middle for part in parts], pa.string()).take(full.indices)
    last = pa.array([part.last for part in parts], pa.string()).take(full.indices)
    return {
        "first_name": pc.coalesce(once(normalise.name, _text(records, "first_name")), first),
        "middle_name": pc.coalesce(once(normalise.name, _text(records, "middle_name")), middle),
        "last_name": pc.coalesce(once(normalise.name, _text(records, "last_name")), last),
    }


def _names_told(first: Strings, last: Strings, address: Strings) -> dict[str, Strings]:
    """Names completed by the address, and which of them was read there."""
    given: Any = first
    one_letter: Any = pc.less_equal(pc.utf8_length(given), pa.scalar(1))
    # An address tells nothing where both names are said, and the given one is more than an initial.
    lacking: Any = pc.or_(pc.or_(first.is_null(), last.is_null()), one_letter.fill_null(True))
    rows = np.flatnonzero(np.asarray(pc.and_(address.is_valid(), lacking)))
    addresses, givens, families = (column.take(rows) for column in (address, given, last))
    join: Any = pc.binary_join_element_wise
    coded = join(addresses, givens.fill_null(""), families.fill_null(""), "\x1f").dictionary_encode()
    found: list[tuple[str | None, str | None]] = []
    for said in coded.dictionary.to_pylist():
        user, given_name, family_name = said.split("\x1f")
        found.append(names_of_address(user, given_name or None, family_name or None))
    place = np.full(len(first), -1, np.int64)
    place[rows] = coded.indices.to_numpy()
    places: Any = pa.array(place, mask=place < 0)
    told = [pa.array([names[side] for names in found], pa.string()).take(places) for side in (0, 1)]
    which = pc.if_else(told[0].is_valid(), "first_name", pc.if_else(told[1].is_valid(), "last_name", None))
    which = pc.if_else(pc.and_(told[0].is_valid(), told[1].is_valid()), "both", which)
    return {
        "first_name": pc.coalesce(told[0], first),
        "last_name": pc.coalesce(told[1], last),
        "name_from_email": which.cast(pa.string()),
    }


def _with_country(parser: Callable[[str | None, str | None], str | None], values: Strings, country: Strings) -> Strings:
    regions: Any = country.fill_null("")
    joined: Strings = pc.binary_join_element_wise(values, regions, "\x1f")

    def parse(pair: str | None) -> str | None:
        if pair is None:
            return None
        value, _, region = pair.rpartition("\x1f")
        return parser(value, region or None)

    return once(parse, joined)


def _personal(address: str | None) -> str | None:
    return None if address is None or normalise.is_shared_address(address) else address


def _company_domain(address: str | None) -> str | None:
    host = None if address is None else address.rpartition("@")[2]
    return None if host in normalise.FREE_DOMAINS else host


def _external_id(value: str | None) -> str | None:
    if value is None:
        return None
    system, colon, number = value.partition(":")
    if not colon or not system.strip() or not number.strip():
        return None
    return f"{system.strip().lower()}:{number.strip()}"

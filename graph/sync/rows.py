"""Canonical records as rows that the writing queries take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from math import isfinite
from typing import Any

import msgspec

from connectors.errors import RecordError
from connectors.records import (
    Account,
    Consent,
    Identifiers,
    Interaction,
    Person,
    Record,
    RecordKey,
    Tombstone,
    decode,
    encode,
)
from graph.customer.identifiers import IdentifierKey, identifiers_of, identifiers_of_mention, phone_numbers

Row = dict[str, Any]
"""Parameters of one line of a writing query; its keys are named on top of the query's file."""

MATTERS = ("ticket", "deal", "order", "subscription", "campaign")

_NOT_PROPERTIES = ("type", "id", "person", "account", "occurred_at", "ended_at", "observed_at", "scale")
"""Fields of an interaction that stand in the graph in another form."""

_NUMBERS = ("amount", "recurring_amount", "quantity", "cost", "score", "scale")

INTERACTION_PROPERTIES = tuple(
    sorted(
        {field.name for field in msgspec.structs.fields(Interaction)} - set(_NOT_PROPERTIES)
        | {"record", "account_record", "scale_min", "scale_max", "hash"}
    )
)
RECORD_PROPERTIES = ("source", "stream", "id", "kind", "body", "hash", "source_url", "merged_into", "person", "phones")


@dataclass(slots=True)
class PageRows:
    """All rows of one page, each key once: when a page says something twice, the last counts."""

    records: dict[str, Row] = field(default_factory=dict)
    interactions: dict[str, Row] = field(default_factory=dict)
    mentions: dict[str, Row] = field(default_factory=dict)
    identifiers: dict[str, list[Row]] = field(default_factory=dict)
    deleted: dict[str, Row] = field(default_factory=dict)
    deleted_matters: dict[str, dict[str, Row]] = field(default_factory=dict)
    """By matter (`ticket`) and its key."""
    repeated: int = 0


def rows_of(records: Iterable[Record]) -> PageRows:
    """The rows of a page's records; raises RecordError for a record that breaks the contract."""
    page = PageRows()
    for record in records:
        add_record(page, record)
    return page


def add_record(page: PageRows, record: Record) -> None:
    """Add one record to the page; nothing of it is added when it raises RecordError."""
    body = _body(record)
    if not isinstance(record, Tombstone):
        page.deleted.pop(str(_key(record)), None)  # it came back within the page
    if isinstance(record, Interaction):
        row, mention = _interaction_row(record, body)
        page.repeated += row["id"] in page.interactions
        page.interactions[row["id"]] = row
        for matter, gone in page.deleted_matters.items():
            gone.pop(row["properties"].get(matter), None)  # it came back within the page
        _mention(page, mention)
    elif isinstance(record, Tombstone) and record.matter is not None:
        _delete_matter(page, record, record.matter)
    elif isinstance(record, Tombstone):
        page.deleted[str(_key(record))] = {"key": str(record.key), "at": millis(record.deleted_at)}
    else:
        row, mention = _record_row(record, body)
        page.repeated += row["key"] in page.records
        page.records[row["key"]] = row
        _mention(page, mention)
        if isinstance(record, Person):
            numbers = phone_numbers(record)
            if numbers:
                row["properties"]["phones"] = [number for number, _ in numbers]
            page.identifiers[row["key"]] = [
                _identifier_row(row["key"], found) for found in identifiers_of(record, numbers)
            ]


def _delete_matter(page: PageRows, record: Tombstone, matter: str) -> None:
    said = _key(record)
    if matter not in MATTERS:
        raise RecordError(f"tombstone {said}: matter '{matter}' is not one of {', '.join(MATTERS)}.")
    key = f"{record.source}/{record.id}"
    row = {"key": key, "source": record.source, "stream": record.stream, "at": millis(record.deleted_at)}
    page.deleted_matters.setdefault(matter, {})[key] = row


def millis(moment: datetime | None) -> int | None:
    """Epoch milliseconds; a `datetime` as a parameter costs the driver fifteen times as much."""
    return None if moment is None else round(moment.timestamp() * 1000)


def with_nulls(row: Row, names: Iterable[str]) -> Row:
    """A row for a node that is there already: what is no longer said is null, which takes it away."""
    return {**row, "properties": {**dict.fromkeys(names), **row["properties"]}}


def fingerprint(body: str) -> str:
    """What tells a changed record from an unchanged one."""
    return blake2b(body.encode(), digest_size=12).hexdigest()


def _body(record: Record) -> str:
    """The record's canonical JSON, read back once: what could not be read later would stop every sync that links it.

    Raises RecordError for what is no record, whose values are of other types than its fields say, or whose numbers are
    not finite.
    """
    try:
        if isinstance(record, Interaction):
            _refuse_infinite(record)
        body = encode(record)
        decode(body)
    except (msgspec.MsgspecError, TypeError) as error:
        raise RecordError(f"a {type(record).__name__} that breaks the contract of records: {error}") from error
    return body


def _refuse_infinite(record: Interaction) -> None:
    """JSON would make null of it, and figures of many customers no number."""
    for name in _NUMBERS:
        value = getattr(record, name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, float) and not isfinite(one):
                raise RecordError(
                    f"interaction {record.source}/{record.stream}/{record.id}: {name} is {value}, which is no finite "
                    f"number. Leave it out where it is not known."
                )


def _record_row(record: Person | Account | Consent, body: str) -> tuple[Row, Row | None]:
    key = _key(record)
    properties: Row = {
        "source": record.source,
        "stream": record.stream,
        "id": record.id,
        "kind": "person",
        "body": body,
        "hash": fingerprint(body),
    }
    if isinstance(record, Consent):
        person, mention = _experienced_by(record.person, record.source)
        properties |= {"kind": "consent", "person": person}
        at = millis(record.statement.at)
        return {"key": str(key), "properties": properties, "pending": None} | _times(at, at, None), mention
    if record.merged_into is not None:
        properties["merged_into"] = str(RecordKey(record.source, record.stream, record.merged_into))
    if record.source_url is not None:
        properties["source_url"] = record.source_url
    if isinstance(record, Account):
        properties["kind"] = "account"
    times = _times(millis(record.created_at), millis(record.updated_at), millis(record.deleted_at))
    return {"key": str(key), "properties": properties, "pending": True} | times, None


def _times(created: int | None, updated: int | None, deleted: int | None) -> Row:
    return {"created_at": created, "updated_at": updated, "deleted_at": deleted}


def _interaction_row(record: Interaction, body: str) -> tuple[Row, Row | None]:
    key = _key(record)
    if record.person is None and record.account is None:
        raise RecordError(f"interaction {key}: it names neither a person nor an account. Map one of the two.")
    person, mention = _experienced_by(record.person, record.source)
    properties: Row = msgspec.to_builtins(record, builtin_types=(datetime,))  # what is not said is not in it
    for name in _NOT_PROPERTIES:
        properties.pop(name, None)
    properties["automated"] = record.automated
    properties["sequence"] = record.sequence
    properties["precision"] = record.precision.value
    properties["hash"] = fingerprint(body)
    if person is not None:
        properties["record"] = person
    elif record.account is not None:
        properties["account_record"] = record.account
    if record.scale is not None:
        properties["scale_min"], properties["scale_max"] = record.scale
    if record.extra:
        properties["extra"] = msgspec.json.encode(record.extra).decode()
    return {
        "id": str(key),
        "properties": properties,
        "at": millis(record.occurred_at),
        "ended_at": millis(record.ended_at),
        "observed_at": millis(record.observed_at),
    }, mention


def _experienced_by(person: str | Identifiers | None, source: str) -> tuple[str | None, Row | None]:
    """The key of the person record, and the mention to make when the person is not known (yet)."""
    if person is None:
        return None, None
    if isinstance(person, str):
        try:
            key = RecordKey.parse(person)
        except ValueError:
            raise RecordError(
                f"person '{person}': not a record's key. Write source/stream/id, or give bare identifiers."
            ) from None
        return person, _mention_row(key, None)
    found = identifiers_of_mention(person)
    if not found:
        raise RecordError(
            "the person is named by nothing that can be used: no e-mail, phone, external or anonymous id."
        )
    key = RecordKey(source, "mention", found[0].key)
    mentioned = Person(
        source=source,
        stream="mention",
        id=found[0].key,
        full_name=person.full_name,
    )
    row = _mention_row(key, encode(mentioned))
    row["identifiers"] = [_identifier_row(str(key), each) for each in found]
    return str(key), row


def _identifier_row(record: str, found: IdentifierKey) -> Row:
    return {
        "record": record,
        "key": found.key,
        "kind": found.kind,
        "value": found.value,
        "national": found.national,
    }


def _mention_row(key: RecordKey, body: str | None) -> Row:
    """A record known by name only: without a body it waits for the person to arrive and is nobody until then."""
    return {
        "key": str(key),
        "source": key.source,
        "stream": key.stream,
        "id": key.id,
        "body": body,
        "pending": True if body else None,
    }


def _mention(page: PageRows, mention: Row | None) -> None:
    if mention is not None:
        found = mention.pop("identifiers", None)
        page.mentions.setdefault(mention["key"], mention)
        if found:
            page.identifiers.setdefault(mention["key"], found)


def _key(record: Record) -> RecordKey:
    for name in ("source", "stream"):
        value: str = getattr(record, name)
        if not value or "/" in value:
            raise RecordError(f"{name} '{value}': a {name} is named without a slash, and it has a name.")
    if not record.id:
        raise RecordError(f"a record of {record.source}/{record.stream} has no id. Map the field that holds its key.")
    return record.key

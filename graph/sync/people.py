"""The person records of the graph as the columns that linkage reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from connectors.records import Address, Person, RecordKey, decode
from graph.cypher import cypher
from graph.linkage.columns import OF_SEVERAL
from graph.linkage.rules import Decisions
from graph.store.driver import Store
from graph.sync.progress import Progress

_SHOWN_EVERY = 1_000

_TEXTS = (
    "source",
    "first_name",
    "last_name",
    "full_name",
    "company",
    "street",
    "city",
    "region",
    "postcode",
    "country",
    "birth_date",
    "job_title",
)
_LISTS = ("email", "phone", "external_ids")


@dataclass(slots=True)
class People:
    """Every person record; mentions are apart, because an identifier alone decides about them."""

    table: pa.Table
    """One row a person record, in the columns of `graph.linkage.columns.RAW_COLUMNS`."""
    mentions: tuple[str, ...]
    pending: frozenset[str]
    merged: tuple[tuple[str, str], ...]
    """(record, the record that its source has merged it into), where both are there."""

    @property
    def keys(self) -> frozenset[str]:
        """Of the person records."""
        return frozenset(str(key) for key in self.table["record_id"].to_pylist())


def survivor_of(person: Person) -> str | None:
    """The key of the record that its source has merged it into; one merged into itself stands for itself."""
    if person.merged_into is None or person.merged_into == person.id:
        return None
    return str(RecordKey(person.source, person.stream, person.merged_into))


async def read_people(store: Store, progress: Progress) -> People:
    """All person records, as columns from the start: a hundred thousand objects would take three times the memory."""
    return await _read(store, "writes/read_people", progress)


async def read_pending_people(store: Store, progress: Progress) -> People:
    """The person records and mentions that wait to be linked, in the same shape."""
    return await _read(store, "writes/read_pending_people", progress)


async def _read(store: Store, query: str, progress: Progress) -> People:
    columns = PersonColumns()
    pending: set[str] = set()
    mentions: list[str] = []
    merged: list[tuple[str, str]] = []
    progress.phase("read records")
    seen = 0
    async for key, kind, body, is_pending in store.stream(cypher(query)):
        if is_pending:
            pending.add(key)
        if kind == "mention":
            mentions.append(key)
        else:
            record = decode(body)
            if isinstance(record, Person):
                columns.add(key, record)
                if (survivor := survivor_of(record)) is not None:
                    merged.append((key, survivor))
        seen += 1
        if seen % _SHOWN_EVERY == 0:
            progress.advance("read records", _SHOWN_EVERY)
    known = set(columns.keys)
    return People(
        table=columns.table(),
        mentions=tuple(mentions),
        pending=frozenset(pending),
        merged=tuple(sorted(pair for pair in merged if pair[1] in known)),
    )


async def read_decided(store: Store, merged: Iterable[tuple[str, str]], known: Collection[str]) -> Decisions:
    """What people decided about known records, and what sources have merged themselves."""
    merge: list[tuple[str, str]] = list(merged)
    keep_apart: list[tuple[str, str]] = []
    for kind, records in await store.read(cypher("writes/read_decisions")):
        if kind == "merge":
            there = [record for record in records if record in known]
            merge.extend((there[0], other) for other in there[1:])
        elif records[0] in known:
            keep_apart.extend((records[0], other) for other in records[1:] if other in known)
    return Decisions(tuple(sorted(merge)), tuple(sorted(keep_apart)))


@dataclass(slots=True)
class PersonColumns:
    """Collects person records column by column; what linkage does not read is let go at once."""

    keys: list[str] = field(default_factory=list)
    _texts: dict[str, list[str | None]] = field(default_factory=lambda: {name: [] for name in _TEXTS})
    _lists: dict[str, list[list[str]]] = field(default_factory=lambda: {name: [] for name in _LISTS})

    def add(self, key: str, person: Person) -> None:
        """One row; `key` is the record's."""
        address = person.address or Address()
        self.keys.append(key)
        texts = (
            person.source,
            person.given_name,
            person.family_name,
            person.full_name,
            person.account_name,
            address.street,
            address.city,
            address.region,
            address.postal_code,
            address.country or next((phone.country for phone in person.phones if phone.country), None),
            person.birth_date.isoformat() if person.birth_date else None,
            person.job_title,
        )
        for name, text in zip(_TEXTS, texts, strict=True):
            self._texts[name].append(text)
        self._lists["email"].append([email.value for email in person.emails])
        self._lists["phone"].append([phone.value for phone in person.phones])
        ids = [f"{system}:{value}" for system, value in person.external_ids.items()]
        ids += [f"{OF_SEVERAL}{system}:{value}" for system, value in person.contact_ids.items()]
        self._lists["external_ids"].append(ids)

    def table(self) -> pa.Table:
        """The rows so far."""
        text, many = pa.string(), pa.list_(pa.string())
        return pa.table(
            {
                "record_id": pa.array(self.keys, text),
                **{name: pa.array(values, text) for name, values in self._texts.items()},
                **{name: pa.array(values, many) for name, values in self._lists.items()},
            }
        )


def table_of(persons: Iterable[Person]) -> pa.Table:
    """A few person records as the same columns."""
    columns = PersonColumns()
    for person in persons:
        columns.add(str(person.key), person)
    return columns.table()

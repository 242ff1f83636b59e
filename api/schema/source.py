"""Where what is known comes from: source records, and the sources with their state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry

from api.plan.fields import (
    column,
    counted,
    described,
    document,
    entry,
    from_json,
    identity,
    instant,
    itself,
    many,
    one,
)
from api.schema.enums import SourceRecordKind
from api.schema.lazy import LazyAccount, LazyCustomer
from api.schema.paging import Connection, Node
from api.schema.scalars import JSON
from graph.customer import reading
from graph.linkage.fields import LABELS
from graph.reading import Column


@described
class MatchField:
    """How one field of two records compared."""

    field: str = entry("The field.")
    level: str = entry("How well it agreed, e.g. `same`, `similar`, `different`.")
    weight_bits: float = entry("What that says for (or against) one customer, in bits.", "bits")


def _fields(evidence: Any, _: Mapping[str, Any]) -> Any:
    return [{"field": field, "level": level, "bits": bits} for field, level, bits in evidence.get("evidence") or ()]


def _other(text: str) -> Any:
    return from_json(text).get("other_id")


def _lines(text: str) -> list[str]:
    """One sentence a field, the strongest first, as it is stored."""
    return [
        f"{level} {LABELS.get(field, field.replace('_', ' '))} ({bits:+.1f} bits)"
        for field, level, bits in from_json(text)["evidence"]
    ]


@described
class MatchEvidence:
    """Why a source record describes its customer."""

    rule: str | None = column("What decided: a rule, the model, or a person's decision.", of="how")
    decided_by: str | None = column("Who decided: `linkage` or a person.", "by", of="how")
    weight_bits: float | None = column("How strongly the record is tied to the customer, in bits.", "weight", of="how")
    other_record: str | None = column("Key of the record it was compared with.", "evidence", of="how", convert=_other)
    fields: list[MatchField] = document("Field by field.", "evidence", of="how", items=_fields, default=dict)
    lines: list[str] = column("The same in words, strongest first.", "evidence", of="how", convert=_lines, default=())


@described
class SourceRecord(Node):
    """Somebody or something as one source describes it; never edited, only replaced by that source."""

    id: strawberry.ID = identity("key")
    key: str = column("Its key: source/stream/id.")
    source: str = column("The source, as plugins.toml names it.")
    stream: str = column("The stream within the source, e.g. `contacts`.")
    source_id: str = column("Its id within the stream.", "id")
    kind: SourceRecordKind = column("What it describes.")
    body: JSON | None = column("The canonical record, as the connector gave it.", convert=from_json)
    source_url: str | None = column("Where to see it in the source.")
    created_at: datetime | None = instant("When it was made in the source.")
    updated_at: datetime | None = instant("When it changed last in the source.")
    deleted_at: datetime | None = instant("When the source deleted it.")
    merged_into: str | None = column("Key of the record the source merged it into.")
    is_pending: bool = column("Whether it waits to be linked.", "pending", default=False)
    match_evidence: MatchEvidence | None = itself(
        "Why it describes its customer.", Column("by", "how"), Column("rule", "how")
    )
    customer: LazyCustomer | None = one(reading.CUSTOMER_OF_RECORD, "The customer it describes.")
    account: LazyAccount | None = one(reading.ACCOUNT_OF_RECORD, "The account it describes.")


@described
class Rejection:
    """A record of a source that could not be read; nothing is dropped in silence."""

    stream: str | None = column("The stream.")
    place: str | None = column("Where it was found, e.g. `contacts.csv:17`.")
    reason: str = column("What is wrong with it.", default="not said")
    rejected_at: datetime = instant("When it was rejected.", "at")


@described
class SyncRun:
    """One reading of a source."""

    status: str = column("How it ended, e.g. `DONE`, `FAILED`, `RUNNING`.")
    started_at: datetime = instant("When it began.")
    finished_at: datetime | None = instant("When it ended.")
    pages: int | None = column("Pages read.")
    records: int | None = column("Records read.")
    changed: int | None = column("Records that were new or different.")
    interactions: int | None = column("Interactions read.")
    rejected: int | None = column("Records rejected.")
    error: str | None = column("Why it failed.")


@described
class Source:
    """A system that c360 reads."""

    name: str = column("Its section in plugins.toml.")
    connector: str | None = column("The connector that reads it.")
    status: str | None = column("Its state after the last sync.")
    trust: float | None = column("How much its values count against those of others, 0 to 1.")
    last_sync_at: datetime | None = instant("When it was read last.")
    last_success_at: datetime | None = instant("When it was last read without an error.")
    error: str | None = column("Why the last sync failed.")
    record_count: int = counted(reading.RECORDS_OF_SOURCE, "Source records it has given.")
    pending_record_count: int = counted(
        reading.PENDING_OF_SOURCE,
        "Its records that wait to be linked; more than 0 for long, a sync was held or stopped.",
    )
    interaction_count: int = column("Interactions it has given.", "", of="given")
    rejections: Connection[Rejection] = many(reading.REJECTIONS_OF_SOURCE, "What could not be read, newest first.")
    runs: Connection[SyncRun] = many(reading.RUNS_OF_SOURCE, "Its syncs, newest first.")


@described
class SourceCount:
    """How many people one source knows."""

    source: str = entry("The source.")
    person_count: int = entry("Person records it holds, each counted as a person: what it says by itself.")
    customer_count: int = entry("How many customers these are.")
    only_here_count: int = entry("Customers that no other source knows.")


@described
class SourceOverlap:
    """Customers that exactly these sources know."""

    sources: list[str] = entry("The sources.")
    customer_count: int = entry("Customers known to all of these and to no other.")


@described
class SourceComparison:
    """What each source says by itself, beside what is true of all together."""

    sources: list[SourceCount] = entry("Source by source, largest first.")
    customer_count: int = entry("The people they are together.")
    shared_count: int = entry("Customers that more than one source knows.")
    overlaps: list[SourceOverlap] = entry("Which sources know the same customers, largest first.")
    sentence: str = entry("The comparison as one sentence.")

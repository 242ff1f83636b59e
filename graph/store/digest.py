"""A canonical hash of what a graph says: the same for the same content, on either store and however it was reached.

Customers and accounts go by their smallest record key. Left out are ids that are drawn by lot, the clock times of our
own runs, what no longer holds (ended identities, decisions taken back), runs, cursors, changes and leases. Every item
is hashed by itself and the hashes are added up, so the order in which a store gives them does not matter and memory
stays bounded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from neo4j.time import Date, DateTime, Duration, Time

from graph.store.driver import Store
from graph.store.instants import epoch_millis

# Named by their smallest record key. For a customer it is worked out once more from the records themselves.
_NAME = "coalesce({0}.first_record, '?')"
_CUSTOMER = _NAME.format("c")
_SMALLEST = "CALL (c) { MATCH (r:SourceRecord)-[:DESCRIBES]->(c) RETURN min(r.key) AS smallest }"

# Ids are drawn by lot. (A join's evidence is left out, too: it names one of several partners that are equally good.)
# What the change log is still to tell says nothing of the content, nor does what a record showed when it was linked.
_NOT_CONTENT = {
    "customers": frozenset({"id", "absorbed", "parted_from"}),
    "accounts": frozenset({"id"}),
    "interactions": frozenset({"fresh"}),
    "records": frozenset({"written_at", "writing_since", "linked_name", "linked_domain"}),
}

# Instants are asked for as numbers: reading a million of them as datetimes takes three times as long.
_SECTIONS: dict[str, tuple[str, ...]] = {
    "records": (
        "MATCH (r:SourceRecord) RETURN r{.*, created_at: r.created_at.epochMillis, "
        "updated_at: r.updated_at.epochMillis, deleted_at: r.deleted_at.epochMillis}",
    ),
    "versions": ("MATCH (v:RecordVersion) RETURN v.record, v.changed",),
    "identifiers": (
        "MATCH (i:Identifier) RETURN i.key, i.kind, i.value",
        "MATCH (r:SourceRecord)-[:HAS_IDENTIFIER]->(i:Identifier) RETURN r.key, i.key",
    ),
    "identities": ("MATCH (i:Identity) WHERE i.ended IS NULL RETURN i.of, i.records, i.by",),
    "decisions": ("MATCH (d:Decision) WHERE d.reverted_at IS NULL RETURN d.kind, d.records, d.apart, d.by, d.reason",),
    "answers": ("MATCH (a:Answer) RETURN a.id, a.request, a.by",),
    "pins": ("MATCH (p:Pin) WHERE p.reverted_at IS NULL RETURN p.record, p.field, p.value, p.by, p.reason",),
    "alerts": (
        "MATCH (a:Alert) RETURN a.id, a.rule, a.condition, a.status, a.owner, a.outcome, a.note, a.evidence",
        "MATCH (a:Alert)-[:RAISED_BY]->(i:Interaction) RETURN a.id, i.id",
        "MATCH (a:Alert)-[:CONCERNS]->(r:SourceRecord) RETURN a.id, r.key",
        "MATCH (e:AlertEvent)-[:HAPPENED_TO]->(a:Alert) RETURN a.id, e.deed, e.by, e.owner, e.outcome, e.note",
    ),
    "baselines": ("MATCH (b:Baseline) RETURN b.name, b.by, b.request",),
    "initiatives": ("MATCH (i:Initiative) RETURN i.name, i.body, i.by",),
    "invitations": (
        "MATCH (v:Invitation)-[:INVITES]->(r:SourceRecord) "
        "RETURN v.id, v.survey, v.about, r.key, v.answered_at IS NULL",
    ),
    "pushes": ("MATCH (p:Push) RETURN p.source, p.body",),
    "models": ("MATCH (m:LinkageModel {in_force: true}) RETURN m.version",),
    "joins": (
        "MATCH (r:SourceRecord)-[d:DESCRIBES]->(c) RETURN r.key, 'Account' IN labels(c), "
        f"{_CUSTOMER}, d.rule, d.by, toInteger(round(d.weight * 1000))",
    ),
    "reviews": (
        "MATCH (a:SourceRecord)-[m:MAY_MATCH]->(b:SourceRecord) "
        "RETURN a.key, b.key, m.status, toInteger(round(m.weight * 1000))",
    ),
    "interactions": (
        "MATCH (i:Interaction) RETURN i{.*, at: i.at.epochMillis, ended_at: i.ended_at.epochMillis, "
        "observed_at: i.observed_at.epochMillis, deleted_at: i.deleted_at.epochMillis}, 'Survey' IN labels(i)",
    ),
    "customers": (f"MATCH (c:Customer) {_SMALLEST} RETURN smallest, c{{.*}}",),
    "accounts": (
        f"MATCH (c:Account) {_SMALLEST} RETURN smallest, c{{.*}}",
        f"MATCH (a:Account)-[:PARENT]->(c:Account) RETURN {_NAME.format('a')}, {_CUSTOMER}",
        f"MATCH (c:Customer)-[:WORKS_FOR]->(a:Account) RETURN {_CUSTOMER}, {_NAME.format('a')}",
    ),
    "consents": (f"MATCH (c:Customer) WHERE c.consents IS NOT NULL RETURN {_CUSTOMER}, c.consents",),
    "experiences": (f"MATCH (c)-[:EXPERIENCED]->(i:Interaction) RETURN {_CUSTOMER}, i.id",),
    "journeys": (
        "MATCH (a:Interaction)-[n:NEXT]->(b:Interaction) RETURN a.id, b.id, n.gap_seconds",
        f"MATCH (c:Customer)-[:FIRST]->(i:Interaction) RETURN {_CUSTOMER}, 'first', i.id",
        f"MATCH (c:Customer)-[:LAST]->(i:Interaction) RETURN {_CUSTOMER}, 'last', i.id",
    ),
    "stages": (
        "MATCH (s:Stage) RETURN s{.*}",
        "MATCH (c:Customer)-[r:REACHED]->(s:Stage) "
        f"RETURN {_CUSTOMER}, s.name, r{{.*, at: r.at.epochMillis, left_at: r.left_at.epochMillis}}",
    ),
    "touchpoints": (
        "MATCH (t:Touchpoint) RETURN t{.*}",
        "MATCH (i:Interaction)-[:AT]->(t:Touchpoint) RETURN i.id, t.key",
    ),
    "matters": (
        *(f"MATCH (m:{label}) RETURN '{label}', m{{.*}}" for label in ("Ticket", "Deal", "Order", "Subscription")),
        "MATCH (m:Campaign) RETURN 'Campaign', m{.*}",
        "MATCH (i:Interaction)-[:PART_OF]->(m) RETURN i.id, labels(m), m.id",
        "MATCH (a:Interaction)-[n:NEXT_IN_MATTER]->(b:Interaction) RETURN a.id, b.id, n.matter, n.gap_seconds",
    ),
    "handoffs": ("MATCH (a:Interaction)-[h:HANDOFF]->(b:Interaction) RETURN a.id, b.id, h{.*, at: h.at.epochMillis}",),
    "surveys": ("MATCH (a:Interaction)-[r:ABOUT]->(b:Interaction) RETURN a.id, b.id, r.method",),
    "words": (
        "MATCH (w:Word) RETURN w{.*}",
        "MATCH (w:Word)-[:HAS_LETTERS]->(l:Letters) RETURN w.text, l.text",
        f"MATCH (c)-[r:NAMED_BY|ADDRESSED_BY]->(w:Word) RETURN {_CUSTOMER}, 'Account' IN labels(c), type(r), w.text",
    ),
    "relatives": (f"MATCH (c:Customer)-[r:RELATED]->(o:Customer) RETURN {_CUSTOMER}, {_NAME.format('o')}, r.kind",),
}

METHOD = hashlib.blake2b(
    orjson.dumps([_SECTIONS, {name: sorted(left_out) for name, left_out in _NOT_CONTENT.items()}]), digest_size=8
).hexdigest()
"""What is asked for a digest. Two digests compare only where they were made by the same method."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the content: how many items it has, and their common hash."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True)
class Digest:
    """The hash of a whole graph, and of each part, so that a difference can be located."""

    value: str
    sections: dict[str, Section]

    def differences(self, other: Digest) -> tuple[str, ...]:
        """The names of the sections in which two graphs differ."""
        return tuple(name for name in self.sections if self.sections[name] != other.sections[name])


async def digest(store: Store, progress: Callable[[str], None] | None = None) -> Digest:
    """The digest of everything a graph says; `progress` is told each section's name as it begins."""
    sections: dict[str, Section] = {}
    for name, queries in _SECTIONS.items():
        if progress is not None:
            progress(name)
        sections[name] = await _section(store, queries, _NOT_CONTENT.get(name, frozenset()))
    whole = orjson.dumps({name: [section.count, section.hash] for name, section in sections.items()})
    return Digest(hashlib.blake2b(whole, digest_size=16).hexdigest(), sections)


async def digest_of(store: Store, names: Iterable[str]) -> dict[str, Section]:
    """Some of the sections alone."""
    return {name: await _section(store, _SECTIONS[name], _NOT_CONTENT.get(name, frozenset())) for name in names}


async def _section(store: Store, queries: tuple[str, ...], left_out: frozenset[str]) -> Section:
    count = total = 0
    for query in queries:
        async for row in store.stream(query):
            item = [_content(value, left_out) for value in row]
            hashed = hashlib.blake2b(orjson.dumps(item, default=_plain, option=orjson.OPT_SORT_KEYS), digest_size=16)
            total += int.from_bytes(hashed.digest(), "big")
            count += 1
    return Section(count, f"{total % (1 << 128):032x}")


def _content(value: Any, left_out: frozenset[str]) -> Any:
    if isinstance(value, dict):
        # An absent property and one that is null are the same; 5 and 5.0 are the same amount.
        return {key: _number(each) for key, each in value.items() if each is not None and key not in left_out}
    return _number(value)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _plain(value: Any) -> str | int:
    """Times to the millisecond in UTC: that is what both stores keep."""
    if isinstance(value, DateTime):
        return epoch_millis(value)
    if isinstance(value, Date | Time | Duration):
        return value.iso_format()
    raise TypeError(f"no digest for a {type(value).__name__}")

"""Survivorship: the golden record of a customer, each value with the record it came from and why the others lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.records import Address, Person
from graph.customer.pins import PINNED, Pin, in_force, pinned_value
from graph.linkage import normalise
from graph.rules import Survivorship

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)

Rule = Callable[["Candidate"], Any]
"""What a survivorship rule holds against what; the greatest survives."""


@dataclass(frozen=True, slots=True)
class TrustedRecord:
    """A person record with the trust (0–1) of its source."""

    key: str
    person: Person
    trust: float
    phones: tuple[str, ...] = ()
    """The person's numbers as landing has read them: E.164, or as written where they cannot be read."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One record's value of one field; `comparable` is the value as it is compared."""

    value: Any
    comparable: str
    record: TrustedRecord
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Alternative:
    """A value that did not survive, and why."""

    value: Any
    record: str
    at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a golden value comes from; `rule` is the one that decided, `only value` when nothing had to."""

    record: str
    rule: str
    alternatives: tuple[Alternative, ...] = ()
    pinned: bool = False
    """Whether a person has fixed the value; `record` is the one that the pin hangs on."""


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address of a customer with the records that give it; shared ones (`info@`) never link people alone."""

    address: str
    primary: bool
    verified: bool
    shared: bool
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number (E.164 where it can be read) with the records that give it."""

    number: str
    primary: bool
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """The one record of a customer; `values` are by field name, `provenance` has the same keys."""

    values: dict[str, Any]
    provenance: dict[str, Provenance]
    emails: tuple[EmailAddress, ...]
    phones: tuple[PhoneNumber, ...]
    tags: tuple[str, ...]
    external_ids: dict[str, str] = field(default_factory=dict)


SINGLE_FIELDS: dict[str, Callable[[Person], Any]] = {
    "given_name": lambda person: person.given_name,
    "family_name": lambda person: person.family_name,
    "full_name": lambda person: person.full_name,
    "job_title": lambda person: person.job_title,
    "birth_date": lambda person: person.birth_date,
    "locale": lambda person: person.locale,
    "timezone": lambda person: person.timezone,
    "account_name": lambda person: person.account_name,
    "owner": lambda person: person.owner,
    "team": lambda person: person.team,
    "stage_said": lambda person: person.lifecycle_stage,
    "address": lambda person: person.address if person.address != Address() else None,
}
"""Fields of which a customer has one value; an address survives whole, so that it never mixes two houses."""


def golden_record(records: Sequence[TrustedRecord], rules: Survivorship, pins: Iterable[Pin] = ()) -> GoldenRecord:
    """The golden record of the records of one customer; deterministic whatever their order.

    What a person has pinned stays, whatever the records say. Records that the source has deleted or merged away speak
    only when no other does.
    """
    alive = [
        record
        for record in records
        if record.person.deleted_at is None and record.person.merged_into in (None, record.person.id)
    ]
    speaking = sorted(alive or records, key=lambda record: record.key)
    pinned = in_force(pins)
    values: dict[str, Any] = {}
    provenance: dict[str, Provenance] = {}
    for name, read in SINGLE_FIELDS.items():
        candidates = [
            Candidate(value, _comparable(value), record)
            for record in speaking
            if (value := read(record.person)) is not None
        ]
        if name in pinned:
            values[name], provenance[name] = _pinned(pinned[name], candidates)
        elif candidates:
            best, provenance[name] = _survivor(candidates, rules.fields.get(name, rules.default))
            values[name] = best.value
    emails = _emails(speaking, rules, provenance, pinned.get("email"))
    phones = _phones(speaking, rules, provenance, pinned.get("phone"))
    return GoldenRecord(
        values=values,
        provenance=provenance,
        emails=emails,
        phones=phones,
        tags=tuple(sorted({tag for record in speaking for tag in record.person.tags})),
        external_ids={s: i for record in reversed(speaking) for s, i in sorted(_ids(record.person).items())},
    )


def _ids(person: Person) -> dict[str, str]:
    return {**person.contact_ids, **person.external_ids}


def _survivor(candidates: Sequence[Candidate], chain: Iterable[str]) -> tuple[Candidate, Provenance]:
    """The candidate that the first telling rule picks; a complete tie goes to the smallest record key."""
    if len({candidate.comparable for candidate in candidates}) == 1:
        return candidates[0], Provenance(candidates[0].record.key, "only value")
    left = list(candidates)
    decided_by = "smallest record key"
    frequency = Counter(candidate.comparable for candidate in candidates)
    lost: dict[int, str] = {}
    for rule in chain:
        measure = _MEASURES[rule]
        scores = [frequency[c.comparable] if rule == "most_frequent" else measure(c) for c in left]
        best = max(scores)
        for candidate, score in zip(left, scores, strict=True):
            if score < best:
                lost[id(candidate)] = rule
        kept = [candidate for candidate, score in zip(left, scores, strict=True) if score == best]
        if len(kept) < len(left):
            left, decided_by = kept, rule
        if len({candidate.comparable for candidate in left}) == 1:
            break
    winner = left[0]
    alternatives = tuple(
        Alternative(
            _plain(candidate.value),
            candidate.record.key,
            candidate.record.person.updated_at,
            f"not {_IN_WORDS[lost[id(candidate)]]}" if id(candidate) in lost else "not the smallest record key",
        )
        for candidate in candidates
        if candidate.comparable != winner.comparable
    )
    return winner, Provenance(winner.record.key, decided_by, alternatives)


def _pinned(pin: Pin, candidates: Sequence[Candidate]) -> tuple[Any, Provenance]:
    value = pinned_value(pin.field, pin.value)
    lost = tuple(
        Alternative(_plain(each.value), each.record.key, each.record.person.updated_at, "not pinned")
        for each in candidates
        if each.comparable != _comparable(value)
    )
    return value, Provenance(pin.record, PINNED, lost, pinned=True)


_MEASURES: dict[str, Rule] = {
    "verified": lambda candidate: candidate.verified,
    "most_trusted": lambda candidate: candidate.record.trust,
    "most_recent": lambda candidate: candidate.record.person.updated_at or _LONG_AGO,
    "most_frequent": lambda candidate: 0,  # needs all candidates: counted by the caller
    "most_complete": lambda candidate: len(candidate.comparable),
}
_IN_WORDS = {
    "verified": "verified",
    "most_trusted": "from the most trusted source",
    "most_recent": "the most recent",
    "most_frequent": "the most frequent",
    "most_complete": "the most complete",
}


def _emails(
    records: Sequence[TrustedRecord], rules: Survivorship, provenance: dict[str, Provenance], pin: Pin | None
) -> tuple[EmailAddress, ...]:
    candidates = [
        Candidate(address, address, record, email.verified)
        for record in records
        for email in record.person.emails
        if (address := email.value.strip().lower())
    ]
    if not candidates and pin is None:
        return ()
    # A shared inbox is nobody's primary address while the person has one of their own.
    own = [candidate for candidate in candidates if not normalise.is_shared_address(candidate.comparable)]
    primary = _primary("email", own or candidates, rules, provenance, pin)
    return tuple(
        EmailAddress(
            address=address,
            primary=address == primary,
            verified=any(c.verified for c in candidates if c.comparable == address),
            shared=normalise.is_shared_address(address),
            records=_givers(candidates, address),
        )
        for address in _primary_first(candidates, primary)
    )


def _phones(
    records: Sequence[TrustedRecord], rules: Survivorship, provenance: dict[str, Provenance], pin: Pin | None
) -> tuple[PhoneNumber, ...]:
    candidates = [Candidate(number, number, record) for record in records for number in record.phones]
    if not candidates and pin is None:
        return ()
    primary = _primary("phone", candidates, rules, provenance, pin)
    return tuple(
        PhoneNumber(number, number == primary, _givers(candidates, number))
        for number in _primary_first(candidates, primary)
    )


def _primary(
    field: str,
    candidates: Sequence[Candidate],
    rules: Survivorship,
    provenance: dict[str, Provenance],
    pin: Pin | None,
) -> str:
    """The pinned or surviving address or number; how it was chosen goes into the provenance."""
    if pin is not None:
        value, provenance[field] = _pinned(pin, candidates)
        return str(value)
    best, provenance[field] = _survivor(candidates, rules.fields.get(field, rules.default))
    return best.comparable


def _givers(candidates: Iterable[Candidate], comparable: str) -> tuple[str, ...]:
    return tuple(sorted({c.record.key for c in candidates if c.comparable == comparable}))


def _primary_first(candidates: Iterable[Candidate], primary: str) -> list[str]:
    return [primary, *sorted({candidate.comparable for candidate in candidates} - {primary})]


def _comparable(value: object) -> str:
    """How two values of a field are held equal: letters' case and outer blanks do not count."""
    if isinstance(value, Address):
        parts = (value.street, value.city, value.region, value.postal_code, value.country)
        return " ".join(part.strip().lower() for part in parts if part)
    return str(value).strip().lower()


def _plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, Address):
        return ", ".join(
            part for part in (value.street, value.postal_code, value.city, value.region, value.country) if part
        )
    return value if isinstance(value, str | int | float | bool) else str(value)

"""Consent of one customer: the newest statement of each record counts, and of several records the most restrictive.

A merge never widens consent: when two records that are one person disagree, what refuses wins. A person whom their
source deleted grants nothing any more, and still refuses what they refused: a deletion does not widen either. The
shape of a statement follows OASIS Customer Data Platform's consent; REVOKED and DENIED both refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.records import ConsentStatement, ConsentStatus, Person

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
_RESTRICTION = {ConsentStatus.GRANTED: 0, ConsentStatus.DENIED: 1, ConsentStatus.REVOKED: 2}


@dataclass(frozen=True, slots=True)
class EffectiveConsent:
    """What may be done on a channel for a purpose, and the record that decides it."""

    channel: str
    purpose: str
    status: str
    at: datetime | None
    evidence: str | None
    record: str


def effective_consents(statements: Iterable[tuple[str, ConsentStatement]]) -> list[EffectiveConsent]:
    """One consent a channel and purpose, ordered by both; `statements` are (record key, statement)."""
    newest: dict[tuple[str, str, str], ConsentStatement] = {}
    for record, statement in statements:
        place = (statement.channel.value, statement.purpose, record)
        known = newest.get(place)
        if known is None or _moment(statement) > _moment(known) or _ties_and_refuses(statement, known):
            newest[place] = statement
    effective: dict[tuple[str, str], tuple[str, ConsentStatement]] = {}
    for (channel, purpose, record), statement in sorted(newest.items(), key=lambda item: item[0]):
        best = effective.get((channel, purpose))
        if best is None or _weight(statement) > _weight(best[1]):
            effective[channel, purpose] = (record, statement)
    return [
        EffectiveConsent(channel, purpose, said.status.value, said.at, said.evidence, record)
        for (channel, purpose), (record, said) in sorted(effective.items())
    ]


def statements_of(person: Person, *, deleted: bool) -> Sequence[ConsentStatement]:
    """What a person's record still says of consent: one that is `deleted` only what it refuses.

    The newest statement of a channel and purpose is looked for first: a refusal that was taken back is none.
    """
    if not deleted:
        return person.consents
    refused = {
        (one.channel, one.purpose)
        for one in effective_consents(("", statement) for statement in person.consents)
        if one.status != ConsentStatus.GRANTED
    }
    return [one for one in person.consents if (one.channel, one.purpose) in refused]


def lapsed(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The (channel, purpose) of what was granted `before`, and of which nothing is said `after`.

    Both are effective consents as a customer keeps them. What is refused afterwards has not lapsed: somebody says so.
    """
    said = {(one["channel"], one["purpose"]) for one in after}
    granted = [(one["channel"], one["purpose"]) for one in before if one["status"] == ConsentStatus.GRANTED]
    return [place for place in granted if place not in said]


def _moment(statement: ConsentStatement) -> datetime:
    return statement.at or _LONG_AGO


def _ties_and_refuses(statement: ConsentStatement, known: ConsentStatement) -> bool:
    return _moment(statement) == _moment(known) and _RESTRICTION[statement.status] > _RESTRICTION[known.status]


def _weight(statement: ConsentStatement) -> tuple[int, datetime]:
    return _RESTRICTION[statement.status], _moment(statement)

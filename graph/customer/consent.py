"""Consent of one customer: the newest statement of each record counts, and of several records the most restrictive.

A merge never widens consent: when two records that are one person disagree, what refuses wins. The shape of a
statement follows OASIS Customer Data Platform's consent; REVOKED and DENIED both refuse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.records import ConsentStatement, ConsentStatus

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


def _moment(statement: ConsentStatement) -> datetime:
    return statement.at or _LONG_AGO


def _ties_and_refuses(statement: ConsentStatement, known: ConsentStatement) -> bool:
    return _moment(statement) == _moment(known) and _RESTRICTION[statement.status] > _RESTRICTION[known.status]


def _weight(statement: ConsentStatement) -> tuple[int, datetime]:
    return _RESTRICTION[statement.status], _moment(statement)

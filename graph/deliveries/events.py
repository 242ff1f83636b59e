"""From the change log to events: what one entry tells, in the words of `connectors.events`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from connectors.events import (
    AlertClosed,
    AlertHandled,
    AlertRaised,
    ConsentWithdrawn,
    CustomerCreated,
    CustomerMerged,
    CustomerSplit,
    CustomersReset,
    CustomerUpdated,
    Event,
    InteractionsRecorded,
)
from graph.changes import Change, Entry
from graph.cypher import cypher
from graph.store.driver import Store


@dataclass(frozen=True, slots=True)
class _Alert:
    """An alert as it stands; moments in epoch milliseconds."""

    id: str
    rule: str
    condition: str
    status: str
    owner: str | None
    outcome: str | None
    since: int
    due_at: int
    evidence: str


async def events_of(store: Store, entries: Sequence[Entry]) -> list[Event]:
    """The events of these entries, in their order; alerts as they stand now. The same entry gives the same ids."""
    named = [
        id
        for entry in entries
        if entry.change is not None
        for alerts in entry.change.alerts
        for id in (*alerts.raised, *alerts.handled)
    ]
    rows = await store.read(cypher("writes/alerts_as_they_stand"), ids=sorted(set(named))) if named else []
    alerts = {row[0]: _Alert(*row) for row in rows}
    return [event for entry in entries for event in _events(entry, alerts)]


def event_id(*parts: object) -> str:
    """The id of an event, by what makes it that event and no other."""
    return "evt_" + blake2b(orjson.dumps([str(part) for part in parts]), digest_size=16).hexdigest()


def moment(milliseconds: int) -> datetime:
    """Epoch milliseconds as a moment."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _events(entry: Entry, alerts: Mapping[str, _Alert]) -> Iterator[Event]:
    if entry.change is None:
        yield CustomersReset(id=event_id(entry.seq, entry.at, "reset"), at=moment(entry.at))
        return
    yield from _of_customers(entry, entry.change)
    for lapsed in entry.change.lapsed:
        yield ConsentWithdrawn(
            **_same(entry, f"lapsed/{lapsed.channel}/{lapsed.purpose}", lapsed.customer),
            customer_id=lapsed.customer,
            channel=lapsed.channel,
            purpose=lapsed.purpose,
        )
    for recorded in entry.change.recorded:
        yield InteractionsRecorded(
            **_same(entry, "recorded", recorded.customer),
            customer_id=recorded.customer,
            interaction_ids=recorded.interactions,
        )
    for told in entry.change.alerts:
        for id in told.raised:
            if id in alerts:
                yield _raised(entry, told.customer, alerts[id])
        for id in told.handled:
            if id in alerts:
                yield _handled(entry, told.customer, alerts[id])


def _of_customers(entry: Entry, change: Change) -> Iterator[Event]:
    for id in change.created:
        yield CustomerCreated(**_same(entry, "created", id), customer_id=id)
    for merged in change.merged:
        yield CustomerMerged(
            **_same(entry, "merged", merged.customer), customer_id=merged.customer, former_ids=merged.former
        )
    for split in change.split:
        yield CustomerSplit(
            **_same(entry, "split", split.customer), customer_id=split.customer, parted_from_ids=split.parted_from
        )
    for id in change.updated:
        yield CustomerUpdated(**_same(entry, "updated", id), customer_id=id)


def _raised(entry: Entry, customer: str, alert: _Alert) -> Event:
    return AlertRaised(
        **_same(entry, "raised", alert.id),
        alert_id=alert.id,
        customer_id=customer,
        rule=alert.rule,
        condition=alert.condition,
        owner=alert.owner,
        since=moment(alert.since),
        due_at=moment(alert.due_at),
        evidence=orjson.loads(alert.evidence),
    )


def _handled(entry: Entry, customer: str, alert: _Alert) -> Event:
    said = _same(entry, "handled", alert.id)
    if alert.status == "RESOLVED":
        return AlertClosed(
            **said,
            alert_id=alert.id,
            customer_id=customer,
            rule=alert.rule,
            owner=alert.owner,
            outcome=alert.outcome,
        )
    return AlertHandled(
        **said, alert_id=alert.id, customer_id=customer, rule=alert.rule, status=alert.status, owner=alert.owner
    )


def _same(entry: Entry, what: str, whom: str) -> dict[str, Any]:
    return {"id": event_id(entry.seq, entry.at, what, whom), "at": moment(entry.at)}

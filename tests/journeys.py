"""Journeys written down by hand, for tests of what is worked out from them; no store is needed.

`journeys(event("ada", "2026-03-01", "ticket.created"), event("bob", "2026-03-02T10:00", "order.placed", amount=9.5))`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from graph.customer.events import Event
from graph.customer.journey import JourneyMaker
from graph.journeys.journeys import Journeys
from graph.journeys.layout import ACCOUNTS, ALERTS, CUSTOMERS, EVENTS, HANDOFFS, RECORDS, as_table
from graph.rules import Rules


@dataclass(frozen=True, slots=True)
class Told:
    """One interaction: whose it is, when, of which kind, and more of its columns."""

    who: str
    at: int
    kind: str
    more: Mapping[str, Any] = field(default_factory=dict)


def event(who: str, at: str, kind: str, **more: Any) -> Told:
    """An interaction by the customer (inbound) unless it says otherwise; `at` is a day or a moment in UTC."""
    return Told(who, ms(at), kind, more)


def answer(who: str, at: str, metric: str, score: float, **more: Any) -> Told:
    """A survey answer on the usual scale of its metric: NPS 0–10, CSAT and rating 1–5, CES 1–7."""
    low, high = {"nps": (0, 10), "ces": (1, 7)}.get(metric, (1, 5))
    program = "relationship" if metric == "nps" else "transactional"
    given = {"metric": metric, "score": score, "scale_min": low, "scale_max": high, "program": program, **more}
    return Told(who, ms(at), "survey.answered", given)


def ms(at: str) -> int:
    """Epoch milliseconds of a day, or of a moment, in UTC."""
    return int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)


def journeys(
    *events: Told,
    customers: Mapping[str, Mapping[str, Any]] | None = None,
    accounts: Mapping[str, Mapping[str, Any]] | None = None,
    alerts: Sequence[Mapping[str, Any]] = (),
    records: Sequence[Mapping[str, Any]] = (),
    rules: Rules | None = None,
    read_at: str = "2026-07-01",
) -> Journeys:
    """The journeys of these interactions, with the stages, handoffs and what is about what that follow from them.

    `customers` are more columns of customers by id, also of those who experienced nothing; so are `accounts`. `alerts`
    are rows of the table of that name, `records` are person records by their columns, `created_at` a day or a moment.
    """
    rules = rules or Rules()
    people = {**{told.who: {} for told in events}, **(customers or {})}
    rows = [_row(told, number) for number, told in enumerate(events)]
    tables = {
        "customers": as_table("customers", [_of(CUSTOMERS.names, {"id": id, **more}) for id, more in people.items()]),
        "accounts": as_table(
            "accounts", [_of(ACCOUNTS.names, {"id": id, "name": id, **more}) for id, more in (accounts or {}).items()]
        ),
        "alerts": as_table("alerts", [_of(ALERTS.names, row) for row in alerts]),
        "records": as_table(
            "records", [_of(RECORDS.names, {**record, "created_at": ms(record["created_at"])}) for record in records]
        ),
        **_derived(rows, rules),
    }
    return Journeys.of(tables, rules, read_at=ms(read_at))


def _row(told: Told, number: int) -> dict[str, Any]:
    outbound = told.kind.startswith(("email.sent", "survey.sent", "ticket.replied", "ticket.solved", "quote."))
    row = dict.fromkeys(EVENTS.names) | {
        "who": told.who,
        "id": f"test/events/{number}",
        "at": told.at,
        "sequence": 0,
        "kind": told.kind,
        "function": "service" if told.kind.startswith(("ticket", "survey")) else "marketing",
        "channel": "email",
        "direction": "outbound" if outbound else "inbound",
        "automated": False,
        "source": "test",
    }
    unknown = set(told.more) - set(EVENTS.names)
    assert not unknown, f"no such columns: {unknown}"
    return row | dict(told.more)


def _derived(rows: list[dict[str, Any]], rules: Rules) -> dict[str, Any]:
    maker = JourneyMaker(rules)
    by_id = {row["id"]: row for row in rows}
    handoffs: list[Sequence[Any]] = []
    stages: list[Sequence[Any]] = []
    for who in dict.fromkeys(row["who"] for row in rows):
        journey = maker.journey([_event(row) for row in rows if row["who"] == who])
        for told, stage in zip(journey.events, journey.stage_at, strict=True):
            by_id[told.id]["stage"] = stage
        for source, target, method in journey.abouts:
            by_id[source].update(about=target, about_method=method)
        handoffs += [[who, *(getattr(handoff, name) for name in HANDOFFS.names[1:])] for handoff in journey.handoffs]
        stages += [
            (who, t.stage, t.ordinal, t.at, t.left_at, t.cause, t.from_stage, t.regression) for t in journey.transitions
        ]
    return {
        "events": as_table("events", [_of(EVENTS.names, row) for row in rows]),
        "handoffs": as_table("handoffs", handoffs),
        "stages": as_table("stages", stages),
    }


def _event(row: Mapping[str, Any]) -> Event:
    said = {name: row.get(name) for name in Event.__struct_fields__ if name not in ("record", "is_fresh")}
    return Event(record="", **said)


def _of(names: Iterable[str], row: Mapping[str, Any]) -> list[Any]:
    return [row.get(name) for name in names]

"""The digest: what waits for whom, as one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.plan.fields import from_milliseconds
from graph.cypher import cypher
from graph.store.driver import Store


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that nobody has closed; moments in epoch milliseconds."""

    owner: str | None
    rule: str
    status: str
    due_at: int
    since: int
    customer: str | None
    """The customer's id; a digest names nobody."""


async def open_alerts(store: Store) -> list[OpenAlert]:
    """All of them but those that are put off, by owner, the most urgent first."""
    return [OpenAlert(*row) for row in await store.read(cypher("writes/open_alerts"))]


def digest_of(alerts: Sequence[OpenAlert], now: int) -> str:
    """The text: how many, then each owner's with its due time."""
    overdue = sum(alert.due_at < now for alert in alerts)
    lines = [f"{len(alerts)} alert{'' if len(alerts) == 1 else 's'} open, {overdue} overdue."]
    owner: str | None = ""
    for alert in alerts:
        if alert.owner != owner:
            owner = alert.owner
            lines += ["", owner or "Nobody yet"]
        late = "overdue since" if alert.due_at < now else "due"
        taken = ", taken on" if alert.status == "ACKNOWLEDGED" else ""
        due = f"{from_milliseconds(alert.due_at):%Y-%m-%d %H:%M} UTC"
        lines.append(f"  {late} {due}  {alert.rule}{taken}  {alert.customer or '-'}")
    return "\n".join(lines) + "\n"

"""The outbox: alerts that were raised are told by webhook and mail, each at least once.

An alert is written first and marked as to be told; the mark goes when it has been handed over. Whoever is told twice
knows it by the id: `webhook-id`, or the mail's Message-ID.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

import orjson

from api.outgoing.mail import send_mail
from api.outgoing.settings import OutgoingSettings
from api.outgoing.webhook import NotDelivered, send_webhook
from api.plan.fields import from_milliseconds
from api.plan.ids import encode_id
from graph.cypher import cypher
from graph.store.driver import Store
from graph.store.errors import LeaseBusy

LOG = logging.getLogger("c360.alerts")
AT_ONCE = 200
TOLD_FOR_DAYS = 7
"""What was raised longer ago is no news any more, and not told."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was sent out, and why no more."""

    told: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An alert that nobody outside has been told of."""

    id: str
    rule: str
    condition: str
    owner: str | None
    since: int
    raised_at: int
    due_at: int
    evidence: str
    customer: str | None

    def data(self) -> dict[str, Any]:
        """What a webhook says of it: nothing that names a person but ids and the owner."""
        return {
            "alertId": encode_id("Alert", self.id),
            "customerId": None if self.customer is None else encode_id("Customer", self.customer),
            "rule": self.rule,
            "condition": self.condition,
            "owner": self.owner,
            "since": from_milliseconds(self.since),
            "raisedAt": from_milliseconds(self.raised_at),
            "dueAt": from_milliseconds(self.due_at),
            "evidence": orjson.loads(self.evidence),
        }

    def text(self) -> str:
        """The same for people, as a mail."""
        seen = ", ".join(f"{name} {value}" for name, value in orjson.loads(self.evidence).items() if value is not None)
        lines = [
            f"{self.rule} ({self.condition.replace('_', ' ')})",
            f"Owner: {self.owner or 'nobody yet'}",
            f"Since: {from_milliseconds(self.since):%Y-%m-%d %H:%M} UTC",
            f"Due: {from_milliseconds(self.due_at):%Y-%m-%d %H:%M} UTC",
            f"What the rule saw: {seen}",
            "",
            f"Alert: {encode_id('Alert', self.id)}",
        ]
        if self.customer is not None:
            lines.append(f"Customer: {encode_id('Customer', self.customer)}")
        return "\n".join(lines) + "\n"


async def tell_alerts(store: Store, outgoing: OutgoingSettings) -> Told:
    """Send what waits, the oldest first; at the first failure the rest waits for the next time.

    Somebody else who is at it is left alone.
    """
    mail = outgoing.mail
    by_mail = mail is not None and bool(mail.alerts_to)
    if outgoing.webhook is None and not by_mail:
        return Told()
    told = 0
    try:
        async with store.lease("tell", wait=0):
            for alert in await waiting_alerts(store):
                if outgoing.webhook is not None:
                    await send_webhook(outgoing.webhook, f"alert_{alert.id}", "alert.raised", alert.data())
                if mail is not None:
                    for to in mail.alerts_to:
                        await send_mail(mail, to, f"Alert: {alert.rule}", alert.text(), f"alert_{alert.id}")
                await store.write(cypher("writes/note_told_alert"), id=alert.id, now=_now())
                told += 1
    except LeaseBusy:
        return Told(told)
    except NotDelivered as failure:
        LOG.warning("%s Alerts that nobody was told of wait for the next time.", failure)
        return Told(told, str(failure))
    return Told(told)


async def waiting_alerts(store: Store) -> list[Waiting]:
    """Alerts that are still to be told, the oldest first."""
    rows = await store.read(cypher("writes/alerts_to_tell"), since=_now() - TOLD_FOR_DAYS * 86_400_000, most=AT_ONCE)
    return [Waiting(*row) for row in rows]


def _now() -> int:
    return time.time_ns() // 1_000_000

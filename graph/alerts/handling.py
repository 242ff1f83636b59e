"""What people do about alerts: take them on, put them off, close them with what came of it, open them again.

Each deed is a fact with its author and moment; the alert's state follows from the last ones. It is done under the lease
`link`, because the change log tells of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

import uuid_utils

from graph.alerts.evaluate import log_alerts
from graph.cypher import cypher
from graph.store.driver import Store, Transaction
from graph.store.errors import LeaseBusy
from graph.sync.asking import WAIT_SECONDS, Ask
from graph.sync.request import KEY_REUSED, request_hash

Code = Literal["NOT_FOUND", "INVALID", "ALREADY_RESOLVED", "NOT_RESOLVED", "IDEMPOTENCY_KEY_REUSED", "BUSY"]
LONGEST_NOTE = 5_000


class AlertStatus(StrEnum):
    """Where an alert stands."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SNOOZED = "SNOOZED"
    RESOLVED = "RESOLVED"


class Deed(StrEnum):
    """What somebody did about an alert."""

    ASSIGNED = "ASSIGNED"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SNOOZED = "SNOOZED"
    RESOLVED = "RESOLVED"
    REOPENED = "REOPENED"


class Outcome(StrEnum):
    """What came of an alert."""

    RECOVERED = "RECOVERED"
    NO_CHANGE = "NO_CHANGE"
    LOST = "LOST"
    NOT_REACHED = "NOT_REACHED"
    FALSE_ALARM = "FALSE_ALARM"


class AlertRefused(Exception):
    """It cannot be done; `field` names the input that is to blame."""

    def __init__(self, code: Code, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done; what does not belong to the deed is None."""

    deed: Deed
    alert: str
    owner: str | None = None
    until: int | None = None
    """Epoch milliseconds."""
    outcome: Outcome | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _State:
    status: AlertStatus
    owner: str | None
    snoozed_until: int | None
    resolved_at: int | None
    outcome: str | None
    note: str | None


async def handle_alert(store: Store, wish: Wish, ask: Ask) -> None:
    """Do it, once a key. Raises AlertRefused."""
    request = request_hash(wish.deed, wish.alert, wish.owner, wish.until, wish.outcome, wish.note)
    now = time.time_ns() // 1_000_000
    _check(wish, now)
    if ask.dry_run:
        state, _ = _state(await store.read(cypher("writes/read_alert"), id=wish.alert))
        _after(state, wish, now)
        return
    try:
        async with store.lease("link", wait=WAIT_SECONDS) as lease:

            async def work(tx: Transaction) -> None:
                await lease.hold(tx)
                if ask.idempotency_key is not None:
                    known = await tx.run(cypher("writes/alert_events_by_key"), key=ask.idempotency_key, by=ask.by)
                    if _done_before(known, request):
                        return
                state, customer = _state(await tx.run(cypher("writes/read_alert"), id=wish.alert))
                await _write(tx, _after(state, wish, now), wish, ask, request, now)
                if customer is not None:
                    await log_alerts(tx, now, handled=[(customer, wish.alert)])

            await store.transaction(work)
    except LeaseBusy as busy:
        raise AlertRefused("BUSY", f"{busy} Nothing was changed.") from None


def _check(wish: Wish, now: int) -> None:
    if wish.deed is Deed.ASSIGNED and wish.owner is not None and not wish.owner.strip():
        raise AlertRefused("INVALID", "Name a person; null takes the alert from whoever has it.", "owner")
    if wish.deed is Deed.SNOOZED and (wish.until is None or wish.until <= now):
        raise AlertRefused("INVALID", "An alert can only be put off to a moment that is still to come.", "until")
    if wish.note is not None and len(wish.note) > LONGEST_NOTE:
        raise AlertRefused("INVALID", f"The note has more than {LONGEST_NOTE:,} characters. Shorten it.", "note")


def _state(rows: list[list[object]]) -> tuple[_State, str | None]:
    """The state and whom the alert concerns."""
    if not rows:
        raise AlertRefused("NOT_FOUND", "There is no such alert.", "alertId")
    status, *rest, customer = rows[0]
    return _State(AlertStatus(str(status)), *rest), None if customer is None else str(customer)  # type: ignore[arg-type]


def _after(state: _State, wish: Wish, now: int) -> _State:
    """The state after a deed; raises AlertRefused where it cannot follow."""
    is_resolved = state.status is AlertStatus.RESOLVED
    if wish.deed is Deed.REOPENED and not is_resolved:
        raise AlertRefused("NOT_RESOLVED", f"The alert is not resolved: it is {state.status}.", "alertId")
    if wish.deed is not Deed.REOPENED and is_resolved:
        raise AlertRefused("ALREADY_RESOLVED", "The alert is resolved. Reopen it first.", "alertId")
    match wish.deed:
        case Deed.ASSIGNED:
            return replace(state, owner=wish.owner)
        case Deed.ACKNOWLEDGED:
            return replace(state, status=AlertStatus.ACKNOWLEDGED, snoozed_until=None)
        case Deed.SNOOZED:
            return replace(state, status=AlertStatus.SNOOZED, snoozed_until=wish.until)
        case Deed.RESOLVED:
            return _State(AlertStatus.RESOLVED, state.owner, None, now, wish.outcome, wish.note)
        case Deed.REOPENED:
            return _State(AlertStatus.OPEN, state.owner, None, None, None, None)


async def _write(tx: Transaction, state: _State, wish: Wish, ask: Ask, request: str, now: int) -> None:
    await tx.run(
        cypher("writes/handle_alert"),
        id=wish.alert,
        status=state.status,
        owner=state.owner,
        snoozed_until=state.snoozed_until,
        resolved_at=state.resolved_at,
        outcome=state.outcome,
        note=state.note,
        event=str(uuid_utils.uuid7()),
        deed=wish.deed,
        said_owner=wish.owner,
        said_until=wish.until,
        said_outcome=wish.outcome,
        said_note=wish.note,
        by=ask.by,
        key=ask.idempotency_key,
        request=None if ask.idempotency_key is None else request,
        now=now,
    )


def _done_before(rows: list[list[object]], request: str) -> bool:
    """Whether the same request came before. Raises AlertRefused when another came under its key."""
    if any(row[-1] != request for row in rows):
        raise AlertRefused("IDEMPOTENCY_KEY_REUSED", KEY_REUSED, "idempotencyKey")
    return bool(rows)

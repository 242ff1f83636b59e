"""Evaluating alert rules: what the journeys show by now becomes alerts, each once. `watch` says whom to look at when.

An alert's id follows from its rule and its cause, so an evaluation may run as often as one likes, be killed anywhere,
and run in several processes: what is there is not raised again, what is missing is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from graph.alerts.conditions import CONDITIONS, DAY, NEVER, Asked, Found, ids_of
from graph.alerts.rules import CUSTOMER_OWNER, AlertRule, threshold_of
from graph.changes import AlertsOf, Change
from graph.customer.hours import BusinessHours
from graph.cypher import cypher
from graph.estimates.buying import Buying
from graph.journeys.journeys import Journeys
from graph.journeys.view import View
from graph.rules import Rules
from graph.store.driver import Store, Transaction


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert that the rules want raised; moments in epoch milliseconds."""

    id: str
    rule: str
    condition: str
    cause: str
    """Id of the interaction that began it."""
    customer: str
    since: int
    """When the condition came to hold."""
    due: int
    owner: str | None
    evidence: str
    """JSON: what the condition saw."""
    metric: str | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules found."""

    alerts: list[NewAlert]
    """What the journeys' alerts do not hold yet, rule by rule, the oldest first."""
    due: NDArray[np.int64]
    """By customer of the journeys, the next moment (epoch ms) that changes something by itself; NEVER if none does."""


def look(journeys: Journeys, rules: Rules, now: int, models: dict[tuple[str, ...], Buying | None]) -> Looked:
    """What the rules find by `now`, and when to look again; `models`, as of `Asked`, is added to."""
    view = journeys.view(as_of=now)
    hours = BusinessHours(rules.calendar)
    known = set(journeys.alerts.arrow("id").to_pylist())
    before = _before(journeys)
    due = _next_interactions(journeys, now)
    alerts: list[NewAlert] = []
    for rule in rules.alert:
        found = CONDITIONS[rule.when](Asked(view, rule, now, hours, models))
        ahead = found.since > now
        np.minimum.at(due, view.unit[found.rows[ahead]], found.since[ahead])
        found = found.where(~ahead & (found.since > now - rule.look_back_days * DAY))
        alerts += _fresh(view, rule, found, known, before[rule.name], hours, now)
    return Looked(alerts, due)


def _next_interactions(journeys: Journeys, now: int) -> NDArray[np.int64]:
    """By customer, the first interaction that is dated after `now`: it counts from then on."""
    due = np.full(len(journeys.customers), NEVER)
    at = journeys.events.moments("at")
    ahead = np.flatnonzero(at > now)
    np.minimum.at(due, journeys.customer_of_event[ahead], at[ahead])
    return due


def alert_id(rule: str, cause: str) -> str:
    """The id of the alert that a rule raises about an interaction, 32 hex digits."""
    return blake2b(f"{len(rule)}:{rule}{cause}".encode(), digest_size=16).hexdigest()


def _fresh(
    view: View,
    rule: AlertRule,
    found: Found,
    known: set[Any],
    before: Mapping[str, list[int]],
    hours: BusinessHours,
    now: int,
) -> Iterator[NewAlert]:
    """Those that are no repetition: not raised before, and not within the cool-down of another of the same customer."""
    journeys = view.journeys
    causes = ids_of(view, found.rows)
    numbers = view.unit[found.rows].astype(np.int64)
    customers = journeys.customer_ids(numbers)
    owners = journeys.customers.coded("owner")
    seconds = max(1, int(rule.due_hours * 3600))
    due = int(hours.after(np.array([now]), seconds)[0]) if rule.business_hours else now + seconds * 1000
    taken: dict[str, list[int]] = {customer: list(moments) for customer, moments in before.items()}
    evidence = found.evidence
    for place in np.lexsort((found.rows, found.since)):
        id, customer, since = alert_id(rule.name, causes[place]), customers[place], int(found.since[place])
        quiet = rule.cool_down_days * DAY
        if id in known or any(abs(since - other) < quiet for other in taken.get(customer, ())):
            continue
        taken.setdefault(customer, []).append(since)
        owner = owners.at(int(numbers[place])) or rule.or_owner if rule.owner == CUSTOMER_OWNER else rule.owner
        seen = {name: _plain(column[place]) for name, column in evidence.items()}
        yield NewAlert(
            id,
            rule.name,
            rule.when,
            causes[place],
            customer,
            since,
            due,
            owner,
            msgspec.json.encode(seen, order="deterministic").decode(),
            rule.metric if rule.when == "detractor" else None,
            threshold_of(rule) if rule.when == "detractor" else None,
        )


def _before(journeys: Journeys) -> Mapping[str, Mapping[str, list[int]]]:
    """By rule and customer, since when the conditions of the alerts that there are held."""
    moments: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    columns = [journeys.alerts.arrow(name).to_pylist() for name in ("rule", "who", "since")]
    for rule, who, since in zip(*columns, strict=True):
        moments[str(rule)][str(who)].append(int(since or 0))
    return moments


async def write_alerts(store: Store, wanted: Sequence[NewAlert], now: int, wait: float | None) -> int:
    """Write those that are not in the graph, and tell the change log; gives how many. Raises LeaseBusy."""
    async with store.lease("link", wait=wait) as lease:

        async def work(tx: Transaction) -> int:
            await lease.hold(tx)
            known = set(await tx.collected(cypher("writes/known_alerts"), ids=[alert.id for alert in wanted]))
            rows = [_row(alert) for alert in wanted if alert.id not in known]
            told = await tx.run(cypher("writes/raise_alerts"), rows=rows, now=now) if rows else []
            if told:
                await log_alerts(tx, now, raised=told)
            return len(told)

        return await store.transaction(work)


async def wake_alerts(store: Store, now: int, wait: float | None) -> int:
    """Open those that were put off until now; gives how many. Raises LeaseBusy."""
    async with store.lease("link", wait=wait) as lease:

        async def work(tx: Transaction) -> int:
            await lease.hold(tx)
            told = await tx.run(cypher("writes/wake_alerts"), now=now)
            if told:
                await log_alerts(tx, now, handled=told)
            return len(told)

        return await store.transaction(work)


async def log_alerts(
    tx: Transaction, now: int, raised: Sequence[Sequence[Any]] = (), handled: Sequence[Sequence[Any]] = ()
) -> None:
    """Tell the change log of alerts, given as (customer, alert); the caller holds the lease `link`."""
    by_customer: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for kind, rows in enumerate((raised, handled)):
        for customer, alert in rows:
            by_customer[customer][kind].append(alert)
    change = Change(alerts=[AlertsOf(customer, *lists) for customer, lists in by_customer.items()])
    await tx.run(cypher("writes/log_change"), now=now, batch=msgspec.json.encode(change).decode())


def _row(alert: NewAlert) -> dict[str, Any]:
    names = ("id", "rule", "condition", "cause", "since", "due", "owner", "evidence", "metric", "threshold")
    return {name: getattr(alert, name) for name in names}


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return round(plain, 4) if isinstance(plain, float) else plain

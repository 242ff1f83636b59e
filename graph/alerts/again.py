"""Looking again at who was touched, or whose time has come: what looking at everybody would find, without it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from graph.alerts.conditions import DAY, NEVER
from graph.alerts.due import DueTimes
from graph.alerts.evaluate import NewAlert, look
from graph.estimates.buying import Buying
from graph.journeys.journeys import Journeys
from graph.journeys.some import journeys_of, who_has
from graph.rules import Rules

Models = dict[tuple[str, ...], Buying | None]
FEW = 2_000
"""So many customers are always looked at by themselves;"""
MOST = 0.1
"""of more than this share of all it is faster to look at everybody."""


class Seen(msgspec.Struct, frozen=True):
    """What a look left."""

    now: int
    """Until when (epoch ms)."""
    models: list[tuple[tuple[str, ...], Buying | None]]
    """How customers buy, fitted once a day (UTC), by the kinds that count as buying."""
    shared: dict[str, list[str]]
    """Tickets in which several customers took part, who are looked at together."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found, and what it leaves for the next one."""

    alerts: list[NewAlert]
    seen: Seen
    times: DueTimes
    looked_at: int
    """How many customers; all of them, where it is as many."""


def look_at_all(journeys: Journeys, rules: Rules, now: int) -> Look:
    """Everybody, by `now` (epoch ms)."""
    models: Models = {}
    found = look(journeys, rules, now, models)
    times = DueTimes.of(journeys.customers.arrow("id"), found.due, NEVER)
    return Look(found.alerts, Seen(now, list(models.items()), _shared(journeys)), times, len(journeys.customers))


def look_again(
    journeys: Journeys, rules: Rules, now: int, seen: Seen, times: DueTimes, touched: set[str] | None
) -> Look:
    """The touched, the due, and who shares a ticket with one of them. All that was found before has been raised.

    Everybody, where it is not known who was touched (None), where there are too many of them, where the clock went
    back, or where a day has begun and models have to be fitted.
    """
    if touched is None or now < seen.now or (seen.models and seen.now // DAY < now // DAY):
        return look_at_all(journeys, rules, now)
    most = int(max(FEW, MOST * len(journeys.customers)))
    whom = _with_sharers(journeys, seen.shared, touched | times.by(now), most)
    if len(whom) > most:
        return look_at_all(journeys, rules, now)
    some, models = journeys_of(journeys, whom), dict(seen.models)
    found = look(some, rules, now, models)
    ahead = np.flatnonzero(found.due != NEVER)
    due = dict(zip(some.customer_ids(ahead), found.due[ahead].tolist(), strict=True))
    apart = {ticket: who for ticket, who in seen.shared.items() if whom.isdisjoint(who)}
    left = Seen(now, list(models.items()), {**apart, **_shared(some)})
    return Look(found.alerts, left, times.after(whom, due), len(whom))


def _with_sharers(journeys: Journeys, shared: Mapping[str, list[str]], whom: set[str], most: int) -> set[str]:
    """These, and who takes or took part in a ticket of theirs, and in tickets of those, until nobody is missing."""
    found = set(whom)
    for who in shared.values():
        if not whom.isdisjoint(who):
            found.update(who)
    new = found
    while new and len(found) <= most:
        tickets = set(journeys_of(journeys, new).events.coded("ticket").values)
        new = who_has(journeys.events, "ticket", tickets) - found if tickets else set()
        found = found | new
    return found


def _shared(journeys: Journeys) -> dict[str, list[str]]:
    ticket = journeys.events.coded("ticket")
    rows = np.flatnonzero(ticket.codes >= 0)
    pairs = np.unique(ticket.codes[rows].astype(np.int64) << 32 | journeys.customer_of_event[rows])
    code, customer = pairs >> 32, pairs & 0xFFFFFFFF
    several = np.isin(code, code[1:][code[1:] == code[:-1]])
    found: dict[str, list[str]] = defaultdict(list)
    for number, who in zip(code[several].tolist(), journeys.customer_ids(customer[several]), strict=True):
        found[ticket.values[number]].append(who)
    return dict(found)

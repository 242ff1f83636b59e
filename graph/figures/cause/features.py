"""What customers experienced before a moment, in numbers: what may go together with a score, or with leaving.

Everything is counted within a look-back window that ends just before the moment, so that nothing of later is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graph.figures.pain.asking import repeated_requests
from graph.figures.pain.occurrences import Find
from graph.figures.pain.service import repeat_contacts
from graph.figures.scope import EventFilter, Scope
from graph.figures.tickets import tickets
from graph.journeys.handoffs import handoffs_of
from graph.journeys.part import NOT_SAID
from graph.journeys.period import Period
from graph.journeys.timeline import Timeline

DAY_MS = 86_400_000
Floats = NDArray[np.float64]


class Feature(StrEnum):
    """One number about the time before a moment."""

    CONTACTS = "CONTACTS"
    WAIT_HOURS = "WAIT_HOURS"
    HANDOFFS = "HANDOFFS"
    REOPENS = "REOPENS"
    REPEAT_CONTACTS = "REPEAT_CONTACTS"
    REPEATED_REQUESTS = "REPEATED_REQUESTS"
    PHONE_CONTACTS = "PHONE_CONTACTS"
    CHAT_CONTACTS = "CHAT_CONTACTS"
    CAMPAIGN_MESSAGES = "CAMPAIGN_MESSAGES"
    ORDERS = "ORDERS"
    ACTIVE_DAYS = "ACTIVE_DAYS"
    TENURE_DAYS = "TENURE_DAYS"
    RECENCY_DAYS = "RECENCY_DAYS"


MEANINGS: Mapping[Feature, str] = {
    Feature.CONTACTS: "tickets opened",
    Feature.WAIT_HOURS: "hours waited for first answers to tickets, counted when they came",
    Feature.HANDOFFS: "times a matter was handed to another team or function",
    Feature.REOPENS: "times a ticket was reopened",
    Feature.REPEAT_CONTACTS: "tickets that repeat the topic of one of the week before",
    Feature.REPEATED_REQUESTS: "pieces of information asked for that a system held already",
    Feature.PHONE_CONTACTS: "tickets opened by telephone",
    Feature.CHAT_CONTACTS: "tickets opened by chat",
    Feature.CAMPAIGN_MESSAGES: "messages of campaigns received",
    Feature.ORDERS: "orders placed",
    Feature.ACTIVE_DAYS: "days with activity (inbound, not automated)",
    Feature.TENURE_DAYS: "days since the first interaction",
    Feature.RECENCY_DAYS: "days since the last activity, at most the look-back window",
}


@dataclass(frozen=True, slots=True)
class Moments:
    """For whom and when: `unit` by number, `at` in epoch milliseconds; counted since `look_back_days` before."""

    unit: NDArray[np.int64]
    at: NDArray[np.int64]
    look_back_days: int

    def count(self, of: Timeline) -> Floats:
        return of.count(self.unit, self._since, self.at - 1).astype(np.float64)

    def total(self, of: Timeline, weights: Floats) -> Floats:
        return of.total(weights, self.unit, self._since, self.at - 1)

    @property
    def _since(self) -> NDArray[np.int64]:
        return self.at - self.look_back_days * DAY_MS - 1


def features(scope: Scope, moments: Moments, wanted: Iterable[Feature]) -> dict[Feature, Floats]:
    """Columns float64[moments], one a feature; what interactions are asked about does not narrow them."""
    whole = replace(scope, only=EventFilter())
    return {each: _FEATURES[each](whole, moments) for each in wanted}


def _kinds(*kinds: str, channel: str | None = None) -> Callable[[Scope, Moments], Floats]:
    def counted(scope: Scope, moments: Moments) -> Floats:
        chosen = scope.view.kinds(*kinds)
        if channel is not None:
            chosen &= scope.view.coded("channel").among(channel)
        return moments.count(Timeline.of(scope.view, chosen))

    return counted


def _found_by(find: Find) -> Callable[[Scope, Moments], Floats]:
    def counted(scope: Scope, moments: Moments) -> Floats:
        found = find(scope.at(Period(_FIRST, _LAST, scope.period.zone)))
        return moments.count(Timeline.sorted(found.unit, found.at))

    return counted


def _wait_hours(scope: Scope, moments: Moments) -> Floats:
    found = tickets(scope)
    answered = found.where((found.answered_at != NOT_SAID) & (found.asked_at != NOT_SAID))
    line = Timeline.sorted(answered.unit, answered.answered_at)
    return moments.total(line, ((answered.answered_at - answered.asked_at) / 3_600_000)[line.rows])


def _handoffs(scope: Scope, moments: Moments) -> Floats:
    found = handoffs_of(scope.view)
    return moments.count(Timeline.sorted(found.unit, found.at))


def _campaigns(scope: Scope, moments: Moments) -> Floats:
    view = scope.view
    sent = view.coded("direction").among("outbound") & (view.coded("campaign").codes >= 0)
    return moments.count(Timeline.of(view, sent))


def _active_days(scope: Scope, moments: Moments) -> Floats:
    line = Timeline.of(scope.view, scope.view.is_activity)
    new = np.ones(len(line), np.bool_)
    day = line.at // DAY_MS
    new[1:] = (line.unit[1:] != line.unit[:-1]) | (day[1:] != day[:-1])
    return moments.count(Timeline(line.unit[new], line.at[new], line.rows[new]))


def _tenure(scope: Scope, moments: Moments) -> Floats:
    first = np.append(scope.view.at, 0)[scope.view.first_by_unit(np.ones(len(scope.view), np.bool_))][moments.unit]
    days: Floats = np.maximum((moments.at - first) / DAY_MS, 0.0)
    return days


def _recency(scope: Scope, moments: Moments) -> Floats:
    line = Timeline.of(scope.view, scope.view.is_activity)
    last = line.last_before(moments.unit, moments.at)
    since = (moments.at - np.append(line.at, 0)[last]) / DAY_MS
    return np.where(last >= 0, np.minimum(since, moments.look_back_days), float(moments.look_back_days))


_FIRST, _LAST = date(1970, 1, 2), date(9999, 1, 1)
_FEATURES: Mapping[Feature, Callable[[Scope, Moments], Floats]] = {
    Feature.CONTACTS: _kinds("ticket.created"),
    Feature.WAIT_HOURS: _wait_hours,
    Feature.HANDOFFS: _handoffs,
    Feature.REOPENS: _kinds("ticket.reopened"),
    Feature.REPEAT_CONTACTS: _found_by(repeat_contacts),
    Feature.REPEATED_REQUESTS: _found_by(repeated_requests),
    Feature.PHONE_CONTACTS: _kinds("ticket.created", channel="phone"),
    Feature.CHAT_CONTACTS: _kinds("ticket.created", channel="chat"),
    Feature.CAMPAIGN_MESSAGES: _campaigns,
    Feature.ORDERS: _kinds("order.placed"),
    Feature.ACTIVE_DAYS: _active_days,
    Feature.TENURE_DAYS: _tenure,
    Feature.RECENCY_DAYS: _recency,
}

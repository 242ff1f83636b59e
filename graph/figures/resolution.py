"""Resolution: how long until a ticket is solved, whether it stays so, and through how many hands it goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.estimates.average import mean, quantile
from graph.estimates.proportion import proportion
from graph.figures.figure import Figure, KpiUnit, Unavailable, kpi, none
from graph.figures.response import business_seconds
from graph.figures.scope import Scope
from graph.figures.tickets import Tickets, tickets, within
from graph.journeys.part import NOT_SAID, places
from graph.journeys.view import Mask

_DAY_MS = 86_400_000
_QUANTILE = "Zendesk; interval: order statistics (Conover)"
_SHARE = "Zendesk; interval: Wilson 1927"
_SOLVED_FOR_GOOD = "tickets whose last solving lies in the period and that were not reopened since"
_TO_THE_LAST = "time from the opening of a ticket to its last solving"
_FIRST_SOLVED = "tickets whose first solving lies in the period"
_CONTACTS_OF_PERIOD = "tickets that customers opened in the period; those whose days are not over are excluded"


@kpi(
    "full_resolution_median",
    "Full resolution, median",
    KpiUnit.SECONDS,
    numerator=_TO_THE_LAST,
    denominator=_SOLVED_FOR_GOOD,
    source=_QUANTILE,
    higher_is_better=False,
)
def full_resolution_median(scope: Scope) -> Figure:
    """The time after which half of the tickets were solved for good."""
    solved = _solved(scope)
    return Figure.of(quantile((solved.last_solved_at - solved.opened_at) / 1000, 0.5))


@kpi(
    "full_resolution_p90",
    "Full resolution, nine of ten",
    KpiUnit.SECONDS,
    numerator=_TO_THE_LAST,
    denominator=_SOLVED_FOR_GOOD,
    source=_QUANTILE,
    higher_is_better=False,
)
def full_resolution_p90(scope: Scope) -> Figure:
    """The time after which nine of ten tickets were solved for good."""
    solved = _solved(scope)
    return Figure.of(quantile((solved.last_solved_at - solved.opened_at) / 1000, 0.9))


@kpi(
    "full_resolution_business_median",
    "Full resolution in business time, median",
    KpiUnit.SECONDS,
    numerator="opening time, of [calendar], from the opening of a ticket to its last solving",
    denominator=_SOLVED_FOR_GOOD,
    source=_QUANTILE,
    higher_is_better=False,
)
def full_resolution_business_median(scope: Scope) -> Figure:
    """The opening time after which half of the tickets were solved for good."""
    solved = _solved(scope)
    return Figure.of(quantile(business_seconds(scope, solved.opened_at, solved.last_solved_at), 0.5))


@kpi(
    "first_resolution_median",
    "First resolution, median",
    KpiUnit.SECONDS,
    numerator="time from the opening of a ticket to its first solving",
    denominator=_FIRST_SOLVED,
    source=_QUANTILE,
    higher_is_better=False,
)
def first_resolution_median(scope: Scope) -> Figure:
    """The time after which half of the tickets were solved for the first time; some come back."""
    solved = _first_solved(scope)
    return Figure.of(quantile((solved.first_solved_at - solved.opened_at) / 1000, 0.5))


@kpi(
    "reopen_rate",
    "Reopened tickets",
    KpiUnit.PERCENT,
    numerator="of these, tickets that have been reopened since",
    denominator=_FIRST_SOLVED,
    source=_SHARE,
    higher_is_better=False,
)
def reopen_rate(scope: Scope) -> Figure:
    """The share of tickets that came back after they had been solved."""
    solved = _first_solved(scope)
    return Figure.of(proportion(int((solved.reopened_at != NOT_SAID).sum()), len(solved)), factor=100)


@kpi(
    "one_touch",
    "One-touch tickets",
    KpiUnit.PERCENT,
    numerator="of these, tickets with one human reply at most and no reopening",
    denominator="tickets that customers opened and whose last solving lies in the period",
    source=_SHARE,
)
def one_touch(scope: Scope) -> Figure:
    """The share of tickets that one reply solved."""
    solved = _solved(scope)
    solved = solved.where(solved.by_customer)
    good = (solved.replies <= 1) & (solved.reopens == 0)
    return Figure.of(proportion(int(good.sum()), len(solved)), factor=100)


@kpi(
    "first_contact_resolution",
    "First-contact resolution",
    KpiUnit.PERCENT,
    numerator="of these, contacts that were solved without transfer and came back neither reopened nor as another "
    "ticket of the customer on the topic within `[service] repeat_within_days` of the solving",
    denominator=_CONTACTS_OF_PERIOD,
    source="contact-centre practice; interval: Wilson 1927",
)
def first_contact_resolution(scope: Scope) -> Figure:
    """The share of contacts that were over with the first one. What agents mark and what customers say in surveys are
    other figures. Coverage is the share of contacts of the period that are old enough."""
    told = _contacts(scope)
    contact, old_enough, good = told.contact, told.old_enough, told.good
    if contact.any() and not old_enough.any():
        days = scope.rules.service.repeat_within_days
        return none(Unavailable.IMMATURE, f"No contact is older than {days} days.", int(contact.sum()))
    figure = Figure.of(proportion(int(good.sum()), int(old_enough.sum())), factor=100)
    return figure.covering(int(old_enough.sum()) / int(contact.sum()) if contact.any() else 1.0)


@kpi(
    "repeat_contact",
    "Repeat contact",
    KpiUnit.PERCENT,
    numerator="of these, tickets after which the customer opened another on the topic within "
    "`[service] repeat_within_days` of the solving (or, unsolved, of the opening)",
    denominator=_CONTACTS_OF_PERIOD,
    source="contact-centre practice; interval: Wilson 1927",
    higher_is_better=False,
)
def repeat_contact(scope: Scope) -> Figure:
    """The share of contacts after which the customer had to come again about the same."""
    told = _contacts(scope)
    if told.contact.any() and not told.old_enough.any():
        days = scope.rules.service.repeat_within_days
        return none(Unavailable.IMMATURE, f"No contact is older than {days} days.", int(told.contact.sum()))
    repeated = told.old_enough & told.repeated
    return Figure.of(proportion(int(repeated.sum()), int(told.old_enough.sum())), factor=100)


@kpi(
    "handoffs_per_ticket",
    "Handoffs per ticket",
    KpiUnit.RATIO,
    numerator="changes of the responsible team, or agent where no team is told, within these tickets",
    denominator="tickets whose last solving lies in the period",
    source="practice; interval: Student's t",
    higher_is_better=False,
)
def handoffs_per_ticket(scope: Scope) -> Figure:
    """Through how many other hands a ticket goes on average until it is solved."""
    solved = _solved(scope)
    code, _, _ = _handoffs(scope)
    by_code = np.bincount(code, minlength=len(scope.view.whole.coded("ticket").values))
    return Figure.of(mean(by_code[solved.code]))


@kpi(
    "handoff_wait_median",
    "Wait at handoffs, median",
    KpiUnit.SECONDS,
    numerator="time from a handoff within a ticket until the new team answers the customer",
    denominator="handoffs within tickets in the period that were answered",
    source="practice; interval: order statistics (Conover)",
    higher_is_better=False,
)
def handoff_wait_median(scope: Scope) -> Figure:
    """How long customers wait for the first word of those to whom their ticket was handed. Coverage is the share of
    handoffs that were answered."""
    code, at, wait = _handoffs(scope)
    looked_at = np.zeros(len(scope.view.whole.coded("ticket").values), np.bool_)
    looked_at[tickets(scope).code] = True
    mine = looked_at[code] & within(at, scope)
    told = mine & ~np.isnan(wait) & (at + np.nan_to_num(wait) * 1000 <= scope.now_ms)
    figure = Figure.of(quantile(wait[told], 0.5))
    return figure.covering(float(told.sum() / mine.sum()) if mine.any() else 1.0)


KPIS = (
    full_resolution_median,
    full_resolution_p90,
    full_resolution_business_median,
    first_resolution_median,
    reopen_rate,
    one_touch,
    first_contact_resolution,
    repeat_contact,
    handoffs_per_ticket,
    handoff_wait_median,
)


def contacts_resolved(scope: Scope) -> tuple[Mask, Mask]:
    """By unit, whose contacts of the period were all resolved with the first one, and of whom some were not.

    Contacts that are too young to tell are left out.
    """
    told = _contacts(scope)
    unit, size = told.tickets.unit, len(scope.view.members)
    bad = np.bincount(unit[told.old_enough & ~told.good], minlength=size) > 0
    good = np.bincount(unit[told.good], minlength=size) > 0
    return good & ~bad, bad


@dataclass(frozen=True, slots=True)
class _Contacts:
    """By ticket: whether it is a contact of the period, old enough to tell, repeated, and resolved at first."""

    tickets: Tickets
    contact: Mask
    old_enough: Mask
    repeated: Mask
    good: Mask


def _contacts(scope: Scope) -> _Contacts:
    everything = tickets(scope)
    window = scope.rules.service.repeat_within_days * _DAY_MS
    contact = everything.by_customer & within(everything.opened_at, scope)
    solved = everything.first_solved_at != NOT_SAID
    end = np.where(solved, everything.first_solved_at, everything.opened_at) + window
    old_enough = contact & (end <= scope.now_ms)
    repeated = _repeated(everything, end)
    reopened = (everything.reopened_at != NOT_SAID) & (everything.reopened_at <= end)
    transferred = np.isin(everything.code, _handoffs(scope)[0])  # to another agent of the team is none
    good = old_enough & solved & ~transferred & ~reopened & ~repeated
    return _Contacts(everything, contact, old_enough, repeated, good)


def _solved(scope: Scope) -> Tickets:
    found = tickets(scope)
    return found.where(within(found.last_solved_at, scope))


def _first_solved(scope: Scope) -> Tickets:
    found = tickets(scope)
    return found.where(within(found.first_solved_at, scope))


def _handoffs(scope: Scope) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """Handoffs within tickets until now: the ticket's code, when, and the wait in seconds or NaN."""
    whole = scope.view.whole

    def read() -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
        part = whole.journeys.handoffs
        keys = pa.array([f"ticket:{id}" for id in whole.coded("ticket").values], pa.string())
        code = places(part.arrow("matter").cast(pa.string()), pa.chunked_array([keys]))
        at = part.moments("at")
        rows = np.flatnonzero((code >= 0) & (at <= whole.as_of))
        # Each participant of a ticket experienced its handoffs.
        _, first = np.unique(np.stack([code[rows].astype(np.int64), at[rows]]), axis=1, return_index=True)
        rows = rows[np.sort(first)]
        return code[rows], at[rows], part.numbers("wait_seconds")[rows]

    return whole.once("handoffs of tickets", read)


def _repeated(all_of: Tickets, end: NDArray[np.int64]) -> Mask:
    """By ticket, whether the same customer opened another on the same topic after it, until `end`."""
    order = np.lexsort((all_of.opened_at, all_of.topic, all_of.unit))
    order = order[all_of.by_customer[order]]
    here, there = order[:-1], order[1:]
    again = (all_of.unit[here] == all_of.unit[there]) & (all_of.topic[here] == all_of.topic[there])
    found = np.zeros(len(all_of), np.bool_)
    found[here] = again & (all_of.opened_at[there] <= end[here])
    return found

"""Tickets as a table: one row each, with when it was opened, first answered, first and last solved, and how often it
came back. What figures of service rest on.

A ticket counts once, for whom it began with; with an event filter, where its first interaction fits.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask, View

NO_REPLY = ("ticket.created", "ticket.reassigned", "ticket.solved", "ticket.reopened", "survey.sent")
"""What an agent does to a ticket without answering the customer."""


@dataclass(frozen=True, slots=True)
class Tickets:
    """Columns of one length; moments are epoch milliseconds, NOT_SAID where it has not come to that."""

    code: NDArray[np.int32]
    """Its code in the column `ticket`."""
    first_row: NDArray[np.int64]
    """The place of its first interaction in `view.whole`."""
    unit: NDArray[np.int32]
    topic: NDArray[np.int32]
    opened_at: NDArray[np.int64]
    by_customer: Mask
    """Whether the customer opened it."""
    asked_at: NDArray[np.int64]
    """The customer's first word."""
    answered_at: NDArray[np.int64]
    """The first human reply after it."""
    first_solved_at: NDArray[np.int64]
    last_solved_at: NDArray[np.int64]
    """NOT_SAID also where it was reopened since: it is open."""
    reopened_at: NDArray[np.int64]
    """The first reopening after it was first solved."""
    replies: NDArray[np.int64]
    """How many human replies."""
    reopens: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.code)

    def where(self, chosen: Mask) -> Tickets:
        """Only these."""
        if chosen.all():
            return self
        rows = np.flatnonzero(chosen)  # once, and not anew for each column
        return Tickets(*(getattr(self, column.name)[rows] for column in fields(self)))


def tickets(scope: Scope) -> Tickets:
    """All tickets of whom it is about, as of now, whenever they were."""
    whole = scope.view.whole
    found: Tickets = whole.once("tickets", lambda: _tickets(whole))
    return scope.view.once(("tickets", scope.only), lambda: found.where(scope.fitting()[found.first_row]))


def within(moments: NDArray[np.int64], scope: Scope) -> Mask:
    """Which moments lie in the period."""
    return (moments >= scope.period.start_ms) & (moments < scope.period.end_ms)


def _tickets(view: View) -> Tickets:
    ticket = view.coded("ticket").codes
    rows = np.flatnonzero(ticket >= 0)
    rows = rows[np.argsort(ticket[rows], kind="stable")]
    at = view.at[rows]
    of = ticket[rows]
    if ((of[1:] == of[:-1]) & (at[1:] < at[:-1])).any():  # several people took part in one
        rows = rows[np.lexsort((view.moments("sequence")[rows], at, of))]
        rows = rows[_told_once(view, rows, ticket[rows])]
        at, of = view.at[rows], ticket[rows]
    starts = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]])) if len(of) else np.zeros(0, np.int64)
    number = np.cumsum(np.concatenate([[0], (of[1:] != of[:-1]).astype(np.int64)])) if len(of) else of.astype(np.int64)
    kind, inbound = view.coded("kind").take(rows), view.coded("direction").take(rows).among("inbound")
    outbound = view.coded("direction").take(rows).among("outbound") & ~view.flags("automated")[rows]
    table = _Grouped(at, number, len(starts))
    asked = table.first(inbound & ~kind.among("survey.answered"))
    reply = outbound & ~kind.among(*NO_REPLY)
    solved, reopened = kind.among("ticket.solved"), kind.among("ticket.reopened")
    first_solved, last_solved = table.first(solved), table.last(solved)
    answered = table.first(reply & (asked[number] != NOT_SAID) & (at >= asked[number]))
    is_open = table.last(reopened) > last_solved
    first_row = rows[starts]
    return Tickets(
        of[starts],
        first_row,
        view.unit[first_row],
        view.coded("topic").codes[first_row],
        at[starts],
        inbound[starts],
        asked,
        answered,
        first_solved,
        np.where(is_open, NOT_SAID, last_solved),
        table.first(reopened & (first_solved[number] != NOT_SAID) & (at >= first_solved[number])),
        table.count(reply),
        table.count(reopened),
    )


class _Grouped:
    """Moments of rows that are ordered by group and time."""

    def __init__(self, at: NDArray[np.int64], group: NDArray[np.int64], groups: int) -> None:
        self._at, self._group, self._groups = at, group, groups

    def first(self, rows: Mask) -> NDArray[np.int64]:
        return self._one(np.flatnonzero(rows)[::-1])

    def last(self, rows: Mask) -> NDArray[np.int64]:
        return self._one(np.flatnonzero(rows))

    def count(self, rows: Mask) -> NDArray[np.int64]:
        return np.bincount(self._group[rows], minlength=self._groups)

    def _one(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.full(self._groups, NOT_SAID, np.int64)
        found[self._group[places]] = self._at[places]  # of several the one that is written last stays
        return found


def _told_once(view: View, rows: NDArray[np.int64], ticket: NDArray[np.int32]) -> Mask:
    """Which rows are not the same moment and kind of a ticket as the row before, told of another participant."""
    at, kind, unit = view.at[rows], view.coded("kind").codes[rows], view.unit[rows]
    again = (ticket[1:] == ticket[:-1]) & (at[1:] == at[:-1]) & (kind[1:] == kind[:-1]) & (unit[1:] != unit[:-1])
    return np.concatenate([[True], ~again])

"""Contracts as a table of what happened to each, and what they were worth a month at any moment.

A contract stands from its start until it is cancelled; while it is paused it stands, but is worth nothing. A trial is
none. Its worth is the last recurring amount that was told, for a month.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.customer.churn import CONTRACT_ENDS, CONTRACT_STANDS
from graph.figures.figure import NoFigure, Unavailable
from graph.figures.money import Money, money
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID, Coded
from graph.journeys.view import Mask, View

BEGIN = ("subscription.started", "subscription.changed", "subscription.renewed")
END = CONTRACT_ENDS
_KINDS = (*CONTRACT_STANDS, *CONTRACT_ENDS)
_MONTHS = {"day": 12 / 365.25, "week": 12 * 7 / 365.25, "month": 1.0, "quarter": 3.0, "year": 12.0}
_ALSO = {
    "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year",
    "annual": "year", "annually": "year", "half_year": "half", "p1m": "month", "p1y": "year", "p1w": "week",
}  # fmt: skip
PAYMENT = ("payment", "card", "dunning", "involuntary", "delinquent")
"""A cancellation whose reason holds one of these words, or that follows a failed payment, is a payment failure."""
FAILED_BEFORE_MS = 45 * 86_400_000


@dataclass(frozen=True, slots=True)
class Contracts:
    """Events of contracts, ordered by contract and time; `number` says whose contract it is, 0 to `count` − 1."""

    view: View
    rows: NDArray[np.int64]
    at: NDArray[np.int64]
    number: NDArray[np.int64]
    active: Mask
    """By event, whether the contract is paid for from it on; neither paused nor cancelled."""
    ended: Mask
    """By event, whether it cancels the contract."""
    unit: NDArray[np.int32]
    """By contract, whose it is."""
    started_at: NDArray[np.int64]
    """By contract, epoch milliseconds."""
    ended_at: NDArray[np.int64]
    """By contract, NOT_SAID while it has not been cancelled."""
    amount: NDArray[np.int64]
    """By event, the place among `rows` of the event that told the recurring amount in force; −1 where none did."""

    @property
    def count(self) -> int:
        return len(self.unit)

    def standing_at(self, moment: int) -> Mask:
        """By contract, whether it stands just before a moment: begun and not cancelled."""
        last = self._last_before(moment)
        return (last >= 0) & ~self.ended[last]

    def worth_at(self, moment: int) -> NDArray[np.float64]:
        """By contract, its recurring amount a month just before a moment in `monthly`'s currency; 0 where it does
        not stand or is paused."""
        last = self._last_before(moment)
        told = self.amount[last]
        worth = self.monthly().values[told]
        return np.where((last >= 0) & self.active[last] & (told >= 0), np.nan_to_num(worth), 0.0)

    def monthly(self) -> Money:
        """By event, the recurring amount it tells, for a month, in one currency; NoFigure where there is none."""
        return self.view.once("monthly amounts", self._monthly)

    def _monthly(self) -> Money:
        months = months_of(self.view.coded("billing_period").take(self.rows))
        return money(
            self.view.numbers("recurring_amount")[self.rows] / months,
            self.view.coded("currency").take(self.rows),
            self.view.journeys.rules,
        )

    def _last_before(self, moment: int) -> NDArray[np.int64]:
        """By contract, the place of its last event before a moment; −1 where there is none."""
        before = np.flatnonzero(self.at < moment)
        last = np.full(self.count, -1, np.int64)
        last[self.number[before]] = before
        return last


def contracts(scope: Scope) -> Contracts:
    """All contracts as of now; NoFigure (NO_DATA_IN_PERIOD) where the company has none."""
    whole = scope.view.whole
    found: Contracts = whole.once("contracts", lambda: _contracts(whole))
    if found.count == 0:
        raise NoFigure(Unavailable.NO_DATA_IN_PERIOD, "No source tells of contracts (subscription.started …).")
    return found


def by_unit(found: Contracts, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of a column of contracts by customer (or account)."""
    summed = np.bincount(found.unit, weights=values, minlength=len(found.view.members))
    return np.asarray(summed, dtype=np.float64)


def months_of(billing_period: Coded) -> NDArray[np.float64]:
    """By row, how many months a billing period has; 1 where none is told, NaN where it is not known."""
    by_code = np.ones(len(billing_period.values) + 1)
    for code, name in enumerate(billing_period.values):
        plain = name.strip().lower()
        by_code[code] = {**_MONTHS, "half": 6.0}.get(_ALSO.get(plain, plain.removesuffix("s")), np.nan)
    by_code[-1] = 1.0
    return by_code[billing_period.codes]


def failed_to_pay(found: Contracts) -> Mask:
    """By contract, whether it was cancelled because a payment failed."""
    view = found.view
    reason = view.coded("reason")
    says = np.array([any(word in text.lower() for word in PAYMENT) for text in (*reason.values, "")], np.bool_)
    failed = np.zeros(found.count, np.bool_)
    rows = found.rows[found.ended]
    failed[found.number[found.ended]] = says[reason.codes[rows]]
    failures, ends = np.flatnonzero(view.kinds("payment.failed")), np.flatnonzero(found.ended_at != NOT_SAID)
    if len(failures) and len(ends):
        # One number a customer and moment, in the order of both.
        _, moment = np.unique(np.concatenate([view.at[failures], found.ended_at[ends]]), return_inverse=True)
        key = np.concatenate([view.unit[failures], found.unit[ends]]).astype(np.int64) * (len(moment) + 1) + moment
        order = np.argsort(key[: len(failures)])
        before = np.searchsorted(key[: len(failures)][order], key[len(failures) :], "right") - 1
        last = failures[order[np.maximum(before, 0)]]
        same = (before >= 0) & (view.unit[last] == found.unit[ends])
        failed[ends] |= same & (found.ended_at[ends] - view.at[last] <= FAILED_BEFORE_MS)
    return failed


def _contracts(view: View) -> Contracts:
    rows = np.flatnonzero(view.kinds(*_KINDS))
    subscription = view.coded("subscription")
    code = subscription.codes[rows].astype(np.int64)
    # An event that names no contract is of the one that its customer is taken to have.
    code = np.where(code >= 0, code, len(subscription.values) + view.unit[rows])
    order = np.lexsort((rows, view.moments("sequence")[rows], view.at[rows], code))
    rows, code = rows[order], code[order]
    first = np.concatenate([[True], code[1:] != code[:-1]]) if len(code) else np.zeros(0, np.bool_)
    number = np.cumsum(first) - 1
    at = view.at[rows]
    active, ended = view.kinds(*BEGIN)[rows], view.kinds(*END)[rows]
    count = int(first.sum())
    ended_at = np.full(count, NOT_SAID, np.int64)
    ended_at[number] = np.where(ended, at, NOT_SAID)  # the last event of a contract is written last
    told = np.where(np.isnan(view.numbers("recurring_amount")[rows]), -1, np.arange(len(rows)))
    starts = np.flatnonzero(first)[number] if count else number
    amount = np.maximum.accumulate(told) if len(told) else told
    return Contracts(
        view, rows, at, number, active, ended, view.unit[rows[first]], at[first], ended_at,
        np.where(amount >= starts, amount, -1),
    )  # fmt: skip

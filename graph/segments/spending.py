"""What customers have spent, for segments: in one currency, or where no rates are given each customer in their own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graph.figures.figure import LEAST_SAMPLE, NoFigure
from graph.figures.money import Revenue, revenue, revenue_of, revenue_rows
from graph.journeys.journeys import Journeys
from graph.journeys.view import View
from graph.segments.rules import Condition


@dataclass(frozen=True, slots=True)
class Spending:
    """By payment whose it is, when, and the amount; `currency_of` is by customer, all alike where amounts compare.

    `currency` is the one that all amounts are in, None where they are of several, or say none.
    """

    unit: NDArray[np.int64]
    at: NDArray[np.int64]
    amount: NDArray[np.float64]
    currency_of: NDArray[np.int64]
    currency: str | None
    left_out: tuple[tuple[str, int], ...] = ()
    """Currencies in which some paid what is not counted, and how many they are, the most first."""


def is_in_one_currency(journeys: Journeys) -> bool:
    """Whether all revenue compares, of those who have changed and of those who have not, each told apart."""
    said = [found for found in (spending(journeys.settled), spending(journeys.later)) if len(found.amount)]
    return all(found.currency is not None and found.currency == said[0].currency for found in said)


def not_counted(condition: Condition, journeys: Journeys) -> str | None:
    """What a condition over revenue leaves out for want of rates, in words; None where it leaves nothing out."""
    if all(leaf.metric != "revenue" for leaf in condition.leaves):
        return None
    apart = (spending(journeys.settled), spending(journeys.later))
    if is_in_one_currency(journeys) and not any(each.left_out for each in apart):
        return None
    found = spending(journeys)
    told = []
    if found.currency is None:
        told.append(
            "Customers pay in several currencies that [currency] of rules.toml does not convert: each is measured in "
            "the one that they pay most often in, and ranked among those who pay in it too."
        )
    if found.left_out:
        others = ", ".join(
            f"{currency} ({f'fewer than {LEAST_SAMPLE}' if many < LEAST_SAMPLE else f'{many:,}'} customers)"
            for currency, many in found.left_out
        )
        told.append(f"Not counted, for want of a rate, is what some paid in {others}.")
    return " ".join(told) or None


def spending(journeys: Journeys) -> Spending:
    """All revenue, as rules.toml has it. Currencies without a rate are never added up or compared.

    What has no rate into the currency of the reports is left out. Without such a currency each customer's revenue is
    that in the currency they pay most often in, and they are compared with those who pay in it too.
    """
    return journeys.once("spending", lambda: _spending(journeys))


def _spending(journeys: Journeys) -> Spending:
    view = journeys.view()
    try:
        found = revenue(view)
        return _together([found], np.zeros(len(journeys.customers), np.int64), found.currency)
    except NoFigure:
        pass
    paid, currency = _payments(view), view.coded("currency")
    rules = journeys.rules.currency
    if rules.reporting is not None:
        # What says no currency is taken to be in that of the reports, as everywhere.
        has_rate = (currency.codes < 0) | currency.among(rules.reporting, *rules.rates)
        alike = np.zeros(len(journeys.customers), np.int64)
        told = _together([revenue_of(view.where(has_rate))], alike, rules.reporting)
        return replace(told, left_out=_left_out(view, paid[~has_rate[paid]]))
    own = _own_currency(view, paid)
    in_own = currency.codes == own[view.unit]
    parts = [revenue_of(view.where(in_own & (currency.codes == code))) for code in np.unique(own[own >= 0])]
    return replace(_together(parts, own + 1), left_out=_left_out(view, paid[~in_own[paid]]))


def _payments(view: View) -> NDArray[np.int64]:
    """The rows of revenue that say an amount and a currency."""
    rows, _ = revenue_rows(view)
    return rows[~np.isnan(view.numbers("amount")[rows]) & (view.coded("currency").codes[rows] >= 0)]


def _left_out(view: View, rows: NDArray[np.int64]) -> tuple[tuple[str, int], ...]:
    currency = view.coded("currency")
    pairs = np.unique(currency.codes[rows].astype(np.int64) << 32 | view.unit[rows])
    people = np.bincount(pairs >> 32, minlength=len(currency.values))
    told = [(currency.values[code], int(people[code])) for code in np.flatnonzero(people)]
    return tuple(sorted(told, key=lambda each: (-each[1], each[0])))


def _own_currency(view: View, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """By customer, the code of the currency that most of these payments are in; -1 where they have none."""
    currency = view.coded("currency")
    many = max(1, len(currency.values))
    pairs, counts = np.unique(view.unit[rows].astype(np.int64) * many + currency.codes[rows], return_counts=True)
    own = np.full(len(view.members), -1, np.int64)
    order = np.argsort(counts, kind="stable")  # of several the most frequent is written last
    own[pairs[order] // many] = pairs[order] % many
    return own


def _together(parts: list[Revenue], currency_of: NDArray[np.int64], currency: str | None = None) -> Spending:
    return Spending(
        np.concatenate([np.zeros(0, np.int64), *(part.unit for part in parts)]),
        np.concatenate([np.zeros(0, np.int64), *(part.at for part in parts)]),
        np.concatenate([np.zeros(0), *(part.values for part in parts)]),
        currency_of,
        currency,
    )

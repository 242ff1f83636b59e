"""What customers have spent, for segments: in one currency, or where no rates are given each customer in their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.figures.figure import NoFigure
from graph.figures.money import Revenue, revenue, revenue_of
from graph.journeys.journeys import Journeys
from graph.journeys.view import View


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


def is_in_one_currency(journeys: Journeys) -> bool:
    """Whether all revenue compares, of those who have changed and of those who have not, each told apart."""
    said = [found for found in (spending(journeys.settled), spending(journeys.later)) if len(found.amount)]
    return all(found.currency is not None and found.currency == said[0].currency for found in said)


def spending(journeys: Journeys) -> Spending:
    """All revenue, as rules.toml has it. Currencies without a rate are never added up or compared.

    Then each customer's revenue is that in the currency they pay most often in, and they are compared with those who
    pay in it too.
    """
    return journeys.once("spending", lambda: _spending(journeys))


def _spending(journeys: Journeys) -> Spending:
    view = journeys.view()
    try:
        found = revenue(view)
        return _together([found], np.zeros(len(journeys.customers), np.int64), found.currency)
    except NoFigure:
        pass
    own, currency = _own_currency(view), view.coded("currency").codes
    parts = []
    for code in np.unique(own[own >= 0]):
        try:
            parts.append(revenue_of(view.where((currency == code) & (own[view.unit] == code))))
        except NoFigure:  # it has no rate into the currency of the reports
            continue
    return _together(parts, own + 1)


def _own_currency(view: View) -> NDArray[np.int64]:
    """By customer, the code of the currency that most of their amounts are in; -1 where they have none."""
    currency = view.coded("currency")
    rows = np.flatnonzero(~np.isnan(view.numbers("amount")) & (currency.codes >= 0))
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

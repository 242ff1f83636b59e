"""What customers spent, as their orders tell it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.journeys.view import View


@dataclass(frozen=True, slots=True)
class Spent:
    """By payment its row in the view, and the amount in `currency`; money given back is below 0."""

    rows: NDArray[np.int64]
    amount: NDArray[np.float64]
    currency: str | None
    coverage: float
    """The share of payments that are in this currency."""


def spent(view: View) -> Spent:
    """Orders less what was refunded, in the currency that occurs most often; other currencies are not added to it."""
    amount = view.numbers("amount")
    placed, refunded = view.kinds("order.placed"), view.kinds("order.refunded")
    rows = np.flatnonzero((placed | refunded) & ~np.isnan(amount))
    currency = view.coded("currency").take(rows)
    known = currency.codes >= 0
    if not known.any():
        return Spent(rows[:0], amount[rows[:0]], None, 0.0 if len(rows) else 1.0)
    main = int(np.bincount(currency.codes[known]).argmax())
    chosen = rows[currency.codes == main]
    signed = np.where(refunded[chosen], -np.abs(amount[chosen]), amount[chosen])
    return Spent(chosen, signed, currency.values[main], len(chosen) / len(rows))

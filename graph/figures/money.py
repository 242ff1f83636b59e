"""Money: amounts of interactions in one currency, and which of them are revenue.

Revenue has one source (`revenue_source` of rules.toml): a won deal and its order are not two revenues. Amounts of
other currencies are converted by the rates of `[currency]`, or nothing is told: they are never summed in silence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.figures.figure import NoFigure, Unavailable, once_of_all
from graph.journeys.part import Coded
from graph.journeys.view import Mask, View
from graph.rules import Rules

_KINDS = {
    "orders": (("order.placed",), ("order.refunded", "order.cancelled")),
    "invoices": (("invoice.paid",), ("invoice.refunded",)),
    "deals": (("deal.won",), ()),
}
"""By revenue source: the kinds that are revenue, and those that take some back."""


@dataclass(frozen=True, slots=True)
class Money:
    """`values` float64 in `currency`; None where no amount says one."""

    values: NDArray[np.float64]
    currency: str | None


@dataclass(frozen=True, slots=True)
class Revenue:
    """By row of `view.whole`, in order: `rows` their places, `purchase` whether it is one (else it takes back)."""

    rows: NDArray[np.int64]
    unit: NDArray[np.int32]
    at: NDArray[np.int64]
    values: NDArray[np.float64]
    purchase: Mask
    currency: str | None


def money(amounts: NDArray[np.float64], currencies: Coded, rules: Rules) -> Money:
    """Amounts in one currency; NaN stays NaN.

    NoFigure: they are of several currencies and not all of them can be converted.
    """
    said = ~np.isnan(amounts)
    used = np.unique(currencies.codes[said])
    reporting = rules.currency.reporting
    if reporting is None:
        if len(used) > 1:
            raise NoFigure(Unavailable.MIXED_CURRENCIES, _mixed(used, currencies, "one currency"))
        return Money(amounts, currencies.values[used[0]] if len(used) and used[0] >= 0 else None)
    rates = np.full(len(currencies.values) + 1, np.nan)
    rates[-1] = 1.0  # an amount that says none is taken to be in the reporting currency
    for code, name in enumerate(currencies.values):
        rates[code] = 1.0 if name == reporting else rules.currency.rates.get(name, np.nan)
    if np.isnan(rates[used]).any():
        without = used[np.isnan(rates[used])]
        raise NoFigure(Unavailable.MIXED_CURRENCIES, _mixed(without, currencies, reporting))
    return Money(amounts * rates[currencies.codes], reporting)


def revenue(view: View) -> Revenue:
    """All revenue of `view.whole`, less what was given back; a cancelled order takes back what it was placed for."""
    return once_of_all(view, "revenue", lambda: revenue_of(view.whole))


def revenue_rows(view: View) -> tuple[NDArray[np.int64], Mask]:
    """The rows that are revenue or take some back, and which of them are purchases."""
    given, back = _KINDS[view.journeys.rules.revenue_source]
    purchase = view.kinds(*given)
    rows = np.flatnonzero(purchase | view.kinds(*back) if back else purchase)
    return rows, purchase[rows]


def revenue_of(view: View) -> Revenue:
    """The same of the rows of this view alone, kept nowhere."""
    rules = view.journeys.rules
    rows, bought = revenue_rows(view)
    said = _saying_the_amount(view, rows) if rules.revenue_source == "orders" else rows
    found = money(view.numbers("amount")[said], view.coded("currency").take(said), rules)
    signed = np.where(np.isnan(found.values), 0.0, np.where(bought, found.values, -np.abs(found.values)))
    return Revenue(rows, view.unit[rows], view.at[rows], signed, bought, found.currency)


def _saying_the_amount(view: View, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """By row, the row that says its amount: of a cancellation that says none that of the order."""
    bare = view.kinds("order.cancelled")[rows] & np.isnan(view.numbers("amount")[rows])
    order, placed = view.coded("order").codes[rows], view.kinds("order.placed")[rows]
    placed_row = np.full(int(order.max(initial=-1)) + 2, -1, np.int64)
    placed_row[order[placed]] = rows[placed]
    placed_row[-1] = -1  # of those that name no order
    found = placed_row[order]
    return np.where(bare & (found >= 0), found, rows)


def _mixed(used: NDArray[np.int32], currencies: Coded, target: str) -> str:
    names = sorted("(unsaid)" if code < 0 else currencies.values[code] for code in used)
    return (
        f"Amounts in {', '.join(names)} cannot be summed in {target}: name `reporting` and a rate for each "
        "in [currency] of rules.toml."
    )

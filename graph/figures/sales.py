"""Sales: how many deals are won, how large, how fast, and how many leads become customers."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from graph.estimates.average import mean, quantile
from graph.estimates.proportion import proportion
from graph.figures.figure import Figure, KpiUnit, NoFigure, Unavailable, kpi, none
from graph.figures.money import money
from graph.figures.scope import Scope
from graph.figures.tickets import within
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask, Unit, View

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Deals:
    """One row a deal; moments are epoch milliseconds, NOT_SAID where it has not come to that.

    A deal counts once, for whom it began with; with an event filter, where its first interaction fits.
    """

    first_row: NDArray[np.int64]
    unit: NDArray[np.int32]
    opened_at: NDArray[np.int64]
    closed_at: NDArray[np.int64]
    won: Mask
    amount_row: NDArray[np.int64]
    """The place in `view.whole` of the interaction that told its amount last; −1 where none did."""

    def where(self, chosen: Mask) -> Deals:
        """Only these."""
        if chosen.all():
            return self
        rows = np.flatnonzero(chosen)  # once, and not anew for each column
        return Deals(*(getattr(self, column.name)[rows] for column in fields(self)))

    def __len__(self) -> int:
        return len(self.unit)


def deals(scope: Scope) -> Deals:
    """All deals of whom it is about, as of now."""
    whole = scope.view.whole
    found: Deals = whole.once("deals", lambda: _deals(whole))
    return scope.view.once(("deals", scope.only), lambda: found.where(scope.fitting()[found.first_row]))


@kpi(
    "win_rate",
    "Win rate",
    KpiUnit.PERCENT,
    numerator="of these, deals that were won",
    denominator="deals that were won or lost in the period",
    source="CRM practice; interval: Wilson 1927",
)
def win_rate(scope: Scope) -> Figure:
    """The share of decided deals that were won."""
    closed = _closed(scope)
    return Figure.of(proportion(int(closed.won.sum()), len(closed)), factor=100)


@kpi(
    "sales_cycle_median",
    "Sales cycle, median",
    KpiUnit.DAYS,
    numerator="days from the opening of a deal until it is won",
    denominator="deals won in the period",
    source="CRM practice; interval: order statistics (Conover)",
    higher_is_better=False,
)
def sales_cycle_median(scope: Scope) -> Figure:
    """The time within which half of the won deals were won."""
    return Figure.of(quantile(_cycle(_won(scope)), 0.5))


@kpi(
    "deal_value",
    "Value of a won deal",
    KpiUnit.MONEY,
    numerator="amounts of deals won in the period",
    denominator="deals won in the period that say an amount",
    source="CRM practice; interval: Student's t",
)
def deal_value(scope: Scope) -> Figure:
    """What a won deal is worth on average."""
    values, currency = _values(scope, _won(scope))
    return Figure.of(mean(values)).in_currency(currency)


@kpi(
    "sales_velocity",
    "Sales velocity",
    KpiUnit.MONEY,
    numerator="deals opened in the period × mean value of a won deal × win rate",
    denominator="mean sales cycle in days",
    source="CRM practice",
)
def sales_velocity(scope: Scope) -> Figure:
    """What the pipeline is worth a day: opportunities × value × win rate ÷ cycle. Each factor has an interval of its
    own; their product has none."""
    won, closed = _won(scope), _closed(scope)
    opened = int(within(deals(scope).opened_at, scope).sum())
    values, currency = _values(scope, won)
    if len(values) < 5:
        return Figure.of(mean(values))
    cycle = float(_cycle(won).mean())
    if cycle == 0:
        return none(Unavailable.NOT_ESTIMABLE, "All deals are won the moment they are opened: there is no cycle.")
    velocity = opened * float(values.mean()) * (len(won) / len(closed)) / cycle
    note = f"{opened} opened × {values.mean():.2f} × {len(won) / len(closed):.1%} won ÷ {cycle:.1f} days."
    return Figure.counted(velocity, len(closed), currency=currency).noting(note)


@kpi(
    "lead_conversion",
    "Leads that became customers",
    KpiUnit.PERCENT,
    numerator="of these, those who became customers within `[retention] conversion_days` of being leads",
    denominator="those who became leads in the period (by unit), and whose days are over",
    source="CRM practice; interval: Wilson 1927",
)
def lead_conversion(scope: Scope) -> Figure:
    """The share of a period's leads who became customers in time. Coverage is the share of leads of whom it can be
    told yet. Stages are those of rules.toml."""
    lead, customer = reached(scope, "lead"), reached(scope, "customer")
    until = lead + scope.rules.retention.conversion_days * _DAY_MS
    mine = scope.members() & (lead != NOT_SAID) & within(lead, scope)
    mature = mine & (until <= scope.now_ms)
    if mine.any() and not mature.any():
        return none(Unavailable.IMMATURE, "None of the period's leads is old enough.", int(mine.sum()))
    became = mature & (customer != NOT_SAID) & (customer >= lead) & (customer <= until)
    figure = Figure.of(proportion(int(became.sum()), int(mature.sum())), factor=100)
    return figure.covering(float(mature.sum() / mine.sum()) if mine.any() else 1.0)


KPIS = (win_rate, sales_cycle_median, deal_value, sales_velocity, lead_conversion)


def reached(scope: Scope, stage: str) -> NDArray[np.int64]:
    """By unit, when they first reached a stage (epoch milliseconds), as of now; NOT_SAID of who did not.

    NoFigure: rules.toml has no such stage.
    """
    if stage not in {each.name for each in scope.rules.stage}:
        raise NoFigure(Unavailable.NOT_CONFIGURED, f"rules.toml has no [[stage]] '{stage}'.")
    view = scope.view.whole
    return view.once(("reached", stage), lambda: _reached(view, stage))


def _reached(view: View, stage: str) -> NDArray[np.int64]:
    journeys = view.journeys
    part = journeys.stages
    at = part.moments("at")
    unit = journeys.whose(part)
    if view.unit_of is Unit.ACCOUNT:
        unit = np.where(unit >= 0, journeys.account_of[unit], -1) if len(unit) else unit
    rows = np.flatnonzero(part.coded("stage").among(stage) & (unit >= 0) & (at <= view.as_of))
    rows = rows[np.argsort(at[rows], kind="stable")][::-1]
    first = np.full(len(view.members), NOT_SAID, np.int64)
    first[unit[rows]] = at[rows]  # of several the earliest is written last
    return first


def _deals(view: View) -> Deals:
    deal = view.coded("deal").codes
    kind = view.coded("kind")
    own = kind.among("deal.created", "deal.stage_changed", "deal.won", "deal.lost")
    rows = np.flatnonzero((deal >= 0) & own)
    ending = kind.among("deal.won", "deal.lost")[rows]
    rows = rows[np.lexsort((ending, view.moments("sequence")[rows], view.at[rows], deal[rows]))]
    of, at = deal[rows], view.at[rows]
    first = np.concatenate([[True], of[1:] != of[:-1]]) if len(of) else np.zeros(0, np.bool_)
    number = np.cumsum(first) - 1
    count = int(first.sum())
    won, ends = kind.among("deal.won")[rows], kind.among("deal.won", "deal.lost")[rows]
    last = np.flatnonzero(np.concatenate([first[1:], [True]])) if count else np.zeros(0, np.int64)
    told = np.where(np.isnan(view.numbers("amount")[rows]), -1, rows)
    amount = np.full(count, -1, np.int64)
    amount[number[told >= 0]] = told[told >= 0]
    return Deals(
        rows[first], view.unit[rows[first]], at[first], np.where(ends[last], at[last], NOT_SAID), won[last], amount
    )


def _closed(scope: Scope) -> Deals:
    found = deals(scope)
    return found.where(within(found.closed_at, scope))


def _won(scope: Scope) -> Deals:
    closed = _closed(scope)
    return closed.where(closed.won)


def _cycle(won: Deals) -> NDArray[np.float64]:
    return np.asarray((won.closed_at - won.opened_at) / _DAY_MS, dtype=np.float64)


def _values(scope: Scope, of: Deals) -> tuple[NDArray[np.float64], str | None]:
    view = scope.view.whole
    rows = of.amount_row[of.amount_row >= 0]
    found = money(view.numbers("amount")[rows], view.coded("currency").take(rows), scope.rules)
    return found.values, found.currency

"""What each customer is still worth, as one column: contracts by their renewals, buyers by their purchases."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from graph.estimates.buying import Buying, fit_buying
from graph.estimates.contract import Contract, fit_contract, renewals_of_contracts
from graph.estimates.estimate import EstimateError
from graph.estimates.lifetime_value import (
    DAYS_A_MONTH,
    LifetimeValue,
    expected_spend_or_average,
    value_by_survival,
    value_of_contracts,
    value_without_contract,
)
from graph.estimates.spending import Spending, correlation, fit_spending
from graph.estimates.survival import Survival, kaplan_meier
from graph.figures.contracts import Contracts, contracts, months_of
from graph.figures.figure import NoFigure, Unavailable
from graph.figures.money import revenue
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask, View

_DAY_MS = 86_400_000
_MONTH_MS = DAYS_A_MONTH * _DAY_MS
RELATED = 0.2
"""A correlation from which on it is told."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Histories:
    """By buyer: the unit, and what BG/NBD and Gamma-Gamma want, in days and in the currency."""

    unit: NDArray[np.int64]
    repeats: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    average: NDArray[np.float64]

    @property
    def columns(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        return self.repeats, self.recency, self.age


@dataclass(frozen=True, slots=True)
class BuyersModel:
    """What the values of buyers were made with: models fitted to `everybody`, applied to who `bought`."""

    buying: Buying
    spending: Spending
    everybody: Histories
    bought: Histories
    value: LifetimeValue
    margin: float


@dataclass(frozen=True, slots=True)
class ContractsModel:
    """What the values of contracts of `months` a period were made with; `contract` is None where a survival curve was.

    It was fitted to contracts of `seen` units that lasted `periods`; those that stand are of `unit`, in their `period`,
    renewed after `wait` months, worth `paid` margin each time.
    """

    contract: Contract | None
    months: int
    seen: NDArray[np.int64]
    periods: NDArray[np.float64]
    ended: Mask
    unit: NDArray[np.int64]
    period: NDArray[np.float64]
    wait: NDArray[np.float64]
    paid: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Worth:
    """Columns by unit of the whole view; `values` in `currency`, 0 of who is neither a buyer nor under contract."""

    values: NDArray[np.float64]
    alive: NDArray[np.float64]
    """How likely each stays: of buyers that they are still customers, of contracts that the next renewal comes."""
    buyers: Mask
    contracted: Mask
    currency: str | None
    note: str
    """Margin, horizon, discount rate, methods, and what has to be known of them."""
    key: tuple[Hashable, ...]
    """By what it is kept in the view."""
    of_buyers: BuyersModel | None
    of_contracts: tuple[ContractsModel, ...]

    @property
    def known(self) -> Mask:
        """Of whom there is a value."""
        return self.buyers | self.contracted


def worth(scope: Scope, margin: float | None = None) -> Worth:
    """The residual value of each at the end of the period, or now if it is not over; worked out once a day.

    NoFigure: no margin is given in rules.toml (or here), amounts of mixed currencies, nobody who bought.
    """
    kept = scope.rules.value.margin if margin is None else margin
    if kept is None:
        raise NoFigure(
            Unavailable.NOT_CONFIGURED,
            "Lifetime value is of margin, not of revenue: write margin = 0.3 (or yours) in [value] of rules.toml.",
        )
    view = scope.view.whole
    today = midnight(scope, scope.now_ms)
    moment = midnight(scope, min(scope.period.end_ms, scope.now_ms))
    return view.once(("worth", today, moment, kept), lambda: _worth(scope, view, today, moment, kept))


def _worth(scope: Scope, view: View, today: int, moment: int, margin: float) -> Worth:
    size, rules = len(view.members), scope.rules
    values, alive = np.zeros(size), np.zeros(size)
    contracted, buyers = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    told, currencies = [], set()
    of_buyers: BuyersModel | None = None
    of_contracts: list[ContractsModel] = []
    try:
        found: Contracts | None = contracts(scope)
    except NoFigure:
        found = None
    if found is not None and found.standing_at(moment).any():
        note, currency = _of_contracts(found, scope, (today, moment, margin), (values, alive, contracted), of_contracts)
        told.append(note)
        currencies.add(currency)
    bought = _histories(view, moment)
    if rules.revenue_source != "orders":
        kept = ~contracted[bought.unit]
        bought = Histories(*(getattr(bought, name)[kept] for name in Histories.__slots__))
    if len(bought.unit):
        of_buyers = _of_buyers(bought, scope, (today, margin), (values, alive))
        buyers[bought.unit] = ~contracted[bought.unit]
        told.append(f"purchases by {of_buyers.value.method}{_unless_related(bought)}")
        currencies.add(revenue(view).currency)
    if not told:
        raise NoFigure(Unavailable.NO_DATA_IN_PERIOD, "Nobody has bought or is under contract.")
    if len(currencies) > 1:
        raise NoFigure(
            Unavailable.MIXED_CURRENCIES,
            f"Contracts and purchases are in {' and '.join(sorted(map(str, currencies)))}: name `reporting` and rates "
            "in [currency] of rules.toml.",
        )
    given = rules.value
    terms = f"Margin {margin:.0%}, {given.horizon_months} months, discounted at {given.discount_rate:.1%} a year"
    return Worth(
        values,
        alive,
        buyers,
        contracted,
        currencies.pop(),
        f"{terms}; {'; '.join(told)}.",
        (today, moment, margin),
        of_buyers,
        tuple(of_contracts),
    )


def _of_buyers(
    bought: Histories, scope: Scope, terms: tuple[int, float], into: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> BuyersModel:
    today, margin = terms
    values, alive = into
    view, rules = scope.view.whole, scope.rules.value
    everybody = _histories(view, today)
    buying: Buying = _fitted(view, ("buying", today), lambda: fit_buying(*everybody.columns))
    spending: Spending = _fitted(
        view, ("spending", today), lambda: fit_spending(everybody.repeats + 1, everybody.average)
    )
    spend = expected_spend_or_average(spending, bought.repeats + 1, bought.average)
    found = value_without_contract(buying, bought.columns, spend, margin, rules.horizon_months, rules.discount_rate)
    values[bought.unit] += found.values
    # Who is under contract is alive as the contract tells.
    alive[bought.unit] = np.where(alive[bought.unit] > 0, alive[bought.unit], buying.alive(*bought.columns))
    return BuyersModel(buying, spending, everybody, bought, found, margin)


def _unless_related(bought: Histories) -> str:
    """What has to be known where the assumption of Gamma-Gamma does not hold."""
    related = correlation(bought.repeats + 1, bought.average)
    if related is None or related.low is None or related.high is None or abs(related.value) < RELATED:
        return ""
    if related.low <= 0 <= related.high:
        return ""
    return f", whose assumption that how often and for how much are unrelated does not hold (r = {related.value:.2f})"


def _of_contracts(
    found: Contracts,
    scope: Scope,
    terms: tuple[int, int, float],
    into: tuple[NDArray[np.float64], NDArray[np.float64], Mask],
    models: list[ContractsModel],
) -> tuple[str, str | None]:
    today, moment, margin = terms
    values, alive, contracted = into
    rules, methods, cut_short = scope.rules.value, set(), 0
    standing = found.standing_at(moment)
    contracted[found.unit[standing]] = True
    monthly = found.worth_at(moment) * margin
    months = _billing_months(found)
    ended = (found.ended_at != NOT_SAID) & (found.ended_at < today)
    begun = found.started_at < today
    lasted = (np.where(ended, found.ended_at, today) - found.started_at) / _MONTH_MS
    for each in np.unique(months[standing]):
        seen, now = begun & (months == each), standing & (months == each)
        age = (moment - found.started_at[now]) / _MONTH_MS
        periods = _periods_begun(lasted[seen], ended[seen], float(each))
        period = np.floor(age / each) + 1
        wait, paid = period * each - age, monthly[now] * each
        contract: Contract | None = None
        try:
            fit = partial(_contract, periods, ended[seen])
            contract = _fitted(scope.view.whole, ("contract", today, int(each)), fit)
            told = value_of_contracts(
                contract, period, wait, paid, rules.horizon_months, rules.discount_rate, int(each)
            )
            stays = contract.retention(period)
        except EstimateError:
            curve: Survival | None = kaplan_meier(lasted[seen], ended[seen])
            assert curve is not None  # some stand, so that some were seen
            told = value_by_survival(curve, age, monthly[now], rules.horizon_months, rules.discount_rate)
            here = curve.share_at(age)
            stays = np.where(here > 0, curve.share_at(age + each) / np.where(here > 0, here, 1.0), 0.0)
        fitted_to = found.unit[seen], periods, ended[seen]
        models.append(ContractsModel(contract, int(each), *fitted_to, found.unit[now], period, wait, paid))
        methods.add(told.method)
        cut_short += told.cut_short
        np.add.at(values, found.unit[now], told.values)
        # Of several contracts the one that is surest to go on.
        np.maximum.at(alive, found.unit[now], stays)
    note = f"contracts by {' and '.join(sorted(methods))}"
    if cut_short:
        note += f", of {cut_short} not to the end of the horizon, because no contract is known so long"
    return note, found.monthly().currency


def _contract(periods: NDArray[np.float64], ended: Mask) -> Contract:
    return fit_contract(renewals_of_contracts(periods, ended))


def _periods_begun(lasted: NDArray[np.float64], ended: Mask, months: float) -> NDArray[np.float64]:
    periods = np.floor(lasted / months) + 1
    # Who leaves at the end of a period leaves within it, to the day.
    exactly = ended & (periods > 1) & (lasted / months - np.floor(lasted / months) < 1 / DAYS_A_MONTH)
    begun: NDArray[np.float64] = periods - exactly
    return begun


def _billing_months(found: Contracts) -> NDArray[np.float64]:
    """By contract, how many whole months it is renewed for; at least one."""
    view = found.view
    told = np.flatnonzero(view.coded("billing_period").codes[found.rows] >= 0)
    months = np.ones(found.count)
    months[found.number[told]] = months_of(view.coded("billing_period").take(found.rows[told]))
    whole: NDArray[np.float64] = np.maximum(np.round(np.nan_to_num(months, nan=1.0)), 1.0)
    return whole


def _histories(view: View, moment: int) -> Histories:
    """Purchases before a moment, by the days on which each bought."""

    def made() -> Histories:
        told = revenue(view)
        before = told.at < moment
        size = len(view.members)
        bought = before & told.purchase
        day = told.at[bought] // _DAY_MS
        begin = int(day.min(initial=0))  # below 0 where a source tells of a purchase before 1970
        pairs = np.unique(told.unit[bought].astype(np.int64) << 32 | (day - begin))
        unit, day = pairs >> 32, (pairs & 0xFFFFFFFF) + begin
        count = np.bincount(unit, minlength=size)
        who = np.flatnonzero(count)
        ends = np.cumsum(count[who])
        first, last = day[ends - count[who]], day[ends - 1]
        total = np.bincount(told.unit[before], weights=told.values[before], minlength=size)[who]
        today = max(moment // _DAY_MS, int(last.max(initial=0)))
        columns = (count[who] - 1, last - first, today - first, np.maximum(total / count[who], 0.0))
        return Histories(who, *(column.astype(np.float64) for column in columns))

    return view.once(("histories", moment), made)


def _fitted(view: View, key: tuple[Hashable, ...], fit: Callable[[], T]) -> T:
    """A fitted model of the day: also those who come later with newer journeys find it."""
    return view.journeys.fits.once((view.unit_of, *key), fit)


def midnight(scope: Scope, moment_ms: int) -> int:
    """The beginning of its day in the reporting time zone: all who ask within a day are told the same."""
    zone = ZoneInfo(scope.rules.calendar.reporting_timezone)
    day = datetime.fromtimestamp(moment_ms / 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(day.timestamp() * 1000)

"""What customers are still worth: the present value of the margin that is expected of them within a horizon.

Value is of the future; what was earned in the past is another figure. All rates are stated with the result: the margin
is a share of revenue (without contracts) or an amount a payment (with contracts), the discount rate is a year's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from graph.estimates.buying import Buying
from graph.estimates.columns import FloatArray, finite, not_negative, same_length
from graph.estimates.contract import Contract
from graph.estimates.estimate import EstimateError
from graph.estimates.spending import Spending
from graph.estimates.survival import Survival

DAYS_A_MONTH = 365.25 / 12
"""For models whose unit of time is the day; a model of weeks has a seventh of it."""
_STEP = 0.01
_TIMES = 5


@dataclass(frozen=True, slots=True)
class LifetimeValue:
    """values float64[customers], in the currency; their sum is the equity of these customers.

    `cut_short` counts customers of whom nothing is known to the end of the horizon, so that their value is too low.
    """

    values: FloatArray
    months: int
    discount_rate: float
    method: str
    cut_short: int = 0

    @property
    def total(self) -> float:
        return float(self.values.sum())


def value_without_contract(
    buying: Buying,
    histories: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    spend: npt.ArrayLike,
    margin: float,
    months: int,
    discount_rate: float,
    month: float = DAYS_A_MONTH,
) -> LifetimeValue:
    """Σ over months k of (E[purchases to k] − E[purchases to k − 1]) · spend · margin / (1 + d)^(k/12).

    `histories` are repeats, recency and age as of `Buying`, `spend` float[n] what a purchase of each is worth (from
    `expected_spend`), `margin` the share of it that is kept, `month` its length in the model's unit of time. Each
    month's margin is discounted from the month's end. Fader, Hardie and Lee 2005 (JMR 42), with a horizon.

    EstimateError: columns that cannot be; months below 1, a rate of −1 or less, or a margin that is not of (0, 1].
    """
    worth = not_negative("spend", spend)
    if not 0 < margin <= 1:
        raise EstimateError(
            f"A margin of {margin:g} is no share of revenue. Give one above 0 and up to 1, such as 0.3."
        )
    _check(months, discount_rate)
    repeats, recency, age = (np.asarray(column, dtype=np.float64) for column in histories)
    same_length(repeats=repeats, spend=worth)
    times = [(k * month, weight) for k, weight in enumerate(_weights(months, discount_rate).tolist(), start=1)]
    expected = buying.weighed_purchases(times, repeats, recency, age)
    return LifetimeValue(expected * worth * margin, months, discount_rate, "BG/NBD × Gamma-Gamma")


def slopes_of_value(
    buying: Buying,
    spending: Spending,
    histories: tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike],
    paid: tuple[npt.ArrayLike, npt.ArrayLike],
    value: LifetimeValue,
    margin: float,
    month: float = DAYS_A_MONTH,
) -> tuple[FloatArray, FloatArray]:
    """float64[n, 4] and [n, 3]: by how much each `value` rises with the logarithms of both models' parameters.

    `value` is that of `value_without_contract`, whose spend is `expected_spend_or_average` of `paid`, purchases and
    their average. Expected purchases are differenced (central, ±1 %) at five times, and the polynomial through them
    stands for the months: slopes are smooth in time, and good to a thousandth.

    EstimateError: columns that cannot be.
    """
    count, worth = _as_known(*paid)
    spend = spending.expected_spend(count, worth) * margin
    logs = buying.logarithms()
    of_buying = np.zeros((worth.size, logs.size))
    times = [(time * month, weight) for time, weight in _few_times(value.months, value.discount_rate)]
    for number, step in enumerate(np.eye(logs.size) * _STEP):
        more, less = (
            buying.with_logarithms(at).weighed_purchases(times, *histories) for at in (logs + step, logs - step)
        )
        of_buying[:, number] = (more - less) / (2 * _STEP) * spend
    return of_buying, spending.spend_slopes(count, worth) * value.values[:, None]


def _few_times(months: int, discount_rate: float) -> list[tuple[float, float]]:
    """Months from today and weights, so that Σ weight · f(month) is Σ (f(k) − f(k − 1)) / (1 + d)^(k/12), f(0) = 0."""
    by_month = _weights(months, discount_rate)
    if months <= _TIMES:
        return [(float(k + 1), float(weight)) for k, weight in enumerate(by_month)]
    # Chebyshev's points without 0, where f is 0; powers 1 to _TIMES of the share of the horizon.
    points = (1 - np.cos(np.pi * np.arange(1, _TIMES + 1) / _TIMES)) / 2
    powers = np.arange(1, _TIMES + 1)[:, None]
    weights = np.linalg.solve(points**powers, ((np.arange(1, months + 1) / months) ** powers * by_month).sum(axis=1))
    return [(float(point * months), float(weight)) for point, weight in zip(points, weights, strict=True)]


def _weights(months: int, discount_rate: float) -> FloatArray:
    """float64[months]: of each month, what f(month) counts in Σ (f(k) − f(k − 1)) / (1 + d)^(k/12), f(0) = 0."""
    discount = np.append((1 + discount_rate) ** (-np.arange(1, months + 1) / 12), 0.0)
    return np.asarray(discount[:-1] - discount[1:], dtype=np.float64)


def slopes_of_contracts(
    contract: Contract,
    period: npt.ArrayLike,
    until_renewal: npt.ArrayLike,
    margin: npt.ArrayLike,
    months: int,
    discount_rate: float,
    months_a_period: int = 1,
) -> FloatArray:
    """float64[n, 2]: by how much each value of `value_of_contracts` rises with the logarithms of alpha and beta.

    EstimateError: as of `value_of_contracts`.
    """
    logs = np.log([contract.alpha, contract.beta])

    def values(at: FloatArray) -> FloatArray:
        moved = replace(contract, alpha=float(np.exp(at[0])), beta=float(np.exp(at[1])))
        return value_of_contracts(moved, period, until_renewal, margin, months, discount_rate, months_a_period).values

    steps = np.eye(logs.size) * _STEP
    return np.stack([(values(logs + step) - values(logs - step)) / (2 * _STEP) for step in steps], axis=1)


def expected_spend_or_average(spending: Spending, purchases: npt.ArrayLike, average: npt.ArrayLike) -> FloatArray:
    """float64[n]: `expected_spend`, where who has no purchase of a value counts as one of whom nothing is known.

    EstimateError: as of `expected_spend`.
    """
    return spending.expected_spend(*_as_known(purchases, average))


def _as_known(purchases: npt.ArrayLike, average: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    count, worth = not_negative("purchases", purchases), not_negative("average spend", average)
    same_length(purchases=count, average=worth)
    return np.where(worth > 0, count, 0.0), worth


def value_of_contracts(
    contract: Contract,
    period: npt.ArrayLike,
    until_renewal: npt.ArrayLike,
    margin: npt.ArrayLike,
    months: int,
    discount_rate: float,
    months_a_period: int = 1,
) -> LifetimeValue:
    """Σ over renewals within the horizon of P(renewed) · margin / (1 + d)^(months until then / 12), by sBG.

    `period` int[n] is the one each contract is in (1, 2, …), `until_renewal` float[n] the months until its next
    renewal, `margin` float[n] what is kept of each payment, in the currency. What is paid for already is not of the
    future.

    EstimateError: columns that cannot be; months or months_a_period below 1, a rate of −1 or less.
    """
    wait, kept = not_negative("until_renewal", until_renewal), finite("margin", margin)
    _check(months, discount_rate)
    if months_a_period < 1:
        raise EstimateError(
            f"A period of {months_a_period} months cannot be. Give 1 for monthly contracts, 12 for yearly."
        )
    tenure = finite("period", period)
    same_length(period=tenure, until_renewal=wait, margin=kept)
    most = -(-months // months_a_period)
    distinct, back = np.unique(tenure, return_inverse=True)
    renewed = contract.renewals(distinct, most)
    values = np.zeros(kept.size)
    for k in range(most):
        due = wait + k * months_a_period
        values += np.where(due < months, renewed[back, k] * (1 + discount_rate) ** (-due / 12), 0.0)
    return LifetimeValue(values * kept, months, discount_rate, "sBG × margin")


def value_by_survival(
    survival: Survival, age: npt.ArrayLike, margin: npt.ArrayLike, months: int, discount_rate: float
) -> LifetimeValue:
    """Σ over months k of S(age + k)/S(age) · margin / (1 + d)^(k/12), S a Kaplan–Meier curve whose unit is the month.

    `age` float[n] is how many months each has been a customer, `margin` float[n] what is kept of a month, in the
    currency. Beyond the last month that the curve knows nothing is counted: a value is then too low rather than
    invented, and `cut_short` counts the customers of whom that holds. Who is older than the whole curve is worth 0 by
    it.

    EstimateError: columns that cannot be; months below 1, a rate of −1 or less.
    """
    old, kept = not_negative("age", age), finite("margin", margin)
    same_length(age=old, margin=kept)
    _check(months, discount_rate)
    ends = survival.known_until()
    now = survival.share_at(old)
    there = (now > 0) & (old <= ends)
    base = np.where(there, now, 1.0)
    values = np.zeros(kept.size)
    for k in range(1, months + 1):
        known = there & (old + k <= ends)
        values += np.where(known, survival.share_at(old + k) / base, 0.0) * (1 + discount_rate) ** (-k / 12)
    cut_short = int(np.count_nonzero(old + months > ends))
    return LifetimeValue(values * kept, months, discount_rate, "Kaplan–Meier × margin", cut_short)


def _check(months: int, discount_rate: float) -> None:
    if months < 1:
        raise EstimateError(f"A horizon of {months} months has no value in it. Give 1 or more, such as 24.")
    if not -1 < discount_rate < float("inf"):
        raise EstimateError(
            f"A discount rate of {discount_rate:g} a year cannot be. Give a share, such as 0.1 for 10 %."
        )

"""Lifetime value, equity and inactivity: against lifetimes and the published curve, and by hand."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
from lifetimes import BetaGeoFitter, GammaGammaFitter  # type: ignore[import-untyped]

from graph.estimates.average import mean
from graph.estimates.estimate import Estimate
from graph.figures.figure import Figure, Unavailable
from graph.figures.lifetime import clv, customer_equity, expected_inactivity, historic_value, revenue_of_period
from graph.figures.rules import Value
from graph.figures.scope import Scope
from graph.figures.worth import worth
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.rules import Rules
from tests.journeys import Told, event, journeys, ms

RULES = Rules(value=Value(margin=0.3, horizon_months=12, discount_rate=0.1))
YEAR = Period(date(2025, 7, 1), date(2026, 7, 1))
TODAY = "2026-07-01"


def scope(table: Journeys, period: Period = YEAR) -> Scope:
    return Scope(table.view(as_of=ms(TODAY)), period, ms(TODAY))


@cache
def shop(begin: date = YEAR.first) -> Journeys:
    """400 buyers as BG/NBD has them: each at a rate of his own, and gone after a purchase with a chance of his own."""
    random = np.random.default_rng(7)
    told: list[Told] = []
    for number in range(400):
        rate, leaves = random.gamma(1.2, 1 / 40), random.beta(0.8, 3.0)
        worth = 20 * random.gamma(6) / 6
        day = float(random.integers(0, 300))
        while day < 365:
            at = begin + timedelta(days=int(day))
            amount = float(np.round(worth * random.gamma(6) / 6, 2))
            told.append(event(f"c{number:03d}", at.isoformat(), "order.placed", amount=amount, currency="EUR"))
            if random.random() < leaves:
                break
            day += random.exponential(1 / rate)
    return journeys(*told, rules=RULES)


def test_lifetime_value_is_that_of_the_reference_library() -> None:
    """`lifetimes` on the same purchases, with the same margin, horizon and discount: the mean and the sum agree."""
    view = shop().view()
    days = view.at // 86_400_000
    rows: dict[int, list[tuple[int, float]]] = {}
    for unit, day, amount in zip(view.unit, days, view.numbers("amount"), strict=True):
        rows.setdefault(int(unit), []).append((int(day), float(amount)))
    today = ms(TODAY) // 86_400_000
    histories = []
    for bought in rows.values():
        distinct = sorted({day for day, _ in bought})
        total = sum(amount for _, amount in bought)
        histories.append((len(distinct) - 1, distinct[-1] - distinct[0], today - distinct[0], total / len(distinct)))
    x, t, age, average = (np.array(column, float) for column in zip(*histories, strict=True))
    buying = BetaGeoFitter().fit(x, t, age)
    spending = GammaGammaFitter().fit(x + 1, average)
    spend = spending.conditional_expected_average_profit(x + 1, average)
    expected, before = np.zeros(len(x)), np.zeros(len(x))
    for month in range(1, 13):
        until = buying.conditional_expected_number_of_purchases_up_to_time(month * 365.25 / 12, x, t, age)
        expected += (until - before) * 1.1 ** (-month / 12)
        before = until
    reference = expected * spend * 0.3

    assert customer_equity.figure(scope(shop())).value == pytest.approx(reference.sum(), rel=5e-3)
    figure = clv.figure(scope(shop()))
    assert figure.value == pytest.approx(reference.mean(), rel=5e-3)
    assert figure.note is not None
    assert "Margin 30%, 12 months, discounted at 10.0% a year" in figure.note
    gone = 100 * (1 - buying.conditional_probability_alive(x, t, age)).mean()
    assert expected_inactivity.figure(scope(shop())).value == pytest.approx(gone, rel=5e-3)


def test_purchases_before_1970_are_their_buyers() -> None:
    """The same shop 56 years before, half of its year in the sixties, is worth the same."""
    before, year = shop(date(1969, 7, 1)), Period(date(1969, 7, 1), date(1970, 7, 1))
    found = Scope(before.view(as_of=ms("1970-07-01")), year, ms("1970-07-01"))

    assert worth(found).values == pytest.approx(worth(scope(shop())).values)


def test_the_interval_of_lifetime_value_holds_the_error_of_the_models() -> None:
    """It is wider than Student's over the values alone; the sum, which has no other error, has one; so has a group."""
    asked = scope(shop())
    found = worth(asked)
    alone = mean(found.values[found.known])
    figure, equity = clv.figure(asked), customer_equity.figure(asked)
    inactive, some = expected_inactivity.figure(asked), asked.of(np.arange(len(asked.view.members)) < 50)

    assert alone is not None
    assert _width(alone) < _width(figure) < 4 * _width(alone)
    assert figure.method == "Student's t, with the error of the models"
    assert equity.low is not None
    assert equity.value is not None
    assert equity.high is not None
    assert 0.5 * equity.value < equity.low < 0.98 * equity.value
    assert equity.high * equity.low == pytest.approx(equity.value**2)
    assert 0 < _width(inactive) < 40
    assert _width(clv.figure(some)) > _width(figure)


def _width(told: Figure | Estimate) -> float:
    assert told.low is not None
    assert told.high is not None
    return told.high - told.low


def test_where_the_error_of_a_model_cannot_be_told_there_is_no_interval() -> None:
    """Buyers who are all alike have a value but leave parameters open; of twelve buyers theory tells no error."""
    days = [date(2026, 1, 1) + timedelta(days=30 * number) for number in range(6)]
    alike = [
        event(f"c{number:02d}", day.isoformat(), "order.placed", amount=10.0, currency="EUR")
        for number in range(60)
        for day in days
    ]

    for told, why in [
        (alike, "No interval: these data do not tell the parameters of the model of purchases (BG/NBD) apart."),
        (
            alike[: 12 * 6],
            "No interval: the model of purchases (BG/NBD) rests on 12, and its error can be told from 50",
        ),
    ]:
        asked = scope(journeys(*told, rules=RULES))
        for kpi in (clv, customer_equity, expected_inactivity):
            figure = kpi.figure(asked)
            assert figure.value is not None
            assert (figure.low, figure.high, figure.method) == (None, None, None)
            assert figure.note is not None
            assert why in figure.note


def test_values_by_a_survival_curve_have_no_interval() -> None:
    """Of sixty monthly contracts none has ended, so that no model of renewals can be fitted; the note says so."""
    amount = {"recurring_amount": 12.0, "currency": "EUR", "billing_period": "month"}
    told = [
        event(f"c{number}", "2026-01-05", "subscription.started", subscription=f"s{number}", **amount)
        for number in range(60)
    ]
    figure = clv.figure(scope(journeys(*told, rules=RULES)))

    assert figure.value is not None
    assert (figure.low, figure.high, figure.method) == (None, None, None)
    assert figure.note is not None
    assert "No interval: the error of values by a survival curve is not known." in figure.note


def test_contracts_are_worth_their_expected_renewals() -> None:
    """Fader and Hardie 2007, customers of "High End": of 1,000 so many are left year by year; alpha 0.668,
    beta 3.806. The 491 in their eighth year renew with (3.806 + 7)/(0.668 + 3.806 + 7) the next time."""
    left = [1000, 869, 743, 653, 593, 551, 517, 491]
    told = [contract for number in range(1000) for contract in _yearly(number, left)]
    table = journeys(*told, rules=Rules(value=Value(margin=0.5, horizon_months=12, discount_rate=0.0)))
    period = Period(date(2025, 1, 1), date(2025, 7, 2))
    asked = Scope(table.view(as_of=ms("2025-07-02")), period, ms("2025-07-02"))
    renews = (3.806 + 7) / (0.668 + 3.806 + 7)

    equity = customer_equity.figure(asked)
    assert equity.value == pytest.approx(491 * renews * 0.5 * 120, rel=2e-3)
    # An eighth renewal that about 30 of 520 did not make is known to a few per cent.
    assert equity.low is not None
    assert 0.96 < equity.low / equity.value < 0.999
    assert clv.figure(asked).sample_size == 491


def _yearly(number: int, left: list[int]) -> list[Told]:
    """A contract of 120 a year that began in 2018 and is not renewed after as many years as the table says."""
    who, amount = f"c{number:04d}", {"recurring_amount": 120.0, "currency": "EUR", "billing_period": "year"}
    told = [event(who, "2018-01-01", "subscription.started", subscription=who, **amount)]
    years = sum(number < count for count in left[1:])
    if years < len(left) - 1:
        told.append(event(who, f"{2018 + years}-12-30", "subscription.cancelled", subscription=who))
    return told


def test_without_a_margin_there_is_no_lifetime_value() -> None:
    """Revenue is not value; what was paid so far is told all the same."""
    told = [event(who, "2026-01-05", "order.placed", amount=10.0, currency="EUR") for who in "abcdef"]
    told += [event("a", "2026-02-05", "order.refunded", amount=4.0, currency="EUR")]
    asked = scope(journeys(*told))

    assert clv.figure(asked).unavailable is Unavailable.NOT_CONFIGURED
    assert historic_value.figure(asked).value == pytest.approx((6 * 10 - 4) / 6)
    assert (revenue_of_period.figure(asked).value, revenue_of_period.figure(asked).currency) == (56.0, "EUR")


def test_a_deal_and_its_order_are_not_two_revenues() -> None:
    """Orders count unless rules.toml says deals; a cancelled order takes its amount back."""
    told = [event(who, "2026-01-05", "order.placed", order=f"o/{who}", amount=10.0, currency="EUR") for who in "abcdef"]
    told += [event(who, "2026-01-05", "deal.won", deal=who, amount=11.0, currency="EUR") for who in "abcdef"]
    told += [event("f", "2026-01-09", "order.cancelled", order="o/f")]

    assert revenue_of_period.figure(scope(journeys(*told))).value == 50.0
    assert revenue_of_period.figure(scope(journeys(*told, rules=Rules(revenue_source="deals")))).value == 66.0


def test_what_cannot_be_estimated_says_so() -> None:
    """Nobody bought twice: no model of purchases can be fitted."""
    told = [event(who, "2026-01-05", "order.placed", amount=10.0, currency="EUR") for who in "abcdef"]
    figure = clv.figure(scope(journeys(*told, rules=RULES)))

    assert figure.unavailable is Unavailable.NOT_ESTIMABLE
    assert figure.note is not None
    assert "bought a second time" in figure.note

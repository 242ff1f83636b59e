"""Whatever sources say, each figure is a number within its interval, or says why it is none."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import date

import pytest

from graph.figures.board import KPIS, breakdown_of, series_of
from graph.figures.figure import LEAST_SAMPLE, Figure
from graph.figures.groups import Dimension
from graph.figures.rules import Currency
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Granularity, Period
from graph.journeys.view import Unit
from graph.rules import Rules
from tests.journeys import Told, answer, event, journeys, ms

DAYS = [f"2026-{month:02}-{day:02}" for month in range(1, 7) for day in (1, 1, 2, 15, 28)]
DAYS += ["1969-07-20", "2027-05-05", "2026-03-10", "2026-03-10"]
NOT_A_NUMBER = float("nan")
PERIODS = [Period(date(2026, 1, 1), date(2026, 7, 1)), Period(date(2030, 1, 1), date(2030, 2, 1))]


def _amounts(chance: random.Random) -> dict[str, object]:
    return {
        "amount": chance.choice([None, 0.0, -5.0, 10.0, 1e300, NOT_A_NUMBER]),
        "recurring_amount": chance.choice([None, 0.0, -1.0, 9.0]),
        "billing_period": chance.choice([None, "month", "year", "fortnight"]),
        "currency": chance.choice([None, "EUR", "SEK", "XXX"]),
        "cost": chance.choice([None, -1.0, 2.0]),
    }


def _happened(who: str, chance: random.Random) -> Told:
    kinds = """page.viewed form.submitted lead.accepted deal.created deal.won order.placed order.refunded email.sent
        email.opened subscription.started subscription.renewed subscription.cancelled ticket.created ticket.replied
        ticket.reassigned ticket.solved ticket.reopened survey.sent nobody.knows"""
    matter = chance.choice([None, "t/1", f"t/{who}"])
    return event(
        who,
        chance.choice(DAYS),
        chance.choice(kinds.split()),
        **_amounts(chance),
        **dict.fromkeys(("ticket", "deal", "order", "subscription"), matter),
        automated=chance.random() < 0.1,
        channel=chance.choice(["web", "email"]),
        topic=chance.choice([None, "refund"]),
        team=chance.choice([None, "first", "second"]),
        campaign=chance.choice([None, "m/1"]),
    )


def _said(who: str, chance: random.Random) -> Told:
    scale = chance.choice([(0, 10), (1, 5), (1, 7), (0, 1), (5, 5), (7, 1), (None, None), (NOT_A_NUMBER, 3)])
    return answer(
        who,
        chance.choice(DAYS),
        chance.choice(["nps", "csat", "ces", "rating", "delight"]),
        chance.choice([0, 1, 4.5, 5, 7, 9, 10, 42, -3, NOT_A_NUMBER, float("inf")]),
        scale_min=scale[0],
        scale_max=scale[1],
        program=chance.choice(["relationship", "transactional", None]),
    )


def _strange(seed: int) -> Journeys:
    """Customers of no, one and many interactions, some of the future, many of one moment, with scores of no scale."""
    chance = random.Random(seed)
    people = {f"c{number}": {"account": chance.choice([None, *"abcdefghi"])} for number in range(seed * 8)}
    told = [_happened(who, chance) for who in people for _ in range(chance.choice([0, 1, 1, 6, 15]))]
    told += [_said(who, chance) for who in people for _ in range(chance.choice([0, 1, 3]))]
    told.sort(key=lambda each: (each.who, each.at))
    accounts: dict[str, dict[str, object]] = {name: {} for name in "abcdefghi"}
    return journeys(*told, customers=people, accounts=accounts, rules=Rules(currency=Currency(reporting="EUR")))


def _figures(key: str, scope: Scope) -> Iterator[Figure]:
    kpi = KPIS[key]
    yield kpi.figure(scope)
    yield kpi.figure(scope.where(channels=("web",)))
    yield from (figure for _, figure in series_of(kpi, scope, Granularity.QUARTER))
    yield from (figure for _, figure in breakdown_of(kpi, scope, Dimension.CHANNEL, 5))


@pytest.mark.parametrize("seed", [0, 1, 3, 6])
@pytest.mark.parametrize("unit", [Unit.CUSTOMER, Unit.ACCOUNT])
def test_no_input_makes_a_figure_that_pretends(seed: int, unit: Unit) -> None:
    """Each KPI, whole, narrowed, by quarter and by channel, of half a year and of the future, as of then and before."""
    table, told = _strange(seed), 0
    for period in PERIODS:
        for as_of in (ms("2026-07-01"), ms("1990-01-01")):
            scope = Scope(table.view(unit, as_of), period, as_of)
            for key in KPIS:
                for figure in _figures(key, scope):
                    assert (figure.value is None) == (figure.unavailable is not None), (key, figure)
                    if figure.value is None:
                        assert figure.note, key
                        continue
                    told += 1
                    low, high = (figure.value if end is None else end for end in (figure.low, figure.high))
                    assert math.isfinite(figure.value), (key, figure)
                    assert figure.sample_size >= LEAST_SAMPLE, (key, figure)
                    assert low - 1e-9 <= figure.value <= high + 1e-9, (key, figure)

    assert told >= 25 * seed

"""Win rate, cycle, velocity, leads that became customers, onboarding and its curve, costs: by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from lifelines import KaplanMeierFitter  # type: ignore[import-untyped]

from graph.figures.cost import clv_to_cac, cost_to_serve, customer_acquisition_cost
from graph.figures.figure import Unavailable
from graph.figures.onboarding import onboarding_success, time_to_value
from graph.figures.rules import Currency, Onboarding
from graph.figures.sales import deal_value, lead_conversion, sales_cycle_median, sales_velocity, win_rate
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.rules import Rules
from tests.journeys import Told, event, journeys, ms

EURO = Currency("EUR")
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(*events: Told, as_of: str = "2026-07-01", **more: Any) -> Scope:
    return Scope(journeys(*events, **more).view(as_of=ms(as_of)), MARCH, ms(as_of))


def deal(who: str, opened: str, closed: str | None, end: str = "won", amount: float | None = 100.0) -> list[Told]:
    told = [event(who, opened, "deal.created", deal=f"d/{who}", amount=amount, currency="EUR", function="sales")]
    if closed is not None:
        told.append(event(who, closed, f"deal.{end}", deal=f"d/{who}", function="sales"))
        # The CRM tells the stage and the end at once.
        told.append(event(who, closed, "deal.stage_changed", deal=f"d/{who}", function="sales"))
    return told


def pipeline() -> list[Told]:
    """Eight deals of March: five won after 10 days for 100 to 500, two lost, one open; one won in April."""
    told = [
        each for n, who in enumerate("abcde") for each in deal(who, "2026-03-02", "2026-03-12", amount=100.0 * (n + 1))
    ]
    told += [each for who in "fg" for each in deal(who, "2026-03-03", "2026-03-20", "lost")]
    return [*told, *deal("h", "2026-03-04", None), *deal("i", "2026-02-04", "2026-04-02")]


def test_a_pipeline_is_told_by_its_deals() -> None:
    """5 of 7 decided are won, in 10 days, for 300 on average; 8 opened × 300 × 5/7 ÷ 10 is the velocity a day."""
    asked = scope(*pipeline())

    assert win_rate.figure(asked).value == pytest.approx(100 * 5 / 7)
    assert sales_cycle_median.figure(asked).value == 10.0
    assert (deal_value.figure(asked).value, deal_value.figure(asked).currency) == (300.0, "EUR")
    assert sales_velocity.figure(asked).value == pytest.approx(8 * 300 * 5 / 7 / 10)


def test_leads_convert_in_time_or_not() -> None:
    """Six leads of March: two buy within 90 days, one later; as of the first of June one is too young to tell."""
    told = [event(who, f"2026-03-0{n + 1}", "form.submitted") for n, who in enumerate("abcde")]
    told += [event("f", "2026-03-20", "form.submitted")]
    told += [event(who, "2026-04-10", "order.placed") for who in "ab"] + [event("c", "2026-06-20", "order.placed")]
    early = lead_conversion.figure(scope(*told, as_of="2026-06-05"))

    assert lead_conversion.figure(scope(*told)).value == pytest.approx(100 * 2 / 6)
    assert (early.value, early.coverage) == pytest.approx((40.0, 5 / 6))


def onboarded() -> list[Told]:
    """Seven start in March; three get there after 10, 20 and 40 days, one starts at its end."""
    told = [event(who, "2026-03-01", "subscription.started", subscription=who) for who in "abcdef"]
    told += [event("g", "2026-03-31", "subscription.started", subscription="g")]
    for who, at in (("a", "2026-03-11"), ("b", "2026-03-21"), ("c", "2026-04-10")):
        told.append(event(who, at, "onboarding.milestone"))
    return told


def test_onboarding_is_judged_when_its_days_are_over() -> None:
    """Two of six within 30 days; the seventh is pending."""
    figure = onboarding_success.figure(scope(*onboarded(), as_of="2026-04-15"))

    assert (figure.value, figure.sample_size) == pytest.approx((100 * 2 / 6, 6))
    assert figure.note == "1 are pending."
    assert onboarding_success.figure(scope(*onboarded(), as_of="2026-03-20")).unavailable is Unavailable.IMMATURE


def test_time_to_value_is_the_median_of_the_curve() -> None:
    """As lifelines tells it of the same seven; of those who got there alone it would be 20 days."""
    asked = scope(*onboarded(), event("d", "2026-05-20", "onboarding.milestone"), as_of="2026-06-01")
    days = [10, 20, 40, 80, 92, 92, 62]
    curve = KaplanMeierFitter().fit(days, [True] * 4 + [False] * 3)

    assert time_to_value.figure(asked).value == curve.median_survival_time_ == 80
    assert time_to_value.figure(scope(*onboarded())).unavailable is Unavailable.IMMATURE


def test_what_begins_onboarding_is_no_milestone() -> None:
    """Where an order begins it and an order is the milestone, that is the second one, also of the same moment."""
    rules = Rules(onboarding=Onboarding(("order.placed",), ("order.placed",), 30))
    told = [event(who, "2026-03-02", "order.placed") for who in "abcdef"]
    told += [event("a", "2026-03-02", "order.placed"), event("b", "2026-03-20", "order.placed")]

    assert onboarding_success.figure(scope(*told, rules=rules)).value == pytest.approx(100 * 2 / 6)


def test_a_company_without_milestones_is_told_to_name_them() -> None:
    """No source tells of the shipped kind."""
    figure = onboarding_success.figure(scope(event("a", "2026-03-01", "order.placed")))

    assert figure.unavailable is Unavailable.NOT_CONFIGURED
    assert figure.note is not None
    assert "[onboarding] milestones" in figure.note


def served() -> list[Told]:
    told = [event(who, "2026-03-05", "ticket.replied", direction="outbound") for who in "aabcde"]
    told += [event(who, "2026-03-05", "ad.clicked", cost=2.0, currency="EUR") for who in "abcdefghij"]
    return told + [event(who, "2026-03-06", "order.placed", amount=10.0, currency="EUR") for who in "abcde"]


def test_costs_are_those_that_are_given() -> None:
    """Six replies at 4 over five customers; ten clicks at 2 for five who became customers."""
    rules = Rules(cost_per={"ticket.replied": 4.0, "call.made": 9.0})
    asked = scope(*served(), rules=rules)

    assert cost_to_serve.figure(asked).unavailable is Unavailable.MIXED_CURRENCIES
    from_euro = scope(*served(), rules=Rules(cost_per={"ticket.replied": 4.0}, currency=EURO))
    assert (cost_to_serve.figure(from_euro).value, cost_to_serve.figure(from_euro).currency) == (24 / 5, "EUR")
    assert customer_acquisition_cost.figure(from_euro).value == 20 / 5


def test_without_costs_nothing_is_told() -> None:
    """Neither to serve nor to win; nor what stands upon it."""
    told = [event(who, "2026-03-05", "ticket.replied") for who in "abcdef"]

    for figure in (cost_to_serve, customer_acquisition_cost, clv_to_cac):
        assert figure.figure(scope(*told)).unavailable is Unavailable.NOT_CONFIGURED

"""The same journeys counted in different views give the same totals."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from graph.figures.flow import Flow, FlowRules, journey_flow
from graph.figures.followed import what_followed
from graph.figures.funnel import FunnelRules, FunnelStep, chains, funnel
from graph.figures.paths import PathRules, journey_paths
from graph.figures.scope import Scope
from graph.figures.steps import StepRules, steps_of
from graph.figures.time_between import Milestone, waits
from graph.figures.touchpoints import touchpoint_figures
from graph.journeys.period import Granularity, Period
from graph.journeys.view import Unit
from tests.journeys import event, journeys, ms

KINDS = ("form.submitted", "email.sent", "email.opened", "deal.created", "deal.won", "ticket.created", "ticket.replied")
SPRING = Period(date(2026, 3, 1), date(2026, 6, 1))
NOW = "2026-09-01"


@pytest.fixture(scope="module", params=[Unit.CUSTOMER, Unit.ACCOUNT])
def scope(request: pytest.FixtureRequest) -> Scope:
    """Forty people of twenty accounts, some five hundred interactions from February to July, machines' among them."""
    random = Random(7)
    people = {f"p{number}": {"account": f"acme{number // 2}"} for number in range(40)}
    events = [
        event(
            random.choice(list(people)),
            (datetime(2026, 2, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(180 * 1440))).isoformat(),
            random.choice(KINDS),
            channel=random.choice(("email", "web", "phone")),
            automated=random.random() < 0.1,
        )
        for _ in range(500)
    ]
    table = journeys(*events, customers=people, accounts={f"acme{number}": {} for number in range(20)})
    return Scope(table.view(request.param, ms(NOW)), SPRING, ms(NOW))


def whole_flow(scope: Scope, by: str) -> Flow:
    """All steps of all journeys, however often, nothing hidden."""
    return journey_flow(
        steps_of(scope, StepRules(by, collapse_repeats=False)),
        FlowRules(max_steps=10_000, by_step=False, min_customers=1),
    )


def test_visits_of_the_flow_are_interactions_of_the_touchpoints(scope: Scope) -> None:
    """By touchpoint the same interactions and the same customers."""
    flow = whole_flow(scope, "touchpoint")
    found = touchpoint_figures(scope, "csat", 1)

    assert {each.touchpoint.key: (each.interactions, each.customers) for each in found} == {
        key: (node.visits, node.customers) for (_, key), node in flow.nodes.items()
    }


def test_the_parts_of_a_period_sum_to_the_whole(scope: Scope) -> None:
    """Visits by kind, month by month; and with what is left out they are all interactions of the period."""
    whole = whole_flow(scope, "kind")
    months = [whole_flow(scope.at(month), "kind") for month in SPRING.cut(Granularity.MONTH, scope.rules.calendar)]

    for step, node in whole.nodes.items():
        assert node.visits == sum(month.nodes[step].visits for month in months)
    assert whole.left_out == sum(month.left_out for month in months) > 0
    assert sum(node.visits for node in whole.nodes.values()) + whole.left_out == len(scope.rows())


@pytest.mark.parametrize("kind", KINDS)
def test_who_was_at_a_step_is_counted_alike(scope: Scope, kind: str) -> None:
    """Customers of a kind in the flow, at the start of a funnel, at a milestone, and before what followed."""
    node = whole_flow(scope, "kind").nodes[None, kind]
    step = FunnelStep(kind, (kind,))
    start = funnel(chains(scope, FunnelRules((step,), window_ms=86_400_000)))
    begun = waits(scope, Milestone(step=step), Milestone(step=step))
    followed = what_followed(scope, [kind], None, StepRules(collapse_repeats=False), 86_400_000, 1)
    goal = journey_paths(scope, PathRules(step, StepRules(), min_customers=1))

    assert (start.entered, start.immature) == (node.customers, 0)
    assert len(begun.unit) == node.customers
    assert followed.customers == sum(each.customers for each in followed.steps) == node.customers
    assert (goal.goals, goal.customers) == (node.visits, node.customers)

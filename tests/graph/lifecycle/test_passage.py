"""Stages in a period by hand: who is there, came, moved on, fell back, was lost, and what that is worth."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from graph.customer.activity import ActivityStatus, activity_status
from graph.figures.figure import Unavailable
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.lifecycle.activity import status_counts
from graph.lifecycle.passage import passages, weakest
from graph.lifecycle.said import said_and_shown
from graph.rules import Rules
from tests.journeys import event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(table: Journeys, as_of: str = "2026-04-01", period: Period = MARCH) -> Scope:
    return Scope(table.view(as_of=ms(as_of)), period, ms(as_of))


@pytest.fixture(scope="module")
def table() -> Journeys:
    """Ten leads of the first of March; five get an opportunity on the eleventh, two of these lose it on the 21st.

    One buys for 100 EUR on the 21st. Six more were leads in October already, and did nothing since.
    """
    leads = [event(f"l{n}", "2026-03-01", "lead.created") for n in range(10)]
    deals = [event(f"l{n}", "2026-03-11", "deal.created") for n in range(5)]
    ends = [event(f"l{n}", "2026-03-21", "deal.lost") for n in range(2)]
    order = event("l2", "2026-03-21", "order.placed", amount=100.0, currency="EUR")
    old = [event(f"o{n}", "2025-10-01", "lead.created") for n in range(6)]
    people = {f"l{n}": {"stage_said": "lead" if n < 8 else None} for n in range(10)}
    return journeys(*leads, *deals, *ends, order, *old, customers=people, rules=Rules(cost_per={"lead.created": 3.0}))


def test_who_is_at_a_stage_who_came_and_who_left(table: Journeys) -> None:
    """Leads: 5 who stayed, 2 who fell back to it, 6 old ones. Opportunities: 2 remain, 2 fell back, 1 bought."""
    found = {one.stage: one for one in passages(scope(table))}
    lead, opportunity, customer = found["lead"], found["opportunity"], found["customer"]

    assert (lead.customers, lead.entered, lead.left, lead.fell_back) == (5 + 2 + 6, 10, 5, 0)
    assert (opportunity.customers, opportunity.entered, opportunity.left, opportunity.fell_back) == (2, 5, 3, 2)
    assert (customer.customers, customer.entered) == (1, 1)
    assert found["advocate"].dwell.unavailable is Unavailable.NO_DATA_IN_PERIOD


def test_conversion_counts_who_got_further_so_far(table: Journeys) -> None:
    """Five of ten leads became more; as of the fifth of March nobody had."""
    now, early = (
        {one.stage: one for one in passages(scope(table, as_of))}["lead"].conversion
        for as_of in ("2026-04-01", "2026-03-05")
    )

    assert (now.value, now.sample_size) == (50.0, 10)
    assert (early.value, early.sample_size) == (0.0, 10)


def test_the_dwell_is_the_median_of_the_curve(table: Journeys) -> None:
    """Of five opportunities three ended after ten days, the others wait: the curve is at two fifths from day ten on."""
    dwell = {one.stage: one for one in passages(scope(table))}["opportunity"].dwell

    assert (dwell.value, dwell.sample_size) == (10.0, 5)


def test_the_weakest_stage_is_where_most_is_lost(table: Journeys) -> None:
    """Leads: six silent old ones × 100/16 EUR. Opportunities: two fell back × 100/5 EUR, which is more."""
    found = passages(scope(table))
    by_stage = {one.stage: one for one in found}

    assert (by_stage["lead"].lost, by_stage["opportunity"].lost) == (6, 2)
    assert by_stage["lead"].value.value == pytest.approx(100 / 16)
    assert by_stage["lead"].stake == pytest.approx(6 * 100 / 16)
    assert by_stage["opportunity"].stake == pytest.approx(2 * 100 / 5)
    spot = weakest(found)
    assert spot is not None
    assert spot.stage == "opportunity"
    # Against a baseline in which so many opportunities were lost always, the leads are what is new.
    against = weakest(passages(scope(table), {"opportunity": 40.0, "lead": 0.0}))
    assert against is not None
    assert against.stage == "lead"


def test_touches_and_costs_are_of_who_was_there(table: Journeys) -> None:
    """Sixteen were leads in March: ten had one interaction as leads, two more lost a deal; a new lead costs three."""
    lead = {one.stage: one for one in passages(scope(table))}["lead"]

    assert lead.touches.value == pytest.approx((10 + 2) / 16)
    assert lead.cost.value == pytest.approx(10 * 3.0 / 16)


def test_no_stage_divides_by_nothing() -> None:
    """Without customers there is nothing, and without orders no stake."""
    assert all(one.customers == 0 and one.conversion.value is None for one in passages(scope(journeys())))
    assert weakest(passages(scope(journeys()))) is None


def test_the_crm_says_and_the_facts_say(table: Journeys) -> None:
    """Of eight whom the CRM calls lead two are opportunities and one is a customer; of the old ones it says nothing."""
    pairs = {(each.said, each.shown): each.customers for each in said_and_shown(scope(table))}

    assert pairs == {
        ("lead", "lead"): 5,
        (None, "lead"): 6 + 2,
        ("lead", "opportunity"): 2,
        ("lead", "customer"): 1,
    }


CHURNED = {"2026-02-10": "bd", "2026-03-20": "abd", "2026-06-15": "a", "2026-12-01": "a"}
"""Below: b begins anew in June, d orders in May, and one of c's two contracts stands, though it is paused."""


@pytest.mark.parametrize("as_of", CHURNED)
def test_the_activity_status_is_that_of_each_customer(as_of: str) -> None:
    """The columns say what is said of each customer alone, at that moment."""
    moments = {
        "a": ["2026-01-01"],
        "b": ["2026-01-01", "2026-06-01"],
        "c": ["2026-03-15"],
        "d": ["2025-01-01", "2026-02-01", "2026-02-15"],
        "e": ["2026-11-25"],
    }
    contracts = {
        "a": [("2026-02-01", "started", "a/1"), ("2026-02-20", "cancelled", "a/1")],
        "b": [("2026-01-05", "started", None), ("2026-01-20", "cancelled", None), ("2026-06-02", "started", None)],
        "c": [("2026-03-15", "started", "c/1"), ("2026-03-16", "started", "c/2"), ("2026-03-18", "cancelled", "c/1"),
              ("2026-08-01", "paused", "c/2")],
        "d": [("2025-02-01", "cancelled", "d/1"), ("2026-02-10", "cancelled", "d/2")],
    }  # fmt: skip
    events = [event(who, at, "ticket.created") for who, each in moments.items() for at in each]
    for who, each in contracts.items():
        kinds = [(at, f"subscription.{what}", contract) for at, what, contract in each]
        events += [event(who, at, kind, subscription=contract, direction="internal") for at, kind, contract in kinds]
    events += [event("d", "2026-05-01", "order.placed", direction="internal")]
    table, rules = journeys(*events), Rules().activity
    year = Period(date(2026, 1, 1), date(2027, 1, 1))
    expected = dict.fromkeys(ActivityStatus, 0)
    for who, each in moments.items():
        known = [_moment(at) for at in each if at <= as_of]
        back = [later for sooner, later in pairwise(known) if (later - sooner).days > 90]
        last = known[-1] if known else None
        gone = _moment(as_of) if who in CHURNED[as_of] else None
        status = activity_status(
            known[0] if known else None, last, back[-1] if back else None, gone, _moment(as_of), rules
        )
        expected[status] += 1

    assert status_counts(scope(table, as_of, year)) == expected


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=UTC)

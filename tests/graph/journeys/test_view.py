"""Views: who is looked at, what counts, what had happened by when."""

from __future__ import annotations

from datetime import date

import numpy as np

from graph.journeys.period import Granularity, Period
from graph.journeys.view import Unit
from graph.rules import Calendar
from tests.journeys import event, journeys, ms


def test_a_view_narrows_interactions_and_keeps_who_is_looked_at() -> None:
    """Of a period, a kind, some customers, and by a moment: the interactions go, the customers stay members."""
    table = journeys(
        event("ada", "2026-01-05", "form.submitted"),
        event("ada", "2026-02-05", "order.placed"),
        event("bob", "2026-02-07", "order.placed"),
        customers={"eve": {}},
    )
    view = table.view()
    february = view.within(Period(date(2026, 2, 1), date(2026, 3, 1)))
    ada = view.of(np.array([id == "ada" for id in table.customers.arrow("id").to_pylist()]))

    assert (len(view), view.size) == (3, 3)
    assert (len(february), february.size) == (2, 3)
    assert february.coded("kind").at(0) == "order.placed"
    assert (len(ada), ada.size) == (2, 1)
    assert len(view.until(ms("2026-02-06"))) == 2
    assert view.first_by_unit(view.kinds("order.placed")).tolist() == [1, 2, -1]
    assert view.any_by_unit(view.kinds("order.placed")).tolist() == [True, True, False]
    assert view.starts.tolist() == [0, 2]


def test_accounts_experience_what_their_people_do_an_activity_once() -> None:
    """Two people of one account in one meeting; somebody without an account is in no account's journey."""
    table = journeys(
        event("ada", "2026-01-05", "meeting.held", activity_id="m1"),
        event("bob", "2026-01-05", "meeting.held", activity_id="m1"),
        event("bob", "2026-01-03", "form.submitted"),
        event("eve", "2026-01-03", "form.submitted"),
        customers={"ada": {"account": "acme"}, "bob": {"account": "acme"}},
        accounts={"acme": {}},
    )
    view = table.view(Unit.ACCOUNT)

    assert [view.coded("kind").at(row) for row in range(len(view))] == ["form.submitted", "meeting.held"]
    assert view.size == 1


def test_touchpoints_are_named_by_the_rules() -> None:
    """Each row knows the touchpoint of its kind, channel and function."""
    table = journeys(event("ada", "2026-01-05", "form.submitted"), event("ada", "2026-01-06", "ticket.created"))

    found = table.view().coded("touchpoint")
    assert [found.at(row) for row in range(2)] == ["form.submitted:email:marketing", "ticket.created:email:service"]
    assert set(table.touchpoints) == set(found.values)


def test_periods_are_cut_by_the_calendar() -> None:
    """Weeks from the company's first weekday, quarters of its fiscal year; the one before is as long."""
    january = Period(date(2026, 1, 1), date(2026, 2, 1))
    weeks = january.cut(Granularity.WEEK, Calendar(week_starts_on="monday"))
    quarters = Period(date(2026, 1, 1), date(2027, 1, 1)).cut(Granularity.QUARTER, Calendar(fiscal_year_start=2))

    assert january.before == Period(date(2025, 12, 1), date(2026, 1, 1))
    assert Period(date(2026, 1, 8), date(2026, 1, 15)).before.first == date(2026, 1, 1)
    assert [week.first.day for week in weeks] == [1, 5, 12, 19, 26]
    assert [quarter.first.month for quarter in quarters] == [1, 2, 5, 8, 11]
    assert sum(week.days for week in weeks) == 31


def test_the_moment_of_a_question_is_that_of_the_one_before_for_a_minute() -> None:
    """While nothing changes; a clock that went back, and other journeys, have a moment of their own."""
    table = journeys(event("ada", "2026-01-05", "form.submitted"))
    noon = ms("2026-02-01T12:00")

    assert [table.moment(noon + seconds * 1000) - noon for seconds in (0, 59, 60, 119, 30)] == [
        0,
        0,
        60_000,
        60_000,
        30_000,
    ]
    changed = table.changed([], [], {}, 1, noon)
    assert changed.moment(noon + 40_000) == noon + 40_000

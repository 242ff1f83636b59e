"""The loop closed, by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from lifelines import KaplanMeierFitter

from graph.figures.figure import Unavailable
from graph.figures.loop import loop_closure_rate, recovered_share, time_to_close
from graph.figures.scope import EventFilter, Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.journeys import answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def alert(who: str, since: str, cause: int, **more: Any) -> dict[str, Any]:
    return {
        "who": who, "id": f"a{cause}", "rule": "low", "condition": "detractor", "cause": f"test/events/{cause}",
        "since": ms(since), "raised_at": ms(since) + 60_000, "metric": "nps", "threshold": 6.0, **more,
    }  # fmt: skip


def scope(table: Journeys, as_of: str = "2026-04-10", unit: Unit = Unit.CUSTOMER) -> Scope:
    return Scope(table.view(unit, ms(as_of)), MARCH, ms(as_of))


def company(**people: Any) -> Journeys:
    """Seven low scores on the fifth of March: three followed up by a person, one resolved, three left alone."""
    names = "abcdefg"
    lows = [answer(who, "2026-03-05", "nps", 2) for who in names]
    return journeys(
        *lows,
        event("a", "2026-03-06", "call.made", direction="outbound"),
        event("b", "2026-03-07", "email.sent", campaign="m/1"),
        event("b", "2026-03-09", "ticket.replied"),
        event("c", "2026-03-04", "call.made", direction="outbound"),
        event("c", "2026-03-20", "call.made", direction="outbound"),
        event("d", "2026-03-06", "ticket.replied", automated=True),
        answer("a", "2026-03-15", "nps", 9),
        answer("b", "2026-03-15", "csat", 5),
        answer("b", "2026-03-16", "nps", 6),
        answer("c", "2026-03-25", "nps", 7),
        answer("d", "2026-03-25", "nps", 0),
        answer("e", "2026-03-25", "nps", 10),
        alerts=[
            alert(who, "2026-03-05", cause, resolved_at=ms("2026-03-30") if who == "d" else None)
            for cause, who in enumerate(names)
        ],
        **people,
    )


def test_a_loop_is_closed_by_a_person_who_turns_to_the_customer_or_resolves_it() -> None:
    """a, b and c were followed up after their score, d was resolved: 4 of 7; before the 20th it was 2."""
    table = company()

    assert loop_closure_rate.figure(scope(table)).value == pytest.approx(100 * 4 / 7)
    assert loop_closure_rate.figure(scope(table, "2026-03-19")).value == pytest.approx(100 * 2 / 7)


def test_time_to_close_counts_those_that_wait() -> None:
    """Closed after 1, 4, 15 and 25 days, three open for 36: the median is that of the curve, as lifelines has it."""
    durations, closed = [1, 4, 15, 25, 36, 36, 36], [1, 1, 1, 1, 0, 0, 0]
    figure = time_to_close.figure(scope(company()))

    assert figure.value == KaplanMeierFitter().fit(durations, closed).median_survival_time_ == 25
    assert figure.sample_size == 7
    unknown = time_to_close.figure(scope(company(), "2026-03-19"))
    assert (unknown.value, unknown.unavailable) == (None, Unavailable.NOT_ESTIMABLE)


def test_recovered_are_those_whose_next_score_of_the_metric_is_no_longer_low() -> None:
    """Of five who scored again three are above 6: a, c, e; the other two are not covered."""
    figure = recovered_share.figure(scope(company()))

    assert figure.value == pytest.approx(100 * 3 / 5)
    assert (figure.sample_size, figure.coverage) == (5, pytest.approx(5 / 7))


def test_alerts_count_by_their_cause_and_whose_they_are() -> None:
    """Narrowed to a channel where no cause happened nothing is left; colleagues' alerts are their account's."""
    people = {who: {"account": f"acme-{who}" if who in "abcd" else "acme"} for who in "abcdefg"}
    table = company(customers=people, accounts={id: {} for id in ("acme", *(f"acme-{who}" for who in "abcd"))})
    elsewhere = Scope(table.view(), MARCH, ms("2026-04-10"), EventFilter(channels=("phone",)))

    assert loop_closure_rate.figure(elsewhere).unavailable is Unavailable.NO_DATA_IN_PERIOD
    # Nobody turned to e, f and g, who are one account: as with the customers four of seven are closed.
    by_account = loop_closure_rate.figure(scope(table, unit=Unit.ACCOUNT))
    assert (by_account.value, by_account.sample_size) == (pytest.approx(100 * 4 / 7), 7)


def test_nobody_is_singled_out() -> None:
    """Six alerts about three customers tell nothing."""
    causes = [answer(who, "2026-03-05", "nps", 2) for who in "abc" * 2]
    told = [alert(who, "2026-03-05", number) for number, who in enumerate("abc" * 2)]
    table = journeys(*causes, alerts=told)

    for each in (loop_closure_rate, time_to_close):
        assert each.figure(scope(table)).unavailable is Unavailable.SAMPLE_TOO_SMALL


def test_without_alerts_nothing_is_told() -> None:
    """No alert, no customer, no interaction: each figure says so."""
    for table in (journeys(answer("a", "2026-03-05", "nps", 2)), journeys()):
        for each in (loop_closure_rate, time_to_close, recovered_share):
            assert each.figure(scope(table)).unavailable is Unavailable.NO_DATA_IN_PERIOD

"""NPS, CSAT, CES and response rates, by hand."""

from __future__ import annotations

from datetime import date

import pytest

from graph.figures.figure import Unavailable
from graph.figures.groups import Dimension, groups
from graph.figures.scope import Scope
from graph.figures.voice import (
    ces,
    csat,
    csat_binary,
    nps_relationship,
    nps_transactional,
    response_rate,
)
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.journeys import answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(table: Journeys, period: Period = MARCH, unit: Unit = Unit.CUSTOMER, as_of: str = "2026-07-01") -> Scope:
    return Scope(table.view(unit, ms(as_of)), period, ms(as_of))


def test_nps_counts_each_customers_latest_answer() -> None:
    """Six customers, one of whom answered twice: 3 promoters, 1 passive, 2 detractors of 6."""
    scores = {"a": 10, "b": 9, "c": 8, "d": 6, "e": 0}
    table = journeys(
        *(answer(who, "2026-03-05", "nps", score) for who, score in scores.items()),
        answer("f", "2026-03-02", "nps", 0),
        answer("f", "2026-03-20", "nps", 10),
        answer("g", "2026-04-01", "nps", 0),
        answer("h", "2026-03-05", "nps", 0, program="transactional"),
    )
    figure = nps_relationship.figure(scope(table))

    assert figure.value == pytest.approx(100 * (3 - 2) / 6)
    assert figure.sample_size == 6
    # Rocks 2016: (3.75, 2.5, 2.75) of 9, centre 11.1 with a half width of 1.96 sqrt((p + d - (p - d)^2) / 9).
    assert figure.low is not None
    assert figure.low == pytest.approx(100 * (1 / 9 - 1.959964 * ((6.5 / 9 - (1 / 9) ** 2) / 9) ** 0.5), abs=1e-3)


def test_what_had_not_happened_by_then_does_not_count() -> None:
    """As of the tenth of March there were five answers, all of promoters."""
    table = journeys(
        *(answer(who, "2026-03-05", "nps", 10) for who in "abcde"), *(answer(w, "2026-03-15", "nps", 0) for w in "fgh")
    )
    figure = nps_relationship.figure(scope(table, as_of="2026-03-10"))

    assert (figure.value, figure.sample_size) == (100.0, 5)


def test_an_account_answers_once() -> None:
    """Two colleagues: the account's latest answer is the later of theirs."""
    people = {who: {"account": f"acme{number // 2}"} for number, who in enumerate("abcdefghij")}
    table = journeys(
        *(answer(w, f"2026-03-{5 + n:02d}", "nps", 10 if n % 2 else 0) for n, w in enumerate(people)),
        customers=people,
        accounts={f"acme{number}": {} for number in range(5)},
    )
    figure = nps_relationship.figure(scope(table, unit=Unit.ACCOUNT))

    assert (figure.value, figure.sample_size) == (100.0, 5)


def test_scales_are_never_mixed() -> None:
    """Five points and good-or-bad are two KPIs; scores beyond their scale and CES 1.0 are none."""
    table = journeys(
        *(answer(who, "2026-03-05", "csat", score) for who, score in zip("abcdef", (5, 4, 3, 1, 5, 4), strict=True)),
        *(answer(who, "2026-03-06", "csat", 1, scale_min=0, scale_max=1) for who in "abcde"),
        answer("g", "2026-03-06", "csat", 9),
        *(answer(who, "2026-03-07", "ces", 1, scale_min=1, scale_max=5) for who in "abc"),
    )

    assert csat.figure(scope(table)).value == pytest.approx(100 * 4 / 6)
    assert csat_binary.figure(scope(table)).value == 100.0
    refused = ces.figure(scope(table))
    assert (refused.value, refused.unavailable) == (None, Unavailable.MIXED_SCALES)


def test_an_answer_to_nps_is_a_whole_number() -> None:
    """6.5 is neither a detractor nor a passive: it is no answer."""
    scores = (9, 10, 7, 8, 6, 6.5)
    told = [answer(who, "2026-03-05", "nps", score) for who, score in zip("abcdef", scores, strict=True)]

    assert (nps_relationship.figure(scope(journeys(*told))).value, len(told)) == (pytest.approx(20.0), 6)
    assert nps_relationship.figure(scope(journeys(*told))).sample_size == 5


def test_an_answer_counts_where_what_it_is_about_happened() -> None:
    """Transactional answers stand with the ticket they are about; a relationship answer is about no touchpoint."""
    events = []
    for number, who in enumerate("abcdef"):
        channel = "phone" if number < 5 else "chat"
        events += [
            event(who, "2026-03-01", "ticket.solved", ticket=f"t/{who}", channel=channel),
            answer(who, "2026-03-02", "csat", 5 if number else 1, ticket=f"t/{who}", channel="email"),
        ]
    table = journeys(*events)
    by_channel = {group.key: csat.figure(group.scope) for group in groups(scope(table), Dimension.CHANNEL)}

    assert by_channel["phone"].value == pytest.approx(80.0)
    assert by_channel["chat"].unavailable is Unavailable.SAMPLE_TOO_SMALL
    assert by_channel["email"].unavailable is Unavailable.NO_DATA_IN_PERIOD
    narrowed = nps_relationship.figure(scope(table).where(channels=("phone",)))
    assert narrowed.unavailable is Unavailable.NOT_CONFIGURED


def test_invitations_are_answered_by_their_token_or_soon_after() -> None:
    """Of six invitations: two answered by token (one of them late), one without token within 30 days; one too late."""
    table = journeys(
        event("a", "2026-03-01", "survey.sent", survey_token="t1"),
        answer("a", "2026-05-01", "nps", 9, survey_token="t1"),
        event("b", "2026-03-01", "survey.sent", survey_token="t2"),
        answer("b", "2026-03-02", "nps", 9, survey_token="t2"),
        event("c", "2026-03-01", "survey.sent"),
        answer("c", "2026-03-20", "nps", 9),
        event("d", "2026-03-01", "survey.sent"),
        answer("d", "2026-04-20", "nps", 9),
        event("e", "2026-03-01", "survey.sent", survey_token="t5"),
        event("f", "2026-03-01", "survey.sent"),
    )
    figure = response_rate.figure(scope(table))

    assert (figure.value, figure.sample_size) == (50.0, 6)


def test_nothing_is_told_of_a_few() -> None:
    """Four answers are too few; none is told apart from that."""
    few = journeys(*(answer(who, "2026-03-05", "nps", 10, program="transactional") for who in "abcd"))

    assert nps_transactional.figure(scope(few)).unavailable is Unavailable.SAMPLE_TOO_SMALL
    assert nps_transactional.figure(scope(journeys())).unavailable is Unavailable.NO_DATA_IN_PERIOD

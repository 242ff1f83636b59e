"""What customers experienced before a moment, counted by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from graph.figures.cause.features import Feature, Moments, features
from graph.figures.cause.inactivity import inactivity_risk
from graph.figures.cause.score_drivers import score_drivers
from graph.figures.scope import Scope
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from tests.journeys import Told, answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(table: Journeys, as_of: str = "2026-07-01") -> Scope:
    return Scope(table.view(as_of=ms(as_of)), MARCH, ms(as_of))


def test_everything_is_counted_in_the_window_before_the_moment() -> None:
    """As of 20 March, 30 days back: nothing of January, nothing of that moment or later."""
    table = journeys(
        event("ada", "2026-01-10", "ticket.created", ticket="t/0", topic="login"),
        event("ada", "2026-03-01", "ticket.created", ticket="t/1", topic="login", channel="phone", team="Support"),
        event("ada", "2026-03-01T05:00", "ticket.replied", ticket="t/1", team="Support"),
        event("ada", "2026-03-03", "ticket.reassigned", ticket="t/1", team="Billing", direction="internal"),
        event("ada", "2026-03-04", "ticket.created", ticket="t/2", topic="login", channel="chat"),
        event("ada", "2026-03-04T02:00", "ticket.replied", ticket="t/2"),
        event("ada", "2026-03-05", "ticket.reopened", ticket="t/1"),
        event("ada", "2026-03-06", "email.sent", campaign="c/1"),
        event("ada", "2026-03-07", "order.placed"),
        event("ada", "2026-03-20", "order.placed"),
    )
    moments = Moments(np.array([0]), np.array([ms("2026-03-20")]), 30)
    found = {each.value: float(column[0]) for each, column in features(scope(table), moments, Feature).items()}

    assert found == pytest.approx(
        {
            "CONTACTS": 2,
            "WAIT_HOURS": 7,
            "HANDOFFS": 1,
            "REOPENS": 1,
            "REPEAT_CONTACTS": 1,
            "REPEATED_REQUESTS": 0,
            "PHONE_CONTACTS": 1,
            "CHAT_CONTACTS": 1,
            "CAMPAIGN_MESSAGES": 1,
            "ORDERS": 1,
            "ACTIVE_DAYS": 4,
            "TENURE_DAYS": 69,
            "RECENCY_DAYS": 13,
        }
    )


def waits() -> list[Told]:
    """Forty answers on five points: each hour of waiting costs a quarter of a point; moods differ by a tenth."""
    told: list[Told] = []
    for number in range(40):
        who, hours = f"w{number}", number % 4 * 4
        mood = 0.1 if number % 8 < 4 else -0.1
        told += [
            event(who, "2026-03-02", "ticket.created", ticket=f"t/{number}"),
            event(who, f"2026-03-02T{hours:02d}:00", "ticket.replied", ticket=f"t/{number}", sequence=1),
            answer(who, "2026-03-10", "csat", 4.5 - hours / 4 + mood),
        ]
    return told


def test_the_driver_of_a_score_is_found_with_its_size() -> None:
    """A quarter of a point an hour, and everything that can be explained; contacts never vary and are left out."""
    found = score_drivers(scope(journeys(*waits())), "csat", None, [Feature.WAIT_HOURS, Feature.CONTACTS])

    assert found.left_out == (Feature.CONTACTS,)
    assert found.model is not None
    (driver,) = found.model.drivers
    assert driver.coefficient.value == pytest.approx(-0.25)
    assert driver.share.value == pytest.approx(1.0)
    assert found.model.what_if({"WAIT_HOURS": -2.0}).value == pytest.approx(0.5)


def test_programs_and_scales_are_not_pooled() -> None:
    """Of 40 answers of one program and 3 of another, and 2 on another scale, the 40 are taken."""
    more = [answer(f"r{n}", "2026-03-10", "csat", 5, program="relationship") for n in range(3)]
    more += [answer(f"s{n}", "2026-03-10", "csat", 1, scale_min=0, scale_max=1) for n in range(2)]
    found = score_drivers(scope(journeys(*waits(), *more)), "csat", None, [Feature.WAIT_HOURS])

    assert (found.answers, found.others, found.program, found.scale) == (40, 5, "transactional", (1.0, 5.0))


def test_few_answers_have_no_drivers() -> None:
    """Five answers are too few, and none is none: the note says so."""
    few = score_drivers(scope(journeys(*waits()[:15])), "csat", None, [Feature.WAIT_HOURS])

    assert (few.model, few.answers) == (None, 5)
    assert "too few" in str(few.note)
    assert score_drivers(scope(journeys()), "nps", None).note == "Nobody answered in the period."


def leaving() -> list[Told]:
    """As of July, 60 days back to May: of 40 who were active in April, the 20 who wrote tickets did nothing since.

    Ten are active in June; five of them wrote tickets.
    """
    told: list[Told] = []
    for number in range(40):
        who, complains = f"a{number}", number < 20
        told.append(event(who, f"2026-04-{1 + number % 20:02d}", "page.viewed"))
        if complains:
            told.append(event(who, "2026-04-25", "ticket.created", ticket=f"t/{who}"))
        elif number < 35:
            told.append(event(who, "2026-05-10", "page.viewed"))
        else:
            told.append(event(who, "2026-06-10", "page.viewed"))
    for number in range(5):
        told.append(event(f"b{number}", "2026-06-10", "page.viewed"))
        told.append(event(f"b{number}", "2026-06-24", "ticket.created", ticket=f"t/b{number}"))
    return told


def test_risk_is_learned_from_what_came_of_those_who_were_active() -> None:
    """40 to learn from, 20 stopped; of those active now the ones with tickets are at risk."""
    table = journeys(*leaving())
    found = inactivity_risk(scope(table), 60)

    assert found.model is not None
    assert (found.model.n, found.model.left) == (40, 20)
    risks = dict(zip(table.customer_ids(found.units), found.risks, strict=True))
    assert {who for who, risk in risks.items() if risk > 0.5} == {f"b{number}" for number in range(5)}
    assert found.held is not None
    assert found.held.auc > 0.9


def test_risk_is_not_told_where_nobody_stopped() -> None:
    """No model, nobody's risk, and the reason; the same of nobody at all."""
    found = inactivity_risk(scope(journeys(*leaving()[:10])), 60)

    assert (found.model, len(found.units)) == (None, 0)
    assert "risk needs 10 of each" in str(found.note)
    assert inactivity_risk(scope(journeys()), 60).model is None

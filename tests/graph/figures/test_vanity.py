"""A local target that improves while customers fare worse is found."""

from __future__ import annotations

from datetime import date

from graph.figures.effort import campaign_messages, unsubscribe_rate
from graph.figures.scope import Scope
from graph.figures.vanity import Verdict, vanity_checks
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from tests.journeys import Told, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(table: Journeys) -> Scope:
    return Scope(table.view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01"))


def month(number: int, messages: int, leave: int) -> list[Told]:
    """Forty customers get so many messages of a campaign each in the month; some unsubscribe."""
    told = [
        event(f"c{who}", f"2026-{number:02d}-{1 + each:02d}", "email.sent", campaign="c/1")
        for who in range(40)
        for each in range(messages)
    ]
    return told + [event(f"c{who}", f"2026-{number:02d}-25", "email.unsubscribed") for who in range(leave)]


def verdict(*told: Told) -> Verdict:
    checks = vanity_checks(scope(journeys(*told)))
    (check,) = (each for each in checks if each.local.kpi.key == "campaign_messages")
    return check.verdict


def test_messages_are_counted_and_who_unsubscribed_of_whom_they_reached() -> None:
    """120 messages to forty, of whom ten leave; one who was sent nothing does not count."""
    table = journeys(*month(3, 3, 10), event("else", "2026-03-05", "email.unsubscribed"))

    assert campaign_messages.figure(scope(table)).value == 120
    assert unsubscribe_rate.figure(scope(table)).value == 25.0


def test_more_messages_and_more_who_leave_is_vanity() -> None:
    """From none of forty to 15: beyond chance. From 4 to 5: not. From 15 to none: fine. Fewer messages: fine."""
    assert verdict(*month(2, 1, 0), *month(3, 3, 15)) is Verdict.HARMS
    assert verdict(*month(2, 1, 4), *month(3, 3, 5)) is Verdict.MAY_HARM
    assert verdict(*month(2, 1, 15), *month(3, 3, 0)) is Verdict.FINE
    assert verdict(*month(2, 3, 0), *month(3, 1, 15)) is Verdict.FINE


def test_a_count_is_held_against_the_days_of_its_month() -> None:
    """February has 28 days: 40 messages then are more a day than 40 in March, which is no improvement."""
    assert verdict(*month(2, 1, 0), *month(3, 1, 15)) is Verdict.FINE


def test_what_is_missing_is_unknown() -> None:
    """Without a period before nothing is compared, nor of nobody; what harms stands first."""
    assert verdict(*month(3, 1, 15)) is Verdict.UNKNOWN
    assert {each.verdict for each in vanity_checks(scope(journeys()))} == {Verdict.UNKNOWN}
    assert vanity_checks(scope(journeys(*month(2, 1, 0), *month(3, 3, 15))))[0].verdict is Verdict.HARMS

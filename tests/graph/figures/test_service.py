"""First response, resolution, reopening, first contact and handoffs, by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from graph.customer.hours import BusinessHours
from graph.figures.figure import Figure, Unavailable
from graph.figures.resolution import (
    first_contact_resolution,
    first_resolution_median,
    full_resolution_median,
    handoff_wait_median,
    handoffs_per_ticket,
    one_touch,
    reopen_rate,
    repeat_contact,
)
from graph.figures.response import (
    first_response_business_median,
    first_response_median,
    first_response_p90,
)
from graph.figures.scope import Scope
from graph.journeys.period import Period
from graph.rules import Calendar
from tests.journeys import Told, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
HOUR = 3_600


def scope(*events: Told, as_of: str = "2026-07-01") -> Scope:
    return Scope(journeys(*events).view(as_of=ms(as_of)), MARCH, ms(as_of))


def ticket(number: int, *steps: tuple[str, str], who: str | None = None, **more: object) -> list[Told]:
    """A ticket of its own customer: (moment, `created`, `replied`, `solved` …)."""
    name = who or f"c{number}"
    out = {"replied", "solved"}
    return [
        event(
            name, at, f"ticket.{kind}", ticket=f"t/{number}", team="Support", topic="question",
            direction="outbound" if kind in out else "internal" if kind == "reassigned" else "inbound", **more,
        )
        for at, kind in steps
    ]  # fmt: skip


def answered(waits: list[int]) -> list[Told]:
    """Tickets of Monday the second of March at 9, answered after so many hours."""
    told: list[Told] = []
    for number, hours in enumerate(waits):
        days, hour = divmod(9 + hours, 24)
        told += ticket(number, ("2026-03-02T09:00", "created"), (f"2026-03-{2 + days:02d}T{hour:02d}:00", "replied"))
    return told


def test_half_and_nine_of_ten_wait_so_long_for_a_first_reply() -> None:
    """Waits of 1 to 9 hours and one of 30: the median lies between 5 and 6, nine of ten stay below 11.1 hours."""
    asked = scope(*answered([1, 2, 3, 4, 5, 6, 7, 8, 9, 30]))

    assert first_response_median.figure(asked).value == pytest.approx(5.5 * HOUR)
    assert first_response_p90.figure(asked).value == pytest.approx(np.quantile([*range(1, 10), 30], 0.9) * HOUR)


def test_nights_and_weekends_are_no_business_time() -> None:
    """Asked on Friday at 16:00, answered on Monday at 10:00: one hour on Friday and one on Monday."""
    told = [
        each
        for number in range(5)
        for each in ticket(number, ("2026-03-06T16:00", "created"), ("2026-03-09T10:00", "replied"))
    ]

    assert first_response_business_median.figure(scope(*told)).value == 2 * HOUR
    assert first_response_median.figure(scope(*told)).value == 66 * HOUR


def test_business_time_of_a_column_is_that_of_each() -> None:
    """Over a change to summer time, a holiday and odd hours, as each one by itself."""
    hours = BusinessHours(
        Calendar(reporting_timezone="Europe/Berlin", opens_at="08:30", closes_at="17:15", holidays=(date(2026, 4, 3),))
    )
    random = np.random.default_rng(1)
    starts = ms("2026-03-20") + random.integers(0, 30 * 86_400_000, 300)
    ends = starts + random.integers(-86_400_000, 9 * 86_400_000, 300)
    one_by_one = [hours.seconds_between(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]

    assert hours.elapsed(starts, ends).tolist() == one_by_one


def test_agents_tickets_machines_replies_and_the_unanswered_are_told_apart() -> None:
    """Five answered of six customers' tickets; what an agent opened and what a machine said does not count."""
    told = answered([2, 2, 2, 2, 2])
    told += ticket(5, ("2026-03-02T09:00", "created"))
    told += [event("c5", "2026-03-02T09:01", "ticket.replied", ticket="t/5", direction="outbound", automated=True)]
    told += [
        event("c6", "2026-03-02", "ticket.created", ticket="t/6", direction="outbound"),
        event("c6", "2026-03-03", "ticket.replied", ticket="t/6", direction="inbound"),
        event("c6", "2026-03-20", "ticket.replied", ticket="t/6", direction="outbound"),
    ]
    figure = first_response_median.figure(scope(*told))

    assert (figure.value, figure.sample_size) == (2 * HOUR, 5)
    assert figure.coverage == pytest.approx(5 / 6)
    assert figure.note == "1 of 6 tickets have no reply yet."


def resolved() -> list[Told]:
    """Six tickets of Monday: five are solved after a day; one of these is reopened and solved again after four."""
    told = []
    for number in range(5):
        told += ticket(number, ("2026-03-02", "created"), ("2026-03-02T12:00", "replied"), ("2026-03-03", "solved"))
    told += ticket(0, ("2026-03-05", "reopened"), ("2026-03-06", "solved"))
    told += ticket(1, ("2026-03-02T13:00", "replied"))
    return [*told, *ticket(5, ("2026-03-02", "created"))]


def test_resolution_is_the_last_solving_and_the_first() -> None:
    """Four days for the one that came back, one for the others; one of five came back; three took one reply."""
    asked = scope(*resolved())

    assert full_resolution_median.figure(asked).value == 24 * HOUR
    assert first_resolution_median.figure(asked).sample_size == 5
    assert reopen_rate.figure(asked).value == 20.0
    assert one_touch.figure(asked).value == 60.0


def test_a_reopened_ticket_is_not_solved() -> None:
    """As of the fifth of March the one that came back is open again: four are solved, too few to tell."""
    figure = full_resolution_median.figure(scope(*resolved(), as_of="2026-03-05T12:00"))

    assert (figure.unavailable, figure.sample_size) == (Unavailable.SAMPLE_TOO_SMALL, 4)


def contacts() -> list[Told]:
    """Six contacts: two stay solved, one of them by another agent of the team; then one unsolved, one transferred, one
    reopened, one repeated on the topic."""
    solved = (("2026-03-02", "created"), ("2026-03-03", "solved"))
    told = [*ticket(0, *solved), *ticket(2, ("2026-03-02", "created"))]
    told += ticket(1, solved[0], ("2026-03-02T10:00", "reassigned"), solved[1])
    moved = {"ticket": "t/3", "team": "Billing", "direction": "internal"}
    told += [*ticket(3, *solved), event("c3", "2026-03-02T10:00", "ticket.reassigned", **moved)]
    told += ticket(4, *solved, ("2026-03-08", "reopened"))
    told += ticket(5, *solved, who="f")
    return [*told, *ticket(6, ("2026-03-09T23:00", "created"), ("2026-03-10", "solved"), who="f")]


def test_the_first_contact_resolves_unless_it_comes_back() -> None:
    """Three of seven: the two that stay solved, and the repetition itself."""
    asked = scope(*contacts())
    figure = first_contact_resolution.figure(asked)

    assert (figure.value, figure.sample_size) == pytest.approx((100 * 3 / 7, 7))
    assert repeat_contact.figure(asked).value == pytest.approx(100 / 7)


def test_contacts_that_are_too_young_are_left_out() -> None:
    """On the tenth of March only the days of the unsolved one, opened on the second, and of those solved until the
    third are over; on the fourth nobody's."""
    assert first_contact_resolution.figure(scope(*contacts(), as_of="2026-03-10")).sample_size == 6
    assert first_contact_resolution.figure(scope(*contacts(), as_of="2026-03-04")).unavailable is Unavailable.IMMATURE


def test_handoffs_are_counted_by_ticket_and_their_wait_told() -> None:
    """Each of five tickets goes to Billing after a day, which answers after two hours; one of them back to Support."""
    told: list[Told] = []
    for number in range(5):
        told += ticket(number, ("2026-03-02", "created"), ("2026-03-02T12:00", "replied"))
        moved = {"ticket": f"t/{number}", "team": "Billing", "topic": "question"}
        told += [
            event(f"c{number}", "2026-03-03T00:00", "ticket.reassigned", direction="internal", **moved),
            event(f"c{number}", "2026-03-03T02:00", "ticket.replied", direction="outbound", **moved),
        ]
    told += ticket(0, ("2026-03-04T00:00", "reassigned"), ("2026-03-04T10:00", "replied"))
    told += ticket(0, ("2026-03-05", "solved"))
    solved = {"direction": "outbound", "team": "Billing"}
    told += [
        event(f"c{number}", "2026-03-05", "ticket.solved", ticket=f"t/{number}", **solved) for number in (1, 2, 3, 4)
    ]
    asked = scope(*told)
    wait = handoff_wait_median.figure(asked)

    assert handoffs_per_ticket.figure(asked).value == pytest.approx(6 / 5)
    assert (wait.value, wait.sample_size) == (2 * HOUR, 6)


@pytest.mark.parametrize("figure_of", [first_response_median, full_resolution_median, reopen_rate, one_touch])
def test_no_tickets_are_no_zero(figure_of: object) -> None:
    """Without tickets there is no figure, and it says so."""
    figure: Figure = figure_of.figure(scope(event("a", "2026-03-02", "page.viewed")))  # type: ignore[attr-defined]

    assert figure.unavailable is Unavailable.NO_DATA_IN_PERIOD

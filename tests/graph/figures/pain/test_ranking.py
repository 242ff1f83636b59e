"""Pain points are ranked by customers × harm; harm is told within one survey, and nobody is singled out."""

from __future__ import annotations

import pytest

from graph.figures.figure import Unavailable
from graph.figures.pain.occurrences import Pain
from graph.figures.pain.ranking import pain_points
from graph.figures.scope import EventFilter, Scope
from graph.journeys.journeys import Journeys
from tests.graph.figures.pain.test_pain import MARCH, moves, scope
from tests.journeys import Told, answer, event, journeys, ms


@pytest.fixture(scope="module")
def company() -> Journeys:
    """Six tickets went to and fro, after which five of six are not content; six other people are.

    Eight forms were given up, by people who never answer; four leads wait; five forms were given up in February.
    """
    told: list[Told] = []
    for number in range(6):
        told += moves(f"p{number}", "Support", "Billing", "Support")
        told.append(answer(f"p{number}", "2026-03-20", "csat", 1 if number else 5))
        told.append(answer(f"p{number}", "2026-03-21", "nps", 9))
        told.append(answer(f"q{number}", "2026-03-20", "csat", 5))
    told += [event(f"f{number}", "2026-03-05", "form.abandoned") for number in range(8)]
    told += [event(f"g{number}", "2026-02-05", "form.abandoned") for number in range(5)]
    told += [event(f"l{number}", "2026-03-05", "lead.created", direction="internal") for number in range(4)]
    return journeys(*told)


def test_what_hurts_most_customers_most_comes_first(company: Journeys) -> None:
    """5 of 6 less 0 of 6: 83.3 points; six customers make an impact of 5. What cannot be measured follows."""
    first, second, third, *others = pain_points(scope(company))

    # Every handoff of the two kinds hurts, and they hurt the same six.
    assert {first.kind, second.kind} == {Pain.HANDOFF_HURT, Pain.PING_PONG}
    assert (first.impact, second.impact) == (pytest.approx(5.0), pytest.approx(5.0))
    assert first.harm.worse.value == pytest.approx(500 / 6)
    assert first.harm.survey == "csat transactional, 1 to 5"
    assert (third.kind, third.now.customers, third.before.customers) == (Pain.ABANDONED_FORM, 8, 5)
    assert third.impact is None
    assert third.harm.worse.unavailable is Unavailable.SAMPLE_TOO_SMALL
    assert [each.now.customers for each in others if each.kind is not Pain.SLOW_LEAD_RESPONSE] == [0] * 6


def test_a_few_customers_are_not_counted_nor_named(company: Journeys) -> None:
    """Four leads wait: neither their number nor any of them is told; of eight forms all are shown."""
    by_kind = {each.kind: each for each in pain_points(scope(company))}
    few, many = by_kind[Pain.SLOW_LEAD_RESPONSE], by_kind[Pain.ABANDONED_FORM]

    assert (few.now.customers, few.now.occurrences, few.ways, len(few.examples)) == (None, None, (), 0)
    assert sorted(company.customer_ids(many.examples)) == [f"f{number}" for number in range(8)]


def test_contacts_after_are_held_against_those_before(company: Journeys) -> None:
    """Those whose tickets came back had one ticket in the 30 days before and none after."""
    back = next(each for each in pain_points(scope(company)) if each.kind is Pain.PING_PONG)

    assert back.harm.contacts.value == -1.0


def test_pain_points_are_narrowed_by_what_they_are_about(company: Journeys) -> None:
    """By telephone nothing of it happened."""
    asked = Scope(company.view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01"), EventFilter(channels=("phone",)))
    by_kind = {each.kind: each.now.customers for each in pain_points(asked)}

    assert (by_kind[Pain.PING_PONG], by_kind[Pain.ABANDONED_FORM]) == (0, 0)

"""Touchpoints by hand: reach, waits, scores, and the quadrants with their refusals."""

from __future__ import annotations

from datetime import date

import pytest
from scipy import stats

from graph.figures.figure import Unavailable
from graph.figures.scope import Scope
from graph.figures.touchpoints import Quadrant, TouchpointFigures, touchpoint_figures
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from tests.journeys import Told, answer, event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def told(table: Journeys, **only: tuple[str, ...]) -> dict[str, TouchpointFigures]:
    scope = Scope(table.view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01")).where(**only)
    return {each.touchpoint.key: each for each in touchpoint_figures(scope, "csat", 5)}


def test_reach_frequency_and_wait() -> None:
    """Six of eight had a reply, two of them twice; each waited an hour from their first message on."""
    events: list[Told] = []
    for number in range(8):
        who = str(number)
        events += [
            event(who, "2026-03-02T08:00", "ticket.created"),
            event(who, "2026-03-02T08:30", "ticket.created"),
            event(who, "2026-03-02T08:40", "email.opened", automated=True),
        ]
        if number < 6:
            events.append(event(who, "2026-03-02T09:00", "ticket.replied"))
        if number < 2:
            events.append(event(who, "2026-03-03T09:00", "ticket.replied"))
    replies = told(journeys(*events))["ticket.replied:email:service"]

    assert (replies.interactions, replies.customers, replies.frequency) == (8, 6, pytest.approx(8 / 6))
    assert (replies.reach.value, replies.reach.sample_size) == (75.0, 8)
    assert (replies.wait.value, replies.wait.sample_size) == (3600.0, 6)
    assert (replies.gap.value, replies.gap.sample_size) == (1800.0, 8)
    assert (replies.touchpoint.function, replies.touchpoint.channel) == ("service", "email")


def test_a_touchpoint_of_few_is_not_told_and_a_filter_narrows() -> None:
    """Four customers on the phone are not told; asked for the phone there is nothing else."""
    table = journeys(
        *(event(who, "2026-03-02", "ticket.created") for who in "abcdef"),
        *(event(who, "2026-03-03", "call.ended", channel="phone") for who in "abcd"),
    )

    assert set(told(table)) == {"ticket.created:email:service"}
    assert told(table, channels=("phone",)) == {}


def scored(channels: dict[str, list[tuple[float, float]]]) -> Journeys:
    """By channel the (CSAT about a ticket there, relationship NPS) of customers."""
    events: list[Told] = []
    for channel, pairs in channels.items():
        for number, (score, loyalty) in enumerate(pairs):
            who = f"{channel}{number}"
            ticket = f"t/{who}"
            events += [
                event(who, "2026-03-02", "ticket.solved", ticket=ticket, channel=channel),
                answer(who, "2026-03-03", "csat", score, ticket=ticket),
                answer(who, "2026-03-20", "nps", loyalty),
            ]
    return journeys(*events)


def test_quadrants_are_importance_by_performance() -> None:
    """Importance is Pearson's correlation of both scores; its lines are the means."""
    pairs = {
        "phone": [(1 + n % 3, 2.0 * (n % 3)) for n in range(30)],
        "chat": [(3 + n % 3, 3.0 * (n % 3)) for n in range(30)],
        "web": [(3 + n % 3, float(n % 7)) for n in range(30)],
    }
    found = told(scored(pairs))
    quadrants = {each.touchpoint.channel: each.quadrant for each in found.values() if each.scores}

    assert quadrants == {
        "phone": Quadrant.CONCENTRATE_HERE,
        "chat": Quadrant.KEEP_UP,
        "web": Quadrant.POSSIBLE_OVERKILL,
    }
    web = found["ticket.solved:web:service"]
    assert web.importance.value == pytest.approx(stats.pearsonr(*zip(*pairs["web"], strict=True)).statistic)
    assert web.performance.value == pytest.approx(100 * 2 / 3)
    assert set(web.scores) == {"csat"}


def test_without_enough_scores_there_is_no_quadrant_and_it_says_why() -> None:
    """Twenty-nine pairs are too few for an importance, and one touchpoint has nothing to stand beside."""
    few = told(scored({"phone": [(n % 5 + 1, float(n % 10)) for n in range(29)]}))["ticket.solved:phone:service"]
    one = told(scored({"phone": [(n % 5 + 1, float(n % 10)) for n in range(30)]}))["ticket.solved:phone:service"]

    assert (few.importance.unavailable, few.quadrant) == (Unavailable.SAMPLE_TOO_SMALL, None)
    assert one.importance.value is not None
    assert one.quadrant is None
    assert one.quadrant_note is not None
    assert "at least 3" in one.quadrant_note


def test_nobody_has_no_touchpoints() -> None:
    """Of no journeys there is an empty list."""
    assert told(journeys()) == {}

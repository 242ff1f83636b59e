"""What merges and splits moved: the same interactions with the customers of then, by hand."""

from __future__ import annotations

from datetime import date

from graph.figures.activity import active_customers, period_retention
from graph.figures.resolution import reopen_rate
from graph.figures.scope import Scope
from graph.figures.undone import regroup, regrouped_by
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from tests.journeys import event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


def scope(table: Journeys) -> Scope:
    return Scope(table.view(as_of=ms("2026-07-01")), MARCH, ms("2026-07-01"))


def company() -> Journeys:
    """Ada was two customers (ada, ada2); eve and eva were one (eve). Each record has one interaction in February or
    March; ten others have one in March."""
    return journeys(
        event("ada", "2026-02-10", "page.viewed"),
        event("ada", "2026-03-10", "ticket.created", ticket="t/1"),
        event("ada", "2026-03-20", "page.viewed"),
        event("eve", "2026-02-11", "page.viewed"),
        event("eva", "2026-03-11", "page.viewed"),
        *(event(f"x{number}", "2026-03-12", "page.viewed") for number in range(10)),
    )


RECORDS = {f"test/events/{number}": record for number, record in enumerate(["a1", "a2", "a3", "e1", "e2"])}
BEFORE = {"a1": "ada", "a2": "ada2", "e1": "eve", "e2": "eve"}
NOW = {"ada": ["a1", "a2", "a3"], "eve": ["e1"], "eva": ["e2"], "zoe": ["z1"]}


def test_customers_are_as_they_were_then() -> None:
    """Today 12 are active in March and one of two came back (ada); with the customers of then 13 are: ada by her new
    record, ada2 and eve, and two of two came back."""
    found = regrouped_by(BEFORE, NOW)
    table = company()
    undone = regroup(table, found, RECORDS)

    assert (list(found.merged), list(found.split), list(found.touched)) == (["ada"], ["eve"], ["ada", "eva", "eve"])
    assert active_customers.figure(scope(table)).value == 12
    assert active_customers.figure(scope(undone)).value == 13
    assert sorted(undone.customers.arrow("id").to_pylist())[:3] == ["ada", "ada2", "eve"]
    assert period_retention.figure(scope(undone)).sample_size == 2
    assert len(undone.events) == len(table.events)


def test_what_follows_from_a_journey_is_made_anew() -> None:
    """Stages of then: ada2 never was more than what her ticket shows; the figures of others are untouched."""
    table = company()
    undone = regroup(table, regrouped_by(BEFORE, NOW), RECORDS)
    stages = dict(zip(undone.stages.arrow("who").to_pylist(), undone.stages.arrow("stage").to_pylist(), strict=False))

    assert set(undone.stages.arrow("who").to_pylist()) <= set(undone.customers.arrow("id").to_pylist())
    assert "eva" not in stages
    assert reopen_rate.figure(scope(undone)) == reopen_rate.figure(scope(table))


def test_records_that_only_came_later_are_no_merge() -> None:
    """A record that nobody knew then joins its customer: nothing was merged."""
    found = regrouped_by({"a1": "ada"}, {"ada": ["a1", "a2"]})

    assert (list(found.merged), list(found.split), list(found.touched)) == ([], [], [])

"""Journeys that others have taken the place of leave memory at once, with all that was worked out of them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import date
from weakref import ref

import pytest

from graph.figures.board import KPIS
from graph.figures.figure import NoFigure
from graph.figures.pain.ranking import pain_points
from graph.figures.scope import EventFilter, Scope
from graph.figures.touchpoints import touchpoint_figures
from graph.journeys.journeys import Journeys
from graph.journeys.layout import TABLES
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.journeys import answer, event, journeys, ms

NOW = ms("2026-04-10")
MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))


@pytest.fixture
def garbage_stays() -> Iterator[None]:
    """Nobody looks for garbage: what is let go of must fall by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _company() -> Journeys:
    asked = [event(who, "2026-03-02", "ticket.created", ticket=who) for who in "abcdef"]
    answered = [answer(who, "2026-03-05", "csat", 5) for who in "abcdef"]
    bought = [event(who, "2026-02-05", "order.placed", amount=9.0, currency="EUR") for who in "abc"]
    return journeys(*asked, *answered, *bought, customers={"a": {"account": "acme"}}, accounts={"acme": {}})


def _changed(table: Journeys) -> Journeys:
    """Customer b is gone."""
    none = {name: schema.empty_table() for name, schema in TABLES.items() if name in ("customers", "events", "stages")}
    return table.changed(["b"], [], none, table.seq + 1, table.read_at)


def _work_with(table: Journeys) -> int:
    """All KPIs and two large answers, of customers and accounts, of all and of some, now and as of earlier."""
    told = 0
    for unit in Unit:
        for now in (NOW, ms("2026-03-03")):
            for only in (EventFilter(), EventFilter(channels=("email",))):
                scope = Scope(table.view(unit, now), MARCH, now, only)
                for kpi in KPIS.values():
                    try:
                        kpi.figure(scope)
                        told += 1
                    except NoFigure:
                        pass
                pain_points(scope)
                touchpoint_figures(scope, "csat", 1)
    return told


@pytest.mark.usefixtures("garbage_stays")
def test_replaced_journeys_leave_memory_with_what_was_made_of_them() -> None:
    """No collector is needed; that they had been worked with is told by the figures."""
    first = _company()
    second = _changed(first)
    assert _work_with(second) > 50
    third = _changed(second)
    second.let_go(third)
    gone = ref(second)
    del second
    assert gone() is None
    assert _work_with(third) > 50


@pytest.mark.usefixtures("garbage_stays")
def test_without_being_let_go_they_would_stay() -> None:
    """What was worked out points back to them."""
    table = _company()
    _work_with(table)
    stays = ref(table)
    del table
    assert stays() is not None


def test_who_is_still_at_work_goes_on() -> None:
    """The same answers as before, made once more; what others who follow share is not made again."""
    table = _company()
    view = table.view(as_of=NOW)
    before = touchpoint_figures(Scope(view, MARCH, NOW), "csat", 1)
    following = _changed(table)
    shared = following.settled.view()
    table.let_go(following)

    assert touchpoint_figures(Scope(view, MARCH, NOW), "csat", 1) == before
    assert following.settled.view() is shared

"""Scopes: the same question is worked out once, another one is not taken for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from graph.figures.scope import EventFilter, Scope
from graph.figures.voice import csat
from graph.journeys.period import Period
from graph.journeys.view import Unit
from tests.journeys import answer, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
NOW = ms("2026-07-01")
TABLE = journeys(
    *(answer(who, "2026-03-05", "csat", 5) for who in "abcdef"),
    *(answer(who, "2026-03-06", "csat", 1) for who in "uvwxyz"),
    customers={who: {"account": "acme"} for who in "abcdef"},
    accounts={"acme": {}},
)


def test_the_same_question_is_worked_out_once() -> None:
    """Also by whoever narrows to the same people anew; other people, periods, filters, moments and units are others."""
    made: list[Scope] = []
    ask = Scope(TABLE.view(as_of=NOW), MARCH, NOW)
    few = np.arange(12) < 3
    asked = [
        ask,
        Scope(TABLE.view(as_of=NOW), MARCH, NOW),
        ask.of(np.ones(12, np.bool_)),
        ask.of(few),
        Scope(TABLE.view(as_of=NOW), MARCH, NOW).of(few.copy()),
        ask.of(~few),
        ask.at(MARCH.before),
        ask.where(channels=("email",)),
        replace(ask, only=EventFilter(channels=("email",))),
        Scope(TABLE.view(as_of=NOW - 1), MARCH, NOW - 1),
        Scope(TABLE.view(as_of=ms("2026-03-05T12:00")), MARCH, ms("2026-03-05T12:00")),
        Scope(TABLE.view(Unit.ACCOUNT, NOW), MARCH, NOW),
    ]
    for scope in asked:
        scope.once("who asks", lambda scope=scope: made.append(scope))  # type: ignore[misc]

    assert [asked.index(scope) for scope in made] == [0, 3, 5, 6, 7, 9, 10, 11]


def test_a_kept_figure_is_that_of_the_people_who_are_asked_about() -> None:
    """All, then the content half, then the other, then all once more."""
    ask = Scope(TABLE.view(as_of=NOW), MARCH, NOW)
    ids = TABLE.customers.arrow("id").to_pylist()
    content = np.array([id in "abcdef" for id in ids])
    values = [csat.figure(scope).value for scope in (ask, ask.of(content), ask.of(~content), ask)]

    assert values == [50.0, 100.0, 0.0, 50.0]

"""Before and after an initiative, by hand; rules that cannot be meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from graph.figures.figure import Unavailable
from graph.figures.scope import Scope
from graph.initiatives.effect import BEFORE_AFTER, DIFFERENCES, Effect, effect
from graph.initiatives.rules import InitiativeRule
from graph.journeys.period import Period
from graph.rules import Rules, RulesError, read_rules
from graph.segments.rules import Condition, SegmentRule
from tests.journeys import Told, answer, journeys, ms

START = date(2026, 3, 1)
INITIATIVE = InitiativeRule(
    name="callback",
    title="We call back",
    function="service",
    owner="Nadia Brenner",
    start=START,
    kpi="csat",
    expected=70.0,
    segment="german",
    comparison="french",
    window_days=30,
)
RULES = Rules(
    segment=tuple(
        SegmentRule(name, name, all=(Condition(field="country", values=(code,)),))
        for name, code in (("german", "DE"), ("french", "FR"))
    )
)
GLAD = {("DE", 0): 6, ("DE", 1): 4, ("DE", 2): 8, ("FR", 0): 6, ("FR", 1): 4, ("FR", 2): 5}
"""Of ten answers each, how many are glad: in the window before the last, in the last before the start, from it on."""


def scope() -> Scope:
    answers: list[Told] = []
    people = {}
    for (country, window), glad in GLAD.items():
        at = START + timedelta(days=30 * (window - 2) + 10)
        for number in range(10):
            who = f"{country}{window}{number}"
            people[who] = {"country": country}
            answers.append(answer(who, at.isoformat(), "csat", 5 if number < glad else 2))
    now = ms("2026-06-01")
    table = journeys(*answers, customers=people, rules=RULES)
    return Scope(table.view(as_of=now), Period(date(2026, 5, 31), date(2026, 6, 1)), now)


def found(initiative: InitiativeRule = INITIATIVE) -> Effect:
    told = effect(initiative, scope())
    assert told is not None
    return told


def test_the_difference_in_differences_takes_out_what_both_went_through() -> None:
    """Germans 40 to 80 %, French 40 to 50 %: 40 less 10; before it both went from 60 to 40, so the placebo is 0."""
    told = found()

    assert (told.before.value, told.after.value, told.change.value) == (40.0, 80.0, pytest.approx(40.0))
    assert told.comparison_after is not None
    assert told.comparison_after.value == 50.0
    assert told.in_differences is not None
    assert told.placebo is not None
    assert (told.in_differences.value, told.placebo.value) == (pytest.approx(30.0), pytest.approx(0.0))
    variance = sum(np.var([100.0] * glad + [0.0] * (10 - glad), ddof=1) / 10 for glad in (4, 8, 4, 5))
    assert told.in_differences.low is not None
    assert (30.0 - told.in_differences.low) / variance**0.5 == pytest.approx(2.03, abs=0.02)  # t of about 36
    assert (told.is_as_expected, told.caveat) == (True, DIFFERENCES)


def test_without_a_comparison_there_is_only_before_and_after() -> None:
    """And it says what is in it; who names no KPI is told nothing."""
    told = found(msgspec.structs.replace(INITIATIVE, comparison=None, expected=90.0))

    assert (told.in_differences, told.placebo, told.caveat) == (None, None, BEFORE_AFTER)
    assert told.is_as_expected is False
    assert effect(msgspec.structs.replace(INITIATIVE, kpi=None, expected=None), scope()) is None


def test_other_figures_are_compared_by_the_four_of_them() -> None:
    """Ten new customers in each window of each group; a count has no interval, so neither has their difference."""
    told = found(msgspec.structs.replace(INITIATIVE, kpi="new_customers"))

    assert (told.before.value, told.after.value) == (10.0, 10.0)
    assert told.in_differences is not None
    assert (told.in_differences.value, told.in_differences.low) == (0.0, None)


def test_too_few_answers_say_nothing() -> None:
    """A window of one day has no answers in it."""
    told = found(msgspec.structs.replace(INITIATIVE, window_days=1))

    assert told.in_differences is not None
    assert told.in_differences.unavailable is Unavailable.SAMPLE_TOO_SMALL
    assert told.change.value is None


def test_as_of_before_the_start_there_is_no_after() -> None:
    """What had not happened by then is not there."""
    then = ms("2026-02-25")
    early = scope()
    told = effect(INITIATIVE, replace(early, view=early.view.until(then), now_ms=then))

    assert told is not None
    assert (told.before.value, told.after.value) == (40.0, None)


BASE = '[[initiative]]\nname = "a"\ntitle = "A"\nfunction = "service"\nowner = "Ines Marl"\nstart = 2026-03-01\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BASE.replace("Ines Marl", "Service"), "is a department"),
        (BASE.replace('"service"', '"magic"'), "function 'magic' is not known"),
        (BASE + "end = 2026-02-01", "is not after start"),
        (BASE.replace("start = 2026", "start = 0026"), "write a day between 1800-01-01 and 2200-01-01"),
        (BASE + 'segment = "nobody"', "is no segment"),
        (BASE + 'comparison = "best_customers"', "comparison without segment"),
        (BASE + "expected = 3.0", "expected without kpi"),
        (BASE + "window_days = 0", "write 1 to 730"),
        (BASE + BASE, "two have the name 'a'"),
    ],
)
def test_an_initiative_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """The refusal names what is wrong and what to write."""
    path = tmp_path / "rules.toml"
    path.write_text(text)

    with pytest.raises(RulesError, match=says):
        read_rules(path)

"""Paths beside a goal, loops, what followed, conversion sequences: against counting by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.figures.figure import Unavailable
from graph.figures.followed import last_steps, what_followed
from graph.figures.funnel import FunnelStep
from graph.figures.loops import loops
from graph.figures.paths import PathRules, Side, journey_paths
from graph.figures.scope import Scope
from graph.figures.sequences import conversion_sequences
from graph.figures.steps import StepRules
from graph.journeys.journeys import Journeys
from graph.journeys.period import Period
from tests.journeys import event, journeys, ms

MARCH = Period(date(2026, 3, 1), date(2026, 4, 1))
DAY = 86_400_000
KINDS = {"a": "page.viewed", "b": "form.submitted", "c": "call.ended", "g": "order.placed"}
LETTERS = {kind: letter for letter, kind in KINDS.items()}
GOAL = FunnelStep("order", ("order.placed",))
EACH = StepRules(collapse_repeats=False)


def scope(*paths: str, as_of: str = "2026-07-01") -> Scope:
    """Customers with steps a day apart from the second of March on."""
    table: Journeys = journeys(
        *(
            event(f"{who:02d}", str(date(2026, 3, 2) + timedelta(days=number)), KINDS[step])
            for who, path in enumerate(paths)
            for number, step in enumerate(path)
        )
    )
    return Scope(table.view(as_of=ms(as_of)), MARCH, ms(as_of))


def word(steps: tuple[str, ...]) -> str:
    return "".join(LETTERS[step] for step in steps)


@settings(max_examples=30, deadline=None)
@given(
    paths=st.lists(st.text("abcg", max_size=9), min_size=1, max_size=4),
    length=st.integers(1, 4),
    collapse=st.booleans(),
    side=st.sampled_from(Side),
)
def test_paths_beside_a_goal_are_counted(paths: list[str], length: int, collapse: bool, side: Side) -> None:
    """Of each stretch between goals its last (or first) steps: how often, and of how many customers."""
    rules = PathRules(GOAL, StepRules(collapse_repeats=collapse), side, length, min_customers=1)
    found = journey_paths(scope(*paths), rules)

    times: Counter[str] = Counter()
    customers: dict[str, set[int]] = defaultdict(set)
    for who, path in enumerate(paths):
        stretches = path.split("g")
        for stretch in stretches[:-1] if side is Side.BEFORE else stretches[1:]:
            steps = "".join(key for key, _ in groupby(stretch)) if collapse else stretch
            beside = steps[-length:] if side is Side.BEFORE else steps[:length]
            if beside:
                times[beside] += 1
                customers[beside].add(who)
    assert {word(path.steps): (path.times, path.customers) for path in found.paths} == {
        steps: (count, len(customers[steps])) for steps, count in times.items()
    }
    assert found.goals == sum(path.count("g") for path in paths)


def test_lift_is_the_rate_against_the_usual_one() -> None:
    """Of ten who went a-b six reach the goal within the window, of all twenty from their first step on eight."""
    asked = scope(*["abg"] * 6, *["ab"] * 4, *["cg"] * 2, *["c"] * 8)
    found = journey_paths(asked, PathRules(GOAL, EACH, length=2, window_ms=10 * DAY, min_customers=5))

    (path,) = found.paths
    assert (word(path.steps), path.times, path.customers, found.hidden) == ("ab", 6, 6, 1)
    assert (path.rate.value, path.rate.sample_size) == (60.0, 10)
    assert found.usual is not None
    assert found.usual.value == 40.0
    assert path.lift.value == pytest.approx(1.5)
    # Wilson 1927 for 6 of 10: 0.3127 to 0.8318, divided by 0.4.
    assert path.lift.low == pytest.approx(0.7817, abs=1e-3)
    assert path.lift.high == pytest.approx(2.0796, abs=1e-3)


def test_a_path_whose_window_is_not_over_has_no_rate() -> None:
    """As of the tenth nobody's thirty days are over: there are counts, and no rate."""
    found = journey_paths(scope(*["abg"] * 6, as_of="2026-03-10"), PathRules(GOAL, EACH, length=2))

    assert found.paths[0].times == 6
    assert found.paths[0].rate.unavailable is Unavailable.NO_DATA_IN_PERIOD
    assert journey_paths(scope(), PathRules(GOAL, EACH)).paths == ()


@settings(max_examples=20, deadline=None)
@given(paths=st.lists(st.text("abc", max_size=8), min_size=1, max_size=4))
def test_loops_are_repeats_and_there_and_back(paths: list[str]) -> None:
    """How often, of how many, and of how many who were there."""
    times: Counter[tuple[str, str | None]] = Counter()
    for path in paths:
        collapsed = "".join(key for key, _ in groupby(path))
        times.update((x, None) for x, y in pairwise(path) if x == y)
        times.update((x, y) for x, y, z in zip(collapsed, collapsed[1:], collapsed[2:], strict=False) if x == z)

    found = loops(scope(*paths), StepRules(), 1)
    assert {(LETTERS[each.key], each.via and LETTERS[each.via]): each.times for each in found} == dict(times)


def test_a_loop_says_its_share_and_its_time() -> None:
    """Six of eight who viewed a page came back to it by a form, two days later; five repeated the form."""
    found = loops(scope(*["aba"] * 5, "abba", "a", "a", *["bb"] * 5), StepRules(), 5)

    assert [(LETTERS[each.key], each.via, each.times, each.customers) for each in found] == [
        ("b", None, 6, 6),
        ("a", KINDS["b"], 6, 6),
    ]
    back = found[1]
    assert (back.share.value, back.share.sample_size, back.median_seconds) == (75.0, 8, 2 * 86_400.0)


def test_what_followed_tells_shares_and_the_goal() -> None:
    """After a-b: six went on to c, of whom five ordered within the window; six did nothing more."""
    asked = scope(*["abcg"] * 5, "abc", *["ab"] * 6, "ba")
    found = what_followed(asked, [KINDS["a"], KINDS["b"]], GOAL, StepRules(), 10 * DAY, 5)

    assert (found.customers, found.immature, found.hidden) == (12, 0, 0)
    onwards, nothing = found.steps
    assert (onwards.key, onwards.customers, onwards.share.value, onwards.seconds) == (KINDS["c"], 6, 50.0, 86_400.0)
    assert onwards.goal_rate is not None
    assert onwards.lift is not None
    assert nothing.goal_rate is not None
    assert onwards.goal_rate.value == pytest.approx(100 * 5 / 6)
    assert onwards.lift.value == pytest.approx(2.0)
    assert (nothing.key, nothing.customers, nothing.goal_rate.value) == (None, 6, 0.0)
    assert last_steps(asked.view, 0, StepRules(), 2) == (KINDS["c"], KINDS["g"])


def test_what_followed_waits_for_the_window() -> None:
    """As of the fifth the windows of ten days are not over: all of them are immature, and nothing is told."""
    found = what_followed(scope(*["ab"] * 6, as_of="2026-03-05"), [KINDS["b"]], GOAL, StepRules(), 10 * DAY, 5)

    assert (found.customers, found.immature, found.steps) == (0, 6, ())
    assert found.goal_rate is not None
    assert found.goal_rate.unavailable is Unavailable.NO_DATA_IN_PERIOD


def test_conversion_sequences_have_those_who_did_not_convert_beside_them() -> None:
    """Six by a-b, of whom five ordered; five ordered without any touch; what lies before the look-back is no touch."""
    asked = scope(*["abg"] * 4, "abgb", "ab", *["g"] * 5)
    found = conversion_sequences(asked, GOAL, StepRules(), 40 * DAY, 10, 5)
    short = conversion_sequences(asked, GOAL, StepRules(), DAY, 10, 5)

    assert [(word(each.touches), each.converted, each.not_converted) for each in found.sequences] == [
        ("ab", 5, 1),
        ("", 5, 0),
    ]
    assert found.sequences[0].rate.value == pytest.approx(100 * 5 / 6)
    assert (found.converted, found.not_converted, found.hidden) == (10, 1, 0)
    assert [(word(each.touches), each.converted) for each in short.sequences] == [("b", 5), ("", 5)]

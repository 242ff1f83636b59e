"""What followed: the steps that customers took next after one or two given ones, and how many then reached a goal.

Association, not effect: who takes a step is not who would have been sent along it. Each customer counts once, by the
first time that the given steps happened and the window after it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.estimates.proportion import proportion
from graph.figures.figure import Figure
from graph.figures.funnel import FunnelStep
from graph.figures.paths import goal_rows, lift
from graph.figures.scope import Scope
from graph.figures.steps import StepRules, Steps, medians, steps_in
from graph.journeys.view import View


@dataclass(frozen=True, slots=True)
class Following:
    """A next step (None: nothing followed within the window): how many took it, and of these the goal's rate.

    `share` and `goal_rate` in percent, `lift` against the goal's rate whatever followed (both None without a goal),
    `seconds` the median until it.
    """

    key: str | None
    customers: int
    share: Figure
    seconds: float | None
    goal_rate: Figure | None
    lift: Figure | None


@dataclass(frozen=True, slots=True)
class WhatFollowed:
    """`customers` came that way and their window is over; those of whom it is not are `immature`."""

    after: tuple[str, ...]
    customers: int
    immature: int
    goal_rate: Figure | None
    steps: tuple[Following, ...]
    hidden: int


def last_steps(view: View, unit: int, rules: StepRules, most: int) -> tuple[str, ...]:
    """The last steps (at most so many) of one customer or account of the view."""
    steps = steps_in(view.where(view.unit == unit), rules)
    return tuple(steps.values[key] for key in steps.keys[-most:])


def what_followed(
    scope: Scope, after: Sequence[str], goal: FunnelStep | None, rules: StepRules, window_ms: int, least: int
) -> WhatFollowed:
    """What followed one or more steps of the period, within the window, of the customers of the scope.

    Steps that are taken by fewer than `least` customers are counted as hidden.
    """
    asked = (tuple(after), goal, rules, window_ms, least)
    return scope.once(("what followed", asked), lambda: _what_followed(scope, *asked))


def _what_followed(
    scope: Scope, after: tuple[str, ...], goal: FunnelStep | None, rules: StepRules, window_ms: int, least: int
) -> WhatFollowed:
    rows = _until_windows_end(scope, window_ms)
    steps = steps_in(rows, rules)
    place, is_over = _first_times(scope, steps, after, window_ms)
    immature = len(np.setdiff1d(steps.unit[place], steps.unit[place[is_over]]))
    place = place[is_over]
    reached = _reached(rows, goal, steps, place, window_ms)
    until = steps.at[place] + window_ms
    following = np.minimum(place + 1, max(0, len(steps) - 1))
    is_there = (place + 1 < len(steps)) & (steps.unit[following] == steps.unit[place]) & (steps.at[following] <= until)
    key = np.where(is_there, steps.keys[following], len(steps.values)).astype(np.int64)
    told = _told(steps, key, steps.at[following] - steps.at[place], reached, goal is not None)
    shown = tuple(each for each in told if each.customers >= least)
    rate = None if goal is None else Figure.of(proportion(int(reached.sum()), len(place)), factor=100)
    hidden = len(told) - len(shown)
    return WhatFollowed(after, len(place), immature, rate, shown, hidden)


def _until_windows_end(scope: Scope, window_ms: int) -> View:
    at = scope.view.at
    counted = (at >= scope.period.start_ms) & (at < scope.period.end_ms + window_ms)
    if scope.only.narrows:
        counted &= scope.only.fits(scope.view)
    return scope.view.where(counted)


def _first_times(
    scope: Scope, steps: Steps, after: Sequence[str], window_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each customer the first step of the period that ends these, its window over if there is such a one."""
    ends = (steps.at >= scope.period.start_ms) & (steps.at < scope.period.end_ms)
    for distance, value in enumerate(reversed(after)):
        there = np.arange(len(steps)) - distance
        ends &= there >= 0
        there = np.maximum(there, 0)
        if len(steps):
            ends &= (steps.keys[there] == steps.code(value)) & (steps.path[there] == steps.path)
    place = np.flatnonzero(ends)
    # What comes first has its window over first.
    place = place[np.unique(steps.unit[place], return_index=True)[1]]
    return place, steps.at[place] + window_ms <= scope.now_ms


def _reached(
    rows: View, goal: FunnelStep | None, steps: Steps, place: NDArray[np.int64], window_ms: int
) -> NDArray[np.bool_]:
    if goal is None:
        return np.zeros(len(place), np.bool_)
    goals = goal_rows(rows, goal)
    if not len(goals):
        return np.zeros(len(place), np.bool_)
    number = np.searchsorted(goals, steps.row[place], side="right")
    found = goals[np.minimum(number, len(goals) - 1)]
    is_theirs = (number < len(goals)) & (rows.unit[found] == steps.unit[place])
    in_time: NDArray[np.bool_] = is_theirs & (rows.at[found] <= steps.at[place] + window_ms)
    return in_time


def _told(
    steps: Steps, key: NDArray[np.int64], lasted: NDArray[np.int64], reached: NDArray[np.bool_], has_goal: bool
) -> list[Following]:
    size = len(steps.values) + 1
    counts = np.bincount(key, minlength=size)
    gone = np.bincount(key[reached], minlength=size)
    seconds = medians(key, lasted, size)
    usual = proportion(int(reached.sum()), len(key))
    found = []
    for number in sorted(np.flatnonzero(counts), key=lambda n: (-counts[n], n)):
        count, is_step = int(counts[number]), number < len(steps.values)
        rate = proportion(int(gone[number]), count)
        found.append(
            Following(
                steps.values[number] if is_step else None,
                count,
                Figure.of(proportion(count, len(key)), factor=100),
                float(seconds[number]) if is_step else None,
                Figure.of(rate, factor=100) if has_goal else None,
                lift(rate, usual) if has_goal else None,
            )
        )
    return found

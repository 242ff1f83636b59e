"""Paths to and from a goal: which steps came right before it, or right after, how often and of how many.

Beside each path stands how much more often than usual the goal goes along with it (lift): association, not effect. All
is of the period: steps, goals, and the windows that are over before its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graph.estimates.estimate import Estimate
from graph.estimates.proportion import WILSON, proportion
from graph.figures.figure import Figure, Unavailable, none
from graph.figures.funnel import FunnelStep
from graph.figures.scope import Scope
from graph.figures.steps import StepRules, Steps, changes, distinct, steps_in
from graph.journeys.view import View

MOST_PATHS = 100


class Side(StrEnum):
    """On which side of the goal the steps are."""

    BEFORE = "BEFORE"
    AFTER = "AFTER"


@dataclass(frozen=True, slots=True)
class PathRules:
    """The goal, which steps beside it, how many of them, and how long after a path the goal counts for its rate."""

    goal: FunnelStep
    steps: StepRules
    side: Side = Side.BEFORE
    length: int = 3
    window_ms: int = 30 * 86_400_000
    min_customers: int = 5


@dataclass(frozen=True, slots=True)
class Path:
    """Steps in the order of time; fewer than asked for where the journey (or the way from goal to goal) is shorter.

    Before a goal, `rate` is the share of customers who reached it within the window after they took the path for the
    first time; after a goal, the share of goals after which the path was taken. `lift` is it divided by the usual one.
    """

    steps: tuple[str, ...]
    times: int
    customers: int
    rate: Figure
    lift: Figure


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths of enough customers, those of most customers first; `usual` is the rate whatever the path.

    It is that of customers after their first step. After a goal there is none for all paths.
    """

    paths: tuple[Path, ...]
    goals: int
    customers: int
    hidden: int
    usual: Figure | None


def journey_paths(scope: Scope, rules: PathRules) -> Paths:
    """The paths of the period beside the goal."""
    rows = scope.rows()
    goals = goal_rows(rows, rules.goal, rules.steps.include_automated)
    trails = Trails(rows, goals, rules.steps)
    return (_before if rules.side is Side.BEFORE else _after)(scope, rules, trails)


def goal_rows(rows: View, goal: FunnelStep, include_automated: bool = False) -> NDArray[np.int64]:
    """The rows at which the goal is reached."""
    fits = goal.fits(rows)
    return np.flatnonzero(fits if include_automated else fits & ~rows.flags("automated"))


class Trails:
    """The steps that are no goal, in the stretches between goals; a trail is a few steps in a row of one stretch."""

    def __init__(self, rows: View, goals: NDArray[np.int64], rules: StepRules) -> None:
        self.rows = rows
        self.goals = goals
        every = steps_in(rows, StepRules(rules.by, rules.exclude_kinds, rules.include_automated, False))
        every = every.where(~np.isin(every.row, goals))
        other = every.begins | changes(np.searchsorted(goals, every.row).astype(np.int32))
        if rules.collapse_repeats:
            kept = other | changes(every.keys)
            every, other = every.where(kept), other[kept]
        self.steps: Steps = every
        stretch = np.cumsum(other) - 1
        first = np.flatnonzero(other)
        stop = np.append(first[1:], len(every))[: len(first)]
        here = np.arange(len(every))
        self.before = here - first[stretch] if len(every) else here
        """By step, how many are before it in its stretch."""
        self.after = stop[stretch] - here - 1 if len(every) else here
        """By step, how many are after it in its stretch."""

    def until(self, length: int) -> NDArray[np.int64]:
        """By step, the code of the trail of at most `length` steps that ends with it: equal trails have equal codes."""
        return trail_codes(self.steps, length, self.before, -1)

    def since(self, length: int) -> NDArray[np.int64]:
        """By step, the code of the trail of at most `length` steps that begins with it."""
        return trail_codes(self.steps, length, self.after, 1)

    def told(self, step: int, length: int, side: Side) -> tuple[str, ...]:
        """The keys of the trail that ends (or begins) with a step, in the order of time."""
        if side is Side.BEFORE:
            first, stop = step - min(length - 1, int(self.before[step])), step + 1
        else:
            first, stop = step, step + 1 + min(length - 1, int(self.after[step]))
        return tuple(self.steps.values[key] for key in self.steps.keys[first:stop])

    def next_goal(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """By step, when the next goal of its journey is reached, epoch milliseconds; the end of time where none is."""
        place = np.searchsorted(self.goals, self.steps.row[steps], side="right")
        never = np.full(len(steps), np.iinfo(np.int64).max)
        if not len(self.goals):
            return never
        found = self.goals[np.minimum(place, len(self.goals) - 1)]
        is_there = (place < len(self.goals)) & (self.rows.unit[found] == self.steps.unit[steps])
        return np.where(is_there, self.rows.at[found], never)

    def beside_goals(self, side: Side) -> NDArray[np.int64]:
        """By goal, the last step before it or the first after it, no other goal between; -1 where there is none."""
        if not len(self.steps):
            return np.full(len(self.goals), -1)
        step = np.searchsorted(self.steps.row, self.goals) - (side is Side.BEFORE)
        there = np.clip(step, 0, len(self.steps) - 1)
        is_theirs = (step == there) & (self.steps.unit[there] == self.rows.unit[self.goals])
        # Another goal of the same journey between the two has the step for itself.
        number = np.searchsorted(self.goals, self.steps.row[there])
        own = np.arange(len(self.goals)) + (side is Side.AFTER)
        return np.where(is_theirs & (number == own), there, -1)


def trail_codes(steps: Steps, length: int, reach: NDArray[np.int64], way: int) -> NDArray[np.int64]:
    """By step, the code of it and the next `length` - 1 steps backwards (`way` -1) or onwards (1).

    `reach` says by step how many steps that way still belong to it; equal trails have equal codes.
    """
    base = len(steps.values) + 1
    code, bound = np.zeros(len(steps), np.int64), 1
    here = np.arange(len(steps))
    for distance in range(length):
        if bound * base > _MOST_CODES:
            different, code = np.unique(code, return_inverse=True)
            bound = len(different)
        there = np.clip(here + way * distance, 0, max(0, len(here) - 1))
        code = code * base + np.where(reach >= distance, steps.keys[there] + 1, 0)
        bound *= base
    return code


def _before(scope: Scope, rules: PathRules, trails: Trails) -> Paths:
    beside = trails.beside_goals(Side.BEFORE)
    codes = trails.until(rules.length)
    found = _grouped(trails, beside, codes, rules.min_customers)
    over = min(scope.now_ms, scope.period.end_ms) - rules.window_ms
    mature = np.flatnonzero(trails.steps.at <= over)
    reached = trails.next_goal(mature) <= trails.steps.at[mature] + rules.window_ms
    usual = _share_of_first(trails.steps.unit[mature].astype(np.int64), reached)
    paths = []
    # Rows of the paths that are told, all at once.
    told = np.sort(np.array([group.code for group in found.groups], np.int64))
    which = np.searchsorted(told, codes[mature]) if len(told) else np.zeros(len(mature), np.int64)
    hits = np.flatnonzero(told[np.minimum(which, len(told) - 1)] == codes[mature]) if len(told) else which[:0]
    for group in found.groups:
        mine = hits[which[hits] == np.searchsorted(told, group.code)]
        rate = _share_of_first(trails.steps.unit[mature[mine]].astype(np.int64), reached[mine])
        paths.append(_path(trails, group, rules, rate, usual))
    return _told(trails, found, tuple(paths), Figure.of(usual, factor=100))


def _after(_: Scope, rules: PathRules, trails: Trails) -> Paths:
    beside = trails.beside_goals(Side.AFTER)
    codes = trails.since(rules.length)
    found = _grouped(trails, beside, codes, rules.min_customers)
    followed = trails.after > 0
    following = codes[np.flatnonzero(followed) + 1]
    usual_of = {group.code: int((following == group.code).sum()) for group in found.groups}
    paths = []
    for group in found.groups:
        usual = proportion(usual_of[group.code], len(trails.steps))
        paths.append(_path(trails, group, rules, proportion(group.times, len(trails.goals)), usual))
    return _told(trails, found, tuple(paths), None)


@dataclass(frozen=True, slots=True)
class _Group:
    code: int
    example: int
    times: int
    customers: int


@dataclass(frozen=True, slots=True)
class _Groups:
    groups: tuple[_Group, ...]
    hidden: int


def _grouped(trails: Trails, beside: NDArray[np.int64], codes: NDArray[np.int64], least: int) -> _Groups:
    """The trails beside goals of enough customers, those of most customers first."""
    some = np.flatnonzero(beside >= 0)
    steps = beside[some]
    different, example, group = np.unique(codes[steps], return_index=True, return_inverse=True)
    times = np.bincount(group, minlength=len(different))
    customers = distinct(group, trails.steps.unit[steps].astype(np.int64), len(different))
    enough = np.flatnonzero(customers >= least)
    order = enough[np.lexsort((example[enough], -times[enough], -customers[enough]))][:MOST_PATHS]
    groups = tuple(_Group(int(different[n]), int(steps[example[n]]), int(times[n]), int(customers[n])) for n in order)
    return _Groups(groups, len(different) - len(groups))


def _share_of_first(unit: NDArray[np.int64], reached: NDArray[np.bool_]) -> Estimate | None:
    """The share of customers who reached the goal, each by the first of their rows."""
    first = np.unique(unit, return_index=True)[1]
    return proportion(int(reached[first].sum()), len(first))


def _path(trails: Trails, group: _Group, rules: PathRules, rate: Estimate | None, usual: Estimate | None) -> Path:
    steps = trails.told(group.example, rules.length, rules.side)
    return Path(steps, group.times, group.customers, Figure.of(rate, factor=100), lift(rate, usual))


def lift(rate: Estimate | None, usual: Estimate | None) -> Figure:
    """A share divided by the usual one, which is taken as known; the interval is the share's own, divided alike."""
    if rate is None or usual is None:
        return Figure.of(None)
    if usual.value == 0:
        return none(Unavailable.NOT_ESTIMABLE, "The usual share is 0: nothing can be held against it.", rate.n)
    found = Figure.of(rate, factor=1 / usual.value)
    return found if found.value is None else _with_method(found)


def _with_method(figure: Figure) -> Figure:
    return Figure(figure.value, figure.sample_size, figure.low, figure.high, f"{WILSON}, divided", figure.level)


def _told(trails: Trails, found: _Groups, paths: tuple[Path, ...], usual: Figure | None) -> Paths:
    customers = len(np.unique(trails.rows.unit[trails.goals]))
    return Paths(paths, len(trails.goals), customers, found.hidden, usual)


_MOST_CODES = 1 << 62

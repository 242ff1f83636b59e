"""What customers did next who took the same last two steps as one of them, told as `what_followed.cypher` tells it."""

from __future__ import annotations

import numpy as np

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, grouped, milliseconds, nulls_last, wilson
from graph.figures.steps import distinct
from graph.journeys.journeys import Journeys
from graph.journeys.view import Mask, View

_MOST_MACHINES = 9
"""So many automated interactions may stand between two steps."""


def what_followed(journeys: Journeys, values: Values) -> Rows:
    """By next step, how often it was taken and the goal reached within the window after it; the surest first."""
    view, now, window = journeys.view(), milliseconds(values["now"]), values["window_days"] * DAY_MS
    me = int(journeys.customer_numbers([values["id"]])[0])
    goal = view.kinds(*values["goal"])
    rows = _after_the_same(view, me, now)
    rows = rows[~goal[rows] & (view.at[rows] + window <= now) & (view.unit[rows] != me)]
    reached = _reached(view, rows, goal, window)
    told = [view.coded(name).take(rows) for name in ("kind", "channel", "direction")]
    key = np.zeros(len(rows), np.int64)
    for column in told:
        key = key * (len(column.values) + 1) + column.codes + 1
    group, first = grouped(key)
    counts, customers = np.bincount(group), distinct(group, view.unit[rows].astype(np.int64), len(first))
    hits = np.bincount(group[reached], minlength=len(first))
    found: Rows = []
    for one in np.flatnonzero(counts >= values["least"]).tolist():
        n, hit = int(counts[one]), int(hits[one])
        names = (column.at(int(first[one])) for column in told)
        found.append([*names, n, int(customers[one]), hit, *wilson(hit, n)])
    return sorted(found, key=lambda row: (-row[7], -row[3], *nulls_last(*row[:3])))[: int(values["top"])]


def _after_the_same(view: View, me: int, now: int) -> Ints:
    """The rows of next steps after the two kinds of step that this customer took last; none where there are not two."""
    kind, unit = view.coded("kind").codes, view.unit
    steps = np.flatnonzero(~view.flags("automated"))
    last = steps[unit[steps] == me]
    last = last[view.at[last] <= now][-2:]
    if me < 0 or len(last) < 2 or (kind[last] < 0).any():
        return steps[:0]
    taken = kind[steps]
    begins = np.flatnonzero((taken[:-2] == kind[last[0]]) & (taken[1:-1] == kind[last[1]]))
    one, two, then = (steps[begins + distance] for distance in range(3))
    near = np.maximum(two - one, then - two) <= _MOST_MACHINES + 1
    found: Ints = then[near & (unit[one] == unit[then]) & (kind[then] >= 0)]
    return found


def _reached(view: View, rows: Ints, goal: Mask, window: float) -> Mask:
    """By row, whether one of the goal's comes after it, of the same customer and within the window."""
    goals = np.flatnonzero(goal)
    place = np.searchsorted(goals, rows, side="right")
    there = place < len(goals)
    found = goals[place[there]]
    there[there] = (view.unit[found] == view.unit[rows[there]]) & (view.at[found] <= view.at[rows[there]] + window)
    return there

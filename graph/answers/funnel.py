"""How far customers get along ordered steps, told as `ordered_funnel.cypher` tells it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, milliseconds, rounded
from graph.journeys.journeys import Journeys


def ordered_funnel(journeys: Journeys, values: Values) -> Rows:
    """By step, how many customers have got there by the longest chain from any start whose window is over."""
    steps, now, window = values["steps"], milliseconds(values["now"]), values["window_days"] * DAY_MS
    view = journeys.view()
    may_count = ~view.flags("automated") & (view.at >= milliseconds(values["since"])) & (view.at <= now)
    begun = view.any_by_unit(np.zeros(len(view), np.bool_))
    reached: list[NDArray[np.bool_]] = []
    chains: tuple[Ints, Ints] = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    for number, kind in enumerate(steps):
        rows = np.flatnonzero(view.kinds(kind) & may_count)
        if number == 0:
            rows = rows[view.at[rows] < milliseconds(values["until"])]
            begun[view.unit[rows]] = True
            rows = rows[view.at[rows] + window <= now]
            chains = rows, view.at[rows]
        else:
            chains = _followed(view.unit, view.at, rows, chains, window)
        there = np.zeros(len(begun), np.bool_)
        there[view.unit[chains[0]]] = True
        reached.append(there)
    started = int(reached[0].sum()) if reached else 0
    found: Rows = []
    for number, there in enumerate(reached):
        share = None if started == 0 else rounded(1000.0 * int(there.sum()) / started) / 1000
        immature = int((begun & ~reached[0]).sum()) if number == 0 else None
        found.append([number + 1, steps[number], int(there.sum()), share, immature])
    return found


def _followed(
    unit: NDArray[np.int32], at: Ints, rows: Ints, chains: tuple[Ints, Ints], window: float
) -> tuple[Ints, Ints]:
    """Of these rows those that go on with a chain within its window: the rows, and the moment at which each began.

    `chains` are the rows that took the step before, in order, with theirs; the last one before a row is its own.
    """
    taken, start = chains
    place = np.searchsorted(taken, rows) - 1
    place, rows = place[place >= 0], rows[place >= 0]
    goes_on = (unit[taken[place]] == unit[rows]) & (at[rows] - start[place] <= window)
    return rows[goes_on], start[place[goes_on]]

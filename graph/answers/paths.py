"""Paths of customers through kinds of steps: from which to which, round and back, and to the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, grouped, milliseconds, percentile, rounded, wilson
from graph.figures.steps import distinct
from graph.journeys.journeys import Journeys


@dataclass(frozen=True, slots=True)
class _Walk:
    """Steps that machines did not make, those of one customer together and in order; `kind` points into `kinds`."""

    unit: Ints
    kind: Ints
    at: Ints
    kinds: tuple[str, ...]

    def where(self, chosen: NDArray[np.bool_]) -> _Walk:
        return _Walk(self.unit[chosen], self.kind[chosen], self.at[chosen], self.kinds)

    def trail(self, rows: Ints, back: int) -> Ints:
        """A number for the kinds of these rows and of as many steps before each, which are of the same customer."""
        trail = self.kind[rows - back]
        for distance in range(back - 1, -1, -1):
            trail, _ = grouped(trail * len(self.kinds) + self.kind[rows - distance])
        return trail

    def text(self, row: int, back: int) -> str:
        return " > ".join(self.kinds[kind] for kind in self.kind[row - back : row + 1])


def journey_flow(journeys: Journeys, values: Values) -> Rows:
    """From which kind of step customers go to which."""
    walk = _walk(journeys, values)
    rows = 1 + np.flatnonzero(walk.unit[1:] == walk.unit[:-1])
    group, first = grouped(walk.kind[rows - 1] * len(walk.kinds) + walk.kind[rows])
    days = (walk.at[rows] - walk.at[rows - 1]) / DAY_MS
    traversals, customers = np.bincount(group), distinct(group, walk.unit[rows], len(first))
    names = [(walk.kinds[walk.kind[row - 1]], walk.kinds[walk.kind[row]]) for row in rows[first]]
    shown = sorted(range(len(first)), key=lambda one: (-traversals[one], *names[one]))[: int(values["top"])]
    return [
        [*names[one], int(traversals[one]), int(customers[one]), percentile(days[group == one], 0.5)] for one in shown
    ]


def loops(journeys: Journeys, values: Values) -> Rows:
    """Customers come back to a kind of step after one or more others."""
    walk = _walk(journeys, values)
    last = np.ones(len(walk.unit), np.bool_)  # of a run of one kind
    last[:-1] = (walk.unit[1:] != walk.unit[:-1]) | (walk.kind[1:] != walk.kind[:-1])
    walk = walk.where(last)
    open_ = np.arange(len(walk.unit))
    found: list[tuple[int, str, int, NDArray[np.float64]]] = []
    for back in range(2, int(values["steps"]) + 1):
        open_ = open_[open_ >= back]
        open_ = open_[walk.unit[open_ - back] == walk.unit[open_]]
        comes = walk.kind[open_ - back] == walk.kind[open_]
        rows, open_ = open_[comes], open_[~comes]  # the shortest way back is the loop
        group, first = grouped(walk.trail(rows, back))
        days = (walk.at[rows] - walk.at[rows - back]) / DAY_MS
        order = np.argsort(group, kind="stable")
        times, customers = np.bincount(group), distinct(group, walk.unit[rows], len(first))
        parts = np.split(days[order], np.cumsum(times)[:-1]) if len(first) else []
        found += [
            (int(times[one]), walk.text(int(rows[first[one]]), back), int(customers[one]), parts[one])
            for one in range(len(first))
        ]
    shown = sorted(found, key=lambda loop: (-loop[0], loop[1]))[: int(values["top"])]
    return [[loop, times, customers, percentile(days, 0.5)] for times, loop, customers, days in shown]


def paths_before_churn(journeys: Journeys, values: Values) -> Rows:
    """How often runs of steps came up, and how often churn was the very next step."""
    walk, back = _walk(journeys, values), int(values["steps"]) - 1
    rows = np.arange(max(back, 0), len(walk.unit))
    rows = rows[walk.unit[rows - back] == walk.unit[rows]]
    churn = np.isin(walk.kind, [place for place, kind in enumerate(walk.kinds) if kind in values["churn"]])
    follows = np.append(churn[1:] & (walk.unit[1:] == walk.unit[:-1]), False)[: len(churn)][rows]
    group, first = grouped(walk.trail(rows, back))
    counts, customers = np.bincount(group), distinct(group, walk.unit[rows], len(first))
    churned = np.bincount(group[follows], minlength=len(first))
    runs, churns = len(rows), int(follows.sum())
    found: Rows = []
    for one in np.flatnonzero(counts >= int(values["least"])):
        n, gone = int(counts[one]), int(churned[one])
        lift = None if not churns else rounded(100 * (gone / n) * runs / churns) / 100
        found.append([walk.text(int(rows[first[one]]), back), n, int(customers[one]), gone, *wilson(gone, n), lift])
    return sorted(found, key=lambda row: (-row[3], -(row[7] or 0.0), row[0]))[: int(values["top"])]


def _walk(journeys: Journeys, values: Values) -> _Walk:
    view = journeys.view()
    kind, at = view.coded("kind"), view.at
    counted = ~view.flags("automated") & (at >= milliseconds(values["since"])) & (at < milliseconds(values["until"]))
    rows = np.flatnonzero(counted & (kind.codes >= 0))
    return _Walk(view.unit[rows].astype(np.int64), kind.codes[rows].astype(np.int64), at[rows], kind.values)

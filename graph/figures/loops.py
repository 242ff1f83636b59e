"""Loops: customers come back to a step, at once (a repeat) or by way of one other (there and back)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.estimates.proportion import proportion
from graph.figures.figure import Figure
from graph.figures.scope import Scope
from graph.figures.steps import StepRules, Steps, distinct, medians, numbered, steps_of


@dataclass(frozen=True, slots=True)
class Loop:
    """From `key` back to it, by way of `via` or (None) at once; `share` of the customers who were there, in percent."""

    key: str
    via: str | None
    times: int
    customers: int
    share: Figure
    median_seconds: float


def loops(scope: Scope, rules: StepRules, least: int) -> list[Loop]:
    """The loops of at least so many customers, those of most times first; there and back is told of steps of which
    repeats in a row are one, whatever `collapse_repeats` says."""
    steps = steps_of(scope, StepRules(rules.by, rules.exclude_kinds, rules.include_automated, collapse_repeats=False))
    visitors = distinct(steps.keys.astype(np.int64), steps.path, len(steps.values))
    there_and_back = steps.collapsed()
    found = [*_loops(steps, 1, visitors), *_loops(there_and_back, 2, visitors)]
    shown = [loop for loop in found if loop.customers >= least]
    return sorted(shown, key=lambda loop: (-loop.times, loop.key, loop.via or ""))


def _loops(steps: Steps, distance: int, visitors: NDArray[np.int64]) -> list[Loop]:
    if len(steps) <= distance:
        return []
    here = np.flatnonzero(
        (steps.keys[:-distance] == steps.keys[distance:]) & (steps.path[:-distance] == steps.path[distance:])
    )
    size = len(steps.values)
    codes, group = numbered(steps.keys[here].astype(np.int64) * size + steps.keys[here + 1], size * size)
    times = np.bincount(group, minlength=len(codes))
    customers = distinct(group, steps.path[here], len(codes))
    seconds = medians(group, steps.at[here + distance] - steps.at[here], len(codes))
    found = []
    for number, code in enumerate(codes):
        key, via = divmod(int(code), size)
        share = Figure.of(proportion(int(customers[number]), int(visitors[key])), factor=100)
        way = steps.values[via] if distance > 1 else None
        found.append(
            Loop(steps.values[key], way, int(times[number]), int(customers[number]), share, float(seconds[number]))
        )
    return found

"""Conversion sequences: the touches before a customer's first conversion of the period, within the look-back.

Beside each sequence stand those who had the same touches within the look-back before the period's end (or now) and did
not convert. It says who came which way: credit or an effect it does not say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.estimates.proportion import proportion
from graph.figures.figure import Figure
from graph.figures.funnel import FunnelStep
from graph.figures.paths import goal_rows, trail_codes
from graph.figures.scope import Scope
from graph.figures.steps import StepRules, steps_in
from graph.journeys.view import View

MOST_SEQUENCES = 100


@dataclass(frozen=True, slots=True)
class Sequence:
    """The last touches in the order of time, none where there was no touch; `rate` is converted of all, in percent."""

    touches: tuple[str, ...]
    converted: int
    not_converted: int
    rate: Figure


@dataclass(frozen=True, slots=True)
class Sequences:
    """Sequences of enough customers, those of most conversions first; all customers with a touch or a conversion."""

    sequences: tuple[Sequence, ...]
    converted: int
    not_converted: int
    hidden: int


def conversion_sequences(
    scope: Scope, goal: FunnelStep, rules: StepRules, lookback_ms: int, length: int, least: int
) -> Sequences:
    """The sequences of at most `length` last touches; those of fewer than `least` customers are counted as hidden."""
    rows = _with_lookback(scope, lookback_ms)
    goals = goal_rows(rows, goal)
    of_period = goals[rows.at[goals] >= scope.period.start_ms]
    end = min(scope.now_ms + 1, scope.period.end_ms)
    converted_at = np.full(len(scope.view.members), end, np.int64)
    converted_row = np.full(len(scope.view.members), len(rows), np.int64)
    converted_at[rows.unit[of_period[::-1]]] = rows.at[of_period[::-1]]  # the first is written last
    converted_row[rows.unit[of_period[::-1]]] = of_period[::-1]
    touches = steps_in(rows, StepRules(rules.by, rules.exclude_kinds, rules.include_automated, False))
    touches = touches.where(
        ~np.isin(touches.row, goals)
        & (touches.row < converted_row[touches.unit])
        & (touches.at >= converted_at[touches.unit] - lookback_ms)
    )
    if rules.collapse_repeats:
        touches = touches.collapsed()
    last = touches.stop - 1
    reach = np.arange(len(touches)) - touches.first[touches.path] if len(touches) else np.zeros(0, np.int64)
    codes = trail_codes(touches, length, reach, -1)[last]
    has_converted = converted_row[touches.unit[last]] < len(rows)
    different, example, group = np.unique(codes, return_index=True, return_inverse=True)
    gone = np.bincount(group[has_converted], minlength=len(different))
    stayed = np.bincount(group[~has_converted], minlength=len(different))
    found: list[Sequence] = []
    for number in _most(gone, stayed, least):
        step = int(last[example[number]])
        first = step - min(length - 1, int(reach[step]))
        keys = tuple(touches.values[key] for key in touches.keys[first : step + 1])
        found.append(_sequence(keys, int(gone[number]), int(stayed[number])))
    at_once = len(np.unique(rows.unit[of_period])) - int(has_converted.sum())
    if at_once >= least:
        found = sorted([*found, _sequence((), at_once, 0)], key=lambda each: -each.converted)
    shown = tuple(found[:MOST_SEQUENCES])
    hidden = len(different) + (at_once > 0) - len(shown)
    return Sequences(shown, int(has_converted.sum()) + at_once, int((~has_converted).sum()), hidden)


def _with_lookback(scope: Scope, lookback_ms: int) -> View:
    at = scope.view.at
    counted = (at >= scope.period.start_ms - lookback_ms) & (at < scope.period.end_ms)
    if scope.only.narrows:
        counted &= scope.only.fits(scope.view)
    return scope.view.where(counted)


def _most(gone: NDArray[np.int64], stayed: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    enough = np.flatnonzero(gone + stayed >= least)
    return enough[np.lexsort((-stayed[enough], -gone[enough]))][:MOST_SEQUENCES]


def _sequence(touches: tuple[str, ...], converted: int, not_converted: int) -> Sequence:
    rate = Figure.of(proportion(converted, converted + not_converted), factor=100)
    return Sequence(touches, converted, not_converted, rate)

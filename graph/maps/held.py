"""A journey map held against reality: who made which step, who skipped it, what came of it, what nobody planned.

Travellers are the persona's customers who made at least one planned step in the period. Everything is of their
interactions in the period, except outcomes, which have `within_days` after a step to come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from graph.estimates.average import mean
from graph.estimates.proportion import proportion
from graph.figures.figure import LEAST_SAMPLE, Figure, Unavailable, none
from graph.figures.scope import EventFilter, Scope
from graph.figures.voice import answers
from graph.journeys.journeys import FOR_EVER
from graph.journeys.view import Mask, View
from graph.maps.rules import JourneyMapRule, MapStep

_DAY_MS = 86_400_000
MOST_UNEXPECTED = 20


@dataclass(frozen=True, slots=True)
class Counted:
    """Something with the number of customers it concerns; never fewer than five."""

    key: str
    label: str
    customers: int


@dataclass(frozen=True, slots=True)
class StepHeld:
    """One step; shares in percent. `skipped` is of those who made a later step, unless the step is optional."""

    step: MapStep
    made: int
    reached: Figure
    skipped: Figure
    outcome: Figure
    emotion: Figure
    is_met: bool | None
    """Whether the target is reached; None without one, or where the share is not known."""
    by_owner: Figure
    """The share of the step's interactions that its function did."""
    asked_beyond: tuple[Counted, ...]
    """What customers were asked for in it although the plan does not say so."""
    not_asked: tuple[str, ...]
    """Planned inputs that nobody was asked for."""


@dataclass(frozen=True, slots=True)
class MapHeld:
    """`coverage` is the mean share of planned steps that a traveller made, `planned` that of interactions."""

    map: JourneyMapRule
    travellers: int
    coverage: Figure
    planned: Figure
    in_order: Figure
    """The share of travellers whose steps came in the planned order, each counted by its first time."""
    outcomes_met: int
    outcomes_known: int
    steps: tuple[StepHeld, ...]
    unexpected: tuple[Counted, ...]
    """Touchpoints that no step plans, those with most travellers first."""


def held(plan: JourneyMapRule, scope: Scope) -> MapHeld:
    """The plan against what the scope's customers experienced."""
    rows = scope.rows()
    fits = [_fits(step, rows) for step in plan.steps]
    firsts = np.stack([_first(rows, fit) for fit in fits])
    made = firsts < FOR_EVER
    moved: Mask = np.logical_or.reduce(made)
    travellers = np.flatnonzero(moved)
    of_travellers: Mask = moved[rows.unit]
    steps = tuple(
        _step(step, scope, rows.where(fit), firsts, place, travellers)
        for place, (step, fit) in enumerate(zip(plan.steps, fits, strict=True))
    )
    known = [step.is_met for step in steps if step.is_met is not None]
    any_step: Mask = np.logical_or.reduce(fits)
    latest_so_far = np.maximum.accumulate(np.where(made, firsts, -1), axis=0)
    in_order = int((moved & (~made | (firsts >= latest_so_far)).all(axis=0)).sum())
    return MapHeld(
        plan,
        len(travellers),
        Figure.of(mean(made[:, travellers].mean(axis=0)) if len(travellers) else None, factor=100),
        Figure.of(proportion(int((any_step & of_travellers).sum()), int(of_travellers.sum())), factor=100),
        Figure.of(proportion(in_order, len(travellers)), factor=100),
        sum(known),
        len(known),
        steps,
        _counted_touchpoints(rows.where(of_travellers & ~any_step), scope),
    )


def _fits(step: MapStep, rows: View) -> Mask:
    fits = np.ones(len(rows), np.bool_)
    if step.touchpoints:
        fits &= rows.coded("touchpoint").among(*rows.journeys.touchpoint_keys(step.touchpoints))
    if step.kinds:
        fits &= rows.kinds(*step.kinds)
    if step.stage is not None:
        fits &= rows.coded("stage").among(step.stage)
    return fits


def _first(rows: View, fits: Mask) -> NDArray[np.int64]:
    """By customer, when they made the step first; FOR_EVER where they did not."""
    place = rows.first_by_unit(fits)
    return np.where(place >= 0, rows.at[np.maximum(place, 0)] if len(rows) else FOR_EVER, FOR_EVER)


def _step(
    step: MapStep, scope: Scope, rows: View, firsts: NDArray[np.int64], place: int, travellers: NDArray[np.int64]
) -> StepHeld:
    own, later = firsts[place, travellers] < FOR_EVER, (firsts[place + 1 :, travellers] < FOR_EVER).any(axis=0)
    outcome, emotion = _outcome(step, scope, firsts[place]), _emotion(step, scope)
    wanted = outcome if step.outcome_kinds else emotion
    asked = _asked(rows)
    return StepHeld(
        step,
        int(own.sum()),
        Figure.of(proportion(int(own.sum()), len(travellers)), factor=100),
        none(Unavailable.NOT_CONFIGURED, "It is optional: who leaves it out skips nothing.")
        if step.optional
        else Figure.of(proportion(int((later & ~own).sum()), int(later.sum())), factor=100),
        outcome,
        emotion,
        None if step.target is None or wanted.value is None else wanted.value >= step.target,
        _by_owner(step, rows),
        tuple(
            Counted(name, name, many)
            for name, many in sorted(asked.items(), key=lambda item: (-item[1], item[0]))
            if name not in step.inputs and many >= LEAST_SAMPLE
        ),
        tuple(name for name in step.inputs if name not in asked),
    )


def _outcome(step: MapStep, scope: Scope, first: NDArray[np.int64]) -> Figure:
    """Of those whose time for it is over, the share of whom it came; the others are not counted yet."""
    if not step.outcome_kinds:
        return none(Unavailable.NOT_CONFIGURED, "The step names no outcome_kinds.")
    view, window = scope.view, step.within_days * _DAY_MS
    ripe = (first < FOR_EVER) & (first <= scope.now_ms - window)
    if not ripe.any() and (first < FOR_EVER).any():
        return none(Unavailable.IMMATURE, f"Nobody's {step.within_days} days are over yet.")
    shown = view.kinds(*step.outcome_kinds)
    since = first[view.unit]
    shown &= (since < FOR_EVER) & (view.at >= since) & (view.at - np.minimum(since, view.at) <= window)
    came = view.any_by_unit(shown)
    return Figure.of(proportion(int((ripe & came).sum()), int(ripe.sum())), factor=100)


def _emotion(step: MapStep, scope: Scope) -> Figure:
    """The share of answers about the step that reach the score; of its touchpoints, whoever of the persona gave them.

    Answers on a scale that does not have the score are none: good or bad says nothing of a four.
    """
    if step.emotion_metric is None or step.emotion_at_least is None:
        return none(Unavailable.NOT_CONFIGURED, "The step names no emotion_metric.")
    keys = scope.view.journeys.touchpoint_keys(step.touchpoints) if step.touchpoints else _keys_of(step, scope)
    if not keys:
        return none(Unavailable.NO_DATA_IN_PERIOD, "Nothing happened at its touchpoints.")
    about = replace(scope, only=EventFilter(touchpoints=keys))
    found = answers(about, step.emotion_metric)
    found = found.where((found.low < step.emotion_at_least) & (step.emotion_at_least <= found.high))
    if len(np.unique(found.low)) > 1 or len(np.unique(found.high)) > 1:
        return none(Unavailable.MIXED_SCALES, "Answers are on several scales that have this score; none is rescaled.")
    return Figure.of(proportion(int((found.score >= step.emotion_at_least).sum()), len(found)), factor=100)


def _keys_of(step: MapStep, scope: Scope) -> tuple[str, ...]:
    rows = scope.view.where(scope.view.kinds(*step.kinds))
    touchpoint = rows.coded("touchpoint")
    return tuple(touchpoint.values[code] for code in np.unique(touchpoint.codes) if code >= 0)


def _by_owner(step: MapStep, rows: View) -> Figure:
    if step.function is None:
        return none(Unavailable.NOT_CONFIGURED, "The step names no function.")
    return Figure.of(proportion(int(rows.coded("function").among(step.function).sum()), len(rows)), factor=100)


def _asked(rows: View) -> dict[str, int]:
    """What was asked for in these interactions, of how many customers."""
    requests = rows.where(rows.arrow("requested_fields").is_valid().to_numpy(zero_copy_only=False))
    asked = {
        (name, int(unit))
        for names, unit in zip(requests.arrow("requested_fields").to_pylist(), requests.unit, strict=True)
        for name in names or ()
    }
    found: dict[str, int] = {}
    for name, _ in asked:
        found[name] = found.get(name, 0) + 1
    return found


def _counted_touchpoints(rows: View, scope: Scope) -> tuple[Counted, ...]:
    touchpoint, known = rows.coded("touchpoint"), scope.view.journeys.touchpoints
    pairs = np.unique(touchpoint.codes.astype(np.int64) << 32 | rows.unit)
    customers = np.bincount(pairs >> 32, minlength=len(touchpoint.values))
    keys = [touchpoint.values[code] for code in np.flatnonzero(customers >= LEAST_SAMPLE)]
    counts = {key: int(customers[touchpoint.code(key)]) for key in keys}
    order = sorted(keys, key=lambda key: (-counts[key], key))
    return tuple(Counted(key, known[key].name if key in known else key, counts[key]) for key in order[:MOST_UNEXPECTED])

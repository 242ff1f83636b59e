"""Touchpoints: who gets there, how long they waited before, what they say after, and how much it seems to matter.

Importance × performance after Martilla and James 1977. Performance is the score that customers give about the
touchpoint. Importance is derived: how far that score goes along with the customer's relationship NPS, by Pearson's
correlation over customers who gave both. It is association, not effect. The lines between the quadrants are the means
of the touchpoints that have both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graph.customer.touchpoints import Touchpoint
from graph.estimates.average import median
from graph.estimates.correlation import correlation
from graph.estimates.proportion import proportion
from graph.figures.figure import Figure, Unavailable, none
from graph.figures.scope import EventFilter, Scope
from graph.figures.steps import distinct
from graph.figures.voice import Answers, answers, latest_of_each, score_of
from graph.journeys.part import NOT_SAID
from graph.journeys.view import View

SCORES = {"nps_transactional": "nps", "csat": "csat", "csat_binary": "csat", "ces": "ces", "rating": "rating"}
"""The figures of scores by key, with the metric of each; they are never pooled."""
SCALES = {"nps_transactional": (0, 10), "csat": (1, 5), "ces": (1, 7), "rating": (1, 5)}
"""On which scale each is defined; `csat_binary` is of good and bad."""
FEWEST_PAIRS = 30
"""Customers who gave both scores, that an importance needs."""
FEWEST_PLACED = 3


class Quadrant(StrEnum):
    """Where a touchpoint stands among the others."""

    CONCENTRATE_HERE = "CONCENTRATE_HERE"
    KEEP_UP = "KEEP_UP"
    LOW_PRIORITY = "LOW_PRIORITY"
    POSSIBLE_OVERKILL = "POSSIBLE_OVERKILL"


@dataclass(frozen=True, slots=True)
class TouchpointFigures:
    """One touchpoint in a period.

    `reach` is the share of all customers with any interaction in it (percent), `wait` the median seconds from the
    customer's message to the answer here, `gap` those since whatever came before.
    """

    touchpoint: Touchpoint
    interactions: int
    customers: int
    reach: Figure
    wait: Figure
    gap: Figure
    scores: dict[str, Figure]
    importance: Figure
    performance: Figure
    quadrant: Quadrant | None = None
    quadrant_note: str | None = None

    @property
    def frequency(self) -> float:
        """Interactions a customer."""
        return self.interactions / self.customers


def touchpoint_figures(scope: Scope, score: str, least: int) -> list[TouchpointFigures]:
    """The touchpoints of at least so many customers, those that reach most first; quadrants by the score `score`.

    What machines did does not count. `score` is one of SCORES.
    """
    return list(scope.once(("touchpoints", score, least), lambda: _touchpoint_figures(scope, score, least)))


def _touchpoint_figures(scope: Scope, score: str, least: int) -> list[TouchpointFigures]:
    # Of any period the same rows, and the same waits.
    view = scope.view.once("by people", lambda: scope.view.where(~scope.view.flags("automated")))
    at, coded = view.at, view.coded("touchpoint")
    counted = (coded.codes >= 0) & (at >= scope.period.start_ms) & (at < scope.period.end_ms)
    if scope.only.narrows:
        counted &= scope.only.fits(view)
    rows = np.flatnonzero(counted)
    codes, size = coded.codes[rows].astype(np.int64), len(coded.values)
    interactions = np.bincount(codes, minlength=size)
    customers = distinct(codes, view.unit[rows].astype(np.int64), size)
    everybody = len(np.unique(view.unit[rows]))
    waited, gaps = view.once("waits", lambda: _waits(view))
    said = _scores(scope)
    loyal = _relationship_scores(scope)
    told: list[TouchpointFigures] = []
    # All rows of one touchpoint together, so that each is looked at once.
    grouped = rows[np.argsort(codes, kind="stable")]
    ends = np.cumsum(interactions)
    for code in sorted(np.flatnonzero(customers >= least), key=lambda n: (-customers[n], -interactions[n], n)):
        here = grouped[ends[code] - interactions[code] : ends[code]]
        scores = {key: score_of(found.where(which == code), key) for key, (found, which) in said.items()}
        found, which = said[score]
        told.append(
            TouchpointFigures(
                _named(scope, coded.values[code]),
                int(interactions[code]),
                int(customers[code]),
                Figure.of(proportion(int(customers[code]), everybody), factor=100),
                _median_of(waited[here]),
                _median_of(gaps[here]),
                {key: figure for key, figure in scores.items() if figure.sample_size},
                _importance(found.where(which == code), loyal),
                scores[score],
            )
        )
    return _placed(told)


def _waits(view: View) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By row, milliseconds from the customer's first unanswered activity, and from whatever came before; NOT_SAID where
    there is none. An answer is what the company does, not a machine, right after activity of the customer."""
    if not len(view):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at, here = view.at, np.arange(len(view))
    begins = np.append(True, view.unit[1:] != view.unit[:-1])
    activity = view.is_activity
    after = np.append(False, activity[:-1]) & ~begins
    # A run of the customer's own doing begins where no activity of theirs was right before.
    run = np.maximum.accumulate(np.where(activity & ~after, here, 0))
    answers_it = after & view.coded("direction").among("outbound")
    waited = np.where(answers_it, at - at[run[np.maximum(here - 1, 0)]], NOT_SAID)
    gaps = np.where(begins, NOT_SAID, at - at[np.maximum(here - 1, 0)])
    return waited, gaps


def _median_of(lasting: NDArray[np.int64]) -> Figure:
    return Figure.of(median(lasting[lasting != NOT_SAID] / 1000))


def _scores(scope: Scope) -> dict[str, tuple[Answers, NDArray[np.int32]]]:
    """By score the transactional answers, and by answer the code of the touchpoint that it is about; -1 of none."""
    every = replace(scope, only=EventFilter())
    found = {metric: answers(every, metric) for metric in dict.fromkeys(SCORES.values())}
    view = next(iter(found.values())).view
    is_relationship = view.coded("program").among("relationship")
    found = {metric: each.where(~is_relationship[each.rows]) for metric, each in found.items()}
    which = view.once("touchpoint of about", lambda: view.coded_of_about("touchpoint"))
    parts = {metric: which[each.rows] for metric, each in found.items()}
    told: dict[str, tuple[Answers, NDArray[np.int32]]] = {}
    for key, metric in SCORES.items():
        each = found[metric]
        low, high = SCALES.get(key, (0, 0))
        on_scale = each.high - each.low == 1 if key == "csat_binary" else (each.low == low) & (each.high == high)
        told[key] = (each.where(on_scale), parts[metric][on_scale])
    return told


def _relationship_scores(scope: Scope) -> NDArray[np.float64]:
    """By customer (or account), their latest relationship NPS of the period; NaN of those who gave none."""
    found = latest_of_each(answers(replace(scope, only=EventFilter()), "nps", "relationship").on_scale(0, 10))
    scores = np.full(len(scope.view.members), np.nan)
    scores[found.view.unit[found.rows]] = found.score
    return scores


def _importance(found: Answers, loyal: NDArray[np.float64]) -> Figure:
    unit = found.view.unit[found.rows].astype(np.int64)
    paired = ~np.isnan(loyal[unit])
    unit, score = unit[paired], found.score[paired]
    who, place = np.unique(unit, return_inverse=True)
    if len(who) < FEWEST_PAIRS:
        return none(
            Unavailable.SAMPLE_TOO_SMALL,
            f"{len(who)} of at least {FEWEST_PAIRS} customers gave both this score and a relationship NPS.",
            len(who),
        )
    of_each = np.bincount(place, score) / np.bincount(place)
    going_along = correlation(of_each, loyal[who])
    if going_along is None:
        return none(Unavailable.NOT_ESTIMABLE, "All gave the same score: nothing goes along with it.", len(who))
    return Figure.of(going_along)


def _placed(told: list[TouchpointFigures]) -> list[TouchpointFigures]:
    pairs = [(each.importance.value, each.performance.value) for each in told]
    known = [(i, p) for i, p in pairs if i is not None and p is not None]
    if len(known) < FEWEST_PLACED:
        note = (
            f"{len(known)} touchpoints have both an importance and a performance; at least {FEWEST_PLACED} are needed."
        )
        return [replace(each, quadrant_note=note) for each in told]
    important, well = (float(column.mean()) for column in np.array(known).T)
    placed = []
    for each, (importance, performance) in zip(told, pairs, strict=True):
        if importance is None or performance is None:
            placed.append(replace(each, quadrant_note=each.importance.note or each.performance.note))
        else:
            placed.append(replace(each, quadrant=quadrant_of(importance >= important, performance >= well)))
    return placed


def quadrant_of(is_important: bool, is_well: bool) -> Quadrant:
    """The quadrant of what is important or less so, and done well or worse, than the others on average."""
    if is_important:
        return Quadrant.KEEP_UP if is_well else Quadrant.CONCENTRATE_HERE
    return Quadrant.POSSIBLE_OVERKILL if is_well else Quadrant.LOW_PRIORITY


def _named(scope: Scope, key: str) -> Touchpoint:
    """The touchpoint of a key; one that only accounts have met is called by its key."""
    _, channel, function = key.rsplit(":", 2)
    return scope.view.journeys.touchpoints.get(key) or Touchpoint(key, key, function, channel, moment_of_truth=False)

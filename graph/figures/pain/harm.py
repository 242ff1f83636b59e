"""What a pain point does to those who met it, as far as data tell: worse scores, more contacts. Association."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.estimates.average import mean
from graph.estimates.estimate import difference
from graph.estimates.proportion import proportion
from graph.figures.figure import LEAST_SAMPLE, Figure, Unavailable, none
from graph.figures.pain.occurrences import DAY_MS, Occurrences
from graph.figures.scope import Scope
from graph.figures.voice import USUAL, rows_of, surveys_of
from graph.journeys.timeline import Timeline

WITHIN_DAYS = 30
SCORED_WITHIN_MS = WITHIN_DAYS * DAY_MS


@dataclass(frozen=True, slots=True)
class Scores:
    """Answers of one survey, those of one customer (or account) together and in order.

    `bad` is an NPS of 0 to 6, a CSAT below 4 of 5 (or `bad` of two), a CES below 5 of 7, at most 3 stars of 5.
    """

    survey: str
    unit: NDArray[np.int64]
    at: NDArray[np.int64]
    bad: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Harm:
    """`worse` in points of per cent, `contacts` a customer; `survey` is the one that `worse` is about."""

    worse: Figure
    survey: str | None
    contacts: Figure


def scores_of(scope: Scope) -> Sequence[Scores]:
    """The answers from the period's start until 30 days after its end, survey by survey: those of one metric, program
    and scale. Scores out of scale and scales that no figure knows are left out."""
    return scope.view.once(("scores", scope.period), lambda: list(_scores_of(scope)))


def _scores_of(scope: Scope) -> Iterator[Scores]:
    view = scope.view
    at, score, program = view.at, view.numbers("score"), view.coded("program")
    for name, usual in USUAL.items():
        rows = rows_of(view, name)
        when = at[rows]
        told = (when >= scope.period.start_ms) & (when < scope.period.end_ms + SCORED_WITHIN_MS)
        rows = rows[told & ~np.isnan(score[rows])]
        low, high = view.numbers("scale_min")[rows], view.numbers("scale_max")[rows]
        low, high = np.where(np.isnan(low), usual[0], low), np.where(np.isnan(high), usual[1], high)
        surveys, which = surveys_of(program.codes[rows], low, high)
        for number, (code, bottom, top) in enumerate(surveys):
            limit = good_from(name, bottom, top)
            of = (which == number) & (score[rows] >= low) & (score[rows] <= high)
            if limit is None or not of.any():
                continue
            said = f" {program.values[code]}" if code >= 0 else ""
            chosen = rows[of]
            yield Scores(
                f"{name}{said}, {bottom:g} to {top:g}",
                view.unit[chosen].astype(np.int64),
                at[chosen],
                score[chosen] < limit,
            )


def good_from(metric: str, low: float, high: float) -> float | None:
    """From which score on an answer is not bad; None on a scale that says something else."""
    if metric == "nps":
        return 7.0 if (low, high) == (0, 10) else None
    if high - low == 1:
        return high
    usual = {"csat": (1, 5, 4.0), "ces": (1, 7, 5.0), "rating": (1, 5, 4.0)}.get(metric)
    return usual[2] if usual is not None and (low, high) == usual[:2] else None


def harm_of(scope: Scope, found: Occurrences, scores: Sequence[Scores]) -> Harm:
    """How much worse the scores of those who met it are, and how many contacts more they had.

    Worse: the share of bad answers within 30 days after it, less that of answers with none of it in the 30 days before,
    within the one survey that has most answers of the rarer sort (Newcombe's interval). Contacts: tickets in the 30
    days after less those in the 30 days before, mean over occurrences that are 30 days old (Student's t). At least 5
    each.
    """
    worse, survey = _worse(found, scores)
    return Harm(worse, survey, _contacts(scope, found))


def _worse(found: Occurrences, all_scores: Sequence[Scores]) -> tuple[Figure, str | None]:
    met = Timeline.sorted(found.unit, found.at)
    best: tuple[Scores, NDArray[np.bool_]] | None = None
    for scores in all_scores:
        after = met.count(scores.unit, scores.at - SCORED_WITHIN_MS - 1, scores.at - 1) > 0
        if best is None or _told_by(after) > _told_by(best[1]):
            best = scores, after
    if best is None:
        return none(Unavailable.NO_DATA_IN_PERIOD, "Nobody answered a survey: customers only are counted."), None
    scores, after = best
    hurt = proportion(int(scores.bad[after].sum()), int(after.sum()))
    others = proportion(int(scores.bad[~after].sum()), int((~after).sum()))
    if hurt is None or others is None or hurt.n < LEAST_SAMPLE or others.n < LEAST_SAMPLE:
        note = (
            f"{int(after.sum())} answers after it and {int((~after).sum())} others; {LEAST_SAMPLE} of each are needed."
        )
        return none(Unavailable.SAMPLE_TOO_SMALL, f"{note} Customers only are counted.", int(after.sum())), None
    return Figure.of(difference(hurt, others), factor=100), scores.survey


def _told_by(after: NDArray[np.bool_]) -> tuple[int, int]:
    """How much a survey tells: by its smaller side, then by the answers after it."""
    return min(int(after.sum()), int((~after).sum())), int(after.sum())


def _contacts(scope: Scope, found: Occurrences) -> Figure:
    old = found.where(found.at + SCORED_WITHIN_MS <= scope.now_ms)
    view = scope.view
    contacts = view.once("contacts", lambda: Timeline.of(view, view.kinds("ticket.created")))
    after = contacts.count(old.unit, old.at, old.at + SCORED_WITHIN_MS)
    before = contacts.count(old.unit, old.at - SCORED_WITHIN_MS - 1, old.at - 1)
    return Figure.of(mean((after - before).astype(np.float64)))

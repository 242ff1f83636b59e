"""Drivers of a score: what goes together with it, of all that customers experienced before they answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from graph.estimates.drivers import Drivers, drivers
from graph.estimates.estimate import EstimateError
from graph.figures.cause.features import Feature, Moments, features
from graph.figures.cause.quadrants import Placed, placed
from graph.figures.scope import Scope
from graph.figures.voice import answers, of_one_survey

USUAL: tuple[Feature, ...] = (
    Feature.CONTACTS,
    Feature.WAIT_HOURS,
    Feature.HANDOFFS,
    Feature.REOPENS,
    Feature.REPEAT_CONTACTS,
    Feature.REPEATED_REQUESTS,
    Feature.PHONE_CONTACTS,
    Feature.CHAT_CONTACTS,
    Feature.CAMPAIGN_MESSAGES,
    Feature.ORDERS,
    Feature.TENURE_DAYS,
)
SEED = 20_260_101
"""The bootstrap draws the same for everybody who asks the same."""


@dataclass(frozen=True, slots=True)
class ScoreDrivers:
    """`model` is None where nothing can be told, and `note` says why; `left_out` are features that never vary.

    `program` and `scale` (its ends) are those of most answers; `others` were given to another or on another and are
    left out: surveys and scales are never pooled.
    """

    answers: int
    program: str | None
    scale: tuple[float, float] | None
    others: int
    model: Drivers | None
    means: dict[Feature, float]
    left_out: tuple[Feature, ...]
    note: str | None
    places: Mapping[str, Placed] = field(default_factory=dict)
    """By driver of the model, its quadrant."""


def score_drivers(
    scope: Scope, metric: str, program: str | None, wanted: Sequence[Feature] = USUAL, look_back_days: int = 90
) -> ScoreDrivers:
    """Least squares of the answers of the period by what came before each: coefficients with HC3 intervals, LMG shares
    of the explained variance with bootstrap intervals.

    Answers of the metric's most frequent program and scale; each row is an answer. See `graph/estimates/drivers.py`.
    """
    asked = (metric, program, tuple(wanted), look_back_days)
    return scope.once(("drivers", asked), lambda: _score_drivers(scope, *asked))


def _score_drivers(
    scope: Scope, metric: str, program: str | None, wanted: Sequence[Feature], look_back_days: int
) -> ScoreDrivers:
    found = answers(scope, metric, program)
    if not len(found):
        return ScoreDrivers(0, program, None, 0, None, {}, (), "Nobody answered in the period.")
    used, named = of_one_survey(found)
    moments = Moments(used.view.unit[used.rows].astype(np.int64), used.view.at[used.rows], look_back_days)
    columns = features(scope, moments, dict.fromkeys(wanted))
    left_out = tuple(each for each, column in columns.items() if np.ptp(column) == 0)
    varying = {each.value: column for each, column in columns.items() if each not in left_out}
    means = {each: float(column.mean()) for each, column in columns.items()}
    told = (len(used), named, (float(used.low[0]), float(used.high[0])), len(found) - len(used))
    try:
        model = drivers(used.score, varying, np.random.default_rng(SEED))
    except EstimateError as error:
        return ScoreDrivers(*told, None, means, left_out, str(error))
    return ScoreDrivers(*told, model, means, left_out, None, placed(model, varying))

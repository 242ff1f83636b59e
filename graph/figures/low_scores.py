"""What customers say when it goes wrong: answers of one survey, what came before the low ones, and their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.estimates.estimate import Estimate, difference
from graph.estimates.proportion import proportion
from graph.figures.comments import Theme, themes
from graph.figures.figure import LEAST_SAMPLE
from graph.figures.pain.harm import good_from
from graph.figures.scope import Scope
from graph.figures.voice import Answers, answers, of_one_survey
from graph.journeys.timeline import Timeline
from graph.journeys.view import Mask, Unit

UNKNOWN = "und"
"""The language tag of what nobody said (BCP 47)."""


@dataclass(frozen=True, slots=True)
class Step:
    """A touchpoint among the last steps before an answer: how many low answers had it, how many others, and by how much
    the shares differ (of 1)."""

    touchpoint: str
    low: int
    other: int
    difference: Estimate
    lift: float | None
    """Share of the low over share of the others; None where none of the others had it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Answers of one survey; `low` by answer: a detractor, or not content. Nothing of a scale that no figure knows."""

    answers: Answers
    program: str | None
    others: int
    low: Mask


def heard(scope: Scope, metric: str, program: str | None) -> Heard:
    """The answers of the period of one metric: of the program and scale of most of them."""
    found = answers(scope, metric, program)
    used, named = of_one_survey(found)
    limit = good_from(metric, float(used.low[0]), float(used.high[0])) if len(used) else None
    if limit is None:
        used = used.where(np.zeros(len(used), np.bool_))
    low = used.score < (0.0 if limit is None else limit)
    return Heard(used, named if len(used) else program, len(found) - len(used), low)


def steps_before(scope: Scope, found: Heard, last: int) -> list[Step]:
    """Touchpoints among the `last` steps before low answers, against those before the others; the largest difference
    first. Steps are interactions that are neither automated nor internal nor surveys; of fewer than 5 low answers'
    customers nothing is told. Association, not effect."""
    view, used = scope.view, found.answers
    unit, at = used.view.unit[used.rows].astype(np.int64), used.view.at[used.rows]
    chosen = ~view.flags("automated") & ~view.coded("direction").among("internal") & ~view.kinds("survey.sent")
    steps = Timeline.of(view, chosen & ~view.kinds("survey.answered"))
    touchpoint = view.coded("touchpoint").take(steps.rows)
    place = steps.last_before(unit, at)
    pairs: list[NDArray[np.int64]] = []
    for back in range(last):
        here = place - back
        there = (place >= 0) & (here >= 0)
        there[there] &= steps.unit[here[there]] == unit[there]
        rows = np.flatnonzero(there)
        pairs.append(rows << 32 | touchpoint.codes[here[rows]])
    both = np.unique(np.concatenate(pairs)) if pairs else np.zeros(0, np.int64)
    answer, code = both >> 32, both & 0xFFFFFFFF
    told: list[Step] = []
    for each in np.unique(code):
        of = answer[code == each]
        low, other = of[found.low[of]], of[~found.low[of]]
        first = proportion(len(low), int(found.low.sum()))
        second = proportion(len(other), int((~found.low).sum()))
        if first is None or second is None or len(np.unique(unit[low])) < LEAST_SAMPLE:
            continue
        lift = first.value / second.value if second.value else None
        told.append(Step(touchpoint.values[int(each)], len(low), len(other), difference(first, second), lift))
    return sorted(told, key=lambda step: (-step.difference.value, step.touchpoint))


def themes_of(scope: Scope, found: Heard) -> dict[str, tuple[int, list[Theme]]]:
    """By language of the customers' locale, how many comments there are, and their themes; languages apart.

    `rows` of a theme are answers of `found`. Of accounts, and where no locale is known, the language is `und`.
    """
    used = found.answers
    texts: Any = used.view.arrow("comment").take(pa.array(used.rows, pa.int64())).combine_chunks()
    unit = used.view.unit[used.rows].astype(np.int64)
    written = texts.is_valid().to_numpy(zero_copy_only=False)
    language = _languages(scope, unit)
    told: dict[str, tuple[int, list[Theme]]] = {}
    for name in sorted({language[row] for row in np.flatnonzero(written)}):
        rows = np.flatnonzero(written & (language == name))
        in_part = themes(texts.take(pa.array(rows, pa.int64())), found.low[rows], unit[rows])
        told[name] = (
            len(rows),
            [Theme(each.text, each.z, each.customers, each.other, rows[each.rows]) for each in in_part],
        )
    return told


def _languages(scope: Scope, unit: NDArray[np.int64]) -> NDArray[np.str_]:
    if scope.view.unit_of is Unit.ACCOUNT:
        return np.full(len(unit), UNKNOWN)
    locale = scope.view.journeys.customers.coded("locale")
    names = np.array([*(value.replace("_", "-").split("-")[0].lower() or UNKNOWN for value in locale.values), UNKNOWN])
    return names[locale.codes[unit]]

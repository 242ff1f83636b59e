"""Drivers of a score, and what would be expected if one of them moved: association, not effect."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, reckoned
from api.plan.filters import described_input, plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import SurveyMetric, SurveyProgram, value
from api.schema.figure_enums import TouchpointQuadrant
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import SCOPE_ARGUMENTS, scope_of
from graph.estimates.estimate import EstimateError
from graph.figures.cause.features import MEANINGS, Feature
from graph.figures.cause.score_drivers import USUAL, ScoreDrivers, score_drivers
from graph.figures.figure import Figure, Unavailable, none
from graph.figures.scope import Scope

CAVEAT = (
    "Association, not effect: a driver that merely goes along with a real one has its share of it, and who is asked, "
    "and who answers, is not drawn by lot."
)


def _meaning(of: Feature) -> Any:
    text = MEANINGS[of]
    return value(of.value, f"{text[0].upper()}{text[1:]}.")


@strawberry.enum(description="What customers experienced in the look-back window before they answered.")
class ScoreDriver(Enum):
    CONTACTS = _meaning(Feature.CONTACTS)
    WAIT_HOURS = _meaning(Feature.WAIT_HOURS)
    HANDOFFS = _meaning(Feature.HANDOFFS)
    REOPENS = _meaning(Feature.REOPENS)
    REPEAT_CONTACTS = _meaning(Feature.REPEAT_CONTACTS)
    REPEATED_REQUESTS = _meaning(Feature.REPEATED_REQUESTS)
    PHONE_CONTACTS = _meaning(Feature.PHONE_CONTACTS)
    CHAT_CONTACTS = _meaning(Feature.CHAT_CONTACTS)
    CAMPAIGN_MESSAGES = _meaning(Feature.CAMPAIGN_MESSAGES)
    ORDERS = _meaning(Feature.ORDERS)
    ACTIVE_DAYS = _meaning(Feature.ACTIVE_DAYS)
    TENURE_DAYS = _meaning(Feature.TENURE_DAYS)
    RECENCY_DAYS = _meaning(Feature.RECENCY_DAYS)


@described_input
class DriverChange:
    """One driver that moves."""

    driver: ScoreDriver = strawberry.field(description="Which; it must be in the model.")
    by: float = strawberry.field(description="By how much, in its own unit; below 0 for less: −2 hours of waiting.")


@described
class WhatIf:
    """What the model expects of the mean score."""

    caveat: str = entry("What the figures say, and what they do not.")
    change: KpiValue = entry("By how many points of the scale the expected mean score moves, with its interval.")
    expected_mean: float | None = entry("The mean score that would be expected, within its scale.")


@described
class DriverOfScore:
    """One driver."""

    driver: ScoreDriver = entry("Which.")
    meaning: str = entry("What is counted, in words.")
    mean: float = entry("Its mean over the answers.")
    coefficient: KpiValue = entry("By how many points of the scale the score differs with one unit more of it.")
    share: KpiValue = entry("Its share of what all drivers explain together, in per cent (LMG): its importance.")
    performance: float | None = entry(
        "Where answers stand on average between its worse end (0) and its better one (100, where scores are higher); "
        "null where it is not known which that is."
    )
    quadrant: TouchpointQuadrant | None = entry("Importance × performance, among the drivers that have both.")
    quadrant_note: str | None = entry("Why it stands in no quadrant.")


def _what_if(item: Mapping[str, Any], arguments: Arguments) -> dict[str, Any]:
    scope, found = item["asked"]
    change = none(Unavailable.NOT_ESTIMABLE, found.note or "")
    expected = None
    if found.model is not None and found.scale is not None:
        changes = {str(plain(each["driver"])): float(each["by"]) for each in arguments["changes"]}
        if len(changes) < len(arguments["changes"]):
            raise bad_input("`changes` names a driver twice; name each once.")
        try:
            estimate = found.model.what_if(changes)
        except EstimateError as error:
            raise bad_input(f"`changes`: {error}") from None
        change = Figure.of(estimate)
        expected = min(max(found.model.mean + estimate.value, found.scale[0]), found.scale[1])
    return {"caveat": CAVEAT, "change": value_data(change, scope, scope.period), "expected_mean": expected}


@described
class DriversOfScore:
    """What goes together with a score, of all that customers experienced before they answered."""

    caveat: str = entry("What the figures say, and what they do not.")
    metric: SurveyMetric = entry("The metric.")
    program: SurveyProgram | None = entry("The program of the answers: that of most of them unless it was asked for.")
    scale_min: float | None = entry("The lower end of the answers' scale.")
    scale_max: float | None = entry("The upper end of it.")
    answer_count: int = entry("How many answers the model rests on.")
    other_answer_count: int = entry("How many were of another program or scale and are left out.")
    mean_score: float | None = entry("Their mean.")
    explained_share: float | None = entry("The share of the scores' variance that all drivers explain, 0 to 1 (R²).")
    drivers: list[DriverOfScore] = entry("By their share, the largest first; empty where no model can be told.")
    left_out: list[ScoreDriver] = entry("Drivers that are the same in all answers, so that nothing goes with them.")
    note: str | None = entry("Why no model can be told.")
    what_if: WhatIf = reckoned(
        "What would be expected if drivers moved: association, not effect.",
        _what_if,
        [Argument("changes", list[DriverChange], "What moves.")],
    )


async def work_drivers(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `drivers` field."""
    days = arguments["lookBackDays"]
    if not 1 <= days <= 730:
        raise bad_input(f"`lookBackDays` must be between 1 and 730; it is {days}.")
    asked = arguments.get("drivers")
    wanted = USUAL if asked is None else tuple(Feature(plain(each)) for each in dict.fromkeys(asked))
    if not wanted:
        raise bad_input("`drivers` is empty; name at least one, or leave it out for the usual ones.")
    metric, program = plain(arguments["metric"]), arguments.get("program")
    scope = await scope_of(bench, arguments)
    found = await asyncio.to_thread(
        score_drivers, scope, metric, None if program is None else plain(program), wanted, days
    )
    return _answer(scope, metric, found)


def _answer(scope: Scope, metric: str, found: ScoreDrivers) -> dict[str, Any]:
    model = found.model
    low, high = found.scale or (None, None)
    told = [] if model is None else sorted(model.drivers, key=lambda driver: -driver.share.value)
    return {
        "caveat": CAVEAT,
        "metric": metric,
        "program": found.program,
        "scale_min": low,
        "scale_max": high,
        "answer_count": found.answers,
        "other_answer_count": found.others,
        "mean_score": None if model is None else model.mean,
        "explained_share": None if model is None else model.r2,
        "drivers": [
            {
                "driver": driver.name,
                "meaning": MEANINGS[Feature(driver.name)],
                "mean": found.means[Feature(driver.name)],
                "coefficient": value_data(Figure.of(driver.coefficient), scope, scope.period),
                "share": value_data(Figure.of(driver.share, factor=100), scope, scope.period),
                "performance": found.places[driver.name].performance,
                "quadrant": found.places[driver.name].quadrant,
                "quadrant_note": found.places[driver.name].note,
            }
            for driver in told
        ],
        "left_out": [each.value for each in found.left_out],
        "note": found.note,
        "asked": (scope, found),
    }


DRIVERS_ARGUMENTS = [
    Argument("metric", SurveyMetric, "The metric."),
    Argument("program", SurveyProgram | None, "Only answers of this program; that of most answers unless said."),
    *SCOPE_ARGUMENTS,
    Argument("drivers", list[ScoreDriver] | None, "These drivers, at most 12; the usual ones unless said."),
    Argument("look_back_days", int, "What happened in so many days before the answer counts.", 90),
]

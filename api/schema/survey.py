"""What customers say when they are asked: scores with their comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from api.plan.fields import column, described, identity, instant, itself, momentary, one
from api.schema.enums import AboutMethod, ResponseGroup, SurveyMetric, SurveyProgram
from api.schema.lazy import LazyCustomer, LazyInteraction
from api.schema.paging import Node
from graph.customer import reading
from graph.figures.score_groups import group_of
from graph.reading import Column


def _group(values: Sequence[Any], _: object) -> str | None:
    metric, *numbers = values
    if metric is None or not all(isinstance(number, int | float) for number in numbers):
        return None
    return group_of(metric, *numbers)


@described
class ScoreScale:
    """The scale of a score."""

    min: float = column("The lowest score.", "scale_min")
    max: float = column("The highest score.", "scale_max")
    polarity: str | None = column("Which end is good, where the source says so.")


@described
class SurveyAbout:
    """The interaction a survey is about, and how that is known."""

    method: AboutMethod | None = column("How it is known.", of="how")
    interaction: LazyInteraction = one(reading.INTERACTION_OF_SURVEY, "The interaction.")


@described
class SurveyResponse(Node):
    """An answer with a score."""

    id: strawberry.ID = identity()
    metric: SurveyMetric | None = column("What was measured.")
    program: SurveyProgram | None = column("What the survey is about.")
    raw_score: float = column("The score as it was given.", "score")
    scale: ScoreScale | None = itself("The scale of the score.", Column("scale_min"), Column("scale_max"))
    group: ResponseGroup | None = momentary(
        "What the score says; null on a scale that no figure knows.",
        _group,
        Column("metric"),
        Column("score"),
        Column("scale_min"),
        Column("scale_max"),
    )
    question: str | None = column("What was asked.")
    comment: str | None = column("The answer in the customer's own words.", "text")
    reason: str | None = column("The reason they chose, or that was given for them.")
    topic: str | None = column("What it is about.")
    answered_at: datetime = instant("When it was answered.", "at")
    source: str | None = column("The source that reported it.")
    interaction: LazyInteraction = one(reading.INTERACTION_OF_SURVEY, "The answer as an interaction of the journey.")
    about: SurveyAbout | None = one(reading.ABOUT, "The interaction it is about.")
    customer: LazyCustomer | None = one(reading.CUSTOMER_OF_INTERACTION, "Who answered.")

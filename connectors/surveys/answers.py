"""A survey's answer as an interaction: the same kind, scale and words, whoever tells of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.errors import RecordError
from connectors.records import Channel, Direction, Identifiers, Interaction, SurveyMetric

SCALES = {
    SurveyMetric.NPS: (0.0, 10.0),
    SurveyMetric.CSAT: (1.0, 5.0),
    SurveyMetric.CES: (1.0, 7.0),
    SurveyMetric.RATING: (1.0, 5.0),
}
"""Worst and best score where nothing else is said."""


def survey_answered(
    source: str,
    stream: str,
    survey: str,
    at: datetime,
    person: str | Identifiers,
    metric: SurveyMetric,
    score: float,
    scale: tuple[float, float],
    **more: Any,
) -> Interaction:
    """`survey.answered` by a customer; `survey` is the answer's own id. `more`: other fields, `function` among them."""
    return Interaction(
        source=source,
        stream=stream,
        id=f"{survey}:answered",
        kind="survey.answered",
        occurred_at=at,
        sequence=1,
        person=person,
        direction=Direction.INBOUND,
        metric=metric,
        score=score,
        scale=scale,
        **{"channel": Channel.EMAIL, **more},
    )


def survey_sent(
    source: str,
    stream: str,
    survey: str,
    at: datetime,
    person: str | Identifiers,
    metric: SurveyMetric,
    scale: tuple[float, float],
    **more: Any,
) -> Interaction:
    """`survey.sent`: somebody was asked. `more`: other fields, `function` among them."""
    return Interaction(
        source=source,
        stream=stream,
        id=f"{survey}:sent",
        kind="survey.sent",
        occurred_at=at,
        person=person,
        direction=Direction.OUTBOUND,
        automated=True,
        metric=metric,
        scale=scale,
        **{"channel": Channel.EMAIL, **more},
    )


def within_scale(where: str, metric: SurveyMetric, score: float, scale: tuple[float, float]) -> float:
    """The score; RecordError when it is not on the scale."""
    low, high = scale
    if not low <= score <= high:
        raise RecordError(f"{where}: score {score:g} is not within {low:g} to {high:g} ({metric.value}).")
    return score

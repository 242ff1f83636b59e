"""Answers of surveys (NPS, CSAT, CES, ratings) with what the customer wrote, in a plain table of our own naming."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVar

import msgspec

from connectors.errors import RecordError
from connectors.exports.commerce import whom
from connectors.exports.formats import Context, Format, Located, Mapper, instant, number, required, text
from connectors.hookspecs import StreamKind
from connectors.records import (
    BusinessFunction,
    Record,
    SurveyMetric,
    SurveyProgram,
)
from connectors.surveys.answers import SCALES, survey_answered, survey_sent, within_scale


class SurveyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One answer; `sent_at` tells when the customer was asked."""

    id: str | None = None
    answered_at: datetime | None = None
    sent_at: datetime | None = None
    customer: str | None = None
    email: str | None = None
    phone: str | None = None
    metric: str | None = None
    score: float | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    question: str | None = None
    question_version: str | None = None
    program: str | None = None
    comment: str | None = None
    reason: str | None = None
    topic: str | None = None
    token: str | None = None
    ticket: str | None = None
    order: str | None = None
    function: str | None = None
    extra: dict[str, str] = {}


def map_surveys(context: Context) -> Mapper:
    """A survey is sent and answered; an unanswered one is only sent."""

    def map_survey(raw: Located) -> Iterator[Record]:
        row: SurveyRow = raw.body
        identifier = required(raw, row.id, "survey_id")
        person = whom(raw, row.customer, row.email, row.phone)
        metric, scale, score = _score(raw, row)
        program = _one_of(raw, SurveyProgram, "program", row.program or "relationship")
        function = _one_of(raw, BusinessFunction, "function", row.function or "marketing")
        if row.sent_at is None and row.answered_at is None:
            raise RecordError(f"{raw.where}: no value in 'answered_at' and none in 'sent_at'.")
        asked = {
            "function": function,
            "question": row.question,
            "question_version": row.question_version,
            "program": program,
            "topic": row.topic,
            "survey_token": row.token,
            "ticket": row.ticket,
            "order": row.order,
        }
        if row.sent_at is not None:
            yield survey_sent(context.source, context.stream, identifier, row.sent_at, person, metric, scale, **asked)
        if row.answered_at is not None and score is not None:
            yield survey_answered(
                context.source,
                context.stream,
                identifier,
                row.answered_at,
                person,
                metric,
                score,
                scale,
                text=row.comment,
                reason=row.reason,
                extra=dict(row.extra),
                **asked,
            )

    return map_survey


def _score(raw: Located, row: SurveyRow) -> tuple[SurveyMetric, tuple[float, float], float | None]:
    metric = _one_of(raw, SurveyMetric, "metric", required(raw, row.metric, "metric"))
    low, high = SCALES[metric]
    low = low if row.scale_min is None else row.scale_min
    high = high if row.scale_max is None else row.scale_max
    if row.score is None and row.answered_at is not None:
        raise RecordError(f"{raw.where}: no value in 'score'.")
    score = None if row.score is None else within_scale(raw.where, metric, row.score, (low, high))
    return metric, (low, high), score


Choice = TypeVar("Choice", SurveyMetric, SurveyProgram, BusinessFunction)


def _one_of(raw: Located, choices: type[Choice], column: str, value: str) -> Choice:
    try:
        return choices(value.casefold())
    except ValueError:
        known = ", ".join(choice.value for choice in choices)
        raise RecordError(f"{raw.where}: {column} {value!r} is not one of {known}.") from None


SURVEYS = Format(
    name="surveys",
    stream="answers",
    kind=StreamKind.INTERACTIONS,
    body=SurveyRow,
    mapper=map_surveys,
    identity="id",
    needs=("id", "metric", "score"),
    marks=("survey_id", "metric", "score", "answered_at"),
    columns=(
        text("id", "survey_id"),
        instant("answered_at", "answered_at"),
        instant("sent_at", "sent_at"),
        text("customer", "customer"),
        text("email", "email"),
        text("phone", "phone"),
        text("metric", "metric"),
        number("score", "score"),
        number("scale_min", "scale_min"),
        number("scale_max", "scale_max"),
        text("question", "question"),
        text("question_version", "question_version"),
        text("program", "program"),
        text("comment", "comment"),
        text("reason", "reason"),
        text("topic", "topic"),
        text("token", "token", "survey_token"),
        text("ticket", "ticket"),
        text("order", "order"),
        text("function", "function"),
    ),
)

"""The voice of the customer: the answers, what came before low ones, and the words of their comments."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np
import strawberry

from api.plan.errors import bad_input
from api.plan.fields import Argument, described, entry, lookup
from api.plan.filters import plain
from api.plan.roots import Bench
from api.plan.rows import Arguments
from api.schema.enums import SurveyMetric, SurveyProgram, value
from api.schema.kpi import KpiValue, value_data
from api.schema.scope import SCOPE_ARGUMENTS, Period, period_data, scope_of
from api.schema.survey import SurveyResponse
from graph.customer import reading
from graph.estimates.proportion import proportion
from graph.figures.comments import Theme
from graph.figures.figure import Figure
from graph.figures.low_scores import Heard, heard, steps_before, themes_of
from graph.figures.scope import Scope
from graph.reading import Column

CAVEAT = (
    "Association, not effect: what came before a low score, or is said beside it, need not be why. Who answers is not "
    "drawn by lot. No sentiment is guessed: what is low, the score says."
)
MOST_EXAMPLES = 3


@strawberry.enum(description="Which answers are listed.")
class ScoreGroup(Enum):
    LOW = value("LOW", "NPS 0 to 6, CSAT below 4 of 5 or bad, CES below 5 of 7, at most 3 stars.")
    GOOD = value("GOOD", "All others.")


@described
class StepBeforeLowScore:
    """A touchpoint among the last steps before answers."""

    touchpoint: str = entry("Its key.")
    low_answer_count: int = entry("Before how many low answers it was.")
    other_answer_count: int = entry("Before how many others.")
    difference: KpiValue = entry("By how many points of per cent it is more frequent before low answers.")
    lift: float | None = entry("Its share before low answers over that before others; null where none had it.")


@described
class CommentTheme:
    """A word, or two in a row, that parts comments of low scores from the others."""

    text: str = entry("The word or words.")
    is_of_low_scores: bool = entry("Whether it is of low scores; else it is of the others.")
    z_score: float = entry("How far beyond chance, above 0 for low scores (Monroe et al. 2008).")
    customer_count: int = entry("How many customers (or accounts) said it on that side; at least 5.")
    other_comment_count: int = entry("How many comments of the other side say it.")
    examples: list[SurveyResponse] = lookup(
        reading.SURVEYS_BY_ID, "response_keys", "Answers that say it.", key=Column("id"), many=True
    )


@described
class CommentLanguage:
    """Comments of customers of one language; languages are never mixed."""

    language: str = entry("The language of the customers' locale, BCP 47; `und` where it is not known.")
    comment_count: int = entry("How many comments.")
    themes: list[CommentTheme] = entry("The strongest first; empty where nothing is beyond chance.")


@described
class VoiceOfCustomer:
    """What customers say when they are asked, beside what they experienced before."""

    caveat: str = entry("What the figures say, and what they do not.")
    metric: SurveyMetric = entry("The metric.")
    program: SurveyProgram | None = entry("The program: that of most answers unless it was asked for.")
    period: Period = entry("The period.")
    answer_count: int = entry("How many answers there are of that program and scale.")
    other_answer_count: int = entry("How many of another are left out: surveys and scales are never pooled.")
    low_share: KpiValue = entry("The share of low answers, in per cent.")
    responses: list[SurveyResponse] = lookup(
        reading.SURVEYS_BY_ID, "answer_keys", "The answers, the latest first.", key=Column("id"), many=True
    )
    steps_before_low: list[StepBeforeLowScore] = entry("What came before low answers, the largest difference first.")
    comments: list[CommentLanguage] = entry("Themes of the comments, by language.")


async def work_voice(bench: Bench, arguments: Arguments) -> Mapping[str, Any]:
    """The answer of a `voice` field."""
    first, last = arguments["first"], arguments["lastSteps"]
    if not 0 <= first <= 100:
        raise bad_input(f"`first` must be between 0 and 100; it is {first}.")
    if not 1 <= last <= 20:
        raise bad_input(f"`lastSteps` must be between 1 and 20; it is {last}.")
    metric, program, group = plain(arguments["metric"]), arguments.get("program"), arguments.get("scoreGroup")
    scope = await scope_of(bench, arguments)
    wanted = None if group is None else plain(group) == "LOW"
    return await asyncio.to_thread(
        lambda: _answer(
            scope, metric, heard(scope, metric, None if program is None else plain(program)), wanted, first, last
        )
    )


def _answer(scope: Scope, metric: str, found: Heard, low: bool | None, first: int, last: int) -> dict[str, Any]:
    listed = np.arange(len(found.low)) if low is None else np.flatnonzero(found.low == low)
    at = found.answers.view.at[found.answers.rows]
    latest = listed[np.argsort(-at[listed], kind="stable")][:first]
    comments: list[dict[str, Any]] = [
        {"language": name, "comment_count": many, "themes": [_theme(found, theme) for theme in told]}
        for name, (many, told) in themes_of(scope, found).items()
    ]
    return {
        "caveat": CAVEAT,
        "metric": metric,
        "program": found.program,
        "period": period_data(scope.period),
        "answer_count": len(found.answers),
        "other_answer_count": found.others,
        "low_share": value_data(
            Figure.of(proportion(int(found.low.sum()), len(found.low)), factor=100), scope, scope.period
        ),
        "steps_before_low": [
            {
                "touchpoint": step.touchpoint,
                "low_answer_count": step.low,
                "other_answer_count": step.other,
                "difference": value_data(Figure.of(step.difference, factor=100), scope, scope.period),
                "lift": step.lift,
            }
            for step in steps_before(scope, found, last)
        ],
        "comments": comments,
        "answer_keys": _ids(found, latest),
        "response_keys": [key for each in comments for theme in each["themes"] for key in theme["response_keys"]],
    }


def _theme(found: Heard, theme: Theme) -> dict[str, Any]:
    return {
        "text": theme.text,
        "is_of_low_scores": theme.z > 0,
        "z_score": theme.z,
        "customer_count": theme.customers,
        "other_comment_count": theme.other,
        "response_keys": _ids(found, theme.rows[:MOST_EXAMPLES]),
    }


def _ids(found: Heard, rows: Any) -> list[str]:
    ids = found.answers.view.arrow("id").take(found.answers.rows[rows])
    return [str(id) for id in ids.to_pylist()]


VOICE_ARGUMENTS = [
    Argument("metric", SurveyMetric, "The metric."),
    Argument("program", SurveyProgram | None, "Only answers of this program; that of most answers unless said."),
    *SCOPE_ARGUMENTS,
    Argument("score_group", ScoreGroup | None, "Only these answers are listed; all unless said."),
    Argument("first", int, "At most so many answers are listed, 0 to 100.", 20),
    Argument("last_steps", int, "So many steps before an answer are looked at, 1 to 20.", 3),
]

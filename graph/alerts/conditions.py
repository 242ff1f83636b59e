"""What alert rules look for, over the journeys' columns: each condition finds the interactions that began it.

It tells of each since when it holds. That moment may lie ahead: it comes then unless something happens before, so that
nobody has to look until then (`watch`). What is old is left out afterwards (`evaluate`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.alerts.rules import AlertRule, threshold_of
from graph.customer.hours import BusinessHours
from graph.estimates.buying import Buying, fit_buying
from graph.estimates.estimate import EstimateError
from graph.figures.voice import USUAL
from graph.journeys.part import Coded
from graph.journeys.view import Mask, View

LOG = logging.getLogger("c360.alerts")
DAY = 86_400_000
HOUR = 3_600_000
LEAST_GAPS = 5
NEVER = np.iinfo(np.int64).max
MESSAGES = ("ticket.created", "ticket.replied", "ticket.reopened", "conversation.message")
Ints = NDArray[np.int64]
Evidence = Mapping[str, Sequence[Any] | NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Found:
    """Causes: by cause its row in the view, and since when the condition holds (epoch ms), which may be still to come.

    Evidence is put together of those alone whom somebody asks for.
    """

    rows: Ints
    since: Ints
    describe: Callable[[Ints], Evidence]
    """The evidence of causes, by their places among all that were found."""
    places: Ints | None = None

    def where(self, chosen: Mask) -> Found:
        """Only these causes."""
        places = np.flatnonzero(chosen) if self.places is None else self.places[chosen]
        return Found(self.rows[chosen], self.since[chosen], self.describe, places)

    @property
    def evidence(self) -> Evidence:
        """Columns of evidence, by name."""
        return self.describe(np.arange(len(self.rows)) if self.places is None else self.places)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a condition is asked about: all that had happened by `now` (epoch ms), by a rule."""

    view: View
    rule: AlertRule
    now: int
    open: BusinessHours
    models: dict[tuple[str, ...], Buying | None] = field(default_factory=dict)
    """How customers buy, by the kinds that count as buying; what is missing is fitted to the view and added."""


def low_scores(asked: Asked) -> Found:
    """Answers of at most the rule's score, on the usual scale of their metric; another scale is not rescaled."""
    view, metric = asked.view, asked.rule.metric
    score, limit = view.numbers("score"), threshold_of(asked.rule)
    low, high = (np.nan_to_num(view.numbers(end), nan=usual) for end, usual in _scale(metric))
    usual_low, usual_high = USUAL[metric]
    fits = (low == usual_low) & (high == usual_high) & (score >= usual_low) & (score <= limit)
    rows = np.flatnonzero(view.coded("metric").among(metric) & fits)
    return Found(
        rows,
        view.at[rows],
        lambda some: {
            "metric": [metric] * len(some),
            "score": score[rows[some]],
            "at_most": [limit] * len(some),
            "program": _texts_of(view.coded("program"), rows[some]),
        },
    )


def silent(asked: Asked) -> Found:
    """When customers will have been quiet for at least `least_days` and more than `times` their own median gap between
    active days (UTC), of whom five gaps are known; the cause is their last activity."""
    view = asked.view
    rows = np.flatnonzero(view.is_activity)
    day, unit = view.at[rows] // DAY, view.unit[rows]
    last = np.ones(len(rows), np.bool_)
    last[:-1] = (day[1:] != day[:-1]) | (unit[1:] != unit[:-1])
    rows, day, unit = rows[last], day[last], unit[last]  # one a customer and day, the day's last
    same = np.flatnonzero(unit[1:] == unit[:-1]) + 1
    gap, whose = (day[same] - day[same - 1]).astype(np.float64), unit[same]
    order = np.lexsort((gap, whose))
    gap, whose = gap[order], whose[order]
    units, first, count = np.unique(whose, return_index=True, return_counts=True)
    enough = count >= LEAST_GAPS
    units, first, count = units[enough], first[enough], count[enough]
    median = (gap[first + (count - 1) // 2] + gap[first + count // 2]) / 2
    final = view.last_by_unit(view.is_activity)[units]
    last_day = view.at[final] // DAY
    patience = np.maximum(asked.rule.least_days, np.floor(asked.rule.times * median).astype(np.int64) + 1)
    quiet = asked.now // DAY - last_day
    return Found(
        final,
        (last_day + patience) * DAY,
        lambda some: {"quiet_days": quiet[some], "usual_days": median[some], "gaps": count[some]},
    )


def repeat_contacts(asked: Asked) -> Found:
    """The contact that makes it so many on one topic within the days; tickets without a topic tell nothing."""
    view, rule = asked.view, asked.rule
    topic = view.coded("topic").codes
    inbound = view.coded("direction").among("inbound")
    rows = np.flatnonzero(view.kinds(*(rule.kinds or ("ticket.created",))) & inbound & (topic >= 0))
    rows = rows[np.lexsort((view.at[rows], topic[rows], view.unit[rows]))]
    back = rule.contacts - 1
    later, earlier = rows[back:], rows[: max(0, len(rows) - back)]
    at = view.at
    chosen = (
        (view.unit[later] == view.unit[earlier])
        & (topic[later] == topic[earlier])
        & (at[later] - at[earlier] <= rule.days * DAY)
    )
    later, earlier = later[chosen], earlier[chosen]
    return Found(
        later,
        at[later],
        lambda some: {
            "topic": _texts_of(view.coded("topic"), later[some]),
            "contacts": [rule.contacts] * len(some),
            "within_days": (at[later[some]] - at[earlier[some]]) / DAY,
            "first_contact": ids_of(view, earlier[some]),
        },
    )


def late_responses(asked: Asked) -> Found:
    """Tickets that customers opened and to which no human replied within the hours, also if one did later."""
    view, rule = asked.view, asked.rule
    ticket, at = view.coded("ticket").codes, view.at
    opened = view.kinds(*(rule.kinds or ("ticket.created",))) & view.is_activity & (ticket >= 0)
    rows = np.flatnonzero(opened)
    size = int(ticket.max(initial=-1)) + 1
    began = np.full(size, NEVER)
    np.minimum.at(began, ticket[rows], at[rows])
    rows = rows[began[ticket[rows]] == at[rows]]
    rows = rows[np.unique(ticket[rows], return_index=True)[1]]
    reply = np.flatnonzero(is_follow_up(view) & (ticket >= 0))
    reply = reply[at[reply] >= began[ticket[reply]]]
    replied = np.full(size, NEVER)
    np.minimum.at(replied, ticket[reply], at[reply])
    answered = replied[ticket[rows]]
    late = answered - at[rows] > rule.hours * HOUR  # opening hours take longer, never less
    rows, answered = rows[late], answered[late]
    limit = _deadlines(asked, at[rows])
    return Found(
        rows,
        limit,
        lambda some: {
            "ticket": _texts_of(view.coded("ticket"), rows[some]),
            "hours": [rule.hours] * len(some),
            "business_hours": [rule.business_hours] * len(some),
            "replied_at": [None if moment == NEVER else _text(int(moment)) for moment in answered[some]],
        },
    ).where(answered > limit)


def unanswered(asked: Asked) -> Found:
    """When messages will have waited too long, after which, in their ticket (or without one, in the journey), nobody of
    the company said anything."""
    view, rule = asked.view, asked.rule
    ticket = view.coded("ticket").codes.astype(np.int64)
    thread = np.where(ticket >= 0, ticket, -1 - view.unit.astype(np.int64))
    message = view.kinds(*(rule.kinds or MESSAGES)) & view.is_activity
    answer = is_follow_up(view) | view.kinds("ticket.solved")
    rows = np.flatnonzero(message | answer)
    rows = rows[np.lexsort((rows, view.at[rows], thread[rows]))]
    _, place = np.unique(thread[rows], return_inverse=True)
    last_answer = np.full(int(place.max(initial=-1)) + 1, -1)
    answers = np.flatnonzero(answer[rows])
    np.maximum.at(last_answer, place[answers], answers)
    waiting = np.flatnonzero(message[rows])
    waiting = waiting[waiting > last_answer[place[waiting]]]
    _, first, count = np.unique(place[waiting], return_index=True, return_counts=True)
    chosen = rows[waiting[first]]
    return Found(
        chosen,
        _deadlines(asked, view.at[chosen]),
        lambda some: {
            "ticket": _texts_of(view.coded("ticket"), chosen[some]),
            "messages": count[some],
            "hours": [rule.hours] * len(some),
        },
    )


def churn_risks(asked: Asked) -> Found:
    """Buyers who are gone with at least that probability: 1 − P(alive) of BG/NBD over days with an order; the cause is
    their last order. No contract ends here: it is how long they have not bought, in their own measure."""
    view, rule = asked.view, asked.rule
    rows = np.flatnonzero(view.kinds(*(rule.kinds or ("order.placed",))))
    day, unit = view.at[rows] // DAY, view.unit[rows]
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = (day[1:] != day[:-1]) | (unit[1:] != unit[:-1])
    final = np.ones(len(rows), np.bool_)
    final[:-1] = unit[1:] != unit[:-1]
    begins = np.flatnonzero(np.concatenate([[True], unit[1:] != unit[:-1]])) if len(rows) else np.zeros(0, np.int64)
    if not len(begins):
        asked.models.setdefault(rule.kinds, None)
        return _NOTHING
    repeats = np.add.reduceat(fresh.astype(np.int64), begins) - 1
    causes, first_day, last_day = rows[final], day[begins], day[final]
    recency, age = last_day - first_day, asked.now // DAY - first_day
    try:
        if rule.kinds not in asked.models:
            asked.models[rule.kinds] = None
            asked.models[rule.kinds] = fit_buying(repeats, recency, age)
        model = asked.models[rule.kinds]
        if model is None:
            return _NOTHING
        risk = 1 - model.alive(repeats, recency, age)
    except EstimateError as error:
        LOG.info("alert rule %s: no churn risk can be given: %s", rule.name, error)
        return _NOTHING
    # When the odds of being gone reached those of the rule: the formula of `Buying.alive`, solved for the age.
    odds = rule.at_least / (1 - rule.at_least)
    x = np.maximum(repeats, 1)
    reached = (model.alpha + recency) * (odds * (model.b + x - 1) / model.a) ** (1 / (model.r + x)) - model.alpha
    reached = np.maximum(np.ceil(reached), recency + 1)
    chosen = (repeats > 0) & (risk >= rule.at_least) & (reached <= age)
    since = (first_day + np.where(chosen, reached, 0).astype(np.int64)) * DAY
    return Found(
        causes,
        since,
        lambda some: {
            "probability": np.round(risk[some], 4),
            "purchases": repeats[some] + 1,
            "days_since_last": (age - recency)[some],
            "method": ["1 - P(alive), BG/NBD"] * len(some),
        },
    ).where(chosen)


_NOTHING = Found(np.zeros(0, np.int64), np.zeros(0, np.int64), lambda _: {})


CONDITIONS: Mapping[str, Callable[[Asked], Found]] = {
    "detractor": low_scores,
    "silent": silent,
    "repeat_contact": repeat_contacts,
    "sla": late_responses,
    "unanswered": unanswered,
    "churn_risk": churn_risks,
}


def _scale(metric: str) -> tuple[tuple[str, float], tuple[str, float]]:
    low, high = USUAL[metric]
    return ("scale_min", low), ("scale_max", high)


def is_follow_up(view: View) -> Mask:
    """By row, whether somebody of the company turns to the customer: outbound, not automated, no campaign or survey."""
    outbound = view.coded("direction").among("outbound") & ~view.flags("automated")
    return outbound & (view.coded("campaign").codes < 0) & ~view.kinds("survey.sent")


def _deadlines(asked: Asked, began: Ints) -> Ints:
    """By beginning, when the rule's hours are over."""
    if not asked.rule.business_hours:
        return began + int(asked.rule.hours * HOUR)
    return asked.open.after(began, max(1, int(asked.rule.hours * 3600)))


def _texts_of(column: Coded, rows: Ints) -> list[str | None]:
    return [column.at(row) for row in rows.tolist()]


def _text(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat().replace("+00:00", "Z")


def ids_of(view: View, rows: Ints) -> list[str]:
    """The ids of interactions, by their rows in the view, in any order."""
    unique, back = np.unique(rows, return_inverse=True)
    chosen = np.zeros(len(view), np.bool_)
    chosen[unique] = True
    found = view.where(chosen).texts("id")
    return [str(found[place]) for place in back]

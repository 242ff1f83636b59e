"""Detractors whom nobody answered in time, told as `unanswered_detractors.cypher` tells them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.answers.like_cypher import Ints, Rows, Values, instant, milliseconds, rounded
from graph.journeys.journeys import Journeys
from graph.journeys.timeline import Timeline
from graph.journeys.view import View

_HOUR_MS = 3_600_000
_MOST_OF_A_DETRACTOR = 6


def unanswered_detractors(journeys: Journeys, values: Values) -> Rows:
    """The lowest score first; in place of the customers' names, which columns do not hold, nothing."""
    view, events, now, hours = journeys.view(), journeys.events, milliseconds(values["now"]), values["hours"]
    low = view.kinds("survey.answered") & view.coded("metric").among("nps")
    rows = np.flatnonzero(low & (view.numbers("score") <= _MOST_OF_A_DETRACTOR))
    at = view.at[rows]
    rows = rows[(at >= milliseconds(values["since"])) & (at <= np.minimum(now, now - hours * _HOUR_MS))]
    until = _hours_until_answered(view, rows, now)
    open_ = ~(until <= hours)  # where nobody has answered, too
    rows, until = rows[open_], until[open_]
    unit, scores, at = view.unit[rows].astype(np.int64), view.numbers("score")[rows], view.at[rows]
    ids, names = (
        np.array(found, np.str_) for found in (journeys.customer_ids(unit), events.take("id", rows).to_pylist())
    )
    owner, program = journeys.customers.coded("owner").take(unit), view.coded("program").take(rows)
    comments, about = events.take("comment", rows).to_pylist(), _about(journeys, view, rows)
    found: Rows = []
    for row in np.lexsort((names, ids, at, scores)).tolist():
        answered = None if np.isnan(until[row]) else rounded(float(until[row]) * 10) / 10
        told = float(scores[row]), comments[row], instant(int(at[row])), program.at(row), about[row], answered
        found.append([str(ids[row]), None, owner.at(row), *told])
    return found


def _hours_until_answered(view: View, rows: Ints, now: int) -> NDArray[np.float64]:
    """By row, hours until a person of the company wrote or spoke first, not for a campaign; NaN where nobody has."""
    by_people = view.coded("direction").among("outbound") & ~view.flags("automated")
    answers = Timeline.of(view, by_people & (view.coded("campaign").codes < 0) & (view.at <= now))
    at = view.at[rows]
    place = answers.next_after(view.unit[rows], at)
    return np.where(place >= 0, (np.append(answers.at, 0)[place] - at) / _HOUR_MS, np.nan)


def _about(journeys: Journeys, view: View, rows: Ints) -> list[str | None]:
    """By row, the name of the touchpoint that it is about."""
    keys, codes = view.coded("touchpoint").values, view.coded_of_about("touchpoint")[rows].tolist()
    return [None if code < 0 else journeys.touchpoints[keys[code]].name for code in codes]

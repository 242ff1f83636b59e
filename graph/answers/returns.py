"""Who came back after a long time, by what they came with."""

from __future__ import annotations

import numpy as np

from graph.answers.like_cypher import DAY_MS, Rows, Values, grouped, milliseconds, nulls_last, percentile
from graph.figures.steps import distinct
from graph.journeys.journeys import Journeys
from graph.journeys.timeline import Timeline

_BOUGHT = ("order.placed", "deal.won", "subscription.started", "subscription.renewed")
_WITHIN_MS = 90 * DAY_MS


def reactivations(journeys: Journeys, values: Values) -> Rows:
    """The first activity after so many inactive days, by kind and channel, and how many bought after it."""
    view = journeys.view()
    active = np.flatnonzero(view.is_activity)
    unit, at = view.unit[active].astype(np.int64), view.at[active]
    away = (at[1:] - at[:-1]) / DAY_MS
    back = (unit[1:] == unit[:-1]) & (away > values["days"])
    back &= (at[1:] >= milliseconds(values["since"])) & (at[1:] < milliseconds(values["until"]))
    away, unit, at, rows = away[back], unit[1:][back], at[1:][back], active[1:][back]
    bought = Timeline.of(view, view.kinds(*_BOUGHT)).count(unit, at - 1, at + _WITHIN_MS) > 0
    kind, channel = view.coded("kind").take(rows), view.coded("channel").take(rows)
    group, first = grouped(kind.codes.astype(np.int64) * (len(channel.values) + 1) + channel.codes + 1)
    returns, customers = np.bincount(group), distinct(group, unit, len(first))
    then_bought = np.bincount(group[bought], minlength=len(first))
    found: Rows = []
    for one, row in enumerate(first.tolist()):
        counts = int(returns[one]), int(customers[one])
        days = percentile(away[group == one], 0.5)
        found.append([kind.at(row), channel.at(row), *counts, days, int(then_bought[one])])
    return sorted(found, key=lambda row: (-row[2], *nulls_last(*row[:2])))

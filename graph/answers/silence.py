"""Who has fallen silent, in their own measure."""

from __future__ import annotations

import numpy as np

from graph.answers.like_cypher import DAY_MS, Rows, Values, instant, milliseconds
from graph.figures.active_days import active_days
from graph.figures.pain.attention import silent_units
from graph.journeys.journeys import Journeys


def silent_customers(journeys: Journeys, values: Values) -> Rows:
    """The longest silence first; in place of their names, which columns do not hold, nothing."""
    view, now = journeys.view(), milliseconds(values["now"])
    days = active_days(view, now)
    silent = np.flatnonzero(silent_units(view, now))
    quiet = now // DAY_MS - days.last[silent]
    ids = np.array(journeys.customer_ids(silent), np.str_)
    shown = np.lexsort((ids, -(quiet / days.usual[silent])))[: int(values["top"])]
    customers = journeys.customers
    stage, owner = (customers.coded(name).take(silent[shown]) for name in ("lifecycle_stage", "owner"))
    found: Rows = []
    for row, place in enumerate(shown.tolist()):
        unit = silent[place]
        told = instant(int(days.last[unit]) * DAY_MS), int(quiet[place]), float(days.usual[unit]), int(days.gaps[unit])
        found.append([str(ids[place]), None, stage.at(row), owner.at(row), *told])
    return found

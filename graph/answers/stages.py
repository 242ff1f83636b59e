"""How long customers take from one stage to another: those who have not got there yet count as waiting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, milliseconds, rounded
from graph.estimates.survival import kaplan_meier
from graph.journeys.journeys import FOR_EVER, Journeys
from graph.journeys.part import NOT_SAID


def time_between_stages(journeys: Journeys, values: Values) -> Rows:
    """How many have begun, arrived and wait, and by when half and nine tenths of all have got there (Kaplan-Meier)."""
    waited, arrived = _waited(journeys, values)
    curve = kaplan_meier(waited / DAY_MS, arrived)
    n, reached = len(waited), int(arrived.sum())
    by = (None if curve is None else curve.quantile(share) for share in (0.5, 0.9))
    return [[n, reached, n - reached, *(None if at is None else rounded(at.value * 10) / 10 for at in by)]]


def stage_curve(journeys: Journeys, values: Values) -> Rows:
    """By day on which somebody arrived, the share that has, with its interval (Greenwood, log-log)."""
    waited, arrived = _waited(journeys, values)
    curve = kaplan_meier(waited // DAY_MS, arrived)
    if curve is None:
        return []
    days, at_risk, came = (column.astype(np.int64).tolist() for column in (curve.times, curve.at_risk, curve.ended))
    left, ends = curve.survival.tolist(), zip(curve.high.tolist(), curve.low.tolist(), strict=True)
    return [
        [*point, _share(still), *((_share(end) for end in interval) if still > 0 else (None, None))]
        for *point, still, interval in zip(days, at_risk, came, left, ends, strict=True)
    ]


def _share(left: float) -> float:
    """The share that has arrived, to three digits."""
    return rounded(1000 * (1 - left)) / 1000


def _waited(journeys: Journeys, values: Values) -> tuple[Ints, NDArray[np.bool_]]:
    """Of each who first reached the one stage: milliseconds until they reached the other, or until now, and which."""
    table, now = journeys.stages, milliseconds(values["now"])
    stage, at, whose = table.coded("stage"), table.moments("at"), journeys.whose(table).astype(np.int64)
    known = (whose >= 0) & (at != NOT_SAID) & (at <= now)
    begins = np.flatnonzero(stage.among(values["from"]) & known)
    since, there = (np.full(len(journeys.customers), FOR_EVER, np.int64) for _ in range(2))
    np.minimum.at(since, whose[begins], at[begins])
    ends = np.flatnonzero(stage.among(values["to"]) & known)
    ends = ends[at[ends] >= since[whose[ends]]]
    np.minimum.at(there, whose[ends], at[ends])
    units = np.flatnonzero(since < FOR_EVER)
    return np.minimum(there[units], now) - since[units], there[units] < FOR_EVER

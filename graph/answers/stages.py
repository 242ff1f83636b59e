"""How long customers take from one stage to another: those who have not got there yet count as waiting."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, milliseconds, rounded
from graph.journeys.journeys import FOR_EVER, Journeys
from graph.journeys.part import NOT_SAID


def time_between_stages(journeys: Journeys, values: Values) -> Rows:
    """How many have begun, arrived and wait, and by when half and nine tenths of all have got there (Kaplan-Meier)."""
    waited, arrived = _waited(journeys, values)
    order = np.lexsort((~arrived, waited))
    days, arrived = waited[order] / DAY_MS, arrived[order]
    n, left = len(days), 1.0
    half: float | None = None
    most: float | None = None
    for place in np.flatnonzero(arrived).tolist():
        left = left * (n - place - 1) / (n - place)
        half = float(days[place]) if half is None and left <= 0.5 else half
        most = float(days[place]) if most is None and left <= 0.1 else most
    reached = int(arrived.sum())
    told = (None if at is None else rounded(at * 10) / 10 for at in (half, most))
    return [[n, reached, n - reached, *told]]


def stage_curve(journeys: Journeys, values: Values) -> Rows:
    """By day on which somebody arrived, the share that has, with its interval (Greenwood, log-log)."""
    waited, arrived = _waited(journeys, values)
    days, place = np.unique(waited // DAY_MS, return_inverse=True)
    leave, come = np.bincount(place, minlength=len(days)), np.bincount(place[arrived], minlength=len(days))
    at_risk = len(waited) - np.cumsum(leave) + leave
    left, variance = 1.0, 0.0
    found: Rows = []
    for day, risk, came in zip(days.tolist(), at_risk.tolist(), come.tolist(), strict=True):
        if came == 0:
            continue
        left = left * (risk - came) / risk
        variance += 0.0 if risk == came else 1.0 * came / (risk * (risk - came))
        found.append([day, risk, came, rounded(1000 * (1 - left)) / 1000, *_interval(left, variance)])
    return found


def _interval(left: float, variance: float) -> list[float | None]:
    if not 0 < left < 1:
        return [None, None]
    spread = 1.96 * sqrt(variance) / abs(log(left))
    return [rounded(1000 * (1 - left ** exp(side * spread))) / 1000 for side in (-1, 1)]


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

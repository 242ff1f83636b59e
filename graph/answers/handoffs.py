"""Handoffs: the responsible team or owner changes for the same matter, and sometimes comes straight back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.answers.like_cypher import Ints, Rows, Values, grouped, milliseconds, nulls_last, percentile
from graph.figures.steps import distinct
from graph.journeys.journeys import Journeys
from graph.journeys.part import Coded, places


def handoffs(journeys: Journeys, values: Values) -> Rows:
    """From whom to whom, how often, and how long customers waited for the new team."""
    table, rows = journeys.handoffs, _in_period(journeys, values)
    parties = [table.coded(name).take(rows) for name in ("from_function", "from_team", "to_function", "to_team")]
    key = np.zeros(len(rows), np.int64)
    for column in parties:
        key, _ = grouped(key * (len(column.values) + 1) + column.codes + 1)
    group, first = grouped(key)
    waits = [table.numbers(name)[rows] / 3600.0 for name in ("wait_seconds", "business_wait_seconds")]
    many, customers = np.bincount(group), distinct(group, _whose(journeys, rows), len(first))
    found: Rows = []
    for one, row in enumerate(first):
        wait, business = (_known(each[group == one]) for each in waits)
        found.append(
            [
                *(column.at(int(row)) for column in parties),
                int(many[one]),
                int(customers[one]),
                *(_percentile(wait, share) for share in (0.5, 0.9)),
                _percentile(business, 0.5),
                int(many[one]) - len(wait),
            ]
        )
    return sorted(found, key=lambda row: (-row[4], *nulls_last(*row[:4])))


def ping_pong(journeys: Journeys, values: Values) -> Rows:
    """A matter goes from one team to another and comes straight back."""
    table, rows = journeys.handoffs, _in_period(journeys, values)
    matter = table.coded("matter")
    links = np.array([value.startswith("link:") for value in (*matter.values, "")], np.bool_)
    rows = rows[~links[matter.codes[rows]]]
    rows = _in_order(journeys, rows)
    unit, of = _whose(journeys, rows), matter.codes[rows].astype(np.int64)
    giver, taker, teams = _alike(table.coded("from_team").take(rows), table.coded("to_team").take(rows))
    there = np.flatnonzero((unit[1:] == unit[:-1]) & (of[1:] == of[:-1]))
    there = there[(giver[there] == taker[there + 1]) & (taker[there] == giver[there + 1])]
    there = there[(giver[there] >= 0) & (taker[there] >= 0)]
    group, first = grouped(giver[there] * len(teams) + taker[there])
    bounces = np.bincount(group)
    matters, customers = (distinct(group, each[there], len(first)) for each in (of, unit))
    found: Rows = [
        [teams[giver[row]], teams[taker[row]], int(bounces[one]), int(matters[one]), int(customers[one])]
        for one, row in enumerate(there[first])
    ]
    return sorted(found, key=lambda row: (-row[2], row[0], row[1]))


def _in_period(journeys: Journeys, values: Values) -> Ints:
    at = journeys.handoffs.moments("at")
    return np.flatnonzero((at >= milliseconds(values["since"])) & (at < milliseconds(values["until"])))


def _whose(journeys: Journeys, rows: Ints) -> Ints:
    return journeys.whose(journeys.handoffs)[rows].astype(np.int64)


def _in_order(journeys: Journeys, rows: Ints) -> Ints:
    """By customer and matter, then by time; of one moment by the interaction in which the new team appears."""
    table = journeys.handoffs
    unit, matter, at = _whose(journeys, rows), table.coded("matter").codes[rows], table.moments("at")[rows]
    order = np.lexsort((at, matter, unit))
    rows, unit, matter, at = rows[order], unit[order], matter[order], at[order]
    tied = np.zeros(len(rows), np.bool_)
    tied[1:] = (unit[1:] == unit[:-1]) & (matter[1:] == matter[:-1]) & (at[1:] == at[:-1])
    tied[:-1] |= tied[1:]
    if not tied.any():
        return rows
    ids: list[Any] = table.take("target", rows[tied]).to_pylist()
    events = journeys.events
    # The few are looked for among the many, not the many among the few.
    wanted = pa.chunked_array([pa.array(sorted(set(ids)), pa.large_string())])
    named = np.flatnonzero(places(events.arrow("id"), wanted) >= 0)
    sequences = events.moments("sequence")[named].tolist()
    told: list[Any] = events.take("id", named).to_pylist()
    sequence_of = dict(zip(told, sequences, strict=True))
    by_id = {id: place for place, id in enumerate(sorted(sequence_of, key=lambda id: (sequence_of[id], id)))}
    second = np.zeros(len(rows), np.int64)
    second[tied] = [by_id.get(id, len(by_id)) for id in ids]
    return rows[np.lexsort((second, at, matter, unit))]


def _alike(first: Coded, second: Coded) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Codes of both columns in the same values, -1 where nothing is said."""
    values = tuple(dict.fromkeys((*first.values, *second.values)))
    number = {value: place for place, value in enumerate(values)}
    both = [np.array([*(number[value] for value in each.values), -1], np.int64)[each.codes] for each in (first, second)]
    return both[0], both[1], values


def _known(waits: NDArray[np.float64]) -> NDArray[np.float64]:
    return waits[~np.isnan(waits)]


def _percentile(waits: NDArray[np.float64], share: float) -> Any:
    return percentile(waits, share) if len(waits) else None

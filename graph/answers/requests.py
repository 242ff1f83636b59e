"""What customers are asked for again although another matter had asked for it before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, grouped, milliseconds, nulls_last, percentile
from graph.figures.steps import distinct
from graph.journeys.journeys import Journeys
from graph.journeys.lists import listed


def repeated_questions(journeys: Journeys, values: Values) -> Rows:
    """By field and by the two sources, how often, of how many customers, and after how many days."""
    view = journeys.view()
    rows, field = listed(view.arrow("requested_fields"))
    unit, at, source = view.unit[rows].astype(np.int64), view.at[rows], view.coded("source").take(rows)
    wish, begins = grouped(unit * (len(field.values) + 1) + field.codes)  # of one customer for one field
    first = begins[wish]
    matter = _matters(journeys, rows, np.bincount(wish)[wish] > 1)
    in_period = (at >= milliseconds(values["since"])) & (at < milliseconds(values["until"]))
    again = np.flatnonzero((matter != matter[first]) & in_period)
    first = first[again]
    days = (at[again] - at[first]) / DAY_MS
    many = len(source.values) + 1
    both = (source.codes[first] + 1) * np.int64(many) + source.codes[again] + 1
    group, examples = grouped(field.codes[again] * np.int64(many * many) + both)
    times, customers = np.bincount(group), distinct(group, unit[again], len(examples))
    found: Rows = []
    for one, place in enumerate(examples.tolist()):
        told = field.at(again[place]), source.at(first[place]), source.at(again[place])
        found.append([*told, int(times[one]), int(customers[one]), percentile(days[group == one], 0.5)])
    return sorted(found, key=lambda row: (-row[3], *nulls_last(*row[:3])))


def _matters(journeys: Journeys, rows: Ints, compared: NDArray[np.bool_]) -> Ints:
    """By row a number of its ticket, else of its activity, else of itself; -1 where it is not compared."""
    columns = (journeys.events.take(name, rows[compared]) for name in ("ticket", "activity_id", "id"))
    texts: Any = pc.coalesce(*columns).combine_chunks().dictionary_encode()
    matters = np.full(len(rows), -1, np.int64)
    matters[compared] = texts.indices.to_numpy()
    return matters

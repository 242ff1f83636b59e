"""Contacts that were enough, and those that were not: reopened, handed on, or followed by another on the topic."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.answers.like_cypher import DAY_MS, Ints, Rows, Values, milliseconds, wilson
from graph.journeys.journeys import Journeys
from graph.journeys.part import places
from graph.journeys.timeline import Timeline

_NO_TOPIC = "no topic"


def repeat_contact(journeys: Journeys, values: Values) -> Rows:
    """First-contact resolution by topic."""
    view, now, window = journeys.view(), milliseconds(values["now"]), values["days"] * DAY_MS
    topic, ticket = view.coded("topic"), view.coded("ticket")
    created = view.kinds("ticket.created")
    asked = created & (view.at >= milliseconds(values["since"])) & (view.at <= now) & (view.at <= now - window)
    rows = np.flatnonzero(asked)
    unit, at = view.unit[rows].astype(np.int64), view.at[rows]

    def within(key: Ints, of: Timeline, more_than: int = 0) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = of.count(key, at - 1, at + int(window)) > more_than
        return found

    def keyed(whose: NDArray[np.signedinteger], code: NDArray[np.int32], many: int) -> Ints:
        return whose.astype(np.int64) * max(1, many) + code

    alike = np.flatnonzero(created & (topic.codes >= 0))
    of_topic = Timeline.sorted(keyed(view.unit[alike], topic.codes[alike], len(topic.values)), view.at[alike])
    has_topic, has_ticket = topic.codes[rows] >= 0, ticket.codes[rows] >= 0
    repeated = has_topic & within(keyed(unit, topic.codes[rows], len(topic.values)), of_topic, 1)  # itself is one
    mine = keyed(unit, ticket.codes[rows], len(ticket.values))
    again = np.flatnonzero(view.kinds("ticket.reopened") & (ticket.codes >= 0))
    reopenings = keyed(view.unit[again], ticket.codes[again], len(ticket.values))
    reopened = has_ticket & within(mine, Timeline.sorted(reopenings, view.at[again]))
    whose, of, moved_at = _moves(journeys)
    transferred = has_ticket & within(mine, Timeline.sorted(keyed(whose, of, len(ticket.values)), moved_at))
    at_once = ~(repeated | reopened | transferred)
    names = [*topic.values, _NO_TOPIC]
    place = np.array([names.index(name) for name in names])[topic.codes[rows]]  # -1, no topic, is the last
    found: Rows = []
    for one in np.flatnonzero(np.bincount(place, minlength=len(names))):
        here = place == one
        n, good = int(here.sum()), int(at_once[here].sum())
        counts = (int(each[here].sum()) for each in (repeated, reopened, transferred))
        found.append([names[one], n, *counts, good, *wilson(good, n)])
    return sorted(found, key=lambda row: (-row[1], row[0]))


def _moves(journeys: Journeys) -> tuple[Ints, NDArray[np.int32], Ints]:
    """Handoffs within tickets that begin with an interaction of the ticket: whose, the ticket's code, and when."""
    table, events = journeys.handoffs, journeys.events
    matter, code_of = table.coded("matter"), events.codes_of("ticket")
    of = [code_of.get(text[7:], -1) if text.startswith("ticket:") else -1 for text in matter.values]
    code = np.array([*of, -1], np.int32)[matter.codes]
    rows = np.flatnonzero(code >= 0)
    sources = table.take("source", rows)
    wanted = pa.chunked_array([pa.array(sources.unique().to_pylist(), pa.large_string())])
    # The few are looked for among the many; of one interaction all rows say the same ticket.
    there = places(events.arrow("id"), wanted)
    ticket_of = np.full(len(wanted) + 1, -1, np.int32)
    ticket_of[there[there >= 0]] = events.coded("ticket").codes[there >= 0]
    rows = rows[ticket_of[places(sources, wanted)] == code[rows]]
    return journeys.whose(table)[rows].astype(np.int64), code[rows], table.moments("at")[rows]

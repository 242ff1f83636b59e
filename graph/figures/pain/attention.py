"""What customers get too little or too much of: silence, campaigns while they complain, two owners at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.figures.active_days import active_days
from graph.figures.pain.occurrences import DAY_MS, Occurrences, labelled
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.timeline import Timeline
from graph.journeys.view import Mask, Unit, View

FEWEST_GAPS = 5
TIMES_THE_USUAL = 3
FEWEST_DAYS = 14
_MOST_SOURCES = 60


def silences(scope: Scope) -> Occurrences:
    """Customers who are silent at the end of the period (or now): no activity for at least 14 days and for more than
    three times their own median gap between active days, of whom at least five gaps are known."""
    end = min(scope.now_ms, scope.period.end_ms - 1)
    silent = np.flatnonzero(silent_units(scope.view, end) & scope.members() & _has_begun(scope))
    return Occurrences.of(silent, np.full(len(silent), end, np.int64))


def _has_begun(scope: Scope) -> bool:
    """Whether anything can be told of the period's end at all."""
    return scope.period.start_ms <= scope.now_ms


def silent_units(view: View, at_ms: int) -> Mask:
    """By unit, whether it is silent at that moment (see `silences`); days are those of UTC."""
    days = active_days(view, at_ms)
    quiet = at_ms // DAY_MS - days.last
    silent = (days.gaps >= FEWEST_GAPS) & (quiet >= FEWEST_DAYS) & (quiet > TIMES_THE_USUAL * days.usual)
    return silent & view.members


def campaigns_during_complaints(scope: Scope) -> Occurrences:
    """A message of a campaign sent while a ticket of a `complaint_topics` topic was open; told apart by campaign.

    A ticket is open from its first interaction until it is solved, and again once it is reopened.
    """
    view = scope.view
    ticket = view.coded("ticket")
    topics = {topic.lower() for topic in scope.rules.pain_points.complaint_topics}
    topic = view.coded("topic")
    complaints = topic.among(*(value for value in topic.values if value.lower() in topics)) & (ticket.codes >= 0)
    is_complaint = np.zeros(len(ticket.values) + 1, np.bool_)
    is_complaint[ticket.codes[complaints]] = True
    opens = is_complaint[ticket.codes] & (ticket.codes >= 0) & view.kinds("ticket.created", "ticket.reopened")
    ends = is_complaint[ticket.codes] & (ticket.codes >= 0) & view.kinds("ticket.solved")
    sent = (
        view.coded("direction").among("outbound")
        & (view.coded("campaign").codes >= 0)
        & (view.at >= scope.period.start_ms)
        & (view.at < scope.period.end_ms)
    )
    if scope.only.narrows:
        sent &= scope.only.fits(view)
    rows = np.flatnonzero(sent)
    start, end, unit = _spans(view, ticket.codes, opens, ends)
    begun = Timeline.sorted(unit, start).count(view.unit[rows], np.full(len(rows), -1, np.int64), view.at[rows] - 1)
    over = Timeline.sorted(unit, end).count(view.unit[rows], np.full(len(rows), -1, np.int64), view.at[rows])
    rows = rows[begun > over]
    return Occurrences.of(view.unit[rows], view.at[rows], view.coded("campaign").take(rows))


def _spans(
    view: View, ticket: NDArray[np.int32], opens: Mask, ends: Mask
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Start and end of each span in which a ticket was open, and whose it is; without an end it lasts until now."""
    rows = np.flatnonzero(opens | ends)
    rows = rows[np.lexsort((np.arange(len(rows)), view.at[rows], ticket[rows], view.unit[rows]))]
    unit, of, at, is_start = view.unit[rows].astype(np.int64), ticket[rows], view.at[rows], opens[rows]
    same = np.zeros(len(rows), np.bool_)
    same[1:] = (unit[1:] == unit[:-1]) & (of[1:] == of[:-1])
    # A start while it is open, or an end while it is not, changes nothing.
    changes = np.where(same, np.concatenate([[False], is_start[1:] != is_start[:-1]]) if len(rows) else same, is_start)
    unit, of, at, is_start = unit[changes], of[changes], at[changes], is_start[changes]
    starts = np.flatnonzero(is_start)
    end = np.full(len(starts), view.at.max(initial=0) + 1, np.int64)
    closed = starts + 1 < len(at)
    follows = starts[closed] + 1
    ended = ~is_start[follows] & (unit[follows] == unit[starts[closed]]) & (of[follows] == of[starts[closed]])
    end[np.flatnonzero(closed)[ended]] = at[follows[ended]]
    return at[starts], end, unit[starts]


def two_owners(scope: Scope) -> Occurrences:
    """People (of accounts: accounts with such people) whose records name two different owners at the end of the period
    (or now); told apart by the systems that name them."""
    end = min(scope.now_ms, scope.period.end_ms - 1)
    part, journeys = scope.view.journeys.records, scope.view.journeys
    who, owner, since = journeys.whose(part).astype(np.int64), part.coded("owner"), part.moments("created_at")
    known = np.flatnonzero((who >= 0) & (owner.codes >= 0) & ((since <= end) | (since == NOT_SAID)) & _has_begun(scope))
    names = [" ".join(value.lower().split()) for value in owner.values]
    number = {name: place for place, name in enumerate(dict.fromkeys(names))}
    same = np.array([*(number[name] for name in names), -1], np.int64)[owner.codes[known]]
    who = who[known]
    last = np.full(len(journeys.customers), -1, np.int64)
    last[who] = same
    has_two = np.zeros(len(journeys.customers), np.bool_)
    has_two[who[same != last[who]]] = True
    source, theirs = part.coded("source"), has_two[who]
    systems = np.zeros(len(journeys.customers), np.int64)
    system = np.int64(1) << np.minimum(source.codes[known[theirs]], _MOST_SOURCES).astype(np.int64)
    np.bitwise_or.at(systems, who[theirs], system)
    people = np.flatnonzero(has_two)
    unit = journeys.account_of[people].astype(np.int64) if scope.view.unit_of is Unit.ACCOUNT else people
    kept = (unit >= 0) & np.append(scope.members(), False)[unit]
    unit, combined = unit[kept], systems[people][kept]
    sets, way = np.unique(combined, return_inverse=True)
    labels = [
        " and ".join(sorted(v for n, v in enumerate(source.values) if s >> min(n, _MOST_SOURCES) & 1)) for s in sets
    ]
    return Occurrences.of(unit, np.full(len(unit), end, np.int64), labelled(way, labels))

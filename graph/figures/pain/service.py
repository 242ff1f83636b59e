"""What hurts in service: matters that go to and fro, contacts that were not enough, bad handoffs."""

from __future__ import annotations

import numpy as np

from graph.estimates.estimate import difference
from graph.estimates.proportion import proportion
from graph.figures.figure import LEAST_SAMPLE
from graph.figures.pain.harm import SCORED_WITHIN_MS, scores_of
from graph.figures.pain.occurrences import DAY_MS, Occurrences, pairs
from graph.figures.scope import Scope
from graph.journeys.handoffs import Handoffs, handoffs_of, targets
from graph.journeys.timeline import Timeline


def ping_pong(scope: Scope) -> Occurrences:
    """A matter goes from one team to another and comes straight back; told apart by the two teams."""
    found = handoffs_of(scope.view)
    found = found.where(~found.is_link)
    if len(found) < 2:
        return _those(scope, found.where(np.zeros(len(found), np.bool_)))
    number = {name: place for place, name in enumerate(dict.fromkeys((*found.giver.values, *found.taker.values)))}
    giver, taker = (
        np.array([*(number[value] for value in column.values), -1])[column.codes]
        for column in (found.giver, found.taker)
    )
    back = np.zeros(len(found), np.bool_)
    back[1:] = (
        (found.unit[1:] == found.unit[:-1])
        & (found.matter[1:] == found.matter[:-1])
        & (giver[1:] == taker[:-1])
        & (taker[1:] == giver[:-1])
        & (giver[1:] >= 0)
    )
    return _those(scope, found.where(back))


def hurting_handoffs(scope: Scope) -> Occurrences:
    """Handoffs of a kind (from one team or function to another) after which customers are less content.

    A kind hurts when the first answers within 30 days after it are bad more often than answers of the same survey with
    no handoff in the 30 days before, beyond chance (95 %, Newcombe) and of at least 5 answers each: association.
    """
    found = handoffs_of(scope.view)
    way = pairs(found.giver, found.taker, " → ")
    chosen = (found.at >= scope.period.start_ms) & (found.at < scope.period.end_ms)
    hurts = np.zeros(len(way.values), np.bool_)
    everything = Timeline.sorted(found.unit, found.at)
    size = len(scope.view.members)
    by_way = Timeline.sorted(way.codes * np.int64(size) + found.unit, found.at)
    for scores in scores_of(scope):
        any_before = everything.count(scores.unit, scores.at - SCORED_WITHIN_MS, scores.at) > 0
        others = proportion(int(scores.bad[~any_before].sum()), int((~any_before).sum()))
        if others is None or others.n < LEAST_SAMPLE:
            continue
        for code in np.unique(way.codes[chosen]):
            unit = scores.unit + int(code) * size
            after = by_way.count(unit, scores.at - SCORED_WITHIN_MS, scores.at) > 0
            share = proportion(int(scores.bad[after].sum()), int(after.sum()))
            if share is not None and share.n >= LEAST_SAMPLE:
                hurts[code] |= (difference(share, others).low or 0.0) > 0
    return _those(scope, found.where(hurts[way.codes]) if len(found) else found)


def repeat_contacts(scope: Scope) -> Occurrences:
    """Another ticket of the same customer on the same topic within `repeat_days` (7) of one; told apart by topic.

    A ticket without a topic is a repeat of none.
    """
    view = scope.view
    topic = view.coded("topic")
    rows = np.flatnonzero(view.kinds("ticket.created") & (topic.codes >= 0))
    unit, at, of = view.unit[rows], view.at[rows], topic.codes[rows]
    order = np.lexsort((at, of, unit))
    unit, at, of, rows = unit[order], at[order], of[order], rows[order]
    again = np.zeros(len(rows), np.bool_)
    again[1:] = (unit[1:] == unit[:-1]) & (of[1:] == of[:-1])
    again[1:] &= at[1:] - at[:-1] <= scope.rules.pain_points.repeat_days * DAY_MS
    if scope.only.narrows:
        again &= scope.only.fits(view)[rows]
    found = Occurrences.of(unit[again], at[again], topic.take(rows[again]))
    return found.within(scope.period)


def _those(scope: Scope, found: Handoffs) -> Occurrences:
    if scope.only.narrows:
        fitting = np.append(scope.only.fits(scope.view), False)
        found = found.where(fitting[targets(scope.view, found)])
    return Occurrences.of(found.unit, found.at, pairs(found.giver, found.taker, " → ")).within(scope.period)

"""Visits to the stages of the lifecycle: from when until when a customer, or an account, was at one.

An account is at the furthest stage at which any of its people is at that moment. It moves on with the first of them
who gets further, and falls back when the last of them has left that stage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.journeys.journeys import FOR_EVER, Journeys
from graph.journeys.part import NOT_SAID, Coded
from graph.journeys.view import Unit, View


@dataclass(frozen=True, slots=True)
class Visits:
    """By visit to a stage: whose (number of the unit), which stage (place in the rules), [at, left) and how.

    Those of one unit stand together and in order. `left` is FOR_EVER where they are still there; `next` is the stage
    after it, -1 where there is none.
    """

    unit: NDArray[np.int64]
    stage: NDArray[np.int64]
    at: NDArray[np.int64]
    left: NDArray[np.int64]
    next: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> Visits:
        """Only these."""
        return Visits(self.unit[chosen], self.stage[chosen], self.at[chosen], self.left[chosen], self.next[chosen])

    def stage_at(self, unit: NDArray[np.int64], moment: NDArray[np.int64]) -> NDArray[np.int64]:
        """By question, the place of the stage that the unit is at, at that moment; -1 where it is at none."""
        if not len(self.unit):
            return np.full(len(unit), -1, np.int64)
        base, most = int(self.at.min()), int(max(self.at.max(), moment.max(initial=0)))
        span = most - base + 2
        place = np.searchsorted(self.unit * span + (self.at - base), unit * span + (moment - base), side="right") - 1
        there = (place >= 0) & (moment >= base)
        there &= (self.unit[place] == unit) & (self.left[place] > moment)
        return np.where(there, self.stage[place], -1)


def visits_of(view: View, now_ms: int) -> Visits:
    """All visits of the view's customers (or accounts), as they were known at that moment (epoch milliseconds)."""
    return view.as_of_moment(("visits", now_ms), lambda: _visits_of(view, now_ms))


def told_stages(view: View, column: str) -> Coded:
    """By unit, the stage that a column of customers tells today; of an account the furthest of its people's.

    `values` are the stages in the order of the rules; what is none of them is not told.
    """
    journeys = view.journeys
    names = tuple(stage.name for stage in journeys.rules.stage)
    said = journeys.customers.coded(column)
    places = {name: place for place, name in enumerate(names)}
    place = np.array([*(places.get(value, -1) for value in said.values), -1], np.int32)[said.codes]
    if view.unit_of is Unit.CUSTOMER:
        return Coded(place, names)
    furthest = np.full(len(journeys.accounts), -1, np.int32)
    has_account = journeys.account_of >= 0
    np.maximum.at(furthest, journeys.account_of[has_account], place[has_account])
    return Coded(furthest, names)


def _visits_of(view: View, now_ms: int) -> Visits:
    journeys = view.journeys
    everybody = _of_people(journeys, now_ms)
    if view.unit_of is Unit.CUSTOMER:
        return everybody if view.members.all() else everybody.where(view.members[everybody.unit])
    account = journeys.account_of[everybody.unit].astype(np.int64)
    chosen = (account >= 0) & np.append(view.members, False)[account]
    people = everybody.where(chosen)
    return _furthest(account[chosen], people, len(journeys.rules.stage))


def _of_people(journeys: Journeys, now_ms: int) -> Visits:
    table = journeys.stages
    places = {stage.name: place for place, stage in enumerate(journeys.rules.stage)}
    coded = table.coded("stage")
    stage = np.array([*(places.get(name, -1) for name in coded.values), -1], np.int64)[coded.codes]
    unit, at, left = journeys.whose(table).astype(np.int64), table.moments("at"), table.moments("left_at")
    follows = np.full(len(unit), -1, np.int64)
    same = unit[1:] == unit[:-1]
    follows[:-1][same] = stage[1:][same]
    known = (unit >= 0) & (stage >= 0) & (at <= now_ms)
    open_then = (left == NOT_SAID) | (left > now_ms)
    left, follows = np.where(open_then, FOR_EVER, left), np.where(open_then, -1, follows)
    found = Visits(unit, stage, at, left, follows).where(known)
    if (found.unit[1:] >= found.unit[:-1]).all():
        return found
    order = np.argsort(found.unit, kind="stable")
    return Visits(found.unit[order], found.stage[order], found.at[order], found.left[order], found.next[order])


def _furthest(account: NDArray[np.int64], people: Visits, stages: int) -> Visits:
    """The visits of accounts, of those of their people: how many are at each stage is counted moment by moment."""
    unit = np.concatenate([account, account])
    when = np.concatenate([people.at, people.left])
    stage = np.concatenate([people.stage, people.stage])
    comes = np.repeat(np.array([1, -1], np.int32), len(account))
    order = np.lexsort((when, unit))
    unit, when = unit[order], when[order]
    moves = np.zeros((stages, len(unit)), np.int32)
    moves[stage[order], np.arange(len(unit))] = comes[order]
    # Whoever comes also goes, if for ever: each account begins at nought.
    there = np.cumsum(moves, axis=1) > 0
    is_last = np.append((unit[1:] != unit[:-1]) | (when[1:] != when[:-1]), True)[: len(unit)]
    unit, when, there = unit[is_last], when[is_last], there[:, is_last]
    furthest = np.where(there.any(axis=0), stages - 1 - there[::-1].argmax(axis=0), -1)
    moved = np.ones(len(unit), np.bool_)
    moved[1:] = (unit[1:] != unit[:-1]) | (furthest[1:] != furthest[:-1])
    unit, when, furthest = unit[moved], when[moved], furthest[moved]
    goes_on = np.append(unit[1:] == unit[:-1], False)[: len(unit)]
    left = np.where(goes_on, np.append(when[1:], FOR_EVER)[: len(unit)], FOR_EVER)
    after = np.where(goes_on & (left < FOR_EVER), np.append(furthest[1:], -1)[: len(unit)], -1)
    return Visits(unit, furthest, when, left, after).where((furthest >= 0) & (when < FOR_EVER))

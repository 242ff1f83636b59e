"""The activity status of all customers as of a moment; something else than the stage of the lifecycle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graph.customer.activity import ActivityStatus
from graph.customer.churn import CONTRACT_ENDS, CONTRACT_STANDS, PURCHASES
from graph.figures.scope import Scope
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask, View
from graph.lifecycle.passage import end_of

_DAY_MS = 86_400_000


def status_counts(scope: Scope) -> Mapping[ActivityStatus, int]:
    """How many customers (or accounts, by what any of their people did) have each status at the end of the period.

    By the words of `graph.customer.activity`.
    """
    return scope.once("activity status", lambda: _status_counts(scope.of_members()))


def _status_counts(scope: Scope) -> Mapping[ActivityStatus, int]:
    end, rules = end_of(scope), scope.rules.activity
    view = scope.view.until(end)
    dormant_since = end - rules.dormant_after_days * _DAY_MS
    first, last, back = _firsts(view.first_by_unit(np.ones(len(view), np.bool_)), view.at), *_activity(scope, end)
    is_new = (first != NOT_SAID) & (first >= end - rules.new_for_days * _DAY_MS)
    quiet = (last == NOT_SAID) | (last < dormant_since)
    reactivated = ~quiet & (back != NOT_SAID) & (back >= dormant_since)
    members = scope.view.members
    here = members & ~_churned(view)
    counted = {
        ActivityStatus.NEW: is_new & ~reactivated & here,
        ActivityStatus.DORMANT: quiet & ~is_new & here,
        ActivityStatus.REACTIVATED: reactivated & here,
        ActivityStatus.ACTIVE: ~quiet & ~reactivated & ~is_new & here,
        ActivityStatus.CHURNED: members & ~here,
    }
    return {status: int(mask.sum()) for status, mask in counted.items()}


def _churned(view: View) -> Mask:
    """By unit, whether every contract it had has ended, and nothing was bought since; as `churned_at` has it."""
    tells = _told_of_contracts(view)
    rows = np.flatnonzero(tells > 0)
    tells, unit, at = tells[rows], view.unit[rows].astype(np.int64), view.at[rows]
    of = tells != _BOUGHT
    subscription = view.coded("subscription")
    contract = unit[of] * (len(subscription.values) + 1) + subscription.codes[rows[of]]
    _, place = np.unique(contract[::-1], return_index=True)
    last = np.flatnonzero(of)[::-1][place]  # by contract, its last event
    ends = last[tells[last] == _ENDED]
    ended_at, bought_at = (np.full(len(view.members), NOT_SAID, np.int64) for _ in range(2))
    np.maximum.at(ended_at, unit[ends], at[ends])
    np.maximum.at(bought_at, unit[~of], at[~of])
    stands = np.zeros(len(view.members), np.bool_)
    stands[unit[last[tells[last] == _STANDS]]] = True
    return np.asarray((ended_at != NOT_SAID) & ~stands & (bought_at <= ended_at))


_STANDS, _ENDED, _BOUGHT = 1, 2, 3


def _told_of_contracts(view: View) -> NDArray[np.int8]:
    """By row, what it tells: that a contract stands, that one has ended, or of a purchase; 0 of all others."""
    kind = view.coded("kind")
    told = np.zeros(len(kind.values) + 1, np.int8)
    for what, kinds in ((_STANDS, CONTRACT_STANDS), (_ENDED, CONTRACT_ENDS), (_BOUGHT, PURCHASES)):
        told[[code for code, value in enumerate(kind.values) if value in kinds]] = what
    return told[kind.codes]


def _activity(scope: Scope, end: int) -> tuple[np.ndarray, np.ndarray]:
    """By unit, their last activity, and the one that ended the latest gap of `dormant_after_days` or more."""
    view = scope.view.until(end)
    view = view.where(view.is_activity)
    last = _firsts(view.last_by_unit(np.ones(len(view), np.bool_)), view.at)
    ended_a_gap = np.zeros(len(view), np.bool_)
    if len(view) > 1:
        same = view.unit[1:] == view.unit[:-1]
        gap = scope.rules.activity.dormant_after_days * _DAY_MS
        ended_a_gap[1:] = same & (view.at[1:] - view.at[:-1] > gap)
    return last, _firsts(view.last_by_unit(ended_a_gap), view.at)


def _firsts(rows: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.where(rows >= 0, at[np.maximum(rows, 0)] if len(at) else NOT_SAID, NOT_SAID)

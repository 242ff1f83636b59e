"""When a condition held, of whom: spans of time by customer, and values that change from moment to moment.

Both are columns: one row a span or a change, all of one customer together in the order of time. What held at a moment
follows from what had happened by then, so that one set of spans answers for every moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.journeys.journeys import FOR_EVER
from graph.journeys.part import NOT_SAID
from graph.journeys.view import Mask

ALWAYS = NOT_SAID
"""The start of a span that has no beginning, as far as is known."""
DAY = 86_400_000
_FEW = 1_000

Moments = NDArray[np.int64]
Units = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Spans:
    """By row, a customer (their number) and the span [start, end) in epoch milliseconds; spans of one are apart."""

    unit: Units
    start: Moments
    end: Moments

    def holds_at(self, moment_ms: int, many: int) -> Mask:
        """By customer (of so many), whether it holds at that moment."""
        held = np.zeros(many, np.bool_)
        held[self.unit[(self.start <= moment_ms) & (moment_ms < self.end)]] = True
        return held

    def since(self, moment_ms: int, many: int) -> Moments:
        """By customer, since when it has held without a break at that moment; FOR_EVER where it does not."""
        since = np.full(many, FOR_EVER, np.int64)
        now = (self.start <= moment_ms) & (moment_ms < self.end)
        since[self.unit[now]] = self.start[now]
        return since

    def of(self, units: Units) -> Spans:
        """Those of some customers, by their numbers in order; of few it costs little. The rows are by customer."""
        if len(units) > _FEW:
            chosen = np.flatnonzero(np.isin(self.unit, units))
        else:
            edges = zip(np.searchsorted(self.unit, units), np.searchsorted(self.unit, units, "right"), strict=True)
            chosen = np.concatenate([np.zeros(0, np.int64), *(np.arange(begin, end) for begin, end in edges)])
        return Spans(self.unit[chosen], self.start[chosen], self.end[chosen])


@dataclass(frozen=True, slots=True)
class Steps:
    """By row, a customer and the value from this moment on until their next row; `before` holds until the first."""

    unit: Units
    at: Moments
    value: NDArray[np.float64]
    before: float

    def at_moment(self, moment_ms: int, many: int) -> NDArray[np.float64]:
        """By customer, the value at that moment."""
        values = np.full(many, self.before)
        known = self.at <= moment_ms
        values[self.unit[known]] = self.value[known]  # of several rows the last stays
        return values

    def between(self, low: float, high: float, everybody: Units) -> Spans:
        """When the value was within both ends; who has no row has `before` for ever. NaN is within nothing."""
        fits = (self.value >= low) & (self.value <= high)
        first = low <= self.before <= high
        return _runs(
            np.concatenate([everybody, self.unit]),
            np.concatenate([np.full(len(everybody), ALWAYS), self.at]),
            np.concatenate([np.full(len(everybody), first), fits]),
        )


def running_sums(unit: Units, at: Moments, amount: NDArray[np.float64], within_days: int | None) -> Steps:
    """Of events, the sum of their amounts, of all so far or of the last days; equal moments are one step."""
    if within_days is not None:
        unit, at = np.tile(unit, 2), np.concatenate([at, at + within_days * DAY])
        amount = np.concatenate([amount, -amount])
    order = _in_order(unit, at)
    unit, at, amount = unit[order], at[order], amount[order]
    if not len(unit):
        return Steps(unit, at, amount, 0.0)
    sums = np.cumsum(amount)
    begins = np.concatenate([[True], unit[1:] != unit[:-1]])
    earlier = np.where(begins, sums - amount, 0.0)[np.maximum.accumulate(np.where(begins, np.arange(len(unit)), 0))]
    last = np.concatenate([(unit[1:] != unit[:-1]) | (at[1:] != at[:-1]), [True]])
    # Sums of cents that came and went again leave crumbs.
    return Steps(unit[last], at[last], np.round((sums - earlier)[last], 6), 0.0)


def latest(unit: Units, at: Moments, value: NDArray[np.float64]) -> Steps:
    """The latest of each customer's values; NaN until the first. The rows are in the order of the journey."""
    order = _in_order(unit, at)
    return Steps(unit[order], at[order], value[order], np.nan)


def combined(parts: Sequence[Spans], fits: Callable[[NDArray[np.int64]], Mask], everybody: Units) -> Spans:
    """When a fitting number of the parts held, e.g. all of them; `fits` takes how many hold."""
    unit = np.concatenate([everybody, *(each for part in parts for each in (part.unit, part.unit))])
    at = np.concatenate([np.full(len(everybody), ALWAYS), *(each for part in parts for each in (part.start, part.end))])
    step = np.concatenate(
        [
            np.zeros(len(everybody), np.int64),
            *(np.full(len(part.unit), sign, np.int64) for part in parts for sign in (1, -1)),
        ]
    )
    order = _in_order(unit, at)
    unit, at, step = unit[order], at[order], step[order]
    # Whatever begins ends, so a customer's steps add up to nothing and the next one starts anew.
    return _runs(unit, at, fits(np.cumsum(step)), in_order=True)


def _in_order(unit: Units, at: Moments) -> NDArray[np.int64]:
    """The order by customer and moment; equal ones stay as they are. Parts that are in order are merged, not sorted."""
    if unit.max(initial=0) >= 1 << (63 - _MOMENT_BITS):
        return np.lexsort((at, unit))
    half = 1 << (_MOMENT_BITS - 1)  # a moment from the year 1830 to 2109, or the end of that range
    return np.argsort((unit << _MOMENT_BITS) + (np.clip(at, -half, half - 1) + half), kind="stable")


_MOMENT_BITS = 43


def _runs(unit: Units, at: Moments, holds: Mask, *, in_order: bool = False) -> Spans:
    """The spans in which it held, of states that hold from a moment on until the customer's next."""
    if not in_order:
        order = _in_order(unit, at)
        unit, at, holds = unit[order], at[order], holds[order]
    if not len(unit):
        return Spans(unit, at, at)
    last_at_moment = np.concatenate([(unit[1:] != unit[:-1]) | (at[1:] != at[:-1]), [True]])
    unit, at, holds = unit[last_at_moment], at[last_at_moment], holds[last_at_moment]
    starts_anew = np.concatenate([[True], (unit[1:] != unit[:-1]) | (holds[1:] != holds[:-1])])
    unit, at, holds = unit[starts_anew], at[starts_anew], holds[starts_anew]
    following = np.concatenate([np.where(unit[1:] == unit[:-1], at[1:], FOR_EVER), [FOR_EVER]])
    kept = holds & (at < following)
    return Spans(unit[kept], at[kept], following[kept])

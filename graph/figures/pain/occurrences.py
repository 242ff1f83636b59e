"""Where something went wrong for customers: whose it was, when, and in which way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from graph.figures.scope import Scope
from graph.figures.steps import numbered
from graph.journeys.part import Coded
from graph.journeys.period import Period

DAY_MS = 86_400_000
HOUR_MS = 3_600_000


class Pain(StrEnum):
    """Kinds of pain points."""

    REPEATED_REQUEST = "REPEATED_REQUEST"
    PING_PONG = "PING_PONG"
    SILENCE = "SILENCE"
    HANDOFF_HURT = "HANDOFF_HURT"
    REPEAT_CONTACT = "REPEAT_CONTACT"
    SLOW_LEAD_RESPONSE = "SLOW_LEAD_RESPONSE"
    LEAD_RECYCLED = "LEAD_RECYCLED"
    ABANDONED_FORM = "ABANDONED_FORM"
    CAMPAIGN_DURING_COMPLAINT = "CAMPAIGN_DURING_COMPLAINT"
    TWO_OWNERS = "TWO_OWNERS"


@dataclass(frozen=True, slots=True)
class Occurrences:
    """One a row: the customer (or account) by number, the moment in epoch milliseconds, and which way it took."""

    unit: NDArray[np.int64]
    at: NDArray[np.int64]
    way: Coded

    @classmethod
    def of(
        cls, unit: NDArray[np.int32] | NDArray[np.int64], at: NDArray[np.int64], way: Coded | None = None
    ) -> Occurrences:
        """Occurrences that are told apart by `way`, or not at all."""
        return cls(unit.astype(np.int64), at, Coded(np.full(len(unit), -1, np.int32), ()) if way is None else way)

    def __len__(self) -> int:
        return len(self.unit)

    def where(self, chosen: NDArray[np.bool_]) -> Occurrences:
        """Only these."""
        return Occurrences(self.unit[chosen], self.at[chosen], self.way.take(chosen))

    def within(self, period: Period) -> Occurrences:
        """Only those of the period."""
        return self.where((self.at >= period.start_ms) & (self.at < period.end_ms))

    def customers(self) -> int:
        """How many customers (or accounts) it happened to."""
        return int(np.count_nonzero(np.bincount(self.unit))) if len(self) else 0


Find = Callable[[Scope], Occurrences]
"""What happened in the scope's period; what came later, up to now, may be needed to tell."""


def labelled(codes: NDArray[np.int64], values: list[str]) -> Coded:
    """A way for each row, given by numbers of `values`."""
    return Coded(codes.astype(np.int32), tuple(values))


def pairs(first: Coded, second: Coded, joined: str) -> Coded:
    """Two columns as one, `first` and `second` joined by a text."""
    many = len(second.values) + 1
    combined = (first.codes.astype(np.int64) + 1) * many + second.codes + 1
    both, codes = numbered(combined, (len(first.values) + 1) * many)
    names = [
        joined.join(("?", *column.values)[code] for column, code in ((first, pair // many), (second, pair % many)))
        for pair in both
    ]
    return labelled(codes, names)

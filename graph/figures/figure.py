"""A figure and all that belongs to it: its value, what it rests on, its interval, or why it cannot be given."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from graph.estimates.estimate import Estimate, EstimateError
from graph.figures.scope import Scope
from graph.journeys.view import View

T = TypeVar("T")
LEAST_SAMPLE = 5
"""A figure of fewer is not given: it would say more about people than about the company."""


class Unavailable(StrEnum):
    """Why there is no value."""

    SAMPLE_TOO_SMALL = "SAMPLE_TOO_SMALL"
    NO_DATA_IN_PERIOD = "NO_DATA_IN_PERIOD"
    SOURCE_STALE = "SOURCE_STALE"
    MIXED_CURRENCIES = "MIXED_CURRENCIES"
    IMMATURE = "IMMATURE"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    NOT_ESTIMABLE = "NOT_ESTIMABLE"
    MIXED_SCALES = "MIXED_SCALES"


class KpiUnit(StrEnum):
    """What a value counts."""

    PERCENT = "PERCENT"
    POINTS = "POINTS"
    SECONDS = "SECONDS"
    DAYS = "DAYS"
    MONEY = "MONEY"
    COUNT = "COUNT"
    RATIO = "RATIO"
    SCORE = "SCORE"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` in the KPI's unit (a share as percent), or `unavailable` with `note` in words."""

    value: float | None
    sample_size: int
    low: float | None = None
    high: float | None = None
    method: str | None = None
    level: float = 0.95
    unavailable: Unavailable | None = None
    note: str | None = None
    coverage: float = 1.0
    """The share of those it is about of whom the data tell, 0 to 1."""
    currency: str | None = None

    @classmethod
    def of(cls, estimate: Estimate | None, *, factor: float = 1.0, least: int = LEAST_SAMPLE) -> Figure:
        """The estimate as a figure, times `factor`; none, or of fewer than `least`, is told as such."""
        if estimate is None or estimate.n == 0:
            return none(Unavailable.NO_DATA_IN_PERIOD, "Nothing in this period that it could be worked out from.")
        if estimate.n < least:
            return none(Unavailable.SAMPLE_TOO_SMALL, f"{estimate.n} of at least {least}.", estimate.n)
        low, high = (None if end is None else end * factor for end in (estimate.low, estimate.high))
        return cls(estimate.value * factor, estimate.n, low, high, estimate.method, estimate.level)

    @classmethod
    def counted(cls, count: float, sample_size: int, *, currency: str | None = None) -> Figure:
        """A count or a sum over `sample_size` customers, tickets …: no sample of something larger, so no interval."""
        if sample_size == 0:
            return none(Unavailable.NO_DATA_IN_PERIOD, "Nothing in this period that it could be worked out from.")
        if sample_size < LEAST_SAMPLE:
            return none(Unavailable.SAMPLE_TOO_SMALL, f"{sample_size} of at least {LEAST_SAMPLE}.", sample_size)
        return cls(float(count), sample_size, currency=currency)

    def noting(self, note: str | None) -> Figure:
        """The same with what else has to be known, unless it has no value and says why."""
        return self if self.value is None or not note else replace(self, note=note)

    def in_currency(self, currency: str | None) -> Figure:
        """The same, in a currency."""
        return replace(self, currency=currency)

    def covering(self, coverage: float) -> Figure:
        """The same, with the share of those it is about of whom the data tell."""
        return replace(self, coverage=coverage)


class NoFigure(Exception):
    """Raised where something a figure rests on cannot be told; `figure` says why."""

    def __init__(self, why: Unavailable, note: str) -> None:
        super().__init__(note)
        self.figure = none(why, note)
        self.why = why


def once_of_all(view: View, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` gives, made once for the view of all; that it cannot be told is kept as well. Raises NoFigure."""

    def made() -> T | NoFigure:
        try:
            return make()
        except NoFigure as refused:
            return refused.with_traceback(None)  # which would keep all that was at work there

    found = view.whole.once(key, made)
    if isinstance(found, NoFigure):
        raise NoFigure(found.why, str(found))  # each its own, with its own traceback
    return found


def none(why: Unavailable, note: str, sample_size: int = 0) -> Figure:
    """No value, and why."""
    return Figure(None, sample_size, unavailable=why, note=note)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure means, so that two people mean the same."""

    key: str
    name: str
    unit: KpiUnit
    summary: str
    numerator: str
    denominator: str
    source: str
    version: str = "1"
    higher_is_better: bool = True
    source_url: str | None = None


Reckon = Callable[[Scope], Figure]


@dataclass(frozen=True, slots=True)
class Kpi:
    """A definition and the function that follows it."""

    definition: Definition
    figure: Reckon

    @property
    def key(self) -> str:
        return self.definition.key


def kpi(
    key: str,
    name: str,
    unit: KpiUnit,
    *,
    numerator: str,
    denominator: str,
    source: str,
    version: str = "1",
    higher_is_better: bool = True,
    source_url: str | None = None,
) -> Callable[[Reckon], Kpi]:
    """Makes a KPI of a function over a scope; the summary is its docstring."""

    def made(reckon: Reckon) -> Kpi:
        summary = " ".join(inspect.cleandoc(reckon.__doc__ or "").split())
        definition = Definition(
            key, name, unit, summary, numerator, denominator, source, version, higher_is_better, source_url
        )
        told = _or_why_not(reckon)
        return Kpi(definition, lambda scope: scope.once(("kpi", key), lambda: told(scope)))

    return made


def _or_why_not(reckon: Reckon) -> Reckon:
    @functools.wraps(reckon)
    def told(scope: Scope) -> Figure:
        try:
            return reckon(scope)
        except NoFigure as refused:
            return refused.figure
        except EstimateError as error:
            return none(Unavailable.NOT_ESTIMABLE, str(error))

    return told

"""What a figure is asked about: which period, whose journeys, which part of them, as of when, by which rules."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from graph.journeys.period import Period
from graph.journeys.view import Mask, View
from graph.rules import Rules

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which interactions count, by what they are; None does not narrow, and of no values at all nothing is one.

    Of a survey answer it is the interaction that it is about which has to fit.
    """

    functions: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    touchpoints: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    campaigns: tuple[str, ...] | None = None
    teams: tuple[str, ...] | None = None

    @property
    def narrows(self) -> bool:
        return any(values is not None for _, values in self._parts())

    def fits(self, view: View) -> Mask:
        """By row of the view, whether it fits."""
        fitting = np.ones(len(view), np.bool_)
        for column, values in self._parts():
            if values is not None:
                fitting &= view.coded(column).among(*values)
        return fitting

    def _parts(self) -> Sequence[tuple[str, tuple[str, ...] | None]]:
        return (
            ("function", self.functions),
            ("channel", self.channels),
            ("touchpoint", self.touchpoints),
            ("source", self.sources),
            ("campaign", self.campaigns),
            ("team", self.teams),
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """`view` is everything that the chosen customers (or accounts) experienced until `now_ms`, also before the period.

    `now_ms` is when it is asked, or the moment as of which: what had not happened by then is not there.
    """

    view: View
    period: Period
    now_ms: int
    only: EventFilter = field(default_factory=EventFilter)

    @property
    def rules(self) -> Rules:
        return self.view.journeys.rules

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer that `make` gives to this question, made once of the same journeys; small, and never changed."""
        return self.view.answer((key, self.period, self.now_ms, self.only), make)

    @property
    def is_complete(self) -> bool:
        """Whether nothing can be added to the period any more."""
        return self.period.is_over(self.now_ms)

    def rows(self) -> View:
        """The interactions of the period that count."""
        within = self.view.within(self.period)
        return within.where(self.only.fits(within)) if self.only.narrows else within

    def fitting(self) -> Mask:
        """By row of `view.whole`, whether it is of what is looked at and fits; shared by figures."""
        return self.view.once(("fitting", self.only), self._fitting)

    def _fitting(self) -> Mask:
        whole = self.view.whole
        mine: Mask = self.view.members[whole.unit]
        return mine & self.only.fits(whole) if self.only.narrows else mine

    def members(self) -> Mask:
        """By unit, whose figure it is: with an event filter those who by the period's end experienced what fits."""
        if not self.only.narrows:
            return self.view.members
        view = self.view
        return view.members & view.any_by_unit(self.only.fits(view) & (view.at < self.period.end_ms))

    def of_members(self) -> Scope:
        """The same question about those whose figure it is alone (see `members`)."""
        return self.of(self.members()) if self.only.narrows else self

    def at(self, period: Period) -> Scope:
        """The same question about another period."""
        return replace(self, period=period)

    def of(self, members: Mask) -> Scope:
        """The same question about some of the customers or accounts (by unit)."""
        return replace(self, view=self.view.of(members))

    def where(self, **only: tuple[str, ...]) -> Scope:
        """The same question about interactions that also fit this, e.g. `where(channels=("email",))`."""
        return replace(self, only=replace(self.only, **only))

"""Periods: whole days of a time zone, cut into weeks, months or quarters by the company's calendar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graph.rules import Calendar

EARLIEST, LATEST = date(1800, 1, 1), date(2200, 1, 1)
"""Between these a period that is asked about lies, and an initiative begins: what is held beside it is a date, too."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Granularity(StrEnum):
    """How a period is cut into a series."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


@dataclass(frozen=True, slots=True)
class Period:
    """From the first day up to and not including the last; both at midnight of the time zone."""

    first: date
    end: date
    zone: tzinfo = UTC

    @property
    def start_ms(self) -> int:
        """Its first instant, epoch milliseconds."""
        return self._ms(self.first)

    @property
    def end_ms(self) -> int:
        """The instant after its last, epoch milliseconds."""
        return self._ms(self.end)

    @property
    def days(self) -> int:
        """How many calendar days it has."""
        return (self.end - self.first).days

    @property
    def before(self) -> Period:
        """The period of the same length just before: as many months when these are whole months, else as many days."""
        if self.first.day == 1 and self.end.day == 1:
            months = (self.end.year - self.first.year) * 12 + self.end.month - self.first.month
            return Period(_months_later(self.first, -months), self.first, self.zone)
        return Period(self.first - timedelta(days=self.days), self.first, self.zone)

    def is_over(self, now_ms: int) -> bool:
        """Whether nothing can happen in it any more."""
        return now_ms >= self.end_ms

    def cut(self, granularity: Granularity, calendar: Calendar) -> list[Period]:
        """Its parts in order; the first and the last may be parts of a week, month, quarter or year."""
        edges = [self.first, *_edges(self, granularity, calendar), self.end]
        return [Period(first, end, self.zone) for first, end in pairwise(edges) if first < end]

    def _ms(self, day: date) -> int:
        return int(datetime.combine(day, time.min, self.zone).astimezone(UTC).timestamp() * 1000)


def last_over(today: date, granularity: Granularity, calendar: Calendar, zone: tzinfo = UTC) -> Period:
    """The last day, week, month … that was over before this day."""
    end = _begins(today, granularity, calendar)
    return Period(_begins(end - timedelta(days=1), granularity, calendar), end, zone)


def _edges(period: Period, granularity: Granularity, calendar: Calendar) -> Iterator[date]:
    """The days within the period on which another part begins."""
    day = _begins(period.first, granularity, calendar)
    while day < period.end:
        if day > period.first:
            yield day
        day = _next(day, granularity)


def _begins(day: date, granularity: Granularity, calendar: Calendar) -> date:
    """The first day of the week, month … that this day is in."""
    match granularity:
        case Granularity.DAY:
            return day
        case Granularity.WEEK:
            return day - timedelta(days=(day.weekday() - _WEEKDAYS.index(calendar.week_starts_on)) % 7)
        case Granularity.MONTH:
            return day.replace(day=1)
        case Granularity.QUARTER:
            return _months_later(day.replace(day=1), -((day.month - calendar.fiscal_year_start) % 3))
        case Granularity.YEAR:
            return _months_later(day.replace(day=1), -((day.month - calendar.fiscal_year_start) % 12))


def _next(day: date, granularity: Granularity) -> date:
    match granularity:
        case Granularity.DAY:
            return day + timedelta(days=1)
        case Granularity.WEEK:
            return day + timedelta(days=7)
        case Granularity.MONTH:
            return _months_later(day, 1)
        case Granularity.QUARTER:
            return _months_later(day, 3)
        case Granularity.YEAR:
            return _months_later(day, 12)


def _months_later(first_of_month: date, months: int) -> date:
    years, month = divmod(first_of_month.month - 1 + months, 12)
    return date(first_of_month.year + years, month + 1, 1)

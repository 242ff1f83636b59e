"""Business time: how much of a span fell into the company's opening hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from graph.rules import Calendar

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class BusinessHours:
    """Opening hours of rules.toml `[calendar]`, in its reporting time zone, daylight saving included."""

    def __init__(self, calendar: Calendar) -> None:
        self._zone = ZoneInfo(calendar.reporting_timezone)
        self._open_days = {_DAYS.index(day) for day in calendar.business_days}
        self._opens = time.fromisoformat(calendar.opens_at)
        self._closes = time.fromisoformat(calendar.closes_at)
        self._holidays = frozenset(calendar.holidays)
        self._span_of_day = lru_cache(maxsize=4096)(self._day)

    def seconds_between(self, start_ms: int, end_ms: int) -> int:
        """Seconds of opening time between two instants (epoch milliseconds); 0 when the end is not later."""
        if end_ms <= start_ms:
            return 0
        first = self._local_date(start_ms)
        last = self._local_date(end_ms)
        total = 0
        for offset in range((last - first).days + 1):
            opens, closes = self._span_of_day(first + timedelta(days=offset))
            total += max(0, min(closes, end_ms) - max(opens, start_ms))
        return total // 1000

    def elapsed(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
        """Seconds of opening time between columns of instants (epoch milliseconds); 0 where the end is not later."""
        if not len(starts):
            return np.zeros(0)
        first = self._local_date(int(min(starts.min(), ends.min()))) - timedelta(days=1)
        last = self._local_date(int(max(starts.max(), ends.max())))
        days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        opens, closes = np.array([self._span_of_day(day) for day in days], np.int64).T
        is_open = closes > opens
        opens, lasts = opens[is_open], (closes - opens)[is_open]
        before = np.concatenate([[0], np.cumsum(lasts)])

        def open_until(instants: NDArray[np.int64]) -> NDArray[np.int64]:
            place = np.searchsorted(opens, instants, "right")
            whole: NDArray[np.int64] = before[np.maximum(place - 1, 0)]
            if not len(opens):
                return whole
            today = np.clip(instants - opens[np.maximum(place - 1, 0)], 0, lasts[np.maximum(place - 1, 0)])
            return whole + np.where(place > 0, today, 0)

        open_time = np.maximum(open_until(ends) - open_until(starts), 0)
        seconds: NDArray[np.float64] = (open_time // 1000).astype(np.float64)
        return seconds

    def after(self, starts: NDArray[np.int64], seconds: int) -> NDArray[np.int64]:
        """The instants (epoch milliseconds) by which so much opening time, at least 1 s, has passed since others.

        A calendar on which the company does not open so often within ten years is as if it were always open.
        """
        wanted = seconds * 1000
        if not len(starts):
            return starts
        first = self._local_date(int(starts.min())) - timedelta(days=1)
        latest = self._local_date(int(starts.max()))
        for more in (60, 3653):
            days = (first + timedelta(days=offset) for offset in range((latest - first).days + more))
            opens, closes = np.array([self._span_of_day(day) for day in days], np.int64).T
            is_open = closes > opens
            opens, lasts = opens[is_open], (closes - opens)[is_open]
            if not len(opens):
                break
            before = np.concatenate([[0], np.cumsum(lasts)])
            place = np.maximum(np.searchsorted(opens, starts, "right") - 1, 0)
            due = before[place] + np.clip(starts - opens[place], 0, lasts[place]) + wanted
            if due.max() <= before[-1]:
                then = np.searchsorted(before, due, "left") - 1
                instants: NDArray[np.int64] = opens[then] + due - before[then]
                return instants
        return starts + wanted

    def _local_date(self, instant_ms: int) -> date:
        return datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(self._zone).date()

    def _day(self, day: date) -> tuple[int, int]:
        if day.weekday() not in self._open_days or day in self._holidays:
            return 0, 0
        return self._at(day, self._opens), self._at(day, self._closes)

    def _at(self, day: date, clock: time) -> int:
        return int(datetime.combine(day, clock, tzinfo=self._zone).timestamp() * 1000)

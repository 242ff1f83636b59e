"""Moments as files write them, read strictly: what cannot be is None, never a guess."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond these no customer lives: such a moment is a mistake (0001-01-01, 9999-12-31)."""


def parse_instant(value: str, timezone: ZoneInfo, date_format: str | None = None) -> datetime | None:
    """An ISO 8601 moment (or `date_format`, as strptime has it) in UTC; without offset it is local to `timezone`.

    None when the text is no moment, or one before 1900 or after 2199.
    """
    try:
        moment = datetime.strptime(value, date_format) if date_format else datetime.fromisoformat(value)  # noqa: DTZ007
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST <= moment < LATEST else None


def parse_day(value: str, date_format: str | None = None) -> date | None:
    """A calendar day, ISO 8601 (or `date_format`); a time of day after it is ignored. None when it is no day."""
    moment = parse_instant(value, ZoneInfo("UTC"), date_format)
    return None if moment is None else moment.date()

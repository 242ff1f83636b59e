"""Instants as numbers: both stores keep them to the millisecond, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from neo4j.time import DateTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def epoch_millis(instant: DateTime | datetime) -> int:
    """Milliseconds since 1970, exact: a float of seconds would lose some."""
    native = instant.to_native() if isinstance(instant, DateTime) else instant
    return (native - _EPOCH) // _MILLISECOND


def from_epoch_millis(millis: int) -> datetime:
    """The instant of so many milliseconds since 1970, in UTC."""
    return _EPOCH + millis * _MILLISECOND

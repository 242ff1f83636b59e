"""Our own writes to a source come back as changes of its records: they are known, and no news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from connectors.records import Account, Person, decode

EARLY = timedelta(seconds=1)
"""Moments that a source rounds down."""
LATE = timedelta(minutes=5)
"""A source that works out other values after a write says a later moment than its answer did."""
UNKNOWN = timedelta(hours=1)
"""How far from its beginning, by our clock, a write whose end nobody knows may be by the source's."""


def is_echo(body: str, before: str | None, written_at: int | None, writing_since: int | None = None) -> bool:
    """Whether a record says nothing new but that it was changed when we wrote to it (epoch ms, by its clock).

    `writing_since`: then, by our clock, a write of ours was begun, and nobody knows how it ended.
    """
    if not before or (written_at is None and writing_since is None):
        return False
    said, known = decode(body), decode(before)
    if not isinstance(said, Person | Account) or type(said) is not type(known) or said.updated_at is None:
        return False
    if not (
        _is_of(written_at, said.updated_at, EARLY, LATE) or _is_of(writing_since, said.updated_at, UNKNOWN, UNKNOWN)
    ):
        return False
    return bool(msgspec.structs.replace(said, updated_at=getattr(known, "updated_at", None)) == known)


def _is_of(write: int | None, updated_at: datetime, early: timedelta, late: timedelta) -> bool:
    return write is not None and -early <= updated_at - datetime.fromtimestamp(write / 1000, UTC) <= late

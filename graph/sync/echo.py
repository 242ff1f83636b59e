"""Our own writes to a source come back as changes of its records: they are known, and no news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from connectors.records import Account, Person, decode

EARLY = timedelta(seconds=1)
"""Moments that a source rounds down."""
LATE = timedelta(minutes=5)
"""A source that works out other values after a write says a later moment than its answer did."""


def is_echo(body: str, before: str | None, written_at: int | None, writing: bool = False) -> bool:
    """Whether a record says nothing new but that it was changed when we wrote to it (epoch ms, by its clock).

    `writing`: a write of ours was begun, and nobody knows how it ended; it may have been at whatever moment.
    """
    if not before or (written_at is None and not writing):
        return False
    said, known = decode(body), decode(before)
    if not isinstance(said, Person | Account) or type(said) is not type(known) or said.updated_at is None:
        return False
    if not writing and not _is_of(written_at, said.updated_at):
        return False
    return bool(msgspec.structs.replace(said, updated_at=getattr(known, "updated_at", None)) == known)


def _is_of(written_at: int | None, updated_at: datetime) -> bool:
    return written_at is not None and -EARLY <= updated_at - datetime.fromtimestamp(written_at / 1000, UTC) <= LATE

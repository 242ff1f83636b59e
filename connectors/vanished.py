"""Records that a source no longer lists, where it tells no deletions: from time to time all its keys are listed anew.

What is known is kept in the state, packed: 100,000 keys of Mailchimp are some 2 MB.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.errors import SourceError
from connectors.hookspecs import Page, State

TOO_MANY = 100


class Gone(msgspec.Struct, frozen=True):
    """A record that an earlier listing had and this one does not."""

    id: str
    noticed_at: datetime


class Listing(msgspec.Struct):
    """The keys of a source, packed, and when they were listed."""

    at: datetime
    keys: str


async def vanished(
    where: str, listed: AsyncIterator[Iterable[str]], state: State, every: timedelta, now: datetime | None = None
) -> AsyncIterator[Page[Gone]]:
    """A page of what has gone, when it is time; its state is `state` with the new listing as `listing`.

    Nothing is given when the last listing is younger than `every`, and nothing is gone at the first. Raises
    SourceError when more than half of a hundred keys or more are missing: that is a source that hides them.
    """
    now = now or datetime.now(UTC)
    before = msgspec.convert(state["listing"], Listing) if "listing" in state else None
    if before is not None and now - before.at < every:
        return
    keys: set[str] = set()
    async for some in listed:
        keys.update(some)
    known = set() if before is None else unpacked(before.keys)
    missing = sorted(known - keys)
    if len(missing) > TOO_MANY and len(missing) * 2 > len(known):
        raise SourceError(
            f"{where}: {len(missing)} of {len(known)} records are no longer listed, which is too many to believe: none "
            f"is deleted. If they are really gone, read the source anew with `c360 sync --full`."
        )
    listing: dict[str, Any] = msgspec.to_builtins(Listing(now, packed(keys)))
    yield Page([Gone(key, now) for key in missing], {**state, "listing": listing})


def packed(keys: Iterable[str]) -> str:
    """Keys, none of which has a line break, as a text for the state."""
    return base64.b85encode(zlib.compress("\n".join(sorted(keys)).encode(), 6)).decode()


def unpacked(text: str) -> set[str]:
    """The keys that `packed` wrote."""
    lines = zlib.decompress(base64.b85decode(text)).decode()
    return set(lines.split("\n")) if lines else set()

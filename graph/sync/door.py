"""The door to a connector: whatever a plugin does behind it is a failure of its source, and only of that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from connectors.errors import SourceError, SourceUnavailable
from connectors.hookspecs import Connector, Stream

T = TypeVar("T")
LOG = logging.getLogger("c360.sync")
WAIT_SECONDS = 1800.0
"""So long a connector may take over one page, what a vendor asks it to wait included."""
CLOSE_SECONDS = 30.0


@contextmanager
def door(kind: str, doing: str) -> Iterator[None]:
    """A plugin may raise anything: behind this door it is a SourceError that names the connector and the place."""
    try:
        yield
    except SourceError:
        raise
    except (Exception, SystemExit) as error:
        raise failed(kind, doing, error) from error


def failed(kind: str, doing: str, error: BaseException) -> SourceError:
    """What a plugin raised, as a failure of its source."""
    return SourceError(f"the connector '{kind}' failed in {doing}: {type(error).__name__}: {error}")


async def in_time(
    kind: str,
    undone: str,
    work: Awaitable[T],
    seconds: float | None = None,
    then: str = "The next sync goes on from the last page.",
) -> T:
    """What a connector gives; one that never comes to an end is left, as SourceUnavailable with what is `undone`."""
    wait = WAIT_SECONDS if seconds is None else seconds
    try:
        async with asyncio.timeout(wait) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise SourceUnavailable(f"the connector '{kind}' {undone} for {wait:g} s. {then}") from None


async def streams_of(connector: Connector[Any], kind: str) -> list[Stream]:
    """What `discover` gives; raises SourceError."""
    with door(kind, "discover"):
        streams = list(await in_time(kind, "gave no streams", connector.discover()))
        for stream in streams:
            if not isinstance(stream, Stream):
                raise TypeError(f"it gave a {type(stream).__name__}, not a Stream")
        return streams


async def closed(name: str, kind: str, close: Callable[[], Awaitable[None]], doing: str = "close") -> None:
    """Close what a plugin has open; a failure is told, and hides no other: what was read is stored or has failed."""
    try:
        with door(kind, doing):
            await in_time(kind, "did not close", close(), CLOSE_SECONDS, "It is left so.")
    except SourceError as error:
        LOG.warning("%s: %s", name, error)

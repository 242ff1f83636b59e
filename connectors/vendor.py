"""What connectors of vendors' APIs do alike: a check that is an answer, streams, deletions, pushes, an end.

A vendor gives its streams, what its check looks at, how a stream is read and what a raw becomes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from pydantic import SecretStr

from connectors.errors import SourceError, SourceRefused, SourceUnavailable
from connectors.hookspecs import CheckReport, Page, Stream
from connectors.records import Tombstone


class Api(Protocol):
    """What asks the vendor; closing it may log out."""

    async def close(self) -> None: ...


class Noticed(Protocol):
    """What is gone by the vendor's word, or a listing's, and when that was noticed."""

    @property
    def id(self) -> str: ...

    @property
    def noticed_at(self) -> datetime: ...


class VendorConnector:
    """A connector of one vendor: its streams in the order in which they are read, and what asks it."""

    def __init__(self, name: str, streams: Sequence[Stream], api: Api) -> None:
        self.name = name
        self._streams = tuple(streams)
        self._closes = api

    async def check(self) -> CheckReport:
        """Whether the source can be read; one that refuses or fails is an answer, with what was found until then."""
        details: dict[str, str] = {}
        try:
            return await self._look(details)
        except SourceError as error:
            return CheckReport(False, f"{error}{self._remedy(error)}", details)

    async def discover(self) -> list[Stream]:
        """The streams that are read; those come first that others point to."""
        return list(self._streams)

    async def close(self) -> None:
        """Close the connections."""
        await self._closes.close()

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Ask for what the streams need, and note in `details` what was found."""
        raise NotImplementedError

    def _remedy(self, error: SourceError) -> str:
        """What to do about an error of the check, beside what it says itself."""
        return ""

    def _tombstone(self, stream: Stream, gone: Noticed) -> Tombstone:
        return Tombstone(source=self.name, stream=stream.name, id=gone.id, deleted_at=gone.noticed_at)

    def _secret(self, secret: SecretStr | None, key: str = "webhook_secret") -> SecretStr:
        """What signs pushes; SourceRefused when the section has no such `key`."""
        if secret is None:
            raise SourceRefused(f"[{self.name}] takes no pushes: it has no {key} in plugins.toml.", status=401)
        return secret


@contextmanager
def asked_for_a_push() -> Iterator[None]:
    """The vendor is asked because it pushed: where that fails the push is not refused, but has to come again."""
    try:
        yield
    except SourceError as error:
        raise SourceUnavailable(str(error), status=error.status) from None


async def or_leave_it_out(
    pages: AsyncIterator[Page[Any]], stream: Stream, streams: Sequence[Stream], shown: str
) -> AsyncIterator[Page[Any]]:
    """The pages; a 403 says besides to whom the stream is `shown`, and how to do without it."""
    try:
        async for page in pages:
            yield page
    except SourceRefused as error:
        if error.status != 403:
            raise
        others = ", ".join(f'"{other.name}"' for other in streams if other != stream)
        raise SourceRefused(f"{error} {shown}, or leave it out: streams = [{others}].", status=403) from None

"""Reading a connector to its end, as the sync does, and what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import stamina

from connectors.errors import RecordError, SourceError
from connectors.hookspecs import Connector, State

Make = Callable[[], Connector[Any]]
"""Makes the connector anew, as each sync does."""

MOST_PAGES = 200
"""A stand-in has fewer: whoever reads more goes round in circles."""


class Endless(Exception):
    """The reading does not come to an end."""


@dataclass(slots=True)
class Reading:
    """The records by kind and key, where each stream was left after each page, and what was refused."""

    records: dict[str, Any] = field(default_factory=dict)
    states: dict[str, list[State]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    error: SourceError | None = None
    mistake: Exception | None = None
    """What a connector must not raise."""

    def keep(self, connector: Connector[Any], stream: Any, raw: Any) -> None:
        try:
            mapped = list(connector.map(stream, raw))
        except RecordError as refusal:
            self.refused.append(str(refusal))
        else:
            self.records |= {f"{type(record).__name__} {record.key}": record for record in mapped}


async def read_all(
    make: Make, *, seconds: float = 30.0, only: str | None = None, state: State | None = None
) -> Reading:
    """Read every stream (or `only` one, from `state`); never raises for what the connector does.

    Waits before retries are left out, and there are at most four attempts.
    """
    reading = Reading()
    connector = make()
    try:
        with stamina.set_testing(True, attempts=4, cap=True):
            async with asyncio.timeout(seconds):
                await _read(connector, reading, only, state)
    except SourceError as error:
        reading.error = error
    except TimeoutError:
        reading.mistake = Endless(f"it has not ended after {seconds:g} s")
    except Exception as mistake:
        reading.mistake = mistake
    finally:
        await connector.close()
    return reading


async def _read(connector: Connector[Any], reading: Reading, only: str | None, state: State | None) -> None:
    for stream in await connector.discover():
        if only is not None and stream.name != only:
            continue
        states = reading.states.setdefault(stream.name, [])
        pages: Any = connector.read(stream, state)
        async with aclosing(pages):
            async for page in pages:
                states.append(msgspec.json.decode(msgspec.json.encode(page.state)))
                reading.refused += [problem.reason for problem in page.problems]
                for raw in page.raws:
                    reading.keep(connector, stream, raw)
                if len(states) > MOST_PAGES:
                    raise Endless(f"{stream.name} has given {MOST_PAGES} pages")


@contextmanager
def logged() -> Iterator[list[str]]:
    """Everything that is logged within the block, warnings of others and all of c360."""
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler, c360 = Lines(), logging.getLogger("c360")
    before = c360.level
    c360.setLevel(logging.DEBUG)
    for logger in (logging.getLogger(), c360):
        logger.addHandler(handler)
    try:
        yield lines
    finally:
        c360.setLevel(before)
        for logger in (logging.getLogger(), c360):
            logger.removeHandler(handler)


def secrets_in(secrets: Sequence[str], reading: Reading, lines: Sequence[str]) -> list[str]:
    """Where the secrets are shown: errors, refusals, log."""
    places = {
        "its error": str(reading.error or ""),
        "what it raised": str(reading.mistake or ""),
        "a refusal": "\n".join(reading.refused),
        "the log": "\n".join(lines),
    }
    return [
        f"{place} shows secret number {number}"
        for place, text in places.items()
        for number, secret in enumerate(secrets, 1)
        if secret in text
    ]

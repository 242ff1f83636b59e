"""The vendors that the contract suite looks at: every module `stand_in_*.py` of tests/connectors has a `VENDOR`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import httpx

from connectors.hookspecs import Connector
from connectors.http import Patience
from tests.connectors.contract.descriptions import Description

FOLDER = Path(__file__).parent.parent


class StandIn(Protocol):
    """A vendor on the wire: it holds data and answers as the vendor would, with a clock of its own.

    Its clock stands somewhere else than ours (a fixed day), moves with every change, and gives every stream something;
    the stream `Vendor.stream` has at least three pages. Records are named by their id in canonical records.
    """

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The vendor's answer, refusals included."""

    def change(self) -> str:
        """Change a record of `Vendor.stream`, as a user of the vendor would; its id."""

    def delete(self) -> str:
        """Delete the record of `Vendor.stream` that a full reading gives first; its id."""

    def many(self, count: int) -> set[str]:
        """Add so many records to `Vendor.stream`, all changed in one moment; their ids."""


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """How one vendor's connector is looked at."""

    name: str
    stand_in: Callable[[], StandIn]
    """A new one, always with the same data."""
    connector: Callable[[httpx.AsyncBaseTransport, Patience], Connector[Any]]
    """A new connector, whose section is called as the vendor."""
    secrets: tuple[str, ...]
    """What must never be shown; the stand-in's refusals may say it, the faults do."""
    stream: str
    """The stream that is broken, changed and filled."""
    requests: str
    """A pattern of `METHOD /path` of the requests that bring this stream's pages, and of no other stream's."""
    changing: tuple[str, ...]
    """Places in such an answer (`results.0.id`) whose loss or other type must never lose a record in silence."""
    ids: frozenset[str]
    """JSON keys whose values are ids, in whatever answer; they may be numbers or texts."""
    description: Callable[[], Description] | None
    """None: the vendor is described nowhere, and the docs say so."""
    not_described: Mapping[str, str] = field(default_factory=dict)
    """Operations (`GET /path/{id}`), parameters (`GET /path?name`) and fields of answers (`GET /path#.items[].field`)
    it lacks, each with why we use it."""
    next_link: str | None = None
    """Place of the link to the next page in such an answer, where the vendor gives whole addresses."""
    check_says: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By fault, what its check says instead, because it is more exact."""
    tells_deletions: bool = True
    changes: bool = True
    """False where a record of the stream never changes once it is there: `change` then adds one."""


@cache
def vendors() -> tuple[Vendor, ...]:
    """All vendors, by name."""
    return tuple(sorted(_found(), key=lambda vendor: vendor.name))


def _found() -> Iterator[Vendor]:
    for path in sorted(FOLDER.rglob("stand_in_*.py")):
        module = ".".join(("tests", "connectors", *path.relative_to(FOLDER).with_suffix("").parts))
        yield import_module(module).VENDOR

"""A source whose records a test writes down: the real contract, without a vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from pydantic import BaseModel

from connectors.hookspecs import CheckReport, Page, State, Stream, StreamKind
from connectors.records import (
    Account,
    BusinessFunction,
    Channel,
    Direction,
    Email,
    Interaction,
    Person,
    Phone,
    Record,
)
from graph.sync.land import LandingSource

Raw = Record | Exception


class Settings(BaseModel):
    """A fixed source needs none."""


class FixedSource:
    """Gives the records of its streams in pages; an exception among them is raised where it stands."""

    Config: ClassVar[type[BaseModel]] = Settings

    def __init__(self, name: str, streams: dict[str, Sequence[Raw]], page_size: int = 100) -> None:
        self.name = name
        self.streams = streams
        self._page_size = page_size
        self.pages_read = 0

    async def check(self) -> CheckReport:
        return CheckReport(ok=True, message="always there")

    async def discover(self) -> list[Stream]:
        return [Stream(name, StreamKind.PERSONS) for name in self.streams]

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Raw]]:
        raws = self.streams[stream.name]
        start = int(state["read"]) if state else 0
        while start < len(raws):
            page = raws[start : start + self._page_size]
            start += len(page)
            self.pages_read += 1
            yield Page(page, {"read": start}, total=len(raws))

    def map(self, stream: Stream, raw: Raw) -> Iterable[Record]:
        if isinstance(raw, Exception):
            raise raw
        return [raw]

    async def close(self) -> None:
        """Nothing is open."""


def fixed_source(name: str, *records: Raw, page_size: int = 100, trust: float = 0.5) -> LandingSource:
    """A source named `name` whose records stand in the streams that they name (errors: in the first)."""
    streams: dict[str, list[Raw]] = {}
    for record in records:
        stream = next(iter(streams), "records") if isinstance(record, Exception) else record.stream
        streams.setdefault(stream, []).append(record)
    return LandingSource(FixedSource(name, streams, page_size), kind="fixed", trust=trust)


def person(key: str, name: str, *, email: str | None = None, phone: str | None = None, **more: Any) -> Person:
    """`person("crm/contacts/1", "Ada Byron", email=…)`."""
    source, stream, identifier = key.split("/", 2)
    given, _, family = name.partition(" ")
    return Person(
        source=source,
        stream=stream,
        id=identifier,
        given_name=given,
        family_name=family or None,
        emails=(Email(value=email),) if email else (),
        phones=(Phone(value=phone),) if phone else (),
        **more,
    )


def account(key: str, name: str, **more: Any) -> Account:
    """`account("crm/companies/1", "Acme GmbH", domain=…)`."""
    source, stream, identifier = key.split("/", 2)
    return Account(source=source, stream=stream, id=identifier, name=name, **more)


def event(key: str, kind: str, at: str | datetime, of: Any, **more: Any) -> Interaction:
    """`event("crm/deals/1", "deal.won", "2026-03-01", "crm/contacts/1")`; function and channel follow the kind."""
    source, stream, identifier = key.split("/", 2)
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    function, channel, direction = _usual(kind)
    given: dict[str, Any] = {"function": function, "channel": channel, "direction": direction} | more
    return Interaction(
        source=source,
        stream=stream,
        id=identifier,
        kind=kind,
        occurred_at=moment.replace(tzinfo=moment.tzinfo or UTC),
        person=of,
        **given,
    )


def _usual(kind: str) -> tuple[BusinessFunction, Channel, Direction]:
    inbound = {"email.opened", "email.clicked", "form.submitted", "page.viewed", "order.placed", "ticket.created"}
    direction = Direction.INBOUND if kind in inbound or kind == "survey.answered" else Direction.OUTBOUND
    family = kind.split(".", 1)[0]
    functions: dict[str, Callable[[], BusinessFunction]] = {
        "email": lambda: BusinessFunction.MARKETING,
        "form": lambda: BusinessFunction.MARKETING,
        "page": lambda: BusinessFunction.MARKETING,
        "ticket": lambda: BusinessFunction.SERVICE,
        "survey": lambda: BusinessFunction.SERVICE,
    }
    function = functions.get(family, lambda: BusinessFunction.SALES)()
    channel = Channel.WEB if family in {"form", "page", "order"} else Channel.EMAIL
    return function, channel, direction

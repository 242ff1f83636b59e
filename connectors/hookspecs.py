"""The contract between c360 and a connector, and the hooks that plugins may implement."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import pluggy
from pydantic import BaseModel

from connectors.events import Event
from connectors.records import Account, Person, Record, RecordKey

if TYPE_CHECKING:
    from connectors.plugins import Registry

Raw = TypeVar("Raw")
State = dict[str, Any]
"""What a stream needs to go on: JSON, stored in the transaction of the records it follows."""

API_VERSION = "1.0"
"""Version of this contract; a plugin says which it wants with `C360_API = ">=1,<2"`."""

hookspec = pluggy.HookspecMarker("c360")
hookimpl = pluggy.HookimplMarker("c360")


class StreamKind(StrEnum):
    """What a stream holds, mostly: it may give other records beside them."""

    PERSONS = "persons"
    ACCOUNTS = "accounts"
    INTERACTIONS = "interactions"
    CONSENTS = "consents"


class Deletions(StrEnum):
    """How deletions become known: the vendor tells, a full key scan finds them, or never."""

    TOMBSTONES = "tombstones"
    FULL_SCAN = "full_scan"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of thing a source holds; streams are read in the order `discover` gives them."""

    name: str
    kind: StreamKind
    key: str = "id"
    cursor_field: str | None = None
    deletions: Deletions = Deletions.UNKNOWN
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[Raw]):
    """Some raw records and the state that is true once they are stored; `total` helps progress where it is known."""

    raws: Sequence[Raw]
    state: State
    total: int | None = None
    problems: Sequence[RawProblem] = ()


@dataclass(frozen=True, slots=True)
class RawProblem:
    """A raw record that could not even be read (a broken line, a wrong encoding); it becomes a Rejection."""

    where: str
    reason: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Whether a source can be read now; a refusal is an answer that says what to do."""

    ok: bool
    message: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A vendor's push: the headers (lower case), the body, byte for byte as they came, and the URL that was asked."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    method: str = "POST"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """A person or an account of which a push says only a part: what it does not say stays as it was."""

    record: Person | Account


class Connector(Protocol[Raw]):
    """One source of customers and interactions.

    A connector is a class with a `Config` (a pydantic model, secrets as SecretStr), made by
    `ConnectorClass(name, config)`; `name` is the section in plugins.toml. It knows one system and nothing of the
    graph. `read` raises `SourceError`; `map` raises `RecordError` for a record it cannot read.
    """

    Config: ClassVar[type[BaseModel]]
    name: str

    def __init__(self, name: str, config: Any) -> None: ...

    async def check(self) -> CheckReport: ...

    async def discover(self) -> list[Stream]: ...

    def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Raw]]: ...

    def map(self, stream: Stream, raw: Raw) -> Iterable[Record]: ...

    async def close(self) -> None: ...


class ReceivesPushes(Protocol):
    """What a connector has besides when its system pushes: `POST /ingest/<source>` calls it.

    The signature is checked before the body is parsed: SourceRefused when it is wrong (401). RecordError is for a body
    that cannot be read at all (400), a RawProblem for one event of it that cannot be mapped: that is kept as a
    Rejection. The records are stored before the sender is told 202; what comes again is stored once, by its key.
    """

    async def webhook(self, request: WebhookRequest) -> Sequence[Record | Partial | RawProblem]: ...


class BeginsAtMoment(Protocol):
    """What a connector has besides when it can be read from a moment on (`c360 sync --since`): the state after it."""

    def state_at(self, stream: Stream, moment: datetime) -> State: ...


@dataclass(frozen=True, slots=True)
class Concerned:
    """The customer of an event as a source is told of them.

    `records` are this source's own persons that describe them, `segments` those that they are in, sorted; `id` is the
    API's, `link` where the customer can be looked at, None where that is not set up.
    """

    id: str
    records: tuple[RecordKey, ...]
    segments: tuple[str, ...]
    link: str | None = None


class TakesDeliveries(Protocol):
    """What a connector has besides when c360 may write to its system: `[[deliver]]` with `to` names the source.

    It writes to records that the source itself has, and to nobody else. The same event may come again: what it writes
    is found by `event.id` or the customer. It gives each record that it changes twice: before the write with None,
    which is noted before it goes on, and then with the moment of the change as the source says it. A record that is
    read with that moment and no other difference is no news; of a write whose end is not known, with a moment within
    an hour of it. What it adds must not be read at all. Raises SourceError: it is tried again later; one with a status
    from 400 to 499 (but SourceUnavailable) says that nothing was written.
    """

    def deliver(self, event: Event, concerned: Concerned) -> AsyncIterator[tuple[RecordKey, datetime | None]]: ...


class HookSpecs:
    """Hooks of the pluggy project `c360`."""

    @hookspec
    def c360_register_connectors(self, registry: Registry) -> None:
        """Offer connectors: `registry.add("zendesk", ZendeskConnector)`."""

    @hookspec
    def c360_map_page(self, source: str, stream: str, pairs: list[tuple[Any, list[Record]]]) -> None:
        """Adjust the mapped records of a page in place; called once a page."""

    @hookspec
    def c360_redact(self, record: Record) -> Record | None:
        """Give a record with less in it before it is stored, or None to leave it as it is."""

    @hookspec
    def c360_before_sync(self, source: str) -> None:
        """A source is about to be read."""

    @hookspec
    def c360_after_sync(self, report: object) -> None:
        """A sync has ended; `report` is its `SyncReport`."""

    @hookspec
    def c360_deliver(self, event: Event) -> None:
        """Something changed: tell another system. What raises is tried again later, with the same `event.id`."""

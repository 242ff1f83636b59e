"""The connector `webhook`: a system that pushes CloudEvents, or the calls of Segment, to `POST /ingest/<source>`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretBytes, SecretStr, field_validator, model_validator

from connectors.cloudevents import ENVELOPE, Event, events_of, name_of
from connectors.errors import RecordError
from connectors.exports.formats import Context, Format, Mapper
from connectors.exports.json_rows import flat, row_of
from connectors.exports.mapping import mapped_format
from connectors.hookspecs import (
    CheckReport,
    Page,
    Partial,
    RawProblem,
    State,
    Stream,
    StreamKind,
    WebhookRequest,
    hookimpl,
)
from connectors.records import Account, Person, Record
from connectors.segment import STREAMS, Tracking
from connectors.signatures import SHORTEST_KEY, check_bearer, check_hex, check_standard, key_of

C360_API = ">=1,<2"
Pushed = list[Record | Partial | RawProblem]


class EventEntry(BaseModel):
    """One `[[section.events]]` table: which events, and how their attributes and data become records."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    """The CloudEvents type; `order.*` stands for all that begin so."""
    kind: StreamKind
    mapping: dict[str, Any]
    stream: str | None = None
    partial: bool = False
    """Of persons and accounts: what an event does not say stays as it was."""

    @model_validator(mode="after")
    def _partial_fits(self) -> EventEntry:
        if self.partial and self.kind not in (StreamKind.PERSONS, StreamKind.ACCOUNTS):
            raise ValueError("partial is for persons and accounts")
        return self


class WebhookConfig(BaseModel):
    """The section of a source that pushes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: SecretStr
    previous_secret: SecretStr | None = None
    """Still good while the sender changes to the new one."""
    signature: Literal["standard", "segment", "bearer"] | None = None
    """Standard Webhooks, unless format is segment; segment: X-Signature; bearer: a secret in Authorization."""
    format: Literal["cloudevents", "segment"] = "cloudevents"
    events: tuple[EventEntry, ...] = ()
    ignore: tuple[str, ...] = ()
    """Types of events that are let go; `debug.*` stands for all that begin so."""
    kinds: dict[str, str] = Field(default_factory=dict)
    """Of segment: the kind of an interaction by the name of the event that is tracked."""

    @model_validator(mode="after")
    def _fits_together(self) -> WebhookConfig:
        if self.format == "cloudevents" and not self.events:
            raise ValueError("has no events; describe at least one in a [[section.events]] table")
        if self.format == "segment" and self.events:
            raise ValueError('has events, which format = "segment" does not need; name kinds instead')
        if self.checked_by == "standard" and any(key_of(secret.get_secret_value()) is None for secret in self.secrets):
            raise ValueError(
                f"secret must be whsec_ and at least {SHORTEST_KEY} bytes in base64; "
                "make one with: echo whsec_$(openssl rand -base64 32)"
            )
        return self

    @field_validator("secret", "previous_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters; make one with: openssl rand -hex 32")
        return value

    @property
    def checked_by(self) -> str:
        return self.signature or ("segment" if self.format == "segment" else "standard")

    @property
    def secrets(self) -> list[SecretStr]:
        return [one for one in (self.secret, self.previous_secret) if one is not None]


@dataclass(frozen=True, slots=True)
class _Taken:
    """An entry with its format and what maps a row of it."""

    entry: EventEntry
    stream: str
    format: Format
    mapper: Mapper


class WebhookConnector:
    """A source that pushes and cannot be read; see the module."""

    Config: ClassVar[type[BaseModel]] = WebhookConfig

    def __init__(self, name: str, config: WebhookConfig) -> None:
        self.name = name
        self.config = config
        self._tracking = Tracking(name, config.kinds) if config.format == "segment" else None
        self._taken = [_taken(name, index, entry) for index, entry in enumerate(config.events)]

    async def check(self) -> CheckReport:
        """Nothing can be asked: whoever pushes comes to us."""
        return CheckReport(ok=True, message=f"Pushes are taken at /ingest/{self.name} while `c360 serve` runs.")

    async def discover(self) -> list[Stream]:
        if self._tracking is not None:
            return list(STREAMS)
        return list({one.stream: Stream(one.stream, one.entry.kind) for one in reversed(self._taken)}.values())

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """No pages: what is pushed is stored when it comes."""
        nothing: Iterable[Page[Any]] = ()
        for page in nothing:
            yield page

    def map(self, stream: Stream, raw: Any) -> Iterable[Record]:
        return ()

    async def close(self) -> None:
        """Nothing is open."""

    async def webhook(self, request: WebhookRequest) -> Sequence[Record | Partial | RawProblem]:
        """The records of one push; SourceRefused for a wrong signature, RecordError for a body that is no event."""
        self._check(request)
        if self._tracking is not None:
            return list(self._tracking.records(request.body, request.received_at))
        pushed: Pushed = []
        for event in events_of(request, self.name):
            pushed += self._mapped(event)
        return pushed

    def _check(self, request: WebhookRequest) -> None:
        secrets = self.config.secrets
        if self.config.checked_by == "standard":
            keys = (key_of(secret.get_secret_value()) for secret in secrets)
            check_standard(request, [SecretBytes(key) for key in keys if key is not None])
        elif self.config.checked_by == "segment":
            check_hex(request, "x-signature", secrets, "sha1")
        else:
            check_bearer(request, secrets)

    def _mapped(self, event: Event) -> Pushed:
        """An event that fits several entries gives the records of each."""
        if any(fnmatchcase(event["type"], pattern) for pattern in self.config.ignore):
            return []
        fitting = [one for one in self._taken if fnmatchcase(event["type"], one.entry.type)]
        values = flat(event)
        where = name_of(event)
        if not fitting:
            known = ", ".join(one.entry.type for one in self._taken)
            return [RawProblem(where, f"no entry of [{self.name}] takes this type. Known: {known}; or ignore it.")]
        pushed: Pushed = []
        for one in fitting:
            try:
                records = list(one.mapper(row_of(one.format, values, where, envelope=ENVELOPE)))
            except RecordError as error:
                pushed.append(RawProblem(where, str(error), _text(event)))
            else:
                pushed += [_as_said(one.entry, record) for record in records]
        return pushed


def _taken(name: str, index: int, entry: EventEntry) -> _Taken:
    """A record without an id in its mapping has the event's, source and id: so it is one, however often it comes."""
    stream = entry.stream or entry.kind.value
    where = f"plugins.toml: [{name}] events[{index}] ({entry.type})"
    mapping = {"id": "{source}#{id}", **entry.mapping}
    form = mapped_format(f"webhook:{stream}", entry.kind, stream, mapping, where)
    return _Taken(entry, stream, form, form.mapper(Context(source=name, stream=stream, timezone=ZoneInfo("UTC"))))


def _as_said(entry: EventEntry, record: Record) -> Record | Partial:
    return Partial(record) if entry.partial and isinstance(record, Person | Account) else record


def _text(event: Event) -> str:
    return msgspec.json.encode(event).decode()[:10_000]


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `webhook`."""
    registry.add("webhook", WebhookConnector)

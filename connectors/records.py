"""Canonical records: what every connector gives, whatever the vendor calls it.

Names follow the field: CloudEvents for the envelope, Segment for e-mail events, OASIS CDP for consent. `None` means
"not said"; an empty string never stands for it. Instants are UTC `datetime`s; a key has three parts everywhere,
because one system's contact 7 and lead 7 are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NewType

import msgspec

SourceName = NewType("SourceName", str)
"""The section of plugins.toml that describes the source, e.g. `crm`."""


class RecordKey(msgspec.Struct, frozen=True, order=True):
    """The key of a record: `(source, stream, id)`, written `source/stream/id`; only the id may hold a slash."""

    source: str
    stream: str
    id: str

    def __str__(self) -> str:
        return f"{self.source}/{self.stream}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> RecordKey:
        """Read `source/stream/id`; raises ValueError when a part is missing."""
        source, stream, identifier = text.split("/", 2)
        return cls(source, stream, identifier)


class BusinessFunction(StrEnum):
    """The part of the company that acts."""

    MARKETING = "marketing"
    SALES = "sales"
    SERVICE = "service"
    PRODUCT = "product"
    FINANCE = "finance"


class Channel(StrEnum):
    """Where an interaction happens."""

    EMAIL = "email"
    PHONE = "phone"
    WEB = "web"
    CHAT = "chat"
    SOCIAL = "social"
    SMS = "sms"
    ADS = "ads"
    IN_PERSON = "in_person"
    APP = "app"
    MAIL = "mail"
    OTHER = "other"


class Direction(StrEnum):
    """Inbound: the customer acts. Outbound: the company acts. Internal: the company acts on its own record."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class SurveyMetric(StrEnum):
    """What a survey measures; stars are a rating, not CSAT."""

    NPS = "nps"
    CSAT = "csat"
    CES = "ces"
    RATING = "rating"


class SurveyProgram(StrEnum):
    """Relationship surveys ask about the whole, transactional ones about one touchpoint; never pooled."""

    RELATIONSHIP = "relationship"
    TRANSACTIONAL = "transactional"


class Precision(StrEnum):
    """How exactly the moment is known."""

    DAY = "day"
    SECOND = "second"
    MILLISECOND = "ms"


class ConsentStatus(StrEnum):
    """The newest statement wins within a source; a merge never widens."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    REVOKED = "REVOKED"


class _Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all records share; unknown keyword arguments are refused by msgspec."""


class Email(_Record, frozen=True, kw_only=True):
    """An e-mail address as the source has it."""

    value: str
    verified: bool = False
    primary: bool = False


class Phone(_Record, frozen=True, kw_only=True):
    """A phone number as the source has it; `country` (ISO 3166 alpha-2) tells how to read a national number."""

    value: str
    country: str | None = None


class Address(_Record, frozen=True, kw_only=True):
    """A postal address; `country` is ISO 3166 alpha-2 where the source knows it."""

    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


class ConsentStatement(_Record, frozen=True, kw_only=True):
    """What a person said about one channel and purpose."""

    channel: Channel
    purpose: str
    status: ConsentStatus
    at: datetime | None = None
    evidence: str | None = None


class Person(_Record, frozen=True, kw_only=True, tag="person"):
    """A person as one source describes them; never edited, only replaced."""

    source: str
    stream: str
    id: str
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    given_name: str | None = None
    family_name: str | None = None
    full_name: str | None = None
    account_id: str | None = None
    """Key (`source/stream/id`) of the account record the person belongs to."""
    account_name: str | None = None
    job_title: str | None = None
    address: Address | None = None
    birth_date: date | None = None
    locale: str | None = None
    timezone: str | None = None
    lifecycle_stage: str | None = None
    owner: str | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    external_ids: dict[str, str] = msgspec.field(default_factory=dict)
    """Verified ids by system: the same id is the same person, another id of that system is another person."""
    contact_ids: dict[str, str] = msgspec.field(default_factory=dict)
    """Ids by system, of which a person may have several: the same id is the same person, another one says nothing."""
    anonymous_ids: tuple[str, ...] = ()
    device_ids: tuple[str, ...] = ()
    consents: tuple[ConsentStatement, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    merged_into: str | None = None
    """Id of the record of the same stream that replaced this one."""
    source_url: str | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.source, self.stream, self.id)


class Account(_Record, frozen=True, kw_only=True, tag="account"):
    """A company or household that buys."""

    source: str
    stream: str
    id: str
    name: str | None = None
    domain: str | None = None
    industry: str | None = None
    size: int | None = None
    address: Address | None = None
    parent_id: str | None = None
    owner: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    deleted_at: datetime | None = None
    merged_into: str | None = None
    source_url: str | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.source, self.stream, self.id)


class Identifiers(_Record, frozen=True, kw_only=True):
    """A person known only by what an event says of them; at least one must be given."""

    email: str | None = None
    phone: str | None = None
    external_id: tuple[str, str] | None = None
    """(system, id)"""
    anonymous_id: str | None = None
    full_name: str | None = None


class Interaction(_Record, frozen=True, kw_only=True, tag="interaction"):
    """An event as one customer experienced it; one of `person` and `account` is required.

    `person` is the key (`source/stream/id`) of a person record, or bare identifiers. `activity_id` is the same for
    every participant of one meeting, deal or call. `sequence` orders events of one moment. `amount`, `recurring_amount`
    and `cost` are in `currency` (ISO 4217). `requested_fields` is what the customer was asked for in it.
    """

    source: str
    stream: str
    id: str
    kind: str
    occurred_at: datetime
    person: str | Identifiers | None = None
    account: str | None = None
    function: BusinessFunction
    channel: Channel
    direction: Direction
    activity_id: str | None = None
    role: str | None = None
    team: str | None = None
    agent: str | None = None
    automated: bool = False
    precision: Precision = Precision.SECOND
    sequence: int = 0
    ended_at: datetime | None = None
    observed_at: datetime | None = None
    subject: str | None = None
    text: str | None = None
    reason: str | None = None
    source_url: str | None = None
    campaign: str | None = None
    ticket: str | None = None
    deal: str | None = None
    order: str | None = None
    subscription: str | None = None
    amount: float | None = None
    currency: str | None = None
    recurring_amount: float | None = None
    billing_period: str | None = None
    quantity: float | None = None
    cost: float | None = None
    metric: SurveyMetric | None = None
    score: float | None = None
    scale: tuple[float, float] | None = None
    polarity: str | None = None
    question: str | None = None
    question_version: str | None = None
    program: SurveyProgram | None = None
    requested_fields: tuple[str, ...] = ()
    topic: str | None = None
    survey_token: str | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.source, self.stream, self.id)


class Consent(_Record, frozen=True, kw_only=True, tag="consent"):
    """A consent that a source keeps apart from the person's record."""

    source: str
    stream: str
    id: str
    person: str | Identifiers
    statement: ConsentStatement

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.source, self.stream, self.id)


class Tombstone(_Record, frozen=True, kw_only=True, tag="tombstone"):
    """The source says that this record is gone.

    With `matter` (`ticket`, `deal`, `order`, `subscription` or `campaign`) it is that matter, and all interactions of
    the stream that belong to it are gone: for a source that no longer tells what they were.
    """

    source: str
    stream: str
    id: str
    deleted_at: datetime
    matter: str | None = None

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.source, self.stream, self.id)


Record = Person | Account | Interaction | Consent | Tombstone

KINDS: frozenset[str] = frozenset(
    """
    email.sent email.delivered email.opened email.clicked email.bounced email.unsubscribed email.complained
    form.submitted form.abandoned page.viewed ad.clicked event.attended campaign.responded call.made meeting.held
    lead.created lead.accepted lead.rejected customer.reassigned note.written
    deal.created deal.stage_changed deal.reassigned deal.won deal.lost quote.sent
    order.placed order.refunded order.cancelled invoice.paid invoice.refunded payment.failed trial.started
    subscription.started subscription.changed subscription.paused subscription.renewed subscription.cancelled
    onboarding.milestone feature.used
    ticket.created ticket.replied ticket.reassigned ticket.solved ticket.reopened ticket.sla_breached
    conversation.message
    survey.sent survey.answered review.posted referral.made
    """.split()
)
"""The kinds the field knows; the set is open: another kind is kept, and reported as unknown."""


def said(text: str | None) -> str | None:
    """The text without outer blanks, or None where nothing is said: `""` and `" "` are not values."""
    if text is None:
        return None
    stripped = text.strip()
    return stripped or None


def utc(moment: datetime) -> datetime:
    """The same instant in UTC; a naive moment is taken as UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def encode(record: Record) -> str:
    """The record as canonical JSON (tagged, sorted keys, defaults left out): the same record gives the same bytes."""
    return _encoder.encode(record).decode()


def decode(body: str | bytes) -> Record:
    """The record that `encode` wrote; raises `msgspec.ValidationError` when it is not one."""
    return _decoder.decode(body)


_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)


def people(records: Sequence[Record]) -> list[Person]:
    """Only the persons among the records, in order."""
    return [record for record in records if isinstance(record, Person)]

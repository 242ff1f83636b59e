"""Freshdesk as a helpdesk: contacts, companies, tickets with their conversations, satisfaction ratings."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.errors import SourceError, SourceRefused
from connectors.helpdesk.freshdesk_api import (
    Agent,
    Company,
    Contact,
    Freshdesk,
    Group,
    Rating,
    Survey,
    Ticket,
    TicketField,
)
from connectors.helpdesk.freshdesk_contacts import map_company, map_contact
from connectors.helpdesk.freshdesk_pushes import ticket_of
from connectors.helpdesk.freshdesk_reading import (
    Gone,
    read_companies,
    read_contacts,
    read_ratings,
    read_ticket,
    read_tickets,
)
from connectors.helpdesk.freshdesk_tickets import Codes, asked_of_customers, map_rating, map_ticket
from connectors.hookspecs import (
    CheckReport,
    Deletions,
    Page,
    RawProblem,
    State,
    Stream,
    StreamKind,
    WebhookRequest,
    hookimpl,
)
from connectors.http import Patience
from connectors.records import Record
from connectors.signatures import check_in_url
from connectors.vendor import VendorConnector, asked_for_a_push, or_leave_it_out

C360_API = ">=1,<2"

COMPANIES = Stream(
    name="companies",
    kind=StreamKind.ACCOUNTS,
    deletions=Deletions.FULL_SCAN,
    fields=("name", "domains", "industry", "custom_fields"),
)
CONTACTS = Stream(
    name="contacts",
    kind=StreamKind.PERSONS,
    cursor_field="updated_at",
    deletions=Deletions.TOMBSTONES,
    fields=("name", "email", "other_emails", "phone", "mobile", "company_id", "unique_external_id", "custom_fields"),
)
TICKETS = Stream(
    name="tickets",
    kind=StreamKind.INTERACTIONS,
    cursor_field="updated_at",
    deletions=Deletions.TOMBSTONES,
    fields=("subject", "status", "source", "type", "requester_id", "responder_id", "group_id", "custom_fields"),
)
RATINGS = Stream(
    name="satisfaction-ratings",
    kind=StreamKind.INTERACTIONS,
    cursor_field="created_at",
    fields=("ratings", "feedback", "survey_id", "ticket_id", "user_id"),
)
STREAMS = (COMPANIES, CONTACTS, TICKETS, RATINGS)
"""Accounts and contacts first: tickets point to them."""

CODES_SECONDS = 300.0
"""How long a new group, agent or field may stand for itself in what is pushed."""
ADMINISTRATOR = "take the API key of an administrator"

FreshdeskRaw = Company | Gone | Contact | Ticket | Rating


class FreshdeskConfig(BaseModel):
    """Which Freshdesk, and the API key of the agent who reads."""

    model_config = ConfigDict(extra="forbid")

    subdomain: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", description="acme of acme.freshdesk.com"
    )
    base_url: str | None = Field(default=None, description="the whole address, where it is another one")
    api_key: SecretStr = Field(description="API key of an administrator's profile")
    webhook_secret: SecretStr | None = Field(
        default=None, min_length=16, description="the key in the webhook's address, where rules push"
    )
    since: date | None = Field(default=None, description="a first reading of tickets begins at this day")
    overlap_seconds: int = Field(default=300, ge=0, description="how far before the last change a reading begins")
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if (self.subdomain is None) == (self.base_url is None):
            raise ValueError('say which Freshdesk, e.g. subdomain = "acme", or base_url; one of the two')
        parts = urlsplit(self.url)
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise ValueError("base_url is an address such as https://acme.freshdesk.com")
        return self

    @property
    def url(self) -> str:
        """Address of the server."""
        return self.base_url or f"https://{self.subdomain}.freshdesk.com"

    @property
    def start(self) -> datetime | None:
        """Where a first reading begins."""
        return None if self.since is None else datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)


class FreshdeskConnector(VendorConnector):
    """Reads one Freshdesk."""

    Config: ClassVar[type[BaseModel]] = FreshdeskConfig

    def __init__(
        self,
        name: str,
        config: FreshdeskConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._codes = Codes()
        self._codes_until = 0.0
        key = config.api_key.get_secret_value()
        self._freshdesk = Freshdesk(
            name,
            config.url,
            httpx.BasicAuth(key, "X"),
            secrets=[key, base64.b64encode(f"{key}:X".encode()).decode()],
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, STREAMS, self._freshdesk)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether Freshdesk answers, and the key may see agents, tickets, contacts and ratings."""
        details["groups"] = ", ".join(sorted(one.name or "" for one in await self._freshdesk.all("groups", Group)))
        details["agents"] = str(len(await self._freshdesk.all("agents", Agent)))
        await self._freshdesk.page("tickets", Ticket, 1, size=1)
        await self._freshdesk.page("contacts", Contact, 1, size=1)
        await self._freshdesk.page("surveys/satisfaction_ratings", Rating, 1, size=1)
        return CheckReport(True, f"Freshdesk at {urlsplit(self._config.url).netloc}.", details)

    def _remedy(self, error: SourceError) -> str:
        refused = isinstance(error, SourceRefused)
        return " Take the API key of an administrator: it may do what its profile may." if refused else ""

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read; of companies all are read at any rate."""
        return {} if stream.name == COMPANIES.name else {"since": moment.astimezone(UTC).isoformat()}

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Company`, `Contact`, `Ticket` or `Rating`."""
        if stream.name in (TICKETS.name, RATINGS.name):
            self._codes = await _codes(self._freshdesk, surveys=stream.name == RATINGS.name)
        shown = f"Freshdesk shows {stream.name} to some profiles and in some plans alone: {ADMINISTRATOR}"
        async for page in or_leave_it_out(self._pages(stream, state), stream, STREAMS, shown):
            yield page

    def map(self, stream: Stream, raw: FreshdeskRaw) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Contact):
            yield from map_contact(self.name, stream.name, COMPANIES.name, raw)
        elif isinstance(raw, Company):
            yield from map_company(self.name, stream.name, raw)
        elif isinstance(raw, Gone):
            yield self._tombstone(stream, raw)
        elif isinstance(raw, Ticket):
            yield from map_ticket(self.name, stream.name, CONTACTS.name, raw, self._codes)
        else:
            yield from map_rating(self.name, stream.name, CONTACTS.name, raw, self._codes)

    async def webhook(self, request: WebhookRequest) -> list[Record | RawProblem]:
        """The records of one push: the ticket as it is now.

        Raises SourceRefused for a wrong secret, RecordError for a body that names no ticket, SourceUnavailable when
        Freshdesk cannot be asked now.
        """
        check_in_url(request, "key", [self._secret(self._config.webhook_secret)])
        number = ticket_of(self.name, request)
        with asked_for_a_push():
            if time.monotonic() > self._codes_until:
                self._codes = await _codes(self._freshdesk, surveys=False)
                self._codes_until = time.monotonic() + CODES_SECONDS
            ticket = await read_ticket(self._freshdesk, number)
        if ticket is None or isinstance(ticket, RawProblem):
            return [] if ticket is None else [ticket]
        return list(self.map(TICKETS, ticket))

    def _pages(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        start, overlap = self._config.start, timedelta(seconds=self._config.overlap_seconds)
        if stream.name == COMPANIES.name:
            return read_companies(self._freshdesk, state)
        if stream.name == CONTACTS.name:
            return read_contacts(self._freshdesk, state, overlap)
        if stream.name == TICKETS.name:
            return read_tickets(self._freshdesk, state, start, overlap)
        return read_ratings(self._freshdesk, state, start, overlap)


async def _codes(freshdesk: Freshdesk, *, surveys: bool) -> Codes:
    """What the numbers in tickets and ratings mean."""
    fields = [] if surveys else await freshdesk.all("ticket_fields", TicketField)
    return Codes(
        groups={str(one.id): one.name or str(one.id) for one in await freshdesk.all("groups", Group)},
        agents={
            str(one.id): (one.contact.name if one.contact else None) or str(one.id)
            for one in await freshdesk.all("agents", Agent)
        },
        labels={one.name: one.label or one.name for one in fields if one.name},
        asked=asked_of_customers(fields),
        surveys={str(one.id): one for one in await freshdesk.all("surveys", Survey)} if surveys else {},
    )


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `freshdesk`."""
    registry.add("freshdesk", FreshdeskConnector)

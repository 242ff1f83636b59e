"""Zendesk Support as a helpdesk: users, organizations, tickets with their history, ratings, broken promises."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.errors import SourceError, SourceRefused
from connectors.events import Event
from connectors.exports.formats import asked_for
from connectors.helpdesk.zendesk_api import Zendesk
from connectors.helpdesk.zendesk_deliveries import deliver
from connectors.helpdesk.zendesk_login import ApiToken, App, Login
from connectors.helpdesk.zendesk_objects import Organization, SatisfactionRating, Ticket, User
from connectors.helpdesk.zendesk_promises import map_broken
from connectors.helpdesk.zendesk_reading import (
    Broken,
    read_broken_promises,
    read_one,
    read_organizations,
    read_ratings,
    read_tickets,
    read_users,
)
from connectors.helpdesk.zendesk_tickets import Names, asks_customers, map_rating, map_ticket
from connectors.helpdesk.zendesk_users import map_agent, map_organization, map_user
from connectors.helpdesk.zendesk_webhooks import check_signature, what_changed
from connectors.hookspecs import (
    CheckReport,
    Concerned,
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
from connectors.records import Record, RecordKey, Tombstone
from connectors.vendor import VendorConnector, asked_for_a_push, or_leave_it_out

C360_API = ">=1,<2"

ORGANIZATIONS = Stream(
    name="organizations",
    kind=StreamKind.ACCOUNTS,
    cursor_field="updated_at",
    deletions=Deletions.TOMBSTONES,
    fields=("name", "domain_names", "external_id", "tags", "organization_fields"),
)
USERS = Stream(
    name="users",
    kind=StreamKind.PERSONS,
    cursor_field="updated_at",
    deletions=Deletions.TOMBSTONES,
    fields=("name", "email", "phone", "identities", "organization_id", "external_id", "locale", "tags", "user_fields"),
)
TICKETS = Stream(
    name="tickets",
    kind=StreamKind.INTERACTIONS,
    cursor_field="generated_timestamp",
    deletions=Deletions.TOMBSTONES,
    fields=("subject", "status", "priority", "type", "via", "requester_id", "group_id", "assignee_id", "custom_fields"),
)
RATINGS = Stream(
    name="satisfaction-ratings",
    kind=StreamKind.INTERACTIONS,
    cursor_field="created_at",
    fields=("score", "comment", "reason", "ticket_id", "requester_id"),
)
PROMISES = Stream(
    name="ticket-metric-events",
    kind=StreamKind.INTERACTIONS,
    cursor_field="time",
    deletions=Deletions.TOMBSTONES,
    fields=("metric", "type", "sla", "ticket_id"),
)
STREAMS = (ORGANIZATIONS, USERS, TICKETS, RATINGS, PROMISES)
"""Accounts and users first: tickets point to them."""
NAMES_SECONDS = 300.0
"""How long a new group or agent may stand for itself in what is pushed."""

ZendeskRaw = Organization | User | Ticket | SatisfactionRating | Broken


class ZendeskConfig(BaseModel):
    """Which Zendesk, and who reads: an OAuth client or token, or an administrator with an API token."""

    model_config = ConfigDict(extra="forbid")

    subdomain: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$", description="acme of acme.zendesk.com"
    )
    base_url: str | None = Field(default=None, description="the whole address, where it is another one")
    client_id: str | None = Field(default=None, description="identifier of an OAuth client")
    client_secret: SecretStr | None = Field(default=None, description="secret of that OAuth client")
    oauth_token: SecretStr | None = Field(default=None, description="OAuth access token with the scope read")
    email: str | None = Field(default=None, description="address of the administrator whose API token it is")
    api_token: SecretStr | None = Field(default=None, description="API token, where there is no OAuth")
    since: date | None = Field(default=None, description="a first reading of tickets begins at this day")
    page_size: int = Field(default=100, ge=1, le=1000, description="tickets a page")
    overlap_seconds: int = Field(default=300, ge=0, description="how far before the last change a reading begins")
    ratings_days: int = Field(default=35, ge=1, description="ratings this young are read again, as they may change")
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")
    webhook_secret: SecretStr | None = Field(default=None, description="the webhook's signing secret, for pushes")

    @model_validator(mode="after")
    def _says_who_reads_what(self) -> Self:
        if (self.subdomain is None) == (self.base_url is None):
            raise ValueError('say which Zendesk, e.g. subdomain = "acme", or base_url; one of the two')
        parts = urlsplit(self.url)
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise ValueError("base_url is an address such as https://acme.zendesk.com")
        ways = (
            self.client_id is not None and self.client_secret is not None,
            self.oauth_token is not None,
            self.email is not None and self.api_token is not None,
        )
        if sum(ways) != 1:
            raise ValueError("give a client_id and a client_secret, or an oauth_token, or an email and an api_token")
        return self

    @property
    def login(self) -> Login:
        """How to sign in."""
        if self.client_id is not None and self.client_secret is not None:
            return App(self.client_id, self.client_secret.get_secret_value())
        if self.email is not None and self.api_token is not None:
            return ApiToken(self.email, self.api_token.get_secret_value())
        return self.oauth_token.get_secret_value() if self.oauth_token is not None else ""

    @property
    def url(self) -> str:
        """Address of the server."""
        return self.base_url or f"https://{self.subdomain}.zendesk.com"

    @property
    def start(self) -> int:
        """Where a first reading begins, in seconds of Unix time."""
        if self.since is None:
            return 0
        return int(datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC).timestamp())


class ZendeskConnector(VendorConnector):
    """Reads one Zendesk Support."""

    Config: ClassVar[type[BaseModel]] = ZendeskConfig

    def __init__(
        self,
        name: str,
        config: ZendeskConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._names = Names()
        self._names_until = 0.0
        self._zendesk, self._writing = (
            Zendesk(name, config.url, login, timeout=config.timeout_seconds, transport=transport, patience=patience)
            for login in (config.login, _to_write(config.login))
        )
        super().__init__(name, STREAMS, self._zendesk)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether Zendesk answers, and the reader may see agents, exports and ratings."""
        # users/me answers 200 to strangers too: it would prove nothing.
        details["groups"] = ", ".join(sorted((await self._zendesk.groups()).values()))
        details["agents"] = str(len(await self._zendesk.agents()))
        await self._zendesk.tickets(None, self._config.start, 1)
        await self._zendesk.ratings(self._config.start, None, 1)
        return CheckReport(True, f"Zendesk at {urlsplit(self._config.url).netloc}.", details)

    def _remedy(self, error: SourceError) -> str:
        if not isinstance(error, SourceRefused):
            return ""
        if error.status == 403:
            return " Exports and ratings are for administrators: use a token of one."
        return " Is the token still active, and token access on (Admin Center, Apps and integrations, APIs)?"

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read."""
        return {"since": int(moment.timestamp())}

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Organization`, `User`, `Ticket`, `SatisfactionRating` or `Broken`."""
        if stream.name not in (ORGANIZATIONS.name, USERS.name):
            await self._learn_names()
        shown = (
            f"Zendesk shows {stream.name} to administrators alone, some of it in some plans alone: use a token of one"
        )
        async for page in or_leave_it_out(self._pages(stream, state), stream, STREAMS, shown):
            yield page

    def map(self, stream: Stream, raw: ZendeskRaw) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Ticket):
            return map_ticket(self.name, stream.name, USERS.name, raw, self._names)
        if isinstance(raw, Organization):
            return map_organization(self.name, stream.name, raw)
        if isinstance(raw, User):
            person = map_user(self.name, stream.name, raw, organizations=ORGANIZATIONS.name)
            return chain(person, map_agent(self.name, stream.name, raw))
        if isinstance(raw, SatisfactionRating):
            return map_rating(self.name, stream.name, USERS.name, raw, self._names)
        return map_broken(self.name, stream.name, USERS.name, raw, self._names)

    async def webhook(self, request: WebhookRequest) -> list[Record | RawProblem]:
        """What a push tells: what changed is read again, so that a push and a sync say the same.

        Raises SourceRefused for a wrong signature, RecordError for a body of something else, SourceUnavailable when
        Zendesk cannot be asked now.
        """
        check_signature(request, self._secret(self._config.webhook_secret))
        changed = what_changed(self.name, request)
        if changed is None or isinstance(changed, Tombstone):
            return [] if changed is None else [changed]
        with asked_for_a_push():
            if time.monotonic() > self._names_until:
                await self._learn_names()
            found, problems = await read_one(self._zendesk, changed.stream, changed.id)
        stream = next(one for one in STREAMS if one.name == changed.stream)
        return [*(record for raw in found for record in self.map(stream, raw)), *problems]

    async def deliver(self, event: Event, concerned: Concerned) -> AsyncIterator[tuple[RecordKey, datetime | None]]:
        """An alert as a ticket for agents; a customer's id and segments as fields of their users."""
        async for written in deliver(self._writing, event, concerned, USERS.name):
            yield written

    async def close(self) -> None:
        """Close the connections."""
        await super().close()
        await self._writing.close()

    async def _learn_names(self) -> None:
        self._names = await _names(self._zendesk)
        self._names_until = time.monotonic() + NAMES_SECONDS

    def _pages(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        zendesk, start, overlap = self._zendesk, self._config.start, self._config.overlap_seconds
        if stream.name == ORGANIZATIONS.name:
            return read_organizations(zendesk, state, 0, overlap)
        if stream.name == USERS.name:
            return read_users(zendesk, state, 0, overlap)
        if stream.name == TICKETS.name:
            return read_tickets(zendesk, state, start, overlap, page_size=self._config.page_size)
        if stream.name == RATINGS.name:
            return read_ratings(zendesk, state, start, self._config.ratings_days)
        return read_broken_promises(zendesk, state, start, overlap)


def _to_write(login: Login) -> Login:
    """Reading does with a token that cannot write."""
    return replace(login, scope="read write") if isinstance(login, App) else login


async def _names(zendesk: Zendesk) -> Names:
    """What ids of groups, agents, forms and fields mean."""
    fields = await zendesk.fields()
    titles = {str(one.id): one.title for one in fields}
    asking = {str(one.id): one.title for one in fields if asks_customers(one)}
    forms = {
        str(form.id): tuple(asked_for(asking[str(one)]) for one in form.ticket_field_ids if str(one) in asking)
        for form in await zendesk.forms()
    }
    return Names(await zendesk.groups(), await zendesk.agents(), forms, titles)


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `zendesk`."""
    registry.add("zendesk", ZendeskConnector)

"""Request Tracker as a helpdesk: users as persons, tickets with their transactions and surveys as interactions."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any, ClassVar, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.errors import RecordError
from connectors.helpdesk.request_tracker_api import RequestTracker, User
from connectors.helpdesk.request_tracker_colleagues import Colleagues
from connectors.helpdesk.request_tracker_stories import read_stories
from connectors.helpdesk.request_tracker_tickets import Codebook, TicketStory, map_story
from connectors.helpdesk.request_tracker_users import map_user, read_users
from connectors.hookspecs import CheckReport, Deletions, Page, State, Stream, StreamKind, hookimpl
from connectors.http import Patience
from connectors.records import Record
from connectors.vendor import VendorConnector

C360_API = ">=1,<2"

USERS = Stream(
    name="users",
    kind=StreamKind.PERSONS,
    cursor_field="transaction",
    deletions=Deletions.TOMBSTONES,
    fields=("EmailAddress", "RealName", "Organization", "MobilePhone", "WorkPhone", "City", "Country", "Disabled"),
)
TICKETS = Stream(
    name="tickets",
    kind=StreamKind.INTERACTIONS,
    cursor_field="transaction",
    deletions=Deletions.TOMBSTONES,
    fields=("Subject", "Status", "Queue", "Owner", "Requestor", "CustomFields"),
)


class RequestTrackerConfig(BaseModel):
    """Where Request Tracker is and who reads: a token, or a user with a password."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="address of the server, e.g. https://rt.acme.example (its REST/2.0 is found)")
    token: SecretStr | None = Field(default=None, description="authentication token of a user with AdminUsers")
    user: str | None = Field(default=None, description="login, where there is no token")
    password: SecretStr | None = Field(default=None, description="that login's password")
    csat_field: str = Field(default="CSAT", description="custom field of tickets that holds the survey's score")
    csat_reason_field: str = Field(default="CSAT reason", description="custom field that holds the words to it")
    csat_scale: tuple[float, float] = Field(default=(1.0, 5.0), description="worst and best score")
    solved_statuses: tuple[str, ...] = Field(default=("resolved", "rejected"), description="statuses that end a ticket")
    page_size: int = Field(default=50, ge=1, le=100, description="tickets a page")
    overlap: int = Field(default=200, ge=0, description="transactions an incremental read goes back before the last")
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")

    @model_validator(mode="after")
    def _says_who_reads(self) -> Self:
        if self.token is None and (self.user is None or self.password is None):
            raise ValueError("give a token, or a user and a password")
        return self

    @property
    def rest_url(self) -> str:
        url = self.url.rstrip("/")
        return url if url.endswith("/REST/2.0") else f"{url}/REST/2.0"

    @property
    def authorization(self) -> str:
        if self.token is not None:
            return f"token {self.token.get_secret_value()}"
        password = self.password.get_secret_value() if self.password else ""
        return "Basic " + base64.b64encode(f"{self.user}:{password}".encode()).decode()


class RequestTrackerConnector(VendorConnector):
    """Reads one Request Tracker."""

    Config: ClassVar[type[BaseModel]] = RequestTrackerConfig

    def __init__(
        self,
        name: str,
        config: RequestTrackerConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._rt = RequestTracker(
            name,
            config.rest_url,
            config.authorization,
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, [USERS, TICKETS], self._rt)
        self._colleagues = Colleagues(self._rt, config.overlap)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether RT answers and the reader may see users, tickets and the survey's field."""
        details["version"] = await self._rt.version()
        details["queues"] = ", ".join(sorted((await self._rt.queues()).values()))
        told = await self._rt.colleagues_told()
        details["colleagues"] = "learned user by user" if told is None else str(len(told))
        score = await self._rt.custom_field(self._config.csat_field)
        users = (await self._rt.users_page(1)).items
        # Whoever it is sees themselves: two are looked at.
        shown = [await self._rt.shows(user.id) for user in users[-2:]]
        details["survey"] = f"custom field {score}" if score else "none"
        if not all(shown) or not any(user.created for user in users):
            return CheckReport(
                False,
                f"[{self.name}] RT shows this reader only names and addresses of users. "
                "Use a token of a user with the right AdminUsers.",
                details,
            )
        no_survey = "" if score else f" No tickets' custom field {self._config.csat_field!r}: no surveys."
        return CheckReport(True, f"Request Tracker {details['version']}.{no_survey}", details)

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `User` or `TicketStory`."""
        colleagues = await self._colleagues.now(state)
        size, overlap = self._config.page_size, self._config.overlap
        pages: AsyncIterator[Page[Any]]
        if stream.name == USERS.name:
            pages = read_users(self._rt, colleagues, state, overlap=overlap)
        else:
            codes = await self._codebook(colleagues)
            pages = read_stories(self._rt, codes, state, page_size=size, overlap=overlap)
        async for page in pages:
            yield replace(page, state=self._colleagues.kept(page.state))

    def map(self, stream: Stream, raw: User | TicketStory) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, User):
            try:
                yield from map_user(self.name, stream.name, raw)
            except ValueError as error:
                raise RecordError(
                    f"[{self.name}] user {raw.id}: Created or LastUpdated is no date ({error})."
                ) from None
            return
        solved = frozenset(self._config.solved_statuses)
        yield from map_story(self.name, stream.name, USERS.name, raw, solved, self._config.csat_scale)

    async def _codebook(self, colleagues: frozenset[int]) -> Codebook:
        agents: dict[str, str] = {}
        for number in sorted(colleagues):
            user = await self._rt.user(number)
            if user is not None:
                agents[str(number)] = user.real_name or user.name
        return Codebook(
            queues=await self._rt.queues(),
            agents=agents,
            colleagues=colleagues,
            score_field=await self._rt.custom_field(self._config.csat_field),
            reason_field=await self._rt.custom_field(self._config.csat_reason_field),
        )


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `request_tracker`."""
    registry.add("request_tracker", RequestTrackerConnector)

"""HubSpot as a CRM: companies, contacts, deals with their history, form submissions and engagements."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.crm.hubspot_api import HubSpot
from connectors.crm.hubspot_changes import Found, ObjectStream, Reader, milliseconds
from connectors.crm.hubspot_codebook import Codebook
from connectors.crm.hubspot_deliveries import deliver
from connectors.crm.hubspot_engagements import ENGAGEMENTS, map_engagement
from connectors.crm.hubspot_forms import FORM_SUBMISSIONS, Submitted, map_submission, read_submissions
from connectors.crm.hubspot_records import COMPANIES, CONTACTS, DEALS, gone, map_company, map_contact, map_deal
from connectors.crm.hubspot_webhooks import check_signature, to_do
from connectors.errors import RecordError, SourceRefused
from connectors.events import Event
from connectors.exports.formats import Context
from connectors.hookspecs import CheckReport, Concerned, Page, RawProblem, State, Stream, WebhookRequest, hookimpl
from connectors.http import Patience
from connectors.records import Record, RecordKey
from connectors.vendor import VendorConnector, asked_for_a_push

C360_API = ">=1,<2"

OBJECTS: dict[str, ObjectStream] = {
    **{one.stream.name: one for one in (COMPANIES, CONTACTS, DEALS)},
    **{name: one.what for name, one in ENGAGEMENTS.items()},
}
MAPPERS: dict[str, Callable[[Context, Found], Iterator[Record]]] = {
    "companies": map_company,
    "contacts": map_contact,
    "deals": map_deal,
    **dict.fromkeys(ENGAGEMENTS, map_engagement),
}
STREAMS = (
    COMPANIES.stream,
    CONTACTS.stream,
    DEALS.stream,
    FORM_SUBMISSIONS,
    *(one.what.stream for one in ENGAGEMENTS.values()),
)
"""Companies and contacts first: the others point to them."""
SCOPES = {
    "companies": "crm.objects.companies.read",
    "contacts": "crm.objects.contacts.read",
    "deals": "crm.objects.deals.read",
    "form-submissions": "forms",
    "emails": "sales-email-read",
    **dict.fromkeys(("calls", "meetings", "notes"), "crm.objects.contacts.read"),
}
"""What a private app must be granted for each stream, beside crm.objects.owners.read and crm.schemas.*.read."""


BOOK_SECONDS = 300.0
"""So long a push is read with the owners, stages and properties of an earlier one."""


class HubSpotConfig(BaseModel):
    """Whose HubSpot, and how fast it may be asked."""

    model_config = ConfigDict(extra="forbid")

    access_token: SecretStr = Field(description="access token of a private app, pat-…")
    base_url: str = Field(default="https://api.hubapi.com", description="address of HubSpot's API")
    extra_properties: tuple[str, ...] = Field(
        default=(), description="properties that HubSpot defines and that are to be kept too, beside your own ones"
    )
    former_owners: bool = Field(
        default=True, description="whether changes of the owner of contacts and companies are read, a call for each 50"
    )
    page_size: int = Field(default=100, ge=1, le=100, description="objects a page of a first load")
    overlap_seconds: int = Field(default=300, ge=0, description="how far before the last change a reading begins again")
    requests_per_ten_seconds: int = Field(default=190, ge=1, description="requests in any ten seconds, of all streams")
    searches_per_second: int = Field(default=4, ge=1, description="searches in any second, of all streams")
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")
    client_secret: SecretStr | None = Field(default=None, description="the app's client secret, when HubSpot pushes")
    webhook_url: str | None = Field(default=None, description="the URL that HubSpot calls, where a proxy changes it")


class HubSpotConnector(VendorConnector):
    """Reads one HubSpot account."""

    Config: ClassVar[type[BaseModel]] = HubSpotConfig

    def __init__(
        self,
        name: str,
        config: HubSpotConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._books: dict[str, tuple[float, Codebook]] = {}
        self._contexts = {stream.name: Context(name, stream.name) for stream in STREAMS}
        self._hubspot = HubSpot(
            name,
            config.base_url,
            config.access_token.get_secret_value(),
            requests_per_ten_seconds=config.requests_per_ten_seconds,
            searches_per_second=config.searches_per_second,
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, STREAMS, self._hubspot)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether the token is good, and which streams its scopes let us read."""
        refused: list[str] = []
        account = await self._hubspot.account()
        details["account"] = str(account.portal_id)
        details["owners"] = str(len(await self._hubspot.owners()))
        for name in SCOPES:
            lacking = await self._lacking(name)
            refused += [f"{scope} (for {name})" for scope in lacking]
            details[name] = "refused" if lacking else "readable"
        if refused:
            return CheckReport(
                False,
                f"[{self.name}] the token of account {account.portal_id} lacks scopes: {', '.join(refused)}. "
                f"Grant them to the private app, or name the other streams in [{self.name}] of plugins.toml: "
                f"streams = [{', '.join(repr(name) for name, how in details.items() if how == 'readable')}].",
                details,
            )
        return CheckReport(True, f"HubSpot account {account.portal_id}.", details)

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read."""
        at = milliseconds(moment)
        return {"since": at} if stream.name == FORM_SUBMISSIONS.name else {"step": "done", "until": at, "archived": at}

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Found` objects or of `Submitted` forms."""
        overlap = self._config.overlap_seconds * 1000
        if stream.name == FORM_SUBMISSIONS.name:
            async for submissions in read_submissions(self._hubspot, state, overlap):
                yield submissions
            return
        reader = await self._reader(self._object(stream.name))
        async for objects in reader.read(state):
            yield objects

    def map(self, stream: Stream, raw: Found | Submitted) -> Iterable[Record]:
        """The records of one raw; those of an archived object are tombstones."""
        context = self._contexts[stream.name]
        if isinstance(raw, Submitted):
            return map_submission(context, raw)
        records = MAPPERS[stream.name](context, raw)
        return gone(context, records, raw) if raw.object.archived else records

    async def webhook(self, request: WebhookRequest) -> list[Record | RawProblem]:
        """What a push tells: what changed is read again, so that a push and a sync say the same.

        Raises SourceRefused for a wrong signature, RecordError for a body of something else, SourceUnavailable when
        HubSpot cannot be asked now.
        """
        secret = self._secret(self._config.client_secret, "client_secret")
        check_signature(request, secret, self._config.webhook_url)
        asked = to_do(self.name, request)
        told: list[Record | RawProblem] = list(asked.records)
        with asked_for_a_push():
            for name, ids in asked.changed.items():
                reader = await self._reader(self._object(name), remembered=True)
                for found in await reader.by_id(sorted(ids)):
                    try:
                        told += self.map(reader.what.stream, found)
                    except RecordError as error:
                        told.append(RawProblem(where=f"{self.name}/{name} {found.id}", reason=str(error)))
        return told

    async def deliver(self, event: Event, concerned: Concerned) -> AsyncIterator[tuple[RecordKey, datetime | None]]:
        """An alert as a task of the contact; a customer's id and segments as its properties."""
        async for written in deliver(self._hubspot, event, concerned, CONTACTS.stream.name):
            yield written

    def _object(self, name: str) -> ObjectStream:
        what = OBJECTS[name]
        return what if self._config.former_owners else replace(what, owners=False)

    async def _reader(self, what: ObjectStream, *, remembered: bool = False) -> Reader:
        known = self._books.get(what.kind)
        if known is None or not remembered or time.monotonic() - known[0] > BOOK_SECONDS:
            known = (time.monotonic(), await self._codebook(what))
            self._books[what.kind] = known
        book = known[1]
        asked = tuple(dict.fromkeys((*what.properties, *book.subscriptions, *book.custom)))
        overlap = self._config.overlap_seconds * 1000
        return Reader(self._hubspot, what, book, asked, overlap, self._config.page_size)

    async def _codebook(self, what: ObjectStream) -> Codebook:
        properties = await self._hubspot.properties(what.kind)
        extra = set(self._config.extra_properties)
        return Codebook(
            await self._hubspot.account(),
            await self._hubspot.owners(),
            await self._hubspot.deal_pipelines() if what.kind == DEALS.kind else (),
            properties,
            mapped=what.properties,
            extra=extra,
        )

    async def _lacking(self, name: str) -> list[str]:
        """The scopes without which a stream cannot be read."""
        scope = SCOPES[name]
        asked: list[tuple[str, Callable[[], Awaitable[object]]]]
        if name == FORM_SUBMISSIONS.name:
            forms = partial(self._hubspot.client.request, "GET", "marketing/v3/forms", params={"limit": 1})
            asked = [(scope, forms)]
        else:
            kind = OBJECTS[name].kind
            schema = scope if name in ENGAGEMENTS else f"crm.schemas.{kind}.read"
            asked = [
                (scope, partial(self._hubspot.page, kind, (), limit=1)),
                (schema, partial(self._hubspot.properties, kind)),
            ]
        lacking: list[str] = []
        for granted, ask in asked:
            try:
                await ask()
            except SourceRefused as error:
                if error.status != 403:
                    raise
                lacking.append(granted)
        return list(dict.fromkeys(lacking))


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `hubspot`."""
    registry.add("hubspot", HubSpotConnector)

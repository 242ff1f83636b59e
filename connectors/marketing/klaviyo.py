"""Klaviyo as marketing automation: profiles as persons with consent by channel, events as interactions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx
import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.errors import RecordError, SourceError
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
from connectors.marketing.klaviyo_api import Campaign, Klaviyo, Metric
from connectors.marketing.klaviyo_events import Event, happened_at, map_event
from connectors.marketing.klaviyo_profiles import Profile, map_profile, updated_at
from connectors.marketing.klaviyo_pushes import check_signature, events_of
from connectors.records import Record
from connectors.vanished import Gone, vanished
from connectors.vendor import VendorConnector, asked_for_a_push

C360_API = ">=1,<2"

PROFILES = Stream(
    name="profiles",
    kind=StreamKind.PERSONS,
    cursor_field="updated",
    deletions=Deletions.FULL_SCAN,
    fields=("email", "phone_number", "external_id", "first_name", "last_name", "location", "properties"),
)
EVENTS = Stream(
    name="events",
    kind=StreamKind.INTERACTIONS,
    cursor_field="datetime",
    deletions=Deletions.UNKNOWN,
    fields=("datetime", "event_properties", "metric", "profile"),
)
NAMES_SECONDS = 600.0
"""So long names are taken as they were, while pushes come."""
SCOPES = ("profiles", "events", "metrics", "campaigns")


@dataclass(frozen=True, slots=True)
class Names:
    """Names of metrics by their id, ids of campaigns by those of their messages, and when they were asked for."""

    metrics: Mapping[str, str]
    campaigns: Mapping[str, str]
    at: float


class KlaviyoConfig(BaseModel):
    """The key that reads an account, and what its own metrics mean."""

    model_config = ConfigDict(extra="forbid")

    api_key: SecretStr = Field(description="private API key with read access to profiles, events, metrics, campaigns")
    metrics: dict[str, str] = Field(default={}, description="kinds of your own metrics, by their name")
    external_id_system: str = Field(default="klaviyo", description="the system whose ids profiles have as external_id")
    webhook_secret: SecretStr | None = Field(default=None, min_length=16, description="secret of the system webhook")
    revision: str = Field(default="2026-01-15", pattern=r"^\d{4}-\d{2}-\d{2}$", description="revision of the API")
    base_url: str = Field(default="https://a.klaviyo.com/api", description="address of the API")
    overlap_seconds: int = Field(default=300, ge=0, description="how far before the newest a sync begins again")
    days_between_listings: float = Field(
        default=7, ge=0, description="how often all profiles are listed for deleted ones"
    )
    timeout_seconds: float = Field(default=60.0, gt=0, description="how long one call may take")


class KlaviyoConnector(VendorConnector):
    """Reads one Klaviyo account."""

    Config: ClassVar[type[BaseModel]] = KlaviyoConfig

    def __init__(
        self,
        name: str,
        config: KlaviyoConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._known: Names | None = None
        self._klaviyo = Klaviyo(
            name,
            config.base_url,
            config.api_key.get_secret_value(),
            config.revision,
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, [PROFILES, EVENTS], self._klaviyo)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether Klaviyo knows the key, and whether the key has each scope."""
        refused: list[str] = []
        for scope in SCOPES:
            try:
                await self._klaviyo.may_read(scope)
                details[scope] = "readable"
            except SourceError as error:
                details[scope] = str(error)
                if error.status != 403:
                    return CheckReport(False, str(error), details)
                refused.append(f"{scope}:read")
        if refused:
            return CheckReport(
                False,
                f"[{self.name}] the key lacks {', '.join(refused)}. {details[refused[0].removesuffix(':read')]} "
                f"Make a private key with read access to {', '.join(SCOPES)}.",
                details,
            )
        return CheckReport(True, f"Klaviyo, revision {self._config.revision}.", details)

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read."""
        return {"since": moment.astimezone(UTC).isoformat()}

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Profile` and of what is `Gone`, or of `Event`."""
        overlap = timedelta(seconds=self._config.overlap_seconds)
        if stream.name == PROFILES.name:
            last: State = {}
            more = {"additional-fields[profile]": "subscriptions"}
            async for profiles in self._klaviyo.pages(
                "profiles", Profile, "updated", updated_at, state, overlap=overlap, **more
            ):
                listing = {"listing": state["listing"]} if state and "listing" in state else {}
                last = {**profiles.state, **listing}
                yield Page(profiles.raws, last, problems=profiles.problems)
            every = timedelta(days=self._config.days_between_listings)
            async for gone in vanished(f"[{self.name}] profiles", self._klaviyo.keys("profiles"), last, every):
                yield gone
            return
        names = await self._names()
        async for page in self._klaviyo.pages("events", Event, "datetime", happened_at, state, overlap=overlap):
            named = [_named(event, names) for event in page.raws]
            yield Page(named, page.state, problems=page.problems)

    def map(self, stream: Stream, raw: Profile | Gone | Event) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Gone):
            return [self._tombstone(stream, raw)]
        if isinstance(raw, Profile):
            return map_profile(self.name, stream.name, raw, self._config.external_id_system)
        return map_event(self.name, stream.name, PROFILES.name, raw, self._config.metrics)

    async def webhook(self, request: WebhookRequest) -> list[Record | RawProblem]:
        """The records of one push: the same ids as when they are read.

        Raises SourceRefused for a wrong signature, RecordError for a body of something else, SourceUnavailable when
        Klaviyo cannot be asked now what metrics are called.
        """
        check_signature(request, self._secret(self._config.webhook_secret))
        events, problems = events_of(self.name, request)
        with asked_for_a_push():
            names = await self._names(remembered=True)
        told: list[Record | RawProblem] = list(problems)
        for event in events:
            try:
                told += self.map(EVENTS, _named(event, names))
            except RecordError as error:
                told.append(RawProblem(f"{self.name}/{EVENTS.name} {event.id}", str(error)))
        return told

    async def _names(self, *, remembered: bool = False) -> Names:
        """What metrics and campaigns are called now, or (`remembered`) at most ten minutes ago."""
        if self._known is None or not remembered or time.monotonic() - self._known.at > NAMES_SECONDS:
            metrics = {str(one.id): one.attributes.name for one in await self._klaviyo.listed("metrics", Metric)}
            self._known = Names(metrics, await self._campaigns(), time.monotonic())
        return self._known

    async def _campaigns(self) -> dict[str, str]:
        """Ids of campaigns by the ids of their messages, which are what events know."""
        found: dict[str, str] = {}
        for channel in ("email", "sms"):
            wanted = f"equals(messages.channel,'{channel}')"
            for campaign in await self._klaviyo.listed(
                "campaigns", Campaign, filter=wanted, include="campaign-messages"
            ):
                messages = campaign.relationships.campaign_messages if campaign.relationships else None
                for message in (messages.data if messages else None) or ():
                    found[str(message.id)] = str(campaign.id)
        return found


def _named(event: Event, names: Names) -> Event:
    """The event with the name of its metric, and its campaign: a flow, the campaign of a message, or the message."""
    metric = event.relationships.metric if event.relationships else None
    given = event.attributes.event_properties or {}
    message = given.get("$message")
    campaign = given.get("$flow") or (names.campaigns.get(str(message), message) if message else None)
    return msgspec.structs.replace(
        event,
        metric=names.metrics.get(str(metric.data.id), f"metric {metric.data.id}") if metric and metric.data else None,
        campaign=str(campaign) if campaign else None,
    )


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `klaviyo`."""
    registry.add("klaviyo", KlaviyoConnector)

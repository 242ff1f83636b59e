"""Salesforce as a CRM: accounts, contacts, leads, opportunities with their history, activities, campaign members."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.chosen_streams import chosen_streams
from connectors.crm.salesforce_activities import map_event, map_member, map_task
from connectors.crm.salesforce_api import Salesforce, SObject
from connectors.crm.salesforce_deals import Ending, map_opportunity
from connectors.crm.salesforce_login import Login
from connectors.crm.salesforce_objects import KINDS, OTHERS, selected
from connectors.crm.salesforce_people import map_account, map_contact, map_lead
from connectors.crm.salesforce_reading import Mark, Place, Reading, state_of
from connectors.errors import RecordError
from connectors.hookspecs import CheckReport, Page, State, Stream, hookimpl
from connectors.http import Patience
from connectors.records import Record
from connectors.vendor import VendorConnector

C360_API = ">=1,<2"


class SalesforceConfig(BaseModel):
    """Which org, and who reads: an app with its secret, or an app with a certificate, as one user."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="the org's My Domain, e.g. https://acme.my.salesforce.com")
    client_id: str = Field(description="consumer key of the app")
    client_secret: SecretStr | None = Field(default=None, description="its consumer secret (client credentials flow)")
    private_key: SecretStr | None = Field(default=None, description="or the key of its certificate, PEM (JWT bearer)")
    username: str | None = Field(default=None, description="as whom the JWT bearer flow reads")
    audience: str | None = Field(
        default=None, description="audience of the JWT: login.salesforce.com, test for sandboxes"
    )
    api_version: str = Field(default="62.0", pattern=r"^\d{2,3}\.0$", description="version of the API")
    streams: tuple[str, ...] | None = Field(default=None, description="only these streams; all by default")
    lost_reason_field: str | None = Field(default=None, description="field of opportunities that says why they ended")
    rejected_statuses: tuple[str, ...] = Field(
        default=("Closed - Not Converted", "Unqualified"), description="statuses of leads that sales does not want"
    )
    currency: str | None = Field(default=None, description="the org's currency, where it has only one")
    bulk_from: int = Field(default=50_000, ge=1, description="records from which a first load is a Bulk query")
    bulk_wait_seconds: float = Field(default=1800.0, gt=0, description="how long a sync waits for a Bulk query")
    share: float = Field(
        default=0.9, gt=0, le=1, description="of the org's API calls a day, beyond which reading stops"
    )
    overlap_seconds: float = Field(
        default=300.0, ge=0, description="how far before the last change an incremental read starts again"
    )
    timeout_seconds: float = Field(default=120.0, gt=0, description="how long one call may take")

    @field_validator("url")
    @classmethod
    def _is_the_org_s_own(cls, url: str) -> str:
        host = urlsplit(url).hostname or ""
        if host in ("", "login.salesforce.com", "test.salesforce.com"):
            raise ValueError("write the org's My Domain with https://, e.g. https://acme.my.salesforce.com")
        return url.rstrip("/")

    @model_validator(mode="after")
    def _says_who_reads(self) -> Self:
        if self.client_secret is None and (self.private_key is None or self.username is None):
            raise ValueError("give a client_secret, or a private_key and a username")
        return self

    @property
    def login(self) -> Login:
        sandbox = ".sandbox." in self.url
        key = None if self.client_secret is not None or self.private_key is None else self.private_key
        return Login(
            self.client_id,
            client_secret=self.client_secret.get_secret_value() if self.client_secret else None,
            private_key=key.get_secret_value() if key else None,
            username=self.username,
            audience=self.audience or f"https://{'test' if sandbox else 'login'}.salesforce.com",
        )


class SalesforceConnector(VendorConnector):
    """Reads one org."""

    Config: ClassVar[type[BaseModel]] = SalesforceConfig

    def __init__(
        self,
        name: str,
        config: SalesforceConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._streams = chosen_streams(name, tuple(kind.stream for kind in KINDS.values()), config.streams)
        self._stages: dict[str, Ending] = {}
        self._salesforce = Salesforce(
            name,
            config.url,
            config.api_version,
            config.login,
            share=config.share,
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, self._streams, self._salesforce)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether the reader gets a session and may read the objects of the chosen streams; what does not fit."""
        lacking: list[str] = []
        for stream in self._streams:
            kind = KINDS[stream.name]
            described = await self._salesforce.describe(kind.name)
            if described is None:
                lacking.append(kind.name)
                continue
            fields, left_out = selected(kind, described, await self._salesforce.describe_all(OTHERS))
            details[stream.name] = f"{len(fields)} fields" + (f", {left_out} do not fit" if left_out else "")
        await self._salesforce.query("SELECT Id FROM User LIMIT 1", deleted=False)
        if lacking:
            return CheckReport(
                False,
                f"[{self.name}] the reader may not see {', '.join(lacking)}. Give its profile or permission set Read "
                f"and View All on these objects, or leave streams out: streams = [...].",
                details,
            )
        return CheckReport(True, f"Salesforce answers; {len(self._streams)} streams can be read.", details)

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read."""
        return state_of(Place(mark=Mark(moment), watched=Mark(moment)))

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[SObject]]:
        """Pages of Salesforce's records with what belongs to them."""
        kind = KINDS[stream.name]
        if kind.name == "Opportunity":
            rows = await self._salesforce.rows("SELECT ApiName, MasterLabel, IsClosed, IsWon FROM OpportunityStage")
            self._stages = {
                # A stage that was renamed has another label than name; opportunities hold the name.
                row[name]: Ending(row.get("IsClosed") == "true", row.get("IsWon") == "true")
                for name in ("MasterLabel", "ApiName")
                for row in rows
                if name in row
            }
        reading = Reading(
            self._salesforce,
            kind,
            overlap=timedelta(seconds=self._config.overlap_seconds),
            bulk_from=self._config.bulk_from,
            bulk_wait=self._config.bulk_wait_seconds,
        )
        async for page in reading.pages(state):
            yield page

    def map(self, stream: Stream, raw: SObject) -> Iterable[Record]:
        """The records of one raw."""
        try:
            return list(self._mapped(stream.name, raw))
        except RecordError as error:
            raise RecordError(f"[{self.name}] {stream.name}: {error}") from None
        except ValueError as error:
            raise RecordError(f"[{self.name}] {stream.name} {raw.id}: {error}.") from None

    def _mapped(self, stream: str, raw: SObject) -> Iterable[Record]:
        name, url = self.name, self._config.url
        if stream == "accounts":
            return map_account(name, stream, url, raw)
        if stream == "contacts":
            return map_contact(name, url, raw)
        if stream == "leads":
            return map_lead(name, stream, url, self._config.rejected_statuses, raw)
        if stream == "opportunities":
            config = self._config
            return map_opportunity(name, stream, self._stages, config.lost_reason_field, config.currency, raw)
        if stream == "tasks":
            return map_task(name, stream, raw)
        return map_event(name, stream, raw) if stream == "events" else map_member(name, stream, raw)


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `salesforce`."""
    registry.add("salesforce", SalesforceConnector)

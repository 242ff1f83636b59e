"""Mailchimp as marketing automation: an audience's members as persons, its campaigns' sends and answers as events."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.errors import SourceError
from connectors.exports.mailchimp import MemberActivity, tell_activity
from connectors.hookspecs import CheckReport, Deletions, Page, State, Stream, StreamKind, WebhookRequest, hookimpl
from connectors.http import Patience
from connectors.marketing.mailchimp_api import Mailchimp, Member
from connectors.marketing.mailchimp_members import (
    PASSES,
    Moved,
    list_keys,
    map_member,
    map_moved,
    named_interests,
    read_members,
    what_became,
)
from connectors.marketing.mailchimp_pushes import told_by_push
from connectors.marketing.mailchimp_reports import read_reports
from connectors.records import Record
from connectors.signatures import check_in_url
from connectors.vanished import Gone, unpacked, vanished
from connectors.vendor import VendorConnector, asked_for_a_push

C360_API = ">=1,<2"

MEMBERS = Stream(
    name="members",
    kind=StreamKind.PERSONS,
    cursor_field="last_changed",
    deletions=Deletions.FULL_SCAN,
    fields=("email_address", "status", "merge_fields", "tags", "interests", "timestamp_opt", "unsubscribe_reason"),
)
ACTIVITY = Stream(
    name="activity",
    kind=StreamKind.INTERACTIONS,
    cursor_field="timestamp",
    deletions=Deletions.UNKNOWN,
    fields=("sent_to", "emails", "unsubscribes", "abuse_reports"),
)


class MailchimpConfig(BaseModel):
    """Which account and audience, and the key that reads it."""

    model_config = ConfigDict(extra="forbid")

    api_key: SecretStr = Field(
        description="API key of a user who may see reports; ends with the data centre, e.g. -us19"
    )
    audience: str | None = Field(default=None, description="id of the audience, where the account has several")
    webhook_secret: SecretStr | None = Field(
        default=None, min_length=16, description="the key in the webhook's address"
    )
    base_url: str | None = Field(default=None, description="address of the API; from the key's data centre unless said")
    page_size: int = Field(default=1000, ge=2, le=1000, description="members or recipients a page")
    overlap_seconds: int = Field(default=300, ge=0, description="how far before the last change a sync begins again")
    days_between_listings: float = Field(
        default=7, ge=0, description="how often all members are listed for deleted ones"
    )
    timeout_seconds: float = Field(default=120.0, gt=0, description="how long one call may take")

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.base_url is None and self._data_centre is None:
            raise ValueError("api_key does not end with a data centre such as -us19: copy it whole, or give base_url")
        return self

    @property
    def _data_centre(self) -> str | None:
        found = re.search(r"-([a-z]{2,3}\d{1,3})$", self.api_key.get_secret_value())
        return None if found is None else found[1]

    @property
    def url(self) -> str:
        return self.base_url or f"https://{self._data_centre}.api.mailchimp.com/3.0"


class MailchimpConnector(VendorConnector):
    """Reads one audience of a Mailchimp account."""

    Config: ClassVar[type[BaseModel]] = MailchimpConfig

    def __init__(
        self,
        name: str,
        config: MailchimpConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._mailchimp = Mailchimp(
            name,
            config.url,
            config.api_key.get_secret_value(),
            timeout=config.timeout_seconds,
            transport=transport,
            patience=patience,
        )
        super().__init__(name, [MEMBERS, ACTIVITY], self._mailchimp)
        self._audience = config.audience

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether Mailchimp knows the key, which audience is read, and whether its reports may be seen."""
        await self._mailchimp.ping()
        audience = await self._chosen(None)
        details["audience"] = audience
        await self._mailchimp.members(audience, since=None, status=None, offset=0, count=2)
        await self._mailchimp.reports(offset=0, count=2)
        return CheckReport(True, f"Mailchimp, audience {audience}.", details)

    def state_at(self, stream: Stream, moment: datetime) -> State:
        """As if all before that moment had been read."""
        since = {"since": moment.astimezone(UTC).isoformat()}
        return since if stream.name == ACTIVITY.name else dict.fromkeys(PASSES, since)

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Member` and of who `Moved` or is `Gone`, or of `MemberActivity`."""
        audience = await self._chosen(state)
        size, overlap = self._config.page_size, timedelta(seconds=self._config.overlap_seconds)
        if stream.name == ACTIVITY.name:
            async for activity in read_reports(self._mailchimp, audience, state, size=size, overlap=overlap):
                yield activity
            return
        last: State = {}
        names = await self._mailchimp.interests(audience)
        async for members in read_members(self._mailchimp, audience, state, size=size, overlap=overlap):
            last = members.state
            yield Page([named_interests(one, names) for one in members.raws], last, problems=members.problems)
        every = timedelta(days=self._config.days_between_listings)
        keys = list_keys(self._mailchimp, audience, size)
        async for gone in vanished(f"[{self.name}] members", keys, last, every):
            yield Page(what_became(gone.raws, unpacked(gone.state["listing"]["keys"])), gone.state)

    def map(self, stream: Stream, raw: Member | Moved | Gone | MemberActivity) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Gone):
            return [self._tombstone(stream, raw)]
        if isinstance(raw, Moved):
            return [map_moved(self.name, stream.name, raw)]
        if isinstance(raw, Member):
            return map_member(self.name, stream.name, raw)
        return tell_activity(self.name, stream.name, f"{self.name}/{MEMBERS.name}", raw, f"[{self.name}] activity")

    async def webhook(self, request: WebhookRequest) -> list[Record]:
        """The records of one push: the member as they are now.

        Raises SourceRefused for a wrong secret, RecordError for a body of something else, SourceUnavailable when
        Mailchimp cannot be asked now.
        """
        check_in_url(request, "key", [self._secret(self._config.webhook_secret)])
        with asked_for_a_push():
            audience = await self._chosen(None)
            told = await told_by_push(self._mailchimp, audience, request)
            interested = any(isinstance(one, Member) and one.interests for one in told)
            names = await self._mailchimp.interests(audience) if interested else {}
        named = [named_interests(one, names) if isinstance(one, Member) else one for one in told]
        return [record for raw in named for record in self.map(MEMBERS, raw)]

    async def _chosen(self, state: State | None) -> str:
        """The audience that is read: the one that is named, that an earlier sync read, or the account's only one."""
        if self._audience is None:
            known = state.get("audience") if state else None
            self._audience = known if isinstance(known, str) else await self._only_audience()
        return self._audience

    async def _only_audience(self) -> str:
        audiences = await self._mailchimp.audiences()
        if len(audiences) == 1:
            return str(audiences[0].id)
        if not audiences:
            raise SourceError(f"[{self.name}] this Mailchimp account has no audience that the key may see.")
        known = ", ".join(f"{audience.id} ({audience.name})" for audience in audiences)
        raise SourceError(
            f"[{self.name}] this Mailchimp account has several audiences. Make a section of plugins.toml for each, "
            f'with audience = "…": {known}.'
        )


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `mailchimp`."""
    registry.add("mailchimp", MailchimpConnector)

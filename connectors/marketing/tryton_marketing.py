"""Tryton's marketing automation as a source of its own: recipients, mails, unsubscribes, subscribers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any, ClassVar

import httpx
from pydantic import BaseModel

from connectors.chosen_streams import chosen_streams
from connectors.crm.tryton import system_name
from connectors.crm.tryton_changes import Plan, read_records
from connectors.crm.tryton_parties import GoneParty, Party, map_party
from connectors.crm.tryton_rpc import Tryton, TrytonConfig
from connectors.hookspecs import CheckReport, Deletions, Page, State, Stream, StreamKind, hookimpl
from connectors.http import Patience
from connectors.marketing.tryton_mails import (
    ACTIVITY,
    RECORD,
    SUBSCRIBER,
    Enrolment,
    Gone,
    Mail,
    Subscriber,
    mails_plan,
    map_mail,
    map_subscriber,
    map_unsubscribe,
    recipients_plan,
    subscribers_plan,
    unsubscribes_plan,
)
from connectors.records import Record, Tombstone
from connectors.vendor import VendorConnector

C360_API = ">=1,<2"

RECIPIENTS = Stream(
    name="recipients",
    kind=StreamKind.PERSONS,
    cursor_field="write_date",
    deletions=Deletions.TOMBSTONES,
    fields=("name", "contact_mechanisms", "addresses", "relations", "lang", "replaced_by", "blocked"),
)
MAILS = Stream(
    name="mails",
    kind=StreamKind.INTERACTIONS,
    cursor_field="write_date",
    deletions=Deletions.TOMBSTONES,
    fields=("activity", "at", "state", "email_opened", "email_clicked", "recipients", "subject"),
)
UNSUBSCRIBES = Stream(
    name="unsubscribes",
    kind=StreamKind.INTERACTIONS,
    cursor_field="write_date",
    deletions=Deletions.TOMBSTONES,
    fields=("record", "scenario", "blocked"),
)
SUBSCRIBERS = Stream(
    name="subscribers",
    kind=StreamKind.CONSENTS,
    cursor_field="write_date",
    deletions=Deletions.TOMBSTONES,
    fields=("email", "active", "list_"),
)
STREAMS = (RECIPIENTS, MAILS, UNSUBSCRIBES, SUBSCRIBERS)

MarketingRaw = Party | GoneParty | Mail | Enrolment | Subscriber | Gone


class TrytonMarketingConnector(VendorConnector):
    """Reads one Tryton database as marketing automation, with recipients of its own."""

    Config: ClassVar[type[BaseModel]] = TrytonConfig

    def __init__(
        self,
        name: str,
        config: TrytonConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._config = config
        self._streams = chosen_streams(name, STREAMS, config.streams)
        self._tryton = Tryton(name, config, transport=transport, patience=patience)
        super().__init__(name, self._streams, self._tryton)
        self._system = system_name(config)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether the user can log in and read the marketing models."""
        return await self._tryton.check(RECORD, ACTIVITY, SUBSCRIBER)

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Party`, `Mail`, `Enrolment` or `Subscriber`, and of what is gone."""
        plans: dict[str, Callable[[Tryton], Plan[Any]]] = {
            RECIPIENTS.name: recipients_plan,
            MAILS.name: mails_plan,
            UNSUBSCRIBES.name: unsubscribes_plan,
            SUBSCRIBERS.name: subscribers_plan,
        }
        plan = plans[stream.name](self._tryton)
        overlap = timedelta(seconds=self._config.overlap_seconds)
        async for page in read_records(self._tryton, plan, state, page_size=self._config.page_size, overlap=overlap):
            yield page

    def map(self, stream: Stream, raw: MarketingRaw) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Party | GoneParty):
            return map_party(self.name, stream.name, self._system, raw)
        if isinstance(raw, Gone):
            return self._tombstones(stream, raw)
        if isinstance(raw, Mail):
            return map_mail(self.name, stream.name, RECIPIENTS.name, raw)
        if isinstance(raw, Enrolment):
            return map_unsubscribe(self.name, stream.name, RECIPIENTS.name, raw)
        return map_subscriber(self.name, stream.name, raw)

    def _tombstones(self, stream: Stream, raw: Gone) -> Iterator[Tombstone]:
        endings = (":sent", ":opened", ":clicked") if stream.name == MAILS.name else ("",)
        for ending in endings:
            yield Tombstone(source=self.name, stream=stream.name, id=f"{raw.id}{ending}", deleted_at=raw.noticed_at)


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `tryton_marketing`."""
    registry.add("tryton_marketing", TrytonMarketingConnector)

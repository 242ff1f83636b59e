"""The Tryton CRM: parties as persons and accounts, opportunities with their history as leads and deals."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel

from connectors.chosen_streams import chosen_streams
from connectors.crm.tryton_changes import read_records
from connectors.crm.tryton_opportunities import GoneOpportunity, Opportunity, map_opportunity, opportunities_plan
from connectors.crm.tryton_parties import GoneParty, Party, map_party, parties_plan
from connectors.crm.tryton_rpc import Tryton, TrytonConfig
from connectors.hookspecs import CheckReport, Deletions, Page, State, Stream, StreamKind, hookimpl
from connectors.http import Patience
from connectors.records import Record
from connectors.vendor import VendorConnector

C360_API = ">=1,<2"

PARTIES = Stream(
    name="parties",
    kind=StreamKind.PERSONS,
    cursor_field="write_date",
    deletions=Deletions.TOMBSTONES,
    fields=("name", "contact_mechanisms", "addresses", "relations", "lang", "replaced_by"),
)
OPPORTUNITIES = Stream(
    name="opportunities",
    kind=StreamKind.INTERACTIONS,
    cursor_field="write_date",
    deletions=Deletions.TOMBSTONES,
    fields=("party", "description", "amount", "currency", "state", "employee", "lost_reason"),
)

CrmRaw = Party | GoneParty | Opportunity | GoneOpportunity


class TrytonConnector(VendorConnector):
    """Reads one Tryton database as a CRM."""

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
        self._streams = chosen_streams(name, (PARTIES, OPPORTUNITIES), config.streams)
        self._tryton = Tryton(name, config, transport=transport, patience=patience)
        super().__init__(name, self._streams, self._tryton)
        self._system = system_name(config)

    async def _look(self, details: dict[str, str]) -> CheckReport:
        """Whether the user can log in and read the models of the chosen streams."""
        models = {"parties": "party.party", "opportunities": "sale.opportunity"}
        return await self._tryton.check(*(models[stream.name] for stream in self._streams))

    async def read(self, stream: Stream, state: State | None) -> AsyncIterator[Page[Any]]:
        """Pages of `Party` or `Opportunity`; deletions come as `GoneParty` and `GoneOpportunity`."""
        plan: Any = parties_plan(self._tryton) if stream.name == PARTIES.name else opportunities_plan(self._tryton)
        overlap = timedelta(seconds=self._config.overlap_seconds)
        async for page in read_records(self._tryton, plan, state, page_size=self._config.page_size, overlap=overlap):
            yield page

    def map(self, stream: Stream, raw: CrmRaw) -> Iterable[Record]:
        """The records of one raw."""
        if isinstance(raw, Party | GoneParty):
            return map_party(self.name, stream.name, self._system, raw)
        return map_opportunity(self.name, stream.name, PARTIES.name, raw)


def system_name(config: TrytonConfig) -> str:
    """A name for the database itself, the same in every section that reads it: a party's id is one across them."""
    return f"tryton:{urlsplit(config.url).netloc}/{config.database}"


@hookimpl
def c360_register_connectors(registry: Any) -> None:
    """Offer the connector `tryton`."""
    registry.add("tryton", TrytonConnector)

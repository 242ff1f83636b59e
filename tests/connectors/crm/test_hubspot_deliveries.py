"""What c360 writes to HubSpot: once, to its own contacts alone, and nothing of it is read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api.outgoing import destinations
from api.outgoing.deliveries import Deliverer
from api.outgoing.destinations import SourceDestination
from connectors.crm.hubspot import HubSpotConnector
from connectors.errors import SourceError
from connectors.events import Event
from connectors.hookspecs import Concerned
from connectors.http import Patience
from connectors.records import Person, RecordKey
from graph.deliveries.queue import Wish, list_deliveries
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.contract.wires import DescribedWire
from tests.connectors.crm import stand_in_hubspot
from tests.connectors.crm.stand_in_hubspot import VENDOR, HubSpotStandIn, refusal, said
from tests.connectors.helpdesk.test_zendesk_deliveries import ENTERED, LINK, RAISED

pytestmark = pytest.mark.anyio
OURS = {"c360_customer_id", "c360_segments"}
NOT_DESCRIBED = {
    "POST /crm/v3/objects/tasks/search": "the description searches contacts, companies, deals and tickets",
}


class WritableHubSpot:
    """The stand-in, with the calls that writing takes; `lacks` our properties until somebody defines them."""

    def __init__(self) -> None:
        self.hubspot = HubSpotStandIn()
        self.tasks: list[dict[str, Any]] = []
        self.changed: list[tuple[str, Any]] = []
        self.lacks = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/crm/v3/objects/")
        body = json.loads(request.content) if request.content else {}
        if path == "tasks/search":
            wanted = body["filterGroups"][0]["filters"][0]["value"]
            found = [one for one in self.tasks if one["properties"]["hs_task_subject"] == wanted]
            return httpx.Response(200, json={"total": len(found), "results": [{"id": "1"} for _ in found]})
        if path == "tasks":
            self.tasks.append(body)
            return httpx.Response(201, json={"id": str(len(self.tasks)), "properties": body["properties"]})
        if request.method == "PATCH":
            if self.lacks:
                return refusal(400, "VALIDATION_ERROR", 'Property "c360_segments" does not exist')
            number = path.partition("/")[2]
            self.changed.append((number, body["properties"]))
            thing = self.hubspot.things["contacts"][int(number)]
            thing.properties |= body["properties"]
            thing.modified = self.hubspot.tick()
            answer = {"id": number, "properties": body["properties"], "updatedAt": said(thing.modified)}
            return httpx.Response(200, json=answer)
        return self.hubspot.answer(request)


def _wired(hubspot: WritableHubSpot) -> HubSpotConnector:
    assert VENDOR.description is not None
    wire = DescribedWire(hubspot.answer, VENDOR.description(), {**VENDOR.not_described, **NOT_DESCRIBED})
    connector: HubSpotConnector = VENDOR.connector(wire, Patience(attempts=1))
    return connector


async def _deliver(connector: HubSpotConnector, event: Event, concerned: Concerned) -> list[str]:
    return [key.id async for key, at in connector.deliver(event, concerned) if at is not None]


def _concerned(*numbers: int, segments: tuple[str, ...] = ("VIP",)) -> Concerned:
    records = tuple(RecordKey("hubspot", "contacts", str(number)) for number in numbers)
    return Concerned("Q3VzdG9tZXI6MQ", records, segments, LINK)


async def test_an_alert_becomes_one_task_of_the_contacts() -> None:
    """Due when the alert is, with a link; the same alert makes no second one."""
    hubspot = WritableHubSpot()
    connector = _wired(hubspot)
    for _ in range(2):
        await _deliver(connector, RAISED, _concerned(101, 102))
    await connector.close()

    (task,) = hubspot.tasks
    assert task["properties"]["hs_task_subject"] == "Alert: A detractor (evt_1)"
    assert task["properties"]["hs_timestamp"] == "2026-03-02T09:30:00Z"
    assert LINK in task["properties"]["hs_task_body"]
    assert [one["to"]["id"] for one in task["associations"]] == ["101", "102"]


async def test_a_customers_properties_are_written_when_they_differ() -> None:
    """To each of their contacts; one that is gone is left. They are not read back."""
    hubspot = WritableHubSpot()
    connector = _wired(hubspot)
    told = [
        await _deliver(connector, ENTERED, _concerned(101, 102, 777, segments=segments))
        for segments in (("VIP",), ("VIP",), ())
    ]

    assert told == [["101", "102"], [], ["101", "102"]]
    assert hubspot.changed[0] == ("101", {"c360_customer_id": "Q3VzdG9tZXI6MQ", "c360_segments": "VIP"})

    defined = [{"name": name, "label": name, "hubspotDefined": False} for name in sorted(OURS)]
    patched = {"contacts": [*stand_in_hubspot.PROPERTIES["contacts"], *defined]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stand_in_hubspot, "PROPERTIES", patched)
        (contacts,) = [one for one in await connector.discover() if one.name == "contacts"]
        people = [
            record
            async for page in connector.read(contacts, None)
            for raw in page.raws
            for record in connector.map(contacts, raw)
            if isinstance(record, Person)
        ]
    await connector.close()
    assert len(people) == 10
    assert not any(OURS & set(one.extra) for one in people)


async def test_properties_that_nobody_defined_are_told() -> None:
    """As HubSpot says it, so that an operator can define them; nothing else is written."""
    hubspot = WritableHubSpot()
    hubspot.lacks = True
    connector = _wired(hubspot)

    with pytest.raises(SourceError, match="c360_segments"):
        await _deliver(connector, ENTERED, _concerned(101))
    await _deliver(connector, ENTERED, Concerned("c", (RecordKey("hubspot", "deals", "901"),), ()))
    await connector.close()
    assert hubspot.changed == []


class KilledError(BaseException):
    """Where the process ends: nothing of ours catches it."""


def _killed_before_it_is_noted(monkeypatch: pytest.MonkeyPatch, _hubspot: WritableHubSpot) -> None:
    async def die(*_: object) -> None:
        raise KilledError

    monkeypatch.setattr(destinations, "note_written", die)


def _cut_before_it_is_answered(monkeypatch: pytest.MonkeyPatch, hubspot: WritableHubSpot) -> None:
    good = hubspot.answer

    def answer(request: httpx.Request) -> httpx.Response:
        answered = good(request)
        if request.method == "PATCH":
            raise httpx.ReadError("cut", request=request)
        return answered

    monkeypatch.setattr(hubspot, "answer", answer)


@pytest.mark.parametrize("end", [_killed_before_it_is_noted, _cut_before_it_is_answered])
async def test_a_write_whose_end_nobody_knows_comes_back_as_no_change(
    embedded_store: Store,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[pytest.MonkeyPatch, WritableHubSpot], None],
) -> None:
    """Whether the sync or the repeated delivery is first; what somebody else changes is told as ever."""
    store, hubspot, rules = embedded_store, WritableHubSpot(), Rules(segment=())
    thing = hubspot.hubspot.things["contacts"][101]
    hubspot.hubspot.now = datetime.now(UTC).replace(microsecond=0)

    async def read() -> int:
        source = LandingSource(_wired(hubspot), "hubspot", 0.5)
        await sync([source], store, Rules())
        await source.connector.close()
        return len(await store.read("MATCH (c:Change) WHERE c.batch CONTAINS 'customers_updated' RETURN c.seq"))

    async def deliver() -> None:
        told = SourceDestination(Wish("hubspot", frozenset({"customer"})), _wired(hubspot), "hubspot", None)
        deliverer = Deliverer(store, rules, [told])
        try:
            await deliverer.round(JourneyKeeper(store, rules))
        finally:
            await deliverer.close()

    await deliver()
    await read()
    thing.properties["lastname"], thing.modified = "Quisling", hubspot.hubspot.tick()
    before = await read()
    with monkeypatch.context() as patch:
        end(patch, hubspot)
        try:
            await deliver()
        except KilledError:
            await store.write("MATCH (l:Lease) SET l.until = 0")
    written = len(hubspot.changed)
    assert written, "nothing was written, so nothing comes back"

    assert await read() == before
    await store.write("MATCH (d:Delivery) SET d.next_at = datetime({epochMillis: 0})")
    await deliver()
    assert await list_deliveries(store) == []
    assert await read() == before

    thing.properties["lastname"], thing.modified = "Quist", hubspot.hubspot.tick()
    assert await read() > before

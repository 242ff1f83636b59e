"""What c360 writes to HubSpot: once, to its own contacts alone, and nothing of it is read back."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from connectors.crm.hubspot import HubSpotConnector
from connectors.errors import SourceError
from connectors.events import Event
from connectors.hookspecs import Concerned
from connectors.http import Patience
from connectors.records import Person, RecordKey
from tests.connectors.contract.wires import DescribedWire
from tests.connectors.crm import stand_in_hubspot
from tests.connectors.crm.stand_in_hubspot import VENDOR, HubSpotStandIn, refusal, said
from tests.connectors.helpdesk.test_zendesk_deliveries import ENTERED, LINK, RAISED

pytestmark = pytest.mark.anyio
OURS = {"c360_customer_id", "c360_segments"}
NOT_DESCRIBED = {
    "POST /crm/v3/objects/tasks/search": "the description searches contacts, companies, deals and tickets",
    "POST /crm/v3/objects/contacts/batch/read": "the description reads one contact",
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
    return [key.id async for key, _ in connector.deliver(event, concerned)]


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

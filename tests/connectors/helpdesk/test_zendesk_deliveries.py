"""What c360 writes to Zendesk: once, to its own users alone, and nothing of it comes back as news."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from api.outgoing.deliveries import Deliverer
from api.outgoing.destinations import SourceDestination
from connectors.errors import SourceRefused
from connectors.events import ABOUT, AlertClosed, AlertRaised, Event, SegmentEntered
from connectors.helpdesk.zendesk import ZendeskConnector
from connectors.hookspecs import Concerned
from connectors.http import Patience
from connectors.records import RecordKey
from graph.deliveries.queue import Wish, list_deliveries
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.segments.rules import Condition, SegmentRule
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.contract.wires import DescribedWire
from tests.connectors.helpdesk.stand_in_zendesk import ALMA, MARA, VENDOR, ZendeskStandIn, connected, filled

pytestmark = pytest.mark.anyio
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RAISED = AlertRaised(
    id="evt_1", at=AT, alert_id="QWxlcnQ6MQ", customer_id="Q3VzdG9tZXI6MQ", rule="A detractor", condition="low_score",
    owner="Ines Marl", since=AT, due_at=AT, evidence={"score": 2},
)  # fmt: skip
ENTERED = SegmentEntered(id="evt_2", at=AT, customer_id="Q3VzdG9tZXI6MQ", segment="VIP")
LINK = "https://c360.acme.example/graphiql?query=x"


class WritableZendesk:
    """The stand-in, with the four calls that writing takes."""

    def __init__(self, zendesk: ZendeskStandIn) -> None:
        self.zendesk = zendesk
        self.writes: list[tuple[str, Any]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2/")
        first, _, rest = path.removesuffix(".json").partition("/")
        body = json.loads(request.content) if request.content else None
        if path == "tickets.json" and body is None:
            wanted = request.url.params["external_id"]
            found = [one for one in self.zendesk.tickets.values() if one.get("external_id") == wanted]
            return httpx.Response(200, json={"tickets": found})
        if path == "tickets.json":
            self.writes.append((request.headers["idempotency-key"], body["ticket"]))
            said = {name: body["ticket"][name] for name in ("subject", "external_id", "tags", "type")}
            number = self.zendesk.ticket(900 + len(self.writes), ALMA, body["ticket"]["comment"]["body"], **said)
            return httpx.Response(201, json={"ticket": self.zendesk.tickets[number]})
        if first == "users" and rest.isdigit():
            user = self.zendesk.users.get(int(rest))
            if user is None:
                return httpx.Response(404, json={"error": "RecordNotFound"})
            if body is not None:
                self.writes.append((rest, body["user"]))
                user["user_fields"] = user["user_fields"] | body["user"]["user_fields"]
                user["updated_at"] = self.zendesk.tick()
                self.zendesk.tick()
            return httpx.Response(200, json={"user": user})
        return self.zendesk.answer(request)


def _concerned(*numbers: int, segments: tuple[str, ...] = ("VIP",)) -> Concerned:
    records = tuple(RecordKey("zendesk", "users", str(number)) for number in numbers)
    return Concerned("Q3VzdG9tZXI6MQ", records, segments, LINK)


async def _deliver(connector: ZendeskConnector, event: Event, concerned: Concerned) -> list[str]:
    return [key.id async for key, _ in connector.deliver(event, concerned)]


def _wired(zendesk: WritableZendesk) -> ZendeskConnector:
    assert VENDOR.description is not None
    return connected(DescribedWire(zendesk.answer, VENDOR.description(), VENDOR.not_described), Patience(attempts=1))


async def test_an_alert_becomes_one_ticket_for_agents() -> None:
    """Private, asked by the agent whose token it is, with a link; the same alert makes no second one."""
    zendesk = WritableZendesk(filled())
    connector = _wired(zendesk)
    for _ in range(2):
        await _deliver(connector, RAISED, _concerned(MARA))
    await connector.close()

    ((key, ticket),) = zendesk.writes
    assert (key, ticket["external_id"]) == ("evt_1", "c360:QWxlcnQ6MQ")
    assert ticket["comment"]["public"] is False
    assert "requester_id" not in ticket
    assert f"Customer: {LINK}" in ticket["comment"]["body"]
    assert f"/agent/users/{MARA}" in ticket["comment"]["body"]


async def test_a_customers_fields_are_written_when_they_differ() -> None:
    """To each of their users; one that is deleted meanwhile is left."""
    zendesk = WritableZendesk(filled())
    connector = _wired(zendesk)
    for segments in (("VIP",), ("VIP",), ()):
        await _deliver(connector, ENTERED, _concerned(MARA, MARA + 1, 777_777, segments=segments))
    await connector.close()

    assert [one for one, _ in zendesk.writes] == [str(MARA), str(MARA + 1)] * 2
    assert zendesk.zendesk.users[MARA]["user_fields"] == {"c360_customer_id": "Q3VzdG9tZXI6MQ", "c360_segments": ""}


@pytest.mark.parametrize(
    ("event", "stream"),
    [
        (RAISED, "tickets"),
        (AlertClosed(id="e", at=AT, alert_id="a", customer_id="c", rule="r", owner=None, outcome=None), "users"),
    ],
)
async def test_what_concerns_none_of_its_users_writes_nothing(event: Event, stream: str) -> None:
    """Nor does what has no form in Zendesk."""
    zendesk = WritableZendesk(filled())
    connector = _wired(zendesk)
    await _deliver(connector, event, Concerned("c", (RecordKey("zendesk", stream, "1"),), ()))
    await connector.close()

    assert zendesk.writes == []
    assert zendesk.zendesk.asked == []


async def test_a_token_that_may_not_write_is_told() -> None:
    """With the method and path, so that an operator knows what it lacks."""

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403, json={"error": "Forbidden"})

    connector = connected(httpx.MockTransport(answer), Patience(attempts=1))
    with pytest.raises(SourceRefused, match=r"users/101\.json"):
        await _deliver(connector, ENTERED, _concerned(MARA))
    await connector.close()


async def test_our_own_writes_are_no_news(embedded_store: Store) -> None:
    """Fields of ours and tickets of ours are read without a change; so the writing ends by itself."""
    store = embedded_store
    zendesk = WritableZendesk(filled())
    busy = SegmentRule("busy", "Busy", all=(Condition(kinds=("ticket.created",), at_least=1),))
    rules = Rules(segment=(busy,))
    about = frozenset(ABOUT) - {"interactions"}
    keeper = JourneyKeeper(store, rules)

    async def read() -> None:
        source = LandingSource(_wired(zendesk), "zendesk", 0.5)
        await sync([source], store, Rules())
        await source.connector.close()

    desk = SourceDestination(Wish("desk", about), _wired(zendesk), "zendesk", None)
    deliverer = Deliverer(store, rules, [desk])
    await deliverer.round(keeper)
    await read()
    zendesk.zendesk.users[MARA + 1] |= {"name": "Marta Changed", "updated_at": zendesk.zendesk.tick()}
    zendesk.zendesk.tick()
    await read()
    await deliverer.round(keeper)
    assert zendesk.writes
    assert await list_deliveries(store) == []
    many = len(zendesk.writes)
    before = await _said(store)

    for _ in range(2):
        await read()
        await deliverer.round(keeper)
    await deliverer.close()

    assert len(zendesk.writes) == many
    assert await _said(store) == before


async def _said(store: Store) -> list[list[Any]]:
    return await store.read("MATCH (c:Change) WHERE c.batch CONTAINS 'customers_updated' RETURN c.seq ORDER BY c.seq")

"""Who was in charge of contacts and companies before: told once, asked for only where there may be somebody."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.crm.hubspot import HubSpotConnector
from connectors.hookspecs import State
from connectors.records import BusinessFunction, Direction, Interaction, Precision, Tombstone
from tests.connectors.contract.readings import joined, read, stream_of
from tests.connectors.crm.stand_in_hubspot import HubSpotStandIn, Thing, refusal
from tests.connectors.crm.test_hubspot import connected, reading
from tests.connectors.crm.test_hubspot_webhooks import connected as pushed_to
from tests.connectors.crm.test_hubspot_webhooks import push

pytestmark = pytest.mark.anyio
BATCH = "POST /crm/v3/objects/contacts/batch/read"


@pytest.fixture
def hubspot() -> HubSpotStandIn:
    return HubSpotStandIn()


@pytest.fixture
def asked(hubspot: HubSpotStandIn) -> list[list[str]]:
    """The ids of each batch of which a history was asked."""
    batches: list[list[str]] = []
    answer = hubspot.answer

    def seen(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("contacts/batch/read"):
            body = json.loads(request.content)
            assert body["propertiesWithHistory"] == ["hubspot_owner_id"]
            batches.append([one["id"] for one in body["inputs"]])
        return answer(request)

    hubspot.answer = seen
    return batches


def crm_of(hubspot: HubSpotStandIn, **settings: Any) -> HubSpotConnector:
    return connected(hubspot, [], **settings)


def given(hubspot: HubSpotStandIn, thing: Thing, owner: str | None) -> None:
    hubspot.set(thing, "hubspot_owner_id", owner)


async def changes(crm: HubSpotConnector, name: str, state: State | None = None) -> list[Interaction]:
    """All changes of owner, in time."""
    found = (await reading(crm, name, state)).records.values()
    mine = [one for one in found if isinstance(one, Interaction) and one.kind == "customer.reassigned"]
    return sorted(mine, key=lambda one: one.occurred_at)


async def test_each_new_owner_of_a_contact_is_told(hubspot: HubSpotStandIn) -> None:
    """By name and team, with who had it before and when; the first owner is nobody's successor."""
    contact = hubspot.things["contacts"][101]
    given(hubspot, contact, "72")
    first = hubspot.now
    given(hubspot, contact, "73")
    given(hubspot, contact, "71")

    told = [one for one in await changes(crm_of(hubspot), "contacts") if one.person == "crm/contacts/101"]

    assert [(one.agent, one.team, one.extra) for one in told] == [
        ("bo@acme.example", None, {"from_agent": "Ada Sells", "from_team": "New business"}),
        ("Cy Left", None, {"from_agent": "bo@acme.example"}),
        ("Ada Sells", "New business", {"from_agent": "Cy Left"}),
    ]
    assert [one.occurred_at - first for one in told] == [timedelta(minutes=n) for n in range(3)]
    assert told[0].id == f"101:customer.reassigned:{round(first.timestamp() * 1000)}"
    assert (told[0].function, told[0].direction) == (BusinessFunction.SALES, Direction.INTERNAL)
    assert told[0].precision is Precision.MILLISECOND
    assert told[0].source_url == "https://app-eu1.hubspot.com/contacts/4711/record/0-1/101"


async def test_a_company_s_new_owner_is_told_of_the_account(hubspot: HubSpotStandIn) -> None:
    """There is no person to it."""
    (told,) = await changes(crm_of(hubspot), "companies")

    assert (told.account, told.person) == ("crm/companies/502", None)
    assert (told.agent, told.extra["from_agent"]) == ("bo@acme.example", "Ada Sells")
    assert told.source_url == "https://app-eu1.hubspot.com/contacts/4711/record/0-2/502"


async def test_nobody_in_between_is_no_owner(hubspot: HubSpotStandIn) -> None:
    """Taken away and given to another is one change, given back is none; a contact without an owner had its own."""
    to_another, back, left = (hubspot.things["contacts"][number] for number in (101, 102, 103))
    for thing, owners in ((to_another, (None, "72")), (back, (None, "71")), (left, ("72", None))):
        for owner in owners:
            given(hubspot, thing, owner)

    told = [one for one in await changes(crm_of(hubspot), "contacts") if one.person != "crm/contacts/110"]

    assert [(one.person, one.agent) for one in told] == [
        ("crm/contacts/101", "bo@acme.example"),
        ("crm/contacts/103", "bo@acme.example"),
    ]


async def test_who_has_had_one_owner_only_costs_no_call(hubspot: HubSpotStandIn, asked: list[list[str]]) -> None:
    """One made with its owner, and one that nobody owns; without a date of the owner, HubSpot is asked."""
    contacts = hubspot.things["contacts"]
    contacts[102].properties |= {"hubspot_owner_id": None, "hubspot_owner_assigneddate": None}
    contacts[104].properties["hubspot_owner_assigneddate"] = None
    contacts[105].properties["hubspot_owner_assigneddate"] = f"{contacts[105].made:%Y-%m-%dT%H:%M:%S}.9Z"
    contacts[106].properties["hubspot_owner_assigneddate"] = "some day"

    await reading(crm_of(hubspot), "contacts")

    assert asked == [["104", "106"], ["110"]]


async def test_a_page_of_histories_is_asked_for_fifty_at_a_time(
    hubspot: HubSpotStandIn, asked: list[list[str]]
) -> None:
    """More at once are refused."""
    for number in sorted(hubspot.many(120), key=int):
        hubspot.set(hubspot.things["contacts"][int(number)], "hubspot_owner_id", "71")
        given(hubspot, hubspot.things["contacts"][int(number)], "72")

    told = await changes(crm_of(hubspot), "contacts")

    assert len(told) == 121
    assert [len(batch) for batch in asked if len(batch) > 3] == [50, 41]


async def test_a_new_change_of_owner_is_told_by_the_next_reading_and_by_a_push_alike(hubspot: HubSpotStandIn) -> None:
    """Under the ids of before; a first load tells the same."""
    crm = crm_of(hubspot)
    before = await changes(crm, "contacts")
    state = (await reading(crm, "contacts")).state
    hubspot.tick(60)
    given(hubspot, hubspot.things["contacts"][110], "73")

    again = await changes(crm, "contacts", state)
    event = {"subscriptionType": "contact.propertyChange", "objectId": 110, "propertyName": "hubspot_owner_id"}
    pushed = await pushed_to(hubspot).webhook(push(event))

    assert [one.agent for one in again] == ["bo@acme.example", "Cy Left"]
    assert again[:1] == before
    assert [one for one in pushed if isinstance(one, Interaction)] == again
    assert await changes(crm, "contacts") == again


async def test_an_archived_contact_takes_its_changes_of_owner_with_it(hubspot: HubSpotStandIn) -> None:
    """HubSpot still knows the history of what it keeps for ninety days; of others' it is not asked."""
    crm = crm_of(hubspot)
    (change,) = await changes(crm, "contacts")
    state = (await reading(crm, "contacts")).state
    hubspot.things["contacts"][110].archived = hubspot.tick()

    gone = (await reading(crm, "contacts", state)).records.values()

    assert {one.id for one in gone if isinstance(one, Tombstone)} == {"110", change.id}


async def test_former_owners_can_be_left_out(hubspot: HubSpotStandIn) -> None:
    """Then a page is one call, and deals tell theirs as ever."""
    crm = crm_of(hubspot, former_owners=False)
    given(hubspot, hubspot.things["deals"][901], "72")

    assert await changes(crm, "contacts") == []
    assert await changes(crm, "companies") == []
    assert not [one for one in hubspot.asked if "batch" in one]
    deals = (await reading(crm, "deals")).records.values()
    assert [one.agent for one in deals if getattr(one, "kind", "") == "deal.reassigned"] == ["bo@acme.example"] * 2


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda: refusal(500, "ERROR", "internal"), "500"),
        (lambda: refusal(429, "RATE_LIMITS", "slow down"), "429"),
        (lambda: refusal(403, "MISSING_SCOPES", "no"), "403"),
        (lambda: httpx.Response(200, content=b'{"results":[{"id'), "batch/read"),
        (lambda: httpx.Response(200, html="<p>Sorry</p>"), "batch/read"),
    ],
    ids=["500", "429", "403", "cut", "html"],
)
async def test_a_history_that_does_not_come_stops_the_reading_and_loses_nothing(
    hubspot: HubSpotStandIn, broken: Callable[[], httpx.Response], says: str
) -> None:
    """The page is not passed over: the next reading goes on there and tells all that a whole one tells."""
    whole = await reading(crm_of(hubspot), "contacts")
    good = hubspot.answer

    def answer(request: httpx.Request) -> httpx.Response:
        return broken() if request.url.path.endswith("contacts/batch/read") else good(request)

    crm = crm_of(hubspot)
    hubspot.answer = answer
    cut = await read(crm_of(hubspot), await stream_of(crm, "contacts"))
    hubspot.answer = good
    rest = await reading(crm, "contacts", cut.state)

    assert says in str(cut.error)
    assert "[crm]" in str(cut.error)
    assert "110" not in cut.ids
    assert joined(cut, rest) == whole.records


async def test_a_contact_that_goes_before_its_history_is_read_is_told_without(
    hubspot: HubSpotStandIn,
) -> None:
    """Nothing is refused for it; that it is gone, the archive says."""
    good = hubspot.answer

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("contacts/batch/read"):
            hubspot.things["contacts"][110].archived = hubspot.now
        return good(request)

    hubspot.answer = answer
    found = await reading(crm_of(hubspot), "contacts")

    assert "110" in found.ids
    assert not [one for one in found.records.values() if getattr(one, "kind", "") == "customer.reassigned"]
    assert found.refused == []

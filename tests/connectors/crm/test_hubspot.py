"""The HubSpot connector against HubSpot's wire: what becomes of its objects, and how it stays polite.

Faults, kills, changes while reading and 10,001 contacts of one moment are tests/connectors/contract's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import SecretStr, ValidationError

from connectors.crm.hubspot import HubSpotConfig, HubSpotConnector
from connectors.crm.hubspot_forms import FORM_SUBMISSIONS
from connectors.hookspecs import State
from connectors.http import Patience
from connectors.records import Account, Channel, Direction, Identifiers, Interaction, Person, Precision, Tombstone
from tests.connectors.contract.readings import Reading, read, stream_of
from tests.connectors.crm.stand_in_hubspot import TOKEN, HubSpotStandIn, Thing
from tests.connectors.folders import connector, records, write

pytestmark = pytest.mark.anyio


@pytest.fixture
def hubspot() -> HubSpotStandIn:
    return HubSpotStandIn()


@pytest.fixture
def waits() -> list[float]:
    """How long the connector waited for its budgets, each time."""
    return []


@pytest.fixture
async def crm(hubspot: HubSpotStandIn, waits: list[float]) -> AsyncIterator[HubSpotConnector]:
    connector = connected(hubspot, waits)
    yield connector
    await connector.close()


def connected(hubspot: HubSpotStandIn, waits: list[float], **settings: Any) -> HubSpotConnector:
    async def wait(seconds: float) -> None:
        waits.append(seconds)

    config = HubSpotConfig(access_token=SecretStr(TOKEN), **settings)
    transport = httpx.MockTransport(hubspot.answer)
    return HubSpotConnector("crm", config, transport=transport, patience=Patience(attempts=1, sleep=wait))


async def reading(crm: HubSpotConnector, name: str, state: State | None = None) -> Reading:
    found = await read(crm, await stream_of(crm, name), state)
    assert found.error is None, found.error
    return found


async def told(crm: HubSpotConnector, name: str, number: int, state: State | None = None) -> list[Any]:
    """The records whose id begins with the number, in the order they happened."""
    found = (await reading(crm, name, state)).records.values()
    mine = [one for one in found if one.id.partition(":")[0] == str(number)]
    return sorted(mine, key=lambda one: getattr(one, "occurred_at", datetime.min.replace(tzinfo=UTC)))


def contact(hubspot: HubSpotStandIn, number: int = 101) -> Thing:
    return hubspot.things["contacts"][number]


async def test_a_contact_becomes_a_person(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """Addresses, owner and team by name, one's own properties, opt-outs by the name of the subscription."""
    contact(hubspot).properties |= {
        "hs_additional_emails": "m@home.example;c101@nordl.example",
        "mobilephone": "+46 70 1",
        "city": "Malmö",
        "country": "Sweden",
        "date_of_birth": "1980-02-29",
        "hs_timezone": "europe_slash_stockholm",
        "hs_email_optout": "false",
        "hs_email_optout_42": "true",
        "favourite_colour": "teal",
        "old_field": "x",
        "hs_lead_status": "OPEN",
        "hs_lifecyclestage_lead_date": "2025-01-07T10:00:00.000Z",
        "hs_lifecyclestage_salesqualifiedlead_date": "2025-01-09T10:00:00Z",
        "jobtitle": " ",
    }
    person, *moments = await told(crm, "contacts", 101)

    assert isinstance(person, Person)
    assert [one.value for one in person.emails] == ["c101@nordl.example", "m@home.example"]
    assert person.phones[0].country == "SE"
    assert (person.owner, person.team, person.account_id) == ("Ada Sells", "New business", "crm/companies/501")
    assert (person.birth_date.isoformat(), person.timezone) == ("1980-02-29", "Europe/Stockholm")
    assert [(one.purpose, one.status) for one in person.consents] == [("Newsletter", "REVOKED")]
    assert person.extra == {"favourite_colour": "teal"}
    assert person.job_title is None
    assert person.source_url == "https://app-eu1.hubspot.com/contacts/4711/record/0-1/101"
    assert [(one.kind, one.occurred_at.day) for one in moments] == [("lead.created", 7), ("lead.accepted", 9)]


async def test_more_of_hubspot_s_own_properties_are_kept_when_asked_for(
    hubspot: HubSpotStandIn, waits: list[float]
) -> None:
    """`extra_properties` adds to what the company defined itself."""
    contact(hubspot).properties |= {"hs_lead_status": "OPEN"}
    crm = connected(hubspot, waits, extra_properties=("hs_lead_status",))

    (person,) = await told(crm, "contacts", 101)

    assert person.extra == {"hs_lead_status": "OPEN"}


async def test_a_merged_contact_is_known_by_both_numbers_until_it_is_unmerged(
    hubspot: HubSpotStandIn, crm: HubSpotConnector
) -> None:
    """Losers of both lists are merged into the winner; one that HubSpot has again is itself again."""
    loser = hubspot.things["contacts"].pop(102)
    hubspot.set(contact(hubspot), "hs_calculated_merged_vids", "102:1545155456000;88:1545155456789")
    hubspot.set(contact(hubspot), "hs_merged_object_ids", "102;99")

    merged = await reading(crm, "contacts")

    into = {one.id: one.merged_into for one in merged.records.values() if getattr(one, "merged_into", None)}
    assert into == {"102": "101", "99": "101", "88": "101"}

    hubspot.set(contact(hubspot), "hs_calculated_merged_vids", None)
    hubspot.set(contact(hubspot), "hs_merged_object_ids", None)
    hubspot.things["contacts"][102] = loser
    loser.modified = hubspot.tick()
    again = await reading(crm, "contacts", merged.state)

    back = again.records["Person", "contacts", "102"]
    assert isinstance(back, Person)
    assert back.merged_into is None
    assert back.emails


async def test_a_company_becomes_an_account(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """With its size as a number, its parent, and the companies merged into it."""
    company = hubspot.things["companies"][502]
    company.properties |= {"hs_parent_company_id": "501", "hs_merged_object_ids": "498", "hubspot_owner_id": "99"}

    found = await reading(crm, "companies")

    account = found.records["Account", "companies", "502"]
    assert isinstance(account, Account)
    assert (account.size, account.parent_id, account.owner) == (12, "crm/companies/501", "99")
    assert found.records["Account", "companies", "498"].merged_into == "502"


async def test_a_deal_s_history_becomes_its_journey(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """Stages by label with the owner of that time, one of them twice; a new owner; the reason it was won."""
    deal = hubspot.things["deals"][901]
    hubspot.set(deal, "dealstage", "contractsent")
    hubspot.set(deal, "hubspot_owner_id", "72", at=hubspot.tick(60))
    hubspot.set(deal, "dealstage", "appointmentscheduled")
    hubspot.set(deal, "dealstage", "contractsent")
    hubspot.set(deal, "dealstage", "closedwon")
    deal.properties |= {"closed_won_reason": "Price", "closedate": "2030-01-01T00:00:00Z"}

    events = [one for one in await told(crm, "deals", 901) if one.person == "crm/contacts/102"]

    assert [(one.kind, one.topic, one.agent) for one in events] == [
        ("deal.created", None, "Ada Sells"),
        ("deal.stage_changed", "Contract sent", "Ada Sells"),
        ("deal.reassigned", None, "bo@acme.example"),
        ("deal.stage_changed", "Appointment scheduled", "bo@acme.example"),
        ("deal.stage_changed", "Contract sent", "bo@acme.example"),
        ("deal.won", "Closed won", "bo@acme.example"),
    ]
    assert events[0].extra == {"pipeline": "Sales pipeline", "stage": "Appointment scheduled"}
    assert events[2].extra["from_agent"] == "Ada Sells"
    assert (events[-1].reason, events[-1].amount, events[-1].currency) == ("Price", 1200.5, "EUR")
    assert events[-1].occurred_at == hubspot.now
    assert len({one.id for one in events}) == len(events)
    assert {one.deal for one in events} == {"crm/901"}


async def test_a_lost_deal_is_lost_by_its_stage_s_meaning(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """A closed stage without a chance is a loss, whatever it is called; one that was left again is none."""
    lost, reopened = hubspot.things["deals"][901], hubspot.things["deals"][902]
    hubspot.set(lost, "dealstage", "9412")
    hubspot.set(reopened, "dealstage", "9412")
    hubspot.set(reopened, "dealstage", "contractsent")

    assert [one.kind for one in await told(crm, "deals", 901)][-1] == "deal.lost"
    assert [one.kind for one in await told(crm, "deals", 902)] == ["deal.created", "deal.stage_changed"]


async def test_an_export_of_the_account_tells_the_same(
    hubspot: HubSpotStandIn, crm: HubSpotConnector, tmp_path: Path
) -> None:
    """A contact and a deal are the same records, under the same ids, whichever way they came."""
    deal = hubspot.things["deals"][901]
    created = f"{deal.made:%Y-%m-%d %H:%M}"
    hubspot.set(deal, "dealstage", "contractsent")
    sent = f"{hubspot.now:%Y-%m-%d %H:%M}"
    hubspot.set(deal, "dealstage", "closedwon")
    won = f"{hubspot.now:%Y-%m-%d %H:%M}"
    write(
        tmp_path,
        "contacts.csv",
        "Record ID,First Name,Last Name,Email,Lifecycle Stage,Contact owner,HubSpot Team,Associated Company IDs\n"
        "101,Nr101,Quist,c101@nordl.example,Lead,Ada Sells,New business,501\n",
    )
    write(
        tmp_path,
        "deals.csv",
        "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Deal owner,HubSpot Team,Associated Contact IDs,"
        "Associated Company IDs,Create Date,Close Date,Date entered 'Appointment scheduled (Sales pipeline)',"
        "Date entered 'Contract sent (Sales pipeline)',Date entered 'Closed won (Sales pipeline)'\n"
        f"901,Deal 901,Closed won,Sales pipeline,1200.50,EUR,Ada Sells,New business,101;102,501,"
        f"{created},{won},{created},{sent},{won}\n",
    )
    files = connector(
        tmp_path,
        {"path": "contacts.csv", "format": "hubspot-contacts"},
        {"path": "deals.csv", "format": "hubspot-deals"},
    )
    only_the_api_s = {"source_url": None, "created_at": None, "updated_at": None, "extra": {}}

    (exported,) = await records(files, "contacts")
    (asked,) = await told(crm, "contacts", 101)
    assert msgspec.structs.replace(asked, **only_the_api_s) == exported

    of_export = {one.id: one for one in await records(files, "deals")}
    of_api = {
        one.id: msgspec.structs.replace(one, source_url=None, precision=Precision.SECOND, extra={"pipeline": "x"})
        for one in await told(crm, "deals", 901)
    }
    assert of_api == {id: msgspec.structs.replace(one, extra={"pipeline": "x"}) for id, one in of_export.items()}
    assert len(of_api) == 6


async def test_a_deal_of_a_company_alone_is_the_company_s_and_one_of_nobody_s_is_not_told(
    crm: HubSpotConnector,
) -> None:
    """Nothing is refused: deals without anybody are ordinary."""
    (company_s,) = await told(crm, "deals", 903)

    assert (company_s.person, company_s.account) == (None, "crm/companies/502")
    assert await told(crm, "deals", 904) == []


async def test_an_archived_deal_takes_its_interactions_with_it(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """The deal as a whole is gone, though HubSpot no longer says whose it was; and it is told once."""
    first = await reading(crm, "deals")
    deal = hubspot.things["deals"][901]
    deal.archived, deal.links = hubspot.tick(), {}

    second = await reading(crm, "deals", first.state)
    hubspot.things["deals"][902].archived = hubspot.tick(60)
    third = await reading(crm, "deals", second.state)
    fourth = await reading(crm, "deals", third.state)

    def gone(found: Reading) -> list[tuple[str, str | None]]:
        return [(one.id, one.matter) for one in found.records.values() if isinstance(one, Tombstone)]

    assert gone(second) == [("901", "deal")]
    assert gone(third) == [("901", "deal"), ("902", "deal")]
    assert gone(fourth) == [("902", "deal")], "beyond the overlap it was told for good"


async def test_an_archived_call_takes_its_interactions_with_it(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """A tombstone for each contact that HubSpot still associates with it."""
    first = await reading(crm, "calls")
    hubspot.things["calls"][1001].archived = hubspot.tick()

    second = await reading(crm, "calls", first.state)

    assert [one.id for one in second.records.values() if isinstance(one, Tombstone)] == ["1001:101"]


async def test_a_form_s_submissions_say_what_was_asked_for(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """By common names; who names neither address nor number is a Rejection; new ones alone are read again."""
    hubspot.tick(60)
    hubspot.submit(None, company_size="12")
    hubspot.tick()
    hubspot.submit("c101@nordl.example", company_size="12", phone="+46 1")

    first = await reading(crm, "form-submissions")

    newest = next(one for one in first.records.values() if isinstance(one, Interaction) and one.extra)
    assert newest.requested_fields == ("email", "given_name", "company_size")
    assert newest.person == Identifiers(email="c101@nordl.example", phone="+46 1", full_name="Web")
    assert newest.extra == {"company_size": "12"}
    assert ["names nobody" in one for one in first.refused] == [True]

    hubspot.tick(60)
    hubspot.submit("new@x.example")
    hubspot.asked.clear()
    second = await reading(crm, "form-submissions", first.state)
    begun = crm.state_at(FORM_SUBMISSIONS, newest.occurred_at + timedelta(minutes=30))
    assert (await reading(crm, "form-submissions", begun)).ids == second.ids - {newest.id}
    new = [one for key, one in second.records.items() if key not in first.records]
    assert [one.person.email for one in new if isinstance(one, Interaction)] == ["new@x.example"]
    assert len(second.records) < len(first.records), "only the overlap is read again"


async def test_engagements_are_told_as_the_customer_experienced_them(
    hubspot: HubSpotStandIn, crm: HubSpotConnector
) -> None:
    """Direction, length and place of calls, meetings, e-mails and notes; words without their HTML."""
    hubspot.engagement("calls", 1, [101, 102], hs_call_direction="INBOUND", hs_call_duration="90000")
    meeting = {"hs_meeting_location": "https://zoom.example/j/1", "hs_meeting_outcome": "COMPLETED"}
    times = {"hs_meeting_start_time": "2025-03-03T10:00:00Z", "hs_meeting_end_time": "2025-03-03T10:30:00Z"}
    hubspot.engagement("meetings", 2, [101], **meeting, **times)
    hubspot.engagement("emails", 3, [101], hs_email_direction="EMAIL", hs_email_status="SENT", hs_email_subject="Hi")
    hubspot.engagement("emails", 4, [101], hs_email_direction="EMAIL", hs_email_status="DRAFT")
    hubspot.engagement("notes", 5, [], hs_note_body="<div>One</div><div>two&nbsp;three</div>")

    calls = await told(crm, "calls", 1)
    (held,) = await told(crm, "meetings", 2)
    (email,) = await told(crm, "emails", 3)
    drafts = await told(crm, "emails", 4)
    (note,) = await told(crm, "notes", 5)

    assert [one.person for one in calls] == ["crm/contacts/101", "crm/contacts/102"]
    assert {one.activity_id for one in calls} == {"crm/calls/1"}
    assert (calls[0].direction, calls[0].ended_at - calls[0].occurred_at) == (Direction.INBOUND, timedelta(seconds=90))
    assert (held.channel, held.occurred_at.hour, held.ended_at.minute) == (Channel.WEB, 10, 30)
    assert (email.kind, email.direction, email.subject) == ("conversation.message", Direction.OUTBOUND, "Hi")
    assert not [one for one in drafts if isinstance(one, Interaction)]
    assert (note.kind, note.direction, note.person) == ("note.written", Direction.INTERNAL, None)
    assert note.text == "One\ntwo three"


async def test_a_meeting_that_turns_out_not_to_be_held_is_taken_back(
    hubspot: HubSpotStandIn, crm: HubSpotConnector
) -> None:
    """Its interactions become tombstones; held after all, they come back."""
    meeting = hubspot.things["meetings"][1001]
    hubspot.set(meeting, "hs_meeting_outcome", "NO_SHOW")
    (gone,) = await told(crm, "meetings", 1001)
    hubspot.set(meeting, "hs_meeting_outcome", "COMPLETED")
    (held,) = await told(crm, "meetings", 1001)

    assert isinstance(gone, Tombstone)
    assert isinstance(held, Interaction)
    assert gone.id == held.id


async def test_a_contact_of_another_shape_is_refused_alone(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """It is a Rejection with its number; the others of its page are read."""
    contact(hubspot).properties["lastname"] = {"first": "x"}
    contact(hubspot, 102).properties["hs_lifecyclestage_lead_date"] = "soon"

    found = await reading(crm, "contacts")

    assert [one.split(":")[0] for one in found.refused] == ["contacts 101", "102"]
    assert {"103", "104"} <= found.ids


async def test_hundreds_of_properties_do_not_make_an_address_too_long(
    hubspot: HubSpotStandIn, crm: HubSpotConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are asked for in a body; each contact comes with all it says."""
    from tests.connectors.crm import stand_in_hubspot

    many = [{"name": f"a_property_of_our_own_number_{n:04}", "hubspotDefined": False} for n in range(600)]
    monkeypatch.setitem(stand_in_hubspot.PROPERTIES, "contacts", many)
    for thing in hubspot.things["contacts"].values():
        thing.properties[str(many[-1]["name"])] = str(thing.id)
    longest = 0
    answer = hubspot.answer

    def measured(request: httpx.Request) -> httpx.Response:
        nonlocal longest
        longest = max(longest, len(str(request.url)))
        return answer(request)

    monkeypatch.setattr(hubspot, "answer", measured)
    found = await reading(connected(hubspot, []), "contacts")

    assert {one.id: list(one.extra.values()) for one in found.records.values() if isinstance(one, Person)} == {
        str(number): [str(number)] for number in range(101, 111)
    }
    assert longest < 8_000


async def test_missing_scopes_are_named_with_what_to_do(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """The check says which scopes to grant, or which streams can be read without."""
    hubspot.refused |= {"objects/deals", "properties/companies", "marketing/v3/forms"}

    report = await crm.check()

    assert not report.ok
    assert (
        "[crm] the token of account 4711 lacks scopes: crm.schemas.companies.read (for companies), "
        "crm.objects.deals.read (for deals), forms (for form-submissions). Grant them" in report.message
    )
    assert "streams = ['contacts', 'emails', 'calls', 'meetings', 'notes']" in report.message


async def test_searches_are_made_four_a_second(
    hubspot: HubSpotStandIn, crm: HubSpotConnector, waits: list[float]
) -> None:
    """The fifth of a second waits, as HubSpot asks; lists have a budget of their own."""
    first = await reading(crm, "contacts")
    hubspot.tick(60)
    for number in range(102, 110):
        hubspot.set(contact(hubspot, number), "jobtitle", "x", at=hubspot.now)

    waits.clear()
    await reading(crm, "contacts", first.state)

    assert len(waits) >= 1
    assert max(waits) <= 2


async def test_hubspot_s_own_headers_are_obeyed(hubspot: HubSpotStandIn, waits: list[float]) -> None:
    """When it says that nothing of the interval is left, nobody asks before the interval is over."""
    good = hubspot.answer

    def answer(request: httpx.Request) -> httpx.Response:
        response = good(request)
        left = {"X-HubSpot-RateLimit-Remaining": "0", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}
        response.headers.update(left if request.url.path.endswith("details") else {})
        return response

    hubspot.answer = answer
    await connected(hubspot, waits).check()

    assert [round(one) for one in waits][:1] == [10]


async def test_a_search_that_repeats_itself_ends_the_stream(hubspot: HubSpotStandIn, crm: HubSpotConnector) -> None:
    """HubSpot ignoring the filter by id is found out at the second page."""
    first = await reading(crm, "contacts")
    hubspot._matching = lambda _kind, rows, _condition: rows

    again = await read(crm, await stream_of(crm, "contacts"), first.state)

    assert "[crm] contacts: HubSpot's cursor 103 does not move" in str(again.error)


def test_a_mistake_in_the_section_shows_no_token() -> None:
    """A key that nobody knows is refused, and the token is in no text."""
    with pytest.raises(ValidationError) as error:
        HubSpotConfig.model_validate({"access_token": TOKEN, "portal": 1})

    assert "portal" in str(error.value)
    assert TOKEN not in repr(HubSpotConfig(access_token=SecretStr(TOKEN)))

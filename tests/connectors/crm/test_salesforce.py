"""The Salesforce connector: sessions, first loads, and what each object becomes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr, ValidationError

from connectors.crm.salesforce import SalesforceConfig, SalesforceConnector
from connectors.crm.salesforce_api import Described, Field
from connectors.crm.salesforce_objects import KINDS, selected
from connectors.errors import RecordError, SourceError, SourceUnavailable
from connectors.hookspecs import State
from connectors.http import Patience
from connectors.records import (
    Account,
    Channel,
    ConsentStatus,
    Direction,
    Interaction,
    Person,
    Precision,
    Record,
    Tombstone,
)
from graph.journeys.read import read_journeys
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.crm.stand_in_salesforce import BEGIN, SECRET, SESSION, SalesforceStandIn

pytestmark = pytest.mark.anyio


async def no_wait(_seconds: float) -> None:
    """Polls and pauses cost nothing."""


QUICK = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01, sleep=no_wait)
URL = "https://acme.my.salesforce.com"


def connector(org: SalesforceStandIn, **config: Any) -> SalesforceConnector:
    """The connector on the org's wire."""
    given = {"url": URL, "client_id": "3MVG9", "client_secret": SecretStr(SECRET), "currency": "EUR", **config}
    return SalesforceConnector(
        "crm", SalesforceConfig(**given), transport=httpx.MockTransport(org.answer), patience=QUICK
    )


async def read(
    org: SalesforceStandIn, name: str, state: State | None = None, **config: Any
) -> tuple[list[Record], State]:
    """The records of a stream, the last word counting, and the state after them."""
    reader, records = connector(org, **config), dict[tuple[str, str], Record]()
    async for page in reader.read(KINDS[name].stream, state):
        assert not page.problems
        for raw in page.raws:
            records |= {(one.stream, one.id): one for one in reader.map(KINDS[name].stream, raw)}
        state = page.state
    assert state is not None
    return list(records.values()), state


async def one_of(org: SalesforceStandIn, name: str, identifier: str, **config: Any) -> list[Record]:
    """The records of a stream whose ids begin so."""
    records, _ = await read(org, name, **config)
    return [record for record in records if record.id.startswith(identifier)]


async def test_an_account_and_its_contact() -> None:
    """Addresses, owner, custom fields under their API names; a box against e-mails is a consent taken back."""
    org = SalesforceStandIn()
    org.put("Account", "001Q003", Website="http://www.Nordlicht.example/de", NumberOfEmployees=120.0,
            ParentId="001Q001", BillingStreet="Elbchaussee 1\r\n3. Stock", BillingCountry="Germany",
            Tier__c="A", Type="Customer - Direct")  # fmt: skip
    org.contact(3, Title="Buyer", MobilePhone="+49 151 1", Phone="+49 40 2", MailingCountryCode="DE",
                Birthdate="1980-02-29", HasOptedOutOfEmail=True, DoNotCall=False,
                **{"Account.Type": "Customer - Direct", "Owner.UserRole.Name": "Sales North"})  # fmt: skip

    (account,) = await one_of(org, "accounts", "001Q003")
    (person,) = await one_of(org, "contacts", "003Q00003")

    assert isinstance(account, Account)
    assert (account.domain, account.size, account.parent_id) == ("nordlicht.example", 120, "crm/accounts/001Q001")
    assert account.address is not None
    assert (account.address.street, account.address.country) == ("Elbchaussee 1, 3. Stock", None)
    assert (account.owner, account.extra) == ("Ada Agent", {"Tier__c": "A", "Type": "Customer - Direct"})
    assert isinstance(person, Person)
    assert (person.given_name, person.job_title, person.birth_date) == ("Cleo", "Buyer", date(1980, 2, 29))
    assert [(one.value, one.country) for one in person.phones] == [("+49 40 2", "DE"), ("+49 151 1", "DE")]
    assert (person.account_id, person.account_name) == ("crm/accounts/001Q003", "Firm 3")
    assert (person.owner, person.team, person.lifecycle_stage) == ("Ada Agent", "Sales North", "customer")
    assert [(one.channel, one.status) for one in person.consents] == [(Channel.EMAIL, ConsentStatus.REVOKED)]
    assert person.source_url == f"{URL}/003Q00003"


async def test_a_converted_lead_is_its_contact() -> None:
    """It was created and accepted by sales; from then on the contact stands for it."""
    org = SalesforceStandIn()
    org.lead(3, IsConverted=True, ConvertedDate="2026-05-20", ConvertedContactId="003Q00003", Company="Firm 3",
             Status="Closed - Converted", ConvertedOpportunityId="006Q003", LeadSource="Web")  # fmt: skip

    found = await one_of(org, "leads", "00QQ003")

    person, *events = found
    assert isinstance(person, Person)
    assert (str(person.key), person.merged_into) == ("crm/contacts/00QQ003", "003Q00003")
    assert (person.account_name, person.lifecycle_stage) == ("Firm 3", "Closed - Converted")
    told = [(one.kind, one.precision, one.deal) for one in events if isinstance(one, Interaction)]
    assert told == [
        ("lead.created", Precision.SECOND, None),
        ("lead.accepted", Precision.DAY, "crm/006Q003"),
    ]


@pytest.mark.parametrize(
    ("status", "kinds"),
    [("Unqualified", ["lead.created", "lead.rejected"]), ("Working - Contacted", ["lead.created"])],
)
async def test_a_lead_that_sales_does_not_want_is_rejected(status: str, kinds: list[str]) -> None:
    """At the moment that its history tells; one that was taken up again was not."""
    org = SalesforceStandIn()
    at = org.moment()
    org.put("LeadHistory", "017Q9", LeadId="00QQ003", Field="Status", OldValue="Open", NewValue="Unqualified")
    org.lead(3, Status=status)

    told = [one for one in await one_of(org, "leads", "00QQ003") if isinstance(one, Interaction)]

    assert [one.kind for one in told] == kinds
    assert [f"{one.occurred_at:%Y-%m-%dT%H:%M:%S}" for one in told if one.reason] == [at[:19]] * (len(kinds) - 1)


@pytest.mark.parametrize(("name", "object_name", "identifier"), [
    ("contacts", "Contact", "003Q00003"), ("leads", "Lead", "00QQ003"), ("accounts", "Account", "001Q003"),
])  # fmt: skip
async def test_what_was_merged_says_into_which(name: str, object_name: str, identifier: str) -> None:
    """A merged record is a deleted one with a master."""
    org = SalesforceStandIn()
    org.put(object_name, identifier, IsDeleted=True, MasterRecordId=f"{identifier[:-1]}4")

    found = [record for record in await one_of(org, name, identifier) if isinstance(record, Person | Account)]

    assert [record.merged_into for record in found] == [f"{identifier[:-1]}4"]


async def test_a_deal_tells_its_story() -> None:
    """Through its stages, back and again, to another owner, won: for each of its contacts, with the owner's name."""
    org = SalesforceStandIn()
    org.put("OpportunityContactRole", "00KQ099", OpportunityId="006Q003", ContactId="003Q00004")
    for stage in ("Proposal", "Closed Lost", "Proposal", "Closed Won"):
        org.stage(3, stage, Why__c="price")
    change = {"OpportunityId": "006Q003", "Field": "Owner"}
    org.put("OpportunityFieldHistory", "017Q1", OldValue="Bert Agent", NewValue="Ada Agent", **change)
    org.put("OpportunityFieldHistory", "017Q2", OldValue="005Bert", NewValue="005Ada", **change)

    found = [record for record in await one_of(org, "opportunities", "006Q003") if isinstance(record, Interaction)]

    mine = [one for one in found if one.person == "crm/contacts/003Q00003"]
    assert [(one.kind, one.topic) for one in mine] == [
        ("deal.created", None),
        ("deal.stage_changed", "Proposal"),
        ("deal.stage_changed", "Proposal"),
        ("deal.won", "Closed Won"),
        ("deal.reassigned", None),
    ]
    assert len({one.id for one in mine}) == 5
    assert {one.person for one in found} == {"crm/contacts/003Q00003", "crm/contacts/003Q00004"}
    assert {(one.account, one.deal, one.amount, one.currency) for one in found} == {
        ("crm/accounts/001Q003", "crm/006Q003", 1000.0, "EUR")
    }
    assert mine[0].extra["stage"] == "Prospecting"
    assert (mine[-1].agent, mine[-1].extra["from_agent"]) == ("Ada Agent", "Bert Agent")


async def test_the_account_of_one_person_is_that_person() -> None:
    """Their deals and calls are theirs; there is no firm."""
    org = SalesforceStandIn()
    mine = {"AccountId": "001Q003", "Account.PersonContactId": "003Q00003"}
    org.put("Account", "001Q003", IsPersonAccount=True)
    org.contact(3, IsPersonAccount=True)
    org.opportunity(60, **mine)
    org.task(60, **mine)

    (person,) = await one_of(org, "contacts", "003Q00003")
    deals = await one_of(org, "opportunities", "006Q060")
    calls = await one_of(org, "tasks", "00TQ060")

    assert await one_of(org, "accounts", "001Q003") == []
    assert isinstance(person, Person)
    assert (person.account_id, person.account_name) == (None, None)
    assert {(one.person, one.account) for one in (*deals, *calls) if isinstance(one, Interaction)} == {
        ("crm/contacts/003Q00003", None)
    }


async def test_what_a_related_object_hides_is_not_asked_for() -> None:
    """An org that sells to firms, and a reader who may not see accounts: contacts and deals come without."""
    org = SalesforceStandIn()
    org.has_persons, org.hidden = False, {"Account"}

    contacts, _ = await read(org, "contacts")
    deals, _ = await read(org, "opportunities")

    assert len(contacts) == 10
    assert deals
    assert not [request for request in org.asked if "Account." in str(request.url)]


async def test_a_lost_deal_says_why() -> None:
    """In the field that the section names; and one of nobody gives nothing."""
    org = SalesforceStandIn()
    org.stage(3, "Closed Lost", Tier__c="too late")
    org.opportunity(50)

    lost = await one_of(org, "opportunities", "006Q003", lost_reason_field="Tier__c")

    assert [one.reason for one in lost if isinstance(one, Interaction) and one.kind == "deal.lost"] == ["too late"]
    assert await one_of(org, "opportunities", "006Q050") == []


async def test_a_new_role_makes_a_deal_be_read_again() -> None:
    """Salesforce does not touch the opportunity when a contact is added to it."""
    org = SalesforceStandIn()
    org.now += timedelta(days=1)
    _, state = await read(org, "opportunities")
    org.now += timedelta(days=1)
    org.put("OpportunityContactRole", "00KQ099", OpportunityId="006Q007", ContactId="003Q00001")

    records, _ = await read(org, "opportunities", state)

    events = [one for one in records if isinstance(one, Interaction) and one.deal == "crm/006Q007"]
    assert {one.person for one in events} == {"crm/contacts/003Q00001", "crm/contacts/003Q00007"}


async def test_a_reading_may_begin_at_a_moment() -> None:
    """Records that changed since then, and deals whose roles did."""
    org = SalesforceStandIn()
    org.now += timedelta(days=1)
    moment = org.now
    org.change()
    org.put("OpportunityContactRole", "00KQ099", OpportunityId="006Q007", ContactId="003Q00001")
    reader = connector(org)

    contacts, _ = await read(org, "contacts", reader.state_at(KINDS["contacts"].stream, moment))
    deals, _ = await read(org, "opportunities", reader.state_at(KINDS["opportunities"].stream, moment))

    assert [one.id for one in contacts] == ["003Q00005"]
    assert {one.deal for one in deals if isinstance(one, Interaction)} == {"crm/006Q007"}


async def test_a_deleted_deal_is_gone_as_a_whole() -> None:
    """Whatever it told before."""
    org = SalesforceStandIn()
    org.put("Opportunity", "006Q003", IsDeleted=True)

    (gone,) = await one_of(org, "opportunities", "006Q003")

    assert isinstance(gone, Tombstone)
    assert gone.matter == "deal"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"CallType": "Inbound", "CallDurationInSeconds": 90}, ("call.made", Channel.PHONE, Direction.INBOUND)),
        ({"TaskSubtype": "Task", "Type": "Call"}, ("call.made", Channel.PHONE, Direction.OUTBOUND)),
        ({"TaskSubtype": "Email"}, ("conversation.message", Channel.EMAIL, Direction.OUTBOUND)),
        ({"TaskSubtype": "Task"}, None),
        ({"IsClosed": False}, "gone"),
        ({"IsDeleted": True}, "gone"),
        ({"WhoId": None, "AccountId": None}, None),
    ],
)
async def test_which_tasks_a_customer_experiences(fields: dict[str, Any], expected: Any) -> None:
    """Calls and e-mails that are done; nobody's, and what is still to do, give none."""
    org = SalesforceStandIn()
    org.task(3, **{"WhoId": "003Q00003", **fields})

    found = await one_of(org, "tasks", "00TQ003")

    told = ["gone" if isinstance(one, Tombstone) else (one.kind, one.channel, one.direction)
            for one in found if isinstance(one, Tombstone | Interaction)]  # fmt: skip
    assert told == ([] if expected is None else [expected])


async def test_a_meeting_is_told_when_it_has_begun() -> None:
    """Not before; though nobody touches it meanwhile, the reading after its hour tells of it. Moved ahead, it is taken
    back."""
    org = SalesforceStandIn()
    org.event(99, WhoId="003Q00003", Location="Zoom", StartDateTime=org.moment(timedelta(days=3)))
    before, state = await read(org, "events")
    org.now += timedelta(days=2)
    _, state = await read(org, "events", state)
    org.now += timedelta(days=2)
    after, state = await read(org, "events", state)
    org.event(99, WhoId="003Q00003", StartDateTime=org.moment(timedelta(days=9)))
    moved, _ = await read(org, "events", state)

    assert [type(one) for one in before if one.id == "00UQ099"] == [Tombstone]
    held = [one for one in after if isinstance(one, Interaction) and one.id == "00UQ099"]
    assert [(one.kind, one.channel, one.occurred_at) for one in held] == [
        ("meeting.held", Channel.WEB, held[0].occurred_at)
    ]
    assert [type(one) for one in moved if one.id == "00UQ099"] == [Tombstone]


async def test_a_meeting_is_told_to_all_who_came() -> None:
    """As one activity; colleagues are none, and who was taken off it is taken back, as all are when it is deleted."""
    org = SalesforceStandIn()
    for number, who in enumerate(("003Q00003", "003Q00004", "00QQ005", "005Ada", "003Q00006")):
        org.put("EventRelation", f"0REQ{number}", EventId="00UQ003", RelationId=who)
    org.put("EventRelation", "0REQ4", IsDeleted=True)

    held = await one_of(org, "events", "00UQ003")
    org.put("Event", "00UQ003", IsDeleted=True)
    gone = await one_of(org, "events", "00UQ003")

    told = {one.person: one.activity_id for one in held if isinstance(one, Interaction)}
    assert told == {f"crm/contacts/{who}": "crm/events/00UQ003" for who in ("003Q00003", "003Q00004", "00QQ005")}
    assert [one.id for one in held if isinstance(one, Tombstone)] == ["00UQ003:003Q00006"]
    assert {one.id for one in gone if isinstance(one, Tombstone)} == {one.id for one in held}


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"Campaign.Type": "Email"}, ["email.sent"]),
        ({"Campaign.Type": "Webinar", "HasResponded": True, "FirstRespondedDate": "2026-05-04"}, ["event.attended"]),
        ({"Campaign.Type": "Webinar"}, []),
        ({"Campaign.Type": "Email", "HasResponded": True, "FirstRespondedDate": "2026-05-04"},
         ["email.sent", "campaign.responded"]),
    ],
)  # fmt: skip
async def test_what_a_campaign_was_for_its_member(fields: dict[str, Any], kinds: list[str]) -> None:
    """A mail that was sent, somebody who came, or a response."""
    org = SalesforceStandIn()
    org.put("CampaignMember", "00vQ003", **fields)

    found = await one_of(org, "campaign_members", "00vQ003")

    assert [one.kind for one in found if isinstance(one, Interaction)] == kinds
    assert {one.campaign for one in found if isinstance(one, Interaction)} <= {"crm/701Q1"}


async def test_a_large_first_load_is_a_bulk_query() -> None:
    """It gives what pages give, waits for its job, and goes on in it after a kill; changes come in pages then."""
    org = SalesforceStandIn()
    org.polls = 3
    pages, _ = await read(org, "contacts")
    reader, stream = connector(org, bulk_from=5), KINDS["contacts"].stream
    reading, state = reader.read(stream, None), None
    for _ in range(2):
        state = (await anext(reading)).state
    rest, state = await read(org, "contacts", state, bulk_from=5)
    whole, _ = await read(org, "contacts", bulk_from=5)
    org.change()
    changed, _ = await read(org, "contacts", state, bulk_from=5)

    assert whole == pages
    assert [one.id for one in rest] == [one.id for one in pages[4:]]
    assert "003Q00005" in [one.id for one in changed]


async def test_a_bulk_query_that_is_no_longer_kept_begins_again() -> None:
    """Salesforce keeps results for a week."""
    org = SalesforceStandIn()
    state = {"job": "750Qold", "locator": "4", "began": BEGIN.isoformat()}

    records, _ = await read(org, "contacts", state, bulk_from=5)

    assert len(records) == 10


async def test_a_bulk_query_that_takes_too_long_is_waited_for_later() -> None:
    """The next sync asks for the same job."""
    org = SalesforceStandIn()
    org.polls = 1000
    reading = connector(org, bulk_from=5, bulk_wait_seconds=60).read(KINDS["contacts"].stream, None)
    state = (await anext(reading)).state
    with pytest.raises(SourceUnavailable, match="goes on waiting"):
        await anext(reading)
    org.polls = 0

    records, _ = await read(org, "contacts", state, bulk_from=5)

    assert len(records) == 10
    assert sum(request.method == "POST" and "jobs" in request.url.path for request in org.asked) == 1


async def test_a_session_that_ended_is_renewed() -> None:
    """Once, by the same credentials."""
    org = SalesforceStandIn()
    reader = connector(org)
    pages = reader.read(KINDS["contacts"].stream, None)
    await anext(pages)
    org.sessions.clear()

    rest = [raw async for page in pages for raw in page.raws]

    assert len(rest) == 6


async def test_a_certificate_signs_for_a_user() -> None:
    """The JWT bearer flow: who, for whom, at which login, for three minutes."""
    org, key = SalesforceStandIn(), RSAKey.generate_key(2048)
    app = {
        "client_secret": None,
        "private_key": SecretStr(key.as_pem(private=True).decode()),
        "username": "c360@acme.test",
    }

    report = await connector(org, **app).check()

    (asked,) = [request for request in org.asked if request.url.path == "/services/oauth2/token"]
    form = httpx.QueryParams(asked.content.decode())
    claims = jwt.decode(form["assertion"], RSAKey.import_key(key.as_pem(private=False)), algorithms=["RS256"]).claims
    assert report.ok, report.message
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("3MVG9", "c360@acme.test", "https://login.salesforce.com")
    assert 0 < claims["exp"] - datetime.now(UTC).timestamp() <= 180


async def test_a_token_that_comes_broken_is_not_shown() -> None:
    """Half of an answer that holds the session is quoted nowhere."""
    org = SalesforceStandIn()

    def half(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=org.answer(request).content[:-20])

    reader = SalesforceConnector(
        "crm",
        SalesforceConfig(url=URL, client_id="3MVG9", client_secret=SecretStr(SECRET)),
        transport=httpx.MockTransport(half),
        patience=QUICK,
    )
    report = await reader.check()

    assert "no token" in report.message
    assert SESSION[:10] not in report.message


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"client_secret": SecretStr("wrong")}, "No token is given"),
        ({"client_secret": None, "private_key": SecretStr("no key"), "username": "u"}, "no RSA key in PEM"),
    ],
)
async def test_wrong_credentials_are_told(config: dict[str, Any], says: str) -> None:
    """With what to do."""
    report = await connector(SalesforceStandIn(), **config).check()

    assert not report.ok
    assert says in report.message


async def test_a_check_names_the_objects_that_are_hidden() -> None:
    """Those of the chosen streams alone."""
    org = SalesforceStandIn()
    org.hidden = {"Lead", "Task"}

    whole = await connector(org).check()
    chosen = await connector(org, streams=["contacts"]).check()

    assert not whole.ok
    assert "may not see Lead, Task" in whole.message
    assert chosen.ok


async def test_roles_that_are_hidden_are_left_out() -> None:
    """A reader who may not see users' roles reads everything else."""
    org = SalesforceStandIn()
    org.hidden = {"User"}

    records, _ = await read(org, "contacts")

    assert len(records) == 10
    assert not [request for request in org.asked if "UserRole" in str(request.url)]


async def test_reading_leaves_calls_for_others() -> None:
    """Beyond its share of the org's calls a day it stops, and says when it goes on."""
    org = SalesforceStandIn()
    org.usage = (14_000, 15_000)

    with pytest.raises(SourceUnavailable, match=r"14000 of the org's 15000 API calls"):
        await read(org, "contacts")


async def test_used_up_calls_are_no_wrong_password() -> None:
    """Salesforce refuses with 403 then."""
    org = SalesforceStandIn()
    spent = [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]

    def wire(request: httpx.Request) -> httpx.Response:
        return org.answer(request) if "oauth2" in request.url.path else httpx.Response(403, json=spent)

    config = SalesforceConfig(url=URL, client_id="3MVG9", client_secret=SecretStr(SECRET))
    reader = SalesforceConnector("crm", config, transport=httpx.MockTransport(wire), patience=QUICK)
    with pytest.raises(SourceUnavailable, match="used up its API calls"):
        await anext(reader.read(KINDS["contacts"].stream, None))


async def test_a_moment_that_is_none_is_refused() -> None:
    """The record is named."""
    org = SalesforceStandIn()
    org.contact(3, Birthdate="in spring")

    with pytest.raises(RecordError, match=r"contacts: 003Q00003: Birthdate is no moment"):
        await read(org, "contacts")


async def test_an_unreadable_cursor_ends_the_stream() -> None:
    """A record without its moment cannot be gone on from."""
    org = SalesforceStandIn()
    org.contact(3)
    org.rows["Contact"]["003Q00003"]["SystemModstamp"] = "zzz"

    with pytest.raises(SourceError, match="SystemModstamp"):
        await read(org, "contacts")


def test_an_address_has_room_for_so_many_fields() -> None:
    """What does not fit is counted, and `check` says so."""
    own = tuple(Field(f"Field_of_the_org_{number:04}__c", custom=True) for number in range(600))
    fields, left_out = selected(KINDS["contacts"], Described((Field("Id"), *own)), {})

    assert len(", ".join(fields)) < 12_000
    assert len(fields) - 1 + left_out == 600


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"url": "https://login.salesforce.com"}, "My Domain"),
        ({"url": "acme"}, "My Domain"),
        ({"client_secret": None}, "give a client_secret, or a private_key and a username"),
    ],
)
def test_a_section_that_cannot_work_is_refused(config: dict[str, Any], says: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ValidationError, match=says):
        SalesforceConfig(**{"url": URL, "client_id": "3MVG9", "client_secret": SecretStr(SECRET), **config})


async def test_a_converted_lead_is_one_customer_with_its_contact(embedded_store: Store) -> None:
    """Though name and address have changed meanwhile; their journey begins with the lead."""
    org = SalesforceStandIn()
    org.lead(3, FirstName="C.", LastName="Varga-Holm", Email="cleo@home.example", IsConverted=True,
             ConvertedDate="2026-05-20", ConvertedContactId="003Q00003")  # fmt: skip

    report = await sync([LandingSource(connector(org), kind="salesforce", trust=0.5)], embedded_store, Rules())
    journeys = await read_journeys(embedded_store, Rules(), 0)
    view = journeys.view()
    whose = {str(kind): set(view.unit[view.kinds(kind)].tolist()) for kind in ("lead.accepted", "deal.created")}

    assert [(one.error, one.rejected) for one in report.landed] == [(None, 0)]
    assert len(whose["lead.accepted"]) == 1
    assert whose["lead.accepted"] <= whose["deal.created"]

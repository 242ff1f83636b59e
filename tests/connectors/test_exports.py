"""Promises of the vendors' formats: what a contact, a member, a ticket becomes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import RecordError
from connectors.exports import FORMATS
from connectors.exports.formats import ColumnKind
from connectors.exports.mailchimp import subscriber_hash
from connectors.records import (
    Account,
    Address,
    BusinessFunction,
    Channel,
    ConsentStatus,
    Direction,
    Identifiers,
    Interaction,
    Person,
    SurveyMetric,
)
from tests.connectors.folders import connector, pages, records, stream, write, write_objects

pytestmark = pytest.mark.anyio


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def interactions(found: list[Any]) -> list[Interaction]:
    return [record for record in found if isinstance(record, Interaction)]


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.is_table])
def test_columns_fill_fields_of_their_rows(name: str) -> None:
    """Every column of a format has a field in its row, and every needed field a column."""
    form = FORMATS[name]
    fields = set(form.body.__struct_fields__)

    assert {column.field for column in form.columns} <= fields
    assert set(form.needs) <= {column.field for column in form.columns}
    assert all(column.kind in ColumnKind for column in form.columns)


async def test_a_hubspot_contact_is_a_person(tmp_path: Path) -> None:
    """Names, addresses, stage, owner and company are where they belong; unknown columns stay in extra."""
    write(
        tmp_path,
        "c.csv",
        "Record ID,First Name,Last Name,Email,Additional email addresses,Phone Number,Lifecycle Stage,Contact owner,"
        "Company Name,Associated Company IDs,Street Address,City,Postal Code,Country/Region,Date of Birth,"
        "Unsubscribed from all email,Became a Lead Date,Became a Sales Qualified Lead Date,Create Date,Lead Status\n"
        "7, Ada ,Lovelace,ada@x.test,a.l@y.test;ada@x.test,+44 20 7946 0018,customer,Cleo Varga,Acme Ltd,9;10,"
        "1 High Street,York,YO1 1AB,United Kingdom,1990-12-10,true,2026-01-01 10:00,2026-01-03 09:30,2025-12-31 08:00,"
        "NEW\n",
    )
    person, created, accepted = await records(
        connector(tmp_path, {"path": "c.csv", "format": "hubspot-contacts"}), "contacts"
    )

    assert isinstance(person, Person)
    assert (person.given_name, person.family_name, person.lifecycle_stage) == ("Ada", "Lovelace", "customer")
    assert [(email.value, email.primary) for email in person.emails] == [("ada@x.test", True), ("a.l@y.test", False)]
    assert person.phones[0].country == "GB"
    assert person.account_id == "crm/companies/9"
    assert person.address == Address(street="1 High Street", city="York", postal_code="YO1 1AB", country="GB")
    assert person.birth_date == date(1990, 12, 10)
    assert person.consents[0].status is ConsentStatus.REVOKED
    assert person.extra == {"Lead Status": "NEW"}
    assert isinstance(created, Interaction)
    assert isinstance(accepted, Interaction)
    assert (created.kind, created.occurred_at) == ("lead.created", moment("2026-01-01T10:00"))
    assert (accepted.kind, accepted.person, accepted.agent) == ("lead.accepted", "crm/contacts/7", "Cleo Varga")


@pytest.mark.parametrize(
    ("written", "stage"),
    [
        ("Marketing Qualified Lead", "marketingqualifiedlead"),
        ("customer", "customer"),
        ("Partner in spe", "Partner in spe"),
    ],
)
async def test_a_stage_has_its_name_however_it_is_written(tmp_path: Path, written: str, stage: str) -> None:
    """Exports write labels or names; a stage of the company's own stays as it is."""
    write(tmp_path, "c.csv", f"Record ID,Lifecycle Stage\n7,{written}\n")
    (person,) = await records(connector(tmp_path, {"path": "c.csv", "format": "hubspot-contacts"}), "contacts")

    assert isinstance(person, Person)
    assert person.lifecycle_stage == stage


async def test_a_hubspot_company_is_an_account(tmp_path: Path) -> None:
    """Size is a number, the parent a key."""
    write(
        tmp_path,
        "c.csv",
        "Record ID,Company name,Company Domain Name,Number of Employees,Parent Company IDs\n9,Acme,acme.test,40,1\n",
    )
    (account,) = await records(connector(tmp_path, {"path": "c.csv", "format": "hubspot-companies"}), "companies")

    assert isinstance(account, Account)
    assert (account.name, account.domain, account.size, account.parent_id) == (
        "Acme",
        "acme.test",
        40,
        "crm/companies/1",
    )


async def test_a_hubspot_deal_is_experienced_by_each_contact(tmp_path: Path) -> None:
    """Created, a stage, won: for both contacts, each moment one activity."""
    write(
        tmp_path,
        "d.csv",
        "Record ID,Deal Name,Deal Stage,Amount,Currency,Create Date,Close Date,Associated Contact IDs,"
        "Associated Company IDs,Date entered 'Appointment scheduled (Sales Pipeline)',"
        "Date entered 'Contract sent (Sales Pipeline)'\n"
        "5,Acme 2026,Closed won,1200.5,EUR,2026-01-01 10:00,2026-02-01 10:00,7;8,9,2026-01-01 10:00,2026-01-20 10:00\n",
    )
    found = interactions(await records(connector(tmp_path, {"path": "d.csv", "format": "hubspot-deals"}), "deals"))

    of_seven = [event for event in found if event.person == "crm/contacts/7"]
    assert [event.kind for event in of_seven] == ["deal.created", "deal.stage_changed", "deal.won"]
    assert of_seven[1].topic == "Contract sent"
    assert (of_seven[2].amount, of_seven[2].currency, of_seven[2].deal) == (1200.5, "EUR", "crm/5")
    assert of_seven[2].account == "crm/companies/9"
    assert len(found) == 6
    assert len({event.activity_id for event in found}) == 3
    assert len({event.id for event in found}) == 6


async def test_a_lost_deal_has_its_reason(tmp_path: Path) -> None:
    """Closed lost is deal.lost with why."""
    write(
        tmp_path,
        "d.csv",
        "Record ID,Deal Stage,Create Date,Close Date,Closed Lost Reason,Associated Contact IDs\n"
        "5,Closed lost,2026-01-01 10:00,2026-02-01 10:00,Price,7\n",
    )
    found = interactions(await records(connector(tmp_path, {"path": "d.csv", "format": "hubspot-deals"}), "deals"))

    assert [(event.kind, event.reason) for event in found] == [("deal.created", None), ("deal.lost", "Price")]


async def test_a_deal_of_nobody_is_refused(tmp_path: Path) -> None:
    """The message says how to export deals."""
    write(tmp_path, "d.csv", "Record ID,Deal Stage,Create Date\n5,Closed won,2026-01-01 10:00\n")
    source = connector(tmp_path, {"path": "d.csv", "format": "hubspot-deals"})
    (page,) = await pages(source, "deals")

    with pytest.raises(RecordError, match="export the deals with their associations"):
        list(source.map(await stream(source, "deals"), page.raws[0]))


async def test_a_form_asks_for_its_columns(tmp_path: Path) -> None:
    """Every column about the person was asked for; without a contact the address names the person."""
    write(
        tmp_path,
        "f.csv",
        "Conversion Date,Conversion Title,Conversion Page,Contact ID,First Name,Email,Phone Number,Company Name\n"
        "2026-01-01 10:00,Request a demo,https://x.test/demo,7,Ada,ada@x.test,123,Acme\n"
        "2026-01-01 10:01,Request a demo,https://x.test/demo,,Bob,bob@x.test,,\n",
    )
    source = connector(tmp_path, {"path": "f.csv", "format": "hubspot-form-submissions"})
    known, bare = interactions(await records(source, "form-submissions"))

    assert known.requested_fields == ("given_name", "email", "phone", "company")
    assert (known.person, known.subject, known.channel) == ("crm/contacts/7", "Request a demo", Channel.WEB)
    assert bare.person == Identifiers(email="bob@x.test", full_name="Bob")
    assert [event.id for event in interactions(await records(source, "form-submissions"))] == [known.id, bare.id]


async def test_a_mailchimp_member_says_what_they_agreed_to(tmp_path: Path) -> None:
    """Subscribed is granted when confirmed, unsubscribed revoked with the reason; the address is taken apart."""
    write(
        tmp_path,
        "m.csv",
        "Email Address,First Name,Address,CC,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,UNSUB_REASON,TAGS\n"
        'Ada@X.test,Ada,1 Elm Road  Kiel  24103  DE,DE,2026-01-01 10:00:00,2026-01-01 10:05:00,,,"""vip"",""beta"""\n'
        "bob@x.test,Bob,,GB,2026-01-01 10:00:00,,2026-03-01 10:00:00,Too many mails,\n",
    )
    source = connector(tmp_path, {"path": "m.csv", "format": "mailchimp-members"}, name="marketing")
    ada, bob = await records(source, "members")

    assert isinstance(ada, Person)
    assert isinstance(bob, Person)
    assert ada.id == subscriber_hash("ada@x.test")
    assert ada.address == Address(street="1 Elm Road", city="Kiel", postal_code="24103", country="DE")
    assert ada.tags == ("vip", "beta")
    assert (ada.consents[0].status, ada.consents[0].at) == (ConsentStatus.GRANTED, moment("2026-01-01T10:05"))
    assert (bob.consents[0].status, bob.consents[0].evidence) == (ConsentStatus.REVOKED, "Too many mails")


async def test_mailchimp_activity_reproduces_its_counts(tmp_path: Path) -> None:
    """Sends, opens, clicks, bounces and unsubscriptions are as many as the objects have, also within one second."""
    act = {"campaign_id": "c1", "title": "News"}
    at = "2026-01-01T10:00:0{}+00:00".format
    write_objects(
        tmp_path,
        "a.jsonl",
        {
            "email_id": subscriber_hash("ada@x.test"),
            "list_id": "l",
            "activity": [
                {**act, "action": "sent", "timestamp": at(0)},
                {**act, "action": "open", "timestamp": at(1)},
                {**act, "action": "click", "timestamp": at(2), "url": "https://x.test/1"},
                {**act, "action": "click", "timestamp": at(2), "url": "https://x.test/2"},
                {**act, "action": "unsub", "timestamp": at(3)},
            ],
        },
        {
            "email_address": "Bob@x.test",
            "campaign_id": "c1",
            "activity": [{"action": "bounce", "timestamp": at(0), "type": "hard"}],
        },
    )
    found = interactions(
        await records(
            connector(tmp_path, {"path": "a.jsonl", "format": "mailchimp-activity"}, name="marketing"), "activity"
        )
    )

    kinds = [event.kind for event in found]
    assert kinds == ["email.sent", "email.opened", *["email.clicked"] * 2, "email.unsubscribed", "email.bounced"]
    assert len({event.id for event in found}) == 6
    assert found[0].automated
    assert not found[1].automated
    assert found[0].campaign == "marketing/c1"
    assert (found[5].person, found[5].reason) == (f"marketing/members/{subscriber_hash('bob@x.test')}", "hard")


TICKET: dict[str, Any] = {
    "id": 35,
    "created_at": "2026-01-01T10:00:00Z",
    "subject": "Help",
    "description": "It broke",
    "status": "solved",
    "requester_id": 1,
    "submitter_id": 1,
    "assignee_id": 92,
    "group_id": 12,
    "ticket_form_id": 8,
    "via": {"channel": "web"},
    "comments": [
        {"id": 1, "author_id": 1, "body": "It broke", "public": True, "created_at": "2026-01-01T10:00:00Z"},
        {"id": 2, "author_id": 91, "body": "Looking", "public": True, "created_at": "2026-01-01T11:00:00Z"},
        {"id": 3, "author_id": 91, "body": "Yours", "public": False, "created_at": "2026-01-01T11:30:00Z"},
        {"id": 4, "author_id": 1, "body": "Thanks", "public": True, "created_at": "2026-01-01T13:00:00Z"},
    ],
    "audits": [
        {"id": 50, "created_at": "2026-01-01T10:00:00Z", "author_id": 1, "events": [
            {"type": "Create", "field_name": "group_id", "value": "11"},
            {"type": "Create", "field_name": "status", "value": "new"},
        ]},
        {"id": 51, "created_at": "2026-01-01T11:00:00Z", "author_id": 91, "events": [
            {"type": "Change", "field_name": "assignee_id", "value": "91", "previous_value": None},
        ]},
        {"id": 52, "created_at": "2026-01-01T12:00:00Z", "author_id": 91, "events": [
            {"type": "Change", "field_name": "group_id", "value": "12", "previous_value": "11"},
            {"type": "Change", "field_name": "assignee_id", "value": "92", "previous_value": "91"},
        ]},
        {"id": 53, "created_at": "2026-01-01T14:00:00Z", "author_id": 92, "events": [
            {"type": "Change", "field_name": "status", "value": "solved", "previous_value": "open"},
        ]},
        {"id": 54, "created_at": "2026-01-02T09:00:00Z", "author_id": 1, "events": [
            {"type": "Change", "field_name": "status", "value": "open", "previous_value": "solved"},
        ]},
        {"id": 55, "created_at": "2026-01-02T10:00:00Z", "author_id": 92, "events": [
            {"type": "Change", "field_name": "status", "value": "solved", "previous_value": "open"},
            {"type": "Change", "field_name": "status", "value": "closed", "previous_value": "solved"},
        ]},
    ],
}  # fmt: skip
ENTRIES = tuple(
    {"path": f"{name}.jsonl", "format": f"zendesk-{name}"}
    for name in ("users", "tickets", "groups", "agents", "ticket-forms", "ticket-fields", "satisfaction-ratings")
)


def helpdesk(folder: Path, *tickets: dict[str, Any], ratings: tuple[dict[str, Any], ...] = ()) -> Any:
    write_objects(folder, "users.jsonl", {"id": 1, "name": "Ada L"}, {"id": 91, "name": "Olaf", "role": "agent"})
    write_objects(folder, "tickets.jsonl", *tickets)
    write_objects(folder, "groups.jsonl", {"id": 11, "name": "Support"}, {"id": 12, "name": "Billing"})
    write_objects(folder, "agents.jsonl", {"id": 91, "name": "Olaf", "role": "agent"}, {"id": 92, "name": "Udo"})
    write_objects(folder, "ticket-forms.jsonl", {"id": 8, "name": "Problem", "ticket_field_ids": [1, 2, 3]})
    write_objects(
        folder,
        "ticket-fields.jsonl",
        {"id": 1, "title": "Subject", "type": "subject"},
        {"id": 2, "title": "Phone number", "type": "text"},
        {"id": 3, "title": "Company", "type": "text"},
    )
    write_objects(folder, "satisfaction-ratings.jsonl", *ratings)
    return connector(folder, *ENTRIES, name="helpdesk")


async def test_zendesk_agents_are_no_customers(tmp_path: Path) -> None:
    """Of the users only the end users are persons."""
    assert [person.id for person in await records(helpdesk(tmp_path), "users")] == ["1"]


async def test_a_zendesk_ticket_tells_its_whole_story(tmp_path: Path) -> None:
    """Created, answered, reassigned between teams, solved, reopened, solved; private notes are not in it."""
    found = interactions(await records(helpdesk(tmp_path, TICKET), "tickets"))

    told = [(event.kind, event.direction, event.team, event.agent) for event in found]
    assert told == [
        ("ticket.created", Direction.INBOUND, "Support", None),
        ("ticket.replied", Direction.OUTBOUND, "Support", "Olaf"),
        ("ticket.reassigned", Direction.INTERNAL, "Billing", "Udo"),
        ("ticket.replied", Direction.INBOUND, "Billing", None),
        ("ticket.solved", Direction.OUTBOUND, "Billing", "Udo"),
        ("ticket.reopened", Direction.INBOUND, "Billing", None),
        ("ticket.solved", Direction.OUTBOUND, "Billing", "Udo"),
    ]
    assert {event.ticket for event in found} == {"helpdesk/35"}
    assert {event.person for event in found} == {"helpdesk/users/1"}
    assert found[2].extra == {"from_team": "Support", "from_agent": "Olaf"}
    assert len({event.id for event in found}) == 7


async def test_a_ticket_form_asks_only_on_the_web(tmp_path: Path) -> None:
    """The form's fields were asked for in the help centre, not in a mail; the subject is no question about a person."""
    by_web = TICKET
    by_mail = {**TICKET, "id": 36, "via": {"channel": "email"}}
    found = interactions(await records(helpdesk(tmp_path, by_web, by_mail), "tickets"))

    created = {event.ticket: event for event in found if event.kind == "ticket.created"}
    assert created["helpdesk/35"].requested_fields == ("phone", "company")
    assert created["helpdesk/36"].requested_fields == ()
    assert created["helpdesk/36"].channel is Channel.EMAIL


async def test_a_ticket_opened_by_an_agent_is_outbound(tmp_path: Path) -> None:
    """First response counts only where the customer wrote first."""
    (created,) = interactions(
        await records(helpdesk(tmp_path, {**TICKET, "submitter_id": 91, "comments": [], "audits": []}), "tickets")
    )

    assert created.direction is Direction.OUTBOUND
    assert created.team == "Billing"


async def test_the_json_export_with_nested_objects_is_read(tmp_path: Path) -> None:
    """Requester, assignee and group as objects, and metrics instead of audits."""
    ticket = {
        "id": 7,
        "created_at": "2026-01-01T10:00:00Z",
        "requester": {"id": 1, "name": "Ada"},
        "submitter": {"id": 1, "name": "Ada"},
        "assignee": {"id": 92, "name": "Udo"},
        "group": {"id": 12, "name": "Billing"},
        "metric_set": {"solved_at": "2026-01-02T10:00:00Z"},
    }
    created, solved = interactions(await records(helpdesk(tmp_path, ticket), "tickets"))

    assert (created.team, created.person) == ("Billing", "helpdesk/users/1")
    assert (solved.kind, solved.occurred_at) == ("ticket.solved", moment("2026-01-02T10:00"))


async def test_tickets_are_read_again_when_their_look_ups_change(tmp_path: Path) -> None:
    """A renamed group reaches the tickets although their file is as it was."""
    source = helpdesk(tmp_path, TICKET)
    *_, last = await pages(source, "tickets")
    write_objects(tmp_path, "groups.jsonl", {"id": 11, "name": "First line"}, {"id": 12, "name": "Billing"})

    found = interactions(await records(source, "tickets", last.state))

    assert found[0].team == "First line"


async def test_whoever_is_in_copy_writes_as_a_customer(tmp_path: Path) -> None:
    """A colleague of the requester who answers is no agent; an agent in copy, or one who left, is no customer."""
    said = [(1, "Help"), (5, "Me too"), (92, "Done"), (93, "Bye"), (-1, "Closed by a rule")]
    comments = [
        {"id": number, "author_id": author, "created_at": f"2026-01-01T1{number}:00:00Z", "body": body}
        for number, (author, body) in enumerate(said)
    ]
    left = {"type": "Change", "field_name": "assignee_id", "value": "93", "previous_value": "92"}
    audits = [{"id": 50, "created_at": "2026-01-01T11:00:00Z", "events": [left]}]
    ticket = {**TICKET, "collaborator_ids": [5, 92, 93], "comments": comments, "audits": audits}

    found = interactions(await records(helpdesk(tmp_path, ticket), "tickets"))

    replied = [event for event in found if event.kind == "ticket.replied"]
    assert [(event.direction, event.person, event.agent, event.automated) for event in replied] == [
        (Direction.INBOUND, "helpdesk/users/5", None, False),
        (Direction.OUTBOUND, "helpdesk/users/1", "Udo", False),
        (Direction.OUTBOUND, "helpdesk/users/1", "93", False),
        (Direction.OUTBOUND, "helpdesk/users/1", None, True),
    ]


async def test_an_answer_that_was_changed_is_told_but_not_scored(tmp_path: Path) -> None:
    """Good, then bad: Zendesk counts the last, which the rating says; the one before is in the journey, unscored."""
    answers = [
        {"id": number, "created_at": f"2026-01-03T1{number}:00:00Z", "author_id": 1, "events": [
            {"type": "SatisfactionRating", "score": score, "body": words},
        ]}
        for number, (score, words) in enumerate([("offered", None), ("good", "Fine"), ("good", "Fine!"), ("bad", "No")])
    ]  # fmt: skip
    found = interactions(await records(helpdesk(tmp_path, {**TICKET, "audits": answers}), "tickets"))

    (former,) = [event for event in found if event.kind == "survey.answered"]
    assert (former.occurred_at, former.text, former.metric) == (moment("2026-01-03T11:00"), "Fine!", None)
    assert former.extra == {"rated": "good", "changed_to": "bad"}


async def test_a_satisfaction_rating_is_csat_of_its_ticket(tmp_path: Path) -> None:
    """Good is 1, bad is 0 on a binary scale; an offer is a survey sent, also when it was answered later."""
    common = {
        "ticket_id": 35,
        "requester_id": 1,
        "created_at": "2026-01-03T10:00:00Z",
        "group_id": 12,
        "assignee_id": 92,
    }
    ratings = (
        {**common, "id": 1, "score": "bad", "comment": "Too slow", "updated_at": "2026-01-03T11:00:00Z"},
        {**common, "id": 2, "score": "good_with_comment", "comment": "Fine"},
        {**common, "id": 3, "score": "offered"},
        {**common, "id": 4, "score": "unoffered"},
    )
    sent, bad, good, offered = interactions(await records(helpdesk(tmp_path, ratings=ratings), "satisfaction-ratings"))

    assert (sent.kind, sent.occurred_at, sent.score) == ("survey.sent", moment("2026-01-03T10:00"), None)
    assert (bad.metric, bad.score, bad.scale, bad.text) == (SurveyMetric.CSAT, 0.0, (0.0, 1.0), "Too slow")
    assert (bad.occurred_at, bad.ticket, bad.team, bad.agent) == (
        moment("2026-01-03T11:00"), "helpdesk/35", "Billing", "Udo",
    )  # fmt: skip
    assert good.score == 1.0
    assert (offered.kind, offered.score, offered.direction) == ("survey.sent", None, Direction.OUTBOUND)


async def test_an_order_with_its_refund(tmp_path: Path) -> None:
    """Placed in sales, refunded in finance with its own amount and reason."""
    write(
        tmp_path,
        "o.csv",
        "order_id,placed_at,customer,amount,currency,refunded_at,refund_amount,refund_reason\n"
        "O-1,2026-01-01 10:00:00,crm/contacts/7,100,EUR,2026-01-09 10:00:00,40,Damaged\n",
    )
    placed, refunded = interactions(
        await records(connector(tmp_path, {"path": "o.csv", "format": "orders"}, name="shop"), "orders")
    )

    assert (placed.kind, placed.amount, placed.function) == ("order.placed", 100.0, BusinessFunction.SALES)
    assert (refunded.kind, refunded.amount, refunded.reason) == ("order.refunded", 40.0, "Damaged")
    assert {placed.order, refunded.order} == {"shop/O-1"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("S-1,stopped,2026-01-01,crm/contacts/7", "event 'stopped' is not one of started"),
        ("S-1,started,,crm/contacts/7", "no value in 'at'"),
        ("S-1,started,2026-01-01,7", "customer '7' is no key"),
        ("S-1,started,2026-01-01,", "nobody is named"),
        (",started,2026-01-01,crm/contacts/7", "no value in 'subscription_id'"),
    ],
)
async def test_a_bad_subscription_event_is_refused(tmp_path: Path, row: str, said: str) -> None:
    """Field, value and what would be right."""
    write(tmp_path, "s.csv", f"subscription_id,event,at,customer\n{row}\n")
    source = connector(tmp_path, {"path": "s.csv", "format": "subscriptions"}, name="shop")
    (page,) = await pages(source, "subscriptions")

    with pytest.raises(RecordError, match=said):
        list(source.map(await stream(source, "subscriptions"), page.raws[0]))


async def test_a_survey_is_sent_and_answered(tmp_path: Path) -> None:
    """The score, the scale of its metric and the words belong to the answer; an impossible score is refused."""
    write(
        tmp_path,
        "s.csv",
        "survey_id,sent_at,answered_at,email,metric,score,comment\n"
        "1,2026-01-01 10:00,2026-01-02 10:00,a@x.test,nps,3,Slow\n"
        "2,2026-01-01 10:00,,b@x.test,ces,,\n"
        "3,,2026-01-02 10:00,c@x.test,csat,6,\n",
    )
    source = connector(tmp_path, {"path": "s.csv", "format": "surveys"}, name="surveys")
    (page,) = await pages(source, "answers")
    of = await stream(source, "answers")
    sent, answered = interactions(list(source.map(of, page.raws[0])))
    (unanswered,) = interactions(list(source.map(of, page.raws[1])))

    assert (sent.kind, sent.score, sent.text) == ("survey.sent", None, None)
    assert (answered.score, answered.scale, answered.text) == (3.0, (0.0, 10.0), "Slow")
    assert unanswered.kind == "survey.sent"
    with pytest.raises(RecordError, match="score 6 is not within 1 to 5"):
        list(source.map(of, page.raws[2]))

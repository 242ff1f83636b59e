"""The Tryton marketing connector against Tryton's wire: recipients, mails, unsubscribes and subscribers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from c360.testing import check_contract
from connectors.crm.tryton_rpc import TrytonConfig
from connectors.hookspecs import State
from connectors.marketing.tryton_marketing import MAILS, RECIPIENTS, SUBSCRIBERS, UNSUBSCRIBES, TrytonMarketingConnector
from connectors.records import Consent, ConsentStatus, Identifiers, Interaction, Person, Record, Tombstone
from tests.connectors.crm.fake_tryton import FakeTryton, Row, later

pytestmark = pytest.mark.anyio

CONFIG = TrytonConfig(
    url="https://erp.acme.example",
    database="c360",
    user="admin",
    password=SecretStr("admin-secret-1"),
    page_size=10,
    overlap_seconds=0,
)
RECORD = "marketing.automation.record"
ACTIVITY = "marketing.automation.record.activity"


@pytest.fixture
def tryton() -> FakeTryton:
    """A Tryton with its own house, and nobody in a scenario yet."""
    fake = FakeTryton()
    fake.add("party.party", name="Our House")
    fake.add("company.company", party=1)
    for model in (
        "company.employee party.contact_mechanism party.address party.relation.all marketing.email ir.email "
        f"{RECORD} {ACTIVITY}"
    ).split():
        fake.rows[model] = []
    return fake


@pytest.fixture
async def marketing(tryton: FakeTryton) -> AsyncIterator[TrytonMarketingConnector]:
    """The connector on the fake's wire."""
    connector = TrytonMarketingConnector("marketing", CONFIG, transport=tryton.transport)
    yield connector
    await connector.close()


async def read(
    marketing: TrytonMarketingConnector, stream: Any, state: State | None = None
) -> tuple[list[Record], State]:
    """All records of a stream, and the state after them."""
    records: list[Record] = []
    async for page in marketing.read(stream, state):
        records += [record for raw in page.raws for record in marketing.map(stream, raw)]
        state = page.state
    assert state is not None
    return records, state


def enrol(tryton: FakeTryton, name: str = "Mara Lindqvist", **record: Any) -> tuple[int, Row]:
    """A party in the scenario Welcome; the party's id and its record."""
    party = tryton.add("party.party", name=name)["id"]
    values = {"record": f"party.party,{party}", "blocked": False, "scenario": {"id": 1, "name": "Welcome"}, **record}
    return party, tryton.add(RECORD, **values)


def mail(tryton: FakeTryton, record: Row, *, sent: bool = True, **values: Any) -> Row:
    """A mail of the scenario to the party of a record; `sent` keeps the mail itself as well."""
    step = {"id": 5, "name": "Hello", "action": "send_email", "email_title": "Welcome!"}
    step["marketing_campaign"] = {"id": 1, "name": "spring"}
    row = tryton.add(
        ACTIVITY,
        record=record,
        activity=step,
        state="done",
        at=later(50),
        email_opened=False,
        email_clicked=False,
        write_date=later(60),
    )
    row |= values
    if sent:
        tryton.add(
            "ir.email",
            marketing_automation_activity=5,
            marketing_automation_record=record["id"],
            recipients="Mara <mara@nordlicht.example>",
            subject="Welcome, Mara!",
            at=later(55),
        )
    return row


async def test_only_recipients_are_persons(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """A party in no scenario is nobody's recipient; one in two scenarios comes once."""
    tryton.add("party.party", name="Not written to")
    party, record = enrol(tryton)
    tryton.add(RECORD, record=record["record"], blocked=False, scenario={"id": 2, "name": "Winback"})

    records, _ = await read(marketing, RECIPIENTS)

    assert [(type(one), one.id) for one in records] == [(Person, str(party))]


async def test_a_recipient_has_a_firm_by_name_only(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """The employer is in no scenario, so there is no record to point to."""
    party, _ = enrol(tryton)
    row = next(row for row in tryton.rows["party.party"] if row["id"] == party)
    row["relations"] = [{"id": 1, "type": {"name": "works for"}, "to": {"id": 9, "rec_name": "Nordlicht"}}]

    records, _ = await read(marketing, RECIPIENTS)

    assert [(one.account_id, one.account_name) for one in records if isinstance(one, Person)] == [(None, "Nordlicht")]


async def test_a_new_enrolment_makes_a_recipient(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """A party that was there for long becomes a recipient when it enters a scenario, without a change of its own."""
    party = tryton.add("party.party", name="Late", create_date=later(-9000))["id"]
    enrol(tryton)
    _, state = await read(marketing, RECIPIENTS)
    tryton.add(RECORD, record=f"party.party,{party}", blocked=False, create_date=later(500))

    records, _ = await read(marketing, RECIPIENTS, state)

    assert str(party) in {one.id for one in records}


async def test_what_was_done_with_a_mail(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """Sent when and to whom the kept mail says; opened and clicked at the row's last change, which is said."""
    party, record = enrol(tryton)
    number = mail(tryton, record, email_opened=True, email_clicked=True, write_date=later(900))["id"]

    records, _ = await read(marketing, MAILS)

    found = [one for one in records if isinstance(one, Interaction)]
    assert [(one.kind, one.id, one.direction) for one in found] == [
        ("email.sent", f"{number}:sent", "outbound"),
        ("email.opened", f"{number}:opened", "inbound"),
        ("email.clicked", f"{number}:clicked", "inbound"),
    ]
    assert [one.occurred_at for one in found] == [later(55), later(900), later(900)]
    assert {one.person for one in found} == {f"marketing/recipients/{party}"}
    assert {one.campaign for one in found} == {"marketing/Welcome"}
    assert {one.activity_id for one in found} == {f"marketing/mails/{number}"}
    assert found[0].subject == "Welcome, Mara!"
    assert found[0].extra == {"step": "Hello", "utm_campaign": "spring", "to": "mara@nordlicht.example"}
    assert found[1].extra["moment"] == "last change of the mail's row"


async def test_a_click_without_an_open_is_a_click(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """Opening is the picture; whoever blocks pictures clicks without it."""
    mail(tryton, enrol(tryton)[1], email_clicked=True)
    records, _ = await read(marketing, MAILS)
    assert [one.kind for one in records if isinstance(one, Interaction)] == ["email.sent", "email.clicked"]


async def test_what_was_not_sent_is_no_mail(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """Waiting and cancelled steps, and steps that send nothing, are left out."""
    _, record = enrol(tryton)
    mail(tryton, record, state="waiting", sent=False)
    mail(tryton, record, state="cancelled", sent=False)
    mail(tryton, record, activity={"id": 6, "name": "Wait", "action": None}, sent=False)
    records, _ = await read(marketing, MAILS)
    assert records == []


async def test_a_mail_that_was_not_kept_has_its_planned_time(
    tryton: FakeTryton, marketing: TrytonMarketingConnector
) -> None:
    """Old mails may be gone; the step's own time and title serve."""
    mail(tryton, enrol(tryton)[1], sent=False)
    records, _ = await read(marketing, MAILS)
    assert [(one.occurred_at, one.subject) for one in records if isinstance(one, Interaction)] == [
        (later(50), "Welcome!")
    ]


async def test_an_open_between_two_reads(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """The next read gives the mail again with its open; else only what shares the newest moment that was seen."""
    rows = [mail(tryton, enrol(tryton, f"P {n}")[1], write_date=later(100 + n)) for n in range(25)]
    _, state = await read(marketing, MAILS)
    rows[3] |= {"email_opened": True, "write_date": later(5000)}

    records, _ = await read(marketing, MAILS, state)

    assert {one.id for one in records} == {"25:sent", f"{rows[3]['id']}:sent", f"{rows[3]['id']}:opened"}


async def test_a_scenario_of_something_else_has_only_an_address(
    tryton: FakeTryton, marketing: TrytonMarketingConnector
) -> None:
    """A scenario may be about sales; then the address of the mail is all that is known of the person."""
    _, record = enrol(tryton, record="sale.sale,7")
    mail(tryton, record)
    records, _ = await read(marketing, MAILS)
    assert [one.person for one in records if isinstance(one, Interaction)] == [
        Identifiers(email="mara@nordlicht.example")
    ]


async def test_leaving_is_an_interaction_and_revokes(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """Who left a scenario has `email.unsubscribed`, and a revoked consent; who stays has neither."""
    left, _ = enrol(tryton, "Left", blocked=True, write_date=later(700))
    enrol(tryton, "Stays")

    gone, _ = await read(marketing, UNSUBSCRIBES)
    people, _ = await read(marketing, RECIPIENTS)

    assert [(one.kind, one.person, one.occurred_at) for one in gone if isinstance(one, Interaction)] == [
        ("email.unsubscribed", f"marketing/recipients/{left}", later(700))
    ]
    consents = {one.id: one.consents for one in people if isinstance(one, Person)}
    (statement,) = consents.pop(str(left))
    assert (statement.status, statement.at) == (ConsentStatus.REVOKED, later(700))
    assert list(consents.values()) == [()]


async def test_a_newsletter_list_is_consent(tryton: FakeTryton, marketing: TrytonMarketingConnector) -> None:
    """An address on a list has granted; an inactive one, which Tryton hides by default, has revoked."""
    news = {"id": 1, "name": "News"}
    tryton.add("marketing.email", email="in@post.example", list_=news)
    tryton.add("marketing.email", email="out@post.example", list_=news, active=False)

    records, _ = await read(marketing, SUBSCRIBERS)

    assert [(one.person, one.statement.status) for one in records if isinstance(one, Consent)] == [
        (Identifiers(email="in@post.example"), ConsentStatus.GRANTED),
        (Identifiers(email="out@post.example"), ConsentStatus.REVOKED),
    ]


async def test_a_deleted_mail_takes_its_interactions_along(
    tryton: FakeTryton, marketing: TrytonMarketingConnector
) -> None:
    """Whatever had happened with it is gone."""
    number = mail(tryton, enrol(tryton)[1], email_opened=True)["id"]
    _, state = await read(marketing, MAILS)
    tryton.rows[ACTIVITY].clear()
    records, _ = await read(marketing, MAILS, state)
    assert {one.id for one in records if isinstance(one, Tombstone)} == {
        f"{number}:sent",
        f"{number}:opened",
        f"{number}:clicked",
    }


async def test_the_contract_is_kept(tryton: FakeTryton) -> None:
    """What every connector must keep, this one keeps: keys, moments, states, no secrets."""
    for n in range(25):
        mail(tryton, enrol(tryton, f"P {n}", blocked=n % 5 == 0)[1], email_opened=n % 2 == 0)
    connector = TrytonMarketingConnector("marketing", CONFIG, transport=tryton.transport)
    report = await check_contract(connector, secrets=["admin-secret-1", "key1"])
    assert report.records == 25 + 25 + 13 + 5

"""Mailchimp, Klaviyo and Typeform tell of one customer: one journey, one consent, whoever tells it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from connectors.marketing.klaviyo import KlaviyoConfig, KlaviyoConnector
from connectors.marketing.mailchimp import MailchimpConfig, MailchimpConnector
from connectors.surveys.typeform import TypeformConfig, TypeformConnector
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.marketing import stand_in_klaviyo, stand_in_mailchimp
from tests.connectors.marketing.stand_in_klaviyo import FakeKlaviyo
from tests.connectors.marketing.stand_in_mailchimp import START, FakeMailchimp
from tests.connectors.surveys import stand_in_typeform
from tests.connectors.surveys.stand_in_typeform import FORM, FakeTypeform

pytestmark = pytest.mark.anyio

MAIL = "ada@byron.test"
DAY = timedelta(days=1)


def sources(mailchimp: FakeMailchimp, klaviyo: FakeKlaviyo, typeform: FakeTypeform) -> list[LandingSource]:
    """Three sections of plugins.toml."""
    newsletter = MailchimpConfig(api_key=SecretStr(stand_in_mailchimp.KEY))
    shop = KlaviyoConfig(api_key=SecretStr(stand_in_klaviyo.KEY))
    questions = {"questions": {"recommend": {"metric": "nps", "comment": "why"}}}
    surveys = TypeformConfig.model_validate({"token": stand_in_typeform.TOKEN, "forms": {FORM: questions}})
    connectors: list[Any] = [
        MailchimpConnector("newsletter", newsletter, transport=mailchimp.transport),
        KlaviyoConnector("shop", shop, transport=klaviyo.transport),
        TypeformConnector("surveys", surveys, transport=typeform.transport),
    ]
    return [LandingSource(one, one.name) for one in connectors]


async def test_three_sources_of_marketing_tell_one_journey(store: Store) -> None:
    """Sent, opened, bought, refused and asked stand in one order; what refuses wins; a second sync changes nothing."""
    mailchimp, klaviyo, typeform = FakeMailchimp(), FakeKlaviyo(), FakeTypeform()
    ada = mailchimp.member(MAIL, merge_fields={"FNAME": "Ada", "LNAME": "Byron"})
    mailchimp.campaign("spring", "Spring")
    mailchimp.sent("spring", ada)
    mailchimp.act("spring", ada, "open", START + DAY)
    told = {"email": {"marketing": {"consent": "UNSUBSCRIBED", "last_updated": (START + 3 * DAY).isoformat()}}}
    klaviyo.profile("P1", email=MAIL, first_name="Ada", last_name="Byron", subscriptions=told)
    klaviyo.event("E1", "PlcOrd", "P1", at=START + 2 * DAY, d_event_id="1001", d_value=59.9, d_value_currency="EUR")
    klaviyo.event("E2", "UnsEml", "P1", at=START + 3 * DAY)
    typeform.response("t1", {"recommend": 2, "why": "Too many mails."}, at=START + 4 * DAY, email=MAIL)

    report = await sync(sources(mailchimp, klaviyo, typeform), store, Rules())

    assert report.ok, [landed.error for landed in report.landed]
    assert [landed.rejected for landed in report.landed] == [0, 0, 0]
    ((customer, name, consents),) = await store.read("MATCH (c:Customer) RETURN c.id, c.display_name, c.consents")
    assert name == "Ada Byron"
    (consent,) = msgspec.json.decode(consents)
    assert (consent["channel"], consent["purpose"], consent["status"]) == ("email", "marketing", "REVOKED")
    journey = await store.read(
        "MATCH (:Customer {id: $id})-[:EXPERIENCED]->(i) RETURN i.kind, i.automated ORDER BY i.at", id=customer
    )
    assert [kind for kind, _ in journey] == [
        "email.sent", "email.opened", "order.placed", "email.unsubscribed", "survey.answered",
    ]  # fmt: skip
    assert [automated for _, automated in journey] == [True, False, False, False, False]

    before = await digest(store)
    again = await sync(sources(mailchimp, klaviyo, typeform), store, Rules())
    assert again.ok
    assert await digest(store) == before


async def people_of(store: Store, *sources: LandingSource) -> list[list[str]]:
    """Which addresses each customer has, after a sync that went well."""
    report = await sync(list(sources), store, Rules())
    assert report.ok, [landed.error for landed in report.landed]
    rows = await store.read("MATCH (c:Customer) RETURN c.emails")
    return sorted(sorted(email["address"] for email in msgspec.json.decode(emails)) for (emails,) in rows)


def audience(name: str, mailchimp: FakeMailchimp) -> LandingSource:
    """A section of plugins.toml that reads one audience."""
    config = MailchimpConfig(api_key=SecretStr(stand_in_mailchimp.KEY), audience=mailchimp.audience)
    return LandingSource(MailchimpConnector(name, config, transport=mailchimp.transport), name)


ADA = {"FNAME": "Ada", "LNAME": "Byron-Lovelace", "PHONE": "+44 20 7946 0991"}
CARL = {"FNAME": "Carl", "LNAME": "Novak", "PHONE": "+44 20 7946 0123"}


async def test_one_person_is_in_an_audience_twice(store: Store) -> None:
    """With two addresses they are two contacts of Mailchimp; name and telephone tell that it is one person."""
    mailchimp = FakeMailchimp()
    mailchimp.member("ada@byron.test", contact_id="c1", merge_fields=ADA)
    mailchimp.member("countess@lovelace.test", contact_id="c2", merge_fields=ADA)
    mailchimp.member("carl@novak.test", contact_id="c3", merge_fields=CARL)

    people = await people_of(store, audience("newsletter", mailchimp))

    assert people == [["ada@byron.test", "countess@lovelace.test"], ["carl@novak.test"]]


async def test_one_person_is_in_two_audiences(store: Store) -> None:
    """Another audience, another address, another contact: still one person."""
    news, trade = FakeMailchimp(), FakeMailchimp("b2b")
    news.member("ada@byron.test", contact_id="c1", merge_fields=ADA)
    news.member("carl@novak.test", contact_id="c3", merge_fields=CARL)
    trade.member("countess@lovelace.test", contact_id="c9", merge_fields=ADA)

    people = await people_of(store, audience("newsletter", news), audience("trade", trade))

    assert people == [["ada@byron.test", "countess@lovelace.test"], ["carl@novak.test"]]


async def test_a_contact_keeps_its_customer_under_a_new_address(store: Store) -> None:
    """Nothing but the contact's id is left of the old record: before a listing tells of it they are one person."""
    mailchimp = FakeMailchimp()
    old = mailchimp.member("ada@byron.test", contact_id="c1")
    mailchimp.member("carl@novak.test", contact_id="c3", merge_fields=CARL)
    await people_of(store, audience("newsletter", mailchimp))
    del mailchimp.members[old]
    mailchimp.member("countess@lovelace.test", contact_id="c1", changed=START + DAY, merge_fields=ADA)

    people = await people_of(store, audience("newsletter", mailchimp))

    assert people == [["ada@byron.test", "countess@lovelace.test"], ["carl@novak.test"]]

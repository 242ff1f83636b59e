"""The Klaviyo connector against Klaviyo's wire: profiles, consents by channel, events and who or what caused them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.errors import RecordError, SourceRefused, SourceUnavailable
from connectors.hookspecs import RawProblem, State, WebhookRequest
from connectors.http import Patience
from connectors.marketing.klaviyo import EVENTS, PROFILES, KlaviyoConfig, KlaviyoConnector
from connectors.records import Address, Interaction, Person, Record
from tests.connectors.marketing.stand_in_klaviyo import KEY, START, FakeKlaviyo

pytestmark = pytest.mark.anyio

SECRET = "0123456789abcdef-of-the-webhook"
CONFIG = KlaviyoConfig(
    api_key=SecretStr(KEY),
    webhook_secret=SecretStr(SECRET),
    metrics={"Attended Webinar": "event.attended"},
    external_id_system="shop",
)
IMPATIENT = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01)


@pytest.fixture
def klaviyo() -> FakeKlaviyo:
    """An account with nobody in it."""
    return FakeKlaviyo()


@pytest.fixture
async def marketing(klaviyo: FakeKlaviyo) -> AsyncIterator[KlaviyoConnector]:
    """The connector on the fake's wire."""
    connector = KlaviyoConnector("marketing", CONFIG, transport=klaviyo.transport, patience=IMPATIENT)
    yield connector
    await connector.close()


async def read(
    connector: KlaviyoConnector, stream: Any, state: State | None = None, pages: int = 1000
) -> tuple[list[Record], State]:
    """The records of a stream's first pages, and the state after them."""
    records: list[Record] = []
    async for page in connector.read(stream, state):
        records += [record for raw in page.raws for record in connector.map(stream, raw)]
        state = page.state
        pages -= 1
        if not pages:
            break
    assert state is not None
    return records, state


async def person(connector: KlaviyoConnector) -> Person:
    """The only profile."""
    (only,) = (await read(connector, PROFILES))[0]
    assert isinstance(only, Person)
    return only


async def events(connector: KlaviyoConnector, state: State | None = None) -> list[Interaction]:
    """The interactions."""
    return [one for one in (await read(connector, EVENTS, state))[0] if isinstance(one, Interaction)]


async def test_a_profile_becomes_a_person(klaviyo: FakeKlaviyo, marketing: KlaviyoConnector) -> None:
    """Names, place and the company's own id; what is blank says nothing; custom properties are kept."""
    klaviyo.profile(
        "P1",
        email="ada@x.test",
        phone_number="+4943112345",
        external_id="4711",
        first_name="Ada",
        last_name="Quist",
        organization=" ",
        title="Buyer",
        locale="de-DE",
        location={"address1": "1 Elm Road", "city": "Kiel", "zip": "24103", "country": "Germany",
                  "timezone": "Europe/Berlin"},
        properties={"Shoe Size": 39, "Empty": ""},
    )  # fmt: skip
    ada = await person(marketing)

    assert str(ada.key) == "marketing/profiles/P1"
    assert (ada.given_name, ada.family_name, ada.account_name, ada.job_title) == ("Ada", "Quist", None, "Buyer")
    assert ada.address == Address(street="1 Elm Road", city="Kiel", postal_code="24103", country="DE")
    assert (ada.external_ids, ada.extra, ada.timezone) == ({"shop": "4711"}, {"Shoe Size": 39}, "Europe/Berlin")


@pytest.mark.parametrize(
    ("subscriptions", "said"),
    [
        ({"email": {"marketing": {"consent": "SUBSCRIBED", "consent_timestamp": "2026-01-02T00:00:00+00:00",
                                  "method": "FORM"}}}, ["email marketing GRANTED FORM 01-02"]),
        ({"email": {"marketing": {"consent": "UNSUBSCRIBED", "last_updated": "2026-01-03T00:00:00+00:00"}}},
         ["email marketing REVOKED None 01-03"]),
        ({"email": {"marketing": {"consent": "NEVER_SUBSCRIBED", "suppression": [
            {"reason": "HARD_BOUNCE", "timestamp": "2026-01-04T00:00:00+00:00"}]}}}, []),
        ({"email": {"marketing": {"consent": "SUBSCRIBED", "consent_timestamp": "2026-01-02T00:00:00+00:00",
                                  "suppression": [{"reason": "SPAM_COMPLAINT",
                                                   "timestamp": "2026-01-05T00:00:00+00:00"}]}}},
         ["email marketing GRANTED None 01-02", "email marketing REVOKED SPAM_COMPLAINT 01-05"]),
        ({"sms": {"marketing": {"consent": "SUBSCRIBED", "consent_timestamp": "2026-01-06T00:00:00+00:00"},
                  "transactional": {"consent": "UNSUBSCRIBED", "last_updated": "2026-01-07T00:00:00+00:00"}}},
         ["sms marketing GRANTED None 01-06", "sms transactional REVOKED None 01-07"]),
        ({"email": {"marketing": {"consent": "SUBSCRIBED", "consent_timestamp": "2026-01-08T00:00:00+00:00",
                                  "suppression": [{"reason": "USER_SUPPRESSED",
                                                   "timestamp": "2026-01-05T00:00:00+00:00"}]}}},
         ["email marketing GRANTED None 01-08", "email marketing REVOKED USER_SUPPRESSED 01-08"]),
        (None, []),
    ],
)  # fmt: skip
async def test_consents_are_told_by_channel_and_purpose(
    klaviyo: FakeKlaviyo, marketing: KlaviyoConnector, subscriptions: Any, said: list[str]
) -> None:
    """A dead address agreed to nothing and refused nothing; whoever complained refused."""
    klaviyo.profile("P1", email="ada@x.test", subscriptions=subscriptions)
    told = (await person(marketing)).consents

    assert [f"{c.channel} {c.purpose} {c.status} {c.evidence} {c.at:%m-%d}" for c in told] == said


@pytest.mark.parametrize(
    ("metric", "properties", "kind", "automated"),
    [
        ("RecEml", {}, "email.delivered", True),
        ("OpnEml", {"machine_open": False, "Apple Privacy Open": False}, "email.opened", False),
        ("OpnEml", {"Apple Privacy Open": True}, "email.opened", True),
        ("OpnEml", {"machine_open": "True"}, "email.opened", True),
        ("ClkEml", {"Bot Click": False, "URL": "https://x.test"}, "email.clicked", False),
        ("ClkEml", {"Bot Click": True}, "email.clicked", True),
        ("BncEml", {"Bounce Type": "Hard"}, "email.bounced", True),
        ("UnsEml", {}, "email.unsubscribed", False),
        ("SntSms", {"Message Body": "STOP"}, "conversation.message", False),
        ("Webinr", {}, "event.attended", False),
    ],
)
async def test_a_metric_says_what_happened_and_flags_say_whether_a_machine_did_it(
    klaviyo: FakeKlaviyo, marketing: KlaviyoConnector, metric: str, properties: Any, kind: str, automated: bool
) -> None:
    """Apple's privacy proxy and scanners are `automated`; own metrics are as plugins.toml says."""
    klaviyo.event("E1", metric, "P1", **properties)
    (event,) = await events(marketing)

    assert (event.id, event.kind, event.automated, event.person) == ("E1", kind, automated, "marketing/profiles/P1")
    assert event.text == properties.get("Message Body")
    assert event.reason == properties.get("Bounce Type")


async def test_an_order_is_one_matter_from_its_placing_to_its_refund(
    klaviyo: FakeKlaviyo, marketing: KlaviyoConnector
) -> None:
    """With money, and named as every connector of orders names it."""
    money: dict[str, Any] = {
        "d_event_id": "1001",
        "d_value": "59.9",
        "d_value_currency": "EUR",
        "Items": ["Boots"],
        "Coupon": "SPRING",
    }
    klaviyo.event("E1", "PlcOrd", "P1", **money)
    klaviyo.event("E2", "RefOrd", "P1", at=START + timedelta(days=1), **money, Reason="too small")
    placed, refunded = await events(marketing)

    assert (placed.id, placed.kind, placed.order) == ("1001:placed", "order.placed", "marketing/1001")
    assert (placed.amount, placed.currency, placed.extra) == (59.9, "EUR", {"Coupon": "SPRING"})
    assert (refunded.id, refunded.order, refunded.reason) == ("1001:refunded:E2", "marketing/1001", "too small")


@pytest.mark.parametrize(
    ("properties", "campaign"),
    [
        ({"d_message": "01MESSAGE"}, "marketing/01CAMPAIGN"),
        ({"d_message": "LEGACY"}, "marketing/LEGACY"),
        ({"d_message": "X", "d_flow": "FLOW1"}, "marketing/FLOW1"),
        ({}, None),
    ],
)
async def test_a_message_leads_to_its_campaign_or_flow(
    klaviyo: FakeKlaviyo, marketing: KlaviyoConnector, properties: Any, campaign: str | None
) -> None:
    """Events know messages alone."""
    klaviyo.event("E1", "OpnEml", "P1", **properties)
    assert [event.campaign for event in await events(marketing)] == [campaign]


async def test_an_event_of_nobody_is_refused_and_the_rest_goes_on(
    klaviyo: FakeKlaviyo, marketing: KlaviyoConnector
) -> None:
    """It becomes a Rejection that names it."""
    klaviyo.event("E1", "OpnEml", None)
    with pytest.raises(RecordError, match="event E1 names no profile"):
        await events(marketing)


async def test_a_cursor_that_expired_begins_again_at_the_last_known_moment(
    klaviyo: FakeKlaviyo, marketing: KlaviyoConnector
) -> None:
    """A sync that goes on days later loses nothing."""
    for number in range(50):
        klaviyo.profile(f"P{number:02}", updated=START + number * timedelta(minutes=1))
    first, state = await read(marketing, PROFILES, pages=1)
    klaviyo.expired.add(state["cursor"])

    rest, _ = await read(marketing, PROFILES, state)

    assert len({record.id for record in (*first, *rest)}) == 50


async def test_a_quiet_account_is_not_read_farther_back_with_each_sync(
    klaviyo: FakeKlaviyo, marketing: KlaviyoConnector
) -> None:
    """The overlap is taken off the newest known moment, once."""
    klaviyo.profile("P1")
    _, first = await read(marketing, PROFILES)
    del klaviyo.profiles["P1"]
    _, second = await read(marketing, PROFILES, first)

    assert second == first


async def test_a_key_that_lacks_scopes_is_told_which(klaviyo: FakeKlaviyo, marketing: KlaviyoConnector) -> None:
    """All of them at once."""
    klaviyo.scopes = {"profiles", "metrics"}
    answer = await marketing.check()

    assert not answer.ok
    assert "lacks events:read, campaigns:read" in answer.message
    assert answer.details["profiles"] == "readable"


def push(body: bytes, secret: str = SECRET, sent: datetime = START) -> WebhookRequest:
    """As Klaviyo signs it, received at START."""
    stamp = format_datetime(sent, usegmt=True)
    digest = hmac.new(secret.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
    return WebhookRequest({"klaviyo-signature": digest, "klaviyo-timestamp": stamp}, body, START)


async def test_a_push_gives_what_reading_gives(klaviyo: FakeKlaviyo, marketing: KlaviyoConnector) -> None:
    """The same records under the same ids; names are asked for once for many pushes; a broken event is one problem."""
    klaviyo.event("E1", "OpnEml", "P1", d_message="01MESSAGE", machine_open=True)
    klaviyo.event("E2", "OpnEml", None)
    told = [{"topic": "event:klaviyo.opened_email", "payload": {"data": row}} for row in klaviyo.events.values()]
    body = json.dumps({"data": [*told, {"topic": "x", "payload": None}], "meta": {}}).encode()
    for _ in range(3):
        broken, opened, nobody = await marketing.webhook(push(body))
    asked = [url.path for url in klaviyo.asked]
    del klaviyo.events["E2"]

    assert [opened] == await events(marketing)
    assert isinstance(broken, RawProblem)
    assert isinstance(nobody, RawProblem)
    assert "E2 names no profile" in nobody.reason
    assert asked == ["/api/metrics", "/api/campaigns", "/api/campaigns"]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (push(b"{}", "another-secret-of-another"), "not by our webhook_secret"),
        (WebhookRequest({}, b"{}", START), "not by our webhook_secret"),
        (push(b"{}", sent=START - timedelta(minutes=6)), "a replay"),
        (push(b"{}", sent=START + timedelta(minutes=6)), "a replay"),
    ],
)
async def test_a_push_that_klaviyo_did_not_just_sign_is_refused(
    marketing: KlaviyoConnector, request_: WebhookRequest, reason: str
) -> None:
    """Before anything of it is read."""
    with pytest.raises(SourceRefused, match=reason):
        await marketing.webhook(request_)


async def test_a_push_that_cannot_be_taken_says_why(klaviyo: FakeKlaviyo, marketing: KlaviyoConnector) -> None:
    """A body of something else; our own key being refused, for then it is to come again; no secret in plugins.toml."""
    with pytest.raises(RecordError, match="no push of Klaviyo"):
        await marketing.webhook(push(b"{}"))
    klaviyo.scopes = set()
    with pytest.raises(SourceUnavailable, match="answered 403"):
        await marketing.webhook(push(b'{"data": []}'))
    with pytest.raises(SourceRefused, match="no webhook_secret"):
        await KlaviyoConnector("marketing", KlaviyoConfig(api_key=SecretStr(KEY))).webhook(push(b"{}"))

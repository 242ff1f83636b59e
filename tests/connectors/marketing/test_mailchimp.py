"""The Mailchimp connector against Mailchimp's wire: members, consents, and the figures of campaigns."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from c360.testing import check_contract
from connectors.errors import RecordError, SourceError, SourceRefused, SourceUnavailable
from connectors.exports.mailchimp import subscriber_hash
from connectors.hookspecs import State, WebhookRequest
from connectors.http import Patience
from connectors.marketing.mailchimp import ACTIVITY, MEMBERS, MailchimpConfig, MailchimpConnector
from connectors.records import Address, ConsentStatus, Interaction, Person, Record, Tombstone
from tests.connectors.marketing.stand_in_mailchimp import AUDIENCE, KEY, START, FakeMailchimp

pytestmark = pytest.mark.anyio

CONFIG = MailchimpConfig(api_key=SecretStr(KEY), page_size=20)
IMPATIENT = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01)
SECRET = "0123456789abcdef-of-the-webhook"
SECOND = timedelta(seconds=1)


@pytest.fixture
def mailchimp() -> FakeMailchimp:
    """An account with one audience and nobody in it."""
    return FakeMailchimp()


@pytest.fixture
async def marketing(mailchimp: FakeMailchimp) -> AsyncIterator[MailchimpConnector]:
    """The connector on the fake's wire."""
    connector = MailchimpConnector("marketing", CONFIG, transport=mailchimp.transport, patience=IMPATIENT)
    yield connector
    await connector.close()


async def read(
    connector: MailchimpConnector, stream: Any, state: State | None = None, pages: int = 10_000
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


async def people(connector: MailchimpConnector, state: State | None = None) -> dict[str, Person]:
    """The members by their address."""
    records, _ = await read(connector, MEMBERS, state)
    return {one.emails[0].value: one for one in records if isinstance(one, Person)}


async def test_a_member_becomes_a_person(mailchimp: FakeMailchimp, marketing: MailchimpConnector) -> None:
    """Merge fields, tags, interests and place; what is blank says nothing; fields of one's own are kept."""
    mailchimp.member(
        "Ada@x.test",
        merge_fields={
            "FNAME": "Ada", "LNAME": "Quist", "PHONE": "", "COMPANY": "Nordlicht", "SHOE": 39,
            "ADDRESS": {"addr1": "1 Elm Road", "addr2": "", "city": "Kiel", "zip": "24103", "country": "DE"},
        },
        tags=[{"id": 1, "name": "vip"}],
        interests={"9f1": True, "9f2": False},
        language="de",
        location={"country_code": "DE", "timezone": "Europe/Berlin"},
    )  # fmt: skip
    ada = (await people(marketing))["Ada@x.test"]

    assert str(ada.key) == f"marketing/members/{subscriber_hash('ada@x.test')}"
    assert (ada.given_name, ada.family_name, ada.account_name, ada.phones) == ("Ada", "Quist", "Nordlicht", ())
    assert ada.address == Address(street="1 Elm Road", city="Kiel", postal_code="24103", country="DE")
    assert (ada.tags, ada.locale, ada.timezone) == (("vip",), "de", "Europe/Berlin")
    assert ada.extra == {"SHOE": 39, "status": "subscribed", "signup_source": "Unknown", "interests": ["Topics: Boots"]}
    assert ada.created_at == START - timedelta(days=30)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("subscribed", [ConsentStatus.GRANTED]),
        ("unsubscribed", [ConsentStatus.GRANTED, ConsentStatus.REVOKED]),
        ("cleaned", []),
        ("pending", []),
        ("transactional", []),
        ("archived", [ConsentStatus.REVOKED]),
    ],
)
async def test_a_status_says_what_was_agreed_to(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector, status: str, said: list[ConsentStatus]
) -> None:
    """With its history; who left and was archived is deleted and still refuses; a dead address agreed to nothing."""
    mailchimp.member("ada@x.test", status=status, unsubscribe_reason="Too many mails")
    ada = (await people(marketing))["ada@x.test"]

    assert [statement.status for statement in ada.consents] == said
    assert (ada.deleted_at is not None) == (status == "archived")
    if status == "unsubscribed":
        assert (ada.consents[1].at, ada.consents[1].evidence) == (START, "Too many mails")


async def test_changed_members_are_read_from_a_little_before_the_last_change(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector
) -> None:
    """A second sync brings what changed, and the five minutes before."""
    for number in range(60):
        mailchimp.member(f"u{number}@x.test", changed=START + timedelta(hours=number))
    _, state = await read(marketing, MEMBERS)
    mailchimp.member("u3@x.test", changed=START + timedelta(days=10), language="fr")

    assert set(await people(marketing, state)) == {"u3@x.test", "u59@x.test"}


async def test_a_member_who_was_archived_without_having_left_says_nothing(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector
) -> None:
    """Mailchimp hides what they were; only who left gave a reason."""
    mailchimp.member("ada@x.test", status="archived", unsubscribe_reason="")
    assert (await people(marketing))["ada@x.test"].consents == ()


async def test_a_member_who_was_deleted_for_ever_is_found_by_listing_all(mailchimp: FakeMailchimp) -> None:
    """Mailchimp tells nothing of them; an archived member is still listed."""
    for number in range(50):
        mailchimp.member(f"u{number}@x.test", status="archived" if number == 7 else "subscribed")
    config = MailchimpConfig(api_key=SecretStr(KEY), page_size=20, days_between_listings=0)
    marketing = MailchimpConnector("marketing", config, transport=mailchimp.transport, patience=IMPATIENT)
    _, state = await read(marketing, MEMBERS)
    del mailchimp.members[subscriber_hash("u30@x.test")]

    records, _ = await read(marketing, MEMBERS, state)

    assert [one.id for one in records if isinstance(one, Tombstone)] == [subscriber_hash("u30@x.test")]


async def test_a_changed_address_is_the_same_member(mailchimp: FakeMailchimp) -> None:
    """Mailchimp's id changes with the address; the contact does not."""
    old, new = subscriber_hash("old@x.test"), subscriber_hash("new@x.test")
    for number in range(10):
        mailchimp.member(f"u{number}@x.test")
    mailchimp.member("old@x.test", contact_id="c-77")
    config = MailchimpConfig(api_key=SecretStr(KEY), page_size=20, days_between_listings=0)
    marketing = MailchimpConnector("marketing", config, transport=mailchimp.transport, patience=IMPATIENT)
    _, state = await read(marketing, MEMBERS)
    del mailchimp.members[old]
    mailchimp.member("new@x.test", contact_id="c-77", changed=START + timedelta(days=1))

    records, _ = await read(marketing, MEMBERS, state)

    assert [(one.id, one.merged_into) for one in records if isinstance(one, Person) and one.merged_into] == [(old, new)]
    assert not [one for one in records if isinstance(one, Tombstone)]


def push(secret: str = SECRET, **data: str) -> WebhookRequest:
    """As Mailchimp sends it: a form, with the secret in the address."""
    form = {"type": data.pop("type"), "fired_at": "2026-03-01 09:00:00", "data[list_id]": AUDIENCE}
    body = urlencode({**form, **{f"data[{name}]": value for name, value in data.items()}}).encode()
    return WebhookRequest({}, body, START, url=f"https://c360.example/ingest/marketing?key={secret}")


async def pushed(mailchimp: FakeMailchimp, request: WebhookRequest, key: str = KEY) -> list[Record]:
    """What the connector makes of a push."""
    config = MailchimpConfig(api_key=SecretStr(key), webhook_secret=SecretStr(SECRET))
    return await MailchimpConnector("marketing", config, transport=mailchimp.transport, patience=IMPATIENT).webhook(
        request
    )


async def test_a_push_tells_the_member_as_mailchimp_has_them_now(mailchimp: FakeMailchimp) -> None:
    """What the push itself says is not believed: it is not signed."""
    mailchimp.member("ada@x.test", status="unsubscribed")
    (ada,) = await pushed(mailchimp, push(type="subscribe", email="Ada@x.test"))

    assert isinstance(ada, Person)
    assert [statement.status for statement in ada.consents] == [ConsentStatus.GRANTED, ConsentStatus.REVOKED]


async def test_a_push_tells_of_a_new_address_and_of_who_is_gone(mailchimp: FakeMailchimp) -> None:
    """A tombstone for whom Mailchimp no longer has; other audiences and campaigns are let go."""
    mailchimp.member("new@x.test")
    moved, new = await pushed(mailchimp, push(type="upemail", old_email="old@x.test", new_email="new@x.test"))
    (gone,) = await pushed(mailchimp, push(type="unsubscribe", action="delete", email="gone@x.test"))

    assert isinstance(moved, Person)
    assert (moved.id, moved.merged_into) == (subscriber_hash("old@x.test"), new.id)
    assert isinstance(gone, Tombstone)
    assert await pushed(mailchimp, push(type="campaign", id="spring")) == []
    assert await pushed(mailchimp, push(type="subscribe", list_id="other", email="new@x.test")) == []


async def test_a_push_that_is_not_mailchimps_is_refused(mailchimp: FakeMailchimp) -> None:
    """A wrong secret before anything else, then a body of something else; ours being refused is to come again."""
    for secret in ("", "wrong"):
        with pytest.raises(SourceRefused, match=r"\?key= and the secret"):
            await pushed(mailchimp, push(secret, type="subscribe", email="ada@x.test"))
    with pytest.raises(RecordError, match="no 'type'"):
        await pushed(mailchimp, replace(push(type="x"), body=b"\xff{}"))
    with pytest.raises(RecordError, match="names no address"):
        await pushed(mailchimp, push(type="profile"))
    with pytest.raises(SourceUnavailable, match="Check the credentials"):
        await pushed(mailchimp, push(type="profile", email="ada@x.test"), key="wrong-us1")
    with pytest.raises(SourceRefused, match="no webhook_secret"):
        await MailchimpConnector("marketing", CONFIG).webhook(push(type="profile"))


async def test_thousands_of_members_of_one_second_are_all_read(mailchimp: FakeMailchimp) -> None:
    """An import gives them all the same last change."""
    for number in range(10_001):
        mailchimp.member(f"u{number}@x.test")
    config = MailchimpConfig(api_key=SecretStr(KEY))
    marketing = MailchimpConnector("marketing", config, transport=mailchimp.transport, patience=IMPATIENT)

    assert len(await people(marketing)) == 10_001
    assert len(mailchimp.asked) < 30


@pytest.mark.parametrize("seconds", [0, 7])
async def test_members_that_change_while_they_are_read_leave_no_gap(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector, seconds: int
) -> None:
    """Those that are read move to the end of the list, those that are deleted for ever shorten it."""
    for number in range(200):
        mailchimp.member(f"u{number}@x.test", changed=START + number * seconds * SECOND)
    turn = 0

    def change(request: httpx.Request) -> httpx.Response | None:
        nonlocal turn
        if request.url.path.endswith("/members"):
            turn += 1
            if turn < 20:
                mailchimp.members[subscriber_hash(f"u{turn}@x.test")]["last_changed"] = "2026-04-01T00:00:00+00:00"
                mailchimp.members.pop(subscriber_hash(f"u{100 - turn}@x.test"), None)
        return None

    mailchimp.before = change
    found = await people(marketing)

    assert {row["email_address"] for row in mailchimp.members.values()} <= set(found)


@pytest.mark.parametrize("seconds", [0, 7])
@pytest.mark.parametrize("pages", [3, 5])
async def test_a_reading_that_stops_at_any_page_goes_on_there(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector, pages: int, seconds: int
) -> None:
    """What was read before the stop and after it is everybody, without reading everybody twice."""
    for number in range(200):
        mailchimp.member(f"u{number}@x.test", changed=START + number * seconds * SECOND)
    first, state = await read(marketing, MEMBERS, pages=pages)
    rest, _ = await read(marketing, MEMBERS, state)

    assert len({record.id for record in first + rest}) == 200
    assert len(rest) < 200


async def test_campaigns_reproduce_mailchimps_own_figures(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector
) -> None:
    """Sends, opens, unique opens, clicks, bounces, unsubscriptions and complaints are those of the report, and those
    that follow from who does what: of four readers three open, once to three times; each fifth clicks."""
    members = [mailchimp.member(f"u{number}@x.test") for number in range(70)]
    for name, size in (("spring", 70), ("autumn", 25)):
        mailchimp.campaign(name, name.title())
        mailchimp.sent(name, *members[:size])
        for number, member in enumerate(members[:size]):
            for again in range(number % 4):
                mailchimp.act(name, member, "open", START + timedelta(minutes=number + 3 * again))
            if number % 5 == 0:
                mailchimp.act(name, member, "click", START + timedelta(hours=1), url="https://x.test/a")
            if number % 11 == 0:
                mailchimp.act(name, member, "bounce", START, type="hard")
    mailchimp.unsubscribe("spring", members[4], START + timedelta(hours=2), "I no longer want these")
    mailchimp.complain("autumn", members[5], START + timedelta(hours=3))

    records, _ = await read(marketing, ACTIVITY)

    worked_out = {"spring": (70, 103, 52, 14, 7, 1, 0), "autumn": (25, 36, 18, 5, 3, 0, 1)}
    for name, figures in worked_out.items():
        of = [one for one in records if isinstance(one, Interaction) and one.campaign == f"marketing/{name}"]
        kinds = Counter(one.kind for one in of)
        report = mailchimp.report(name)
        opened_by = {one.person for one in of if one.kind == "email.opened"}
        told = [
            kinds[f"email.{kind}"] for kind in ("sent", "opened", "clicked", "bounced", "unsubscribed", "complained")
        ]
        assert (*told[:2], len(opened_by), *told[2:]) == figures
        assert kinds["email.sent"] == report["emails_sent"]
        assert kinds["email.opened"] == report["opens"]["opens_total"]
        assert len(opened_by) == report["opens"]["unique_opens"]
        assert kinds["email.clicked"] == report["clicks"]["clicks_total"]
        assert kinds["email.bounced"] == report["bounces"]["hard_bounces"]
        assert kinds["email.unsubscribed"] == report["unsubscribed"]
        assert kinds["email.complained"] == report["abuse_reports"]
    assert len({one.id for one in records}) == len(records)
    (left,) = [one for one in records if isinstance(one, Interaction) and one.kind == "email.unsubscribed"]
    assert (left.reason, left.subject, left.person) == (
        "I no longer want these",
        "Spring",
        f"marketing/members/{members[4]}",
    )


async def test_only_what_is_new_of_a_campaign_is_read_again(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector
) -> None:
    """Its figures tell which report has changed, and the newest activity, less five minutes, since when."""
    members = [mailchimp.member(f"u{number}@x.test") for number in range(45)]
    mailchimp.campaign("spring", "Spring")
    mailchimp.sent("spring", *members)
    for number, member in enumerate(members):
        mailchimp.act("spring", member, "open", START + number * timedelta(minutes=1))
    first, state = await read(marketing, ACTIVITY)
    mailchimp.asked.clear()
    unchanged, state = await read(marketing, ACTIVITY, state)
    assert (unchanged, mailchimp.asked) == ([], ["reports"])

    mailchimp.act("spring", members[0], "click", START + timedelta(days=1), url="https://x.test/a")
    mailchimp.asked.clear()
    news, _ = await read(marketing, ACTIVITY, state)

    known = {one.id for one in first}
    assert [one.kind for one in news if isinstance(one, Interaction) and one.id not in known] == ["email.clicked"]
    assert len(news) == 1 + 6
    assert mailchimp.asked == ["reports", "reports/spring/email-activity"]


async def test_activity_since_a_moment(mailchimp: FakeMailchimp, marketing: MailchimpConnector) -> None:
    """`c360 sync --since`: of earlier campaigns only what was done since, also by later syncs."""
    members = [mailchimp.member(f"u{number}@x.test") for number in range(3)]
    for name, day in (("spring", 0), ("summer", 90)):
        mailchimp.campaign(name, name.title(), sent=START + timedelta(days=day))
        mailchimp.sent(name, *members)
        mailchimp.act(name, members[0], "open", START + timedelta(days=day + 1))
    mailchimp.act("spring", members[1], "open", START + timedelta(days=91))

    moment = START + timedelta(days=60)
    since, state = await read(marketing, ACTIVITY, marketing.state_at(ACTIVITY, moment))
    mailchimp.asked.clear()
    nothing, _ = await read(marketing, ACTIVITY, state)

    happened = [one.occurred_at for one in since if isinstance(one, Interaction)]
    assert Counter(one.kind for one in since if isinstance(one, Interaction)) == {"email.sent": 3, "email.opened": 2}
    assert min(happened) >= moment
    assert (nothing, mailchimp.asked) == ([], ["reports"])


@pytest.mark.parametrize("pages", range(1, 9))
async def test_reports_go_on_where_they_were_left(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector, pages: int
) -> None:
    """A stop after any page loses nothing."""
    members = [mailchimp.member(f"u{number}@x.test") for number in range(70)]
    mailchimp.campaign("spring", "Spring")
    mailchimp.sent("spring", *members)
    for number, member in enumerate(members):
        mailchimp.act("spring", member, "open", START + (70 - number) * timedelta(hours=1))
    first, state = await read(marketing, ACTIVITY, pages=pages)
    rest, _ = await read(marketing, ACTIVITY, state)

    assert len({record.id for record in first + rest}) == 140


async def test_clicks_on_different_links_in_one_second_are_a_scanners(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector
) -> None:
    """They are `automated`; two clicks on one link, and clicks of different seconds, are the member's."""
    scanned, reader = mailchimp.member("scanned@x.test"), mailchimp.member("reader@x.test")
    mailchimp.campaign("spring", "Spring")
    for link in ("a", "b", "c"):
        mailchimp.act("spring", scanned, "click", START + 2 * SECOND, url=f"https://x.test/{link}")
    for link, second in (("a", 5), ("a", 5), ("b", 9)):
        mailchimp.act("spring", reader, "click", START + second * SECOND, url=f"https://x.test/{link}")

    records, _ = await read(marketing, ACTIVITY)

    by_person = {one.person: set[bool]() for one in records if isinstance(one, Interaction)}
    for one in records:
        if isinstance(one, Interaction):
            by_person[one.person].add(one.automated)
    assert by_person == {f"marketing/members/{scanned}": {True}, f"marketing/members/{reader}": {False}}


async def test_a_campaign_of_another_audience_is_not_read(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector
) -> None:
    """Its recipients are not members of this one."""
    mailchimp.campaign("spring", "Spring", audience="ffff")
    mailchimp.sent("spring", mailchimp.member("ada@x.test"))
    assert (await read(marketing, ACTIVITY))[0] == []


async def test_an_account_of_several_audiences_asks_which_one(mailchimp: FakeMailchimp) -> None:
    """A member of two is two records, each with its own consent; a section is one audience."""
    mailchimp.audiences.append({"id": "other", "name": "Press"})
    marketing = MailchimpConnector("marketing", CONFIG, transport=mailchimp.transport, patience=IMPATIENT)
    with pytest.raises(SourceError, match=r"several audiences.+a1b2c3d4e5 \(Customers\), other \(Press\)"):
        await read(marketing, MEMBERS)
    config = MailchimpConfig(api_key=SecretStr(KEY), audience=AUDIENCE)
    named = MailchimpConnector("marketing", config, transport=mailchimp.transport, patience=IMPATIENT)
    mailchimp.member("ada@x.test")

    _, state = await read(named, MEMBERS)

    # An account that had one audience at first stays with it.
    assert len((await read(marketing, MEMBERS, state))[0]) == 1


async def test_a_member_that_is_not_as_described_is_told_of_and_the_rest_goes_on(
    mailchimp: FakeMailchimp, marketing: MailchimpConnector
) -> None:
    """A changed schema of one is a problem of one."""
    mailchimp.member("ada@x.test")
    mailchimp.members[mailchimp.member("bob@x.test")]["merge_fields"] = "none"
    pages = [page async for page in marketing.read(MEMBERS, None)]

    assert [raw.email_address for page in pages for raw in page.raws] == ["ada@x.test"]
    (problem,) = [problem for page in pages for problem in page.problems]
    assert "merge_fields" in problem.reason


async def test_the_connector_keeps_the_contract(mailchimp: FakeMailchimp) -> None:
    """As every plugin's must."""
    members = [mailchimp.member(f"u{number}@x.test") for number in range(45)]
    mailchimp.campaign("spring", "Spring")
    mailchimp.sent("spring", *members)
    mailchimp.act("spring", members[0], "open", START)
    marketing = MailchimpConnector("marketing", CONFIG, transport=mailchimp.transport, patience=IMPATIENT)

    report = await check_contract(marketing, secrets=[KEY])

    assert (report.streams, report.refused) == (["members", "activity"], [])
    assert report.records >= 91


async def test_a_wrong_key_is_an_answer_that_says_what_to_do(mailchimp: FakeMailchimp) -> None:
    """And does not show the key."""
    wrong = "f" * 32 + "-us1"
    config = MailchimpConfig(api_key=SecretStr(wrong))
    marketing = MailchimpConnector("marketing", config, transport=mailchimp.transport, patience=IMPATIENT)

    answer = await marketing.check()

    assert not answer.ok
    assert "Check the credentials and scopes in [marketing]" in answer.message
    assert wrong not in answer.message
    with pytest.raises(SourceRefused):
        await read(marketing, MEMBERS)


def test_the_address_follows_from_the_key() -> None:
    """Its last part is the data centre; a key without one is refused without being shown."""
    assert MailchimpConfig(api_key=SecretStr("x-us7")).url == "https://us7.api.mailchimp.com/3.0"
    with pytest.raises(ValidationError, match="data centre") as refused:
        MailchimpConfig(api_key=SecretStr("nodatacentre"))
    assert "nodatacentre" not in str(refused.value)

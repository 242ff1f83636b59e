"""The Freshdesk connector against Freshdesk's wire: what becomes of contacts, companies, tickets and ratings."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from connectors.errors import RecordError, SourceRefused, SourceUnavailable
from connectors.helpdesk.freshdesk import STREAMS, FreshdeskConfig, FreshdeskConnector
from connectors.hookspecs import State, WebhookRequest
from connectors.records import Account, Interaction, Person, Record, Tombstone
from tests.connectors.contract.faults import Fault, faults, unsaid
from tests.connectors.contract.readings import joined, read, stream_of
from tests.connectors.contract.test_faults import HURRIED
from tests.connectors.contract.wires import FaultyWire
from tests.connectors.helpdesk.stand_in_freshdesk import ALMA, BERT, KEY, MARA, FreshdeskStandIn

pytestmark = pytest.mark.anyio


@pytest.fixture
def freshdesk() -> FreshdeskStandIn:
    """A Freshdesk with two agents and one customer, Mara."""
    stand_in = FreshdeskStandIn()
    stand_in.contact(MARA, "Mara Lindquist")
    return stand_in


@pytest.fixture
async def support(freshdesk: FreshdeskStandIn) -> AsyncIterator[FreshdeskConnector]:
    connector = made(freshdesk.answer)
    yield connector
    await connector.close()


def made(answer: Any, **settings: Any) -> FreshdeskConnector:
    config = FreshdeskConfig.model_validate({"subdomain": "acme", "api_key": KEY, **settings})
    return FreshdeskConnector("support", config, transport=httpx.MockTransport(answer), patience=HURRIED)


async def told(support: FreshdeskConnector, stream: str, state: State | None = None) -> tuple[list[Record], State]:
    """All records of a stream, and the state after them."""
    reading = await read(support, await stream_of(support, stream), state)
    assert reading.error is None, reading.error
    assert reading.refused == []
    assert reading.state is not None
    return list(reading.records.values()), reading.state


async def journey(support: FreshdeskConnector, state: State | None = None) -> list[Interaction]:
    records, _ = await told(support, "tickets", state)
    return [one for one in records if isinstance(one, Interaction)]


async def test_a_contact_becomes_a_person(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """All addresses and numbers once, the company's record, fields of one's own in extra."""
    freshdesk.contacts[MARA] |= {
        "other_emails": ["mara@second.example", "c101@post.example"],
        "phone": "+46 40 123",
        "mobile": "+46 70 174 06 05",
        "company_id": 51,
        "unique_external_id": "K-7",
        "address": "Storgatan 1, Malmö",
        "custom_fields": {"plan": "gold", "nickname": None},
    }

    (mara,) = (await told(support, "contacts"))[0]

    assert isinstance(mara, Person)
    assert [(one.value, one.primary) for one in mara.emails] == [
        ("c101@post.example", True),
        ("mara@second.example", False),
    ]
    assert [one.value for one in mara.phones] == ["+46 40 123", "+46 70 174 06 05"]
    assert (mara.account_id, mara.external_ids) == ("support/companies/51", {"customer_number": "K-7"})
    assert mara.address is not None
    assert mara.extra == {"plan": "gold"}


async def test_the_trash_and_the_blocked_are_read_too(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """They are in no list but their own: who was deleted has an end, who is blocked is a person all the same."""
    freshdesk.contact(102, "Spam Bot")
    _, state = await told(support, "contacts")
    freshdesk.tick(days=1)
    for number, of in ((MARA, "deleted"), (102, "blocked")):
        freshdesk.states[number] = of
        freshdesk.contacts[number]["updated_at"] = freshdesk.stamp()

    records, _ = await told(support, "contacts", state)

    found = {one.id: one for one in records if isinstance(one, Person)}
    assert found[str(MARA)].deleted_at is not None
    assert (found["102"].deleted_at, found["102"].extra) == (None, {"blocked": True})


async def test_only_changed_contacts_are_read_again(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """From five minutes before the first reading began, by Freshdesk's own clock."""
    for number in range(200, 300):
        freshdesk.contact(number, f"Customer {number}")
    freshdesk.tick(days=1)
    _, state = await told(support, "contacts")
    assert state["since"] == "2026-03-03T09:00:00Z"
    freshdesk.tick(hours=1)
    freshdesk.contacts[250] |= {"job_title": "CEO", "updated_at": freshdesk.stamp()}

    records, _ = await told(support, "contacts", state)

    assert [one.id for one in records] == ["250"]


async def test_who_changes_name_while_a_long_list_is_read_hides_nobody(
    freshdesk: FreshdeskStandIn, support: FreshdeskConnector
) -> None:
    """The list is in the order of names: who moves from its end to its front, or leaves it, shifts all others."""
    for number in range(200, 500):
        freshdesk.contact(number, f"Customer {number}")
    everybody = {str(number) for number in freshdesk.contacts}
    stream = await stream_of(support, "contacts")
    seen: set[str] = set()
    pages = 0
    async for page in support.read(stream, None):
        seen |= {str(raw.id) for raw in page.raws}
        pages += 1
        if pages == 1:
            freshdesk.states[205] = "deleted"
            freshdesk.contacts[499] |= {"name": "Aaron", "updated_at": freshdesk.tick()}
        if pages == 2:
            del freshdesk.contacts[210], freshdesk.contacts[211]

    assert everybody - seen <= {"499"}, "who changed comes with the next reading"


async def test_a_company_that_is_not_there_any_more_is_gone(
    freshdesk: FreshdeskStandIn, support: FreshdeskConnector
) -> None:
    """Nothing tells of it, so all are read; not after a reading that was stopped in between."""
    for number in range(51, 251):
        freshdesk.company(number, f"Firm {number}", domains=["firm.example", "firm.test"], industry="Tea")
    records, state = await told(support, "companies")
    assert len(records) == 200
    assert isinstance(records[0], Account)
    assert (records[0].domain, records[0].extra) == ("firm.example", {"domains": ["firm.test"]})

    del freshdesk.companies[60]
    stopped = await read(support, await stream_of(support, "companies"), state, pages=1)
    rest, after = await told(support, "companies", stopped.state)
    assert not [one for one in rest if isinstance(one, Tombstone)]

    again, _ = await told(support, "companies", after)
    assert [one.id for one in again if isinstance(one, Tombstone)] == ["60"]


async def test_a_ticket_tells_its_story(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """Asked in the portal, answered, a private note, answered by mail and by a colleague, solved, late, reopened."""
    ticket = freshdesk.ticket(7, MARA, custom_fields={"cf_order": "A-17", "cf_cause": None})
    at = [freshdesk.tick() for _ in range(10)]
    freshdesk.say(7, ALMA, "Which order?", created_at=at[0])
    freshdesk.say(7, ALMA, "Rude customer", created_at=at[1], private=True, source=2)
    freshdesk.say(7, MARA, "A-17.", created_at=at[2])
    freshdesk.say(7, 105, "Mine too.", created_at=at[3])
    freshdesk.say(7, 13, "Refunded.", created_at=at[4], incoming=False)
    freshdesk.say(7, MARA, "Thanks: 5 of 5", created_at=at[5], source=6)
    freshdesk.say(7, MARA, "Where is it?", created_at=at[6])
    freshdesk.touch(ticket, responder_id=BERT, resolved_at=at[5], reopened_at=at[6])
    freshdesk.touch(ticket, fr_escalated=True, fr_due_by=at[4])

    found = await journey(support)

    assert [(one.kind, one.direction, one.channel, one.agent, one.person) for one in found] == [
        ("ticket.created", "inbound", "web", None, f"support/contacts/{MARA}"),
        ("ticket.replied", "outbound", "email", "Alma Agent", f"support/contacts/{MARA}"),
        ("ticket.replied", "inbound", "email", None, f"support/contacts/{MARA}"),
        ("ticket.replied", "inbound", "email", None, "support/contacts/105"),
        ("ticket.replied", "outbound", "email", "13", f"support/contacts/{MARA}"),
        ("ticket.sla_breached", "internal", "web", None, f"support/contacts/{MARA}"),
        ("ticket.solved", "outbound", "web", "Bert Agent", f"support/contacts/{MARA}"),
        ("ticket.replied", "inbound", "email", None, f"support/contacts/{MARA}"),
        ("ticket.reopened", "inbound", "web", None, f"support/contacts/{MARA}"),
    ]
    assert {(one.team, one.ticket) for one in found} == {("Support", "support/7")}
    assert found[0].requested_fields == ("email", "order_number", "phone")
    assert found[0].extra == {"priority": "medium", "fields": {"Order": "A-17"}}
    assert found[5].reason == "reply_time"


async def test_what_an_earlier_reading_saw_stays(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """Freshdesk forgets that a ticket was solved once it is solved again; each solving has its own id."""
    ticket = freshdesk.ticket(7, MARA)
    freshdesk.touch(ticket, resolved_at=freshdesk.tick())
    first, state = await told(support, "tickets")
    freshdesk.touch(ticket, resolved_at=None, reopened_at=freshdesk.tick(hours=1))
    freshdesk.touch(ticket, resolved_at=freshdesk.tick(hours=1))

    second, _ = await told(support, "tickets", state)

    kinds = {one.id: one.kind for one in (*first, *second) if isinstance(one, Interaction)}
    assert sorted(kinds.values()) == ["ticket.created", "ticket.reopened", "ticket.solved", "ticket.solved"]


@pytest.mark.parametrize("into", ["deleted", "spam"])
async def test_a_ticket_in_the_trash_is_gone_as_a_whole(
    freshdesk: FreshdeskStandIn, support: FreshdeskConnector, into: str
) -> None:
    """It leaves the list, and stands in the trash or in spam."""
    freshdesk.ticket(7, MARA)
    freshdesk.ticket(8, MARA)
    _, state = await told(support, "tickets")
    freshdesk.tick()
    freshdesk.remove(7, into)

    records, _ = await told(support, "tickets", state)

    assert [(one.id, one.matter) for one in records if isinstance(one, Tombstone)] == [("7", "ticket")]


async def test_old_tickets_are_read_too(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """Unless asked otherwise Freshdesk shows the last thirty days; `since` begins later."""
    freshdesk.ticket(1, MARA)
    freshdesk.tick(days=100)
    freshdesk.ticket(2, MARA)

    assert {one.ticket for one in await journey(support)} == {"support/1", "support/2"}
    late = made(freshdesk.answer, since="2026-05-01")
    assert {one.ticket for one in await journey(late)} == {"support/2"}


async def test_a_reading_may_begin_at_a_moment(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """`c360 sync --since`: what changed after it, in every stream; companies are all read."""
    freshdesk.company(51, "Firm")
    freshdesk.ticket(1, MARA)
    freshdesk.rate(71, 1)
    freshdesk.tick(days=10)
    moment = freshdesk.now
    freshdesk.contact(102, "Late")
    freshdesk.ticket(2, MARA)
    freshdesk.rate(72, 2)

    found = {}
    for stream in await support.discover():
        records, _ = await told(support, stream.name, support.state_at(stream, moment))
        found[stream.name] = [one.id for one in records]

    assert found == {
        "companies": ["51"],
        "contacts": ["102"],
        "tickets": ["2:created"],
        "satisfaction-ratings": ["72"],
    }


async def test_more_tickets_than_three_hundred_pages(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """Freshdesk refuses page 301: the reader moves on with the time, also over a bulk change of one second."""
    made_at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()
    for number in range(1, 1_001):
        freshdesk.now = datetime.fromtimestamp(made_at + (number if number < 400 or number > 750 else 400), UTC)
        freshdesk.ticket(number, MARA)
    deepest = 0

    def shallow(request: httpx.Request) -> httpx.Response:
        nonlocal deepest
        deepest = max(deepest, int(request.url.params.get("page", 1)))
        return freshdesk.answer(request)

    found = await journey(made(shallow))

    assert len({one.ticket for one in found}) == 1_000
    assert deepest <= 6, "only as deep as one second is"


async def test_only_touched_tickets_are_read_again(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """After a first reading an answer costs the conversations of one ticket."""
    for number in range(1, 21):
        freshdesk.ticket(number, MARA)
        freshdesk.tick()
    _, state = await told(support, "tickets")
    freshdesk.tick(hours=1)
    freshdesk.say(3, ALMA, "Hello")
    freshdesk.asked.clear()

    assert "support/3" in {one.ticket for one in await journey(support, state)}
    assert sum("conversations" in path for path in freshdesk.asked) <= 7, "the overlap, and the one that changed"


async def test_conversations_are_read_to_their_end(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """A long ticket has more than a page; one that cannot be read refuses its ticket, and no other."""
    for ticket in (1, 2):
        freshdesk.ticket(ticket, MARA)
        for number in range(150):
            freshdesk.say(ticket, ALMA, f"Answer {number}")
    assert len(await journey(support)) == 2 * 151

    freshdesk.conversations[1][140]["created_at"] = "yesterday"
    reading = await read(support, await stream_of(support, "tickets"))

    assert {record.id.partition(":")[0] for record in reading.records.values()} == {"2"}
    assert "conversations" in reading.refused[0]


async def test_a_ticket_that_vanishes_while_reading_is_left_to_the_trash(freshdesk: FreshdeskStandIn) -> None:
    """Its conversations answer 404; that is no failure, unless the ticket is there."""
    for number in (7, 8):
        freshdesk.ticket(number, MARA)

    def trashed(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/7/conversations"):
            freshdesk.remove(7)
        return freshdesk.answer(request)

    assert {one.ticket for one in await journey(made(trashed))} == {"support/8"}


FAULTS = [fault for fault in faults() if fault.name not in ("a decompression bomb", "429 for an hour")]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_of_conversations_loses_no_ticket(freshdesk: FreshdeskStandIn, fault: Fault) -> None:
    """The page is given when all of it is there: what ends the stream leaves the state before it."""
    for number in range(1, 6):
        freshdesk.ticket(number, MARA)
        freshdesk.say(number, ALMA, "Hello")
    wire = FaultyWire(freshdesk.answer, "GET /api/v2/tickets/.*/conversations", fault.bad, good=2, times=fault.times)
    config = FreshdeskConfig.model_validate({"subdomain": "acme", "api_key": KEY})
    connector = FreshdeskConnector("support", config, transport=wire, patience=HURRIED)

    reading = await read(connector, await stream_of(connector, "tickets"))

    assert (reading.error is None) == (fault.gives is None)
    assert reading.error is None or (type(reading.error) is fault.gives and not unsaid(fault.says, str(reading.error)))
    whole = await read(made(freshdesk.answer), await stream_of(connector, "tickets"))
    rest = await read(made(freshdesk.answer), await stream_of(connector, "tickets"), reading.state)
    assert joined(reading, rest) == whole.records


async def test_an_agent_s_own_ticket_is_nobody_s(freshdesk: FreshdeskStandIn, support: FreshdeskConnector) -> None:
    """What colleagues ask each other is no customer's journey."""
    freshdesk.ticket(7, ALMA)
    assert await journey(support) == []


@pytest.mark.parametrize(
    ("answer", "survey", "score", "scale"),
    [
        (103, 61, 3.0, (1.0, 3.0)),
        (100, 61, 2.0, (1.0, 3.0)),
        (-103, 61, 1.0, (1.0, 3.0)),
        (-103, 99, -103.0, (-103.0, 103.0)),
        (55, 61, 55.0, (-103.0, 103.0)),
    ],
)
async def test_a_rating_is_csat_on_the_survey_s_own_scale(
    freshdesk: FreshdeskStandIn,
    support: FreshdeskConnector,
    answer: int,
    survey: int,
    score: float,
    scale: tuple[float, float],
) -> None:
    """Freshdesk numbers answers from -103 to 103; what counts is their place among those that the survey accepts."""
    freshdesk.ticket(7, MARA, responder_id=ALMA)
    answers = {"default_question": answer, "question_7": -103}
    freshdesk.rate(71, 7, survey_id=survey, ratings=answers, feedback="Slow")

    (rated,) = (await told(support, "satisfaction-ratings"))[0]

    assert isinstance(rated, Interaction)
    assert (rated.metric, rated.score, rated.scale, rated.text) == ("csat", score, scale, "Slow")
    assert (rated.ticket, rated.team, rated.agent) == ("support/7", "Support", "Alma Agent")
    assert list(rated.extra["answers"].values()) == [-103]


async def test_check_says_what_a_key_lacks(freshdesk: FreshdeskStandIn) -> None:
    """Ratings are not in every plan; the stream says the same, and how to go on without it."""

    def without(request: httpx.Request) -> httpx.Response:
        if "surveys" in request.url.path:
            return httpx.Response(403, json={"code": "require_feature", "message": "not in your plan"})
        return freshdesk.answer(request)

    report = await made(without).check()
    assert not report.ok
    assert "administrator" in report.message
    reading = await read(made(without), STREAMS[-1])
    assert isinstance(reading.error, SourceRefused)
    assert (await made(freshdesk.answer).check()).details == {"groups": "Billing, Support", "agents": "2"}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"api_key": "k"}, "say which Freshdesk"),
        ({"subdomain": "acme"}, "api_key"),
        ({"subdomain": "acme", "base_url": "https://x.example", "api_key": "k"}, "one of the two"),
        ({"base_url": "acme", "api_key": "k"}, "base_url is an address"),
        ({"subdomain": "a.b/c", "api_key": "k"}, "subdomain"),
    ],
)
def test_a_section_that_says_too_little_is_refused(values: dict[str, str], says: str) -> None:
    """When it is read, not when it is first asked."""
    with pytest.raises(ValidationError, match=says):
        FreshdeskConfig.model_validate(values)


SECRET = "0123456789abcdef-of-the-webhook"


def push(content: object, key: str = SECRET) -> WebhookRequest:
    """As a rule's webhook sends it: nothing is signed, the secret is in the address."""
    url = f"https://c360.example/ingest/support?key={key}"
    return WebhookRequest({}, json.dumps(content).encode(), datetime(2026, 3, 2, tzinfo=UTC), url=url)


@pytest.mark.parametrize("content", [{"ticket_id": "1"}, {"freshdesk_webhook": {"ticket_id": 1}}])
async def test_a_push_tells_the_ticket_as_a_reading_does(freshdesk: FreshdeskStandIn, content: object) -> None:
    """With its replies; once in the trash it is gone, and of one that is not there nothing is told."""
    freshdesk.ticket(1, MARA)
    freshdesk.tick()
    freshdesk.say(1, ALMA, "Here you are.")
    support = made(freshdesk.answer, webhook_secret=SECRET)

    pushed = await support.webhook(push(content))
    read_too, _ = await told(support, "tickets")
    freshdesk.remove(1)
    gone = await support.webhook(push(content))

    assert pushed == read_too
    assert len(pushed) == 2
    assert [type(one) for one in gone] == [Tombstone]
    assert await support.webhook(push({"ticket_id": 77})) == []


async def test_a_push_is_refused_or_has_to_come_again(freshdesk: FreshdeskStandIn) -> None:
    """Without the secret, without a ticket, with an address for a ticket; and while Freshdesk does not answer."""
    support = made(freshdesk.answer, webhook_secret=SECRET)
    with pytest.raises(SourceRefused, match="key="):
        await support.webhook(push({"ticket_id": 1}, key="guessed"))
    with pytest.raises(SourceRefused, match="no webhook_secret"):
        await made(freshdesk.answer).webhook(push({"ticket_id": 1}))
    for content in ({}, {"ticket_id": "../agents"}, [1]):
        with pytest.raises(RecordError, match="push of Freshdesk"):
            await support.webhook(push(content))
    assert freshdesk.asked == []

    away = made(lambda request: httpx.Response(503), webhook_secret=SECRET)
    with pytest.raises(SourceUnavailable):
        await away.webhook(push({"ticket_id": 1}))

"""The Zendesk connector against Zendesk's wire: what becomes of users, tickets, ratings and broken promises."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from connectors.errors import SourceRefused
from connectors.helpdesk.zendesk import STREAMS, ZendeskConfig, ZendeskConnector
from connectors.hookspecs import State
from connectors.records import Account, Interaction, Person, Record, Tombstone
from tests.connectors.contract.faults import Fault, faults, unsaid
from tests.connectors.contract.readings import joined, read, stream_of
from tests.connectors.contract.test_faults import HURRIED
from tests.connectors.contract.wires import FaultyWire
from tests.connectors.folders import connector, records, write_objects
from tests.connectors.helpdesk.stand_in_zendesk import ALMA, BERT, BILLING, MARA, SECRET, TOKEN, ZendeskStandIn, filled

pytestmark = pytest.mark.anyio


@pytest.fixture
def zendesk() -> ZendeskStandIn:
    """A Zendesk with two agents and one customer, Mara."""
    stand_in = ZendeskStandIn()
    stand_in.user(MARA, "Mara Lindquist")
    return stand_in


@pytest.fixture
async def support(zendesk: ZendeskStandIn) -> AsyncIterator[ZendeskConnector]:
    """The connector on the stand-in's wire, by OAuth."""
    connector = made(zendesk.answer)
    yield connector
    await connector.close()


def made(answer: Any) -> ZendeskConnector:
    config = ZendeskConfig(subdomain="acme", oauth_token=SecretStr(TOKEN))
    return ZendeskConnector("support", config, transport=httpx.MockTransport(answer), patience=HURRIED)


async def told(support: ZendeskConnector, stream: str, state: State | None = None) -> tuple[list[Record], State]:
    """All records of a stream, and the state after them."""
    reading = await read(support, await stream_of(support, stream), state)
    assert reading.error is None, reading.error
    assert reading.refused == []
    assert reading.state is not None
    return list(reading.records.values()), reading.state


async def journey(support: ZendeskConnector) -> list[Interaction]:
    records, _ = await told(support, "tickets")
    return [one for one in records if isinstance(one, Interaction)]


async def test_a_user_becomes_a_person_with_all_identities(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Further addresses and numbers come from identities, once each; a mailing list is nobody's address."""
    zendesk.organization(51, "Nordlicht")
    zendesk.users[MARA] |= {
        "phone": "+46 70 174 06 05",
        "organization_id": 51,
        "external_id": "K-7",
        "user_fields": {"plan": "gold", "nickname": None},
        "suspended": True,
    }
    found = {
        "email": ["U101@post.example", "mara@second.example", "list@third.example", "bounces@fourth.example"],
        "phone_number": ["+46 70 174 06 05", "+4640123"],
        "twitter": ["mara"],
    }
    states = {"list": "mailing_list", "bounces": "undeliverable"}
    zendesk.identities = [
        {"id": number, "user_id": MARA, "type": kind, "value": value, "verified": value.startswith("mara"),
         "deliverable_state": states.get(value.partition("@")[0], "deliverable")}
        for number, (kind, value) in enumerate((kind, value) for kind, values in found.items() for value in values)
    ]  # fmt: skip

    (mara,) = [one for one in (await told(support, "users"))[0] if isinstance(one, Person)]

    assert [(one.value, one.primary, one.verified) for one in mara.emails] == [
        ("u101@post.example", True, True),
        ("mara@second.example", False, True),
        ("bounces@fourth.example", False, False),
    ]
    assert [one.value for one in mara.phones] == ["+46 70 174 06 05", "+4640123"]
    assert mara.account_id == "support/organizations/51"
    assert mara.external_ids == {"customer_number": "K-7"}
    assert mara.extra == {"plan": "gold", "suspended": True}


async def test_a_customer_who_becomes_an_agent_is_one_no_more(
    zendesk: ZendeskStandIn, support: ZendeskConnector
) -> None:
    """Agents are ours: no person is made of them, and one that was made is gone."""
    records, state = await told(support, "users")
    assert [one.id for one in records if isinstance(one, Person)] == [str(MARA)]

    zendesk.users[MARA] |= {"role": "agent", "updated_at": zendesk.tick()}
    zendesk.tick()
    records, _ = await told(support, "users", state)

    assert {(type(one), one.id) for one in records} >= {(Tombstone, str(MARA))}


async def test_an_organization_becomes_an_account(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Its first domain, the others in extra; a deleted one says so. Pages by time repeat their last one, harmlessly."""
    for number in range(51, 61):
        zendesk.organization(number, f"Firm {number}")
    zendesk.organizations[51] |= {"domain_names": ["firm.example", "firm.test"], "organization_fields": {"tier": "A"}}
    zendesk.organizations[60] |= {"deleted_at": zendesk.stamp()}

    records, state = await told(support, "organizations")
    firms = {one.id: one for one in records if isinstance(one, Account)}

    assert sorted(firms) == [str(number) for number in range(51, 61)]
    assert (firms["51"].domain, firms["51"].extra) == ("firm.example", {"tier": "A", "domains": ["firm.test"]})
    assert firms["60"].deleted_at is not None
    zendesk.tick(minutes=30)
    zendesk.organization(61, "New")
    again, _ = await told(support, "organizations", state)
    assert "61" in {one.id for one in again}
    assert len(again) < 5


async def test_more_than_a_page_of_organizations_of_one_moment(
    zendesk: ZendeskStandIn, support: ZendeskConnector
) -> None:
    """By time alone a bulk import would be asked for again and again: the list by cursor has all of it."""
    zendesk.organization(1, "Before")
    for number in range(2, 51):
        zendesk.organizations[number] = {"id": number, "name": f"Firm {number}", "updated_at": zendesk.stamp()}
    zendesk.organization(51, "Later", updated_at=zendesk.tick())
    stream = await stream_of(support, "organizations")

    whole = await read(support, stream)

    assert whole.error is None
    assert whole.ids == {str(number) for number in range(1, 52)}
    for killed_after in range(whole.pages):
        before = await read(support, stream, pages=killed_after)
        after = await read(support, stream, before.state)
        assert joined(before, after) == whole.records
    assert len((await told(support, "organizations", whole.state))[0]) >= 1


async def test_a_moment_that_cannot_be_passed_is_told(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Metric events are in no list: nothing is skipped in silence."""
    zendesk.ticket(7, MARA)
    for _ in range(10):
        zendesk.measure(7, "breach", time=zendesk.stamp())
        zendesk.now -= timedelta(minutes=2)
    zendesk.now += timedelta(hours=1)
    zendesk.measure(7, "breach")

    reading = await read(support, STREAMS[-1])

    assert reading.error is not None
    assert "does not move" in str(reading.error)


async def test_a_ticket_tells_its_story(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Created by a form, answered, handed over, solved, reopened by an answer, solved by a rule, rated twice."""
    ticket = zendesk.ticket(7, MARA, custom_fields=[{"id": 43, "value": "A-17"}, {"id": 44, "value": None}])
    taken = zendesk.set(ticket, status="open", assignee_id=ALMA)
    zendesk.audit(ticket, ALMA, zendesk.comment("Which order?"), *taken)
    zendesk.audit(ticket, ALMA, zendesk.comment("Rude customer", public=False))
    zendesk.audit(ticket, MARA, zendesk.comment("A-17."), via="email")
    zendesk.audit(ticket, ALMA, *zendesk.set(ticket, group_id=BILLING, assignee_id=BERT))
    zendesk.audit(ticket, BERT, zendesk.comment("Refunded."), *zendesk.set(ticket, status="solved"))
    zendesk.audit(ticket, MARA, zendesk.comment("Where?"), *zendesk.set(ticket, status="open"), via="email")
    zendesk.audit(ticket, -1, *zendesk.set(ticket, status="solved"), via="rule")
    zendesk.rate(1, ticket, "offered")
    zendesk.rate(1, ticket, "good", "Fine")
    zendesk.rate(1, ticket, "bad", "Not fine")
    zendesk.audit(ticket, -1, *zendesk.set(ticket, status="closed"), via="rule")

    found = await journey(support)

    assert [(one.kind, one.direction, one.channel, one.team, one.agent, one.automated) for one in found] == [
        ("ticket.created", "inbound", "web", "Support", None, False),
        ("ticket.replied", "outbound", "web", "Support", "Alma Agent", False),
        ("ticket.replied", "inbound", "email", "Support", None, False),
        ("ticket.reassigned", "internal", "web", "Billing", "Bert Agent", False),
        ("ticket.replied", "outbound", "web", "Billing", "Bert Agent", False),
        ("ticket.solved", "outbound", "web", "Billing", "Bert Agent", False),
        ("ticket.replied", "inbound", "email", "Billing", None, False),
        ("ticket.reopened", "inbound", "web", "Billing", None, False),
        ("ticket.solved", "outbound", "web", "Billing", None, True),
        ("survey.answered", "inbound", "email", "Billing", None, False),
    ]
    assert {one.person for one in found} == {f"support/users/{MARA}"}
    assert {one.ticket for one in found} == {"support/7"}
    assert [one.text for one in found if one.text] == [
        "It leaks.",
        "Which order?",
        "A-17.",
        "Refunded.",
        "Where?",
        "Fine",
    ]
    assert found[0].requested_fields == ("phone", "order_number")
    assert found[0].extra["fields"] == {"Order number": "A-17"}
    assert found[3].extra == {"from_team": "Support", "from_agent": "Alma Agent"}
    assert (found[-1].score, found[-1].extra) == (None, {"rated": "good", "changed_to": "bad"})
    sent, rating = [one for one in (await told(support, "satisfaction-ratings"))[0] if isinstance(one, Interaction)]
    assert (sent.id, sent.kind, sent.score) == ("1:offered", "survey.sent", None)
    assert (rating.kind, rating.score, rating.scale, rating.text) == ("survey.answered", 0.0, (0.0, 1.0), "Not fine")


async def test_the_history_of_a_ticket_is_read_to_its_end(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Audits come in pages; one that cannot be read refuses its ticket, and no other."""
    for ticket in (1, 2):
        zendesk.ticket(ticket, MARA)
        for number in range(20):
            zendesk.audit(ticket, ALMA, zendesk.comment(f"Answer {number}"))
    assert len(await journey(support)) == 2 * 21

    zendesk.audits[1][5]["created_at"] = "yesterday"
    reading = await read(support, await stream_of(support, "tickets"))

    assert reading.error is None
    assert {record.id.partition(":")[0] for record in reading.records.values()} == {"2"}
    assert len(reading.refused) == 1
    assert "audits of 1" in reading.refused[0]


async def test_a_comment_that_was_made_private_is_gone(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """What customers can no longer read they do not experience."""
    ticket = zendesk.ticket(7, MARA)
    zendesk.audit(ticket, ALMA, zendesk.comment("Oops, the wrong customer's order"))
    (_, oops) = await journey(support)
    comment = int(oops.id.rpartition(":")[2])
    zendesk.audit(ticket, ALMA, {"type": "CommentPrivacyChange", "comment_id": comment, "public": False})

    records, _ = await told(support, "tickets")

    assert [(type(one), one.id) for one in records] == [(Interaction, "7:created"), (Tombstone, oops.id)]


async def test_a_deleted_ticket_is_gone_as_a_whole(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Its audits are gone, so its interactions cannot be named one by one."""
    zendesk.ticket(7, MARA)
    _, state = await told(support, "tickets")
    zendesk.remove(7)

    (gone,), _ = await told(support, "tickets", state)

    assert isinstance(gone, Tombstone)
    assert (gone.id, gone.matter) == ("7", "ticket")


async def test_what_zendesk_leaves_empty_refuses_nothing(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """A ticket that was deleted for ever is scrubbed, an imported user half filled: null is not said, not wrong."""
    empty = ("tags", "collaborator_ids", "custom_fields", "via", "subject", "description", "group_id", "ticket_form_id")
    for number, status in ((7, "deleted"), (8, "new")):
        zendesk.ticket(number, MARA, **dict.fromkeys(empty), status=status)
    lacking = ("email", "verified", "active", "suspended", "tags", "user_fields", "locale", "organization_id")
    zendesk.user(MARA + 1, "Half", **dict.fromkeys(lacking))
    zendesk.organization(51, "Firm", domain_names=None, tags=None, organization_fields=None)

    tickets, _ = await told(support, "tickets")
    users, _ = await told(support, "users")
    (firm,), _ = await told(support, "organizations")

    assert [(type(one), one.id) for one in tickets] == [(Tombstone, "7"), (Interaction, "8:created")]
    assert str(MARA + 1) in {one.id for one in users if isinstance(one, Person) and one.deleted_at is None}
    assert firm.id == "51"


async def test_a_ticket_deleted_while_reading_is_left_to_the_next_one(
    zendesk: ZendeskStandIn, support: ZendeskConnector
) -> None:
    """Its audits answer 404 already, the export will tell of its deletion."""
    zendesk.ticket(7, MARA)
    del zendesk.audits[7]
    assert await journey(support) == []


FAULTS = [fault for fault in faults() if fault.name not in ("a decompression bomb", "429 for an hour")]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_a_fault_of_audits_loses_no_ticket(zendesk: ZendeskStandIn, fault: Fault) -> None:
    """The page is given when all of it is there: what ends the stream leaves the state before it. Also a 404: the
    ticket is there, so it is no deletion."""
    for number in range(1, 6):
        zendesk.ticket(number, MARA)
    wire = FaultyWire(zendesk.answer, "GET /api/v2/tickets/.*/audits.json", fault.bad, good=4, times=fault.times)
    config = ZendeskConfig(subdomain="acme", oauth_token=SecretStr(TOKEN))
    connector = ZendeskConnector("support", config, transport=wire, patience=HURRIED)

    reading = await read(connector, await stream_of(connector, "tickets"))

    assert (reading.error is None) == (fault.gives is None)
    assert reading.error is None or (type(reading.error) is fault.gives and not unsaid(fault.says, str(reading.error)))
    whole = await read(made(zendesk.answer), await stream_of(connector, "tickets"))
    rest = await read(made(zendesk.answer), await stream_of(connector, "tickets"), reading.state)
    assert joined(reading, rest) == whole.records


async def test_only_touched_tickets_are_read_again(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """After the first reading, one answer costs one ticket's audits."""
    for number in range(1, 21):
        zendesk.ticket(number, MARA)
    _, state = await told(support, "tickets")
    zendesk.tick(hours=1)
    zendesk.audit(3, ALMA, zendesk.comment("Hello"))
    zendesk.asked.clear()

    records, state = await told(support, "tickets", state)

    assert {one.id for one in records} >= {"3:created"}
    assert sum("audits" in path for path in zendesk.asked) <= 4, "the overlap, and the one that changed"


async def test_a_reading_may_begin_at_a_moment(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """As `c360 sync --since` does: only what was touched from then on."""
    zendesk.ticket(1, MARA)
    zendesk.tick(hours=5)
    moment = zendesk.now
    zendesk.tick(hours=1)
    zendesk.ticket(2, MARA)
    stream = await stream_of(support, "tickets")

    records, _ = await told(support, "tickets", support.state_at(stream, moment))

    assert {one.id.split(":")[0] for one in records} == {"2"}


async def test_a_cursor_that_zendesk_forgot_is_replaced_by_time(
    zendesk: ZendeskStandIn, support: ZendeskConnector
) -> None:
    """A reading that was stopped long ago goes on from the newest moment it knew."""
    for number in range(1, 11):
        zendesk.ticket(number, MARA)
    stopped = await read(support, await stream_of(support, "tickets"), pages=1)
    assert stopped.state is not None
    assert stopped.state["cursor"]

    forgotten = [stopped.state["cursor"]]

    def forgetful(request: httpx.Request) -> httpx.Response:
        if forgotten and request.url.params.get("cursor") == forgotten.pop():
            return httpx.Response(400, json={"error": "InvalidCursor"})
        return zendesk.answer(request)

    rest, _ = await told(made(forgetful), "tickets", stopped.state)

    assert {one.id for one in rest} | {one.id for one in stopped.records.values()} == {
        f"{number}:created" for number in range(1, 11)
    }


async def test_a_rating_that_changes_later_is_read_again(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """The list knows when a rating was made, not when it changed: the young ones are read again, the old ones not."""
    for number in range(1, 6):
        zendesk.ticket(number, MARA)
        zendesk.rate(number, number, "offered")
        zendesk.tick(days=10)
    records, state = await told(support, "satisfaction-ratings")
    assert {one.kind for one in records if isinstance(one, Interaction)} == {"survey.sent"}

    zendesk.rate(4, 4, "good")
    records, _ = await told(support, "satisfaction-ratings", state)

    assert [one.id for one in records] == ["2:offered", "3:offered", "4:offered", "4", "5:offered"]


async def test_a_broken_promise_is_the_requester_s(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """Of the events of metrics only breaches; one that Zendesk took back is gone; of a deleted ticket nothing."""
    gold = {"target": 60, "business_hours": True, "policy": {"id": 1, "title": "Gold"}}
    zendesk.ticket(7, MARA)
    zendesk.ticket(8, MARA)
    zendesk.measure(7, "activate")
    breach = zendesk.measure(7, "breach", sla=gold)
    zendesk.measure(8, "breach")
    back = zendesk.measure(7, "breach", deleted=True)
    zendesk.remove(8)

    one, gone = (await told(support, "ticket-metric-events"))[0]

    assert isinstance(one, Interaction)
    assert (one.id, one.kind, one.person) == (str(breach), "ticket.sla_breached", f"support/users/{MARA}")
    assert (one.reason, one.ticket, one.automated) == ("reply_time", "support/7", True)
    assert one.extra == {"target_minutes": 60.0, "business_hours": True, "policy": "Gold"}
    assert isinstance(gone, Tombstone)
    assert gone.id == str(back)


async def test_an_agent_s_own_ticket_is_nobody_s(zendesk: ZendeskStandIn, support: ZendeskConnector) -> None:
    """What colleagues ask each other is no customer's journey."""
    zendesk.ticket(7, ALMA)
    assert await journey(support) == []


async def test_forms_are_not_in_every_plan(zendesk: ZendeskStandIn) -> None:
    """Without forms tickets are read all the same, and ask for nothing."""
    zendesk.ticket(7, MARA)

    def without(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("ticket_forms.json"):
            return httpx.Response(403, json={"error": {"title": "Forbidden"}})
        return zendesk.answer(request)

    (created,) = await journey(made(without))
    assert created.requested_fields == ()


async def test_check_says_what_a_reader_lacks(zendesk: ZendeskStandIn) -> None:
    """A stranger is told to look at the token, somebody who is no administrator to use one of an administrator."""

    def no_admin(request: httpx.Request) -> httpx.Response:
        if "incremental" in request.url.path:
            return httpx.Response(403, json={"error": "Forbidden"})
        return zendesk.answer(request)

    config = ZendeskConfig(subdomain="acme", oauth_token=SecretStr("wrong"))
    stranger = ZendeskConnector("support", config, transport=httpx.MockTransport(zendesk.answer), patience=HURRIED)
    assert "token access" in (await stranger.check()).message
    assert "administrators" in (await made(no_admin).check()).message
    assert (await made(zendesk.answer).check()).details["groups"] == "Billing, Support"


async def test_an_oauth_client_gets_itself_a_token(zendesk: ZendeskStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for many requests, a new one before it ends; a wrong secret is refused without being shown."""
    zendesk.ticket(7, MARA)
    config = ZendeskConfig.model_validate({"subdomain": "acme", "client_id": "c360", "client_secret": SECRET})
    connector = ZendeskConnector("support", config, transport=httpx.MockTransport(zendesk.answer), patience=HURRIED)

    assert (await connector.check()).ok
    assert len(await journey(connector)) == 1
    assert sum("oauth" in path for path in zendesk.asked) == 1
    soon = time.monotonic() + 1_790
    monkeypatch.setattr("connectors.helpdesk.zendesk_api.time.monotonic", lambda: soon)
    assert len(await journey(connector)) == 1
    assert sum("oauth" in path for path in zendesk.asked) == 2

    wrong = ZendeskConfig.model_validate({"subdomain": "acme", "client_id": "c360", "client_secret": "wr0ng-s3cret"})
    stranger = ZendeskConnector("support", wrong, transport=httpx.MockTransport(zendesk.answer), patience=HURRIED)
    report = await stranger.check()
    assert not report.ok
    assert "wr0ng" not in report.message


async def test_exports_are_asked_ten_times_a_minute(zendesk: ZendeskStandIn) -> None:
    """Zendesk's own limit: the eleventh waits, before Zendesk must refuse it."""
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    for number in range(200, 236):
        zendesk.user(number, f"Customer {number}")
    patience = HURRIED.__class__(attempts=2, seconds=5, first_wait=0.001, longest_wait=2, jitter=0.001, sleep=note)
    config = ZendeskConfig(subdomain="acme", oauth_token=SecretStr(TOKEN))
    connector = ZendeskConnector("support", config, transport=httpx.MockTransport(zendesk.answer), patience=patience)

    await told(connector, "users")

    assert len([path for path in zendesk.asked if "incremental" in path]) == 13
    assert len(waits) == 3
    assert all(50 < wait <= 60 for wait in waits)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"oauth_token": "t"}, "say which Zendesk"),
        ({"subdomain": "acme", "base_url": "https://x.example", "oauth_token": "t"}, "one of the two"),
        ({"base_url": "acme", "oauth_token": "t"}, "base_url is an address"),
        (
            {"subdomain": "acme"},
            "give a client_id and a client_secret, or an oauth_token, or an email and an api_token",
        ),
        ({"subdomain": "acme", "client_id": "c360"}, "give a client_id and a client_secret"),
        ({"subdomain": "acme", "client_id": "c", "client_secret": "s", "oauth_token": "t"}, "give a client_id"),
        ({"subdomain": "acme", "email": "a@b.example"}, "or an email and an api_token"),
        ({"subdomain": "a.b/c", "oauth_token": "t"}, "subdomain"),
    ],
)
def test_a_section_that_says_too_little_is_refused(values: dict[str, str], says: str) -> None:
    """When it is read, not when it is first asked."""
    with pytest.raises(ValidationError, match=says):
        ZendeskConfig.model_validate(values)


async def test_since_begins_a_first_reading(zendesk: ZendeskStandIn) -> None:
    """A large Zendesk need not be read from its first day."""
    zendesk.ticket(1, MARA)
    zendesk.tick(days=30)
    zendesk.ticket(2, MARA)
    config = ZendeskConfig.model_validate({"subdomain": "acme", "oauth_token": TOKEN, "since": "2026-03-20"})
    connector = ZendeskConnector("support", config, transport=httpx.MockTransport(zendesk.answer), patience=HURRIED)

    assert [one.ticket for one in await journey(connector)] == ["support/2"]


async def test_what_is_not_allowed_ends_the_stream_with_a_remedy(zendesk: ZendeskStandIn) -> None:
    """Metric events are not in every plan: the error says so, and what to do."""

    def without(request: httpx.Request) -> httpx.Response:
        if "metric_events" in request.url.path:
            return httpx.Response(403, json={"error": "Forbidden"})
        return zendesk.answer(request)

    reading = await read(made(without), STREAMS[-1])

    assert isinstance(reading.error, SourceRefused)
    assert 'streams = ["organizations", "users", "tickets", "satisfaction-ratings"]' in str(reading.error)


async def test_the_export_says_the_same(tmp_path: Path) -> None:
    """A figure does not depend on how the data came: keys, kinds, times, people and words are one."""
    zendesk = filled()
    zendesk.a_page = 100
    zendesk.rate(1, 1, "bad", "Not any more")
    zendesk.audit(2, MARA + 2, zendesk.comment("Again."), *zendesk.set(2, status="open"), via="email")
    zendesk.audit(2, ALMA, zendesk.comment("Hm.", public=False), *zendesk.set(2, group_id=BILLING, assignee_id=BERT))
    agents = [one for one in zendesk.users.values() if one["role"] != "end-user"]
    files = {
        "users": list(zendesk.users.values()),
        "tickets": [
            {**one, "audits": zendesk.audits[number], "comments": comments(zendesk.audits[number])}
            for number, one in zendesk.tickets.items()
        ],
        "satisfaction-ratings": list(zendesk.ratings.values()),
        "agents": agents,
    }
    for name in ("groups", "ticket_forms", "ticket_fields"):
        url = f"https://acme.zendesk.com/api/v2/{name}.json"
        answer = zendesk.answer(httpx.Request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"}))
        files[name.replace("_", "-")] = answer.json()[name]
    for name, rows in files.items():
        write_objects(tmp_path, f"{name}.jsonl", *rows)
    entries = [{"path": f"{name}.jsonl", "format": f"zendesk-{name}"} for name in files]
    export, api = connector(tmp_path, *entries, name="support"), made(zendesk.answer)

    for stream in ("users", "tickets", "satisfaction-ratings"):
        exported = {(type(one), one.id): one for one in await records(export, stream)}
        told_by_api, _ = await told(api, stream)
        for one in told_by_api:
            if isinstance(one, Person):
                there = exported.pop((Person, one.id))
                assert isinstance(there, Person)
                assert (there.full_name, there.emails[0]) == (one.full_name, one.emails[0])
            elif isinstance(one, Interaction):
                assert exported.pop((Interaction, one.id)) == one
        assert exported == {}, stream


def comments(audits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The comments of a ticket as the JSON export has them beside its audits."""
    return [
        {**event, "created_at": audit["created_at"], "via": audit["via"], "type": "Comment"}
        for audit in audits
        for event in audit["events"]
        if event["type"] == "Comment"
    ]

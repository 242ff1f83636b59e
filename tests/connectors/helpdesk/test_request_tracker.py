"""The Request Tracker connector against RT's wire: mapping, pages, cursors and what it says of refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from c360.testing import check_contract
from connectors.errors import RecordError, SourceError, SourceRefused, SourceUnavailable
from connectors.helpdesk.request_tracker import TICKETS, USERS, RequestTrackerConfig, RequestTrackerConnector
from connectors.hookspecs import State
from connectors.http import Patience
from connectors.records import Interaction, Person, Record, Tombstone
from tests.connectors.helpdesk.fake_rt import FakeRt

pytestmark = pytest.mark.anyio

CONFIG = RequestTrackerConfig(url="https://rt.acme.example/", token=SecretStr("1-14-token"), page_size=10, overlap=0)
IMPATIENT = Patience(attempts=2, first_wait=0.001, jitter=0.001, longest_wait=0.01)
MARA = 46


@pytest.fixture
def rt() -> FakeRt:
    """An RT with agents and one customer, Mara."""
    fake = FakeRt()
    fake.user(MARA, "mara@lindqvist.example", EmailAddress="mara@lindqvist.example", RealName="M. Lindquist")
    return fake


@pytest.fixture
async def support(rt: FakeRt) -> AsyncIterator[RequestTrackerConnector]:
    """The connector on the fake's wire."""
    connector = RequestTrackerConnector("support", CONFIG, transport=rt.transport, patience=IMPATIENT)
    yield connector
    await connector.close()


async def read(support: RequestTrackerConnector, stream: Any, state: State | None = None) -> tuple[list[Record], State]:
    """All records of a stream, and the state after them."""
    records: list[Record] = []
    async for page in support.read(stream, state):
        records += [record for raw in page.raws for record in support.map(stream, raw)]
        state = page.state
    assert state is not None
    return records, state


async def interactions(support: RequestTrackerConnector, state: State | None = None) -> list[Interaction]:
    """The interactions of the tickets."""
    records, _ = await read(support, TICKETS, state)
    return [one for one in records if isinstance(one, Interaction)]


async def test_a_user_becomes_a_person(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Numbers, firm and city are taken; blanks and 1970 say nothing; colleagues are left out."""
    rt.users[MARA] |= {
        "MobilePhone": "+46 70 174 06 05",
        "Organization": "Nordlicht",
        "City": "Malmö",
        "WorkPhone": " ",
    }
    rt.users[MARA]["LastUpdated"] = "1970-01-01T00:00:00Z"

    records, _ = await read(support, USERS)

    (mara,) = records
    assert isinstance(mara, Person)
    assert str(mara.key) == "support/users/46"
    assert mara.full_name == "M. Lindquist"
    assert [one.value for one in mara.emails] == ["mara@lindqvist.example"]
    assert [one.value for one in mara.phones] == ["+46 70 174 06 05"]
    assert mara.account_name == "Nordlicht"
    assert mara.address is not None
    assert (mara.address.city, mara.address.street) == ("Malmö", None)
    assert mara.created_at is not None
    assert mara.updated_at is None


async def test_an_address_is_no_name(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """RT writes the address where a mail has no name; a person is not called so."""
    rt.users[MARA]["RealName"] = "mara@lindqvist.example"
    records, _ = await read(support, USERS)
    assert [one.full_name for one in records if isinstance(one, Person)] == [None]


async def test_an_impossible_date_is_refused(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """A user whose date cannot be read is a RecordError that names it."""
    rt.users[MARA]["Created"] = "yesterday"
    with pytest.raises(RecordError, match="user 46"):
        await read(support, USERS)


async def test_changed_users_come_by_transaction(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """RT ignores conditions on a user's dates; what changed is what transactions name, without colleagues."""
    for number in range(200, 430):
        rt.user(number, f"u{number}@post.example")
    records, state = await read(support, USERS)
    assert len(records) == 231

    rt.users[300]["City"] = "Linz"
    rt.change("Set", 300, 14, object_type="RT::User", field="City", new="Linz")
    rt.change("Set", 28, 14, object_type="RT::User", field="City", new="Linz")
    records, _ = await read(support, USERS, state)

    assert [one.id for one in records] == ["300"]


async def test_a_disabled_user_has_an_end(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Lists do not tell who is disabled; a first read asks for those that ever were."""
    rt.users[MARA] |= {"Disabled": "1"}
    rt.change("Disabled", MARA, 14, object_type="RT::User")
    records, _ = await read(support, USERS)
    last = records[-1]
    assert isinstance(last, Person)
    assert last.deleted_at is not None


async def test_colleagues_that_are_hidden_are_learned_once(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Where RT hides its group Privileged each user is asked for in the first sync; later, by another process, only
    who is new or changed sides."""
    asked: list[str] = []

    def heard(path: str) -> None:
        asked.extend([path] if path.startswith("user/") else [])

    rt.tells_privileged, rt.refuse = False, heard
    persons, users = await read(support, USERS)
    _, tickets = await read(support, TICKETS)

    assert [one.id for one in persons] == [str(MARA)]
    assert {f"user/{number}" for number in rt.users} <= set(asked)
    assert sorted(users["colleagues"]["numbers"]) == sorted(rt.privileged.keys() | {1, 6})

    rt.user(47, "cleo@agents.example", EmailAddress="cleo@agents.example")
    rt.privilege(47, given=True)
    rt.privilege(30, given=False)
    later = RequestTrackerConnector("support", CONFIG, transport=rt.transport, patience=IMPATIENT)
    asked.clear()
    persons, users = await read(later, USERS, users)

    assert [one.id for one in persons] == ["30"]
    assert set(asked) == {"user/30", "user/47"}
    asked.clear()
    _, tickets = await read(later, TICKETS, tickets)
    assert users["colleagues"] == tickets["colleagues"]
    assert "user/46" not in asked
    rt.tells_privileged = True
    _, users = await read(later, USERS, users)
    assert "colleagues" not in users


async def test_a_ticket_tells_its_story(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Created, replied in both directions, handed over, solved, rated with words, reopened: each with who and where."""
    ticket = rt.ticket(MARA, text="It leaks.")
    rt.set(ticket, "Owner", 28)
    rt.change("Correspond", ticket, 28, text="Which order?")
    rt.set(ticket, "Status", "open")
    rt.change("Comment", ticket, 28, text="inside")
    rt.change("Correspond", ticket, MARA, text="Number 7.", interface="Web")
    rt.set(ticket, "Queue", 5)
    rt.set(ticket, "Owner", 30)
    rt.set(ticket, "Status", "resolved", by=30)
    rt.set(ticket, "CF2", "2")
    rt.set(ticket, "CF3", "took too long")
    rt.set(ticket, "Status", "open", by=1)

    found = await interactions(support)

    assert [(one.kind, one.direction, one.channel, one.team, one.agent) for one in found] == [
        ("ticket.created", "inbound", "email", "Support", None),
        ("ticket.replied", "outbound", "email", "Support", "Alma Agent"),
        ("ticket.replied", "inbound", "web", "Support", "Alma Agent"),
        ("ticket.reassigned", "internal", "email", "Shipping", "Alma Agent"),
        ("ticket.reassigned", "internal", "email", "Shipping", "Bert Agent"),
        ("ticket.solved", "internal", "email", "Shipping", "Bert Agent"),
        ("survey.answered", "inbound", "email", "Shipping", "Bert Agent"),
        ("ticket.reopened", "internal", "email", "Shipping", "Bert Agent"),
    ]
    assert {one.person for one in found} == {"support/users/46"}
    assert {one.ticket for one in found} == {f"support/{ticket}"}
    assert [one.text for one in found if one.text] == ["It leaks.", "Which order?", "Number 7.", "took too long"]
    assert [(one.score, one.scale) for one in found if one.metric] == [(2.0, (1.0, 5.0))]
    assert found[3].extra == {"from_team": "Support"}
    assert found[4].extra == {"from_agent": "Alma Agent"}


async def test_a_state_that_rt_did_not_have_is_neither_an_end_nor_a_reopening(rt: FakeRt) -> None:
    """`new` and `open`, `stalled`, and the states of a lifecycle of one's own: only those that plugins.toml names end
    a ticket, and only leaving them opens it again; from one end to another it was solved once."""
    config = CONFIG.model_copy(update={"solved_statuses": ("resolved", "rejected", "delivered")})
    ticket = rt.ticket(MARA)
    steps = ("open", "stalled", "waiting for parts", "delivered", "resolved", "waiting for parts", "new", "rejected")
    for status in steps:
        rt.set(ticket, "Status", status)

    told = await interactions(RequestTrackerConnector("support", config, transport=rt.transport, patience=IMPATIENT))
    shipped = await interactions(RequestTrackerConnector("support", CONFIG, transport=rt.transport, patience=IMPATIENT))

    ends = [("ticket.reopened", "waiting for parts"), ("ticket.solved", "rejected")]
    assert [(one.kind, one.extra.get("status")) for one in told][1:] == [("ticket.solved", "delivered"), *ends]
    assert [(one.kind, one.extra.get("status")) for one in shipped][1:] == [("ticket.solved", "resolved"), *ends]


@pytest.mark.parametrize("order", [("CF2", "CF3"), ("CF3", "CF2")])
async def test_words_belong_to_their_score(
    rt: FakeRt, support: RequestTrackerConnector, order: tuple[str, str]
) -> None:
    """Score and words are saved at once, in either order; a second score has its own words."""
    ticket = rt.ticket(MARA)
    for values in ({"CF2": "1", "CF3": "never again"}, {"CF2": "4", "CF3": "better now"}):
        for field in order:
            rt.set(ticket, field, values[field])
            rt.clock -= 1  # within the same second
        rt.clock += 60

    found = await interactions(support)

    assert [(one.score, one.text) for one in found if one.metric] == [(1.0, "never again"), (4.0, "better now")]


async def test_a_score_that_was_taken_back_is_none(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Emptying the field is no answer."""
    ticket = rt.ticket(MARA)
    rt.set(ticket, "CF2", "")
    assert [one.kind for one in await interactions(support)] == ["ticket.created"]


async def test_ids_stay(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """An interaction's id is its transaction's, whatever happens to the ticket later."""
    ticket = rt.ticket(MARA)
    before = await interactions(support)
    rt.set(ticket, "Queue", 4)
    after = await interactions(support)
    assert before[0].id == after[0].id
    assert before[0].team == after[0].team == "Support"


async def test_only_touched_tickets_are_read_again(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """After a first read of 250 tickets, an answer to one of them gives that one, with its whole history."""
    tickets = [rt.ticket(MARA) for _ in range(250)]
    records, state = await read(support, TICKETS)
    assert len(records) == 250
    rt.change("Correspond", tickets[7], 28, text="Hello.")

    records, state = await read(support, TICKETS, state)
    nothing, _ = await read(support, TICKETS, state)

    assert [(one.kind, one.ticket) for one in records if isinstance(one, Interaction)] == [
        ("ticket.created", "support/8"),
        ("ticket.replied", "support/8"),
    ]
    assert nothing == []


async def test_more_than_a_page_of_changes(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """A ticket with 350 answers, and 150 changed tickets, come whole."""
    long = rt.ticket(MARA)
    _, state = await read(support, TICKETS)
    for n in range(350):
        rt.change("Correspond", long, MARA, text=f"{n}")
    for _ in range(150):
        rt.ticket(MARA)

    records, _ = await read(support, TICKETS, state)

    keys = {one.id for one in records}
    assert len(keys) == 1 + 350 + 150


async def test_a_deleted_ticket_leaves_tombstones(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """A deleted ticket is in no search; its transactions tell, and its interactions are gone."""
    ticket = rt.ticket(MARA)
    before, state = await read(support, TICKETS)
    rt.set(ticket, "Status", "deleted")

    records, _ = await read(support, TICKETS, state)

    assert [(type(one), one.id) for one in records] == [(Tombstone, one.id) for one in before]


async def test_a_merged_ticket_goes_over(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Also in a chain: what was merged earlier follows into the last ticket, and keeps its customer."""
    other = rt.user(60, "other@post.example")
    first, second, third = rt.ticket(other), rt.ticket(MARA), rt.ticket(MARA)
    _, state = await read(support, TICKETS)
    rt.merge(first, second)
    _, state = await read(support, TICKETS, state)
    rt.merge(second, third)

    found = await interactions(support, state)

    assert {(one.person, one.ticket) for one in found} == {
        ("support/users/60", f"support/{third}"),
        ("support/users/46", f"support/{third}"),
    }
    assert [one.extra.get("merged_from") for one in found] == [str(first), str(second), None]


async def test_a_first_read_finds_what_was_merged_before(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Merged tickets are in no search; their links are transactions."""
    first, second = rt.ticket(MARA), rt.ticket(MARA)
    rt.merge(first, second)
    found = await interactions(support)
    created = {(one.ticket, one.extra.get("merged_from")) for one in found if one.kind == "ticket.created"}
    assert created == {(f"support/{second}", None), (f"support/{second}", str(first))}


async def test_the_words_of_a_mail_with_parts(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """The text is the first plain part that is no file, even when HTML or a log came before it."""
    ticket = rt.ticket(MARA)
    made = rt.change("Correspond", ticket, MARA)
    rt.attach(made, "multipart/mixed", "", interface="Email")
    rt.attach(made, "text/html", "<p>words</p>")
    rt.attach(made, "text/plain", "a log", filename="log.txt")
    rt.attach(made, "text/plain", "The words.")
    assert [one.text for one in await interactions(support)] == ["Please help.", "The words."]


async def test_a_ticket_by_an_agent_is_outbound(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Written down by a colleague, a ticket is still experienced by its requestor; with nobody it is nobody's."""
    ticket = rt.ticket(MARA)
    rt.transactions[-1]["Creator"] = 28
    assert [(one.person, one.direction) for one in await interactions(support)] == [("support/users/46", "outbound")]

    rt.tickets[ticket]["Requestor"] = None
    assert await interactions(support) == []


async def test_a_killed_first_read_goes_on(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """From the state of the first page on the rest comes, without that page."""
    for _ in range(25):
        rt.ticket(MARA)
    state: State | None = None
    first: list[str] = []
    async for page in support.read(TICKETS, None):
        first = [str(raw.number) for raw in page.raws]
        state = page.state
        break
    rest, _ = await read(support, TICKETS, state)
    tickets = [(one.ticket or "").rpartition("/")[2] for one in rest if isinstance(one, Interaction)]
    assert first + tickets == [str(number) for number in range(1, 26)]


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (httpx.Response(401, json={"message": "Unauthorized"}), SourceRefused, "credentials"),
        (httpx.Response(400, json={"message": "Unknown field: Nosuch at x"}), SourceError, "did not understand"),
        (httpx.Response(429, headers={"Retry-After": "0"}), SourceUnavailable, "429"),
        (httpx.Response(500, json={"message": "Internal Server Error"}), SourceUnavailable, "500"),
        (httpx.Response(502, html="<html>Bad Gateway</html>"), SourceUnavailable, "an HTML page"),
        (httpx.Response(200, html="<html>Login</html>"), SourceError, "something else than the expected JSON"),
        (httpx.Response(200, content=b'{"items": [{"id":'), SourceError, "something else than the expected JSON"),
    ],
)
async def test_a_refusal_has_its_kind(
    rt: FakeRt, support: RequestTrackerConnector, answer: httpx.Response, error: type[SourceError], text: str
) -> None:
    """Whatever RT or a proxy answers, the error is of the right kind, names the section and tells no secret."""
    rt.refuse = lambda path: answer if path == "tickets" else None
    rt.ticket(MARA)
    with pytest.raises(error, match=text) as caught:
        await read(support, TICKETS)
    assert "[support]" in str(caught.value)
    assert "1-14-token" not in str(caught.value)


async def test_a_busy_server_is_asked_again(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """One 503 in between is not the end."""
    rt.ticket(MARA)
    busy = [httpx.Response(503, headers={"Retry-After": "0"})]
    rt.refuse = lambda path: busy.pop() if path == "tickets" and busy else None
    assert len(await interactions(support)) == 1


async def test_a_reader_without_rights_is_told_which(rt: FakeRt, support: RequestTrackerConnector) -> None:
    """Without AdminUsers colleagues cannot be told from customers: nothing is read, and the remedy is named."""
    rt.refuse = lambda path: httpx.Response(403, json={"message": "Forbidden"}) if path.startswith("group/") else None
    report = await support.check()
    assert not report.ok
    assert "AdminUsers" in report.message
    with pytest.raises(SourceRefused, match="AdminUsers"):
        await read(support, TICKETS)


def test_somebody_must_read() -> None:
    """A section with neither a token nor a login is refused when it is read."""
    with pytest.raises(ValidationError, match="a token, or a user and a password"):
        RequestTrackerConfig(url="https://rt.acme.example")


def test_the_address_may_have_its_path() -> None:
    """With or without `/REST/2.0`, the same address is meant."""
    with_path = CONFIG.model_copy(update={"url": "https://rt.acme.example/REST/2.0"})
    assert with_path.rest_url == CONFIG.rest_url == "https://rt.acme.example/REST/2.0"


async def test_the_contract_is_kept(rt: FakeRt) -> None:
    """What every connector must keep, this one keeps: keys, moments, states, no secrets."""
    for _ in range(25):
        rt.set(rt.ticket(MARA), "Status", "resolved")
    connector = RequestTrackerConnector("support", CONFIG, transport=rt.transport, patience=IMPATIENT)
    report = await check_contract(connector, secrets=["1-14-token"])
    assert report.records == 1 + 50

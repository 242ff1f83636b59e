"""The traps of a real Request Tracker, each shown to the connector."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from connectors.helpdesk.request_tracker import RequestTrackerConfig, RequestTrackerConnector
from connectors.records import Tombstone
from tests.servers.conftest import Filled
from tests.servers.fill_rt import RtWriter
from tests.servers.ledger import Ledger, interactions, kinds
from tests.servers.rt_server import RtServer

pytestmark = [pytest.mark.servers, pytest.mark.anyio]


def ask(writer: RtWriter, name: str, subject: str = "Trap", *, queue: str = "Support") -> int:
    """A ticket of a test's own, by mail from `name`@trap.example."""
    return writer.mail(f"Trap {name}", f"{name}@trap.example", queue, subject, f"Words of {name}.")


def number_of(writer: RtWriter, name: str) -> int:
    """The user that RT made of a mail's sender."""
    return int(writer("GET", f"user/{name}@trap.example")["id"])


async def test_a_deleted_ticket_takes_its_interactions_along(
    support: RequestTrackerConnector, rt_writer: RtWriter
) -> None:
    """A deleted ticket is in no search, and its interactions are tombstones after the next read."""
    ticket = ask(rt_writer, "deleted")
    rt_writer("PUT", f"ticket/{ticket}", {"Status": "resolved"})
    ledger = Ledger(support)
    await ledger.sync()
    key = f"support/users/{number_of(rt_writer, 'deleted')}"
    assert kinds(ledger.of(key)) == ["ticket.created", "ticket.solved"]

    rt_writer("DELETE", f"ticket/{ticket}")
    changed = await ledger.sync()

    assert [type(one) for one in changed.values()] == [Tombstone, Tombstone]
    assert ledger.of(key) == []


async def test_merged_tickets_are_one_matter(support: RequestTrackerConnector, rt_writer: RtWriter) -> None:
    """After merges in a chain all interactions belong to the last ticket, and each stays with who experienced it."""
    first, second, third = (ask(rt_writer, name) for name in ("mone", "mtwo", "mthree"))
    ledger = Ledger(support)
    await ledger.sync()

    rt_writer("PUT", f"ticket/{first}", {"MergeInto": second})
    await ledger.sync()
    rt_writer("PUT", f"ticket/{second}", {"MergeInto": third})
    await ledger.sync()

    for name in ("mone", "mtwo", "mthree"):
        (created,) = ledger.of(f"support/users/{number_of(rt_writer, name)}")
        assert created.ticket == f"support/{third}"
        assert created.text == f"Words of {name}."


async def test_a_first_read_finds_merged_tickets(rt_config: RequestTrackerConfig, rt_writer: RtWriter) -> None:
    """A ticket that was merged before anybody read it is in no search, and its interactions are there all the same."""
    first, second = ask(rt_writer, "early"), ask(rt_writer, "earlier")
    rt_writer("PUT", f"ticket/{first}", {"MergeInto": second})
    ledger = Ledger(RequestTrackerConnector("support", rt_config))
    await ledger.sync()
    await ledger.connector.close()

    (created,) = ledger.of(f"support/users/{number_of(rt_writer, 'early')}")
    assert (created.kind, created.ticket) == ("ticket.created", f"support/{second}")
    assert created.extra["merged_from"] == str(first)


async def test_a_disabled_user_is_deleted(support: RequestTrackerConnector, rt_writer: RtWriter) -> None:
    """Deleting a user only disables it; the person gets `deleted_at`, in an incremental read and in a first one."""
    ask(rt_writer, "leaver")
    number = number_of(rt_writer, "leaver")
    ledger = Ledger(support)
    await ledger.sync()
    assert ledger.person(f"support/users/{number}").deleted_at is None

    rt_writer("DELETE", f"user/{number}")
    changed = await ledger.sync()
    afresh = Ledger(support)
    await afresh.sync()

    assert set(changed) == {f"support/users/{number}"}
    assert ledger.person(f"support/users/{number}").deleted_at is not None
    assert afresh.records[f"support/users/{number}"] == ledger.records[f"support/users/{number}"]


async def test_a_renamed_user_stays_the_same_record(support: RequestTrackerConnector, rt_writer: RtWriter) -> None:
    """Lists name a user by Name, which can change; the record's id does not."""
    ask(rt_writer, "oldname")
    number = number_of(rt_writer, "oldname")
    ledger = Ledger(support)
    await ledger.sync()

    rt_writer("PUT", f"user/{number}", {"Name": "renamed", "EmailAddress": "new@trap.example"})
    changed = await ledger.sync()

    assert set(changed) == {f"support/users/{number}"}
    assert [one.value for one in ledger.person(f"support/users/{number}").emails] == ["new@trap.example"]
    assert kinds(ledger.of(f"support/users/{number}")) == ["ticket.created"]


async def test_a_late_reply_reopens_by_itself(support: RequestTrackerConnector, rt_writer: RtWriter) -> None:
    """RT opens a solved ticket when the customer answers; that is the system's step, not the customer's."""
    ticket = ask(rt_writer, "again")
    rt_writer("PUT", f"ticket/{ticket}", {"Status": "resolved"})
    rt_writer.mail("Trap again", "again@trap.example", "Support", "Trap", "Still broken.", ticket)
    ledger = Ledger(support)
    await ledger.sync()

    steps = ledger.of(f"support/users/{number_of(rt_writer, 'again')}")
    assert kinds(steps) == ["ticket.created", "ticket.solved", "ticket.replied", "ticket.reopened"]
    assert [(one.direction, one.automated) for one in steps[2:]] == [("inbound", False), ("internal", True)]


async def test_the_text_of_a_mail_with_files_is_its_words(
    support: RequestTrackerConnector, rt_writer: RtWriter
) -> None:
    """Of a mail with HTML and an attached text file the plain words are taken, not the file."""
    rt_writer.mail("Trap File", "file@trap.example", "Support", "Trap", "See my log.", file=b"a log\n" * 5)
    ledger = Ledger(support)
    await ledger.sync()

    (created,) = ledger.of(f"support/users/{number_of(rt_writer, 'file')}")
    assert created.text == "See my log."
    assert created.channel == "email"


async def test_taking_is_no_handoff(support: RequestTrackerConnector, rt_writer: RtWriter, rt_server: RtServer) -> None:
    """The first owner takes the ticket; another one, and another queue, is a handoff. Comments stay inside."""
    ticket = ask(rt_writer, "hand")
    rt_writer("PUT", f"ticket/{ticket}", {"Owner": "alma"})
    RtWriter(rt_server, "alma")("POST", f"ticket/{ticket}/comment", {"Content": "inside", "ContentType": "text/plain"})
    rt_writer("PUT", f"ticket/{ticket}", {"Owner": "Nobody"})
    rt_writer("PUT", f"ticket/{ticket}", {"Owner": "bert"})
    rt_writer("PUT", f"ticket/{ticket}", {"Queue": "Billing"})
    ledger = Ledger(support)
    await ledger.sync()

    steps = ledger.of(f"support/users/{number_of(rt_writer, 'hand')}")
    assert [(one.kind, one.team, one.agent) for one in steps] == [
        ("ticket.created", "Support", None),
        ("ticket.reassigned", "Support", "Bert Agent"),
        ("ticket.reassigned", "Billing", "Bert Agent"),
    ]


async def test_small_pages_and_a_kill_lose_nothing(filled: Filled, rt_config: RequestTrackerConfig) -> None:
    """Pages of 7 tickets, stopped after the third and resumed, give what pages of 100 give."""
    large = Ledger(RequestTrackerConnector("support", rt_config.model_copy(update={"page_size": 100})))
    await large.sync()
    small = Ledger(RequestTrackerConnector("support", rt_config.model_copy(update={"page_size": 7})))
    _, tickets = await small.connector.discover()
    pages = 0
    async for page in small.connector.read(tickets, None):
        for raw in page.raws:
            small._land(small.connector.map(tickets, raw), {})
        small.states["tickets"] = page.state
        pages += 1
        if pages == 3:
            break
    await small.sync()
    await large.connector.close()
    await small.connector.close()

    assert small.records == large.records
    assert small.pages["tickets"] > 3


async def test_refusals_say_what_to_do(rt_config: RequestTrackerConfig) -> None:
    """A wrong token, and a reader who sees only names, are told what is missing; no secret in the text."""
    wrong = RequestTrackerConnector("support", rt_config.model_copy(update={"token": SecretStr("1-14-wrong")}))
    report = await wrong.check()
    await wrong.close()
    assert not report.ok
    assert "[support]" in report.message
    assert "credentials" in report.message
    assert "1-14-wrong" not in report.message

    agent = {"token": None, "user": "alma", "password": SecretStr("alma-secret-1")}
    poor = RequestTrackerConnector("support", rt_config.model_copy(update=agent))
    report = await poor.check()
    await poor.close()
    assert not report.ok
    assert "AdminUsers" in report.message


async def test_without_the_field_there_are_no_surveys(filled: Filled, rt_config: RequestTrackerConfig) -> None:
    """A custom field that RT does not have is said by the check, and tickets are read without surveys."""
    connector = RequestTrackerConnector("support", rt_config.model_copy(update={"csat_field": "Nosuch"}))
    report = await connector.check()
    ledger = Ledger(connector)
    await ledger.sync()
    await connector.close()

    assert report.ok
    assert "'Nosuch'" in report.message
    assert "survey.answered" not in kinds(interactions(ledger.records))

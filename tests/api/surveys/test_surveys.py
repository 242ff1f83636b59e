"""A survey without a vendor: due, consented, mailed, answered once, and about what it asked about."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message

import httpx
import pytest

from api.app import create_app
from api.outgoing.settings import OutgoingError, OutgoingSettings, WebhookSettings
from api.surveys import page
from api.surveys.send import Sent, send_surveys
from connectors.records import Channel, ConsentStatement, ConsentStatus, encode
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.surveys.rules import SurveyRule
from graph.sync.derive import derive_stale
from graph.sync.progress import Silence
from tests.api.outgoing.receivers import hook_server, mail_server
from tests.sources import person

pytestmark = pytest.mark.anyio
RULES = Rules(
    survey=(
        SurveyRule(
            "Easy",
            "ces",
            {"en": "Was it <easy>?", "de": "War es leicht?"},
            after_kinds=("ticket.solved",),
            delay_hours=1,
        ),
    )
)
HOUR = 3_600_000
PUBLIC = "https://ask.acme.test"


def _said(status: ConsentStatus) -> tuple[ConsentStatement, ...]:
    return (
        ConsentStatement(channel=Channel.EMAIL, purpose="surveys", status=status, at=datetime(2026, 1, 1, tzinfo=UTC)),
    )


@pytest.fixture
async def company(embedded_store: Store) -> Store:
    """The same company on the embedded store alone."""
    return await company_of(embedded_store)


async def company_of(store: Store) -> Store:
    """Ada (German) has consented, Bob has refused, Cleo has no address; each had a ticket solved two hours ago."""
    now = moment_now()
    people = [
        person("crm/c/1", "Ada Byron", email="ada@x.test", locale="de-DE", consents=_said(ConsentStatus.GRANTED)),
        person("crm/c/2", "Bob Stone", email="bob@x.test", consents=_said(ConsentStatus.DENIED)),
        person("crm/c/3", "Cleo Hart", consents=_said(ConsentStatus.GRANTED)),
    ]
    await store.write(
        "UNWIND $rows AS row CREATE (r:SourceRecord {key: row.key, kind: 'person', source: 'crm', body: row.body}) "
        "CREATE (c:Customer {id: row.id, stale: true}) CREATE (r)-[:DESCRIBES {weight: 0.0, rule: 'alone'}]->(c) "
        "WITH row, r UNWIND [['solved', 2, 'ticket.solved', false], ['later', 1, 'call.made', false]] AS told "
        "CREATE (i:Interaction {id: row.key + told[0], record: row.key, source: 'crm', sequence: 0, kind: told[2], "
        "at: datetime({epochMillis: $now - told[1] * 3600000 - 60000}), function: 'service', channel: 'email', "
        "direction: 'outbound', automated: told[3]})",
        rows=[{"key": str(one.key), "id": f"c-{one.given_name}".lower(), "body": encode(one)} for one in people],
        now=now,
    )
    async with store.lease("link") as lease:
        await derive_stale(store, lease, RULES, Silence())
    return store


def moment_now() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


async def _send(store: Store, outgoing: OutgoingSettings, **more: bool) -> Sent:
    return await send_surveys(store, RULES, JourneyKeeper(store, RULES), outgoing, moment_now(), **more)


@asynccontextmanager
async def _visitor(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(store, rules=RULES))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def _link(store: Store) -> tuple[str, Message]:
    """Ada's link, from the mail that she gets."""
    async with mail_server() as inbox:
        done = await _send(store, OutgoingSettings(None, inbox.settings, PUBLIC))
        assert (done.sent, dict(done.kept)) == (1, {"no consent": 1, "no address": 1})
        ((to, mail),) = inbox.mails
    assert to == "ada@x.test"
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes)
    found = re.search(rf"{PUBLIC}(/s/[\w-]{{32}})\s", text.decode())
    assert found is not None
    return found[1], mail


async def test_a_survey_is_mailed_and_its_answer_is_about_what_it_asked_about(store: Store) -> None:
    """In the customer's language; without a script; tied by its token to the solved ticket, not to the later call."""
    company = await company_of(store)
    link, mail = await _link(company)
    assert mail["Subject"] == "Eine Frage"
    async with _visitor(company) as client:
        shown = await client.get(link)
        thanked = await client.post(link, data={"score": "6", "comment": "Schnell & gut"})
        again = await client.post(link, data={"score": "1"})
        after = await client.get(link)

    assert shown.status_code == 200
    assert '<html lang="de">' in shown.text
    assert "War es leicht?" in shown.text
    assert re.findall(r'value="(\d+)"', shown.text) == [str(score) for score in range(1, 8)]
    assert "<script" not in shown.text
    assert (thanked.status_code, again.status_code) == (200, 410)
    assert "angekommen" in thanked.text
    assert "beantwortet" in again.text
    assert "beantwortet" in after.text
    assert await company.read(
        "MATCH (c:Customer)-[:EXPERIENCED]->(a:Interaction {kind: 'survey.answered'})-[r:ABOUT]->(i) "
        "RETURN c.id, a.score, a.text, a.metric, a.program, r.method, i.kind"
    ) == [["c-ada", 6.0, "Schnell & gut", "ces", "transactional", "token", "ticket.solved"]]


async def test_nobody_is_asked_twice_nor_by_a_trial(company: Store) -> None:
    """A dry run writes nothing and says whom it would ask; after it was sent the quiet period begins."""
    tried = await _send(company, OutgoingSettings(), dry_run=True)
    assert (tried.sent, dict(tried.by_survey)) == (1, {"Easy": 1})
    assert await company.read("MATCH (v:Invitation) RETURN count(v)") == [[0]]
    await _link(company)
    async with mail_server() as inbox:
        assert (await _send(company, OutgoingSettings(None, inbox.settings, PUBLIC))).sent == 0

    assert inbox.mails == []
    assert await company.read("MATCH (i:Interaction {kind: 'survey.sent'}) RETURN count(i)") == [[1]]


async def test_a_mail_that_did_not_leave_leaves_later_with_the_same_link(company: Store) -> None:
    """The mail server is away: the invitation is there, the customer was not asked; the next time they are."""
    async with mail_server() as inbox:
        gone = inbox.settings
    assert gone is not None
    failed = await _send(company, OutgoingSettings(None, gone, PUBLIC))
    ((token,),) = await company.read("MATCH (v:Invitation) RETURN v.token")
    link, _ = await _link(company)

    assert failed.sent == 0
    assert failed.failure is not None
    assert "ada@" not in failed.failure
    assert link == f"/s/{token}"


async def test_an_address_that_takes_no_mails_keeps_nobody_else_waiting(company: Store) -> None:
    """It is not tried again; a server that lets us send to nobody is tried again."""
    async with mail_server() as inbox:
        outgoing = OutgoingSettings(None, inbox.settings, PUBLIC)
        inbox.refuses = {"ada@x.test": "550 5.7.1 you may not send"}
        not_let = await _send(company, outgoing)
        inbox.refuses = {"ada@x.test": "550 5.1.1 no such mailbox"}
        refused = [await _send(company, outgoing) for _ in range(2)]

    assert not_let.failure is not None
    assert [(done.failure, done.sent, done.kept["address refused"]) for done in refused] == [(None, 0, 1), (None, 0, 0)]
    assert await company.read("MATCH (i:Interaction {kind: 'survey.sent'}) RETURN count(i)") == [[0]]


async def test_without_a_mail_server_a_webhook_sends_the_link_on(company: Store) -> None:
    """It names the customer by id, with question, language and link."""
    async with hook_server() as hook:
        done = await _send(company, OutgoingSettings(WebhookSettings(hook.url, b"k" * 32), None, PUBLIC))
    ((_, body),) = hook.came

    assert done.sent == 1
    assert b'"survey.invited"' in body
    assert b"War es leicht?" in body
    assert b"ada@x.test" not in body
    assert b"Byron" not in body


async def test_links_that_lead_nowhere_say_so(company: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, expired, a choice that is none; who tries many is not answered any more, who has a link is."""
    link, _ = await _link(company)
    monkeypatch.setattr(page, "MISSES_A_MINUTE", page.RateLimitItemPerMinute(3))
    async with _visitor(company) as client:
        assert [(await client.post(link, data=data)).status_code for data in ({}, {"score": "8"}, {"score": "x"})] == [
            400
        ] * 3
        assert (await client.get("/s/" + "x" * 32)).status_code == 404
        assert (await client.get("/s/..")).status_code in (404, 307)
        await company.write(
            "MATCH (v:Invitation) SET v.expires_at = datetime({epochMillis: $now})", now=moment_now() - HOUR
        )
        assert (await client.get(link)).status_code == 410
        codes = [(await client.get("/s/" + letter * 32)).status_code for letter in "abc"]

    assert codes[-1] == 429
    assert await company.read("MATCH (i:Interaction {kind: 'survey.answered'}) RETURN count(i)") == [[0]]


async def test_the_page_tells_nothing_and_runs_nothing(company: Store) -> None:
    """No name, no address, no id; a policy without scripts; not kept, not indexed, no referrer; texts are escaped."""
    link, _ = await _link(company)
    await company.write("MATCH (v:Invitation) SET v.language = 'en', v.question = 'Was it <easy>?'")
    async with _visitor(company) as client:
        shown = await client.get(link)

    assert [word for word in ("Ada", "Byron", "ada@x.test", "c-ada", "crm/") if word in shown.text] == []
    assert "Was it &lt;easy&gt;?" in shown.text
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert (shown.headers["cache-control"], shown.headers["referrer-policy"]) == ("no-store", "no-referrer")


async def test_surveys_without_a_way_out_are_refused(company: Store) -> None:
    """Where customers reach the page, and by what they are told, has to be said."""
    with pytest.raises(OutgoingError, match="C360_PUBLIC_URL"):
        await _send(company, OutgoingSettings())
    with pytest.raises(OutgoingError, match="C360_SMTP_URL"):
        await _send(company, replace(OutgoingSettings(), public_url=PUBLIC))

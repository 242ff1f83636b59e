"""Surveys that are killed (−9) anywhere: nobody is asked twice, and no answer is lost or counted twice."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from functools import partial

import httpx
import pytest

from api.app import create_app
from api.outgoing.settings import OutgoingSettings
from api.surveys.send import send_surveys
from graph.journeys.keeper import JourneyKeeper
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from tests.api.outgoing.receivers import mail_server
from tests.api.surveys.test_surveys import PUBLIC, RULES, company_of, moment_now
from tests.graph.sync.doubtful_company import Step, die_in

pytestmark = [pytest.mark.anyio, pytest.mark.long]
SENT = "MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction {kind: 'survey.sent'}) RETURN c.id, i.asked_about"
ANSWERED = """MATCH (c:Customer)-[:EXPERIENCED]->(a:Interaction {kind: 'survey.answered'})-[:ABOUT]->(i)
RETURN c.id, a.score, i.kind"""


async def ask(outgoing: OutgoingSettings, store: Store) -> None:
    """One round of surveys."""
    await send_surveys(store, RULES, JourneyKeeper(store, RULES), outgoing, moment_now())


async def answer_by(token: str, score: int, store: Store) -> None:
    """An answer, as a browser sends it."""
    await _answered(store, token, score)


async def _answered(store: Store, token: str, score: int) -> httpx.Response:
    transport = httpx.ASGITransport(app=create_app(store, rules=RULES))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.post(f"/s/{token}", data={"score": str(score)})


async def _killed(settings: StoreSettings, place: str, step: Step) -> None:
    process = multiprocessing.get_context("forkserver").Process(target=die_in, args=(settings, place, step))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, "it never came to that place"


@pytest.mark.parametrize(
    ("place", "mails"),
    [
        ("api.surveys.send:invite", 1),
        ("api.surveys.send:leave", 1),
        ("api.surveys.send:send_mail", 0),  # whether it left cannot be known: it counts as sent
        ("api.surveys.send:note_sent", 1),
        ("graph.sync.recording:_derived", 1),
        ("graph.sync.recording:Recorded", 1),
    ],
)
async def test_nobody_is_asked_twice_wherever_sending_was_killed(
    place: str, mails: int, store_settings: StoreSettings, store: Store
) -> None:
    """Two more rounds after the kill: at most one mail came, and the journey tells of one."""
    await company_of(store)
    async with mail_server() as inbox:
        outgoing = OutgoingSettings(None, inbox.settings, PUBLIC)
        await _killed(store_settings, place, partial(ask, outgoing))
        await store.write("MATCH (l:Lease) SET l.until = 0")  # it runs out by itself, later
        for _ in range(2):
            await ask(outgoing, store)

    assert len(inbox.mails) == mails
    ((customer, about),) = await store.read(SENT)
    assert (customer, about.endswith("solved")) == ("c-ada", True)
    assert await store.read("MATCH (v:Invitation) RETURN count(v), count(v.sent_at)") == [[1, 1]]


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("graph.surveys.invitations:record", 2),
        ("graph.sync.recording:_derived", 6),
        ("graph.sync.recording:Recorded", 6),
        ("api.surveys.page:_told", 6),
    ],
)
async def test_the_first_answer_that_was_kept_counts_wherever_answering_was_killed(
    place: str, kept: int, store_settings: StoreSettings, store: Store
) -> None:
    """Whoever was told nothing answers again, otherwise perhaps: one answer is there, and who asks is told so."""
    await company_of(store)
    async with mail_server() as inbox:
        await ask(OutgoingSettings(None, inbox.settings, PUBLIC), store)
    ((token,),) = await store.read("MATCH (v:Invitation) RETURN v.token")
    await _killed(store_settings, place, partial(answer_by, token, 6))
    await store.write("MATCH (l:Lease) SET l.until = 0")

    again = [(await _answered(store, token, score)).status_code for score in (2, 2)]

    assert again == ([200, 410] if kept == 2 else [410, 410])
    assert await store.read(ANSWERED) == [["c-ada", float(kept), "ticket.solved"]]

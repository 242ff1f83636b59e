"""What a served API does by itself."""

from __future__ import annotations

import asyncio
import logging

import msgspec
import pytest

from api.outgoing.outbox import waiting_alerts
from api.outgoing.rounds import make_round, make_rounds
from api.outgoing.settings import OutgoingSettings, WebhookSettings
from graph.alerts.watch import AlertWatch
from graph.figures.plan_rules import ReportRule
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from tests.api.outgoing.receivers import hook_server
from tests.graph.alerts.company import RULES, load

pytestmark = pytest.mark.anyio


async def test_a_round_raises_and_tells_and_the_next_one_goes_on(embedded_store: Store) -> None:
    """The clock alone brings the alerts about; whom the first round could not tell the second does."""
    await load(embedded_store)
    rules = Rules(alert=tuple(msgspec.structs.replace(rule, look_back_days=100_000) for rule in RULES.alert))
    keeper = JourneyKeeper(embedded_store, rules)
    watch = AlertWatch(embedded_store, rules, keeper)
    async with hook_server() as hook:
        hook.answers = [204, 400]
        outgoing = OutgoingSettings(WebhookSettings(hook.url, b"k" * 32))
        await make_round(embedded_store, rules, keeper, watch, outgoing)
        waiting = len(await waiting_alerts(embedded_store))
        await make_round(embedded_store, rules, keeper, watch, outgoing)

    assert waiting == 2
    assert await waiting_alerts(embedded_store) == []
    assert len({headers["webhook-id"] for headers, _ in hook.came}) == 3


async def test_a_setting_that_is_missing_is_told_once(embedded_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Round after round a report by mail waits for a mail server."""
    rules = Rules(report=(ReportRule("Board", "Ines Marl", ("csat",), to=("ines@acme.test",)),))
    rounds = asyncio.create_task(
        make_rounds(embedded_store, rules, JourneyKeeper(embedded_store, rules), OutgoingSettings(), every=0.02)
    )
    with caplog.at_level(logging.WARNING, "c360.alerts"):
        await asyncio.wait([rounds], timeout=3)
    assert not rounds.done()
    rounds.cancel()
    await asyncio.wait([rounds])

    (told,) = [record.getMessage() for record in caplog.records if record.name == "c360.alerts"]
    assert "C360_SMTP_URL" in told

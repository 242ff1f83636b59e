"""What a served API does by itself."""

from __future__ import annotations

import msgspec
import pytest

from api.outgoing.outbox import waiting_alerts
from api.outgoing.rounds import make_round
from api.outgoing.settings import OutgoingSettings, WebhookSettings
from graph.alerts.watch import AlertWatch
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

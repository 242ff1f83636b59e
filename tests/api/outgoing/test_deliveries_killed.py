"""Deliveries that are killed (−9) anywhere: nothing is lost, and a repetition has the id of the first."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from functools import partial

import pytest

from api.outgoing.deliveries import Deliverer
from api.outgoing.destinations import WebhookDestination
from api.outgoing.settings import WebhookSettings
from connectors.events import ABOUT
from graph.deliveries.queue import Wish, list_deliveries
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from tests.api.outgoing.receivers import hook_server
from tests.graph.alerts.company import evaluate, load
from tests.graph.sync.doubtful_company import die_in

pytestmark = [pytest.mark.anyio, pytest.mark.long]


async def deliver(url: str, store: Store) -> None:
    """One round of one webhook."""
    destination = WebhookDestination(Wish("warehouse", frozenset(ABOUT)), WebhookSettings(url, b"k" * 32))
    rules = Rules(segment=())
    await Deliverer(store, rules, [destination]).round(JourneyKeeper(store, rules))
    await destination.close()


@pytest.mark.parametrize(
    ("place", "came"),
    [
        ("graph.deliveries.queue:events_of", 3),
        ("graph.deliveries.queue:keep", 3),
        ("api.outgoing.deliveries:due", 3),
        ("api.outgoing.destinations:send_webhook", 3),
        ("api.outgoing.deliveries:note_delivered", 6),
    ],
)
async def test_all_is_told_wherever_delivering_was_killed(
    place: str, came: int, store_settings: StoreSettings, store: Store
) -> None:
    """Two rounds after the kill: each event came, at most twice, with one id each; nothing waits."""
    await load(store)
    async with hook_server() as hook:
        await deliver(hook.url, store)
        await evaluate(store)
        step = partial(deliver, hook.url)
        process = multiprocessing.get_context("forkserver").Process(target=die_in, args=(store_settings, place, step))
        process.start()
        await asyncio.to_thread(process.join)
        assert process.exitcode == -signal.SIGKILL, "it never came to that place"
        await store.write("MATCH (l:Lease) SET l.until = 0")  # it runs out by itself, later
        for _ in range(2):
            await deliver(hook.url, store)

    assert len(hook.came) == came
    assert len({headers["webhook-id"] for headers, _ in hook.came}) == 3
    assert await list_deliveries(store) == []

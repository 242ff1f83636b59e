"""What a served API does by itself, a round a minute: raise alerts, send out what waits and reports that are due, ask
who is due to be asked.

Several processes may do so: alerts are raised once by their ids, and one of them at a time sends.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime

from api.outgoing.outbox import tell_alerts
from api.outgoing.report import send_reports
from api.outgoing.settings import OutgoingError, OutgoingSettings
from api.surveys.send import send_surveys
from graph.alerts.watch import AlertWatch
from graph.figures.board import UnknownKpi
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import LeaseBusy, StoreError

LOG = logging.getLogger("c360.alerts")
EVERY_SECONDS = 60.0
WAIT_SECONDS = 1.0
"""A sync that works raises alerts itself when it ends: it is not waited for."""


async def make_rounds(
    store: Store, rules: Rules, keeper: JourneyKeeper, outgoing: OutgoingSettings, every: float = EVERY_SECONDS
) -> None:
    """Round after round until it is cancelled; whatever goes wrong is logged, and the next round comes."""
    watch = AlertWatch(store, rules, keeper)
    before: str | None = None
    while True:
        try:
            waiting = await make_round(store, rules, keeper, watch, outgoing)
            if waiting is not None and waiting != before:  # said once: a setting that is missing is missing each minute
                LOG.warning("Reports wait for the next round: %s", waiting)
            before = waiting
        except (LeaseBusy, StoreError) as error:
            LOG.info("no round this time: %s", error)
        except Exception:  # whatever it is: alerts must not end because of one round
            LOG.exception("a round of alerts failed; the next one comes in %g s", every)
        await asyncio.sleep(every)


async def make_round(
    store: Store, rules: Rules, keeper: JourneyKeeper, watch: AlertWatch, outgoing: OutgoingSettings
) -> str | None:
    """One round; why a report waits for the next one, None where none does."""
    if rules.alert:
        await watch.evaluate(time.time_ns() // 1_000_000, wait=WAIT_SECONDS)
    await tell_alerts(store, outgoing)
    waiting = None
    if rules.report:
        try:
            await send_reports(store, keeper, rules, outgoing, datetime.now(UTC))
        except (OutgoingError, UnknownKpi) as problem:
            waiting = str(problem)
    if rules.survey and outgoing.public_url is not None and (outgoing.mail or outgoing.webhook):
        await send_surveys(store, rules, keeper, outgoing, time.time_ns() // 1_000_000)
    return waiting

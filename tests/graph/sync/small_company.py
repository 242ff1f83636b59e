"""A small company over two silos, the same each time: enough people and events for a sync of a few seconds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from connectors.records import Record
from graph.rules import Rules
from graph.store.driver import open_store
from graph.store.settings import StoreSettings
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

KINDS = ("email.sent", "email.clicked", "form.submitted", "deal.created", "order.placed", "ticket.created", "call.made")
GIVEN = (
    "Ada",
    "Bob",
    "Cleo",
    "Dan",
    "Eva",
    "Finn",
    "Gus",
    "Hal",
    "Ida",
    "Jo",
    "Kai",
    "Lea",
    "Mia",
    "Ned",
    "Ole",
    "Pia",
)
ENDINGS = ("berg", "ford", "stein", "wood", "field", "worth", "ley", "man")


def small_company(people: int = 200, events: int = 1_000, page_size: int = 100) -> list[LandingSource]:
    """A CRM that knows everybody and a helpdesk that knows half of them, with events in both."""
    dice = random.Random(7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    crm: list[Record] = []
    helpdesk: list[Record] = []
    for number in range(people):
        name = f"{GIVEN[number % 16]} {'KLMNPRST'[number // 16 % 8]}{number:03}{ENDINGS[number % 8]}"
        email = f"{name.replace(' ', '.').lower()}@x{number % 40}.test"
        crm.append(person(f"crm/contacts/{number}", name, email=email, phone=f"+4930{9_000_000 + number * 37}"))
        if number % 2:
            helpdesk.append(person(f"helpdesk/users/{number}", name, email=email))
    for number in range(events):
        who = dice.randrange(people)
        source, of = ("helpdesk", f"helpdesk/users/{who}") if who % 2 and number % 3 else ("crm", f"crm/contacts/{who}")
        moment = start + timedelta(minutes=dice.randrange(300_000))
        kind = KINDS[number % len(KINDS)]
        ticket = f"{source}/{who}" if kind == "ticket.created" else None
        (helpdesk if source == "helpdesk" else crm).append(
            event(f"{source}/events/{number}", kind, moment, of, ticket=ticket)
        )
    return [
        fixed_source("crm", *crm, page_size=page_size, trust=0.9),
        fixed_source("helpdesk", *helpdesk, page_size=page_size),
    ]


class Telling:
    """Progress that tells each phase's name as it goes on, to whoever wants to stop us in it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def phase(self, name: str, total: int | None = None) -> None:
        self._tell(name)

    def advance(self, name: str, done: int) -> None:
        self._tell(name)

    def reject(self, name: str, count: int) -> None:
        self._tell(name)

    def say(self, text: str) -> None:
        self._tell(f"says {text}")


def sync_small_company(settings: StoreSettings, tell: Callable[[str], None]) -> None:
    """One whole sync, in whatever process calls it."""

    async def work() -> None:
        async with open_store(settings) as store:
            await sync(small_company(), store, Rules(), Telling(tell))
        tell("done")

    asyncio.run(work())

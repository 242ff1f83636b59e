"""The journeys' columns hold what the graph holds, also after changes, and also from their file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graph.journeys.journeys import Journeys
from graph.journeys.keeper import JourneyKeeper
from graph.journeys.read import read_journeys
from graph.journeys.view import Unit
from graph.rules import Rules
from graph.store.cache import cache_folder
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.sources import account, event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
DAY = datetime(2026, 3, 1, tzinfo=UTC)
ADA = person("crm/people/1", "Ada Byron", email="ada@x.example")
BOB = person("crm/people/2", "Bob Moss", email="bob@y.example")


def _rows(journeys: Journeys) -> dict[str, list[dict[str, object]]]:
    """Everything, in an order that does not depend on how it was read."""
    tables = {name: part.settled() for name, part in journeys.parts.items()}
    return {name: sorted(table.to_pylist(), key=repr) for name, table in tables.items()}


async def test_columns_follow_the_graph_through_changes(store: Store) -> None:
    """After new, changed and deleted interactions, a new customer and a merge they are what a fresh reading gives."""
    keeper = JourneyKeeper(store, RULES)
    asked = event("crm/events/1", "ticket.created", DAY, "crm/people/1", ticket="7")
    await sync([fixed_source("crm", ADA, asked)], store, RULES)
    first = await keeper.current()
    assert (len(first.customers), len(first.events)) == (1, 1)

    solved = event("desk/events/2", "ticket.solved", DAY.replace(day=2), "crm/people/1", ticket="7")
    await sync([fixed_source("desk", BOB, solved)], store, RULES)
    twin = person("desk/people/9", "Ada Byron", email="ada@x.example", phone="+49301234567")
    await sync([fixed_source("other", twin)], store, RULES)
    followed = await keeper.current()

    assert followed.seq > first.seq
    assert len(followed.events) == 2
    assert _rows(followed) == _rows(await read_journeys(store, RULES, 0))


async def test_what_was_made_of_replaced_journeys_is_let_go(store: Store) -> None:
    """After a change the keeper holds nothing of before but what both share."""
    keeper = JourneyKeeper(store, RULES)
    await sync([fixed_source("crm", ADA, event("crm/events/1", "ticket.created", DAY, "crm/people/1"))], store, RULES)
    view = (await keeper.current()).view()
    assert len(view.once("made of it", lambda: np.arange(9))) == 9

    await sync([fixed_source("desk", BOB)], store, RULES)
    assert len((await keeper.current()).customers) == 2
    assert len(view.once("made of it", lambda: np.arange(7))) == 7


async def test_the_file_is_used_only_for_the_graph_that_it_was_made_of(embedded_store: Store) -> None:
    """A second process maps the file; once the graph's log no longer has the file's last entry it reads anew."""
    await sync([fixed_source("crm", ADA, BOB)], embedded_store, RULES)
    await JourneyKeeper(embedded_store, RULES).current()
    row = await embedded_store.read_one("MATCH (m:Meta) RETURN m.store_id")
    assert row is not None
    folder: Path = cache_folder(embedded_store, "journeys", row[0])
    written = (folder / "current.json").read_text()

    await JourneyKeeper(embedded_store, RULES).current()
    assert (folder / "current.json").read_text() == written

    await embedded_store.write("MATCH (c:Change) SET c.at = datetime({epochMillis: 1})")
    again = await JourneyKeeper(embedded_store, RULES).current()
    assert (folder / "current.json").read_text() != written
    assert len(again.customers) == 2


async def test_a_broken_file_is_read_past(embedded_store: Store) -> None:
    """A file that was cut is not used."""
    await sync([fixed_source("crm", ADA, BOB)], embedded_store, RULES)
    await JourneyKeeper(embedded_store, RULES).current()
    row = await embedded_store.read_one("MATCH (m:Meta) RETURN m.store_id")
    assert row is not None
    for file in cache_folder(embedded_store, "journeys", row[0]).rglob("customers.arrow"):
        file.write_bytes(file.read_bytes()[:100])

    assert len((await JourneyKeeper(embedded_store, RULES).current()).customers) == 2


async def test_reading_goes_on_when_nobody_waits_any_more(embedded_store: Store) -> None:
    """A request whose time is over does not throw away what it made the process read."""
    await sync([fixed_source("crm", ADA, BOB)], embedded_store, RULES)
    told: list[tuple[int, int]] = []
    keeper = JourneyKeeper(embedded_store, RULES, lambda read, total: told.append((read, total)))

    impatient = asyncio.create_task(keeper.current())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    assert impatient.cancelled()
    journeys = await keeper.current()

    assert (len(journeys.customers), told) == (2, [(2, 2)])


async def test_a_keeper_that_is_closed_leaves_the_next_to_read(embedded_store: Store) -> None:
    """A server that ends while it reads stops reading; nothing half read is left."""
    await sync([fixed_source("crm", ADA, BOB)], embedded_store, RULES)
    keeper = JourneyKeeper(embedded_store, RULES)
    keeper.start()
    await asyncio.sleep(0)
    await keeper.close()
    assert keeper.reading is None

    assert len((await JourneyKeeper(embedded_store, RULES).current()).customers) == 2


async def test_many_changes_are_written_to_a_new_file_while_questions_go_on(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed since is in the next file, and neither is lost nor told twice."""
    monkeypatch.setattr("graph.journeys.keeper.MOST_LATER", 1)
    keeper = JourneyKeeper(embedded_store, RULES)
    await sync([fixed_source("crm", ADA)], embedded_store, RULES)
    await keeper.current()
    for number in range(1, 7):
        asked = event(f"crm/events/{number}", "ticket.created", DAY.replace(day=number), "crm/people/1", ticket="7")
        await sync([fixed_source(f"desk-{number}", asked)], embedded_store, RULES)
        assert len((await keeper.current()).events) == number
    await keeper.close()

    assert _rows(await keeper.current()) == _rows(await read_journeys(embedded_store, RULES, 0))


async def test_what_several_people_of_an_account_experienced_happened_to_it_once(embedded_store: Store) -> None:
    """A meeting of two colleagues is two interactions of customers and one of their account."""
    keeper = JourneyKeeper(embedded_store, RULES)
    people = [
        person(f"crm/people/{n}", name, email=f"{name[:3].lower()}@acme.example", account_id="crm/accounts/1")
        for n, name in enumerate(("Ada Byron", "Bob Moss"))
    ]
    meetings = [
        event(f"crm/events/{n}", "meeting.held", DAY, f"crm/people/{n}", activity_id="crm/meetings/1") for n in range(2)
    ]
    acme = account("crm/accounts/1", "Acme")
    await sync([fixed_source("crm", acme, *people, *meetings)], embedded_store, RULES)

    journeys = await keeper.current()
    assert len(journeys.view()) == 2
    assert len(journeys.view(Unit.ACCOUNT)) == 1


def test_every_layout_starts_with_whose_row_it_is() -> None:
    """An empty graph has all tables, and they have no rows."""
    journeys = Journeys.of({}, RULES)
    assert all(isinstance(part.settled(), pa.Table) and len(part) == 0 for part in journeys.parts.values())
    assert len(journeys.view()) == 0
    assert journeys.view(Unit.ACCOUNT).size == 0

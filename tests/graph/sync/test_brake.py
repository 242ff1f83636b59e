"""A source that suddenly says that everybody is somebody else is held before anybody is merged."""

from __future__ import annotations

import pytest

from connectors.records import Person
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.asking import Ask, Refused
from graph.sync.brake import SyncRules
from graph.sync.decisions import merge_customers
from graph.sync.sync import SyncReport, sync
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
_CUSTOMERS = "MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer) RETURN r.key, c.id ORDER BY r.key"


def _people(confused: int = 0) -> list[Person]:
    """Eighty people; the last `confused` of them are said to be the first ones."""
    names = [*range(80 - confused), *range(confused)]
    return [
        person(
            f"crm/contacts/{number}",
            f"{'ABCDEFGH'[who % 8]}nna {'KLMNPRSTVW'[who // 8]}{who:02}berg",
            email=f"anna{who}@x{who % 7}.test",
            phone=f"+4930{9_000_000 + who * 37}",
        )
        for number, who in enumerate(names)
    ]


async def _synced(store: Store, confused: int = 0, rules: Rules = RULES, *, allow_merges: bool = False) -> SyncReport:
    source = fixed_source("crm", *_people(confused))
    return await sync([source], store, rules, full=True, allow_merges=allow_merges)


async def test_unusually_many_merges_are_held_until_they_are_let_through(store: Store) -> None:
    """Thirty of eighty: told, stored and not linked, sync after sync; then merged when somebody says so."""
    assert (await _synced(store)).ok
    before = await store.read(_CUSTOMERS)

    held = await _synced(store, confused=30)
    again = await _synced(store, confused=30)

    for report in (held, again):
        assert not report.ok
        assert report.held is not None
        assert "30 of 80 customers would be merged" in report.held
    assert await store.read(_CUSTOMERS) == before
    let = await _synced(store, confused=30, allow_merges=True)
    assert let.ok
    assert (len(let.linked.merged), let.derived.customers > 0) == (30, True), (
        "what was held is told by who lets it through"
    )
    assert len({id for _, id in await store.read(_CUSTOMERS)}) == 50


async def test_a_source_that_was_mended_passes_as_if_nothing_had_been(store: Store) -> None:
    """After the correction the sync is linked again, and every customer is who it was."""
    await _synced(store)
    before = await store.read(_CUSTOMERS)
    assert (await _synced(store, confused=30)).held is not None

    mended = await _synced(store)

    assert mended.ok
    assert await store.read(_CUSTOMERS) == before
    assert await store.read("MATCH (m:Meta) RETURN m.held") == [[None]]


async def test_few_merges_and_a_first_sync_are_never_held(store: Store) -> None:
    """Twenty merges pass whatever their share is; in an empty graph nobody is merged into anybody."""
    assert (await _synced(store, confused=0)).ok
    assert (await _synced(store, confused=20)).ok
    strict = Rules(sync=SyncRules(most_merges=0.0))
    assert (await _synced(store, confused=30, rules=strict)).ok, "ten more"


async def test_nobody_decides_about_records_that_are_held(store: Store) -> None:
    """A person's decision would link all that waits: it is refused, and says why."""
    await _synced(store)
    await _synced(store, confused=30)
    ids = dict(await store.read(_CUSTOMERS))
    two = [ids["crm/contacts/78"], ids["crm/contacts/79"]]

    with pytest.raises(Refused, match="merge brake"):
        await merge_customers(store, RULES, two, Ask(by="cleo", reason="they said so"))

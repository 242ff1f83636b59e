"""A graph that an earlier version wrote is brought up to date with everything in it, and goes on as if made today."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from graph.store.digest import digest
from graph.store.driver import Store, open_store
from graph.store.migrate import latest, pending, schema_of
from graph.store.settings import StoreSettings
from tests.api.cli.calls import Shell
from tests.conftest import Homes
from tests.graph.store.older.load import SCHEMAS, load, unpack_company
from tests.graph.store.older.make import decide

pytestmark = pytest.mark.anyio

# Letters are made by the upgrade itself, of the words that are there.
COUNTS = """
MATCH (n) WHERE NOT n:Lease AND NOT n:Meta AND NOT n:Letters
UNWIND labels(n) AS label RETURN label, count(*) ORDER BY label
"""
JOINED = "MATCH ()-[r]->(n) WHERE NOT n:Letters RETURN type(r), count(*) ORDER BY type(r)"
IDS = "MATCH (c:Customer) RETURN c.id, c.first_record ORDER BY c.id"
NUMBERS = "MATCH (i:Identifier {kind: 'phone'}) RETURN i.key, i.backwards, i.national ORDER BY i.key"
WHO = "MATCH (r:SourceRecord)-[:DESCRIBES]->(c) RETURN r.key, c.first_record, labels(c) ORDER BY r.key"
KEPT = {
    "api keys": "MATCH (k:ApiKey) RETURN properties(k) ORDER BY k.id",
    "decisions": "MATCH (d:Decision) RETURN properties(d) ORDER BY d.id",
    "pins": "MATCH (p:Pin) RETURN properties(p) ORDER BY p.id",
    "initiatives": "MATCH (i:Initiative) RETURN properties(i) ORDER BY i.name",
    "baselines": "MATCH (b:Baseline) RETURN properties(b) ORDER BY b.id",
    "models": "MATCH (m:LinkageModel) RETURN properties(m) ORDER BY m.version",
    "former ids": "MATCH (f:FormerId)-[:NOW]->(c) RETURN f.id, c.id ORDER BY f.id",
    "recorded": "MATCH (i:Interaction {source: 'recorded'}) RETURN properties(i) ORDER BY i.id",
}
"""What people decided and recorded, which no source says again."""


@pytest.fixture(params=["embedded", pytest.param("neo4j", marks=pytest.mark.long)])
def old_settings(request: pytest.FixtureRequest, homes: Homes, tmp_path: Path) -> StoreSettings:
    """A store of its own on embedded; on Neo4j the one of the tests, which the loader empties."""
    return homes.of("neo4j").settings if request.param == "neo4j" else StoreSettings(f"embedded:{tmp_path / 'old'}")


@pytest.fixture
async def old_store(old_settings: StoreSettings) -> AsyncIterator[Store]:
    async with open_store(old_settings) as store:
        yield store


@pytest.mark.long
@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_graph_of_an_earlier_schema_is_upgraded_with_all_that_is_in_it(
    schema: int,
    old_store: Store,
    old_settings: StoreSettings,
    embedded_settings: StoreSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is lost; a full sync of the same sources then says, to the digest, what a new graph of them says.

    But for what the linkage has learned, which stays: customers and their records are the same, weights are not.
    """
    await load(old_store, schema, monkeypatch)
    company = tmp_path / "company"
    unpack_company(schema, company)
    shell = Shell(company, old_settings)
    before = {name: await old_store.read(query) for name, query in KEPT.items()}
    counts, joined, ids = [await old_store.read(query) for query in (COUNTS, JOINED, IDS)]
    assert all(before.values()), f"the fixture lacks {[name for name, rows in before.items() if not rows]}"
    assert [step.number for step in await pending(old_store)] == list(range(schema + 1, latest() + 1))

    upgraded = await asyncio.to_thread(shell, "store", "upgrade", "--json")
    assert upgraded.code == 0, upgraded.err
    assert await schema_of(old_store) == latest()
    assert [await old_store.read(query) for query in (COUNTS, JOINED, IDS)] == [counts, joined, ids]
    assert {name: await old_store.read(query) for name, query in KEPT.items()} == before

    numbers = await old_store.read(NUMBERS)
    assert numbers

    synced = await asyncio.to_thread(shell, "sync", "--full", "--json")
    assert synced.code == 0, synced.err
    assert await old_store.read(IDS) == ids
    assert {name: await old_store.read(query) for name, query in KEPT.items()} == before
    fresh = Shell(company, embedded_settings)
    assert (await asyncio.to_thread(fresh, "sync")).code == 0
    async with open_store(embedded_settings) as today:
        await decide(today)
        # Its id is drawn by lot, and it knows the id of the customer whom it was recorded of.
        ((recorded,),) = before["recorded"]
        await today.write("MATCH (i:Interaction {source: 'recorded'}) SET i = $recorded", recorded=recorded)
        differs = set((await digest(old_store)).differences(await digest(today)))
        assert numbers == await old_store.read(NUMBERS) == await today.read(NUMBERS)
        assert await old_store.read(WHO) == await today.read(WHO)
        # The model that was learned then stays in force: today's learns otherwise, and gives joins other weights.
        assert differs <= {"models", "joins"}

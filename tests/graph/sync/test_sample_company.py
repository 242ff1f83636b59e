"""The sample company, from its exports to customers, held against its own truth."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.configured import make_connectors
from connectors.plugins import load_plugins
from connectors.sample.generate import generate
from connectors.settings import read_settings
from graph.linkage.evaluate import evaluate
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.land import LandingSource
from graph.sync.sync import sync

pytestmark = pytest.mark.anyio


def sources_of(folder: Path) -> list[LandingSource]:
    settings = read_settings(folder / "plugins.toml")
    connectors = make_connectors(settings, load_plugins(settings.plugin_paths))
    return [
        LandingSource(connector, source.connector, source.trust)
        for connector, source in zip(connectors, settings.sources, strict=True)
    ]


@pytest.mark.parametrize("seed", [11, pytest.param(12, marks=pytest.mark.long)])
async def test_customers_are_the_people_of_the_sample(seed: int, embedded_store: Store, tmp_path: Path) -> None:
    """From raw exports by the default rules: pairwise F1 of at least .95, and every person record has a customer."""
    generate(tmp_path, 1_000, seed)
    report = await sync(sources_of(tmp_path), embedded_store, Rules())
    assert report.ok

    rows = await embedded_store.read("MATCH (r:SourceRecord {kind: 'person'})-[:DESCRIBES]->(c) RETURN r.key, c.id")
    customer_of = {row[0]: row[1] for row in rows}
    truth = pq.read_table(tmp_path / "truth.parquet").to_pydict()
    keys = truth["record_key"]
    assert set(keys) == customer_of.keys()
    quality = evaluate([customer_of[key] for key in keys], truth["person_id"])
    assert quality.f1 >= 0.95


@pytest.mark.long
async def test_both_stores_hold_the_same_company(both_stores: tuple[Store, Store], tmp_path: Path) -> None:
    """The same exports give the same digest on the embedded store and on Neo4j."""
    generate(tmp_path, 300, 5)
    digests = []
    for store in both_stores:
        await sync(sources_of(tmp_path), store, Rules())
        digests.append(await digest(store))

    assert digests[0].differences(digests[1]) == ()

"""The graph that all servers answer from: the sample company in a real Neo4j, and whom one asks about."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from neo4j import Driver, GraphDatabase
from pydantic import SecretStr

from benchmarks.sync import sources
from connectors.sample.generate import generate
from graph.rules import Rules
from graph.store.driver import open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.neo4j.server import RunningNeo4j, running_neo4j

APOC = "5.26.19"
"""@neo4j/graphql asks APOC to write its instants."""
JOURNEYS = {"bench-10": 10, "bench-10000": 10_000}
"""Two more customers, with journeys of these lengths."""

_JOURNEY = """
CREATE (c:Customer {id: $id, display_name: $id, sort_name: 'zzzz ' + $id})
WITH c
UNWIND range(1, $many) AS n
CREATE (c)-[:EXPERIENCED]->(:Interaction {
  id: $id + '/' + n, at: datetime({epochMillis: 1700000000000 + n * 60000}), sequence: 0, kind: 'email.opened',
  channel: 'email', function: 'marketing', direction: 'inbound', automated: true, source: 'bench'})
"""
_CHAIN = """
MATCH (:Customer {id: $id})-[:EXPERIENCED]->(i)
WITH i ORDER BY i.at
WITH collect(i) AS journey
UNWIND range(0, size(journey) - 2) AS n
WITH journey, journey[n] AS before, journey[n + 1] AS after
CREATE (before)-[:NEXT {gap_seconds: 60}]->(after)
"""
_ENDS = """
MATCH (c:Customer {id: $id})-[:EXPERIENCED]->(i)
WITH c, i ORDER BY i.at
WITH c, collect(i) AS journey
WITH c, journey[0] AS oldest, journey[-1] AS newest
CREATE (c)-[:FIRST]->(oldest) CREATE (c)-[:LAST]->(newest)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom one asks about: so many of each that caches do not hold one answer alone."""

    ids: list[str]
    """Customers with twenty interactions and more."""
    emails: list[str]
    """Addresses that one customer has alone, as the first of theirs."""
    journeys: list[tuple[str, str, datetime]]
    """A customer, a channel, and since when they have interactions there."""
    names: list[str]
    """What is typed into a search."""


@contextmanager
def served_company(folder: Path, customers: int, seed: int, heap: str, page_cache: str) -> Iterator[RunningNeo4j]:
    """A Neo4j with APOC that holds the company; what an earlier run left in the folder is used."""
    home = folder / "neo4j"
    _fetch_apoc(home / "plugins")
    filled = folder / f"filled-{customers}-{seed}"
    with running_neo4j(home, heap, page_cache) as neo4j:
        if not filled.exists():
            if list(folder.glob("filled-*")):
                raise SystemExit(f"{folder} holds another company. Name another folder, or its --customers and --seed.")
            fill(StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password)), folder / "sample", customers, seed)
            filled.touch()
        yield neo4j


def fill(settings: StoreSettings, folder: Path, customers: int, seed: int) -> None:
    """Sync a sample company, which is made in this folder and removed, into an empty Neo4j; add the two journeys."""
    generate(folder, customers, seed)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(_fill, (folder, settings))
    shutil.rmtree(folder)
    with open_driver(settings) as driver:
        for id, many in JOURNEYS.items():
            for statement in (_JOURNEY, _CHAIN, _ENDS):
                driver.execute_query(statement, id=id, many=many)


def open_driver(settings: StoreSettings) -> Driver:
    """A driver of this server; close it."""
    return GraphDatabase.driver(settings.uri, auth=(settings.user, settings.password.get_secret_value()))


def read_asked(driver: Driver, many: int) -> Asked:
    """Choose whom one asks about, the same in every run over the same graph."""
    ids = driver.execute_query(
        "MATCH (c:Customer) WHERE c.interaction_count >= 20 AND c.first_record IS NOT NULL "
        "RETURN c.id AS id, c.sort_name AS name ORDER BY c.first_record LIMIT $many",
        many=many,
    ).records
    emails = driver.execute_query(
        "MATCH (c:Customer) WHERE c.primary_email IS NOT NULL AND c.first_record IS NOT NULL "
        "AND COUNT { (:Identifier {key: 'email:' + c.primary_email})<-[:HAS_IDENTIFIER]-(:SourceRecord)"
        "-[:DESCRIBES]->(o:Customer) WHERE o <> c } = 0 "
        "AND COUNT { (o:Customer {primary_email: c.primary_email}) } = 1 "
        "RETURN c.primary_email AS email ORDER BY c.first_record LIMIT $many",
        many=many,
    ).records
    journeys = driver.execute_query(
        "UNWIND $ids AS id MATCH (:Customer {id: id})-[:EXPERIENCED]->(i) "
        "WITH id, i.channel AS channel, count(*) AS n, min(i.at) AS since ORDER BY n DESC, channel "
        "WITH id, collect([channel, since]) AS channels RETURN id, channels[0][0] AS channel, channels[0][1] AS since",
        ids=[record["id"] for record in ids],
    ).records
    return Asked(
        [record["id"] for record in ids],
        [record["email"] for record in emails],
        [(record["id"], record["channel"], record["since"].to_native()) for record in journeys],
        [record["name"] for record in ids],
    )


def _fill(sample: Path, settings: StoreSettings) -> None:
    asyncio.run(_sync(sample, settings))


async def _sync(sample: Path, settings: StoreSettings) -> None:
    async with open_store(settings) as store:
        await migrate(store)
        report = await sync(sources(sample), store, Rules())
    if not report.ok:
        raise SystemExit(f"The sample could not be read: {[landed.error for landed in report.landed]}")


def _fetch_apoc(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("apoc-core", "apoc-common"):
        if not (folder / f"{name}-{APOC}.jar").exists():
            artifact = f"-Dartifact=org.neo4j.procedure:{name}:{APOC}"
            subprocess.run(["mvn", "-B", "-q", "dependency:copy", artifact, f"-DoutputDirectory={folder}"], check=True)

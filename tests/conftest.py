"""The graph's two homes for tests, and the summary's last lines: what was really used and what was not run.

`store` and `store_settings` run a test twice, on the embedded store and on a real Neo4j, each time on an empty graph
with its keys and indexes. Neo4j is the one at C360_TEST_NEO4J (a Bolt address, with C360_TEST_NEO4J_PASSWORD:
*everything in it is deleted*), or one that is started here when there are Java 17 and Maven. Without either its half
is reported as not run; with C360_REQUIRE_NEO4J=1 it fails.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest
from pydantic import SecretStr

from graph.store.driver import Store, open_store
from graph.store.info import server_of
from graph.store.migrate import latest, migrate
from graph.store.settings import StoreSettings
from tests.neo4j.server import Neo4jMissing, running_neo4j

HOMES = ("embedded", "neo4j")
TIERS = {
    "servers": "needs a real Tryton and a real Request Tracker",
    "clients": "needs Node.js and Chromium: Apollo, urql, Relay, graphql-ws, -sse, gql, types, rules, Cypher, pages",
    "long": "more minutes: the API on Neo4j too, kills on both stores, whole companies, servers beside each other",
    "fuzz": "100,000 random attacks on the served API, and schemathesis; half an hour",
}


@dataclass
class Used:
    """What the tests of this process, and of its workers, really ran on."""

    tests: dict[str, int] = field(default_factory=dict)
    servers: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    tiers: dict[str, int] = field(default_factory=dict)

    def add(self, other: dict[str, dict[str, int] | dict[str, str]]) -> None:
        for name, count in other["tests"].items():
            self.tests[name] = self.tests.get(name, 0) + int(count)
        for name, count in other["tiers"].items():
            self.tiers[name] = self.tiers.get(name, 0) + int(count)
        self.servers.update({name: str(what) for name, what in other["servers"].items()})
        self.missing.update({name: str(why) for name, why in other["missing"].items()})


LONG_ON_NEO4J = (
    "tests/api/",
    "tests/graph/alerts/",
    "tests/graph/journeys/",
    "tests/graph/search/",
    "tests/graph/sync/",
)
"""The Neo4j half of these takes minutes, most of it for plans that are made once a start: it is of the tier `long`."""
ALWAYS_ON_NEO4J = (
    "tests/api/plan/",
    "tests/api/test_kpi.py",
    "tests/api/test_query.py",
    "tests/api/test_schema.py",
    "tests/graph/sync/test_sync.py",
)
"""What proves the two stores alike: every example, every field and random operations, answered on both."""

USED = pytest.StashKey[Used]()


class Home:
    """One running server, with a store that the fixtures use between tests."""

    def __init__(self, settings: StoreSettings) -> None:
        self.settings = settings
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.store = self._runner.run(self._stack.enter_async_context(open_store(settings)))
        self.server = self._runner.run(server_of(self.store))
        self._runner.run(migrate(self.store))
        self.empty()

    def empty(self) -> None:
        """Delete every node; keys and indexes stay."""
        self._runner.run(_empty(self.store))

    def close(self) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()


async def _empty(store: Store) -> None:
    while (await store.write("MATCH (n) WITH n LIMIT 5000 DETACH DELETE n")).nodes_deleted:
        pass
    await store.write("CREATE (:Meta {name: 'c360', schema: $schema, derivation: 0})", schema=latest())


class Homes:
    """The servers of this test session, each started when the first test asks for it."""

    def __init__(self, folder: Path, used: Used) -> None:
        self._folder = folder
        self._used = used
        self._running: dict[str, Home] = {}
        self._stack = ExitStack()

    def of(self, name: str) -> Home:
        """The home with an empty graph; skips the test, and says so at the end, when there is no Neo4j."""
        if name in self._used.missing:
            _not_run(self._used.missing[name])
        if name not in self._running:
            self._running[name] = self._start(name)
        else:
            self._running[name].empty()
        self._used.tests[name] = self._used.tests.get(name, 0) + 1
        return self._running[name]

    def close(self) -> None:
        self._stack.close()

    def _start(self, name: str) -> Home:
        why = None
        try:
            home = Home(StoreSettings(f"embedded:{self._folder}") if name == "embedded" else self._neo4j())
        except Neo4jMissing as missing:
            why = str(missing)
        if why is not None:
            self._used.missing[name] = why
            _not_run(why)
        self._stack.callback(home.close)
        self._used.servers[name] = home.server
        return home

    def _neo4j(self) -> StoreSettings:
        if address := os.environ.get("C360_TEST_NEO4J"):
            if int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) > 1:
                pytest.fail("C360_TEST_NEO4J is one graph: run its tests without -n.", pytrace=False)
            password = SecretStr(os.environ.get("C360_TEST_NEO4J_PASSWORD", ""))
            return StoreSettings(address, os.environ.get("C360_TEST_NEO4J_USER", "neo4j"), password)
        neo4j = self._stack.enter_context(running_neo4j())
        return StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password))


def _not_run(why: str) -> NoReturn:
    if os.environ.get("C360_REQUIRE_NEO4J") == "1":
        pytest.fail(f"C360_REQUIRE_NEO4J=1, but {why}", pytrace=False)
    pytest.skip(f"no Neo4j: {why}")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Caches of linked records lie here, not in the cache folder of whoever runs the tests."""
    folder = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("C360_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def short_lived_servers() -> Iterator[None]:
    """Java's second compiler works for a long run: servers that live for seconds start and answer sooner without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
        yield


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Homes]:
    """The servers behind the fixtures below."""
    homes = Homes(tmp_path_factory.mktemp("embedded"), pytestconfig.stash[USED])
    yield homes
    homes.close()


@pytest.fixture(params=HOMES)
def store_settings(request: pytest.FixtureRequest, homes: Homes) -> StoreSettings:
    """Where an empty graph is, for tests that open it themselves or in another process."""
    return homes.of(request.param).settings


@pytest.fixture
async def store(store_settings: StoreSettings) -> AsyncIterator[Store]:
    """An empty graph with its keys and indexes, on the embedded store and on Neo4j."""
    async with open_store(store_settings) as opened:
        yield opened


@pytest.fixture
def embedded_settings(homes: Homes) -> StoreSettings:
    """Where an empty graph on the embedded store is."""
    return homes.of("embedded").settings


@pytest.fixture
async def embedded_store(embedded_settings: StoreSettings) -> AsyncIterator[Store]:
    """An empty graph on the embedded store alone, for tests to which the engine does not matter."""
    async with open_store(embedded_settings) as opened:
        yield opened


@pytest.fixture
def both_settings(homes: Homes) -> tuple[StoreSettings, StoreSettings]:
    """Where an empty graph is on the embedded store, and where one is on Neo4j."""
    return homes.of("embedded").settings, homes.of("neo4j").settings


@pytest.fixture
async def both_stores(both_settings: tuple[StoreSettings, StoreSettings]) -> AsyncIterator[tuple[Store, Store]]:
    """An empty graph on the embedded store and one on Neo4j, for tests that compare them."""
    async with open_store(both_settings[0]) as embedded, open_store(both_settings[1]) as neo4j:
        yield embedded, neo4j


@pytest.fixture
def neo4j_settings(homes: Homes) -> StoreSettings:
    """Where an empty graph on Neo4j is."""
    return homes.of("neo4j").settings


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("c360", "tiers that only run when asked for")
    for tier, why in TIERS.items():
        group.addoption(f"--{tier}", action="store_true", help=f"also run what {why}")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[USED] = Used()
    for tier, why in TIERS.items():
        config.addinivalue_line("markers", f"{tier}: {why} (--{tier})")
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(_Workers(config.stash[USED]), "c360-workers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    asked: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        if _is_long_on_neo4j(item):
            item.add_marker(pytest.mark.long)
        tiers = [tier for tier in TIERS if item.get_closest_marker(tier)]
        (asked if all(config.getoption(tier) for tier in tiers) else left_out).append(item)
    items[:] = asked
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def _is_long_on_neo4j(item: pytest.Item) -> bool:
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return (
        parameters.get("store_settings") == "neo4j"
        and item.nodeid.startswith(LONG_ON_NEO4J)
        and not item.nodeid.startswith(ALWAYS_ON_NEO4J)
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    tiers = item.config.stash[USED].tiers
    for tier in TIERS:
        if item.get_closest_marker(tier):
            tiers[tier] = tiers.get(tier, 0) + 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        used = session.config.stash[USED]
        output["c360"] = {name: getattr(used, name) for name in ("tests", "servers", "missing", "tiers")}


class _Workers:
    """With pytest-xdist the servers run in the workers: collect what they used."""

    def __init__(self, used: Used) -> None:
        self._used = used

    def pytest_testnodedown(self, node: object, error: object) -> None:
        self._used.add(getattr(node, "workeroutput", {}).get("c360") or Used().__dict__)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    used = config.stash[USED]
    terminalreporter.section("what these tests ran on")
    for name in HOMES:
        if name in used.servers:
            terminalreporter.line(f"store {name}: {used.servers[name]}, {used.tests[name]} tests")
        elif name in used.missing:
            terminalreporter.line(f"store {name}: NOT RUN: {used.missing[name]}", yellow=True)
        else:
            terminalreporter.line(f"store {name}: no test asked for it")
    for tier, why in TIERS.items():
        if used.tiers.get(tier):
            terminalreporter.line(f"tier {tier}: {used.tiers[tier]} tests")
        elif config.getoption(tier):
            terminalreporter.line(f"tier {tier}: NOT RUN: no such test was selected", yellow=True)
        else:
            terminalreporter.line(f"tier {tier}: NOT RUN (--{tier}): {why}", yellow=True)

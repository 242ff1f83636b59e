"""A real Tryton and a real Request Tracker, started once and filled with the same people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.crm.tryton import TrytonConnector
from connectors.crm.tryton_rpc import TrytonConfig
from connectors.helpdesk.request_tracker import RequestTrackerConfig, RequestTrackerConnector
from connectors.marketing.tryton_marketing import TrytonMarketingConnector
from tests.servers.company import House, Person, make_house
from tests.servers.fill_rt import RtTruth, RtWriter, fill_rt
from tests.servers.fill_tryton import TrytonTruth, TrytonWriter, fill_tryton
from tests.servers.rt_server import RtServer, start_rt, stop_rt
from tests.servers.tryton_server import TrytonServer, start_tryton, stop_tryton

CUSTOMERS = 60


@dataclass(frozen=True, slots=True)
class Filled:
    """The people in truth, and which ids they got in each server."""

    house: House
    tryton: TrytonTruth
    rt: RtTruth

    def person(self, key: str) -> Person:
        """The person with this key, e.g. `p000` (Mara Lindqvist)."""
        return next(person for person in self.house.people if person.key == key)

    def records(
        self, key: str, *, crm: str = "crm", marketing: str = "marketing", helpdesk: str = "support"
    ) -> set[str]:
        """The keys of all person records of one person, in sources of these names."""
        keys: set[str] = set()
        if key in self.tryton.party:
            keys |= {f"{crm}/parties/{self.tryton.party[key]}", f"{marketing}/recipients/{self.tryton.party[key]}"}
        if key in self.rt.user:
            keys.add(f"{helpdesk}/users/{self.rt.user[key]}")
        return keys


@pytest.fixture(scope="session")
def servers_cache(pytestconfig: pytest.Config) -> Path:
    """Where packages and templates are kept from run to run."""
    cache = pytestconfig.rootpath / ".cache" / "servers"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


@pytest.fixture(scope="session")
def tryton_server(servers_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    """A running, empty Tryton; installed first if need be."""
    folder = tmp_path_factory.mktemp("tryton")
    yield start_tryton(folder, servers_cache)
    stop_tryton(folder)


@pytest.fixture(scope="session")
def rt_server(servers_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtServer]:
    """A running, empty Request Tracker; installed first if need be (as root)."""
    folder = tmp_path_factory.mktemp("rt")
    yield start_rt(folder, servers_cache)
    stop_rt(folder)


@pytest.fixture(scope="session")
def filled(tryton_server: TrytonServer, rt_server: RtServer) -> Filled:
    """Both servers filled with the same people. Tests may add to them, but change only people of their own."""
    house = make_house(CUSTOMERS)
    return Filled(house, fill_tryton(tryton_server, house), fill_rt(rt_server, house))


@pytest.fixture(scope="session")
def tryton_writer(tryton_server: TrytonServer) -> TrytonWriter:
    """Changes things in Tryton as a user would."""
    return TrytonWriter(tryton_server)


@pytest.fixture(scope="session")
def rt_writer(rt_server: RtServer) -> RtWriter:
    """Changes things in Request Tracker as root, or as a customer by mail."""
    return RtWriter(rt_server)


@pytest.fixture
def tryton_config(tryton_server: TrytonServer) -> TrytonConfig:
    """How a connector reaches the Tryton server."""
    return TrytonConfig(
        url=tryton_server.url,
        database=tryton_server.database,
        user=tryton_server.user,
        password=SecretStr(tryton_server.password),
    )


@pytest.fixture
def rt_config(rt_server: RtServer) -> RequestTrackerConfig:
    """How a connector reaches the Request Tracker."""
    return RequestTrackerConfig(url=rt_server.url, token=SecretStr(rt_server.token))


@pytest.fixture
async def crm(tryton_config: TrytonConfig) -> AsyncIterator[TrytonConnector]:
    """The CRM, as the source `crm`."""
    connector = TrytonConnector("crm", tryton_config)
    yield connector
    await connector.close()


@pytest.fixture
async def marketing(tryton_config: TrytonConfig) -> AsyncIterator[TrytonMarketingConnector]:
    """The marketing automation, as the source `marketing`."""
    connector = TrytonMarketingConnector("marketing", tryton_config)
    yield connector
    await connector.close()


@pytest.fixture
async def support(rt_config: RequestTrackerConfig) -> AsyncIterator[RequestTrackerConnector]:
    """The helpdesk, as the source `support`."""
    connector = RequestTrackerConnector("support", rt_config)
    yield connector
    await connector.close()

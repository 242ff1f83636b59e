"""What every connector must keep, held against the real servers."""

from __future__ import annotations

import pytest

from c360.testing import check_contract
from connectors.crm.tryton import TrytonConnector
from connectors.crm.tryton_rpc import TrytonConfig
from connectors.helpdesk.request_tracker import RequestTrackerConfig, RequestTrackerConnector
from connectors.marketing.tryton_marketing import TrytonMarketingConnector
from tests.servers.conftest import Filled

pytestmark = [pytest.mark.servers, pytest.mark.anyio]


@pytest.mark.parametrize("connector", [TrytonConnector, TrytonMarketingConnector])
async def test_tryton(
    connector: type[TrytonConnector] | type[TrytonMarketingConnector], filled: Filled, tryton_config: TrytonConfig
) -> None:
    """Keys, moments, states, a second reading that ends, and no password anywhere."""
    password = tryton_config.password.get_secret_value()
    report = await check_contract(connector("source", tryton_config), secrets=[password])
    assert report.records > 50
    assert report.refused == []


async def test_request_tracker(filled: Filled, rt_config: RequestTrackerConfig) -> None:
    """Keys, moments, states, a second reading that ends, and no token anywhere."""
    assert rt_config.token is not None
    report = await check_contract(
        RequestTrackerConnector("source", rt_config), secrets=[rt_config.token.get_secret_value()]
    )
    assert report.records > 100
    assert report.refused == []

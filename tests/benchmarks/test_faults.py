"""A short campaign of kills: everything that writes is killed once, and the graph is as if it had not been."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.killing.campaign import MUTATIONS, Campaign
from graph.store.driver import Store
from graph.store.settings import StoreSettings

pytestmark = [pytest.mark.anyio, pytest.mark.long]


async def test_a_short_campaign_finds_nothing_lost_or_doubled(
    store_settings: StoreSettings, store: Store, tmp_path: Path
) -> None:
    """Each deed is killed at a moment by lot and finished; then a fact is taken away, and that is seen."""
    said: list[str] = []
    campaign = Campaign(store, store_settings, tmp_path, customers=30, seed=5, say=said.append)
    await campaign.in_peace()
    await campaign.cycle(share=0.1)

    assert campaign.tally.wrong == [], said
    assert campaign.tally.total >= 4, "most processes had ended before they could be killed: it says nothing"
    assert campaign.tally.kills[MUTATIONS, "mergeCustomers"] + campaign.tally.compared[MUTATIONS] > 0

    await store.write("MATCH (i:Interaction) WITH i ORDER BY i.id LIMIT 1 DETACH DELETE i")
    await campaign.compare("restore")
    assert "interactions" in campaign.tally.wrong[-1]

"""Retention cohorts and growth accounting over GraphQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store
from tests.api.conftest import asker, write_interactions

pytestmark = pytest.mark.anyio
QUERY = """query ($granularity: Granularity! = MONTH) {
  retentionCohorts(period: {from: "2026-01-01", to: "2026-04-01"}, granularity: $granularity) {
    period { from } size periods { number returnedCount isComplete share { value sampleSize } } }
  lifecycleGrowth(period: {from: "2026-01-01", to: "2026-04-01"}) {
    newCount retainedCount resurrectedCount dormantCount activeCount quickRatio isComplete } }"""


async def test_cohorts_and_growth_agree(embedded_store: Store) -> None:
    """Six of January: four in February, one in March, which is not over; too fine a cut is refused."""
    for number in range(6):
        await embedded_store.write("CREATE (:Customer {id: $id})", id=f"c{number}")
        months = [1, 2][: 1 + (number < 4)] + ([3] if number == 5 else [])
        rows: list[dict[str, Any]] = [
            {
                "id": f"i{number}-{month}",
                "at": int(datetime(2026, month, 5, tzinfo=UTC).timestamp() * 1000),
                "sequence": 0,
                "kind": "page.viewed",
                "function": "marketing",
                "channel": "web",
                "direction": "inbound",
                "automated": False,
            }
            for month in months
        ]
        await write_interactions(embedded_store, f"c{number}", rows)
    service = Service(
        graphql_schema(), embedded_store, writes_to=embedded_store, now=lambda: datetime(2026, 3, 10, tzinfo=UTC)
    )
    answer = await asker(service)(QUERY)
    first = answer["data"]["retentionCohorts"][0]
    growth = answer["data"]["lifecycleGrowth"]

    assert (first["size"], [each["returnedCount"] for each in first["periods"]]) == (6, [6, 4, 1])
    assert first["periods"][2]["isComplete"] is False
    assert [each["newCount"] for each in growth] == [6, 0, 0]
    assert [each["dormantCount"] for each in growth] == [0, 2, 4]
    assert growth[2]["resurrectedCount"] == 1
    refused = await asker(service)(QUERY, granularity="DAY")
    assert "coarser granularity" in refused["errors"][0]["message"]

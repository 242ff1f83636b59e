"""What merges and splits moved, over GraphQL, from the history of identities in a real graph."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.store.driver import Store
from tests.api.conftest import asker, write_interactions

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
MERGED_AT = datetime(2026, 5, 1, tzinfo=UTC)
QUERY = """query ($since: DateTime!) { kpiDelta(key: "active_customers", since: $since,
  period: {from: "2026-03-01", to: "2026-04-01"}) { current { value } undone { value } difference
  mergedCustomerCount splitCustomerCount note } }"""


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


async def _identity(store: Store, id: str, records: list[str], since: datetime, ended: datetime | None = None) -> None:
    await store.write(
        "CREATE (:Identity {id: $id, of: 'customer', records: $records, since: datetime({epochMillis: $since}), "
        "ended: CASE WHEN $ended IS NULL THEN null ELSE datetime({epochMillis: $ended}) END})",
        id=id, records=records, since=_ms(since), ended=None if ended is None else _ms(ended),
    )  # fmt: skip


async def test_a_merge_moves_a_count(store: Store) -> None:
    """Six active customers of today were seven before May; as of a moment after the merge nothing moved."""
    begin = MERGED_AT - timedelta(days=90)
    await _identity(store, "c0", ["crm/p/0"], begin, MERGED_AT)
    await _identity(store, "c9", ["shop/p/9"], begin, MERGED_AT)
    await _identity(store, "c0", ["crm/p/0", "shop/p/9"], MERGED_AT)
    for number in range(6):
        await store.write("CREATE (:Customer {id: $id})", id=f"c{number}")
        records = ["crm/p/0", "shop/p/9"] if number == 0 else [f"crm/p/{number}"]
        common: dict[str, Any] = {
            "kind": "page.viewed",
            "function": "marketing",
            "channel": "web",
            "direction": "inbound",
        }
        common |= {"at": _ms(datetime(2026, 3, 5, tzinfo=UTC)), "automated": False}
        rows = [common | {"id": f"i{key}", "record": key, "sequence": place} for place, key in enumerate(records)]
        await write_interactions(store, f"c{number}", rows)
    ask = asker(Service(graphql_schema(), store, writes_to=store, now=lambda: NOW))
    before = await ask(QUERY, since="2026-04-01T00:00:00Z")
    early = await ask(QUERY, since="2020-01-01T00:00:00Z")
    after = await ask(QUERY, since="2026-06-01T00:00:00Z")

    assert before["data"]["kpiDelta"] == {
        "current": {"value": 6.0},
        "undone": {"value": 7.0},
        "difference": -1.0,
        "mergedCustomerCount": 1,
        "splitCustomerCount": 0,
        "note": None,
    }
    assert early["data"]["kpiDelta"]["note"].startswith("No customer was known yet")
    assert after["data"]["kpiDelta"]["difference"] == 0.0

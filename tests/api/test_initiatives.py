"""Initiatives over GraphQL: kept once, drawn on series, told with their effect."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.initiatives.rules import InitiativeRule
from graph.rules import Rules
from graph.store.driver import Store
from tests.api.conftest import asker

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 7, 1, tzinfo=UTC)
RECORD = """mutation ($input: RecordInitiativeInput!) { recordInitiative(input: $input) {
  initiative { name function start recordedBy effect { kpi before { unavailableReason } isComplete caveat } }
  userErrors { code field message } } }"""
GIVEN = {
    "name": "callback",
    "title": "We call back",
    "function": "SERVICE",
    "owner": "Nadia Brenner",
    "start": "2026-03-01",
    "kpi": "csat",
    "idempotencyKey": "k1",
}


async def test_an_initiative_is_kept_once_and_drawn_on_the_series(store: Store) -> None:
    """Beside that of rules.toml; the same request is kept once; another under its key, a department, a name are not."""
    rule = InitiativeRule(
        name="old", title="Old", function="sales", owner="Cleo Varga", start=date(2026, 1, 1), end=date(2026, 2, 1)
    )
    ask = asker(Service(graphql_schema(), store, writes_to=store, rules=Rules(initiative=(rule,)), now=lambda: NOW))
    tried = await ask(RECORD, input={**GIVEN, "dryRun": True})
    none = await ask("{ initiatives { name recordedBy } }")
    first, again = await ask(RECORD, input=GIVEN), await ask(RECORD, input=GIVEN)
    refused = [
        (await ask(RECORD, input={**GIVEN, **other}))["data"]["recordInitiative"]["userErrors"][0]["code"]
        for other in (
            {"title": "Another"},
            {"owner": "marketing", "idempotencyKey": "k2"},
            {"idempotencyKey": "k3"},
            {"kpi": "cast", "name": "other", "idempotencyKey": "k4"},
        )
    ]
    both = await ask("{ initiatives { name recordedBy } }")
    board = await ask(
        '{ kpi(key: "csat", period: {from: "2026-02-01", to: "2026-04-01"}) { annotations { name isExpected } } }'
    )

    assert "errors" not in first, first["errors"]
    assert tried["data"] == first["data"] == again["data"]
    assert first["data"]["recordInitiative"]["initiative"]["effect"]["isComplete"] is True
    assert refused == ["IDEMPOTENCY_KEY_REUSED", "INVALID", "INVALID", "INVALID"]
    assert [each["name"] for each in none["data"]["initiatives"]] == ["old"]
    assert [each["name"] for each in both["data"]["initiatives"]] == ["callback", "old"]
    assert board["data"]["kpi"]["annotations"] == [{"name": "callback", "isExpected": True}]

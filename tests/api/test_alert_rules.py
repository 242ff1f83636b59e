"""The alert rules that we ship for Prometheus ask for what `/metrics` really tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.socket_client import opened_socket
from tests.api.test_http import JSON
from tests.api.test_metrics import FOLLOW
from tests.api.test_subscriptions import served
from tests.graph.sync.small_company import small_company

pytestmark = pytest.mark.anyio

RULES = Path(__file__).parents[2] / "docs" / "monitoring" / "alerts.yml"
OF_PROMETHEUS = {"up": {"job", "instance"}}
"""What Prometheus itself adds; to all others it adds the same labels."""
OUTCOMES = {"ok", "errors", "refused", "unavailable", "failed", "cancelled"}
WORDS = r"\b(?:c360_\w+|process_\w+|up)\b"


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


async def test_every_metric_and_label_of_the_alert_rules_is_told(embedded_store: Store) -> None:
    """Of an API with sources, destinations and somebody who follows; a push is counted where it is taken."""
    await sync(small_company(4, 4), embedded_store, Rules())
    await _destination(embedded_store)
    told = {"c360_pushes_total": {"source", "status"}, **OF_PROMETHEUS}
    async with served(embedded_store) as address, opened_socket(address) as socket:
        await socket.subscribe(FOLLOW, "a")
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            await client.post("/graphql", json={"query": "query Mine { __typename }"}, headers=JSON)
            text = (await client.get("/metrics")).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            told.setdefault(sample.name, set()).update(sample.labels)

    asked = {(rule["alert"], name) for rule in rules() for name in re.findall(WORDS, rule["expr"])}
    assert len(asked) > 15
    assert sorted(f"{alert}: {name}" for alert, name in asked if name not in told) == []
    for rule in rules():
        known = {"instance", "job"}.union(*(told[name] for name in re.findall(WORDS, rule["expr"])))
        used = {name for listed in re.findall(r"\bby \(([^)]*)\)", rule["expr"]) for name in listed.split(", ")}
        used |= set(re.findall(r'(\w+)\s*=~?\s*"', rule["expr"]))
        used |= set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert used <= known, f"{rule['alert']}: {used - known}"


def test_every_alert_says_what_to_do() -> None:
    """Each has a name of its own, a summary and a remedy; outcomes are those that there are."""
    found = list(rules())
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        assert set(rule["annotations"]) == {"summary", "remedy"}, rule["alert"]
        assert set(re.findall(r'outcome="(\w+)"', rule["expr"])) <= OUTCOMES


async def _destination(store: Store) -> None:
    await store.write(
        "CREATE (:Destination {name: 'warehouse', seq: 0}), "
        "(:Delivery {id: 'warehouse/1', destination: 'warehouse', status: 'DEAD', turn: '1', event: '{}'})"
    )

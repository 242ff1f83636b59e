"""Make the graph of an earlier version, by the code of that version, before its schema is left:

    git worktree add --detach ../before COMMIT
    PYTHONPATH=../before python tests/graph/store/older/make.py tests/graph/store/older

A sample company of fifty people is synced into an embedded store, then people decide: a merge, a pin, an interaction,
an initiative, a baseline, a key. All nodes and relationships are written to `schema_NNN.json.gz`, derived ones
too, and the exports to `schema_NNN.tar.gz`. Nothing here is of one version: what it asks for must still be there.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import httpx
from neo4j.time import DateTime

from api.app import create_app
from graph.store.driver import Store, open_store
from graph.store.migrate import latest
from graph.store.settings import StoreSettings

DECIDED = (
    'mutation($a: ID!, $b: ID!) { mergeCustomers(input: {customerIds: [$a, $b], reason: "they said so"}) PROBLEMS }',
    'mutation($a: ID!) { pinField(input: {customerId: $a, field: GIVEN_NAME, value: "Pinned"}) PROBLEMS }',
    'mutation($a: ID!) { recordInteraction(input: {who: {customerId: $a}, kind: "call.made", function: SALES, '
    'channel: PHONE, direction: OUTBOUND, occurredAt: "2026-05-01T10:00:00Z", activityId: "call-1"}) PROBLEMS }',
    'mutation { recordInitiative(input: {name: "calls", title: "Call back", function: SERVICE, owner: "Ines Marl", '
    'start: "2026-05-01", kpi: "csat_binary", expected: 80}) PROBLEMS }',
    'mutation { recordLifecycleBaseline(input: {name: "before", period: {from: "2026-01-01", to: "2026-05-01"}}) '
    "PROBLEMS }",
)


async def main(folder: Path) -> None:
    name = f"schema_{latest():03}"
    with tempfile.TemporaryDirectory() as made:
        company, graph = Path(made) / "company", f"embedded:{made}/graph"
        environment = {**os.environ, "C360_STORE": graph, "C360_CACHE": f"{made}/cache"}
        _c360(environment, "sample", str(company), "--customers", "50")
        _c360(environment, "--config", str(company), "sync")
        async with open_store(StoreSettings(graph)) as store:
            await decide(store)
            # From the first key on nobody asks without one.
            await asyncio.to_thread(_c360, environment, "keys", "create", "dashboard", "--role", "reader")
            with gzip.GzipFile(folder / f"{name}.json.gz", "wb", mtime=0) as file:
                file.write(json.dumps(await _dump(store), separators=(",", ":")).encode())
        with tarfile.open(folder / f"{name}.tar.gz", "w:gz") as tar:
            for path in sorted([company / "plugins.toml", company / "rules.toml", *(company / "exports").iterdir()]):
                tar.add(path, path.relative_to(company))


def _c360(environment: dict[str, str], *arguments: str) -> None:
    # `-P`: the checkout that somebody stands in is not the one that PYTHONPATH names.
    command = [sys.executable, "-P", "-c", "from api.cli.main import run; run()", *arguments]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


async def decide(store: Store) -> None:
    """What people say of the company's customers, by the API."""
    transport = httpx.ASGITransport(app=create_app(store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:

        async def ask(query: str, **variables: str) -> Any:
            answer = (await client.post("/graphql", json={"query": query, "variables": variables})).json()
            assert "errors" not in answer, answer
            return answer["data"]

        first, second = [
            node["id"] for node in (await ask("{ customers(first: 2) { nodes { id } } }"))["customers"]["nodes"]
        ]
        for query in DECIDED:
            wanted = {name: id for name, id in (("a", first), ("b", second)) if f"${name}" in query}
            answer = await ask(query.replace("PROBLEMS", "{ userErrors { message } }"), **wanted)
            assert all(not payload["userErrors"] for payload in answer.values()), answer


async def _dump(store: Store) -> dict[str, Any]:
    ((schema,),) = await store.read("MATCH (m:Meta) RETURN m.schema")
    assert schema == latest(), "another version has opened the graph"
    nodes = [
        {"id": id, "labels": sorted(labels), **_parted(properties)}
        for id, labels, properties in await store.read(
            "MATCH (n) WHERE NOT n:Lease RETURN elementId(n), labels(n), properties(n)"
        )
    ]
    numbers = {node.pop("id"): number for number, node in enumerate(nodes)}
    relationships = [
        {"kind": kind, "start": numbers[start], "end": numbers[end], **_parted(properties)}
        for start, kind, end, properties in await store.read(
            "MATCH (a)-[r]->(b) RETURN elementId(a), type(r), elementId(b), properties(r)"
        )
    ]
    return {"schema": latest(), "nodes": nodes, "relationships": relationships}


def _parted(properties: dict[str, Any]) -> dict[str, Any]:
    """Instants apart, as milliseconds: JSON has none."""
    times = {name: value for name, value in properties.items() if isinstance(value, DateTime)}
    return {
        "plain": {name: value for name, value in properties.items() if name not in times},
        "times": {name: round(value.to_native().timestamp() * 1000) for name, value in times.items()},
    }


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).resolve()))

"""Put a graph that an earlier version wrote into an empty store, as that version left it."""

from __future__ import annotations

import gzip
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graph.cypher import statements
from graph.store import migrate as migrating
from graph.store.driver import Store, Transaction
from graph.store.migrate import migrate
from graph.store.transfer import Nodes, Relationships, Row, keys_of, write

HERE = Path(__file__).parent
SCHEMAS = sorted(int(path.name.split("_")[1].split(".")[0]) for path in HERE.glob("schema_*.json.gz"))


async def load(store: Store, schema: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys and indexes of that schema, and then every node and relationship. What the store held is deleted."""
    dump = msgspec.json.decode(gzip.decompress((HERE / f"schema_{schema:03}.json.gz").read_bytes()))
    await _empty(store, schema)
    steps = [step for step in migrating._migrations() if step[0] <= schema]
    with monkeypatch.context() as patch:
        patch.setattr(migrating, "_migrations", lambda: steps)
        assert await migrate(store) == schema == dump["schema"]
    await store.write("MATCH (n) DETACH DELETE n")
    for frame in _frames(dump, await keys_of(store)):
        await store.transaction(partial(_write, frame=frame))


async def _empty(store: Store, schema: int) -> None:
    """No node, and no key or index that a later schema made."""
    await store.write("MATCH (n) DETACH DELETE n")
    for number, name in migrating._migrations():
        for statement in statements(f"store/migrations/{name}") if number > schema else ():
            if made := re.match(r"CREATE (?:TEXT )?(CONSTRAINT|INDEX) (\w+)", statement):
                await store.run_alone(f"DROP {made[1]} {made[2]} IF EXISTS")


async def _write(transaction: Transaction, frame: Nodes | Relationships) -> None:
    await write(transaction, frame)


def _frames(dump: dict[str, Any], keys: dict[str, str]) -> Iterator[Nodes | Relationships]:
    """Nodes by their labels, then relationships by type and ends; who is joined is known by its key."""
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for node in dump["nodes"]:
        alike[tuple(node["labels"])].append(Row(node["plain"], node["times"]))
    yield from (Nodes(list(labels), rows) for labels, rows in alike.items())
    joined: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for one in dump["relationships"]:
        ends = [dump["nodes"][one[end]] for end in ("start", "end")]
        start, end = (next(label for label in node["labels"] if label in keys) for node in ends)
        values = [node["plain"][keys[label]] for node, label in zip(ends, (start, end), strict=True)]
        joined[start, one["kind"], end].append(Row(one["plain"], one["times"], *values))
    for (start, kind, end), rows in joined.items():
        yield Relationships(kind, start, keys[start], end, keys[end], rows)


def unpack_company(schema: int, folder: Path) -> None:
    """The exports, plugins.toml and rules.toml of which that graph was made."""
    with tarfile.open(HERE / f"schema_{schema:03}.tar.gz") as tar:
        tar.extractall(folder, filter="data")

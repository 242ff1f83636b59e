"""How long a sync of the sample company takes, by phase, on both stores.

    uv run python -m benchmarks.sync --customers 2000 20000 100000 --store embedded neo4j

Prints one line a run: seconds by phase, nodes and relationships written a second, records and interactions a second,
our process's peak memory; then a second sync without changes. The Neo4j is started from Maven, with the memory and the
flags of docker-compose.yml.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from connectors.configured import make_connectors
from connectors.plugins import load_plugins
from connectors.sample.generate import generate
from connectors.settings import read_settings
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.neo4j.server import running_neo4j

REPORT = Console(stderr=True)
# What docker-compose.yml gives its Neo4j.
HEAP, PAGE_CACHE, FLAGS = "1g", "512m", ("-XX:-UseG1GC", "-XX:+UseParallelGC", "-XX:NewRatio=1")


def main() -> None:
    options = _options()
    results = []
    for customers in options.customers:
        with tempfile.TemporaryDirectory(prefix="c360-bench-") as folder, ExitStack() as stack:
            sample = Path(folder) / "sample"
            REPORT.print(f"generating {customers:,} customers …")
            generate(sample, customers, options.seed)
            for home in options.store:
                # Each run in a process of its own: peak memory is a figure of the whole process.
                settings = home_of(home, Path(folder), stack)
                results.append(_in_a_process(sample, home, settings, customers))
                _show(results[-1:])
    _show(results)
    if options.json:
        print(json.dumps(results, indent=1))


@dataclass
class Clock:
    """Progress that keeps how long each phase took; phases of sources overlap, so only the first word counts."""

    seconds: dict[str, float] = field(default_factory=dict)
    _current: str = ""
    _since: float = 0.0

    def phase(self, name: str, total: int | None = None) -> None:
        phase = {"read records": "read people"}.get(name, name.split(" ", 1)[0])
        phase = f"write {name.split(' ')[1]}" if name.startswith("write ") else phase
        if phase != self._current:
            self.stop()
            self._current, self._since = phase, time.monotonic()

    def stop(self) -> None:
        if self._current:
            self.seconds[self._current] = self.seconds.get(self._current, 0) + time.monotonic() - self._since

    def advance(self, name: str, done: int) -> None:
        """Only phases count."""

    def reject(self, name: str, count: int) -> None:
        """Only phases count."""

    def say(self, text: str) -> None:
        REPORT.print(text)


async def measure(sample: Path, settings: StoreSettings) -> dict[str, object]:
    """One sync into an empty graph and one without changes."""
    async with open_store(settings) as store:
        await migrate(store)
        clock = Clock()
        started = time.monotonic()
        report = await sync(sources(sample), store, Rules(), clock)
        seconds = time.monotonic() - started
        clock.stop()
        again = time.monotonic()
        await sync(sources(sample), store, Rules())
        again = time.monotonic() - again
        nodes, relationships = await _size(store)
    return {
        "seconds": round(seconds, 1),
        "phases": {name: round(value, 1) for name, value in clock.seconds.items()},
        "records": sum(landed.records for landed in report.landed),
        "interactions": sum(landed.interactions for landed in report.landed),
        "customers": report.linked.customers,
        "nodes": nodes,
        "relationships": relationships,
        "written_a_second": round((nodes + relationships) / seconds),
        "interactions_a_second": round(sum(landed.interactions for landed in report.landed) / seconds),
        "resync_seconds": round(again, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "ok": report.ok,
    }


def sources(sample: Path) -> list[LandingSource]:
    settings = read_settings(sample / "plugins.toml")
    connectors = make_connectors(settings, load_plugins(settings.plugin_paths))
    return [
        LandingSource(connector, source.connector, source.trust)
        for connector, source in zip(connectors, settings.sources, strict=True)
    ]


async def _size(store: Store) -> tuple[int, int]:
    nodes = await store.read("MATCH (n) RETURN count(n)")
    relationships = await store.read("MATCH ()-[r]->() RETURN count(r)")
    return nodes[0][0], relationships[0][0]


def home_of(home: str, folder: Path, stack: ExitStack) -> StoreSettings:
    if home == "embedded":
        return StoreSettings(f"embedded:{folder / 'graph'}")
    flags = (f"-Xms{HEAP}", *FLAGS)
    neo4j = stack.enter_context(running_neo4j(heap=HEAP, page_cache=PAGE_CACHE, flags=flags))
    return StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password))


def _in_a_process(sample: Path, home: str, settings: StoreSettings, customers: int) -> dict[str, object]:
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        measured = pool.apply(_measure_here, (sample, settings))
    return {"store": home, "asked": customers, **measured}


def _measure_here(sample: Path, settings: StoreSettings) -> dict[str, object]:
    return asyncio.run(measure(sample, settings))


def _show(results: list[dict[str, object]]) -> None:
    for r in results:
        REPORT.print(
            f"{r['store']}: {r['customers']:,} customers, {r['records']:,} records, {r['interactions']:,} events: "
            f"{r['seconds']} s, {r['written_a_second']:,} nodes and relationships/s, "
            f"{r['interactions_a_second']:,} interactions/s, again {r['resync_seconds']} s, peak {r['peak_mb']:,} MB"
        )
        REPORT.print(f"    {r['phases']}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[2_000])
    parser.add_argument("--store", nargs="+", choices=["embedded", "neo4j"], default=["embedded", "neo4j"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()

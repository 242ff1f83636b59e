"""How long linking and writing a few changed records in a large graph takes, and whether a full run gives the same.

    uv run python -m benchmarks.incremental --customers 100000 --changes 500 --store neo4j
    uv run python -m benchmarks.incremental --customers 500000 --people-only --keep FOLDER --heap 2g --page-cache 3g

Loads the sample company, then changes phone, name or address of some person records (half of them), and adds as many
strangers and doubles. The sync of the changes is measured, then everybody is linked anew by the same model: the figure
that counts is how many records then have other companions. Two customers give about four person records.

With --people-only the contacts, members and users are loaded, and nothing that happened with them. With --keep the
graph stays in a folder, and the next call with it changes other records. Loading, each round and each comparison run
in processes of their own, because peak memory is a figure of a whole process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
from pydantic import SecretStr

from benchmarks.sync import REPORT, Clock, sources
from connectors.chosen_streams import ChosenStreams
from connectors.hookspecs import Stream, StreamKind
from connectors.records import Email, Person, Phone, Record, decode
from connectors.sample.generate import generate
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.land import LandingSource
from graph.sync.link import link_pending, plan_people
from graph.sync.pages import PageWriter
from graph.sync.progress import Silence
from graph.sync.rows import rows_of
from graph.sync.sync import link_and_derive, sync
from tests.neo4j.server import running_neo4j

_SHOWN_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Graph:
    """Where the graph lies, and what it was made of."""

    folder: Path
    store: str
    customers: int
    seed: int
    people_only: bool
    heap: str
    page_cache: str

    @property
    def sample(self) -> Path:
        return self.folder / "sample"

    @property
    def record(self) -> Path:
        """What was loaded, and how many rounds have changed it since."""
        return self.folder / "loaded.json"


class Loaded(msgspec.Struct):
    """What is kept beside the graph."""

    made_of: tuple[str, int, int, bool]
    rounds: int
    load: dict[str, Any]


def main() -> None:
    options = _options()
    kept = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory(prefix="c360-bench-")
    with kept as folder:
        graph = Graph(
            Path(folder).absolute(),
            options.store,
            options.customers,
            options.seed,
            options.people_only,
            options.heap,
            options.page_cache,
        )
        graph.folder.mkdir(parents=True, exist_ok=True)
        os.environ["C360_CACHE"] = str(graph.folder / "cache")
        loaded = _known(graph)
        with _served(graph) as settings:
            if loaded is None:
                REPORT.print(f"generating {graph.customers:,} customers …")
                generate(graph.sample, graph.customers, graph.seed)
                loaded = Loaded(_made_of(graph), 0, _apart(_load, graph, settings))
                shutil.rmtree(graph.sample / "exports")
                _keep(graph, loaded)
            REPORT.print(loaded.load)
            rounds = []
            for _ in range(options.rounds):
                loaded.rounds += 1
                _keep(graph, loaded)
                measured = _apart(_round, graph, settings, options.changes, loaded.rounds)
                REPORT.print(measured)
                rounds.append(measured | _apart(_compared, settings))
                REPORT.print(rounds[-1])
    print(json.dumps({"store": graph.store, "asked": graph.customers, "load": loaded.load, "rounds": rounds}, indent=1))


async def load(graph: Graph, settings: StoreSettings) -> dict[str, object]:
    """The first sync into an empty graph."""
    clock = _ShownClock()
    async with open_store(settings) as store:
        await migrate(store)
        started = time.monotonic()
        read = sources(graph.sample)
        report = await sync(_people_only(read) if graph.people_only else read, store, Rules(), clock)
        clock.stop()
    if not report.ok:
        raise SystemExit(f"The sample could not be read: {[landed.error for landed in report.landed]}")
    return {
        "people": report.linked.records,
        "customers": report.linked.customers,
        "interactions": sum(landed.interactions for landed in report.landed),
        "seconds": round(time.monotonic() - started, 1),
        "phases": _rounded(clock),
        "peak_mb": _peak_mb(),
    }


async def change_and_link(graph: Graph, settings: StoreSettings, changes: int, number: int) -> dict[str, object]:
    """Change some records and link them; everybody is linked first when the cache does not know this graph."""
    clock = Clock()
    async with open_store(settings) as store, store.lease("link") as lease:
        await migrate(store)  # a graph that was kept may be of an earlier version
        dice = random.Random(graph.seed * 1_000 + number)
        await _change(store, graph, 1, dice)
        started = time.monotonic()
        first = await link_pending(store, lease, Rules(), Silence())
        if not first.incremental:
            REPORT.print(f"everybody was linked first, in {time.monotonic() - started:.0f} s")
        await link_and_derive(store, lease, Rules(), Silence())
        await _change(store, graph, changes, dice)
        cpu, started = time.process_time(), time.monotonic()
        linked = await link_pending(store, lease, Rules(), clock)
        link_seconds = time.monotonic() - started
        _, derived = await link_and_derive(store, lease, Rules(), clock)
        whole_seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        clock.stop()
    return {
        "pending": linked.pending,
        "incremental": linked.incremental,
        "records": linked.records,
        "link_and_write_seconds": round(link_seconds, 2),
        "with_derive_seconds": round(whole_seconds, 2),
        "our_cpu_seconds": round(cpu, 2),
        "phases": _rounded(clock),
        "customers_derived": derived.customers,
        "peak_mb": _peak_mb(),
    }


async def compare(settings: StoreSettings) -> dict[str, object]:
    """Link everybody by the model in force, write nothing, and count the records that then have other companions."""
    async with open_store(settings) as store:
        started = time.monotonic()
        plan, current, _ = await plan_people(store, Rules(), Silence())
        wrong = {record for group in plan.groups for a in group if a.changed for record in a.records}
        return {
            "people": len(current),
            "records_that_differ_from_a_full_run": len(wrong),
            "full_run_seconds": round(time.monotonic() - started, 1),
        }


class _ShownClock(Clock):
    """Tells every phase, and how far it is, at most every ten seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._done: Counter[str] = Counter()
        self._totals: dict[str, int] = {}
        self._shown = time.monotonic()

    def phase(self, name: str, total: int | None = None) -> None:
        super().phase(name, total)
        if total is not None:
            self._totals[name] = total
        REPORT.print(f"{name} …")

    def advance(self, name: str, done: int) -> None:
        self._done[name] += done
        if time.monotonic() - self._shown > _SHOWN_EVERY_SECONDS:
            total = f" of {self._totals[name]:,}" if name in self._totals else ""
            REPORT.print(f"{name}: {self._done[name]:,}{total}")
            self._shown = time.monotonic()


class _PeopleOnly(ChosenStreams):
    """Of a source the streams of persons, without what happened with them."""

    async def discover(self) -> list[Stream]:
        return [stream for stream in await self._connector.discover() if stream.kind is StreamKind.PERSONS]

    def map(self, stream: Stream, raw: Any) -> Iterable[Record]:
        return (record for record in super().map(stream, raw) if isinstance(record, Person))


def _people_only(read: Iterable[LandingSource]) -> list[LandingSource]:
    return [replace(source, connector=_PeopleOnly(source.connector, (), "")) for source in read]


async def _change(store: Store, graph: Graph, changes: int, dice: random.Random) -> None:
    persons = await _some(store, graph, changes, dice)
    others = await _some(store, graph, changes, dice)
    changed: list[Person] = []
    for number, (person, other) in enumerate(zip(persons, others, strict=False)):
        match number % 4:
            case 0:
                phones = (Phone(value=f"+4930{dice.randrange(10**7, 10**8)}"),)
                changed.append(msgspec.structs.replace(person, phones=phones))
            case 1:
                changed.append(msgspec.structs.replace(person, family_name=other.family_name))
            case 2:
                new = msgspec.structs.replace(other, id=f"new-{dice.randrange(10**12)}", source="news")
                changed.append(new)
            case _:
                emails = (Email(value=f"stranger{dice.randrange(10**9)}@x.test"),)
                changed.append(msgspec.structs.replace(person, emails=emails, given_name=other.given_name))
    pages = PageWriter(store, any_customers=True)
    await pages.store("news", "changes", rows_of(changed), [], {}, all_new=False)


async def _some(store: Store, graph: Graph, many: int, dice: random.Random) -> list[Person]:
    """Person records by lot, as the graph holds them; asked by key, since the graph may be large."""
    known = pq.read_table(graph.sample / "truth.parquet", columns=["record_key"]).column(0)
    keys = [known[at].as_py() for at in dice.sample(range(len(known)), many)]
    ((found,),) = await store.read(cypher("writes/known_hashes"), keys=keys)
    return [person for _, _, body in found if isinstance(person := decode(body), Person)]


@contextmanager
def _served(graph: Graph) -> Iterator[StoreSettings]:
    if graph.store == "embedded":
        yield StoreSettings(f"embedded:{graph.folder / 'graph'}")
        return
    with running_neo4j(graph.folder / "neo4j", graph.heap, graph.page_cache) as neo4j:
        yield StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password))


def _apart(work: Callable[..., dict[str, Any]], *arguments: object) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _load(graph: Graph, settings: StoreSettings) -> dict[str, Any]:
    return asyncio.run(load(graph, settings))


def _round(graph: Graph, settings: StoreSettings, changes: int, number: int) -> dict[str, Any]:
    return asyncio.run(change_and_link(graph, settings, changes, number))


def _compared(settings: StoreSettings) -> dict[str, Any]:
    return asyncio.run(compare(settings))


def _known(graph: Graph) -> Loaded | None:
    if not graph.record.exists():
        return None
    loaded = msgspec.json.decode(graph.record.read_bytes(), type=Loaded)
    if loaded.made_of != _made_of(graph):
        raise SystemExit(f"{graph.folder} holds another graph: {loaded.made_of}. Name another folder, or its options.")
    return loaded


def _keep(graph: Graph, loaded: Loaded) -> None:
    graph.record.write_bytes(msgspec.json.encode(loaded))


def _made_of(graph: Graph) -> tuple[str, int, int, bool]:
    return graph.store, graph.customers, graph.seed, graph.people_only


def _rounded(clock: Clock) -> dict[str, float]:
    return {name: round(seconds, 2) for name, seconds in clock.seconds.items()}


def _peak_mb() -> int:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--store", choices=["embedded", "neo4j"], default="neo4j")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people-only", action="store_true", help="load persons, and nothing that happened with them")
    parser.add_argument("--keep", metavar="FOLDER", help="keep the graph here, and use it when it is here")
    parser.add_argument("--heap", default="1g", help="of the Neo4j that is started (default: 1g)")
    parser.add_argument("--page-cache", default="256m", help="of the Neo4j that is started (default: 256m)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How fast the API answers, beside other servers over the same Neo4j.

    scripts/bench graphql --customers 2000 --keep FOLDER --json

Fills a real Neo4j (from Maven, with APOC, which @neo4j/graphql needs for instants) with the sample company, or uses
the one that lies in FOLDER. Then serves the same graph by c360 (`c360 serve`, with its token, one process), by
@neo4j/graphql with Apollo's standalone server, by a plain Strawberry server with a DataLoader, and by an endpoint
written by hand with one Cypher query (the floor); and by c360 with all off that can be: no token, no log of slow
operations (limits of size, metrics and request ids stay). Each answer is held against ours before anything is
measured, and c360 has read all journeys, which a new server does once. The servers are measured in turns, a few
seconds each, round after round. They and the database share one core, who asks has another. Needs
Node.js, npm, Java, Maven and taskset.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import orjson
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from benchmarks.serving.company import JOURNEYS, open_driver, read_asked, served_company
from benchmarks.serving.measuring import Measured, answer, measure
from benchmarks.serving.operations import (
    C360,
    C360_OFF,
    NEO4J_GRAPHQL,
    SERVERS,
    Asking,
    Operation,
    content,
    cursor_before_last,
    of_all_journeys,
    operations,
    page_of,
)
from benchmarks.serving.servers import Server, fetch_node_packages, hold_on, serving
from graph.store.settings import StoreSettings

REPORT = Console(stderr=True, width=140)
ASKED = 200
CHECKED = 20
PAGE = 10
"""Interactions on a page of the journeys that are compared; the shortest journey fills one."""


def main() -> None:
    options = _options()
    cores = sorted(os.sched_getaffinity(0))
    shared, ours = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    if NEO4J_GRAPHQL in options.servers:
        fetch_node_packages()
    kept = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory(prefix="c360-bench-")
    with kept as name, ExitStack() as stack:
        folder = Path(name).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        REPORT.print(f"the sample company of {options.customers:,} customers …")
        company = served_company(folder, options.customers, options.seed, options.heap, options.page_cache)
        neo4j = stack.enter_context(company)
        store = StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password))
        with open_driver(store) as driver:
            asked = read_asked(driver, ASKED)
        if shared is not None and ours is not None:
            hold_on(neo4j.pid, shared)
            os.sched_setaffinity(0, {ours})
        servers = [stack.enter_context(serving(name, store, folder, shared)) for name in options.servers]
        wanted = [one for one in operations(asked) if one.name in options.operations]
        check(servers, wanted)
        for server in servers:
            if server.name in (C360, C360_OFF):
                wait_for_journeys(server)
        results = [
            result
            for operation in wanted
            for connections in options.connections
            for result in in_turns(servers, operation, connections, options.seconds, options.rounds, options.warm)
        ]
        _show(results)
        pages = along_a_journey(next(one for one in servers if one.name == C360), options.seconds, options.rounds)
        REPORT.print(pages)
    if options.json:
        said = {"customers": options.customers, "shared_core": shared is not None, "load": os.getloadavg()[1]}
        print(json.dumps({**said, "results": results, "journey_pages": pages}, indent=1))


def check(servers: Sequence[Server], wanted: Sequence[Operation]) -> None:
    """Ends the run when a server says something else than c360 does."""
    us = next(server for server in servers if server.name == C360)
    for operation in wanted:
        for number, asking in enumerate(operation.asked[C360][:CHECKED]):
            expected = content(answer(us, asking))
            for server in servers:
                if server.name not in operation.asked:
                    continue
                said = content(answer(server, operation.asked[server.name][number]))
                if said != expected:
                    raise SystemExit(
                        f"{server.name} answers operation {operation.name} otherwise:\n{said}\nand c360:\n{expected}"
                    )
        REPORT.print(f"{operation.name}: {operation.title}: all say the same")


def wait_for_journeys(us: Server) -> None:
    """Until a new c360 has read all journeys, which it does once and beside all else; raises after five minutes."""
    gives_up = time.monotonic() + 300
    while time.monotonic() < gives_up:
        try:
            if "errors" not in orjson.loads(answer(us, of_all_journeys())):
                return
        except ValueError:  # 503 while they are read
            time.sleep(2)
    raise SystemExit(f"{us.name} has not read its journeys in five minutes")


def in_turns(
    servers: Sequence[Server], operation: Operation, connections: int, seconds: float, rounds: int, warm: float
) -> list[dict[str, Any]]:
    """The figures of each server that can answer; the first turn of each, `warm` seconds, only warms up."""
    able = [server for server in servers if server.name in operation.asked]
    measured = {server.name: Measured() for server in able}
    for turn in range(rounds + 1):
        for server in able:
            found = measure(server, operation.asked[server.name], connections, seconds if turn else warm)
            if turn:
                measured[server.name].add(found)
    figures = {name: one.figures() for name, one in measured.items()}
    base = figures.get(NEO4J_GRAPHQL)
    return [
        {
            "operation": operation.name,
            "connections": connections,
            "server": name,
            **one,
            "ratio": round(one["rps"] / base["rps"], 2) if base else None,
        }
        for name, one in figures.items()
    ]


def along_a_journey(us: Server, seconds: float, rounds: int) -> dict[str, dict[str, float]]:
    """Pages of ten of a short and a long journey: its newest, and deep in the long one."""
    short, long = sorted(JOURNEYS, key=lambda id: JOURNEYS[id])
    found = orjson.loads(answer(us, cursor_before_last(long, PAGE)))
    cursor = found["data"]["customer"]["interactions"]["pageInfo"]["startCursor"]
    pages: dict[str, Asking] = {
        f"newest of {JOURNEYS[short]:,}": page_of(short, PAGE, None),
        f"newest of {JOURNEYS[long]:,}": page_of(long, PAGE, None),
        f"oldest of {JOURNEYS[long]:,}, after a cursor": page_of(long, PAGE, cursor),
    }
    for page in pages.values():
        journey = content(answer(us, page))["customer"]["interactions"]
        if len(journey) != PAGE:
            raise SystemExit(f"a page has {len(journey)} interactions, not {PAGE}")
    measured = {name: Measured() for name in pages}
    for turn in range(rounds + 1):
        for name, page in pages.items():
            part = measure(us, [page], 1, seconds)
            if turn:
                measured[name].add(part)
    return {name: one.figures() for name, one in measured.items()}


def _show(results: Sequence[dict[str, Any]]) -> None:
    table = Table("operation", "connections", "server", "requests/s", "p50 ms", "p95 ms", "CPU ms", "ratio")
    for r in results:
        columns = ("operation", "connections", "server", "rps", "p50_ms", "p95_ms", "cpu_ms", "ratio")
        table.add_row(*(str(r[name]) for name in columns))
    REPORT.print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", metavar="FOLDER", help="keep the graph here, and use it when it is here")
    parser.add_argument("--seconds", type=float, default=2.0, help="of one turn (default: 2)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server, after one to warm up")
    parser.add_argument("--warm", type=float, default=10.0, help="seconds of that one: the database compiles meanwhile")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--operations", nargs="+", choices=list("abcde"), default=list("abcde"))
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--heap", default="1g", help="of the Neo4j that is started (default: 1g)")
    parser.add_argument("--page-cache", default="256m", help="of the Neo4j that is started (default: 256m)")
    parser.add_argument("--json", action="store_true", help="print all figures")
    options = parser.parse_args()
    if C360 not in options.servers:
        parser.error("c360 is what the others are held against: name it among the servers")
    return options


if __name__ == "__main__":
    main()

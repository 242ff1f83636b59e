"""How long journeys take to read, to follow and to be asked about, at the size of a company, on both stores.

    uv run python -m benchmarks.journeys --customers 100000 --store embedded neo4j --keep FOLDER

Loads the sample company (some ten interactions a customer), or takes the graph that an earlier run left in the folder.
Then, in a process of its own a store: all journeys read from the graph and from their file, with the memory that they
take; 1, 100 and 1,000 customers who changed, read again, and looked at by alert rules; each shipped question, and each
example query of examples/queries that is about all customers, as the API answers it: the same asked again, and asked of
another period each time; questions that the columns answer. The first answer stands apart from the warm ones.

Seconds are of a clock; CPU seconds of our process stand beside them, because on a busy machine only those compare.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from pydantic import SecretStr
from rich.table import Table

from api.limits import Limits
from api.plan.service import RequestRefused, Service
from api.schema.schema import graphql_schema
from benchmarks.sync import REPORT, Clock, sources
from connectors.sample.generate import generate
from graph.alerts.again import look_again, look_at_all
from graph.alerts.rules import CONDITIONS, AlertRule
from graph.answers.columns import ANSWERED, ask_columns
from graph.ask import ask, has_default
from graph.changes import Change
from graph.cypher import Question, questions
from graph.journeys.journeys import Journeys
from graph.journeys.keeper import JourneyKeeper
from graph.journeys.read import follow, read_journeys
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.neo4j.server import running_neo4j

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "queries"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
"""The sample company's clock stands a day before."""
PERIOD = {"from": "2026-01-01", "to": "2026-07-01"}
ROOTS = (
    "kpi_board",
    "retention",
    "linked_kpis",
    "kpi_delta",
    "measurement_plan",
    "journey_flow",
    "funnel",
    "journey_paths",
    "what_followed",
    "conversion_sequences",
    "time_between",
    "touchpoints",
    "where_it_hurts",
    "vanity_checks",
    "attribution",
    "drivers",
    "inactivity_risk",
    "lifecycle",
    "segments",
    "best_customers",
)
BOARD = (
    "nps_relationship nps_transactional csat ces response_rate first_response resolution repeat_contact "
    "revenue win_rate retention churn"
).split()
"""Twelve figures of different families; those that there are not are left out."""


@dataclass(frozen=True, slots=True)
class Timed:
    """One thing that was done: seconds of the first time, then 50th and 95th percentile, and CPU seconds of ours."""

    name: str
    first: float
    p50: float | None = None
    p95: float | None = None
    cpu: float = 0.0
    note: str = ""


def main() -> None:
    options = _options()
    kept = nullcontext(options.keep) if options.keep else tempfile.TemporaryDirectory(prefix="c360-bench-")
    told: dict[str, list[dict[str, Any]]] = {}
    with kept as folder:
        for store in options.store:
            home = Path(folder).absolute() / f"{store}-{options.customers}-{options.seed}"
            with ExitStack() as stack:
                settings = _settings(store, home, stack)
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    pool.apply(_filled, (home, settings, options.customers, options.seed))
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    found = pool.apply(_measured, (home, settings, options.rounds, options.seconds))
            told[store] = [asdict(each) for each in found]
            _show(store, found)
    if options.json:
        print(json.dumps(told, indent=1))


def _settings(store: str, home: Path, stack: ExitStack) -> StoreSettings:
    home.mkdir(parents=True, exist_ok=True)
    if store == "embedded":
        return StoreSettings(f"embedded:{home / 'graph'}")
    neo4j = stack.enter_context(running_neo4j(home / "neo4j", heap="2g", page_cache="1g"))
    return StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password))


def _filled(home: Path, settings: StoreSettings, customers: int, seed: int) -> None:
    """The sample company in this graph, unless it is there."""
    if (home / "filled").exists():
        return
    if not (home / "sample").exists():
        REPORT.print(f"generating {customers:,} customers …")
        generate(home / "sample", customers, seed)
    asyncio.run(_synced(home / "sample", settings))
    (home / "filled").touch()


async def _synced(sample: Path, settings: StoreSettings) -> None:
    async with open_store(settings) as store:
        await migrate(store)
        report = await sync(sources(sample), store, Rules(), Clock())
    if not report.ok:
        raise SystemExit(f"The sample could not be read: {[landed.error for landed in report.landed]}")


def _measured(home: Path, settings: StoreSettings, rounds: int, seconds: float) -> list[Timed]:
    os.environ["C360_CACHE"] = str(home / "cache")
    return asyncio.run(_all(settings, rounds, seconds))


async def _all(settings: StoreSettings, rounds: int, seconds: float) -> list[Timed]:
    async with open_store(settings) as store:
        await migrate(store)
        found = await _reading(store)
        found += await _answers(store, rounds, seconds)
        found += [timed async for timed in _shipped(store, rounds, seconds)]
        return found


async def _reading(store: Store) -> list[Timed]:
    """All journeys from the graph and from the file, then some customers anew."""
    rules, before = Rules(), _resident()
    read, journeys = await _once("read all journeys from the graph", lambda: read_journeys(store, rules, 0))
    rows = max(1, len(journeys.events))
    size = f"{len(journeys.customers):,} customers, {rows:,} interactions, {(_resident() - before) / rows:.0f} B each"
    found = [Timed(read.name, read.first, cpu=read.cpu, note=size)]
    ids = journeys.customer_ids(np.arange(min(1_000, len(journeys.customers))))
    for many in (1, 100, 1_000):
        change = [Change(updated=ids[:many])]
        again, _ = await _once(f"follow {many:,} changed", partial(follow, store, journeys, change, 0))
        found.append(again)
    found += await _alerts(journeys, ids)
    del journeys
    kept, _ = await _once("read (when there is no file) and write the file", JourneyKeeper(store, rules).current)
    mapped, _ = await _once("journeys from their file", JourneyKeeper(store, rules).current)
    return [*found, kept, mapped]


async def _alerts(journeys: Journeys, ids: list[str]) -> list[Timed]:
    """An evaluation of one rule a condition: of everybody, then a minute later with some who changed."""
    rules = Rules(alert=tuple(AlertRule(when, when) for when in CONDITIONS))
    now = int(NOW.timestamp() * 1000)
    first, left = await _once("alerts: look at all", lambda: asyncio.to_thread(look_at_all, journeys, rules, now))
    found = [Timed(first.name, first.first, cpu=first.cpu, note=f"{len(left.alerts):,} alerts")]
    for many in (0, 1, 100, 1_000):
        again = partial(look_again, journeys, rules, now + 60_000, left.seen, left.times, set(ids[:many]))
        timed, seen = await _once(f"alerts: look again, {many:,} changed", partial(asyncio.to_thread, again))
        found.append(Timed(timed.name, timed.first, cpu=timed.cpu, note=f"{seen.looked_at:,} looked at"))
    return found


async def _answers(store: Store, rounds: int, seconds: float) -> list[Timed]:
    """What the API answers from the columns: a board of twelve figures, and the examples."""
    limits = Limits(seconds=seconds)
    service = Service(graphql_schema(), store, limits, writes_to=store, now=lambda: NOW)
    assert service.journeys is not None
    await service.journeys.current()
    asked: list[tuple[str, str, dict[str, Any]]]
    asked = [("board of 12", _board(await _keys(service)), {"period": PERIOD})]
    for name in ROOTS:
        if (EXAMPLES / f"{name}.graphql").exists():
            text = (EXAMPLES / f"{name}.graphql").read_text(encoding="utf-8")
            asked.append(
                (name, text, dict(PERIOD) if "$from" in text else {"period": PERIOD} if "$period" in text else {})
            )
    found = []
    for name, text, given in asked:
        found.append(await _repeated(f"GraphQL {name}", _answered(service, text, [given]), rounds))
        others = [_earlier(given, days) for days in range(1, rounds + 2)]
        found.append(await _repeated(f"GraphQL {name}, another period", _answered(service, text, others), rounds))
    journeys = await service.journeys.current()
    known = await _somebody(store)
    for question in questions():
        if question.name in ANSWERED:
            asked_of = partial(_from_columns, store, journeys, question.name, _needed(question, known))
            found.append(await _repeated(f"columns {question.name}", asked_of, rounds))
    return found


async def _from_columns(store: Store, journeys: Journeys, name: str, given: Mapping[str, Any]) -> str:
    return f"{len((await ask_columns(store, journeys, name, given)).rows):,} rows"


async def _somebody(store: Store) -> dict[str, Any]:
    """Of the first customer with an address what a question about one may need."""
    row = await store.read_one(
        "MATCH (c:Customer) WHERE c.primary_email IS NOT NULL RETURN c.id, c.primary_email LIMIT 1"
    )
    return {"id": row[0], "email": row[1]} if row else {}


def _needed(question: Question, known: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that have no default: what is known, else the example."""
    needed = [each for each in question.parameters if not has_default(each)]
    return {each.name: known.get(each.name, json.loads(each.example)) for each in needed}


def _earlier(given: Mapping[str, Any], days: int) -> dict[str, Any]:
    """The same variables with each day so many days earlier."""
    return {
        name: _earlier(value, days)
        if isinstance(value, dict)
        else (date.fromisoformat(value) - timedelta(days=days)).isoformat()
        for name, value in given.items()
    }


def _answered(service: Service, text: str, given: Sequence[Mapping[str, Any]]) -> Callable[[], Awaitable[str]]:
    variables = cycle(given)

    async def answered() -> str:
        try:
            result = await service.answer(text, dict(next(variables)))
        except RequestRefused as refused:
            return refused.errors[0].message[:60]
        return "" if not result.errors else result.errors[0].message[:60]

    return answered


async def _keys(service: Service) -> list[str]:
    result = await service.answer("{ kpiDefinitions { key } }")
    known = [each["key"] for each in (result.data or {})["kpiDefinitions"]]
    wanted = [key for key in BOARD if key in known]
    return [*wanted, *(key for key in known if key not in wanted)][:12]


def _board(keys: Iterable[str]) -> str:
    listed = ", ".join(f'"{key}"' for key in keys)
    return (
        f"query Board($period: PeriodInput!) {{ kpis(keys: [{listed}], period: $period) "
        "{ key current { value sampleSize unavailableReason } previous { value } } }"
    )


async def _shipped(store: Store, rounds: int, seconds: float) -> Any:
    """Each question with its defaults, else its examples; one that is about a customer is about the first of them."""
    known = await _somebody(store)
    for question in questions():
        named = _needed(question, known)

        async def asked(name: str = question.name, named: Mapping[str, Any] = named) -> str:
            try:
                async with asyncio.timeout(seconds):
                    answer = await ask(store, name, named)
            except TimeoutError:
                return f"not within {seconds:g} s"
            return f"{len(answer.rows):,} rows"

        yield await _repeated(f"ask {question.name}", asked, rounds)


async def _once(name: str, work: Callable[[], Awaitable[Any]]) -> tuple[Timed, Any]:
    cpu, began = time.process_time(), time.perf_counter()
    made = await work()
    timed = Timed(name, time.perf_counter() - began, cpu=time.process_time() - cpu)
    REPORT.print(f"{name}: {timed.first * 1000:,.1f} ms, CPU {timed.cpu * 1000:,.1f} ms", highlight=False)
    return timed, made


async def _repeated(name: str, work: Callable[[], Awaitable[str]], rounds: int) -> Timed:
    first, note = await _once(name, work)
    if first.first > 20:  # what takes so long is not asked ten times
        return Timed(name, first.first, cpu=first.cpu, note=note)
    cpu, again = time.process_time(), []
    for _ in range(rounds):
        again.append((await _once(name, work))[0].first)
    p50, p95 = np.percentile(again, [50, 95])
    return Timed(name, first.first, float(p50), float(p95), (time.process_time() - cpu) / rounds, note)


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


def _show(store: str, found: Iterable[Timed]) -> None:
    table = Table(title=store)
    for column in ("", "first ms", "p50 ms", "p95 ms", "CPU ms", ""):
        table.add_column(column, justify="left" if not column else "right", no_wrap=bool(column))
    for each in found:
        figures = [
            "" if value is None else f"{value * 1000:,.1f}" for value in (each.first, each.p50, each.p95, each.cpu)
        ]
        table.add_row(each.name, *figures, each.note)
    REPORT.print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--store", nargs="+", choices=["embedded", "neo4j"], default=["embedded", "neo4j"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=10, help="how often each is asked after the first time")
    parser.add_argument("--seconds", type=float, default=60, help="how long an answer may take")
    parser.add_argument("--keep", type=Path, help="a folder for the graphs, to be used again")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How long linking and writing a few changed records in a large graph takes, and whether a full run gives the same.

    uv run python -m benchmarks.incremental --customers 100000 --changes 500 --store neo4j

Loads the sample company, then changes phone, name or address of some person records (half of them), and adds as many
strangers and doubles. The sync of the changes is measured, then everybody is linked anew by the same model: the figure
that counts is how many records then have other companions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks.sync import REPORT, Clock, home_of, sources
from connectors.records import Email, Person, Phone, decode
from connectors.sample.generate import generate
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.link import link_pending, plan_people
from graph.sync.pages import PageWriter
from graph.sync.progress import Silence
from graph.sync.rows import rows_of
from graph.sync.sync import link_and_derive, sync


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--store", choices=["embedded", "neo4j"], default="neo4j")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="c360-bench-") as folder, ExitStack() as stack:
        sample = Path(folder) / "sample"
        REPORT.print(f"generating {options.customers:,} customers …")
        generate(sample, options.customers, options.seed)
        settings = home_of(options.store, Path(folder), stack)
        results = asyncio.run(measure(sample, settings, options.changes, options.rounds, options.seed))
        shutil.rmtree(sample)
    print(json.dumps({"store": options.store, "asked": options.customers, "rounds": results}, indent=1))


async def measure(
    sample: Path, settings: StoreSettings, changes: int, rounds: int, seed: int
) -> list[dict[str, object]]:
    """Load, then change and link some rounds, each compared with linking everybody."""
    results: list[dict[str, object]] = []
    async with open_store(settings) as store:
        await migrate(store)
        started = time.monotonic()
        await sync(sources(sample), store, Rules(), Clock())
        REPORT.print(f"loaded in {time.monotonic() - started:.0f} s")
        for number in range(rounds):
            async with store.lease("link") as lease:
                await _change(store, changes, random.Random(seed * 100 + number))
                started = time.monotonic()
                linked = await link_pending(store, lease, Rules(), Silence())
                link_seconds = time.monotonic() - started
                _, derived = await link_and_derive(store, lease, Rules(), Silence())
                whole_seconds = time.monotonic() - started
            plan, current, _ = await plan_people(store, Rules(), Silence())
            wrong = {record for group in plan.groups for a in group if a.changed for record in a.records}
            results.append(
                {
                    "people": len(current),
                    "pending": linked.pending,
                    "incremental": linked.incremental,
                    "records": linked.records,
                    "link_and_write_seconds": round(link_seconds, 2),
                    "with_derive_seconds": round(whole_seconds, 2),
                    "customers_derived": derived.customers,
                    "records_that_differ_from_a_full_run": len(wrong),
                }
            )
            REPORT.print(results[-1])
    return results


async def _change(store: Store, changes: int, dice: random.Random) -> None:
    bodies = [body async for _, kind, body, _ in store.stream(cypher("writes/read_people")) if kind == "person"]
    persons = [person for body in dice.sample(bodies, changes) if isinstance(person := decode(body), Person)]
    others = [person for body in dice.sample(bodies, changes) if isinstance(person := decode(body), Person)]
    changed: list[Person] = []
    for number, (person, other) in enumerate(zip(persons, others, strict=True)):
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


if __name__ == "__main__":
    main()

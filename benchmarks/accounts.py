"""How long one changed account among many takes to be linked, against linking all accounts.

    uv run python -m benchmarks.accounts --accounts 100000 --store embedded neo4j --rounds 5

Makes account records of a CRM and a helpdesk (a third of the companies are known to both) and links them. Then, in
turns, one record gets the name of another company and is linked alone, or the same with the note taken away by which
records are known to show what they showed when they were linked: then all accounts are read. Seconds and CPU are those
of linking and deriving; the server's CPU is told beside ours. Both must end in the same accounts, which is asked with
the digest of joins after the last round, when all are linked once more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

from benchmarks.sync import REPORT, home_of
from connectors.records import Account, Address
from graph.cypher import cypher
from graph.rules import Rules
from graph.store.digest import digest_of
from graph.store.driver import Store, open_store
from graph.store.lease import Lease
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from graph.sync.pages import PageWriter
from graph.sync.progress import Silence
from graph.sync.rows import rows_of
from graph.sync.sync import link_and_derive

_PAGE = 5_000
_SYLLABLES = "ar bel cor dan el fin gar hol in jun kal lor mer nor or pal quin ros sol tar un ver xan yor zel".split()
_FORMS = ("GmbH", "Ltd", "AG", "Inc", "")
_COUNTRIES = ("DE", "GB", "SE", None)


def main() -> None:
    options = _options()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="c360-bench-") as folder, ExitStack() as stack:
        for home in options.store:
            settings = home_of(home, Path(folder), stack)
            results += asyncio.run(measure(settings, home, options.accounts, options.rounds, options.seed))
    print(json.dumps(results, indent=1))


async def measure(settings: StoreSettings, home: str, many: int, rounds: int, seed: int) -> list[dict[str, Any]]:
    """Load, then change one account a round, linked alone and together with all in turns."""
    dice = random.Random(seed)
    accounts = list(_accounts(many, dice))
    taken: dict[str, list[dict[str, float]]] = {"all accounts": [], "only what changed": []}
    async with open_store(settings) as store, store.lease("link") as lease:
        await migrate(store)
        pages = PageWriter(store, any_customers=False)
        for start in range(0, len(accounts), _PAGE):
            await pages.store("crm", "companies", rows_of(accounts[start : start + _PAGE]), [], {}, all_new=True)
        load = await _timed(store, lease)
        REPORT.print(f"{home}: {many:,} account records, {load}")
        for _ in range(rounds):
            for way, rows in taken.items():
                await _change(pages, accounts, dice)
                if way == "all accounts":
                    await store.write(cypher("writes/note_signs"), version=None)
                rows.append(await _timed(store, lease))
                REPORT.print(f"{way}: {rows[-1]}")
        # The last change was linked alone.
        alone = await digest_of(store, ["joins", "identities"])
        await store.write(cypher("writes/mark_pending"), keys=[str(account.key) for account in accounts[:1]])
        await store.write(cypher("writes/note_signs"), version=None)
        await link_and_derive(store, lease, Rules(), Silence())
        if await digest_of(store, ["joins", "identities"]) != alone:
            raise SystemExit("Linking all accounts gave others than linking what changed.")
    return [
        {"store": home, "accounts": many, "way": way, "rounds": rounds}
        | {name: round(statistics.median(row[name] for row in rows), 4) for name in rows[0]}
        for way, rows in taken.items()
    ]


async def _timed(store: Store, lease: Lease) -> dict[str, float]:
    servers = _server_cpu()
    cpu, started = time.process_time(), time.monotonic()
    linked, _ = await link_and_derive(store, lease, Rules(), Silence())
    return {
        "seconds": time.monotonic() - started,
        "our_cpu_seconds": time.process_time() - cpu,
        "server_cpu_seconds": _server_cpu() - servers,
        "records_read": linked.account_records,
    }


def _server_cpu() -> float:
    """Of all processes that we started: user and system seconds."""
    return sum(sum(process.cpu_times()[:2]) for process in psutil.Process().children(recursive=True))


async def _change(pages: PageWriter, accounts: list[Account], dice: random.Random) -> None:
    at, other = dice.randrange(len(accounts)), dice.choice(accounts)
    before = accounts[at]
    accounts[at] = Account(
        source=before.source,
        stream=before.stream,
        id=before.id,
        name=f"{other.name} Ltd",
        domain=before.domain,
        address=other.address,
        industry=str(dice.random()),
    )
    await pages.store(before.source, before.stream, rows_of([accounts[at]]), [], {}, all_new=False)


def _accounts(many: int, dice: random.Random) -> Iterator[Account]:
    made = 0
    while made < many:
        name = " ".join("".join(dice.choices(_SYLLABLES, k=3)) for _ in range(dice.randint(1, 2)))
        domain = f"{name.replace(' ', '-')}{dice.randrange(100)}.test" if dice.random() < 0.7 else None
        country = dice.choice(_COUNTRIES)
        address = Address(street=f"{dice.randrange(1, 200)} High Street", city="Ashford", country=country)
        for source in ("crm", "helpdesk") if dice.random() < 1 / 3 else ("crm",):
            said = f"{name} {dice.choice(_FORMS)}".strip()
            shown = domain if source == "crm" or dice.random() < 0.5 else None
            yield Account(source=source, stream="companies", id=str(made), name=said, domain=shown, address=address)
            made += 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000, help="account records (default: 100000)")
    parser.add_argument("--store", nargs="+", choices=["embedded", "neo4j"], default=["embedded"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()

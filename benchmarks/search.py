"""How fast a search is, on both stores, over many people.

    scripts/bench search --customers 100000 --store neo4j embedded

Writes customers of made-up names, companies, addresses and numbers into an empty graph, gives them their words as a
migration does, and asks for each kind of what people type, one after the other. What is measured is `graph.search.find`
with the store behind it, without GraphQL and the reading of the page. Of each kind it also tells how often the customer
who was meant is among the first ten.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from graph.linkage.phone import national
from graph.search.find import Viewing, find, read_search
from graph.search.upkeep import name_everybody
from graph.store.driver import Store, open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from tests.neo4j.server import running_neo4j

SYLLABLES = (
    "ba be bi bo ber bert da de di dor el en er fal fin ga gen gra hal han har hol in ja jo ka kel kla ko la lan len "
    "lin lo lund ma mar mei mo na nel ni nor ol per qui ra ren ri ro sa san sche schm sel ser si son stein tel ten "
    "thal to ul va van ver vi wa wei wer wil za zel zim"
).split()
KINDS = ("AB", "GmbH", "Ltd", "Group", "Systems", "Foods", "Trading", "Bau")
LETTERS = "abcdefghiklmnoprstuvwz"


@dataclass(frozen=True, slots=True)
class Somebody:
    """A customer of the benchmark."""

    id: str
    given: str
    family: str
    company: str
    email: str
    phone: str


def people(many: int, seed: int) -> list[Somebody]:
    """Made-up people; a few names and companies are frequent, most are rare."""
    rng = random.Random(seed)

    def names(count: int, shortest: int, longest: int) -> list[str]:
        found = {"".join(rng.choices(SYLLABLES, k=rng.randint(shortest, longest))).capitalize() for _ in range(count)}
        return rng.sample(sorted(found), len(found))

    def one_of(values: Sequence[str]) -> str:
        return values[int(len(values) * rng.random() ** 2.5)]

    given, family = names(3_000, 1, 3), names(40_000, 2, 4)
    companies = [f"{rng.choice(family)} {rng.choice(KINDS)}" for _ in range(max(1, many // 5))]
    made = []
    for number in range(many):
        first, last, company = one_of(given), one_of(family), one_of(companies)
        user = rng.choice([f"{first}.{last}", f"{first[0]}{last}", f"{first}{number % 100}"]).lower()
        host = rng.choice([f"{company.split()[0].lower()}.example", "gmail.com", "gmx.de"])
        made.append(Somebody(f"c{number:07}", first, last, company, f"{user}@{host}", f"+4670{1_000_000 + number}"))
    return made


def mistype(rng: random.Random, word: str) -> str:
    """The word with one letter less, more or other, or two swapped."""
    at = rng.randrange(1, len(word) - 1)
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + rng.choice(LETTERS) + word[at:],
            word[:at] + rng.choice(LETTERS) + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def typed(rng: random.Random) -> dict[str, Callable[[Somebody], str]]:
    """What is typed to find somebody, by its kind."""
    return {
        "whole name": lambda one: f"{one.given} {one.family}",
        "family name first, begun": lambda one: f"{one.family[:5]} {one.given[:3]}",
        "family name": lambda one: one.family,
        "three letters": lambda one: one.family[:3],
        "part of a name": lambda one: f"{one.family[2:]} {one.given}",
        "one edit": lambda one: f"{one.given} {mistype(rng, one.family)}",
        "two edits": lambda one: f"{one.given} {mistype(rng, mistype(rng, one.family))}",
        "whole e-mail": lambda one: one.email,
        "e-mail, one edit": lambda one: mistype(rng, one.email.partition("@")[0]) + "@" + one.email.partition("@")[2],
        "national number": lambda one: f"0{one.phone[3:5]}-{one.phone[5:]}",
        "last six digits": lambda one: one.phone[-6:],
        "company and given name": lambda one: f"{one.company} {one.given}",
        "company": lambda one: one.company,
        "nobody": lambda one: "xq" + one.family[::-1] + "qx",
    }


async def measure(store: Store, everybody: Sequence[Somebody], each: int, seed: int) -> list[dict[str, object]]:
    """Ask each kind of query so often; p50, p95 and most in milliseconds, and the share of the meant that was found."""
    rng = random.Random(seed)
    results: list[dict[str, object]] = []
    all_times: list[float] = []
    for kind, type_ in typed(rng).items():
        meant = rng.sample(everybody, each + 5)
        times, found = [], 0
        for number, one in enumerate(meant):
            search = read_search(type_(one))
            assert search is not None
            began = time.perf_counter()
            hits = await find(store, search, Viewing())
            if number >= 5:  # the first ones are planned and not yet in any cache
                times.append((time.perf_counter() - began) * 1000)
                found += one.id in [hit.id for hit in hits[:10]]
        all_times += times
        results.append({"kind": kind, **_figures(times), "among the first ten": found / each})
    return [*results, {"kind": "all", **_figures(all_times), "among the first ten": None}]


def _figures(times: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(times, n=20)
    return {"p50_ms": round(cuts[9], 1), "p95_ms": round(cuts[18], 1), "most_ms": round(max(times), 1)}


async def _run(name: str, settings: StoreSettings, everybody: Sequence[Somebody], each: int, seed: int) -> None:
    async with open_store(settings) as store:
        await migrate(store)
        there = await store.read("MATCH (c:Customer) RETURN count(c)")
        if there[0][0] != len(everybody):
            began = time.monotonic()
            await write(store, everybody)
            written = time.monotonic()
            await name_everybody(store)
            REPORT.print(
                f"{name}: {len(everybody):,} customers written in {written - began:.0f} s, "
                f"their words in {time.monotonic() - written:.0f} s"
            )
        words = await store.read("MATCH (w:Word) RETURN count(w)")
        ties = await store.read("MATCH ()-[r:NAMED_BY|ADDRESSED_BY]->() RETURN count(r)")
        results = await measure(store, everybody, each, seed)
    table = Table("what is typed", "p50 ms", "p95 ms", "most ms", "among the first ten", title=name)
    for one in results:
        share = one["among the first ten"]
        table.add_row(
            *(str(one[key]) for key in ("kind", "p50_ms", "p95_ms", "most_ms")), "" if share is None else f"{share:.2f}"
        )
    REPORT.print(table)
    REPORT.print(f"{name}: {words[0][0]:,} words, {ties[0][0]:,} relationships to them")


async def write(store: Store, everybody: Sequence[Somebody]) -> None:
    """Customers, each with a record and what it is identified by; without words."""
    for rows in _rows(everybody):
        await store.write(
            "UNWIND $rows AS row CREATE (c:Customer) SET c += row.customer "
            "CREATE (r:SourceRecord {key: 'bench/people/' + row.customer.id}) CREATE (r)-[:DESCRIBES]->(c) "
            "MERGE (e:Identifier {key: 'email:' + row.email}) MERGE (r)-[:HAS_IDENTIFIER]->(e) "
            "CREATE (r)-[:HAS_IDENTIFIER]->(:Identifier {key: 'phone:' + row.phone, kind: 'phone', "
            "value: row.phone, national: row.national, backwards: reverse(row.phone)})",
            rows=rows,
        )


def _rows(everybody: Sequence[Somebody]) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(everybody), 2_000):
        yield [
            {
                "customer": {
                    "id": one.id,
                    "display_name": f"{one.given} {one.family}",
                    "given_name": one.given,
                    "family_name": one.family,
                    "sort_name": f"{one.family} {one.given}".lower(),
                    "account_name": one.company,
                    "primary_email": one.email,
                    "emails": json.dumps([{"address": one.email, "primary": True, "records": []}]),
                },
                "email": one.email,
                "phone": one.phone,
                "national": national(one.phone),
            }
            for one in everybody[start : start + 2_000]
        ]


REPORT = Console()


def main() -> None:
    options = _options()
    everybody = people(options.customers, options.seed)
    with ExitStack() as stack:
        folder = Path(options.keep) if options.keep else Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.store:
            home = folder / f"{name}-{options.customers}-{options.seed}"
            if name == "embedded":
                settings = StoreSettings(f"embedded:{home}")
                asyncio.run(_run(name, settings, everybody, options.each, options.seed))
                continue
            with running_neo4j(home, "1g", "256m") as neo4j:
                settings = StoreSettings(neo4j.uri, neo4j.user, SecretStr(neo4j.password))
                asyncio.run(_run(name, settings, everybody, options.each, options.seed))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=60, help="queries of each kind (default: 60)")
    parser.add_argument("--store", nargs="+", choices=["neo4j", "embedded"], default=["neo4j", "embedded"])
    parser.add_argument("--keep", metavar="FOLDER", help="keep the graphs here, and use them when they are here")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""How long estimates take on columns of a company's size.

    scripts/bench estimates --customers 100000 --touches 1000000

Columns are drawn by a seed from the models themselves; no store is needed. Each estimate is run so often, and its best
time told; peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from graph.estimates.buying import fit_buying
from graph.estimates.columns import BoolArray, FloatArray
from graph.estimates.credit import linear, time_decay
from graph.estimates.drivers import drivers
from graph.estimates.lifetime_value import (
    DAYS_A_MONTH,
    LifetimeValue,
    expected_spend_or_average,
    slopes_of_value,
    value_without_contract,
)
from graph.estimates.paths import Paths, credited, paths_of
from graph.estimates.removal import removal
from graph.estimates.risk import fit_risk, reliability
from graph.estimates.shapley import shapley, shapley_of_rates
from graph.estimates.spending import fit_spending
from graph.estimates.survival import kaplan_meier

CHANNELS = 12


@dataclass(frozen=True, slots=True)
class Company:
    """Customers' histories in weeks, and what they spend."""

    repeats: FloatArray
    recency: FloatArray
    age: FloatArray
    spend: FloatArray


def company(rng: np.random.Generator, customers: int) -> Company:
    """Buying by BG/NBD (.6, 12, .8, 2.4), spending by Gamma-Gamma (6.25, 3.74, 15.44), moments on whole days."""
    rate, leaves = np.maximum(rng.gamma(0.6, 1 / 12, customers), 1e-9), rng.beta(0.8, 2.4, customers)
    age = rng.integers(30, 1_000, customers) / 7
    now, repeats, recency = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    there = np.ones(customers, dtype=np.bool_)
    while there.any():
        now += rng.exponential(1 / rate)
        there &= now <= age
        repeats, recency = repeats + there, np.where(there, now, recency)
        there &= rng.random(customers) > leaves
    average = rng.gamma(6.25 * np.maximum(repeats, 1)) / rng.gamma(3.74, 1 / 15.44, customers) / np.maximum(repeats, 1)
    return Company(repeats, np.minimum(np.ceil(recency * 7) / 7, age), age, np.where(repeats > 0, average, 0.0))


def journeys(rng: np.random.Generator, touches: int) -> tuple[Paths, FloatArray]:
    """Paths of one to nine touches over twelve channels, one in ten with a conversion, and days before their end."""
    lengths = rng.integers(1, 10, touches // 5)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    codes = rng.integers(0, CHANNELS, offsets[-1])
    return paths_of(offsets, codes, rng.random(lengths.size) < 0.1, many=CHANNELS), rng.uniform(0, 90, codes.size)


def measured(customers: int, touches: int, seed: int, times: int) -> list[dict[str, object]]:
    """Name, how much of what, and the best of so many times in seconds."""
    rng = np.random.default_rng(seed)
    people = company(rng, customers)
    history = people.repeats, people.recency, people.age
    paths, before = journeys(rng, touches)
    lasted, observed = rng.exponential(200, touches), rng.random(touches) < 0.6
    columns, left = _factors(rng, customers)
    sample = {name: column[:5_000] for name, column in columns.items()}
    score = sum(sample.values(), rng.normal(size=min(customers, 5_000)))
    buying, spending = fit_buying(*history), fit_spending(people.repeats, people.spend)

    def value() -> LifetimeValue:
        spend = expected_spend_or_average(spending, people.repeats, people.spend)
        return value_without_contract(buying, history, spend, 0.3, 24, 0.1, DAYS_A_MONTH / 7)

    def error() -> None:
        slopes_of_value(buying, spending, history, (people.repeats, people.spend), valued, 0.3, DAYS_A_MONTH / 7)
        buying.scores(*history)
        spending.scores(people.repeats, people.spend)

    valued = value()

    some, all_touches = f"{customers:,} customers", f"{paths.channels.size:,} touches"
    asked: list[tuple[str, str, Callable[[], object]]] = [
        ("BG/NBD", some, lambda: fit_buying(*history)),
        ("Gamma-Gamma", some, lambda: fit_spending(people.repeats, people.spend)),
        ("lifetime value, 24 months", some, value),
        ("… and the error of its models", some, error),
        ("removal effects (Markov)", all_touches, lambda: removal(paths)),
        ("Shapley", all_touches, lambda: shapley(paths)),
        ("Shapley of rates", all_touches, lambda: shapley_of_rates(paths)),
        ("linear", all_touches, lambda: credited(paths, linear(paths))),
        ("time decay", all_touches, lambda: credited(paths, time_decay(paths, before))),
        ("Kaplan–Meier", f"{touches:,} durations", lambda: kaplan_meier(lasted, observed)),
        ("drivers, 8 with 500 draws", f"{score.size:,} scores", lambda: drivers(score, sample, rng)),
        ("churn risk, 8 factors", some, lambda: fit_risk(left, columns)),
        ("… held against 5 folds", some, lambda: reliability(left, columns, rng)),
    ]
    return [{"estimate": name, "of": of, "seconds": round(_best(times, run), 3)} for name, of, run in asked]


def _factors(rng: np.random.Generator, customers: int) -> tuple[dict[str, FloatArray], BoolArray]:
    columns = {f"factor {number}": rng.normal(size=customers) for number in range(8)}
    return columns, rng.random(customers) < 1 / (1 + np.exp(2 - 0.3 * sum(columns.values())))


def _best(times: int, run: Callable[[], object]) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> None:
    options = _options()
    results = measured(options.customers, options.touches, options.seed, options.times)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if options.json:
        print(json.dumps({"results": results, "peak_mb": peak}, ensure_ascii=False))
        return
    table = Table("estimate", "of", "seconds", title=f"best of {options.times}")
    for one in results:
        table.add_row(*(str(value) for value in one.values()))
    console = Console()
    console.print(table)
    console.print(f"peak memory {peak:,} MB")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--touches", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=3, help="runs of each estimate (default: 3)")
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Whether the memory of `c360 serve` stays flat: all kinds of requests for half an hour, and what the process holds.

    scripts/bench soak --minutes 30 --rate 5 --store embedded

Serves the sample company with one source that takes pushes. So many requests a second are sent, by lot: every example
query, a mutation, a subscription that is opened and left, a push. Every few seconds the resident memory of the
API and of the store is read. Printed are the medians of each fifth of the time, and the slope over all but the first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil

from benchmarks.soaking.asking import KINDS, SHOP, Soak, known_of
from benchmarks.sync import REPORT, home_of
from connectors.sample.generate import generate
from graph.store.driver import open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings
from tests.served import C360, Served, serving

SAMPLE_SECONDS = 5.0
_WARM_PART = 0.2
"""Code, caches and pools fill meanwhile; growth is measured after it."""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="c360-soak-") as name, ExitStack() as stack:
        folder = Path(name)
        settings = home_of(options.store, folder, stack)
        company = folder / "company"
        generate(company, options.customers, options.seed)
        with (company / "plugins.toml").open("a") as plugins:
            plugins.write(SHOP)
        measured = asyncio.run(_measured(options, settings, folder, company))
    print(json.dumps(measured, indent=1))


async def _measured(
    options: argparse.Namespace, settings: StoreSettings, folder: Path, company: Path
) -> dict[str, object]:
    environment = {
        "C360_STORE": settings.uri,
        "C360_STORE_USER": settings.user,
        "C360_STORE_PASSWORD": settings.password.get_secret_value(),
        "C360_CACHE": str(folder / "cache"),
    }
    async with open_store(settings) as store:
        await migrate(store)
        await _synced(company, environment)
        known = await known_of(store)
        with serving(company, folder / "serve.log", environment) as served:
            dice = random.Random(options.seed)
            async with httpx.AsyncClient(base_url=f"http://{served.host}:{served.port}", timeout=60) as client:
                soak = Soak(client, served, known, dice, options.kinds)
                sampling = asyncio.create_task(_sampled(served, store_pid(settings, folder), options.minutes * 60))
                await soak.run(options.rate, options.minutes * 60)
                samples = await sampling
            if soak.failed:
                REPORT.print(served.log.read_text()[-5_000:], markup=False)
            if not served.is_alive:
                raise SystemExit("The API ended.")
    return {
        "store": options.store,
        "minutes": options.minutes,
        "load": os.getloadavg()[1],
        "sent": dict(sorted(soak.sent.items())),
        "failed": dict(sorted(soak.failed.items())),
        "api": _told([(at, mb) for at, mb, _ in samples]),
        "store_process": _told([(at, mb) for at, _, mb in samples if mb]),
    }


async def _synced(company: Path, environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        C360, "--config", str(company), "sync", env={**os.environ, **environment}, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise SystemExit("The company could not be synced.")


async def _sampled(served: Served, store: int | None, seconds: float) -> list[tuple[float, float, float]]:
    """Seconds since the start, MB of the API, MB of the store."""
    process = None if store is None else psutil.Process(store)
    began, samples = time.monotonic(), []
    while (at := time.monotonic() - began) < seconds and served.is_alive:
        samples.append((at, served.memory, 0.0 if process is None else process.memory_info().rss / 1e6))
        await asyncio.sleep(SAMPLE_SECONDS)
    return samples


def store_pid(settings: StoreSettings, folder: Path) -> int | None:
    """The process of a store that was started here."""
    if settings.embedded_path is None:
        return None
    pid: int = json.loads((Path(settings.embedded_path) / "server.lock").read_text())["server_pid"]
    return pid


def _told(samples: list[tuple[float, float]]) -> dict[str, object]:
    """Medians of the fifths of the time, the highest, and the growth in MB an hour after the first fifth."""
    if not samples:
        return {}
    end = samples[-1][0] + SAMPLE_SECONDS
    fifths = [[mb for at, mb in samples if int(5 * at / end) == n] for n in range(5)]
    warm = [(at, mb) for at, mb in samples if at >= _WARM_PART * end]
    growth = statistics.linear_regression(*zip(*warm, strict=True)).slope * 3600
    return {
        "medians_mb": [round(statistics.median(fifth)) for fifth in fifths if fifth],
        "highest_mb": round(max(mb for _, mb in samples)),
        "growth_mb_an_hour": round(growth, 1),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=5, help="requests a second (default: 5)")
    parser.add_argument("--customers", type=int, default=300)
    parser.add_argument("--store", choices=["embedded", "neo4j"], default="embedded")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="of requests (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()

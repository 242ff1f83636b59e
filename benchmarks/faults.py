"""Kill −9 at random moments of everything that writes, and see whether the graph is what it would have been.

    scripts/bench faults --store embedded --kills 200 --seed 1
    scripts/bench faults --store neo4j --kills 200

In cycles over one small company: first load, backup, upgrade, rebuild, sync of changes, mutations over the API, the
removal of a source, restore. Each is a process of its own that is killed some times, at a random moment of a phase by
lot; then it is run in peace, and the digest compared with that of a first cycle in which nobody was killed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.table import Table

from benchmarks.killing.campaign import Campaign, Tally
from benchmarks.sync import REPORT, home_of
from graph.store.driver import open_store
from graph.store.migrate import migrate
from graph.store.settings import StoreSettings


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="c360-faults-") as name, ExitStack() as stack:
        settings = home_of(options.store, Path(name), stack)
        began = time.monotonic()
        tally = asyncio.run(campaign(settings, Path(name), options))
    REPORT.print(_table(tally))
    print(
        json.dumps(
            {
                "store": options.store,
                "seed": options.seed,
                "kills": {f"{deed}: {phase}": n for (deed, phase), n in sorted(tally.kills.items())},
                "total": tally.total,
                "ended_before": dict(tally.missed),
                "compared": dict(tally.compared),
                "wrong": tally.wrong,
                "seconds": round(time.monotonic() - began),
                "load": os.getloadavg()[2],
            },
            indent=1,
        )
    )
    if tally.wrong:
        raise SystemExit(1)


async def campaign(settings: StoreSettings, folder: Path, options: argparse.Namespace) -> Tally:
    """Cycles until so many processes have been killed, or the time is over."""
    async with open_store(settings) as store:
        await migrate(store)
        killing = Campaign(store, settings, folder, customers=options.customers, seed=options.seed, say=REPORT.print)
        ends = time.monotonic() + 60 * options.minutes
        await killing.in_peace()
        while killing.tally.total < options.kills and time.monotonic() < ends:
            await killing.cycle(ends=ends)
        return killing.tally


def _table(tally: Tally) -> Table:
    table = Table("what was killed", "kills by phase", "ended before", "compared")
    for deed in dict.fromkeys(deed for deed, _ in tally.kills):
        phases = ", ".join(f"{phase} {n}" for (of, phase), n in tally.kills.items() if of == deed)
        table.add_row(deed, phases, str(tally.missed[deed]), str(tally.compared[deed]))
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=["embedded", "neo4j"], default="embedded")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=240, help="begin no deed after so long (default: 240)")
    parser.add_argument("--customers", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()

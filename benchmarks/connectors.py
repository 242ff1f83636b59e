"""How fast connectors read when the vendor answers at once: decoded, mapped, validated, of one core.

    scripts/bench connectors --records 1000000 --sources 4

A process of its own serves prepared bytes over HTTP on this machine. This process reads them with the connector as a
sync does, page by page, maps each raw, and has every record encoded and read back, which is how its types are checked.
CPU seconds are this process's own; budgets of requests are set aside.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from benchmarks.vendor_answers import PAGE, VENDORS
from connectors.crm.hubspot import HubSpotConfig, HubSpotConnector
from connectors.helpdesk.zendesk import ZendeskConfig, ZendeskConnector
from connectors.hookspecs import Connector
from connectors.http import Patience
from connectors.records import decode, encode


async def no_wait(_seconds: float) -> None:
    """Budgets are the vendor's; here it has none."""


UNHURRIED = Patience(sleep=no_wait)


def hubspot(name: str, url: str) -> Connector[Any]:
    """A page of a hundred contacts a request."""
    config = HubSpotConfig(access_token=SecretStr("token"), base_url=url)
    return HubSpotConnector(name, config, patience=UNHURRIED)


def zendesk(name: str, url: str) -> Connector[Any]:
    """A page of a hundred tickets a request, and one more for the audits of each ticket."""
    config = ZendeskConfig(base_url=url, oauth_token=SecretStr("token"))
    return ZendeskConnector(name, config, patience=UNHURRIED)


CONNECTORS: dict[str, tuple[Callable[[str, str], Connector[Any]], str]] = {
    "hubspot": (hubspot, "contacts"),
    "zendesk": (zendesk, "tickets"),
}


@dataclass(slots=True)
class Read:
    """What one source gave, and the CPU seconds that went into mapping and checking it."""

    raws: int = 0
    records: int = 0
    mapping: float = 0.0
    checking: float = 0.0


async def main() -> None:
    options = _options()
    columns = (
        "vendor",
        "sources",
        "raws",
        "records",
        "s",
        "CPU s",
        "read, map, check",
        "raws a CPU s",
        "MB, early → end",
    )
    table = Table(*columns)
    for vendor in options.vendors:
        for sources in options.sources:
            table.add_row(*await _measure(vendor, options.records, sources))
    Console(width=140).print(table)


async def _measure(vendor: str, records: int, sources: int) -> Sequence[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.vendor_answers", vendor, str(records), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        make, stream = CONNECTORS[vendor]
        memory: list[float] = []
        connectors = [make(f"{vendor}{number}", url) for number in range(sources)]
        cpu, clock = _cpu(), time.perf_counter()
        read = await asyncio.gather(*(_read(connector, stream, memory) for connector in connectors))
        cpu, clock = _cpu() - cpu, time.perf_counter() - clock
        for connector in connectors:
            await connector.close()
    finally:
        process.terminate()
        await process.wait()
    raws = sum(one.raws for one in read)
    assert raws == records * sources, f"{raws} of {records * sources} were read"
    early, end = memory[min(len(memory) - 1, 100)], memory[-1]
    mapping, checking = sum(one.mapping for one in read), sum(one.checking for one in read)
    return (
        vendor,
        str(sources),
        f"{raws:,}",
        f"{sum(one.records for one in read):,}",
        f"{clock:.1f}",
        f"{cpu:.1f}",
        f"{cpu - mapping - checking:.1f}, {mapping:.1f}, {checking:.1f}",
        f"{raws / cpu:,.0f}",
        f"{early:.0f} → {end:.0f}",
    )


async def _read(connector: Connector[Any], name: str, memory: list[float]) -> Read:
    read = Read()
    this = psutil.Process()
    stream = next(stream for stream in await connector.discover() if stream.name == name)
    async for page in connector.read(stream, None):
        assert not page.problems, page.problems[0]
        started = time.process_time()
        records = [record for raw in page.raws for record in connector.map(stream, raw)]
        mapped = time.process_time()
        for record in records:
            decode(encode(record))
        read.mapping += mapped - started
        read.checking += time.process_time() - mapped
        read.raws += len(page.raws)
        read.records += len(records)
        if read.raws % (PAGE * 10) == 0:
            memory.append(this.memory_info().rss / 2**20)
    memory.append(this.memory_info().rss / 2**20)
    return read


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vendors", nargs="+", choices=sorted(VENDORS), default=sorted(VENDORS))
    parser.add_argument("--records", type=int, default=100_000, help="raw records of each source")
    parser.add_argument(
        "--sources", type=int, nargs="+", default=[1], help="how many sources are read beside each other"
    )
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())

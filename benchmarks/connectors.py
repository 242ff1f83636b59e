"""How fast connectors read when the vendor answers at once: decoded, mapped, validated, of one core.

    scripts/bench connectors --records 1000000 --sources 4 --ways wire

Each vendor is read two ways. From `memory` the connector's requests are answered with prepared bytes in this process:
what is left is the connector's own work. Over the `wire` a process of its own serves the same bytes over HTTP on this
machine, so that HTTP and the kernel count too. Either way pages are read as a sync reads them, each raw is mapped, and
every record is encoded and read back, which is how its types are checked. CPU seconds are this process's own; budgets
of requests are set aside. Of memory the same bytes are read by `orjson.loads` too, within the same run: a figure that
goes with the machine and its load.

What is counted: a raw is a contact, or a ticket with all its audits. A record is what is stored of it: a person and a
change of owner of each fifth contact, three interactions of a ticket. A request brings a hundred contacts (and another
the histories of fifty of them), a hundred tickets, or the audits of one ticket: of Zendesk there are more requests than
tickets, whatever reads it.
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

import httpx
import orjson
import psutil
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from benchmarks.vendor_answers import PAGE, VENDORS, Answer
from connectors.crm.hubspot import HubSpotConfig, HubSpotConnector
from connectors.helpdesk.zendesk import ZendeskConfig, ZendeskConnector
from connectors.hookspecs import Connector
from connectors.http import Patience, SourceClient
from connectors.records import decode, encode


async def no_wait(_seconds: float) -> None:
    """Budgets are the vendor's; here it has none."""


UNHURRIED = Patience(sleep=no_wait)


class Asked:
    """How many requests a client has made."""

    def __init__(self, client: SourceClient) -> None:
        self.client = client
        self.requests = 0
        request = client.request

        async def counted(*arguments: Any, **named: Any) -> httpx.Response:
            self.requests += 1
            return await request(*arguments, **named)

        setattr(client, "request", counted)  # noqa: B010


class Prepared(SourceClient):
    """A client whose answers are there already; what it takes to make them, and to read them plainly, is counted."""

    def __init__(self, source: str, answer: Answer, under: str) -> None:
        super().__init__(source, "http://memory.example/")
        self._answer = answer
        self._under = under
        self.answering = 0.0
        self.plainly = 0.0

    async def request(
        self, method: str, path: str, *, params: Any = None, json: Any = None, **_ignored: Any
    ) -> httpx.Response:
        """The prepared answer."""
        started = time.process_time()
        asked = {name: [str(value)] for name, value in (params or {}).items() if value is not None}
        body = self._answer(self._under + path, asked, orjson.dumps(json))
        response = httpx.Response(200, content=body, request=httpx.Request(method, "http://memory.example/"))
        made = time.process_time()
        orjson.loads(body)
        self.answering += made - started
        self.plainly += time.process_time() - made
        return response


def hubspot(name: str, url: str, answer: Answer | None) -> tuple[Connector[Any], Asked]:
    """A page of a hundred contacts a request, and one more for the owners of those that have had several."""
    connector = HubSpotConnector(name, HubSpotConfig(access_token=SecretStr("token"), base_url=url), patience=UNHURRIED)
    if answer is not None:
        connector._hubspot.client = Prepared(name, answer, "/")
    return connector, Asked(connector._hubspot.client)


def zendesk(name: str, url: str, answer: Answer | None) -> tuple[Connector[Any], Asked]:
    """A page of a hundred tickets a request, and one more for the audits of each ticket."""
    connector = ZendeskConnector(name, ZendeskConfig(base_url=url, oauth_token=SecretStr("token")), patience=UNHURRIED)
    if answer is not None:
        connector._zendesk._client = Prepared(name, answer, "/api/v2/")
    return connector, Asked(connector._zendesk._client)


Maker = Callable[[str, str, Answer | None], tuple[Connector[Any], Asked]]
CONNECTORS: dict[str, tuple[Maker, str]] = {"hubspot": (hubspot, "contacts"), "zendesk": (zendesk, "tickets")}


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
        "from",
        "sources",
        "raws",
        "records",
        "s",
        "CPU s",
        "read, map, check",
        "raws a CPU s",
        "records a CPU s",
        "requests a CPU s",
        "of orjson.loads",
        "MB, early → end",
    )
    table = Table(*columns)
    for vendor in options.vendors:
        for way in options.ways:
            for sources in options.sources:
                table.add_row(*await _measure(vendor, way, options.records, sources))
    Console(width=180).print(table)


async def _measure(vendor: str, way: str, records: int, sources: int) -> Sequence[str]:
    if way == "memory":
        return await _measured(vendor, way, records, sources, "http://memory.example", VENDORS[vendor](records))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.vendor_answers", vendor, str(records), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        return await _measured(vendor, way, records, sources, url, None)
    finally:
        process.terminate()
        await process.wait()


async def _measured(
    vendor: str, way: str, records: int, sources: int, url: str, answer: Answer | None
) -> Sequence[str]:
    make, stream = CONNECTORS[vendor]
    memory: list[float] = []
    made = [make(f"{vendor}{number}", url, answer) for number in range(sources)]
    cpu, clock = _cpu(), time.perf_counter()
    read = await asyncio.gather(*(_read(connector, stream, memory) for connector, _ in made))
    cpu, clock = _cpu() - cpu, time.perf_counter() - clock
    for connector, _ in made:
        await connector.close()
    raws, told = sum(one.raws for one in read), sum(one.records for one in read)
    assert raws == records * sources, f"{raws} of {records * sources} were read"
    prepared = [asked.client for _, asked in made if isinstance(asked.client, Prepared)]
    plainly = sum(client.plainly for client in prepared)
    cpu -= plainly + sum(client.answering for client in prepared)
    early, end = memory[min(len(memory) - 1, 100)], memory[-1]
    mapping, checking = sum(one.mapping for one in read), sum(one.checking for one in read)
    return (
        vendor,
        way,
        str(sources),
        f"{raws:,}",
        f"{told:,}",
        f"{clock:.1f}",
        f"{cpu:.1f}",
        f"{cpu - mapping - checking:.1f}, {mapping:.1f}, {checking:.1f}",
        f"{raws / cpu:,.0f}",
        f"{told / cpu:,.0f}",
        f"{sum(asked.requests for _, asked in made) / cpu:,.0f}",
        f"{cpu / plainly:.1f} ×" if plainly else "",
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
    parser.add_argument("--ways", nargs="+", choices=["memory", "wire"], default=["memory", "wire"])
    parser.add_argument(
        "--sources", type=int, nargs="+", default=[1], help="how many sources are read beside each other"
    )
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(main())

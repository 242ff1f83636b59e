"""Idle subscribers: the memory of the API process, and how soon all of them are told of one change.

    scripts/bench sockets --sockets 1000

The API runs as a process of its own over an embedded store with one customer; this process opens the sockets.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import AsyncExitStack

import psutil

from api.serving import serve
from api.settings import ApiSettings
from graph.rules import Rules
from graph.store.driver import open_store
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.api.socket_client import SocketClient, opened_socket
from tests.sources import event, fixed_source, person

ADA = person("crm/contacts/1", "Ada Byron", email="ada@byron.test")
ORDER = event("shop/orders/1", "order.placed", "2026-01-02", "crm/contacts/1")
RECORDED = "subscription { interactionRecorded { cursor interaction { id kind } customer { displayName } } }"
AT_A_TIME = 50


async def measure(folder: str, sockets: int) -> None:
    """Print what so many subscribers cost."""
    settings = StoreSettings(f"embedded:{folder}")
    async with open_store(settings) as store, AsyncExitStack() as stack:
        await sync([fixed_source("crm", ADA)], store, Rules())
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.sockets", "--serve", folder,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        stack.push_async_callback(_ended, process)
        assert process.stdout is not None
        base = (await process.stdout.readline()).decode().strip()
        api = psutil.Process(process.pid)
        print(f"before: {_megabytes(api):.0f} MB")
        clients: list[SocketClient] = []
        for _ in range(0, sockets, AT_A_TIME):
            clients += await asyncio.gather(*(stack.enter_async_context(opened_socket(base)) for _ in range(AT_A_TIME)))
        print(f"{len(clients):,} sockets open: {_megabytes(api):.0f} MB")
        for client in clients:
            await client.subscribe(RECORDED)
        await asyncio.sleep(2)
        print(f"{len(clients):,} subscriptions: {_megabytes(api):.0f} MB")
        before, started = sum(api.cpu_times()[:2]), time.monotonic()
        await asyncio.sleep(10)
        seconds = time.monotonic() - started
        print(f"idle: {(sum(api.cpu_times()[:2]) - before) * 1000 / seconds:.0f} ms of CPU a second")
        before = sum(api.cpu_times()[:2])
        listening = [asyncio.ensure_future(client.event()) for client in clients]
        await sync([fixed_source("shop", ORDER)], store, Rules())
        written = time.monotonic()
        told = await asyncio.gather(*listening)
        assert len({one["cursor"] for one in told}) == 1
        print(
            f"one interaction told to all {time.monotonic() - written:.2f} s after the sync ended, "
            f"{(sum(api.cpu_times()[:2]) - before) * 1000:.0f} ms of CPU; {_megabytes(api):.0f} MB"
        )


async def serve_at(folder: str) -> None:
    """The API over the store of a folder; prints its address."""
    async with open_store(StoreSettings(f"embedded:{folder}")) as store:
        await serve(store, ApiSettings(port=0), on_started=lambda address: print(address, flush=True))


async def _ended(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    await process.wait()


def _megabytes(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def main() -> None:
    """Measure, or serve for the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--serve", metavar="FOLDER")
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve_at(given.serve))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(os.path.join(folder, "graph"), given.sockets))


if __name__ == "__main__":
    main()

"""Another process that uses a store: `python -m tests.graph.store.actor PART`, the store in C360_STORE….

It says on standard output what it has done, one line each, and takes its cue from standard input.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.store.driver import Store, Transaction, open_store
from graph.store.errors import LeaseLost
from graph.store.settings import StoreSettings

ROOT = Path(__file__).parents[3]


@contextmanager
def actor(part: str, settings: StoreSettings) -> Iterator[subprocess.Popen[str]]:
    """Start that process; it is killed at the end if it still runs."""
    env = os.environ | {
        "C360_STORE": settings.uri,
        "C360_STORE_USER": settings.user,
        "C360_STORE_PASSWORD": settings.password.get_secret_value(),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.graph.store.actor", part],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def hear(process: subprocess.Popen[str]) -> str:
    """The next line that the process says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def cue(process: subprocess.Popen[str]) -> None:
    """Let the process go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


async def use(store: Store) -> None:
    """Answer one question for each cue."""
    say("ready")
    while await asyncio.to_thread(sys.stdin.readline):
        say(str((await store.read("MATCH (s:Stage) RETURN count(s)"))[0][0]))


async def hold(store: Store) -> None:
    """Hold a lease until we are killed."""
    async with store.lease("work"):
        say("held")
        await asyncio.sleep(600)


async def count(store: Store) -> None:
    """Raise a number 15 times, reading and writing it apart: only a lease makes that safe."""
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    for _ in range(15):
        async with store.lease("work"):
            row = await store.read_one("MATCH (s:Stage {name: 'n'}) RETURN s.rank")
            assert row is not None
            await asyncio.sleep(0.002)
            await store.write("MATCH (s:Stage {name: 'n'}) SET s.rank = $rank", rank=row[0] + 1)
    say("done")


async def sleepy(store: Store) -> None:
    """Write under a lease that may have run out while we were stopped."""
    async with store.lease("work", ttl=1.0) as lease:
        say("held")
        await asyncio.to_thread(sys.stdin.readline)

        async def work(transaction: Transaction) -> None:
            await transaction.run("CREATE (:Stage {name: 'written too late'})")
            await lease.hold(transaction)

        try:
            await store.transaction(work)
            say("written")
        except LeaseLost:
            say("lost")


async def write(store: Store) -> None:
    """Write transactions of a hundred nodes without end, and say the number of each that is committed."""
    number = 0
    while True:
        await store.write(
            "UNWIND range(1, 100) AS i CREATE (:Interaction {id: $n + ':' + i, sequence: $n})", n=f"{number}"
        )
        say(str(number))
        number += 1


def say(line: str) -> None:
    print(line, flush=True)


async def main(part: str) -> None:
    async with open_store(StoreSettings.from_environment()) as store:
        await {"use": use, "hold": hold, "count": count, "sleepy": sleepy, "write": write}[part](store)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))

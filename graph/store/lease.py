"""Leases: who may write what, among all processes that use one store.

A lease is a node `(:Lease {name, owner, until, token, asked})`. It is taken for some seconds, renewed in the
background, and carries a token that grows with each new owner. What protects the data is not the clock but the
token: every transaction of the owner calls `hold`, which locks the lease's node and compares the token, so a
process that slept through its lease cannot commit anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from graph.store.errors import ConstraintViolated, LeaseBusy, LeaseLost, StoreError

if TYPE_CHECKING:
    from graph.store.driver import Store, Transaction

POLL_SECONDS = 0.25

# The server's clock alone decides, so that clocks of several machines need not agree. Locking comes first
# (`SET l.asked`): with the condition before the write, two transactions can both find the lease free.
_CREATE = "MERGE (l:Lease {name: $name}) ON CREATE SET l.until = 0, l.token = 0, l.owner = ''"
_LOOK = "MATCH (l:Lease {name: $name}) RETURN l.owner, l.token, l.until < timestamp()"
_TAKE = """
MATCH (l:Lease {name: $name}) SET l.asked = $me
WITH l WHERE l.until < timestamp() OR l.token = $abandoned OR l.owner = $me
SET l.owner = $me, l.until = timestamp() + $ttl, l.token = l.token + 1
RETURN l.token
"""
_HOLD = """
MATCH (l:Lease {name: $name}) SET l.asked = $me
WITH l WHERE l.token = $token
SET l.until = timestamp() + $ttl
RETURN l.token
"""
_GIVE_BACK = """
MATCH (l:Lease {name: $name}) SET l.asked = $me
WITH l WHERE l.token = $token
SET l.until = 0, l.owner = ''
"""


class Lease:
    """A lease that we hold; `token` is larger than that of every owner before us."""

    def __init__(self, name: str, owner: str, token: int, ttl: float) -> None:
        self.name = name
        self.token = token
        self._owner = owner
        self._ttl = ttl
        self._lost = False
        self._guarded: list[Transaction] = []
        self._renewing = asyncio.Lock()

    async def hold(self, transaction: Transaction) -> None:
        """Make this transaction depend on the lease: it cannot commit once somebody else has taken it.

        Renews the lease, too. Raises LeaseLost. Call it in every transaction that writes under the lease.
        """
        if any(each is transaction for each in self._guarded):
            return
        async with self._renewing:  # never beside a renewal: one of the two would have to be repeated
            if not await self._hold(transaction):
                raise self._gone()
            self._guarded = [each for each in (*self._guarded, transaction) if not each.closed]

    async def renew(self, store: Store) -> None:
        """Renew it, unless a transaction that holds it does so already."""
        async with self._renewing:
            if all(each.closed for each in self._guarded):
                await store.transaction(self._hold, repeatable=True)

    @property
    def lost(self) -> bool:
        return self._lost

    async def give_back(self, store: Store) -> None:
        """Free it for the next one, if it is still ours."""
        if not self._lost:
            await store.transaction(self._free, repeatable=True)

    async def _free(self, transaction: Transaction) -> None:
        await transaction.run(_GIVE_BACK, name=self.name, me=self._owner, token=self.token)

    async def _hold(self, transaction: Transaction) -> bool:
        if not self._lost:
            mine = {"name": self.name, "me": self._owner, "token": self.token}
            self._lost = not await transaction.run(_HOLD, **mine, ttl=_ms(self._ttl))
        return not self._lost

    def _gone(self) -> LeaseLost:
        return LeaseLost(
            f"The lease {self.name!r} ran out and another process has taken it: nothing more is written here. "
            "Run the command again; it goes on where the graph stands."
        )


@contextlib.asynccontextmanager
async def hold_lease(
    store: Store, name: str, *, wait: float | None, on_wait: Callable[[str], None] | None, ttl: float
) -> AsyncIterator[Lease]:
    """Take the lease, renew it in the background while the block runs, and give it back."""
    lease = await _take(store, name, wait, on_wait, ttl)
    renewing = asyncio.create_task(_renew(store, lease, ttl))
    try:
        yield lease
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing
        with contextlib.suppress(StoreError):  # an unreachable store lets it run out by itself
            await lease.give_back(store)


async def _take(
    store: Store, name: str, wait: float | None, on_wait: Callable[[str], None] | None, ttl: float
) -> Lease:
    me = f"{name_of_this_process()} {uuid.uuid4().hex[:8]}"
    gives_up = None if wait is None else time.monotonic() + wait
    said = False
    while True:
        # Look before writing: a waiting process that writes would make the owner's own transactions conflict.
        seen = await store.read_one(_LOOK, name=name)
        if seen is None:
            await _create(store, name)
            continue
        owner, token, free = seen
        abandoned = not free and has_died(owner)
        if free or abandoned:
            taken = await _try(store, name, me, ttl, token if abandoned else -1)
            if taken is not None:
                return Lease(name, me, taken, ttl)
            continue
        if gives_up is not None and time.monotonic() >= gives_up:
            raise LeaseBusy(f"Another process ({_who(owner)}) is at {name!r}. Try again when it has finished.")
        if not said and on_wait is not None:
            on_wait(f"Waiting for another process ({_who(owner)}) to finish {name!r}.")
        said = True
        await asyncio.sleep(POLL_SECONDS)


async def _create(store: Store, name: str) -> None:
    with contextlib.suppress(ConstraintViolated):  # somebody else was faster, which is as good
        await store.write(_CREATE, name=name)


async def _try(store: Store, name: str, me: str, ttl: float, abandoned: int) -> int | None:
    async def work(transaction: Transaction) -> int | None:
        rows = await transaction.run(_TAKE, name=name, me=me, ttl=_ms(ttl), abandoned=abandoned)
        return int(rows[0][0]) if rows else None

    # A lease that was taken by a commit whose answer was lost would be held by nobody who knows of it.
    return await store.transaction(work, repeatable=True)


async def _renew(store: Store, lease: Lease, ttl: float) -> None:
    while not lease.lost:
        await asyncio.sleep(ttl / 4)
        with contextlib.suppress(StoreError):  # an unreachable store is tried again; the token decides
            await lease.renew(store)


def name_of_this_process() -> str:
    """A name that no other process has, on whatever machine, by which `has_died` knows it."""
    return name_of_process(os.getpid())


def name_of_process(pid: int) -> str:
    """The same of another process of this machine."""
    return f"{_this_machine()} {pid} {_started(pid)}"


def has_died(owner: str) -> bool:
    """Whether the owner is a process of this very machine that no longer runs; False when we cannot know."""
    machine, pid, started = owner.split(" ")[:3]
    return machine == _this_machine() and _started(int(pid)) != started


def _started(pid: int) -> str:
    """When a process started, which tells it from a later one with the same number; `gone` if there is none.

    In the kernel's ticks since the machine started, where it tells them: a clock that is set makes no process another.
    """
    try:
        process = psutil.Process(pid)
        # One that its parent has not taken leave of yet is gone as well.
        if process.status() == psutil.STATUS_ZOMBIE:
            return "gone"
        return _ticks_at_start(pid) or f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return "gone"


def _ticks_at_start(pid: int) -> str | None:
    """Field 22 of /proc/PID/stat, see proc(5); None where there is no such file."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return told.rpartition(")")[2].split()[19]  # the second field, a name in brackets, may hold blanks


def _this_machine() -> str:
    """A name for the set of processes that we can see; containers with the same host name differ in it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        return f"{platform.node()}/{uuid.getnode():x}".replace(" ", "_")
    return f"{platform.node()}/{boot}/{space}".replace(" ", "_")


def _who(owner: str) -> str:
    machine, pid, *_ = owner.split(" ")
    return f"process {pid} on {machine.split('/')[0]}"


def _ms(seconds: float) -> int:
    return int(seconds * 1000)

"""Leases: one at a time, among processes that die, sleep and wait."""

from __future__ import annotations

import asyncio
import signal
import time

import psutil
import pytest

from graph.store.driver import Store, Transaction
from graph.store.errors import LeaseBusy, LeaseLost
from graph.store.settings import StoreSettings
from tests.graph.store.actor import actor, cue, hear

pytestmark = pytest.mark.anyio


async def test_two_processes_never_work_at_the_same_time(store: Store, store_settings: StoreSettings) -> None:
    """Two processes that each raise a number 15 times, reading and writing apart, raise it by 30."""
    await store.write("CREATE (:Stage {name: 'n', rank: 0})")
    with actor("count", store_settings) as one, actor("count", store_settings) as other:
        assert [await asyncio.to_thread(hear, each) for each in (one, other)] == ["ready", "ready"]
        cue(one)
        cue(other)
        assert [await asyncio.to_thread(hear, each) for each in (one, other)] == ["done", "done"]

    assert await store.read_one("MATCH (s:Stage {name: 'n'}) RETURN s.rank") == [30]


async def test_who_waits_says_so_and_who_will_not_wait_is_told(store: Store) -> None:
    """A second taker hears for whom it waits; with wait=0 it gets LeaseBusy at once."""
    said: list[str] = []
    async with store.lease("work") as first:
        with pytest.raises(LeaseBusy, match="'work'"):
            async with store.lease("work", wait=0):
                pass

        async def second() -> int:
            async with store.lease("work", on_wait=said.append) as lease:
                return lease.token

        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.7)
        assert not waiting.done()

    assert await asyncio.wait_for(waiting, 5) > first.token
    assert len(said) == 1
    assert "Waiting for another process" in said[0]


async def test_a_lease_is_renewed_while_its_owner_lives(store: Store) -> None:
    """An owner that is busy elsewhere for three times the lease's length still has it."""
    async with store.lease("work", ttl=0.6) as lease:
        await asyncio.sleep(1.8)
        with pytest.raises(LeaseBusy):
            async with store.lease("work", wait=0):
                pass
        await store.transaction(lease.hold)


async def test_a_killed_owner_is_not_waited_for(store: Store, store_settings: StoreSettings) -> None:
    """kill -9 of the owner frees the lease at once on the same machine, not after its 30 seconds."""
    with actor("hold", store_settings) as owner:
        assert await asyncio.to_thread(hear, owner) == "held"
        with pytest.raises(LeaseBusy):
            async with store.lease("work", wait=0):
                pass
        owner.kill()
        owner.wait()
        started = time.monotonic()
        async with store.lease("work", wait=10):
            assert time.monotonic() - started < 5


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_set_makes_no_second_owner(
    hours: int, embedded_store: Store, embedded_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's clock is set by an hour while a process holds the lease: it lives, and nobody else gets it."""
    with actor("hold", embedded_settings) as owner:
        assert await asyncio.to_thread(hear, owner) == "held"
        # The moment at which the machine started follows the clock, and so do the times that psutil adds to it.
        started = psutil.boot_time()
        monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: started + hours * 3600)
        with pytest.raises(LeaseBusy):
            async with embedded_store.lease("work", wait=1):
                pass


async def test_an_owner_that_overslept_cannot_write(store: Store, store_settings: StoreSettings) -> None:
    """A process stopped for longer than its lease finds it lost, and its transaction is not committed."""
    with actor("sleepy", store_settings) as owner:
        assert await asyncio.to_thread(hear, owner) == "held"
        owner.send_signal(signal.SIGSTOP)
        async with store.lease("work", wait=10):
            owner.send_signal(signal.SIGCONT)
            cue(owner)
            assert await asyncio.to_thread(hear, owner) == "lost"

    assert await store.read_one("MATCH (s:Stage) RETURN count(s)") == [0]


async def test_a_lost_lease_stays_lost(store: Store) -> None:
    """Once another has taken it, every later use of the old lease is refused."""
    async with store.lease("work") as lease:
        await store.write("MATCH (l:Lease {name: 'work'}) SET l.token = l.token + 1, l.owner = 'x 1 gone y'")
        for _ in range(2):
            with pytest.raises(LeaseLost):
                await store.transaction(lease.hold)


async def test_work_under_the_lease_renews_it_and_does_not_collide_with_the_renewal(store: Store) -> None:
    """Many transactions that hold the lease, with renewals in between, all commit at their first attempt."""
    attempts = 0
    async with store.lease("work", ttl=0.4) as lease:

        async def work(transaction: Transaction) -> None:
            nonlocal attempts
            attempts += 1
            await lease.hold(transaction)
            await asyncio.sleep(0.15)
            await transaction.run("CREATE (:Stage {name: $name})", name=str(attempts))

        for _ in range(12):
            await store.transaction(work)

    assert attempts == 12

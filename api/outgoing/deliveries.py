"""Deliveries: every change, alert and segment event goes to each destination, at least once, in its order.

One process at a time delivers. What could not be handed over is tried again later; what was tried for three days is
dead, and waits for an operator.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from api.outgoing.destinations import Destination, SourceDestination
from api.outgoing.webhook import NotDelivered, Unanswered
from connectors.events import ConsentWithdrawn, Event
from graph.deliveries.consent import allowed, standing
from graph.deliveries.queue import LEASE, Waiting, Wish, due, fill, note_delivered, put_off
from graph.deliveries.segments import SegmentWatch
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import LeaseBusy, StoreError
from graph.store.lease import Lease

LOG = logging.getLogger("c360.deliveries")
EVERY_SECONDS = 5.0
SEGMENTS_SECONDS = 60.0
"""How often segments are looked at."""
CONFIRMED_AT_ONCE = 50
"""So many deliveries may come twice when the process is killed."""


@dataclass(slots=True)
class Delivered:
    """What a round did; `problems` says by destination why it stopped, or what could not be handed over."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    withheld: int = 0
    """Not told, because the customer has not consented."""
    problems: dict[str, str] | None = None


class Deliverer:
    """Delivers what the graph tells to each of the destinations, which it closes at its end."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        destinations: Sequence[Destination],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._rules = rules
        self._destinations = destinations
        self._clock = clock
        self._segments = SegmentWatch(store)
        self._looked_at = float("-inf")

    @property
    def names(self) -> list[str]:
        """The destinations, by name."""
        return [one.wish.name for one in self._destinations]

    async def keep(self, keeper: JourneyKeeper, every: float = EVERY_SECONDS) -> None:
        """Round after round until it is cancelled; whatever goes wrong is logged, and the next round comes."""
        while True:
            try:
                await self.round(keeper)
            except LeaseBusy:
                LOG.debug("another process delivers")
            except StoreError as error:
                LOG.warning("nothing is delivered now: %s", error)
            except Exception:  # whatever it is: deliveries must not end because of one round
                LOG.exception("a round of deliveries failed; the next one comes in %g s", every)
            await asyncio.sleep(every)

    async def round(self, keeper: JourneyKeeper) -> Delivered:
        """Keep what is new, and hand over what is due. Raises LeaseBusy when another process is at it."""
        done = Delivered(problems={})
        async with self._store.lease(LEASE, wait=0) as lease:
            for destination in self._destinations:
                await fill(self._store, lease, destination.wish, self._now())
            await self._look_at_segments(lease, keeper)
            for destination in self._destinations:
                await self._hand_over(lease, destination, done)
        return done

    async def close(self) -> None:
        """Close the destinations."""
        for destination in self._destinations:
            await destination.close()

    async def _look_at_segments(self, lease: Lease, keeper: JourneyKeeper) -> None:
        wishes = [one.wish for one in self._destinations if "segment" in one.wish.about]
        are_needed = bool(wishes) or any(isinstance(one, SourceDestination) for one in self._destinations)
        if not are_needed or not self._rules.segment or self._clock() < self._looked_at + SEGMENTS_SECONDS:
            return
        await self._segments.follow(lease, await keeper.current(), wishes, self._now())
        self._looked_at = self._clock()

    async def _hand_over(self, lease: Lease, destination: Destination, done: Delivered) -> None:
        """Until nothing is due any more, or nobody answers there."""
        while waiting := await due(self._store, destination.wish.name, self._now()):
            settled = _Settled(self._store, lease, destination.wish)
            try:
                for one in waiting:
                    if not await self._sent(lease, destination, one, settled, done):
                        return
            finally:
                await settled.note()

    async def _sent(
        self, lease: Lease, destination: Destination, one: Waiting, settled: _Settled, done: Delivered
    ) -> bool:
        """Whether the next one may be tried."""
        event = await self._may_be_told(destination.wish, one.event)
        if event is None:
            withheld = destination.wish.takes(one.event)
            done.withheld += withheld
            await settled.add(one, withheld=withheld)
            return True
        try:
            await destination.send(event, self._store)
        except NotDelivered as failure:
            dead = await put_off(self._store, lease, one, str(failure), self._now())
            done.failed += 1
            done.dead += dead
            assert done.problems is not None
            done.problems[destination.wish.name] = str(failure)
            LOG.warning("%s%s", failure, " It is not tried again: c360 deliveries list" if dead else "")
            return not isinstance(failure, Unanswered)
        done.delivered += 1
        await settled.add(one)
        return True

    async def _may_be_told(self, wish: Wish, event: Event) -> Event | None:
        """The event, or what stands for it now that consent was looked at; None for nothing."""
        customer = getattr(event, "customer_id", None)
        if wish.consent is None or customer is None:
            return event
        told = allowed(event, await standing(self._store, customer, wish.consent), wish.consent)
        return told if told is not event or wish.takes(event) or isinstance(event, ConsentWithdrawn) else None

    def _now(self) -> int:
        return int(self._clock() * 1000)


class _Settled:
    """What needs no more to be done for one destination, noted a few at a time."""

    def __init__(self, store: Store, lease: Lease, wish: Wish) -> None:
        self._store = store
        self._lease = lease
        self._wish = wish
        self._ids: list[str] = []
        self._withheld = 0

    async def add(self, one: Waiting, *, withheld: bool = False) -> None:
        self._ids.append(one.id)
        self._withheld += withheld
        if len(self._ids) >= CONFIRMED_AT_ONCE:
            await self.note()

    async def note(self) -> None:
        if self._ids:
            await note_delivered(self._store, self._lease, self._wish, self._ids, self._withheld)
        self._ids, self._withheld = [], 0

"""The queue: each destination has a place in the change log, and deliveries that wait until they are handed over.

A destination's place moves in the transaction that keeps what it is to be told, under the lease `deliver`: a kill
anywhere loses nothing and doubles nothing here. To the outside each is told at least once, with the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
import uuid_utils

from connectors.events import ConsentWithdrawn, CustomersReset, CustomerUpdated, Event, about
from graph.changes import last_seq, oldest_seq, read_changes
from graph.cypher import cypher
from graph.deliveries.consent import NeededConsent
from graph.deliveries.events import event_id, events_of
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease

LEASE = "deliver"
AT_ONCE = 500
WAITS_MINUTES = (1, 5, 15, 60, 180, 360, 720, 1440, 1440)
"""So long a delivery waits after each failure; it is dead after the one that follows: three days in all."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to be told, of what (words of `connectors.events.ABOUT`), and which consent that takes."""

    name: str
    about: frozenset[str]
    consent: NeededConsent | None = None

    def takes(self, event: Event) -> bool:
        return about(event) in self.about

    def keeps(self, event: Event) -> bool:
        """Also the end of its own consent, and changes of customers, where it may turn out to be withdrawn."""
        if isinstance(event, ConsentWithdrawn):
            return self.consent == NeededConsent(event.channel, event.purpose)
        return self.takes(event) or (self.consent is not None and isinstance(event, CustomerUpdated))


class Waiting(msgspec.Struct, frozen=True):
    """One delivery that is due."""

    id: str
    attempts: int
    event: Event


class Delivery(msgspec.Struct, frozen=True):
    """One delivery as an operator sees it; `status` is WAITING or DEAD."""

    id: str
    destination: str
    type: str
    status: str
    attempts: int
    next_at: datetime
    problem: str | None


async def fill(store: Store, lease: Lease, wish: Wish, now: int) -> int:
    """Keep what the change log tells since the destination's place; how many deliveries that are.

    A destination that is new is told what happens from now on.
    """
    row = await store.read_one(cypher("writes/read_destination"), name=wish.name)
    last = await last_seq(store)
    if row is None:
        await _move(store, lease, wish, (), last, now)
        return 0
    place, kept = int(row[0]), 0
    while place != last:
        entries = await read_changes(store, place) if place < last else []
        if entries:
            events = await events_of(store, entries)
            place = entries[-1].seq
        elif place > last or place + 1 < await oldest_seq(store):
            events = [CustomersReset(id=event_id(wish.name, place, last), at=datetime.fromtimestamp(now / 1000, UTC))]
            place = last
        else:
            return kept  # the next entry is about to be seen
        wanted = [event for event in events if wish.keeps(event)]
        await _move(store, lease, wish, wanted, place, now)
        kept += len(wanted)
    return kept


async def _move(store: Store, lease: Lease, wish: Wish, events: Sequence[Event], place: int, now: int) -> None:
    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await keep(tx, wish, events, now)
        await tx.run(cypher("writes/move_destination"), name=wish.name, seq=place)

    await store.transaction(work)


async def keep(tx: Transaction, wish: Wish, events: Sequence[Event], now: int) -> None:
    """Keep these deliveries, each once, in the order in which they come."""
    rows = [
        {
            "id": f"{wish.name}/{event.id}",
            "type": event.type,
            "turn": str(uuid_utils.uuid7()),
            "event": msgspec.json.encode(event).decode(),
        }
        for event in events
    ]
    for start in range(0, len(rows), AT_ONCE):
        await tx.run(
            cypher("writes/keep_deliveries"), destination=wish.name, rows=rows[start : start + AT_ONCE], now=now
        )


async def due(store: Store, destination: str, now: int) -> list[Waiting]:
    """Deliveries whose time has come, in their order, at most `AT_ONCE`."""
    rows = await store.read(cypher("writes/due_deliveries"), destination=destination, now=now, most=AT_ONCE)
    return [Waiting(id, attempts, msgspec.json.decode(event, type=Event)) for id, attempts, event in rows]


async def note_delivered(store: Store, lease: Lease, wish: Wish, ids: Sequence[str], withheld: int = 0) -> None:
    """They were handed over, or (`withheld` of them) must not be: there is nothing more to do."""

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/forget_deliveries"), ids=list(ids))
        if withheld:
            await tx.run(cypher("writes/count_withheld"), name=wish.name, withheld=withheld)

    await store.transaction(work)


async def put_off(store: Store, lease: Lease, one: Waiting, problem: str, now: int) -> bool:
    """It could not be handed over: it is tried again later, or is dead now; whether it is."""
    dead = one.attempts >= len(WAITS_MINUTES)
    wait = 0 if dead else WAITS_MINUTES[one.attempts] * 60_000

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(
            cypher("writes/put_off_delivery"),
            id=one.id,
            attempts=one.attempts + 1,
            status="DEAD" if dead else "WAITING",
            next_at=now + wait,
            problem=problem[:500],
        )

    await store.transaction(work)
    return dead


async def list_deliveries(store: Store, destination: str | None = None, limit: int = 100) -> list[Delivery]:
    """What waits and what is dead, the dead first, each in their order."""
    rows = await store.read(cypher("writes/list_deliveries"), destination=destination, most=limit)
    return [
        Delivery(id, to, kind, status, attempts, datetime.fromtimestamp(next_at / 1000, UTC), problem)
        for id, to, kind, status, attempts, next_at, problem in rows
    ]


class DestinationState(NamedTuple):
    """How many deliveries wait for a destination and are dead, and how many were ever withheld for want of consent."""

    name: str
    waiting: int
    dead: int
    withheld: int


async def count_deliveries(store: Store) -> list[DestinationState]:
    """How each destination stands, by name."""
    return [DestinationState(*row) for row in await store.read(cypher("writes/count_deliveries"))]


async def replay(store: Store, id: str | None, destination: str | None, now: int) -> int:
    """Try the dead again, as if for the first time: one, those of a destination, or all; how many."""
    row: list[int] = await store.transaction(
        lambda tx: tx.collected(cypher("writes/replay_deliveries"), id=id, destination=destination, now=now)
    )
    return len(row)


async def drop(store: Store, id: str | None, destination: str | None) -> int:
    """Never deliver one, or all that a destination is still to be told; how many."""
    found = await store.read(cypher("writes/named_deliveries"), id=id, destination=destination)
    ids = [id for (id,) in found]
    for start in range(0, len(ids), AT_ONCE):
        await store.write(cypher("writes/forget_deliveries"), ids=ids[start : start + AT_ONCE])
    return len(ids)

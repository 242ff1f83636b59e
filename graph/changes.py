"""The change log: what has changed, in the order in which it was written.

An entry is written in the transaction of what it tells, under the lease `link`: `seq` counts them without gaps. A
first load and a rebuild leave one RESET instead of everything. Entries are kept for a week.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from graph.cypher import cypher
from graph.store.driver import Store

ENTRIES_A_READ = 100
_RESET = "RESET"


class Merged(msgspec.Struct, frozen=True, array_like=True):
    """A customer and the ids that it answers for from now on."""

    customer: str
    former: list[str]


class Split(msgspec.Struct, frozen=True, array_like=True):
    """A new customer (or one that is back) and the customers that had its records."""

    customer: str
    parted_from: list[str]


class Recorded(msgspec.Struct, frozen=True, array_like=True):
    """A customer and the interactions that are new to the graph, in the order of their journey."""

    customer: str
    interactions: list[str]


class Lapsed(msgspec.Struct, frozen=True, array_like=True):
    """A customer and a consent that was granted, and of which no record says anything any more."""

    customer: str
    channel: str
    purpose: str


class AlertsOf(msgspec.Struct, frozen=True, array_like=True):
    """A customer, the alerts that were raised of them, and those that somebody did something about."""

    customer: str
    raised: list[str]
    handled: list[str] = []


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one batch changed; customers by their ids."""

    created: list[str] = msgspec.field(default_factory=list, name="customers_created")
    updated: list[str] = msgspec.field(default_factory=list, name="customers_updated")
    merged: list[Merged] = []
    split: list[Split] = []
    recorded: list[Recorded] = []
    alerts: list[AlertsOf] = []
    lapsed: list[Lapsed] = []

    def touched(self) -> list[str]:
        """The customers of whom it tells anything, some of them perhaps twice."""
        return [
            *self.created,
            *self.updated,
            *(id for merged in self.merged for id in (merged.customer, *merged.former)),
            *(id for split in self.split for id in (split.customer, *split.parted_from)),
            *(recorded.customer for recorded in self.recorded),
            *(alerts.customer for alerts in self.alerts),
        ]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log; `at` is epoch milliseconds; without a change everything was made anew."""

    seq: int
    at: int
    change: Change | None


async def last_seq(store: Store) -> int:
    """The number of the last entry; 0 when there has been none."""
    row = await store.read_one(cypher("writes/last_change"))
    return 0 if row is None else int(row[0])


async def oldest_seq(store: Store) -> int:
    """The number of the oldest entry that is kept; one more than the last when none is."""
    row = await store.read_one(cypher("writes/oldest_change"))
    return await last_seq(store) + 1 if row is None or row[0] is None else int(row[0])


async def read_changes(store: Store, after: int) -> list[Entry]:
    """The entries that follow `after`, at most `ENTRIES_A_READ`, in their order.

    Empty also where the next one is no longer kept. A scan may meet an entry that was committed during it and miss the
    one before: what follows a gap is left for the next read.
    """
    rows = await store.read(cypher("writes/read_changes"), after=after, until=after + ENTRIES_A_READ)
    entries: list[Entry] = []
    for seq, at, batch in rows:
        if seq != after + len(entries) + 1:
            break
        entries.append(Entry(seq, at, None if batch == _RESET else msgspec.json.decode(batch, type=Change)))
    return entries

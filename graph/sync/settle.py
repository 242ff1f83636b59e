"""Settle: write which records describe which customer or account, with the ids they keep and those they give up."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from graph.cypher import cypher
from graph.linkage.ties import Join
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.abreast import abreast
from graph.sync.accounts import Signs
from graph.sync.identities import Assignment, Plan
from graph.sync.progress import Progress, Silence
from graph.sync.rows import Row

_CUSTOMERS_A_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Settling:
    """What is to be written: the groups of a plan that something touched, and why each record is where it is."""

    of: Literal["customer", "account"]
    groups: Sequence[Sequence[Assignment]]
    former: Mapping[str, Sequence[str]]
    """id → the ids that are given up, for which it answers from now on"""
    follow: Mapping[str, Sequence[str]]
    """id → the ids given up long ago that answer by it from now on"""
    joins: Mapping[str, Join] = field(default_factory=dict)
    """record → what ties it to its customer"""
    signs: Mapping[str, Signs] = field(default_factory=dict)
    """account record → what it shows from now on"""

    @property
    def changed(self) -> int:
        return sum(assignment.changed for group in self.groups for assignment in group)


def settling(
    plan: Plan,
    of: Literal["customer", "account"],
    touched: Collection[str],
    *,
    joins: Mapping[str, Join] | None = None,
    signs: Mapping[str, Signs] | None = None,
) -> Settling:
    """What of a plan must be written: groups that changed, or of which a record was touched."""
    groups = [
        group
        for group in plan.groups
        if any(assignment.changed or any(record in touched for record in assignment.records) for assignment in group)
    ]
    return Settling(of, groups, _by_heir(plan.retired), _by_heir(plan.moved), joins or {}, signs or {})


async def settle(store: Store, lease: Lease, work: Settling, progress: Progress | None = None) -> None:
    """Write in batches, whole groups together, so that a kill leaves every record with one customer."""
    progress = progress or Silence()
    progress.phase(f"write {work.of}s", sum(len(group) for group in work.groups))

    async def write(batch: Sequence[Assignment]) -> None:
        async def in_transaction(tx: Transaction) -> None:
            await settle_batch(tx, work, batch)
            await lease.hold(tx)  # last, so that two batches at a time wait for each other only here

        await store.transaction(in_transaction)
        progress.advance(f"write {work.of}s", len(batch))

    await abreast(store, _in_batches(work.groups), write)


async def settle_batch(
    tx: Transaction, work: Settling, batch: Sequence[Assignment], *, known: bool = False
) -> int | None:
    """Write whole groups in a transaction that holds the lease `link`; gives the link state that it drew.

    Every transaction that takes the mark `pending` from a person's record draws a new link state, by which a cache
    of linked records knows that it missed something; it is given back. Not so when the records are `known`: they
    say what they said when they were linked, and wait only because of a decision, which the cache catches up with.
    """
    of, now = work.of, time.time_ns() // 1_000_000
    draws_state = of == "customer" and not known and await _any_pending(tx, batch)
    settled = [assignment for assignment in batch if not assignment.is_new]
    if settled or any(work.former.get(assignment.id) for assignment in batch):
        belongs = [{"record": record, "id": assignment.id} for assignment in batch for record in assignment.records]
        if of == "account":
            await tx.run(cypher("writes/mark_employees_stale"), rows=belongs)
        moved = [key for (key,) in await tx.run(cypher(f"writes/undescribe_{of}s"), rows=belongs)]
        if of == "customer" and moved:
            await tx.run(cypher("writes/detach_interactions"), records=moved)
        await tx.run(cypher("writes/end_identities"), ids=_ids([a for a in settled if a.changed]), now=now)
        await tx.run(cypher(f"writes/keep_{of}s"), ids=_ids(settled))
    new = [assignment for assignment in batch if assignment.is_new]
    if new:
        await tx.run(cypher("writes/restore_ids"), ids=_ids([a for a in new if a.is_restored]))
        await tx.run(cypher(f"writes/create_{of}s"), ids=_ids(new))
        if parted := [{"id": a.id, "parted_from": list(a.parted_from)} for a in new if a.parted_from]:
            await _note(tx, work, "writes/note_splits", parted)
    await tx.run(cypher(f"writes/describe_{of}s"), rows=[row for a in batch for row in _descriptions(work, a)])
    if of == "account":
        described = [record for a in batch if a.changed for record in a.records]
        await tx.run(cypher("writes/mark_awaiting_stale"), keys=described)
    await tx.run(cypher("writes/begin_identities"), rows=[_identity(work, a) for a in batch if a.changed], now=now)
    retired = [{"former": old, "now": a.id} for a in batch for old in work.former.get(a.id, ())]
    if retired:
        await tx.run(cypher("writes/end_identities"), ids=[row["former"] for row in retired], now=now)
        await tx.run(cypher(f"writes/inherit_{of}s"), rows=retired)
        await tx.run(cypher(f"writes/retire_{of}s"), rows=retired, now=now)
        await _note(tx, work, "writes/note_merges", retired)
        await tx.run(cypher(f"writes/loosen_{of}_words"), ids=[row["former"] for row in retired])
        await tx.run(cypher(f"writes/remove_{of}s"), ids=[row["former"] for row in retired])
    if follow := [{"former": old, "now": a.id} for a in batch for old in work.follow.get(a.id, ())]:
        await tx.run(cypher(f"writes/follow_{of}s"), rows=follow)
    return await _new_link_state(tx) if draws_state else None


async def _note(tx: Transaction, work: Settling, query: str, rows: Sequence[Row]) -> None:
    """What the change log will tell of customers when they are derived."""
    if work.of == "customer":
        await tx.run(cypher(query), rows=rows)


async def restore_former_ids(store: Store, lease: Lease, of: Literal["customer", "account"]) -> None:
    """After a rebuild: former ids point to what they stand for again."""

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher(f"writes/restore_former_{of}s"))

    await store.transaction(work)


def _by_heir(heirs: Mapping[str, str]) -> dict[str, list[str]]:
    former: dict[str, list[str]] = defaultdict(list)
    for old, now in heirs.items():
        former[now].append(old)
    return former


async def _any_pending(tx: Transaction, batch: Sequence[Assignment]) -> bool:
    keys = [record for assignment in batch for record in assignment.records]
    return bool(await tx.run(cypher("writes/any_pending"), keys=keys))


async def _new_link_state(tx: Transaction) -> int:
    """Drawn after all else: its node is locked until the transaction ends, and other batches want it, too."""
    rows = await tx.run(cypher("writes/draw_link_state"), state=secrets.randbits(62))
    state: int = rows[0][0]
    return state


def _descriptions(work: Settling, assignment: Assignment) -> Iterable[Row]:
    for record in assignment.records:
        join = work.joins.get(record)
        row: Row = {
            "record": record,
            "id": assignment.id,
            "weight": None if join is None else round(join.bits, 2),
            "rule": _rule(record, join),
            "evidence": None if join is None else msgspec.json.encode(join).decode(),
        }
        yield row | work.signs[record]._asdict() if work.of == "account" else row


def _rule(record: str, join: Join | None) -> str:
    if join is not None:
        return join.rule
    return "identifier" if record.split("/", 2)[1] == "mention" else "first record"


def _identity(work: Settling, assignment: Assignment) -> Row:
    evidence = [
        {"record": record, "other": work.joins[record].other_id, "bits": round(work.joins[record].bits, 2)}
        for record in assignment.records
        if record in work.joins
    ]
    return {
        "id": assignment.id,
        "of": work.of,
        "records": list(assignment.records),
        "evidence": msgspec.json.encode(evidence).decode() if evidence else None,
    }


def _ids(assignments: Iterable[Assignment]) -> list[str]:
    return [assignment.id for assignment in assignments]


def _in_batches(groups: Sequence[Sequence[Assignment]]) -> Iterable[list[Assignment]]:
    batch: list[Assignment] = []
    for group in groups:
        batch.extend(group)
        if len(batch) >= _CUSTOMERS_A_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch

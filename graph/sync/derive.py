"""Derive: what follows from the facts about stale customers and accounts, a batch in one transaction.

A journey is changed by difference: relationships that still hold are left alone, so that a sync which brings one
new interaction writes one NEXT, not a thousand.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.records import Account, Consent, Person, decode
from graph.changes import Change, Merged, Recorded, Split
from graph.customer.consent import effective_consents
from graph.customer.events import Event
from graph.customer.golden import account_row, customer_row
from graph.customer.journey import Journey, JourneyMaker
from graph.customer.pins import Pin
from graph.customer.survivorship import TrustedRecord, golden_record
from graph.customer.touchpoints import Touchpoint
from graph.cypher import cypher
from graph.rules import Rules
from graph.search.upkeep import FoundBy, WordKeeper, forget_words, words_of_account, words_of_customer
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.pins import read_pins
from graph.sync.progress import Progress
from graph.sync.reviews import stake_some
from graph.sync.rows import Row

CUSTOMERS_A_BATCH = 500
_ROWS_A_QUERY = 10_000


@dataclass(slots=True)
class Derived:
    """What the derive step did."""

    customers: int = 0
    accounts: int = 0
    interactions: int = 0
    relationships_made: int = 0
    relationships_dropped: int = 0
    seconds: float = 0.0


async def derive_stale(
    store: Store, lease: Lease, rules: Rules, progress: Progress, *, log_changes: bool = True
) -> Derived:
    """Bring every stale customer and account up to date. Killed anywhere, the next call goes on."""
    started = time.monotonic()
    derived = Derived()
    trust = {row[0]: row[1] for row in await store.read(cypher("writes/read_trust"))}
    accounts = await _ids(store, "writes/stale_accounts")
    words = WordKeeper(store)
    for start in range(0, len(accounts), CUSTOMERS_A_BATCH):
        batch = accounts[start : start + CUSTOMERS_A_BATCH]
        await store.transaction(lambda tx, batch=batch: _derive_accounts(tx, lease, batch, trust, words))  # type: ignore[misc]
        derived.accounts += len(batch)
    customers = await _ids(store, "writes/stale_customers")
    pins = await read_pins(store)
    progress.phase("derive customers", len(customers))
    maker = JourneyMaker(rules)
    await _prepare_stages(store, lease, maker)
    names = _NamedTouchpoints(store)
    batches = iter(
        [customers[start : start + CUSTOMERS_A_BATCH] for start in range(0, len(customers), CUSTOMERS_A_BATCH)]
    )

    async def one_after_another() -> None:
        for batch in batches:
            done = await store.transaction(
                lambda tx, batch=batch: _derive_customers(
                    tx, lease, batch, trust, pins, rules, maker, names, words, log_changes
                )  # type: ignore[misc]
            )
            derived.customers += len(batch)
            derived.interactions += done.interactions
            derived.relationships_made += done.made
            derived.relationships_dropped += done.dropped
            progress.advance("derive customers", len(batch))

    # While one batch waits for the store another is thought about.
    await asyncio.gather(*(one_after_another() for _ in range(store.writers)))
    if log_changes and customers:
        await _forget_touchpoints(store, lease)
    await _forget_words(store, lease)
    derived.seconds = time.monotonic() - started
    return derived


@dataclass(slots=True)
class _Done:
    interactions: int = 0
    made: int = 0
    dropped: int = 0


@dataclass(slots=True)
class _Facts:
    """All that is known of the customers of a batch, by customer id."""

    records: dict[str, list[TrustedRecord]] = field(default_factory=lambda: defaultdict(list))
    mentions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    consents: dict[str, list[tuple[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    accounts: dict[str, str] = field(default_factory=dict)
    is_new: set[str] = field(default_factory=set)
    absorbed: dict[str, list[str]] = field(default_factory=dict)
    """The former ids that a customer answers for since it was derived last."""
    parted_from: dict[str, list[str]] = field(default_factory=dict)
    """The customers that a new one came out of."""


async def _derive_customers(
    tx: Transaction,
    lease: Lease,
    ids: Sequence[str],
    trust: dict[str, float],
    pins: Mapping[str, Sequence[Pin]],
    rules: Rules,
    maker: JourneyMaker,
    names: _NamedTouchpoints,
    words: WordKeeper,
    log_changes: bool,
) -> _Done:
    # Clearing the mark first locks the customers: what lands meanwhile waits, and marks them again.
    facts = _Facts()
    for id, known, absorbed, parted_from in await tx.collected(cypher("writes/begin_customers"), ids=ids):
        if not known:
            facts.is_new.add(id)
        if absorbed:
            facts.absorbed[id] = absorbed
        if parted_from:
            facts.parted_from[id] = parted_from
    await _read_records(tx, ids, trust, facts)
    await _read_events(tx, facts)
    rows: list[Row] = []
    found_by: dict[str, FoundBy] = {}
    journeys: dict[str, Journey] = {}
    for id in ids:
        if not facts.records[id] and not facts.mentions[id]:
            continue  # every record has left it meanwhile; the link step retires it
        journey = maker.journey(facts.events[id])
        journeys[id] = journey
        keys = [record.key for record in facts.records[id]] + facts.mentions[id]
        pinned = [pin for key in keys for pin in pins.get(key, ())]
        golden = golden_record(facts.records[id], rules.survivorship, pinned)
        rows.append(
            customer_row(
                id,
                golden,
                journey,
                effective_consents(facts.consents[id]),
                records=keys,
                people=facts.records[id],
                lifecycle=maker.lifecycle,
            )
        )
        found_by[id] = words_of_customer({**rows[-1]["properties"], "full_name": golden.values.get("full_name")})
    await tx.run(cypher("writes/write_customers"), rows=rows)
    await stake_some(tx, ids)
    await _write_employment(tx, facts, journeys)
    done = await _write_journeys(tx, journeys, facts.is_new, names)
    done.interactions = sum(len(journey.events) for journey in journeys.values())
    recorded = {
        id: fresh
        for id, journey in journeys.items()
        if (fresh := [event.id for event in journey.events if event.is_fresh])
    }
    for batch in _batches([event for events in recorded.values() for event in events]):
        await tx.run(cypher("writes/note_recorded"), ids=batch)
    await words.keep(tx, "customer", found_by, new=facts.is_new)
    await lease.hold(tx)  # last, so that two batches at a time wait for each other only here
    if log_changes:
        await tx.run(cypher("writes/log_change"), now=_now(), batch=_change(rows, facts, recorded))
    return done


async def _read_records(tx: Transaction, ids: Sequence[str], trust: dict[str, float], facts: _Facts) -> None:
    owner: dict[str, str] = {}
    account_keys: dict[str, str] = {}
    for id, records in await tx.collected(cypher("writes/read_records"), ids=ids):
        for key, kind, source, body, phones in sorted(records, key=lambda record: str(record[0])):
            owner[key] = id
            if kind == "mention":
                facts.mentions[id].append(key)
                continue
            person = decode(body)
            if isinstance(person, Person):
                facts.records[id].append(TrustedRecord(key, person, trust.get(source, 0.5), tuple(phones or ())))
                facts.consents[id].extend((key, statement) for statement in person.consents)
                if person.account_id is not None:
                    account_keys.setdefault(id, person.account_id)
    for batch in _batches(sorted(owner)):
        for person_key, key, body in await tx.collected(cypher("writes/read_consents"), keys=batch):
            consent = decode(body)
            if isinstance(consent, Consent):
                facts.consents[owner[person_key]].append((key, consent.statement))
    found = await tx.collected(cypher("writes/find_accounts"), keys=sorted({*account_keys.values()}))
    accounts = dict(found)
    facts.accounts = {id: accounts[key] for id, key in account_keys.items() if key in accounts}


async def _read_events(tx: Transaction, facts: _Facts) -> None:
    owner = {record.key: id for id, records in facts.records.items() for record in records}
    owner |= {key: id for id, keys in facts.mentions.items() for key in keys}
    for batch in _batches(sorted(owner)):
        rows = await tx.collected(cypher("writes/read_events"), keys=batch)
        for event in msgspec.convert(rows, list[Event], strict=False):
            facts.events[owner[event.record]].append(event)


async def _write_employment(tx: Transaction, facts: _Facts, journeys: dict[str, Journey]) -> None:
    employed = [{"customer": id, "account": facts.accounts[id]} for id in journeys if id in facts.accounts]
    await tx.run(cypher("writes/drop_employment"), ids=[id for id in journeys if id not in facts.is_new])
    await tx.run(cypher("writes/employ"), rows=employed)


async def _write_journeys(
    tx: Transaction, journeys: dict[str, Journey], is_new: set[str], names: _NamedTouchpoints
) -> _Done:
    settled = [id for id in journeys if id not in is_new]
    before = await _read_edges(tx, settled) if settled else {}
    wanted = _edges(journeys)
    done = _Done()
    await names.write(touchpoint for journey in journeys.values() for touchpoint in journey.touchpoints)
    for kind in _EDGE_KINDS:
        old, new = before.get(kind, set()), wanted[kind]
        gone, made = sorted(old - new, key=_ends), sorted(new - old, key=_ends)
        done.dropped += len(gone)
        done.made += len(made)
        for batch in _batches(gone):
            await tx.run(cypher(f"writes/drop_{kind}"), rows=[list(edge[:3]) for edge in batch])
        for batch in _batches(made):
            await tx.run(cypher(f"writes/make_{kind}"), rows=[list(edge) for edge in batch])
    return done


class _NamedTouchpoints:
    """Touchpoints that this run has written: each once, in a transaction of its own, since all batches share them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: set[str] = set()

    async def write(self, touchpoints: Iterable[Touchpoint]) -> None:
        new = {touchpoint.key: touchpoint for touchpoint in touchpoints if touchpoint.key not in self._written}
        if new:
            rows = [msgspec.to_builtins(new[key]) for key in sorted(new)]
            await self._store.write(cypher("writes/name_touchpoints"), rows=rows)
            self._written.update(new)


Edge = tuple[Any, ...]
"""(from, to, …properties) with what tells two relationships of one kind and pair apart in third place."""

_EDGE_KINDS = ("experienced", "next", "next_in_matter", "handoff", "about", "first", "last", "reached")


def _edges(journeys: dict[str, Journey]) -> dict[str, set[Edge]]:
    """Every relationship of the batch's journeys; times are epoch milliseconds."""
    edges: dict[str, set[Edge]] = {kind: set() for kind in _EDGE_KINDS}
    for id, journey in journeys.items():
        events = journey.events
        edges["experienced"].update(
            (id, event.id, stage, touchpoint.key)
            for event, stage, touchpoint in zip(events, journey.stage_at, journey.touchpoints, strict=True)
        )
        edges["next"].update(journey.next)
        edges["next_in_matter"].update((a, b, matter, gap) for a, b, gap, matter in journey.next_in_matter)
        edges["handoff"].update(
            (
                h.source,
                h.target,
                h.matter,
                h.at,
                h.from_team,
                h.to_team,
                h.from_function,
                h.to_function,
                h.wait_seconds,
                h.business_wait_seconds,
            )
            for h in journey.handoffs
        )
        edges["about"].update(journey.abouts)
        if events:
            edges["first"].add((id, events[0].id, ""))
            edges["last"].add((id, events[-1].id, ""))
        edges["reached"].update(
            (id, t.stage, t.ordinal, t.at, t.left_at, t.cause, t.from_stage, t.regression) for t in journey.transitions
        )
    return edges


def _ends(edge: Edge) -> tuple[str, str]:
    """Relationships are written in the order of the nodes they join, so that locks are taken in one order."""
    return edge[0], edge[1]


async def _read_edges(tx: Transaction, ids: Sequence[str]) -> dict[str, set[Edge]]:
    return {
        kind: {tuple(row) for row in await tx.collected(cypher(f"writes/read_{kind}"), ids=ids)} for kind in _EDGE_KINDS
    }


async def _derive_accounts(
    tx: Transaction, lease: Lease, ids: Sequence[str], trust: dict[str, float], words: WordKeeper
) -> None:
    await lease.hold(tx)
    await tx.run(cypher("writes/begin_accounts"), ids=ids)
    rows = []
    parents = []
    events: dict[str, str] = {}
    for id, records in await tx.collected(cypher("writes/read_account_records"), ids=ids):
        accounts = []
        for key, source, body in sorted(records, key=lambda record: str(record[0])):
            account = decode(body)
            if isinstance(account, Account):
                accounts.append((key, account, trust.get(source, 0.5)))
                events[key] = id
                if account.parent_id is not None:
                    parents.append({"account": id, "parent": account.parent_id})
        if accounts:
            rows.append(account_row(id, accounts))
    await tx.run(cypher("writes/write_accounts"), rows=rows)
    await words.keep(tx, "account", {row["id"]: words_of_account(row["properties"]) for row in rows})
    await tx.run(cypher("writes/adopt_accounts"), rows=parents)
    for batch in _batches(sorted(events)):
        await tx.run(
            cypher("writes/experience_accounts"), rows=[{"record": key, "account": events[key]} for key in batch]
        )


async def _prepare_stages(store: Store, lease: Lease, maker: JourneyMaker) -> None:
    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        rows = [{"name": name, "rank": rank} for rank, name in enumerate(maker.lifecycle.names)]
        await tx.run(cypher("writes/name_stages"), rows=rows)

    await store.transaction(work)


async def _forget_touchpoints(store: Store, lease: Lease) -> None:
    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/forget_touchpoints"))

    await store.transaction(work)


async def _forget_words(store: Store, lease: Lease) -> None:
    async def work(tx: Transaction) -> bool:
        await lease.hold(tx)
        return await forget_words(tx)

    while await store.transaction(work):
        pass


def _change(rows: Sequence[Row], facts: _Facts, recorded: Mapping[str, list[str]]) -> str:
    ids = [row["id"] for row in rows]
    change = Change(
        created=[id for id in ids if id in facts.is_new],
        updated=[id for id in ids if id not in facts.is_new],
        merged=[Merged(id, facts.absorbed[id]) for id in ids if id in facts.absorbed],
        split=[Split(id, facts.parted_from[id]) for id in ids if id in facts.parted_from],
        recorded=[Recorded(id, recorded[id]) for id in ids if id in recorded],
    )
    return msgspec.json.encode(change).decode()


async def _ids(store: Store, query: str) -> list[str]:
    ids: list[str] = (await store.read(cypher(query)))[0][0]
    return ids


def _batches(rows: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(rows[start : start + _ROWS_A_QUERY]) for start in range(0, len(rows), _ROWS_A_QUERY))


def _now() -> int:
    return time.time_ns() // 1_000_000

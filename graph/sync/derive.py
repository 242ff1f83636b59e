"""Derive: what follows from the facts about stale customers and accounts, a batch in one transaction.

A journey is changed by difference: relationships that still hold are left alone, so that a sync which brings one
new interaction writes one NEXT, not a thousand.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from functools import partial
from typing import Any

import msgspec

from connectors.records import Account, Consent, Person, decode
from graph.changes import Change, Lapsed, Merged, Recorded, Split
from graph.customer.consent import effective_consents, lapsed, statements_of
from graph.customer.events import Event
from graph.customer.golden import account_row, customer_row
from graph.customer.journey import Journey, JourneyMaker
from graph.customer.pins import Pin
from graph.customer.survivorship import GoldenRecord, TrustedRecord, golden_record
from graph.cypher import cypher
from graph.rules import Rules
from graph.search.upkeep import FoundBy, WordKeeper, forget_words, words_of_account, words_of_customer
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.abreast import abreast
from graph.sync.journeys import NamedTouchpoints, Places, Written, write_journeys
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

    def after(self, earlier: Derived) -> Derived:
        """Both together, as one."""
        return Derived(*(a + b for a, b in zip(astuple(earlier), astuple(self), strict=True)))


async def derive_stale(
    store: Store, lease: Lease, rules: Rules, progress: Progress, *, log_changes: bool = True
) -> Derived:
    """Bring every stale customer and account up to date. Killed anywhere, the next call goes on."""
    started = time.monotonic()
    derived = Derived()
    accounts = await _ids(store, "writes/stale_accounts")
    run = await _begin(store, lease, rules, log_changes=log_changes)
    for batch in _batches(accounts, CUSTOMERS_A_BATCH):
        await store.transaction(partial(_derive_accounts, run, ids=batch))
        derived.accounts += len(batch)
    customers = await _ids(store, "writes/stale_customers")
    progress.phase("derive customers", len(customers))

    async def some_customers(batch: Sequence[str]) -> None:
        done = await store.transaction(partial(_derive_customers, run, ids=batch))
        derived.customers += len(batch)
        derived.interactions += done.interactions
        derived.relationships_made += done.written.made
        derived.relationships_dropped += done.written.dropped
        progress.advance("derive customers", len(batch))

    await abreast(store, _batches(customers, CUSTOMERS_A_BATCH), some_customers)
    if log_changes and customers:
        await _forget_touchpoints(store, lease)
    await _forget_words(store, lease)
    derived.seconds = time.monotonic() - started
    return derived


@dataclass(frozen=True, slots=True)
class _Run:
    """What all batches of one run go by."""

    lease: Lease
    trust: Mapping[str, float]
    """How far each source is trusted, by its name."""
    pins: Mapping[str, Sequence[Pin]]
    rules: Rules
    maker: JourneyMaker
    names: NamedTouchpoints
    words: WordKeeper
    log_changes: bool


async def _begin(store: Store, lease: Lease, rules: Rules, *, log_changes: bool) -> _Run:
    run = _Run(
        lease,
        trust={row[0]: row[1] for row in await store.read(cypher("writes/read_trust"))},
        pins=await read_pins(store),
        rules=rules,
        maker=JourneyMaker(rules),
        names=NamedTouchpoints(store),
        words=WordKeeper(store),
        log_changes=log_changes,
    )
    await _prepare_stages(store, lease, run.maker)
    return run


@dataclass(frozen=True, slots=True)
class _Done:
    interactions: int
    written: Written


@dataclass(slots=True)
class _Facts:
    """All that is known of the customers of a batch, by customer id."""

    records: dict[str, list[TrustedRecord]] = field(default_factory=lambda: defaultdict(list))
    mentions: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    consents: dict[str, list[tuple[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    accounts: dict[str, str] = field(default_factory=dict)
    awaited: dict[str, str] = field(default_factory=dict)
    """The account record that a customer belongs to, where the graph does not know whom it describes."""
    is_new: set[str] = field(default_factory=set)
    absorbed: dict[str, list[str]] = field(default_factory=dict)
    """The former ids that a customer answers for since it was derived last."""
    parted_from: dict[str, list[str]] = field(default_factory=dict)
    """The customers that a new one came out of."""
    consented: dict[str, str] = field(default_factory=dict)
    """The consents that a customer had until now, as JSON."""
    places: Places = field(default_factory=Places)


async def _derive_customers(run: _Run, tx: Transaction, ids: Sequence[str]) -> _Done:
    facts = await _read_facts(tx, ids, run.trust)
    rows: list[Row] = []
    found_by: dict[str, FoundBy] = {}
    journeys: dict[str, Journey] = {}
    for id in ids:
        if not facts.records[id] and not facts.mentions[id]:
            continue  # every record has left it meanwhile; the link step retires it
        journeys[id] = run.maker.journey(facts.events[id])
        row, golden = _golden(run, id, facts, journeys[id])
        row["properties"]["awaited_account"] = facts.awaited.get(id)
        rows.append(row)
        found_by[id] = words_of_customer({**row["properties"], "full_name": golden.values.get("full_name")})
    await tx.run(cypher("writes/write_customers"), rows=rows)
    await stake_some(tx, ids)
    await _write_employment(tx, facts, journeys)
    written = await write_journeys(tx, journeys, facts.is_new, facts.places, run.names)
    recorded = await _note_recorded(tx, journeys)
    await run.words.keep(tx, "customer", found_by, new=facts.is_new)
    await run.lease.hold(tx)  # last, so that two batches at a time wait for each other only here
    if run.log_changes:
        await tx.run(cypher("writes/log_change"), now=_now(), batch=_change(rows, facts, recorded))
    return _Done(sum(len(journey.events) for journey in journeys.values()), written)


async def _read_facts(tx: Transaction, ids: Sequence[str], trust: Mapping[str, float]) -> _Facts:
    # Clearing the mark first locks the customers: what lands meanwhile waits, and marks them again.
    facts = _Facts()
    begun = await tx.collected(cypher("writes/begin_customers"), ids=ids)
    for id, known, absorbed, parted_from, element, consented in begun:
        facts.places.customers[id] = element
        if not known:
            facts.is_new.add(id)
        if absorbed:
            facts.absorbed[id] = absorbed
        if parted_from:
            facts.parted_from[id] = parted_from
        if consented:
            facts.consented[id] = consented
    await _read_records(tx, ids, trust, facts)
    await _read_events(tx, facts)
    return facts


async def _read_records(tx: Transaction, ids: Sequence[str], trust: Mapping[str, float], facts: _Facts) -> None:
    owner: dict[str, str] = {}
    account_keys: dict[str, str] = {}
    for id, records in await tx.collected(cypher("writes/read_records"), ids=ids):
        for key, kind, source, body, phones, deleted in sorted(records, key=lambda record: str(record[0])):
            owner[key] = id
            if kind == "mention":
                facts.mentions[id].append(key)
                continue
            person = decode(body)
            if isinstance(person, Person):
                facts.records[id].append(TrustedRecord(key, person, trust.get(source, 0.5), tuple(phones or ())))
                facts.consents[id].extend((key, statement) for statement in statements_of(person, deleted=deleted))
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
    facts.awaited = {id: key for id, key in account_keys.items() if key not in accounts}


async def _read_events(tx: Transaction, facts: _Facts) -> None:
    owner = {record.key: id for id, records in facts.records.items() for record in records}
    owner |= {key: id for id, keys in facts.mentions.items() for key in keys}
    for batch in _batches(sorted(owner)):
        rows = await tx.collected(cypher("writes/read_events"), keys=batch)
        for event in msgspec.convert(rows, list[Event], strict=False):
            facts.events[owner[event.record]].append(event)
            facts.places.interactions[event.id] = event.element


def _golden(run: _Run, id: str, facts: _Facts, journey: Journey) -> tuple[Row, GoldenRecord]:
    """The golden record of a customer, as a row to write and as it was made."""
    keys = [record.key for record in facts.records[id]] + facts.mentions[id]
    pinned = [pin for key in keys for pin in run.pins.get(key, ())]
    golden = golden_record(facts.records[id], run.rules.survivorship, pinned)
    row = customer_row(
        id,
        golden,
        journey,
        effective_consents(facts.consents[id]),
        records=keys,
        people=facts.records[id],
        lifecycle=run.maker.lifecycle,
    )
    return row, golden


async def _write_employment(tx: Transaction, facts: _Facts, journeys: dict[str, Journey]) -> None:
    employed = [{"customer": id, "account": facts.accounts[id]} for id in journeys if id in facts.accounts]
    await tx.run(cypher("writes/drop_employment"), ids=[id for id in journeys if id not in facts.is_new])
    await tx.run(cypher("writes/employ"), rows=employed)


async def _note_recorded(tx: Transaction, journeys: Mapping[str, Journey]) -> dict[str, list[str]]:
    """The interactions that are new to the graph, by customer; from now on they are not."""
    recorded = {
        id: fresh
        for id, journey in journeys.items()
        if (fresh := [event.id for event in journey.events if event.is_fresh])
    }
    for batch in _batches([event for events in recorded.values() for event in events]):
        await tx.run(cypher("writes/note_recorded"), ids=batch)
    return recorded


async def _derive_accounts(run: _Run, tx: Transaction, ids: Sequence[str]) -> None:
    await run.lease.hold(tx)
    await tx.run(cypher("writes/begin_accounts"), ids=ids)
    rows = []
    parents = []
    events: dict[str, str] = {}
    for id, records in await tx.collected(cypher("writes/read_account_records"), ids=ids):
        accounts = []
        for key, source, body in sorted(records, key=lambda record: str(record[0])):
            account = decode(body)
            if isinstance(account, Account):
                accounts.append((key, account, run.trust.get(source, 0.5)))
                events[key] = id
                if account.parent_id is not None:
                    parents.append({"account": id, "parent": account.parent_id})
        if accounts:
            rows.append(account_row(id, accounts))
    await tx.run(cypher("writes/write_accounts"), rows=rows)
    await run.words.keep(tx, "account", {row["id"]: words_of_account(row["properties"]) for row in rows})
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
        lapsed=[Lapsed(row["id"], *place) for row in rows for place in _lapsed(row, facts)],
    )
    return msgspec.json.encode(change).decode()


def _lapsed(row: Row, facts: _Facts) -> list[tuple[str, str]]:
    before, after = facts.consented.get(row["id"]), row["properties"]["consents"]
    if before is None or before == after:
        return []
    return lapsed(msgspec.json.decode(before), msgspec.json.decode(after) if after else ())


async def _ids(store: Store, query: str) -> list[str]:
    ids: list[str] = (await store.read(cypher(query)))[0][0]
    return ids


def _batches(rows: Sequence[Any], size: int = _ROWS_A_QUERY) -> Iterable[list[Any]]:
    return (list(rows[start : start + size]) for start in range(0, len(rows), size))


def _now() -> int:
    return time.time_ns() // 1_000_000

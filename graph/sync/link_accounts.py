"""Link accounts: decide which account records are one company, and give each account the id it keeps.

A few changes are linked without reading all accounts. Each record that waits for nothing shows what it showed when it
was linked: its name in its country and its own domain. Who may be together with a record that changed, or was until
now, is found by what both showed and show, by what their source has merged and by the accounts they describe, until
nobody new comes. What is written for them is what linking all accounts would write, in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.records import Account, decode
from graph.cypher import cypher
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.accounts import Signs, account_clusters, signs_of, signs_version, survivor_of
from graph.sync.identities import Past, assign, parted_ids, read_identities, read_past
from graph.sync.settle import restore_former_ids, settle, settle_batch, settling

_AT_MOST = 10_000
"""More records than these are linked together with all: one transaction would grow too large."""
_ROWS_A_QUERY = 5_000


@dataclass(frozen=True, slots=True)
class LinkedAccounts:
    """What linking accounts did: records that were read, accounts that were planned, and those that changed."""

    records: int
    accounts: int
    changed: int


@dataclass(slots=True)
class _Around:
    """Account records that hang together with those that wait, and all their companions."""

    accounts: dict[str, Account] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    showed: dict[str, Signs] = field(default_factory=dict)
    """record → what it showed when it was linked last"""
    shows: dict[str, Signs] = field(default_factory=dict)
    described: dict[str, str] = field(default_factory=dict)
    """record → the id of the account that it describes now"""

    def add(self, rows: Iterable[Sequence[Any]]) -> list[str]:
        """Take in what was read; the keys of those that are new."""
        fresh = []
        for key, body, is_pending, name, domain, id in rows:
            if key in self.accounts:
                continue
            record = decode(body)
            if not isinstance(record, Account):
                continue
            fresh.append(key)
            self.accounts[key] = record
            self.showed[key] = Signs(name, domain)
            self.shows[key] = signs_of(record)
            if is_pending:
                self.pending.add(key)
            if id is not None:
                self.described[key] = id
        return fresh


async def link_changed_accounts(store: Store, lease: Lease, pending: int) -> LinkedAccounts | None:
    """Link so many pending records; None, and nothing is written, when all accounts must be read instead."""
    if pending > _AT_MOST or not await _all_show_signs(store):
        return None
    around = await _around(store)
    current = None if around is None else await _described(store, around)
    if around is None or current is None:
        return None
    clusters = account_clusters(list(around.accounts.values()), around.shows)
    past = await read_past(store, parted_ids(clusters, current))
    plan = assign(clusters, current, past=past, elsewhere=await _elsewhere(store, past, around))
    work = settling(plan, "account", around.pending, signs=around.shows)

    async def write(tx: Transaction) -> None:
        await lease.hold(tx)
        await settle_batch(tx, work, [assignment for group in work.groups for assignment in group])

    await store.transaction(write)
    return LinkedAccounts(len(around.accounts), len(clusters), work.changed)


async def link_all_accounts(store: Store, lease: Lease) -> LinkedAccounts:
    """Link all there are, in many transactions; killed in one of them, do it again."""
    current = await read_identities(store, "account")
    accounts: list[Account] = []
    pending: set[str] = set()
    signs: dict[str, Signs] = {}
    outdated: list[str] = []
    async for key, body, is_pending, name, domain in store.stream(cypher("writes/read_accounts")):
        record = decode(body)
        if isinstance(record, Account):
            accounts.append(record)
            signs[key] = signs_of(record)
            if is_pending:
                pending.add(key)
            elif signs[key] != (name, domain):
                outdated.append(key)
    clusters = account_clusters(accounts, signs)
    plan = assign(clusters, current, past=await read_past(store, parted_ids(clusters, current)))
    work = settling(plan, "account", pending, signs=signs)
    await settle(store, lease, work)
    await restore_former_ids(store, lease, "account")
    await _show(store, lease, {key: signs[key] for key in outdated})
    return LinkedAccounts(len(accounts), len(clusters), work.changed)


async def _all_show_signs(store: Store) -> bool:
    """Whether records show what this version would have them show; not so in a graph that an older one wrote."""
    row = await store.read_one(cypher("writes/read_signs"))
    return row is not None and row[0] == signs_version()


async def _around(store: Store) -> _Around | None:
    """All records that the pending ones hang together with now, or did when they were linked; None: too many."""
    around = _Around()
    fresh = around.add(await store.read(cypher("writes/read_pending_accounts")))
    names: set[str | None] = {None}
    domains: set[str | None] = {None}
    while fresh:
        if len(around.accounts) > _AT_MOST:
            return None
        signs = [each[key] for key in fresh for each in (around.showed, around.shows)]
        new_names = {sign.name for sign in signs} - names
        new_domains = {sign.domain for sign in signs} - domains
        survivors = {survivor_of(around.accounts[key]) for key in fresh} - around.accounts.keys()
        names |= new_names
        domains |= new_domains
        found = await store.read(
            cypher("writes/read_accounts_around"),
            names=sorted(filter(None, new_names)),
            domains=sorted(filter(None, new_domains)),
            named=sorted(filter(None, survivors)),
            keys=fresh,
            most=_AT_MOST + 1,
        )
        fresh = around.add(found)
    return around


async def _described(store: Store, around: _Around) -> dict[str, str] | None:
    """Record → its id now, of all records of these accounts; None when they are not what their ids stand for."""
    ids = sorted(set(around.described.values()))
    rows = await store.read(cypher("writes/identities_by_id"), ids=ids)
    current = {record: id for id, records in rows for record in records}
    return current if current == around.described else None


async def _elsewhere(store: Store, past: Sequence[Past], around: _Around) -> dict[str, str]:
    """The ids of records that former ids stood for, and that have left the accounts around since."""
    named = {record for entry in past if entry.now is not None for record in entry.records} - around.accounts.keys()
    if not named:
        return {}
    ((found,),) = await store.read(cypher("writes/find_accounts"), keys=sorted(named))
    return dict(found)


async def _show(store: Store, lease: Lease, signs: dict[str, Signs]) -> None:
    """Records that wait for nothing show their signs, and from then on all do."""
    rows = [{"record": key, **shown._asdict()} for key, shown in signs.items()]

    async def show(tx: Transaction, some: Sequence[dict[str, Any]]) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/sign_accounts"), rows=some)

    for start in range(0, len(rows), _ROWS_A_QUERY):
        await store.transaction(partial(show, some=rows[start : start + _ROWS_A_QUERY]))

    async def note(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/note_signs"), version=signs_version())

    await store.transaction(note)

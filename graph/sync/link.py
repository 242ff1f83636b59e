"""Link: decide which pending records are the same person, and give each customer the id it keeps."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from graph.cypher import cypher
from graph.linkage.link import Decisions, link
from graph.linkage.linkage import Linkage
from graph.linkage.model import LinkageModel
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.brake import MergesHeld, hold_many_merges
from graph.sync.identities import Plan, assign, parted_ids, read_identities, read_past
from graph.sync.link_accounts import link_all_accounts, link_changed_accounts
from graph.sync.link_changes import link_changes
from graph.sync.linkcache import LinkCache
from graph.sync.mentions import with_mentions
from graph.sync.models import frozen_model, frozen_version, save_model
from graph.sync.people import People, read_decided, read_people
from graph.sync.progress import Progress
from graph.sync.related import relate_all, ties
from graph.sync.reviews import offer_all
from graph.sync.settle import restore_former_ids, settle, settling


@dataclass(slots=True)
class Linked:
    """What the link step did."""

    pending: int = 0
    records: int = 0
    """Person records and mentions that were linked; those that a change does not touch are not read."""
    customers: int = 0
    """Customers that were planned: all there are, unless only what changed was linked."""
    account_records: int = 0
    """Account records that were read; those that a change does not touch are not."""
    accounts: int = 0
    """Accounts that were planned: all there are, unless only what changed was linked."""
    changed: int = 0
    merged: dict[str, str] = field(default_factory=dict)
    """former id → the id that answers for it now"""
    reviews: int = 0
    seconds: float = 0.0
    model_version: str | None = None
    trained: bool = False
    incremental: bool = False
    """Whether only what changed was read, and the rest looked up in the cache of linked records."""

    def after(self, earlier: Linked) -> Linked:
        """Both together, as one: who was merged twice is found where it is now."""
        last = self if self.pending else earlier
        return replace(
            last,
            pending=earlier.pending + self.pending,
            records=earlier.records + self.records,
            account_records=earlier.account_records + self.account_records,
            changed=earlier.changed + self.changed,
            merged={former: self.merged.get(now, now) for former, now in earlier.merged.items()} | self.merged,
            reviews=earlier.reviews + self.reviews,
            seconds=earlier.seconds + self.seconds,
            trained=earlier.trained or self.trained,
        )


async def link_pending(
    store: Store, lease: Lease, rules: Rules, progress: Progress, *, allow_merges: bool = True
) -> Linked:
    """Link what is pending; nothing is read when nothing is. Killed anywhere, the next call goes on.

    Without `allow_merges` unusually many merges raise MergesHeld before any of them is written.
    """
    started = time.monotonic()
    linked = Linked()
    counts = {row[0]: row[1] for row in await store.read(cypher("writes/count_pending"))}
    linked.pending = sum(counts.values())
    row = await store.read_one(cypher("writes/read_linking"))
    killed = frozenset((row and row[0]) or ())
    if counts.get("account") or "account" in killed:
        await _link_accounts(store, lease, linked, counts.get("account", 0), killed)
    people = counts.get("person", 0) + counts.get("mention", 0)
    anew = "customer" in killed
    allowed = allow_merges or anew  # what was killed has begun to write
    if anew or (people and not await _link_changes(store, lease, rules, progress, linked, people, allowed)):
        await _mark_linking(store, lease, frozenset({"customer"}))
        try:
            await _link_everybody(store, lease, rules, progress, linked, anew=anew, allowed=allowed)
        except MergesHeld:
            await _mark_linking(store, lease, frozenset())
            raise
        await _mark_linking(store, lease, frozenset())
    linked.seconds = time.monotonic() - started
    return linked


async def _link_accounts(store: Store, lease: Lease, linked: Linked, pending: int, killed: frozenset[str]) -> None:
    accounts = None if "account" in killed else await link_changed_accounts(store, lease, pending)
    if accounts is None:
        await _mark_linking(store, lease, killed | {"account"})
        accounts = await link_all_accounts(store, lease)
        await _mark_linking(store, lease, killed - {"account"})
    linked.account_records, linked.accounts = accounts.records, accounts.accounts
    linked.changed += accounts.changed


async def _mark_linking(store: Store, lease: Lease, of: frozenset[str]) -> None:
    """Customers are written in batches, and reviews, relatives and former ids after them: say until when."""

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/mark_linking"), of=sorted(of) or None)

    await store.transaction(work)


async def _link_changes(
    store: Store, lease: Lease, rules: Rules, progress: Progress, linked: Linked, pending: int, allowed: bool
) -> bool:
    """Link only what changed; False when that cannot be: too much, or no cache that knows all the rest."""
    changes = await link_changes(store, lease, rules, progress, pending, allow_merges=allowed)
    if changes is None:
        return False
    linked.incremental = True
    linked.records, linked.customers, linked.changed = changes.records, changes.customers, changes.changed
    linked.merged, linked.reviews, linked.model_version = changes.merged, changes.reviews, changes.model_version
    return True


async def _link_everybody(
    store: Store, lease: Lease, rules: Rules, progress: Progress, linked: Linked, *, anew: bool, allowed: bool
) -> None:
    """Link all there are; `anew`: write also what looks as if it were written, because a run was killed in it."""
    people = await read_people(store, progress)
    current = await read_identities(store, "customer")
    linked.records = people.table.num_rows + len(people.mentions)
    model = await frozen_model(store, people.table.num_rows)
    progress.phase("link", 100)
    shown = 0

    def show(_step: str, share: float) -> None:
        nonlocal shown
        now = min(100, int(share * 100))
        progress.advance("link", max(0, now - shown))
        shown = max(shown, now)

    decisions = await read_decided(store, people.merged, people.keys)
    linkage = link(people.table, model=model, rules=rules.matching, decisions=decisions, progress=show)
    linked.model_version = linkage.model.version
    clusters = await _with_mentions(store, _clusters(linkage), people.mentions)
    plan = assign(clusters, current, past=await read_past(store, parted_ids(clusters, current)))
    await hold_many_merges(store, lease, plan.retired, rules.sync, allowed=allowed)
    if model is None:
        await save_model(store, lease, linkage.model, people.table.num_rows)
        linked.trained = True
    linked.customers = len(clusters)
    linked.merged = dict(plan.retired)
    touched = frozenset(current) | people.pending if anew or model is None else people.pending
    work = settling(plan, "customer", touched, joins={join.record_id: join for join in linkage.joins()})
    linked.changed += work.changed
    await settle(store, lease, work, progress)
    reviews = linkage.reviews()
    linked.reviews = len(reviews)
    await offer_all(store, lease, reviews, linkage.report.match_bits)
    await relate_all(store, lease, ties(linkage.relations(), _customer_of(plan, frozenset(people.mentions))))
    await restore_former_ids(store, lease, "customer")
    model = linkage.model
    del linkage, plan, work, clusters, reviews, current  # the cache is made from the table, and needs as much again
    await _keep_cache(store, lease, people, model, rules, decisions)


async def _keep_cache(
    store: Store, lease: Lease, people: People, model: LinkageModel, rules: Rules, decided: Decisions
) -> None:
    """Next time only what changed is read, when the model is kept until then."""
    if await frozen_version(store, people.table.num_rows) == model.version:
        cache = await LinkCache.of(store, lease)
        cache.build(people.table, model, rules.matching, decided)


async def plan_people(
    store: Store, rules: Rules, progress: Progress, *, train: bool = False, model: LinkageModel | None = None
) -> tuple[Plan, dict[str, str], str]:
    """What linking everything would give: the plan, each record's id now, the model's version. Writes nothing.

    By `model`; else by one that learns from today's records (`train`), or the one in force.
    """
    people = await read_people(store, progress)
    current = await read_identities(store, "customer")
    if model is None and not train:
        model = await frozen_model(store, people.table.num_rows)
    decisions = await read_decided(store, people.merged, people.keys)
    linkage = link(people.table, model=model, rules=rules.matching, decisions=decisions)
    clusters = await _with_mentions(store, _clusters(linkage), people.mentions)
    past = await read_past(store, parted_ids(clusters, current))
    return assign(clusters, current, past=past), current, linkage.model.version


def _clusters(linkage: Linkage) -> list[list[str]]:
    clusters: dict[int, list[str]] = defaultdict(list)
    for record, label in zip(linkage.record_ids, linkage.labels.tolist(), strict=True):
        clusters[label].append(record)
    return list(clusters.values())


async def _with_mentions(store: Store, clusters: list[list[str]], mentions: Sequence[str]) -> list[list[str]]:
    if not mentions:
        return clusters
    rows = await store.read(cypher("writes/read_mentions"))
    return with_mentions(clusters, mentions, [(mention, name, persons) for mention, name, persons in rows])


def _customer_of(plan: Plan, mentions: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Person record → its customer and that customer's smallest person record."""
    found: dict[str, tuple[str, str]] = {}
    for group in plan.groups:
        for assignment in group:
            people = [record for record in assignment.records if record not in mentions]
            if people:
                found |= dict.fromkeys(people, (assignment.id, people[0]))
    return found

"""Link: decide which pending records are the same person, and give each customer the id it keeps."""

from __future__ import annotations

import base64
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from connectors.records import Account, decode
from graph.cypher import cypher
from graph.linkage.link import Decisions, Join, Linkage, link
from graph.linkage.model import LinkageModel
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.accounts import account_clusters
from graph.sync.identities import Assignment, Plan, assign, parted_ids, read_past
from graph.sync.people import People, read_people
from graph.sync.progress import Progress
from graph.sync.rows import Row

_CUSTOMERS_A_BATCH = 1_000
_TOO_FEW_TO_FREEZE = 2_000
_RETRAIN_AT = 10
"""A model is frozen, unless it learned from few records or from less than a tenth of those there are now."""


@dataclass(slots=True)
class Linked:
    """What the link step did."""

    pending: int = 0
    records: int = 0
    customers: int = 0
    accounts: int = 0
    changed: int = 0
    merged: dict[str, str] = field(default_factory=dict)
    """former id → the id that answers for it now"""
    reviews: int = 0
    seconds: float = 0.0
    model_version: str | None = None
    trained: bool = False


async def link_pending(store: Store, lease: Lease, rules: Rules, progress: Progress) -> Linked:
    """Link what is pending; nothing is read when nothing is. Killed anywhere, the next call goes on."""
    started = time.monotonic()
    linked = Linked()
    counts = {row[0]: row[1] for row in await store.read(cypher("writes/count_pending"))}
    linked.pending = sum(counts.values())
    if counts.get("account"):
        await _link_accounts(store, lease, linked)
    if counts.get("person") or counts.get("mention"):
        await _link_people(store, lease, rules, progress, linked)
    linked.seconds = time.monotonic() - started
    return linked


async def _link_people(store: Store, lease: Lease, rules: Rules, progress: Progress, linked: Linked) -> None:
    people = await read_people(store, progress)
    current = await read_identities(store, "customer")
    linked.records = people.table.num_rows + len(people.mentions)
    model = await _model_in_force(store, people.table.num_rows)
    progress.phase("link", 100)
    shown = 0

    def show(_step: str, share: float) -> None:
        nonlocal shown
        now = min(100, int(share * 100))
        progress.advance("link", max(0, now - shown))
        shown = max(shown, now)

    decisions = await _decisions(store, people)
    linkage = link(people.table, model=model, rules=rules.matching, decisions=decisions, progress=show)
    if model is None:
        await _save_model(store, lease, linkage.model, people.table.num_rows)
        linked.trained = True
    linked.model_version = linkage.model.version
    clusters = await _with_mentions(store, _clusters(linkage), people.mentions)
    plan = assign(clusters, current, past=await read_past(store, parted_ids(clusters, current)))
    joins = {join.record_id: join for join in linkage.joins()}
    linked.customers = len(clusters)
    linked.merged = dict(plan.retired)
    anew = people.pending if model is not None else frozenset(current) | people.pending
    await _write_plan(store, lease, plan, "customer", anew, joins, progress, linked)
    await _write_reviews(store, lease, linkage, linked)
    await _restore_former_ids(store, lease, "customer")


async def plan_people(
    store: Store, rules: Rules, progress: Progress, *, train: bool = False
) -> tuple[Plan, dict[str, str], str]:
    """What linking everything would give: the plan, each record's id now, the model's version. Writes nothing."""
    people = await read_people(store, progress)
    current = await read_identities(store, "customer")
    model = None if train else await _model_in_force(store, people.table.num_rows)
    decisions = await _decisions(store, people)
    linkage = link(people.table, model=model, rules=rules.matching, decisions=decisions)
    clusters = await _with_mentions(store, _clusters(linkage), people.mentions)
    past = await read_past(store, parted_ids(clusters, current))
    return assign(clusters, current, past=past), current, linkage.model.version


async def _link_accounts(store: Store, lease: Lease, linked: Linked) -> None:
    accounts: list[Account] = []
    current = await read_identities(store, "account")
    pending: set[str] = set()
    async for key, body, is_pending in store.stream(cypher("writes/read_accounts")):
        record = decode(body)
        if isinstance(record, Account):
            accounts.append(record)
            if is_pending:
                pending.add(key)
    clusters = account_clusters(accounts)
    linked.accounts = len(clusters)
    plan = assign(clusters, current, past=await read_past(store, parted_ids(clusters, current)))
    await _write_plan(store, lease, plan, "account", frozenset(pending), {}, None, linked)

    await _restore_former_ids(store, lease, "account")

    async def employ(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/mark_unemployed_stale"))

    await store.transaction(employ)


async def read_identities(store: Store, of: str) -> dict[str, str]:
    """Which id stands for each record now; identities are facts, so they survive a rebuild."""
    current: dict[str, str] = {}
    async for id, records in store.stream(cypher("writes/read_identities"), of=of):
        current.update(dict.fromkeys(records, id))
    return current


def _clusters(linkage: Linkage) -> list[list[str]]:
    clusters: dict[int, list[str]] = defaultdict(list)
    for record, label in zip(linkage.record_ids, linkage.labels.tolist(), strict=True):
        clusters[label].append(record)
    return list(clusters.values())


async def _with_mentions(store: Store, clusters: list[list[str]], mentions: Sequence[str]) -> list[list[str]]:
    """Mentions join the one customer who has their identifier; where several have it or none, they stand alone."""
    if not mentions:
        return clusters
    cluster_of = {record: index for index, cluster in enumerate(clusters) for record in cluster}
    owners: dict[str, set[int]] = defaultdict(set)
    same: dict[str, str] = {}
    for mention, identifier, persons in await store.read(cypher("writes/read_mentions")):
        owners[mention] |= {cluster_of[person] for person in persons if person in cluster_of}
        same.setdefault(mention, identifier)
    alone: dict[str, list[str]] = defaultdict(list)
    for mention in sorted(mentions):
        known = owners.get(mention, set())
        if len(known) == 1:
            clusters[next(iter(known))].append(mention)
        else:
            alone[same.get(mention, mention)].append(mention)
    return [*clusters, *alone.values()]


async def _decisions(store: Store, people: People) -> Decisions:
    """What people decided and what sources merged themselves."""
    merge: list[tuple[str, str]] = list(people.merged)
    keep_apart: list[tuple[str, str]] = []
    decided = await store.read(cypher("writes/read_decisions"))
    known = set(people.table["record_id"].to_pylist()) if decided else set()
    for kind, records in decided:
        pairs = merge if kind == "merge" else keep_apart
        pairs.extend((records[0], other) for other in records[1:] if records[0] in known and other in known)
    return Decisions(tuple(sorted(merge)), tuple(sorted(keep_apart)))


async def _model_in_force(store: Store, records: int) -> LinkageModel | None:
    row = await store.read_one(cypher("writes/read_model"))
    if row is None or row[1] < max(_TOO_FEW_TO_FREEZE, records / _RETRAIN_AT):
        return None
    return LinkageModel.from_bytes(zlib.decompress(base64.b64decode(row[0])))


async def _save_model(store: Store, lease: Lease, model: LinkageModel, records: int) -> None:
    body = base64.b64encode(zlib.compress(model.to_bytes())).decode()

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/retire_models"))
        await tx.run(
            cypher("writes/save_model"),
            version=model.version,
            body=body,
            records=records,
            now=time.time_ns() // 1_000_000,
        )

    await store.transaction(work)


async def _write_plan(
    store: Store,
    lease: Lease,
    plan: Plan,
    of: str,
    pending: frozenset[str],
    joins: dict[str, Join],
    progress: Progress | None,
    linked: Linked,
) -> None:
    """Write what changed, whole groups together, so that a kill leaves every record with one customer."""
    groups = [group for group in plan.groups if any(_is_touched(assignment, pending) for assignment in group)]
    if progress is not None:
        progress.phase(f"write {of}s", sum(len(group) for group in groups))
    former: dict[str, list[str]] = defaultdict(list)
    for old, now in plan.retired.items():
        former[now].append(old)
    moved: dict[str, list[str]] = defaultdict(list)
    for old, now in plan.moved.items():
        moved[now].append(old)
    for batch in _in_batches(groups):
        await store.transaction(lambda tx, batch=batch: _write_batch(tx, lease, of, batch, former, moved, joins))  # type: ignore[misc]
        linked.changed += sum(assignment.changed for assignment in batch)
        if progress is not None:
            progress.advance(f"write {of}s", len(batch))


def _is_touched(assignment: Assignment, pending: frozenset[str]) -> bool:
    return assignment.changed or not pending.isdisjoint(assignment.records)


async def _restore_former_ids(store: Store, lease: Lease, of: str) -> None:
    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher(f"writes/restore_former_{of}s"))

    await store.transaction(work)


async def _write_batch(
    tx: Transaction,
    lease: Lease,
    of: str,
    batch: Sequence[Assignment],
    former: dict[str, list[str]],
    moved: dict[str, list[str]],
    joins: dict[str, Join],
) -> None:
    await lease.hold(tx)
    now = time.time_ns() // 1_000_000
    settled = [assignment for assignment in batch if not assignment.is_new]
    if settled or any(former.get(assignment.id) for assignment in batch):
        belongs = [{"record": record, "id": assignment.id} for assignment in batch for record in assignment.records]
        leaving = [key for (key,) in await tx.run(cypher(f"writes/undescribe_{of}s"), rows=belongs)]
        if of == "customer" and leaving:
            await tx.run(cypher("writes/detach_interactions"), records=leaving)
        await tx.run(cypher("writes/end_identities"), ids=_ids([a for a in settled if a.changed]), now=now)
        await tx.run(cypher(f"writes/keep_{of}s"), ids=_ids(settled))
    new = [assignment for assignment in batch if assignment.is_new]
    if new:
        await tx.run(cypher("writes/restore_ids"), ids=_ids([a for a in new if a.is_restored]))
        await tx.run(cypher(f"writes/create_{of}s"), ids=_ids(new))
    await tx.run(cypher(f"writes/describe_{of}s"), rows=[row for a in batch for row in _descriptions(a, joins)])
    await tx.run(cypher("writes/begin_identities"), rows=[_identity(a, of, joins) for a in batch if a.changed], now=now)
    retired = [{"former": old, "now": a.id} for a in batch for old in former.get(a.id, ())]
    if retired:
        await tx.run(cypher("writes/end_identities"), ids=[row["former"] for row in retired], now=now)
        await tx.run(cypher(f"writes/inherit_{of}s"), rows=retired)
        await tx.run(cypher(f"writes/retire_{of}s"), rows=retired, now=now)
        await tx.run(cypher(f"writes/remove_{of}s"), ids=[row["former"] for row in retired])
    if follow := [{"former": old, "now": a.id} for a in batch for old in moved.get(a.id, ())]:
        await tx.run(cypher(f"writes/follow_{of}s"), rows=follow)


def _descriptions(assignment: Assignment, joins: dict[str, Join]) -> Iterable[Row]:
    for record in assignment.records:
        join = joins.get(record)
        yield {
            "record": record,
            "id": assignment.id,
            "weight": None if join is None else round(join.bits, 2),
            "rule": _rule(record, join),
            "evidence": None if join is None else msgspec.json.encode(join).decode(),
        }


def _rule(record: str, join: Join | None) -> str:
    if join is not None:
        return join.rule
    return "identifier" if record.split("/", 2)[1] == "mention" else "first record"


def _identity(assignment: Assignment, of: str, joins: dict[str, Join]) -> Row:
    evidence = [
        {"record": record, "other": joins[record].other_id, "bits": round(joins[record].bits, 2)}
        for record in assignment.records
        if record in joins
    ]
    return {
        "id": assignment.id,
        "of": of,
        "records": list(assignment.records),
        "evidence": msgspec.json.encode(evidence).decode() if evidence else None,
    }


async def _write_reviews(store: Store, lease: Lease, linkage: Linkage, linked: Linked) -> None:
    reviews = [
        {"left": pair.left_id, "right": pair.right_id, "weight": pair.bits, "probability": pair.probability}
        for pair in linkage.reviews()
    ]
    linked.reviews = len(reviews)

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/drop_reviews"))
        for start in range(0, len(reviews), 5_000):
            await tx.run(cypher("writes/offer_reviews"), rows=reviews[start : start + 5_000])

    await store.transaction(work)


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

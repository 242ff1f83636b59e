"""Link what changed: pending records and the components they touch are read and written, and nothing else.

The rest is looked up in the cache of linked records. What is written is what linking everybody would write with the
model in force, in one transaction together with the link state that the cache then has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from graph.cypher import cypher
from graph.linkage.index import LinkageIndex
from graph.linkage.relations import Relation
from graph.linkage.relink import Relinked, link_changed, relations_of
from graph.linkage.rules import Decisions
from graph.linkage.ties import Join
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.brake import hold_many_merges
from graph.sync.identities import assign, parted_ids, read_past
from graph.sync.linkcache import LinkCache
from graph.sync.mentions import MentionRow, with_mentions
from graph.sync.models import frozen_version
from graph.sync.people import People, read_decided, read_pending_people
from graph.sync.progress import Progress
from graph.sync.related import relate_some
from graph.sync.reviews import offer_some
from graph.sync.settle import Settling, settle_batch, settling

_AT_MOST = 10_000
"""More pending records than these are linked together with everybody: one transaction would grow too large."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What linking the changes did."""

    records: int
    customers: int
    changed: int
    merged: dict[str, str]
    reviews: int
    model_version: str


@dataclass(slots=True)
class _Around:
    """The customers that a change may concern, as they are now."""

    current: dict[str, str] = field(default_factory=dict)
    """record → id"""
    records: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """id → records"""
    mentions: set[str] = field(default_factory=set)
    rows: dict[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """(mention, identifier) → the person records that have it, too"""


async def link_changes(
    store: Store, lease: Lease, rules: Rules, progress: Progress, pending: int, *, allow_merges: bool
) -> Changes | None:
    """Link so many pending records; None, and nothing is written, when everybody must be read instead.

    Raises MergesHeld, unless `allow_merges`.
    """
    if pending > _AT_MOST:
        return None
    cache = await LinkCache.of(store, lease)
    version = await frozen_version(store, 0)
    index = None if version is None else cache.load(version, rules.matching)
    if version is None or index is None or await frozen_version(store, int(index.alive.sum()) + pending) is None:
        return None
    people = await read_pending_people(store, progress)
    progress.phase("link")
    decisions = await _decisions(store, index, people)
    relinked = link_changed(index, people.table, decisions=decisions)
    around = await _around(store, relinked, people)
    if around is None:
        return None
    work = await _planned(store, relinked, people, around)
    merged = {old: now for now, former in work.former.items() for old in former}
    await hold_many_merges(store, lease, merged, rules.sync, allowed=allow_merges)
    relate = _to_relate(relinked, work)
    relations = relations_of(index, relinked, relate) if relate else []
    state = await store.transaction(lambda tx: _write(tx, lease, work, relinked, relate, relations, index.match_bits))
    cache.save(index, state or cache.state)
    return Changes(
        records=len(relinked.record_ids) + len(around.mentions),
        customers=sum(len(group) for group in work.groups),
        changed=work.changed,
        merged=merged,
        reviews=len(relinked.reviews),
        model_version=version,
    )


async def _decisions(store: Store, index: LinkageIndex, people: People) -> Decisions:
    merged = [(record, into) for record, into in await store.read(cypher("writes/read_merged"))]
    named = {name for pair in merged for name in pair}
    for _, records in await store.read(cypher("writes/read_decisions")):
        named.update(records)
    held = index.records(index.rows_of(named))[0].ids.to_pylist()
    known = people.keys | {str(name) for name in held}
    return await read_decided(store, [pair for pair in merged if known.issuperset(pair)], known)


async def _around(store: Store, relinked: Relinked, people: People) -> _Around | None:
    """Everything that may change with the touched people; None when it is too much, or not what the cache knows."""
    around = _Around()
    touched = frozenset(relinked.record_ids)
    keys = {*touched, *people.mentions}
    around.mentions |= set(people.mentions)
    while keys:
        found: set[str] = set()
        for id, records in await store.read(cypher("writes/read_identities_around"), keys=sorted(keys)):
            around.records[id] = tuple(records)
            around.current.update(dict.fromkeys(records, id))
            found |= {record for record in records if _is_mention(record)}
        for key, identifier, mentions, persons in await store.read(
            cypher("writes/read_mentions_near"), keys=sorted(keys)
        ):
            found |= set(mentions)
            if key in around.mentions:
                around.rows[key, identifier] = persons
                found |= set(persons) - around.current.keys()
        if len(around.mentions) > _AT_MOST:
            return None
        fresh = {record for record in found if record not in around.mentions and record not in touched}
        around.mentions |= {record for record in fresh if _is_mention(record)}
        keys = {record for record in fresh if _is_mention(record) or record not in around.current}
    for records in around.records.values():
        inside = [record for record in records if not _is_mention(record)]
        if not touched.issuperset(inside) and not touched.isdisjoint(inside):
            return None
    return around


async def _planned(store: Store, relinked: Relinked, people: People, around: _Around) -> Settling:
    touched = frozenset(relinked.record_ids)
    clusters: dict[int, list[str]] = defaultdict(list)
    for record, label in zip(relinked.record_ids, relinked.labels.tolist(), strict=True):
        clusters[label].append(record)
    held = [[record for record in records if not _is_mention(record)] for records in around.records.values()]
    others = [persons for persons in held if persons and touched.isdisjoint(persons)]
    rows: list[MentionRow] = [(mention, name, persons) for (mention, name), persons in around.rows.items()]
    together = with_mentions([*clusters.values(), *(list(persons) for persons in others)], around.mentions, rows)
    past = await read_past(store, parted_ids(together, around.current))
    plan = assign(together, around.current, past=past)
    # A customer that is not touched may be written anew, too: a mention joins or leaves it.
    unmoved = sorted(record for persons in others for record in persons)
    told = [
        msgspec.json.decode(text, type=Join)
        for (text,) in await store.read(cypher("writes/read_evidence"), keys=unmoved)
    ]
    return settling(plan, "customer", people.pending, joins={join.record_id: join for join in (*relinked.joins, *told)})


def _to_relate(relinked: Relinked, work: Settling) -> list[str]:
    """The person records of all customers who may have other relations than before.

    Those whose records are the same, and say the same, live and work with the same people, however many customers of
    their component changed.
    """
    moved = {record for group in work.groups for assignment in group for record in assignment.records}
    labelled = list(zip(relinked.record_ids, relinked.labels.tolist(), strict=True))
    labels = {label for record, label in labelled if record in moved or record in relinked.weighed}
    return [record for record, label in labelled if label in labels]


async def _write(
    tx: Transaction,
    lease: Lease,
    work: Settling,
    relinked: Relinked,
    relate: Sequence[str],
    relations: Iterable[Relation],
    match_bits: float,
) -> int | None:
    await lease.hold(tx)
    state = await settle_batch(tx, work, [assignment for group in work.groups for assignment in group])
    await offer_some(tx, relinked.record_ids, relinked.reviews, match_bits)
    rows = await tx.run(cypher("writes/customers_of_records"), keys=relate)
    await relate_some(tx, {customer for (customer,) in rows}, relations)
    return state


def _is_mention(record: str) -> bool:
    return record.split("/", 2)[1] == "mention"

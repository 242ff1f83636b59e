"""Who keeps which id: clusters of records become customers (or accounts) with ids that last.

A cluster keeps the id of the old customer that gives it most of its records (ties: the oldest id); the other ids
become former ids of the cluster that took most of their records, and answer for ever. Ids are UUIDv7, never derived
from data.

What was merged can be parted again: a cluster with exactly the records that a former id stood for gets that id back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import uuid_utils

from graph.cypher import cypher
from graph.store.driver import Store


@dataclass(frozen=True, slots=True)
class Past:
    """What an id stood for until `ended` (epoch milliseconds); `now` answers for a former id, None: it is in use."""

    id: str
    now: str | None
    records: frozenset[str]
    ended: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """One cluster and the id it has from now on; `records` are keys, sorted."""

    id: str
    records: tuple[str, ...]
    is_new: bool
    changed: bool
    """Whether its records differ from those the id had before."""
    is_restored: bool = False
    """Whether the id was a former one and is in use again; `is_new`, too: its node has to be made."""
    parted_from: tuple[str, ...] = ()
    """Of a new id: the ids that keep on living and had some of its records before."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, in groups that must be written together because records move between their ids."""

    groups: Sequence[Sequence[Assignment]]
    retired: Mapping[str, str]
    """former id → the id that answers for it now"""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Ids that were former before: those that another id answers for from now on."""


def assign(
    clusters: Sequence[Sequence[str]],
    current: Mapping[str, str],
    new_id: Callable[[], str] = lambda: str(uuid_utils.uuid7()),
    past: Sequence[Past] = (),
    elsewhere: Mapping[str, str] | None = None,
) -> Plan:
    """Give every cluster its id. `current` tells each record's present id; a record not in it is new.

    `past` is the history of the ids that are parted (`parted_ids`, `read_past`). Where only some clusters are planned,
    `elsewhere` tells the ids of other records that this history names.
    """
    clusters = sorted((sorted(cluster) for cluster in clusters), key=lambda cluster: cluster[0])
    votes = [Counter(current[record] for record in cluster if record in current) for cluster in clusters]
    had: dict[str, set[str]] = defaultdict(set)
    for record, id in current.items():
        had[id].add(record)
    restored = _restored_ids(clusters, votes, had, past)
    kept = _kept_ids(votes, restored, {(entry.id, entry.records) for entry in past}, clusters)
    alive = set(kept.values())
    assignments = []
    for index, cluster in enumerate(clusters):
        old = kept.get(index)
        is_new = old is None or index in restored
        assignments.append(
            Assignment(
                id=old or new_id(),
                records=tuple(cluster),
                is_new=is_new,
                changed=old is None or had[old] != set(cluster),
                is_restored=index in restored,
                parted_from=tuple(sorted(alive.intersection(votes[index]) - {old})) if is_new else (),
            )
        )
    retired = _retired(assignments, votes, alive)
    return Plan(_together(assignments, votes), retired, _moved(assignments, past, elsewhere or {}))


def parted_ids(clusters: Sequence[Sequence[str]], current: Mapping[str, str]) -> list[str]:
    """The ids whose records stand in more than one cluster: only for these their history matters."""
    places: dict[str, set[int]] = defaultdict(set)
    for index, cluster in enumerate(clusters):
        for record in cluster:
            if record in current:
                places[current[record]].add(index)
    return sorted(id for id, indexes in places.items() if len(indexes) > 1)


async def read_identities(store: Store, of: str) -> dict[str, str]:
    """Which id stands for each record now; identities are facts, so they survive a rebuild."""
    current: dict[str, str] = {}
    async for id, records in store.stream(cypher("writes/read_identities"), of=of):
        current.update(dict.fromkeys(records, id))
    return current


async def read_past(store: Store, ids: Sequence[str]) -> list[Past]:
    """What these ids, and the former ids that they answer for, have stood for."""
    if not ids:
        return []
    rows = [
        *await store.read(cypher("writes/read_former_identities"), ids=list(ids)),
        *await store.read(cypher("writes/read_ended_identities"), ids=list(ids)),
    ]
    return [Past(id, now, frozenset(records), ended) for id, now, records, ended in rows]


def _restored_ids(
    clusters: Sequence[Sequence[str]], votes: Sequence[Counter[str]], had: Mapping[str, set[str]], past: Sequence[Past]
) -> dict[int, str]:
    """Cluster → the former id that stood for exactly its records, before the id that now answers for it took them."""
    by_records: dict[frozenset[str], list[Past]] = defaultdict(list)
    for entry in past:
        if entry.now is not None:
            by_records[entry.records].append(entry)
    restored: dict[int, str] = {}
    for index, cluster in enumerate(clusters):
        records = frozenset(cluster)
        if any(had[id] == records for id in votes[index]):
            continue
        fitting = [entry for entry in by_records.get(records, ()) if entry.now in votes[index]]
        fitting = [entry for entry in fitting if entry.id not in restored.values()]
        if fitting:
            restored[index] = min(fitting, key=lambda entry: (-entry.ended, entry.id)).id
    return restored


def _kept_ids(
    votes: Sequence[Counter[str]],
    restored: Mapping[int, str],
    stood_for: set[tuple[str, frozenset[str]]],
    clusters: Sequence[Sequence[str]],
) -> dict[int, str]:
    """Cluster → the id it keeps or gets back; each id goes once, to the cluster that has most of its records.

    Of clusters with equally many the one gets it that the id stood for before.
    """
    claims = sorted(
        (-count, (id, frozenset(clusters[index])) not in stood_for, id, index)
        for index, counter in enumerate(votes)
        if index not in restored
        for id, count in counter.items()
    )
    kept: dict[int, str] = dict(restored)
    taken: set[str] = set(restored.values())
    for _, _, id, index in claims:
        if index not in kept and id not in taken:
            kept[index] = id
            taken.add(id)
    return kept


def _moved(assignments: Sequence[Assignment], past: Sequence[Past], elsewhere: Mapping[str, str]) -> dict[str, str]:
    """Former ids go along with the records that they stood for last."""
    last: dict[str, Past] = {}
    for entry in past:
        if entry.now is not None and (entry.id not in last or entry.ended > last[entry.id].ended):
            last[entry.id] = entry
    if not last:
        return {}
    id_of = {**elsewhere} | {record: assignment.id for assignment in assignments for record in assignment.records}
    alive = {assignment.id for assignment in assignments} | set(elsewhere.values())
    moved: dict[str, str] = {}
    for former, entry in last.items():
        heirs = Counter(id_of[record] for record in entry.records if record in id_of)
        if former not in alive and heirs:
            heir = min(heirs, key=lambda id: (-heirs[id], id != entry.now, id))
            if heir != entry.now:
                moved[former] = heir
    return moved


def _retired(assignments: Sequence[Assignment], votes: Sequence[Counter[str]], kept: set[str]) -> dict[str, str]:
    best: dict[str, tuple[int, str]] = {}
    for assignment, counter in zip(assignments, votes, strict=True):
        for id, count in counter.items():
            if id not in kept and count > best.get(id, (0, ""))[0]:
                best[id] = (count, assignment.id)
    return {former: now for former, (_, now) in best.items()}


def _together(assignments: Sequence[Assignment], votes: Sequence[Counter[str]]) -> list[list[Assignment]]:
    """Clusters that share an old id stand in one group, so that no kill leaves a record between two customers."""
    leader = list(range(len(assignments)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    first_with: dict[str, int] = {}
    for index, counter in enumerate(votes):
        for id in counter:
            leader[find(index)] = find(first_with.setdefault(id, index))
    groups: dict[int, list[Assignment]] = defaultdict(list)
    for index, assignment in enumerate(assignments):
        groups[find(index)].append(assignment)
    return list(groups.values())

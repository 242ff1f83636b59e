"""Who keeps which id: clusters of records become customers (or accounts) with ids that last.

A cluster keeps the id of the old customer that gives it most of its records (ties: the oldest id); the other ids
become former ids of the cluster that took most of their records, and answer for ever. Ids are UUIDv7, never derived
from data.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import uuid_utils


@dataclass(frozen=True, slots=True)
class Assignment:
    """One cluster and the id it has from now on; `records` are keys, sorted."""

    id: str
    records: tuple[str, ...]
    is_new: bool
    changed: bool
    """Whether its records differ from those the id had before."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write, in groups that must be written together because records move between their ids."""

    groups: Sequence[Sequence[Assignment]]
    retired: Mapping[str, str]
    """former id → the id that answers for it now"""


def assign(
    clusters: Sequence[Sequence[str]],
    current: Mapping[str, str],
    new_id: Callable[[], str] = lambda: str(uuid_utils.uuid7()),
) -> Plan:
    """Give every cluster its id. `current` tells each record's present id; a record not in it is new."""
    clusters = sorted((sorted(cluster) for cluster in clusters), key=lambda cluster: cluster[0])
    votes = [Counter(current[record] for record in cluster if record in current) for cluster in clusters]
    had: dict[str, set[str]] = defaultdict(set)
    for record, id in current.items():
        had[id].add(record)
    kept = _kept_ids(votes)
    assignments = []
    for index, cluster in enumerate(clusters):
        old = kept.get(index)
        assignments.append(
            Assignment(
                id=old or new_id(),
                records=tuple(cluster),
                is_new=old is None,
                changed=old is None or had[old] != set(cluster),
            )
        )
    return Plan(groups=_together(assignments, votes), retired=_retired(assignments, votes, set(kept.values())))


def _kept_ids(votes: Sequence[Counter[str]]) -> dict[int, str]:
    """Cluster → the old id it keeps; each id is kept once, by the cluster that has most of its records."""
    claims = sorted(
        ((-count, id, index) for index, counter in enumerate(votes) for id, count in counter.items()),
    )
    kept: dict[int, str] = {}
    taken: set[str] = set()
    for _, id, index in claims:
        if index not in kept and id not in taken:
            kept[index] = id
            taken.add(id)
    return kept


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

"""Decisions that cannot hold together: A is B, B is C, but A is not C."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

import msgspec


class Decision(msgspec.Struct, frozen=True):
    """What a person decided: these records are one customer, or some of them are somebody else than the others."""

    id: str
    kind: Literal["merge", "keep_apart"]
    records: tuple[str, ...]
    apart: tuple[str, ...] = ()
    """Of a split: the records that went; without them a pair is kept apart, the first record from the others."""


class Chain(msgspec.Struct, frozen=True):
    """Why a decision cannot be taken."""

    sentence: str
    decisions: tuple[Decision, ...]
    """The decisions that stand against it, in the order in which they lead from record to record."""


_Ties = Mapping[str, Sequence[tuple[str, Decision]]]
"""record → the records that a merge ties it to, and that merge"""


def contradiction(new: Decision, in_force: Iterable[Decision]) -> Chain | None:
    """The chain of decisions that makes a new one impossible, or None."""
    return InForce(in_force).against(new)


class InForce:
    """Decisions that hold, and which records they tie together; new ones are asked about and added one by one."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._ties: dict[str, list[tuple[str, Decision]]] = defaultdict(list)
        self._apart: dict[str, list[tuple[str, Decision]]] = defaultdict(list)
        self._group: dict[str, list[str]] = {}
        """record → all records that merges tie it to, itself among them; one list for all of them"""
        for decision in decisions:
            self.add(decision)

    def add(self, decision: Decision) -> None:
        """From now on this decision holds, too."""
        into = self._ties if decision.kind == "merge" else self._apart
        for one, two in pairs_of(decision):
            into[one].append((two, decision))
            into[two].append((one, decision))
            if decision.kind == "merge":
                self._join(one, two)

    def against(self, new: Decision) -> Chain | None:
        """The chain of decisions that makes a new one impossible, or None."""
        return self._against_merge(new) if new.kind == "merge" else self._against_parting(new)

    def _against_merge(self, new: Decision) -> Chain | None:
        groups = {id(group): group for group in map(self._group_of, new.records)}
        place = {record: number for number, group in groups.items() for record in group}
        if len(groups) < 2:
            return None
        ties: dict[str, list[tuple[str, Decision]]] = defaultdict(list)
        for one, two in pairs_of(new):
            ties[one].append((two, new))
            ties[two].append((one, new))
        for one in sorted(place):
            for two, decision in self._apart.get(one, ()):
                if place.get(two, place[one]) != place[one]:
                    return _chain(one, two, _path((self._ties, ties), one, two), decision, new)
        return None

    def _against_parting(self, new: Decision) -> Chain | None:
        for one, two in pairs_of(new):
            if one in self._group and self._group[one] is self._group.get(two):
                return _chain(one, two, _path((self._ties,), one, two), new, new)
        return None

    def _group_of(self, record: str) -> list[str]:
        return self._group.setdefault(record, [record])

    def _join(self, one: str, two: str) -> None:
        larger, smaller = sorted((self._group_of(one), self._group_of(two)), key=len, reverse=True)
        if larger is not smaller:
            larger.extend(smaller)
            self._group.update(dict.fromkeys(smaller, larger))


def pairs_of(decision: Decision, known: Collection[str] | None = None) -> list[tuple[str, str]]:
    """The pairs of records that a decision binds; of a merge, a star around the first record that is `known`."""
    if decision.kind == "merge":
        there = [key for key in decision.records if known is None or key in known]
        return [(there[0], other) for other in there[1:]]
    if not decision.apart:
        return [(decision.records[0], other) for other in decision.records[1:]]
    return [(one, other) for one in decision.records if one not in decision.apart for other in decision.apart]


def _path(ties: Sequence[_Ties], start: str, end: str) -> list[tuple[str, Decision]]:
    """The shortest way between records that are tied: each step's record and the merge that leads to it."""
    came: dict[str, tuple[str, Decision] | None] = {start: None}
    waiting = deque([start])
    while end not in came:
        here = waiting.popleft()
        for there, decision in (step for some in ties for step in some.get(here, ())):
            if there not in came:
                came[there] = (here, decision)
                waiting.append(there)
    steps: list[tuple[str, Decision]] = []
    at, place = came[end], end
    while at is not None:
        steps.append((place, at[1]))
        place, at = at[0], came[at[0]]
    return steps[::-1]


def _chain(one: str, two: str, path: Sequence[tuple[str, Decision]], apart: Decision, new: Decision) -> Chain:
    same = " = ".join([one, *(place for place, _ in path)])
    said = f"{same}, but {one} and {two} are kept apart"
    against = dict.fromkeys(decision for decision in (*(step for _, step in path), apart) if decision is not new)
    return Chain(f"This contradicts what was decided: {said}. Take one of these decisions back first.", tuple(against))

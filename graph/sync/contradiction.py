"""Decisions that cannot hold together: A is B, B is C, but A is not C."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
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


def pairs_of(decision: Decision, known: Collection[str] | None = None) -> list[tuple[str, str]]:
    """The pairs of records that a decision binds; of a merge, a star around the first record that is `known`."""
    if decision.kind == "merge":
        there = [key for key in decision.records if known is None or key in known]
        return [(there[0], other) for other in there[1:]]
    if not decision.apart:
        return [(decision.records[0], other) for other in decision.records[1:]]
    return [(one, other) for one in decision.records if one not in decision.apart for other in decision.apart]


def contradiction(new: Decision, in_force: Sequence[Decision]) -> Chain | None:
    """The chain of decisions that makes a new one impossible, or None."""
    decisions = [*in_force, new]
    ties: dict[str, list[tuple[str, Decision]]] = {}
    for decision in decisions:
        if decision.kind == "merge":
            for one, two in pairs_of(decision):
                ties.setdefault(one, []).append((two, decision))
                ties.setdefault(two, []).append((one, decision))
    for decision in [new] if new.kind == "keep_apart" else in_force:
        if decision.kind == "keep_apart":
            for one, two in pairs_of(decision):
                path = _path(ties, one, two) if one in ties and two in ties else None
                if path is not None and (new is decision or any(step is new for _, step in path)):
                    return _chain(one, two, path, decision, new)
    return None


def _path(ties: dict[str, list[tuple[str, Decision]]], start: str, end: str) -> list[tuple[str, Decision]] | None:
    came: dict[str, tuple[str, Decision] | None] = {start: None}
    waiting = deque([start])
    while waiting and end not in came:
        here = waiting.popleft()
        for there, decision in ties.get(here, ()):
            if there not in came:
                came[there] = (here, decision)
                waiting.append(there)
    if end not in came:
        return None
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

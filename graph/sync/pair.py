"""Two records of the store: why they are one customer today, or why they are not."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from connectors.records import Person, decode
from graph.cypher import cypher
from graph.linkage.explain import Explanation, explain
from graph.linkage.rules import Decisions, LinkageError
from graph.linkage.ties import Join
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.models import InForce, model_in_force
from graph.sync.people import survivor_of, table_of


class ExplainedPair(msgspec.Struct, frozen=True):
    """The case of two records, and what came of it."""

    explanation: Explanation
    match_bits: float
    """From this mean weight on records are one customer."""
    customers: tuple[str | None, str | None]
    """The customer that each record describes today; None while it is pending or was deleted."""
    decisions: tuple[str, ...] = ()
    """Ids of what people decided about the two, and did not take back; the oldest first."""
    trail: tuple[Join, ...] = ()
    """The ties that lead from the one record to the other, where both are one customer."""

    @property
    def together(self) -> bool:
        return self.customers[0] is not None and self.customers[0] == self.customers[1]


async def explain_pair(store: Store, rules: Rules, left: str, right: str) -> ExplainedPair:
    """Explain two person records by the model in force, people's decisions included.

    Raises LinkageError for a key that is no person record of the store.
    """
    in_force = await model_in_force(store)
    persons, customers = await _persons(store, left, right)
    explanation = explain(
        table_of(persons),
        in_force.model,
        left,
        right,
        rules=rules.matching,
        decisions=await _decisions(store, persons, left, right),
    )
    decided = await store.read(cypher("writes/decisions_about"), left=left, right=right)
    pair = ExplainedPair(explanation, _match_bits(in_force, rules), customers, tuple(id for (id,) in decided))
    if not pair.together:
        return pair
    rows = await store.read(cypher("writes/read_joins"), id=customers[0])
    return msgspec.structs.replace(
        pair, trail=trail([msgspec.json.decode(evidence, type=Join) for (evidence,) in rows], left, right)
    )


def trail(joins: Iterable[Join], left: str, right: str) -> tuple[Join, ...]:
    """The way from one record to the other over the strongest ties and their bridges; empty when none leads there."""
    ties: dict[str, list[tuple[str, Join]]] = {}
    for join in (tie for strongest in joins for tie in strongest.ties()):
        ties.setdefault(join.record_id, []).append((join.other_id, join))
        ties.setdefault(join.other_id, []).append((join.record_id, join))
    came: dict[str, tuple[str, Join] | None] = {left: None}
    waiting = deque([left])
    while waiting and right not in came:
        here = waiting.popleft()
        for there, join in ties.get(here, ()):
            if there not in came:
                came[there] = (here, join)
                waiting.append(there)
    steps: list[Join] = []
    at = came.get(right)
    while at is not None:
        steps.append(at[1])
        at = came[at[0]]
    return tuple(reversed(steps))


async def _persons(store: Store, left: str, right: str) -> tuple[list[Person], tuple[str | None, str | None]]:
    rows = {key: rest for key, *rest in await store.read(cypher("writes/read_pair"), keys=[left, right])}
    persons = []
    for key in dict.fromkeys((left, right)):
        if key not in rows:
            raise LinkageError(f"The store has no record {key}. A key is source/stream/id, e.g. crm/contacts/17.")
        kind, body, _ = rows[key]
        record = None if body is None else decode(body)
        if kind == "mention":
            raise LinkageError(f"{key} is a mention: it follows its identifier to whoever has it, and is not compared.")
        if not isinstance(record, Person):
            raise LinkageError(f"{key} is no person record; only persons are compared.")
        persons.append(record)
    return persons, (rows[left][2], rows[right][2])


async def _decisions(store: Store, persons: Iterable[Person], left: str, right: str) -> Decisions:
    """What people, or a source that merged the two itself, decided about this very pair."""
    pair = {left, right}
    merge = [(left, right) for person in persons if {str(person.key), survivor_of(person)} == pair]
    apart: list[tuple[str, str]] = []
    for kind, records in await store.read(cypher("writes/read_decisions")):
        if any({records[0], other} == pair for other in records[1:]):
            (merge if kind == "merge" else apart).append((left, right))
    return Decisions(tuple(merge), tuple(apart))


def _match_bits(in_force: InForce, rules: Rules) -> float:
    return in_force.model.match_bits if rules.matching.match_bits is None else rules.matching.match_bits

"""Two records of the store: why they are one customer today, or why they are not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

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

Pair = tuple[str, str]


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
    def customer(self) -> str | None:
        """The one customer that both describe today; None where they do not."""
        left, right = self.customers
        return left if left == right else None

    @property
    def together(self) -> bool:
        return self.customer is not None


async def explain_pair(store: Store, rules: Rules, left: str, right: str) -> ExplainedPair:
    """Explain two person records by the model in force, people's decisions included.

    Raises LinkageError for a key that is no person record of the store.
    """
    (found,) = (await explain_pairs(store, rules, [(left, right)])).values()
    if isinstance(found, LinkageError):
        raise found
    return found


async def explain_pairs(store: Store, rules: Rules, pairs: Sequence[Pair]) -> dict[Pair, ExplainedPair | LinkageError]:
    """Explain pairs of person records; what they need is read together, however many they are.

    In the place of a pair of which one is no person record of the store stands its LinkageError. Raises LinkageError
    when there is no model.
    """
    in_force = await model_in_force(store)
    keys = sorted({key for pair in pairs for key in pair})
    stored = {key: _Stored(*rest) for key, *rest in await store.read(cypher("writes/read_pairs"), keys=keys)}
    decided = [_Decided(*row) for row in await store.read(cypher("writes/decisions_about"), keys=keys)]
    found = await asyncio.to_thread(_explained, pairs, stored, decided, in_force, rules)
    explained = [told for told in found.values() if isinstance(told, ExplainedPair)]
    joins: dict[str, list[Join]] = {}
    if together := sorted({told.customer for told in explained if told.customer is not None}):
        for id, evidence in await store.read(cypher("writes/read_joins"), ids=together):
            joins.setdefault(id, []).append(msgspec.json.decode(evidence, type=Join))
    for told in explained:
        left, right = told.explanation.left_id, told.explanation.right_id
        ties = joins.get(told.customer or "", ())
        found[left, right] = msgspec.structs.replace(told, trail=trail(ties, left, right))
    return found


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


class _Stored(msgspec.Struct, frozen=True):
    """A record as the store has it, with the customer that it describes."""

    kind: str
    body: str | None
    customer: str | None


class _Decided(msgspec.Struct, frozen=True):
    """A decision in force about one record and others, or, of a split, about some and those that went `apart`."""

    id: str
    kind: str
    records: list[str]
    apart: list[str] | None

    def is_about(self, left: str, right: str) -> bool:
        """Whether it says of the two that they are one, or that they are two."""
        return left in self.records and right in self.records and (self.kind == "merge" or self.ties(left, right))

    def ties(self, left: str, right: str) -> bool:
        """Whether the two are the very pair that it ties together or keeps apart."""
        if left not in self.records or right not in self.records:
            return False
        if self.apart is None:
            return self.records[0] in (left, right)
        return (left in self.apart) != (right in self.apart)


def _explained(
    pairs: Sequence[Pair], stored: Mapping[str, _Stored], decided: Sequence[_Decided], in_force: InForce, rules: Rules
) -> dict[Pair, ExplainedPair | LinkageError]:
    """Every pair's case, without its trail."""
    persons = {key: _person(key, stored) for key in dict.fromkeys(key for pair in pairs for key in pair)}
    table = table_of([person for person in persons.values() if isinstance(person, Person)])
    match_bits = in_force.model.match_bits if rules.matching.match_bits is None else rules.matching.match_bits
    found: dict[Pair, ExplainedPair | LinkageError] = {}
    for left, right in pairs:
        both = (persons[left], persons[right])
        wrong = next((person for person in both if isinstance(person, LinkageError)), None)
        if wrong is not None:
            found[left, right] = wrong
            continue
        merged = any(isinstance(one, Person) and {str(one.key), survivor_of(one)} == {left, right} for one in both)
        ties = [decision for decision in decided if decision.ties(left, right)]
        decisions = Decisions(
            tuple([(left, right)] * merged + [(left, right) for decision in ties if decision.kind == "merge"]),
            tuple((left, right) for decision in ties if decision.kind != "merge"),
        )
        case = explain(table, in_force.model, left, right, rules=rules.matching, decisions=decisions)
        about = tuple(decision.id for decision in decided if decision.is_about(left, right))
        found[left, right] = ExplainedPair(case, match_bits, (stored[left].customer, stored[right].customer), about)
    return found


def _person(key: str, stored: Mapping[str, _Stored]) -> Person | LinkageError:
    if key not in stored:
        return LinkageError(f"The store has no record {key}. A key is source/stream/id, e.g. crm/contacts/17.")
    found = stored[key]
    if found.kind == "mention":
        return LinkageError(f"{key} is a mention: it follows its identifier to whoever has it, and is not compared.")
    record = None if found.body is None else decode(found.body)
    return (
        record if isinstance(record, Person) else LinkageError(f"{key} is no person record; only persons are compared.")
    )

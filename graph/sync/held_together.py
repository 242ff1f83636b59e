"""Decisions that hold together with those in force, and what linking by all of them makes of their component."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from graph.cypher import cypher
from graph.linkage.rules import Decisions, LinkageError
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.asking import Refused
from graph.sync.component import Component, ComponentPlan, plan_component, read_component
from graph.sync.contradiction import Chain, Decision, InForce, pairs_of

MOST_AT_ONCE = 100
"""So many reviews are accepted in one go."""


async def decisions_in_force(store: Store) -> list[Decision]:
    """What people decided and did not take back, the oldest first."""
    rows = await store.read(cypher("writes/decisions_in_force"))
    return [Decision(id, kind, tuple(records), tuple(apart or ())) for id, kind, records, apart in rows]


@dataclass(frozen=True, slots=True)
class Whole:
    """Decisions that hold together, what linking by them gives, and those that others stand against."""

    taken: Sequence[Decision]
    planned: ComponentPlan | None
    """None when nothing is decided."""
    against: Sequence[tuple[Decision, Chain]]


async def whole_of(store: Store, rules: Rules, wanted: Sequence[Decision], in_force: Sequence[Decision]) -> Whole:
    """Accepted pairs, the first `MOST_AT_ONCE` that can be, planned together.

    What is accepted is that two customers are one: where a pair alone would tear records of theirs off, its decision
    binds all of them.
    """
    against: list[tuple[Decision, Chain]] = []
    taken = _without_contradictions(wanted, in_force, against)
    while taken:
        records = sorted({key for decision in taken for key in decision.records})
        planned = await planned_by(store, rules, records, [*in_force, *taken])
        grown = [_with_torn_off(decision, planned) for decision in taken]
        if grown == taken:
            return Whole(taken, planned, against)
        taken = _without_contradictions(grown, in_force, against)
    return Whole((), None, against)


def _without_contradictions(
    wanted: Sequence[Decision], in_force: Sequence[Decision], against: list[tuple[Decision, Chain]]
) -> list[Decision]:
    """Those that hold together with the ones in force and the ones before them; the others go to `against`."""
    known = InForce(in_force)
    taken: list[Decision] = []
    for decision in wanted:
        if len(taken) == MOST_AT_ONCE:
            break
        chain = known.against(decision)
        if chain is None:
            known.add(decision)
            taken.append(decision)
        else:
            against.append((decision, chain))
    return taken


def only_taken(chain: Chain, ids: Collection[str]) -> Chain:
    """The chain without decisions that were planned and not taken: nobody could look them up."""
    return msgspec.structs.replace(chain, decisions=tuple(each for each in chain.decisions if each.id in ids))


def _with_torn_off(decision: Decision, planned: ComponentPlan) -> Decision:
    """The decision, with all records of its customers of today when these would not become one."""
    after, before = planned.customer_of, planned.component.current
    sides = {before[key] for key in decision.records if key in before}
    whole = [key for key in planned.component.people if before.get(key) in sides]
    if len({after[key] for key in whole}) == 1:
        return decision
    others = sorted({*whole} - {*decision.records})
    return msgspec.structs.replace(decision, records=(*decision.records, *others))


async def planned_by(
    store: Store,
    rules: Rules,
    records: Collection[str],
    decisions: Sequence[Decision],
    reverted: Sequence[Decision] = (),
) -> ComponentPlan:
    """What linking by these decisions makes of the component of the records. Raises Refused where it cannot be.

    What was bound by decisions that are `reverted` is part of the component still.
    """
    hanging = [pair for decision in (*decisions, *reverted) if decision.kind == "merge" for pair in pairs_of(decision)]
    try:
        component = await read_component(store, rules, records, hanging)
        return await plan_component(store, rules, component, _pairs(component, decisions))
    except LinkageError as error:
        raise Refused("INVALID", str(error)) from None


def _pairs(component: Component, decisions: Sequence[Decision]) -> Decisions:
    found: dict[str, set[tuple[str, str]]] = {"merge": set(), "keep_apart": set()}
    # Relatives are linked along: without the decisions about them they would pull records over.
    known = component.people.keys() | component.relatives.keys()
    for decision in decisions:
        found[decision.kind].update(pair for pair in pairs_of(decision, known) if pair[0] in known and pair[1] in known)
    return Decisions(tuple(sorted(found["merge"])), tuple(sorted(found["keep_apart"])))

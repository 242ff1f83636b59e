"""One component of the linkage: the records that a decision can move, read without the rest of the graph.

Records hang together by the customer they describe, by pairs that weigh enough to be compared in one component, by
people's and sources' merges, and by mentions of their identifiers. Linking such a component by the model in force
gives what linking everything gives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.records import Person, decode
from graph.customer.identifiers import external_key
from graph.cypher import cypher
from graph.linkage.link import link
from graph.linkage.linkage import Linkage
from graph.linkage.model import LinkageModel
from graph.linkage.rules import Decisions
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.identities import Plan, assign, parted_ids, read_past
from graph.sync.mentions import MentionRow, with_mentions
from graph.sync.models import model_in_force
from graph.sync.people import survivor_of, table_of
from graph.sync.related import relate_some
from graph.sync.reviews import offer_within
from graph.sync.settle import settle_batch, settling

Pairs = Sequence[tuple[str, str]]


@dataclass(slots=True)
class Component:
    """What is known of the records that hang together; the keys of all maps are record keys."""

    model: LinkageModel
    match_bits: float
    people: dict[str, Person] = field(default_factory=dict)
    mentions: set[str] = field(default_factory=set)
    customers: set[str] = field(default_factory=set)
    pending: set[str] = field(default_factory=set)
    current: dict[str, str] = field(default_factory=dict)
    """The customer that each record describes today."""
    relatives: dict[str, Person] = field(default_factory=dict)
    """Records of customers who are related to these: needed to say who is related afterwards."""
    mentioned: list[tuple[str, str, list[tuple[str, str | None]]]] = field(default_factory=list)
    """(mention, one of its identifiers, the person records that have it with their customers)"""


@dataclass(frozen=True, slots=True)
class ComponentPlan:
    """What linking a component gives; nothing of it is written."""

    component: Component
    linkage: Linkage
    plan: Plan

    @property
    def customer_of(self) -> dict[str, str]:
        """Record → the customer that it describes afterwards."""
        return {record: a.id for group in self.plan.groups for a in group for record in a.records}

    @property
    def new_ids(self) -> frozenset[str]:
        """Customers that are not there today."""
        return frozenset(a.id for group in self.plan.groups for a in group if a.is_new)


async def read_component(store: Store, rules: Rules, records: Collection[str], merged: Pairs = ()) -> Component:
    """Everything that hangs together with these records; `merged` are pairs that people merged or want merged.

    Raises LinkageError when there is no linkage model yet.
    """
    model = (await model_in_force(store)).model
    bits = model.match_bits if rules.matching.match_bits is None else rules.matching.match_bits
    component = Component(model, bits)
    partners: dict[str, set[str]] = defaultdict(set)
    for one, two in merged:
        partners[one].add(two)
        partners[two].add(one)
    frontier = set(records)
    while frontier:
        new = await _take_in(store, component, frontier)
        frontier = {other for key in new for other in partners[key]}
        frontier |= {other for key in new if (other := survivor_of(component.people[key])) is not None}
        frontier |= {key for (key,) in await store.read(cypher("writes/strongly_paired"), keys=sorted(new), bits=bits)}
        frontier |= {key for (key,) in await store.read(cypher("writes/mentions_of_people"), keys=sorted(new))}
        frontier -= component.people.keys() | component.mentions
    await _read_identities(store, component)
    await _read_mentioned(store, component)
    await _read_relatives(store, component)
    return component


async def plan_component(store: Store, rules: Rules, component: Component, decisions: Decisions) -> ComponentPlan:
    """Link a component by its model and these decisions; writes nothing."""
    merged = [
        (key, other) for key, person in component.people.items() if (other := survivor_of(person)) in component.people
    ]
    decided = Decisions(
        tuple(sorted({*decisions.merge, *((one, str(two)) for one, two in merged)})), decisions.keep_apart
    )
    everybody = {**component.relatives, **component.people}
    crowded = await _crowded_ids(store, everybody.values(), rules.matching.max_block)
    linkage = link(
        table_of(_without(everybody[key], crowded) for key in sorted(everybody)),
        model=component.model,
        rules=rules.matching,
        decisions=decided,
    )
    clusters = _with_mentions(component, _clusters(component, linkage))
    past = await read_past(store, parted_ids(clusters, component.current))
    return ComponentPlan(component, linkage, assign(clusters, component.current, past=past))


async def write_component(store: Store, lease: Lease, planned: ComponentPlan, touched: Collection[str]) -> None:
    """Write a planned component in one transaction: customers, joins, reviews and who is related.

    None of its records may have changed since it was linked: caches of linked records stay in use.
    """
    component = planned.component
    joins = {join.record_id: join for join in planned.linkage.joins() if join.record_id in component.people}
    work = settling(planned.plan, "customer", frozenset(touched), joins=joins)
    customers = {a.id for group in planned.plan.groups for a in group} | component.customers
    relations = [
        relation
        for relation in planned.linkage.relations()
        if relation.left_id in component.people or relation.right_id in component.people
    ]

    async def write(tx: Transaction) -> None:
        await lease.hold(tx)
        await settle_batch(tx, work, [assignment for group in work.groups for assignment in group], known=True)
        await offer_within(tx, component.people, planned.linkage.reviews(), component.match_bits)
        await relate_some(tx, customers, relations)

    await store.transaction(write)


async def _take_in(store: Store, component: Component, keys: Collection[str]) -> set[str]:
    """Read these records and all of their customers; gives the person records that are new."""
    new: set[str] = set()
    for key, kind, body, pending, customer in await store.read(cypher("writes/customers_of"), keys=sorted(keys)):
        if key in component.people or key in component.mentions:
            continue
        if customer is not None:
            component.customers.add(customer)
        if pending:
            component.pending.add(key)
        if kind == "mention":
            component.mentions.add(key)
            continue
        record = None if body is None else decode(body)
        if isinstance(record, Person):
            component.people[key] = record
            new.add(key)
    return new


async def _read_identities(store: Store, component: Component) -> None:
    for id, records in await store.read(cypher("writes/identities_by_id"), ids=sorted(component.customers)):
        component.current.update(dict.fromkeys(records, id))


async def _read_mentioned(store: Store, component: Component) -> None:
    rows = await store.read(cypher("writes/read_mentions_of"), keys=sorted(component.mentions))
    component.mentioned = [
        (mention, identifier, [(key, customer) for key, customer in persons]) for mention, identifier, persons in rows
    ]


async def _read_relatives(store: Store, component: Component) -> None:
    ids = sorted(component.customers)
    for key, body in await store.read(cypher("writes/read_relatives"), ids=ids):
        record = None if body is None else decode(body)
        if key not in component.people and isinstance(record, Person):
            component.relatives[key] = record


async def _crowded_ids(store: Store, people: Iterable[Person], most: int) -> frozenset[tuple[str, str]]:
    """External ids that more than `most` records of the whole graph carry: they identify nobody."""
    ids = {one for person in people for ids in (person.external_ids, person.contact_ids) for one in ids.items()}
    keys = {external_key(system, value).key: (system, value) for system, value in ids}
    rows = await store.read(cypher("writes/crowded_identifiers"), keys=sorted(keys), most=most)
    return frozenset(keys[key] for (key,) in rows)


def _without(person: Person, crowded: frozenset[tuple[str, str]]) -> Person:
    ids = (person.external_ids, person.contact_ids)
    if all(crowded.isdisjoint(one.items()) for one in ids):
        return person
    external, contact = (
        {system: value for system, value in one.items() if (system, value) not in crowded} for one in ids
    )
    return msgspec.structs.replace(person, external_ids=external, contact_ids=contact)


def _clusters(component: Component, linkage: Linkage) -> list[list[str]]:
    clusters: dict[int, list[str]] = defaultdict(list)
    for record, label in zip(linkage.record_ids, linkage.labels.tolist(), strict=True):
        if record in component.people:
            clusters[label].append(record)
    return list(clusters.values())


def _with_mentions(component: Component, clusters: list[list[str]]) -> list[list[str]]:
    """The mentions' places; people outside the component count as owners, but nothing of theirs moves."""
    outside: dict[str | None, list[str]] = defaultdict(list)
    for person, customer in {pair for _, _, persons in component.mentioned for pair in persons}:
        if person not in component.people:
            outside[customer].append(person)
    rows: Iterable[MentionRow] = [
        (mention, identifier, [person for person, _ in persons]) for mention, identifier, persons in component.mentioned
    ]
    inside = len(clusters)
    everywhere = with_mentions([*clusters, *outside.values()], component.mentions, rows)
    return [*everywhere[:inside], *everywhere[inside + len(outside) :]]


def moved_records(planned: ComponentPlan) -> Mapping[str, tuple[str | None, str]]:
    """Records that change their customer: (the one before, the one afterwards)."""
    current, after = planned.component.current, planned.customer_of
    known: dict[str, Any] = {key: current.get(key) for key in after}
    return {key: (known[key], id) for key, id in sorted(after.items()) if known[key] != id}

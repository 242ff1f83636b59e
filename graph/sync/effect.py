"""What a decision would change: records and interactions that move, customers that come and go, consents."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from connectors.records import Consent, ConsentStatement, decode
from graph.customer.consent import effective_consents, statements_of
from graph.cypher import cypher
from graph.store.driver import Store
from graph.sync.component import ComponentPlan, moved_records


class MovedRecord(msgspec.Struct, frozen=True):
    """A record that describes another customer afterwards."""

    record: str
    from_customer: str | None
    to_customer: str | None
    """None: a customer that is not there yet."""
    interactions: int


class ChangedConsent(msgspec.Struct, frozen=True):
    """What may be done, before and after, for the customer that a record describes."""

    customer: str
    """The customer of today."""
    channel: str
    purpose: str
    before: str | None
    after: str | None


class Effect(msgspec.Struct, frozen=True):
    """The difference that a decision makes."""

    customers: tuple[str, ...] = ()
    """Customers, as they are afterwards, whose records change; those that are made are left out of a trial."""
    retired: tuple[str, ...] = ()
    """Ids that another id answers for afterwards."""
    created: int = 0
    moved: tuple[MovedRecord, ...] = ()
    consents: tuple[ChangedConsent, ...] = ()

    @property
    def interactions(self) -> int:
        return sum(record.interactions for record in self.moved)


async def effect_of(store: Store, planned: ComponentPlan) -> Effect:
    """What writing a planned component would change."""
    moved = moved_records(planned)
    counts = dict(await store.read(cypher("writes/count_interactions_of"), keys=sorted(moved)))
    new = planned.new_ids
    changed = [a for group in planned.plan.groups for a in group if a.changed]
    return Effect(
        customers=tuple(sorted(a.id for a in changed)),
        retired=tuple(sorted(planned.plan.retired)),
        created=sum(a.is_new for a in changed),
        moved=tuple(
            MovedRecord(key, before, None if after in new else after, counts.get(key, 0))
            for key, (before, after) in moved.items()
        ),
        consents=await _consents(store, planned),
    )


async def _consents(store: Store, planned: ComponentPlan) -> tuple[ChangedConsent, ...]:
    component, after = planned.component, planned.customer_of
    stated: dict[str, list[tuple[str, ConsentStatement]]] = defaultdict(list)
    deleted = {key for (key,) in await store.read(cypher("writes/deleted_records"), keys=sorted(component.people))}
    for key, person in component.people.items():
        stated[key] += [(key, statement) for statement in statements_of(person, deleted=key in deleted)]
    kept = (await store.read(cypher("writes/read_consents"), keys=sorted(after)))[0][0]
    for owner, key, body in kept:
        consent = decode(body)
        if isinstance(consent, Consent):
            stated[owner].append((key, consent.statement))
    before = {key: id for key, id in component.current.items() if key in after}
    was, becomes = _by_customer(before, stated), _by_customer(after, stated)
    heirs: dict[str, set[str]] = defaultdict(set)
    for key, id in before.items():
        heirs[id].add(after[key])
    changes = {
        ChangedConsent(id, channel, purpose, was[id].get((channel, purpose)), becomes[heir].get((channel, purpose)))
        for id in heirs
        for heir in heirs[id]
        for channel, purpose in was[id].keys() | becomes[heir].keys()
    }
    found = [change for change in changes if change.before != change.after]
    return tuple(sorted(found, key=lambda c: (c.customer, c.channel, c.purpose, c.after or "")))


def _by_customer(
    customer_of: dict[str, str], stated: dict[str, list[tuple[str, ConsentStatement]]]
) -> dict[str, dict[tuple[str, str], str]]:
    gathered: dict[str, list[tuple[str, ConsentStatement]]] = defaultdict(list)
    for key, id in customer_of.items():
        gathered[id] += stated.get(key, [])
    return {
        id: {(consent.channel, consent.purpose): consent.status for consent in effective_consents(statements)}
        for id, statements in gathered.items()
    }

"""Related customers: households and colleagues, told by the linkage, written by difference."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from graph.cypher import cypher
from graph.linkage.relations import Relation
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease

_ROWS_A_QUERY = 5_000

Tie = tuple[str, str, str, float]
"""(customer, the other one, kind, probability); the customer with the smaller record stands first."""


def ties(relations: Iterable[Relation], customer_of: Mapping[str, tuple[str, str]]) -> set[Tie]:
    """The customers that records' relations relate, each pair and kind once, with the likeliest of them.

    `customer_of`: record → (customer, its smallest person record), so that which stands first does not depend on ids.
    """
    likeliest: dict[tuple[str, str, str], float] = {}
    for relation in relations:
        one, two = customer_of.get(relation.left_id), customer_of.get(relation.right_id)
        if one is None or two is None or one[0] == two[0]:
            continue
        first, second = sorted((one, two), key=lambda customer: customer[1])
        key = (first[0], second[0], relation.kind)
        likeliest[key] = max(likeliest.get(key, 0.0), relation.probability)
    return {(*key, probability) for key, probability in likeliest.items()}


async def relate_all(store: Store, lease: Lease, wanted: set[Tie]) -> None:
    """Make these the only related customers of the graph."""
    there = {tuple(row) async for row in store.stream(cypher("writes/read_related"))}
    gone, made = sorted(there - wanted), sorted(wanted - there)

    async def drop(tx: Transaction, rows: list[Tie]) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/drop_related"), rows=[list(row) for row in rows])

    async def make(tx: Transaction, rows: list[Tie]) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/make_related"), rows=[list(row) for row in rows])

    for write, rows in ((drop, gone), (make, made)):
        for start in range(0, len(rows), _ROWS_A_QUERY):
            batch = rows[start : start + _ROWS_A_QUERY]
            await store.transaction(lambda tx, write=write, batch=batch: write(tx, batch))  # type: ignore[misc]


async def relate_some(tx: Transaction, customers: Collection[str], relations: Iterable[Relation]) -> None:
    """Make these relations the only ones of some customers; the records of both sides must be described already."""
    relations = list(relations)
    keys = sorted({key for relation in relations for key in (relation.left_id, relation.right_id)})
    customer_of = {
        key: (customer, smallest)
        for key, customer, smallest in await tx.collected(cypher("writes/customers_of_people"), keys=keys)
    }
    wanted = ties(relations, customer_of)
    there = {tuple(row) for row in await tx.collected(cypher("writes/read_related_of"), ids=sorted(customers))}
    if gone := sorted(there - wanted):
        await tx.run(cypher("writes/drop_related"), rows=[list(row) for row in gone])
    if made := sorted(wanted - there):
        await tx.run(cypher("writes/make_related"), rows=[list(row) for row in made])

"""Pairs that wait for a person, written by difference: one that stays keeps what people noted on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graph.cypher import cypher
from graph.linkage.link import Review
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease

_ROWS_A_QUERY = 5_000

_Known = dict[tuple[str, str], tuple[float, float]]
"""(left, right) → (weight in bits, probability)"""


async def offer_all(store: Store, lease: Lease, reviews: Iterable[Review]) -> None:
    """Make these the only pairs that wait."""
    wanted = _known(reviews)
    there = {(row[0], row[1]): (row[2], row[3]) async for row in store.stream(cypher("writes/read_reviews"))}

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await _write(tx, there, wanted)

    await store.transaction(work)


async def offer_some(tx: Transaction, records: Sequence[str], reviews: Iterable[Review]) -> None:
    """Make these the only pairs that wait among those of some records."""
    rows = await tx.run(cypher("writes/read_reviews_of"), keys=records)
    await _write(tx, {(left, right): (weight, likely) for left, right, weight, likely in rows}, _known(reviews))


def _known(reviews: Iterable[Review]) -> _Known:
    return {(review.left_id, review.right_id): (review.bits, review.probability) for review in reviews}


async def _write(tx: Transaction, there: _Known, wanted: _Known) -> None:
    gone = [list(pair) for pair in sorted(there.keys() - wanted.keys())]
    offered = [
        {"left": left, "right": right, "weight": weight, "probability": likely}
        for (left, right), (weight, likely) in sorted(wanted.items())
        if there.get((left, right)) != (weight, likely)
    ]
    for query, rows in (("writes/drop_reviews", gone), ("writes/offer_reviews", offered)):
        for start in range(0, len(rows), _ROWS_A_QUERY):
            await tx.run(cypher(query), rows=rows[start : start + _ROWS_A_QUERY])

"""Pairs that wait for a person, written by difference: one that stays keeps what people noted on it.

Each pair holds its place in the queue, so that a page of it is read without the others: the distance of its weight to
the threshold by which records were linked, then the interactions at stake.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from graph.cypher import cypher
from graph.linkage.linkage import Review
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease

_ROWS_A_QUERY = 5_000

_Known = dict[tuple[str, str], tuple[float, float, float]]
"""(left, right) → (weight in bits, probability, distance to the threshold in bits)"""


async def offer_all(
    store: Store, lease: Lease, reviews: Iterable[Review], match_bits: float, at_a_time: int = _ROWS_A_QUERY
) -> None:
    """Make these the only pairs that wait, `at_a_time` of them in a transaction.

    When it is cut off between two of them, the next run, which links everybody, writes what is missing.
    """
    there = {(row[0], row[1]): tuple(row[2:]) async for row in store.stream(cypher("writes/read_reviews"))}
    for query, rows in _changes(there, _known(reviews, match_bits)):
        for start in range(0, len(rows), at_a_time):
            await store.transaction(_held(lease, query, rows[start : start + at_a_time]), repeatable=True)


async def offer_some(tx: Transaction, records: Sequence[str], reviews: Iterable[Review], match_bits: float) -> None:
    """Make these the only pairs that wait among those of some records."""
    await _write(tx, await _there(tx, records), _known(reviews, match_bits))


async def offer_within(tx: Transaction, records: Collection[str], reviews: Iterable[Review], match_bits: float) -> None:
    """Make these the only pairs that wait of which both records are among some; the others are left alone."""
    inside = frozenset(records)
    there = {pair: told for pair, told in (await _there(tx, sorted(inside))).items() if inside.issuperset(pair)}
    wanted = [review for review in reviews if review.left_id in inside and review.right_id in inside]
    await _write(tx, there, _known(wanted, match_bits))


async def stake_some(tx: Transaction, customers: Collection[str]) -> None:
    """Say anew what is at stake in the pairs of some customers, after their interactions were counted."""
    await tx.run(cypher("writes/stake_reviews"), ids=sorted(customers))


def _known(reviews: Iterable[Review], match_bits: float) -> _Known:
    return {
        (review.left_id, review.right_id): (
            review.bits,
            review.probability,
            round(abs(review.bits - match_bits), 3),
        )
        for review in reviews
    }


async def _there(tx: Transaction, records: Sequence[str]) -> dict[tuple[str, str], tuple[float, ...]]:
    rows = await tx.run(cypher("writes/read_reviews_of"), keys=records)
    return {(left, right): tuple(told) for left, right, *told in rows}


def _held(lease: Lease, query: str, rows: Sequence[object]) -> Callable[[Transaction], Awaitable[None]]:
    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher(query), rows=rows)

    return work


async def _write(tx: Transaction, there: dict[tuple[str, str], tuple[float, ...]], wanted: _Known) -> None:
    for query, rows in _changes(there, wanted):
        for start in range(0, len(rows), _ROWS_A_QUERY):
            await tx.run(cypher(query), rows=rows[start : start + _ROWS_A_QUERY])


def _changes(
    there: dict[tuple[str, str], tuple[float, ...]], wanted: _Known
) -> tuple[tuple[str, Sequence[object]], tuple[str, Sequence[object]]]:
    """The pairs that wait no longer, and those that wait now or otherwise than before, each with its query."""
    gone = [list(pair) for pair in sorted(there.keys() - wanted.keys())]
    offered = [
        {"left": left, "right": right, "weight": weight, "probability": likely, "distance": distance}
        for (left, right), (weight, likely, distance) in sorted(wanted.items())
        if there.get((left, right)) != (weight, likely, distance)
    ]
    return ("writes/drop_reviews", gone), ("writes/offer_reviews", offered)

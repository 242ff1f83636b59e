"""The queue of reviews: each pair stands at its place, and a page of it reads its own pairs alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from neo4j import GraphDatabase

from connectors.records import Record
from graph.customer.reading import MATCH_REVIEWS
from graph.cypher import cypher, statements
from graph.linkage.linkage import Review
from graph.query import compile_query
from graph.reading import Column, Page, Part, Reading
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.errors import LeaseLost
from graph.store.lease import Lease
from graph.store.migrate import migrate
from graph.store.older_reviews import queue_everybody
from graph.store.settings import StoreSettings
from graph.sync.asking import Ask
from graph.sync.decisions import Pair, accept_match
from graph.sync.reviews import offer_all
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
NAMES = ("Ada Byron", "Augusta King", "Bob Stone", "Cleo Marsh", "Dan Quill")
KEYS = [f"crm/contacts/{number}" for number in range(len(NAMES))]
PEOPLE: list[Record] = [
    person(key, name, email=f"{name[:3].lower()}@{number}.test")
    for number, (key, name) in enumerate(zip(KEYS, NAMES, strict=True))
]


@pytest.fixture
async def queue(store: Store) -> Store:
    """Five people; three pairs wait, two of them as far from the threshold as each other."""
    talks = [event(f"crm/events/{n}", "call.made", f"2026-01-0{n + 1}", KEYS[3]) for n in range(3)]
    await sync([fixed_source("test", *PEOPLE, *talks)], store, RULES)
    async with store.lease("link") as lease:
        reviews = [
            Review(KEYS[0], KEYS[1], 0.5, 0.58),
            Review(KEYS[2], KEYS[3], 0.5, 0.58),
            Review(KEYS[1], KEYS[4], 0.8, 0.63),
        ]
        await offer_all(store, lease, reviews, match_bits=1.0)
    return store


async def waiting(store: Store) -> list[tuple[str, str]]:
    """The pairs, first to last, as a page of the API reads them."""
    rows = await store.read(page(), size=10)
    return [(left, right) for left, right in rows[0][0]]


def page(*, after: tuple[str, ...] | None = None) -> str:
    """The query of a page in the usual order."""
    wanted = Page(MATCH_REVIEWS.keys(()), "size", 10, after)
    cells: list[Column | Part] = [Column("key", "first"), Column("key", "second")]
    return compile_query([Part(MATCH_REVIEWS, "page", Reading(cells), page=wanted)])


async def test_the_nearest_waits_first_then_the_one_with_most_at_stake(queue: Store) -> None:
    """Of two pairs that are as near, the one whose customers have more interactions comes first."""
    assert await waiting(queue) == [(KEYS[1], KEYS[4]), (KEYS[2], KEYS[3]), (KEYS[0], KEYS[1])]


async def test_a_pair_moves_up_when_its_customers_do_more(queue: Store) -> None:
    """Interactions that land later count: the place in the queue follows them."""
    news = [event(f"crm/news/{n}", "call.made", f"2026-02-0{n + 1}", KEYS[0]) for n in range(5)]

    await sync([fixed_source("news", *news)], queue, RULES)

    stakes = "MATCH (:SourceRecord {key: $key})-[m:MAY_MATCH]->() RETURN m.stake"
    assert await queue.read(stakes, key=KEYS[0]) == [[5]]
    assert await waiting(queue) == [(KEYS[1], KEYS[4]), (KEYS[0], KEYS[1]), (KEYS[2], KEYS[3])]


async def test_decided_pairs_stand_behind_those_that_wait_until_they_are_reopened(queue: Store) -> None:
    """A decision takes its pair to the end; when it waits again, it stands where it stood."""
    before = await waiting(queue)

    done = await accept_match(queue, RULES, Pair(KEYS[1], KEYS[4]), Ask(by="cleo"))

    assert await waiting(queue) == [*before[1:], before[0]]
    await queue.write(cypher("writes/reopen_reviews"), id=done.decisions[0].id)
    assert await waiting(queue) == before


async def test_reviews_of_before_get_their_place(queue: Store) -> None:
    """A graph of an earlier version is brought to the same order."""
    before = await waiting(queue)
    await queue.write("MATCH ()-[m:MAY_MATCH]->() SET m.queue = null, m.distance = null, m.stake = null")
    await queue.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 1")

    await migrate(queue)

    assert await waiting(queue) == before


async def test_what_a_kill_cuts_off_is_queued_by_the_next_upgrade(
    queue: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction holds a few records: what is committed stays when the second of them is cut off."""
    before = await waiting(queue)
    await queue.write("MATCH ()-[m:MAY_MATCH]->() SET m.queue = null, m.distance = null, m.stake = null")
    await queue.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 1")
    transaction, done = queue.transaction, 0

    async def cut_off(work: Any, **options: Any) -> Any:
        nonlocal done
        done += 1
        if done == 2:
            raise ConnectionResetError("killed")
        return await transaction(work, **options)

    with monkeypatch.context() as patch:
        patch.setattr(queue, "transaction", cut_off)
        with pytest.raises(ConnectionResetError):
            await queue_everybody(queue, batch=2)
    (placed,) = (await queue.read("MATCH ()-[m:MAY_MATCH]->() WHERE m.queue IS NOT NULL RETURN count(m)"))[0]
    assert 0 < placed < len(before)

    await queue_everybody(queue, batch=2)
    assert await waiting(queue) == before
    await migrate(queue)
    assert await waiting(queue) == before


@pytest.fixture
def plans(neo4j_settings: StoreSettings) -> Iterator[Any]:
    """What Neo4j would do for a query, operator by operator."""
    auth = (neo4j_settings.user, neo4j_settings.password.get_secret_value())
    with GraphDatabase.driver(neo4j_settings.uri, auth=auth) as driver:

        def operators(query: str) -> str:
            with driver.session() as session:
                found = session.run("EXPLAIN " + query, size=10, at="1").consume().plan
            assert found is not None
            return re.sub(r"@\w+", "", str(found))

        yield operators


def test_a_page_of_the_queue_walks_its_index(plans: Any) -> None:
    """Neo4j goes along the index from the cursor on: it neither sorts nor looks at other pairs."""
    for query in (page(), page(after=("at",))):
        plan = plans(query)

        assert "DirectedRelationshipIndexSeekByRange" in plan
        assert "Sort" not in plan
        assert "Top" not in plan
        assert "Scan" not in plan


def test_merges_of_sources_are_found_by_their_index(plans: Any) -> None:
    """Neo4j reads the records that were merged, not all there are."""
    plan = plans(cypher("writes/read_merged"))

    assert "NodeIndexSeekByRange" in plan
    assert "LabelScan" not in plan


def test_the_migration_only_makes_indexes_and_mends() -> None:
    """It can be run again: what is there is left as it is."""
    made = [each for each in statements("store/migrations/002_reviews") if each.startswith("CREATE")]
    assert all(" IF NOT EXISTS " in each for each in made)


async def test_many_pairs_are_offered_in_several_transactions(queue: Store) -> None:
    """Each holds the lease; cut off after two of four, the next run drops and offers what is missing."""
    wanted = [
        Review(KEYS[0], KEYS[1], 0.5, 0.58),
        Review(KEYS[0], KEYS[2], 0.9, 0.65),
        Review(KEYS[1], KEYS[2], 0.7, 0.6),
    ]
    async with queue.lease("link") as lease:
        with pytest.raises(LeaseLost):
            await offer_all(queue, cast("Lease", Cut(lease, 2)), wanted, 1.0, at_a_time=1)
        half = await waiting(queue)
        held = Cut(lease, 9)
        await offer_all(queue, cast("Lease", held), wanted, 1.0, at_a_time=1)

    assert half == [(KEYS[0], KEYS[1])]
    assert await waiting(queue) == [(KEYS[0], KEYS[2]), (KEYS[1], KEYS[2]), (KEYS[0], KEYS[1])]
    assert held.left == 7


class Cut:
    """A lease that is lost after it was held some times."""

    def __init__(self, lease: Lease, left: int) -> None:
        self.lease, self.left = lease, left

    async def hold(self, tx: Transaction) -> None:
        if not self.left:
            raise LeaseLost("Another process has taken over.")
        self.left -= 1
        await self.lease.hold(tx)

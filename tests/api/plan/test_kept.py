"""What is kept of earlier requests: no more than there is room for, whatever clients send."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from api.plan.kept import SHARE, Kept
from api.plan.planning import PLAN_BYTES, PlanCache
from api.plan.service import DOCUMENT_BYTES, Service
from api.schema.schema import graphql_schema

pytestmark = pytest.mark.anyio
MEGABYTE = 1_000_000
FIRST = 40_000
"""What the first validation under measurement leaves: names that Python keeps once."""
PAGE = """customers(first: 1) { nodes { id displayName interactions(first: 1) { nodes { id kind sourceRecord { key } } }
    emails { sourceRecords { key } } account { name } } }"""


class Empty:
    """A store of no rows: what is kept does not depend on them."""

    async def read(self, query: str, /, **parameters: Any) -> list[Any]:
        return [[None]]


def roots(number: int) -> str:
    return f"query q{number} {{ {' '.join(f'a{n}: {PAGE}' for n in range(55))} }}"


def nested(number: int) -> str:
    inner = " ".join(
        f"i{n}: interactions(first: 1) {{ nodes {{ id sourceRecord {{ key }} touchpoint {{ key }} }} }}"
        for n in range(55)
    )
    return f"query q{number} {{ customers(first: 1) {{ nodes {{ {inner} }} }} }}"


def repeated(number: int, times: int = 480) -> str:
    return f"query q{number} {{ customers(first: 1) {{ nodes {{ {'... { id jobTitle } ' * times} }} }} }}"


def commented(number: int) -> str:
    return f"query q{number} {{ customers(first: 1) {{ nodes {{ id }} }} }} #{'x' * 150_000}"


def of_many_comments(number: int) -> str:
    return f"query q{number} {{ customers(first: 1) {{ nodes {{ id }} }} }}\n" + "#\n" * 3_900


def of_long_text(number: int) -> str:
    return f'query q{number} {{ search(query: """{"é" * 150_000}""") {{ nodes {{ __typename }} }} }}'


@contextmanager
def measured() -> Iterator[Callable[[], int]]:
    """Gives how many bytes are held more than at the beginning."""
    gc.collect()
    tracemalloc.start()
    began = tracemalloc.get_traced_memory()[0]

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - began

    try:
        yield held
    finally:
        tracemalloc.stop()


@pytest.mark.long
async def test_many_large_documents_do_not_fill_the_memory() -> None:
    """A hundred different documents, all valid and answered, several times the room: what is held is the room."""
    service = Service(graphql_schema(), Empty())
    assert (service.documents.most_bytes, service.plans.most_bytes) == (DOCUMENT_BYTES, PLAN_BYTES)
    await service.answer(repeated(0, 60))
    room = 4 * MEGABYTE
    with measured() as held:
        service.documents, service.plans = Kept(room), PlanCache(room)
        one = 0
        for number in range(100):
            await service.answer(repeated(number, 60))
            one = one or held()
        found = held()

    assert 100 * one > 2 * room
    assert room // 4 < found < room
    assert 0 < service.documents.bytes <= room
    assert 0 < service.plans.bytes <= room


@pytest.mark.parametrize("made", [roots, nested, repeated, commented, of_many_comments, of_long_text])
async def test_what_is_kept_is_not_weighed_as_less_than_it_is(made: Callable[[int], str]) -> None:
    """Large documents of every kind, and their plans, hold no more than they count for."""
    service = Service(graphql_schema(), Empty())
    await service.answer(made(0))
    before = service.documents.bytes, service.plans.bytes
    with measured() as held:
        for number in (1, 2):
            await service.answer(made(number))
        both = held()
        service.plans = PlanCache()
        documents = held()

    assert len(service.documents) == 3
    assert documents <= service.documents.bytes - before[0] + FIRST
    assert both <= before[1] * 2 + FIRST


async def test_a_list_of_enum_values_makes_no_plan_of_its_length() -> None:
    """Fifty thousand times the same two members: planned as the two, and kept as the two."""
    service = Service(graphql_schema(), Empty())
    query = "query ($f: CustomerFilter) { customers(first: 1, filter: $f) { nodes { id } } }"
    for times in (1, 25_000):
        await service.answer(query, {"f": {"activityStatus": {"in": ["NEW", "ACTIVE"] * times}}})

    assert (service.plans.hits, service.plans.misses) == (1, 1)


def test_the_values_used_last_are_kept() -> None:
    """What was asked for stays, what was not makes room, what is too large is not kept, and a new value replaces."""
    kept: Kept[str, int] = Kept(SHARE)
    for number in range(SHARE):
        kept.put(str(number), number, 1)
    assert kept.get("0") == 0
    kept.put("new", 99, 1)
    kept.put("large", 100, 2)
    kept.put("new", 101, 1)

    assert (kept.get("1"), kept.get("0"), kept.get("new"), kept.get("large")) == (None, 0, 101, None)
    assert (kept.bytes, len(kept)) == (SHARE, SHARE)

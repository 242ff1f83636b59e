"""Several batches at a time give what one after the other gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from graph.cypher import cypher
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store, Transaction
from graph.sync import derive, settle
from graph.sync.abreast import abreast
from graph.sync.sync import sync
from tests.graph.sync.small_company import small_company

pytestmark = pytest.mark.anyio


async def test_an_error_stops_the_others(store: Store) -> None:
    """It is raised as it is, when nothing is under way any more; what waits is not begun."""
    begun: list[int] = []
    under_way: set[int] = set()

    async def write(batch: int) -> None:
        begun.append(batch)
        under_way.add(batch)
        try:
            await asyncio.sleep(0)
            if batch == 2:
                raise ZeroDivisionError
        finally:
            under_way.remove(batch)

    with pytest.raises(ZeroDivisionError):
        await abreast(store, range(100), write)

    assert not under_way
    assert max(begun) <= 2 + store.writers  # each of the others may have been about to begin one


async def test_a_first_load_in_small_batches_says_what_large_ones_say(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many transactions write interactions as the store can use, and the graph is the same in the end."""
    await sync(small_company(), store, Rules())
    large = await digest(store)
    while (await store.write("MATCH (n) WHERE NOT n:Meta WITH n LIMIT 5000 DETACH DELETE n")).nodes_deleted:
        pass
    monkeypatch.setattr(settle, "_CUSTOMERS_A_BATCH", 9)
    monkeypatch.setattr(derive, "CUSTOMERS_A_BATCH", 9)
    most = _watched(monkeypatch)

    await sync(small_company(page_size=20), store, Rules())

    assert not (await digest(store)).differences(large)
    assert most() == store.writers


def _watched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The most transactions that created interactions and were under way at one time."""
    under_way: set[Transaction] = set()
    most = 0
    run = Transaction.run

    async def watched(self: Transaction, query: str, /, **parameters: Any) -> list[list[Any]]:
        nonlocal most
        if query == cypher("writes/create_plain_interactions"):
            under_way.add(self)
            under_way.difference_update([each for each in under_way if each.closed])
            most = max(most, len(under_way))
        return await run(self, query, **parameters)

    monkeypatch.setattr(Transaction, "run", watched)
    return lambda: most

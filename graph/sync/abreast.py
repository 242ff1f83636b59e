"""Abreast: several batches at a time, so that while one waits for the store another is thought about."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from graph.store.driver import Store

T = TypeVar("T")


async def abreast(store: Store, batches: Iterable[T], write: Callable[[T], Awaitable[None]]) -> None:
    """Write every batch, begun in their order, as many at a time as the store can use.

    The first error cancels the others, and is raised when they have stopped.
    """
    waiting = iter(batches)

    async def one_after_another() -> None:
        for batch in waiting:
            await write(batch)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(store.writers):
                group.create_task(one_after_another())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed

"""Lists paged by offset are read whole while they shrink, grow and move."""

from __future__ import annotations

import random

import pytest

from connectors.errors import SourceError
from connectors.offset_pages import offset_pages

pytestmark = pytest.mark.anyio


async def read(rows: list[int], *, size: int, between: object = None, offset: int = 0) -> set[int]:
    """Everything that was given; `between` is called with the list before each page."""

    async def fetch(start: int) -> list[int]:
        if callable(between):
            between(rows)
        return rows[start : start + size]

    given: set[int] = set()
    async for page in offset_pages(fetch, lambda row: row, "[x] rows", size=size, offset=offset):
        given |= set(page.items)
    return given


@pytest.mark.parametrize("length", [0, 1, 19, 20, 21, 40, 399])
async def test_a_list_that_stands_still_is_read_once_whole(length: int) -> None:
    """Also when it is empty, or ends with a full page."""
    rows = list(range(length))
    assert await read(rows, size=20) == set(rows)


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_that_stays_is_left_out_when_rows_vanish_or_move_to_the_end(seed: int) -> None:
    """Before each page a few rows of the front are deleted, or changed and sorted to the end."""
    dice = random.Random(seed)
    rows = list(range(500))

    def disturb(rows: list[int]) -> None:
        for _ in range(dice.choice((0, 0, 3, 15))):
            gone = rows.pop(dice.randrange(len(rows) // 2))
            if dice.random() < 0.5:
                rows.append(gone)

    given = await read(rows, size=25, between=disturb)

    assert set(rows) <= given


async def test_a_vendor_that_ignores_the_offset_is_left_with_an_error() -> None:
    """The same full page for ever is no list."""

    async def fetch(start: int) -> list[int]:
        return list(range(20))

    with pytest.raises(SourceError, match="cursor does not move"):
        async for _ in offset_pages(fetch, lambda row: row, "[x] rows", size=20):
            pass


async def test_a_list_that_never_stands_still_is_left_for_the_next_sync() -> None:
    """Going back has an end."""
    next_row = iter(range(10_000_000))

    async def fetch(start: int) -> list[int]:
        return [next(next_row) for _ in range(20)]

    with pytest.raises(SourceError, match="keeps changing"):
        async for _ in offset_pages(fetch, lambda row: row, "[x] rows", size=20):
            pass


async def test_a_reading_that_was_interrupted_goes_on_a_page_earlier() -> None:
    """What vanished meanwhile moved the rest towards the front."""
    rows = list(range(10, 100))
    assert await read(rows, size=20, offset=60) >= set(range(60, 100))

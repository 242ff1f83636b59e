"""What a source no longer lists is gone, unless it is too much to believe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.errors import SourceError
from connectors.hookspecs import State
from connectors.vanished import packed, unpacked, vanished

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = timedelta(days=7)


async def listed(*pages: Iterable[str]) -> AsyncIterator[Iterable[str]]:
    """A source that lists these."""
    for page in pages:
        yield page


async def look(state: State, *keys: str, now: datetime = NOW) -> tuple[list[str], State]:
    """Who is gone, and the state afterwards, as a store would keep it."""
    gone: list[str] = []
    async for page in vanished("[x] people", listed(keys[:2], keys[2:]), state, WEEK, now):
        gone += [one.id for one in page.raws]
        state = page.state
    return gone, msgspec.json.decode(msgspec.json.encode(state))


async def test_who_was_listed_and_is_not_any_more_is_gone() -> None:
    """Nobody at first, whoever is missing a week later, and nobody twice."""
    first, state = await look({"since": "x"}, "a", "b", "c")
    early, _ = await look(state, "a", now=NOW + timedelta(days=6))
    second, state = await look(state, "a", "c", "d", now=NOW + WEEK)
    third, state = await look(state, "a", "c", "d", now=NOW + 2 * WEEK)

    assert (first, early, second, third) == ([], [], ["b"], [])
    assert state["since"] == "x"


async def test_a_source_that_hides_most_of_its_records_deletes_nobody() -> None:
    """A token that lost a right looks like that."""
    people = [f"p{number}" for number in range(300)]
    _, state = await look({}, *people)

    with pytest.raises(SourceError, match=r"\[x\] people: 180 of 300 records are no longer listed.+sync --full"):
        await look(state, *people[:120], now=NOW + WEEK)


@pytest.mark.parametrize("keys", [set(), {"a"}, {"a", "ä/ö", "01HX"}])
def test_packed_keys_are_the_same_when_unpacked(keys: set[str]) -> None:
    """None, one, and any letters."""
    assert unpacked(packed(keys)) == keys


def test_packed_keys_take_little_room() -> None:
    """Mailchimp's, which are MD5."""
    keys = {f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128:032x}" for number in range(10_000)}
    assert len(packed(keys)) < 25 * len(keys)

"""API keys: shown once, kept as a hash, let in while they hold."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.keys import ApiKeyError, KeyRing, Role, any_key, create_key, list_keys, revoke_key
from graph.store.driver import Store

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Time:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at.timestamp()

    def passes(self, **duration: float) -> None:
        self.at += timedelta(**duration)


async def test_a_key_is_256_random_bits_of_which_the_graph_keeps_a_hash(store: Store) -> None:
    """No two are alike, and nothing in the graph is the key or its secret part."""
    made = [await create_key(store, "dashboard", Role.READER) for _ in range(3)]
    held = str(await store.read("MATCH (k:ApiKey) RETURN properties(k)"))

    assert len({text for _, text in made}) == len({key.id for key, _ in made}) == 3
    for key, text in made:
        prefix, id, secret = text.split("_", 2)
        assert (prefix, id) == ("c360", key.id)
        assert len(secret) == 43  # 32 bytes in base64
        assert secret not in held
        assert hashlib.sha256(text.encode()).hexdigest() in held


async def test_a_key_lets_in_until_it_ends_or_is_revoked(store: Store) -> None:
    """In force it is known by name and role; expired, revoked, altered or unknown it is nobody's."""
    time = Time()
    ring = KeyRing(store, remembered=10, clock=time)
    lasting, text = await create_key(store, "desk", Role.STEWARD, now=NOW)
    _, short = await create_key(store, "trial", Role.READER, expires_at=NOW + timedelta(hours=1), now=NOW)

    known = await ring.key_of(text)
    assert known is not None
    assert (known.name, known.role) == ("desk", "steward")
    for wrong in (
        text[:-1] + ("A" if text[-1] != "A" else "B"),
        text.swapcase(),
        "c360_" + "0" * 16 + "_x",
        "c360",
        "",
    ):
        assert await ring.key_of(wrong) is None, wrong
    assert await ring.key_of(short) is not None

    time.passes(hours=1)
    assert await ring.key_of(short) is None
    await revoke_key(store, lasting.id, now=time.at)
    time.passes(seconds=10)
    assert await ring.key_of(text) is None


async def test_a_key_revoked_elsewhere_is_let_in_for_seconds_at_most(store: Store) -> None:
    """What is remembered of a key is asked anew when its time is over, and not before."""
    time = Time()
    ring = KeyRing(store, remembered=10, clock=time)
    key, text = await create_key(store, "desk", Role.READER, now=NOW)
    assert await ring.key_of(text) is not None
    await revoke_key(store, key.id, now=NOW)

    time.passes(seconds=9.9)
    assert await ring.key_of(text) is not None
    time.passes(seconds=0.1)
    assert await ring.key_of(text) is None


async def test_revoking_twice_keeps_the_first_moment(store: Store) -> None:
    """And an id that nothing has is refused with the way to the ids."""
    key, _ = await create_key(store, "desk", Role.READER, now=NOW)
    first = await revoke_key(store, key.id, now=NOW)
    again = await revoke_key(store, key.id, now=NOW + timedelta(days=1))

    assert first.revoked_at == again.revoked_at == NOW
    with pytest.raises(ApiKeyError, match="c360 keys list"):
        await revoke_key(store, "nothing")


async def test_the_last_use_is_written_once_a_minute_also_by_two_processes(store: Store) -> None:
    """Of many uses within a minute one is written; another process sees that and writes none either."""
    time = Time()
    counted = Counting(store)
    here, there = KeyRing(counted, clock=time), KeyRing(counted, clock=time)  # type: ignore[arg-type]
    _, text = await create_key(store, "desk", Role.READER, now=NOW)

    async def last_use() -> datetime | None:
        return (await list_keys(store))[0].last_used_at

    for _ in range(30):
        await here.key_of(text)
        time.passes(seconds=1)
    assert await last_use() == NOW
    await there.key_of(text)
    assert await last_use() == NOW
    assert counted.writes == 2
    time.passes(seconds=31)
    await here.key_of(text)
    assert await last_use() == NOW + timedelta(seconds=61)


async def test_a_key_that_was_ever_made_counts_as_made(store: Store) -> None:
    """Also when it is revoked: the door does not open when the last key is taken back."""
    time = Time()
    ring = KeyRing(store, remembered=10, clock=time)
    assert not await ring.in_use()
    key, _ = await create_key(store, "desk", Role.READER, now=NOW)
    await revoke_key(store, key.id, now=NOW)

    assert await any_key(store)
    time.passes(seconds=10)
    assert await ring.in_use()


@pytest.mark.parametrize(("name", "ends"), [("", None), (" ", None), ("x" * 81, None), ("a\nb", None), ("x", NOW)])
async def test_a_key_that_makes_no_sense_is_refused(store: Store, name: str, ends: datetime | None) -> None:
    """Without a name, with one that no list can show, or over before it begins: nothing is written."""
    with pytest.raises(ApiKeyError):
        await create_key(store, name, Role.READER, expires_at=ends, now=NOW)
    assert await list_keys(store) == []


class Counting:
    """A store that counts what is written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes = 0

    async def read_one(self, query: str, /, **parameters: Any) -> list[Any] | None:
        return await self._store.read_one(query, **parameters)

    async def write(self, query: str, /, **parameters: Any) -> None:
        self.writes += 1
        await self._store.write(query, **parameters)

"""API keys: what a program shows to be let in, and the roles that say how far.

A key is 256 random bits. The graph keeps its SHA-256 only. A slow hash, as passwords need, would protect nothing here:
nobody guesses 256 bits, however fast the hash; and every request would pay for it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

import msgspec

from connectors.errors import C360Error
from graph.cypher import cypher
from graph.store.driver import Store

PREFIX = "c360"
SECRET_BYTES = 32
ID_BYTES = 8
LONGEST_NAME = 80
USE_IS_NOTED_EVERY = 60.0
"""Seconds: a key's last use is written at most so often."""


class Role(IntEnum):
    """How far somebody may go; each may do what those below it may."""

    READER = 1
    ANALYST = 2
    STEWARD = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """As people write it."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> Role | None:
        """The role of this name, whatever its case; None when there is none."""
        return cls.__members__.get(word.strip().upper())


class ApiKeyError(C360Error):
    """A key cannot be made or revoked like this; the message says why."""


class ApiKey(msgspec.Struct, frozen=True):
    """What the graph knows of a key; never the key itself."""

    id: str
    name: str
    role: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    limits: str | None = None
    """What whoever asks with it may use, in the words of the API, which reads them."""

    def holds(self, now: datetime) -> bool:
        """Whether it lets anybody in at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


async def create_key(
    store: Store,
    name: str,
    role: Role,
    *,
    expires_at: datetime | None = None,
    limits: str | None = None,
    now: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which nobody can be told a second time. Raises ApiKeyError."""
    now = now or datetime.now(UTC)
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ApiKeyError(f"A key needs a name of 1 to {LONGEST_NAME} printable characters, e.g. `dashboard`.")
    if expires_at is not None and expires_at <= now:
        raise ApiKeyError(f"The key would have ended before it began: {expires_at:%Y-%m-%d %H:%M} UTC is over.")
    id = secrets.token_hex(ID_BYTES)
    text = f"{PREFIX}_{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    await store.write(
        cypher("writes/create_api_key"),
        id=id,
        name=name,
        role=role.word,
        hash=_hash(text),
        now=_milliseconds(now),
        expires=None if expires_at is None else _milliseconds(expires_at),
        limits=limits,
    )
    (key,) = [each for each in await list_keys(store) if each.id == id]
    return key, text


async def list_keys(store: Store) -> list[ApiKey]:
    """All keys, also those that hold no more, the oldest first."""
    return [_key(row) for row in await store.read(cypher("writes/list_api_keys"))]


async def revoke_key(store: Store, id: str, *, now: datetime | None = None) -> ApiKey:
    """Let nobody in by this key any more; one revoked before stays as it is. Raises ApiKeyError."""
    await store.write(cypher("writes/revoke_api_key"), id=id, now=_milliseconds(now or datetime.now(UTC)))
    return await _named(store, id)


async def limit_key(store: Store, id: str, limits: str | None) -> ApiKey:
    """Give a key other limits, or with None those of everybody. Raises ApiKeyError."""
    await store.write(cypher("writes/limit_api_key"), id=id, limits=limits)
    return await _named(store, id)


async def any_key(store: Store) -> bool:
    """Whether a key was ever made, also one that holds no more."""
    return await store.read_one(cypher("writes/any_api_key")) is not None


class KeyRing:
    """Knows keys by their text; remembers a key for a few seconds, so that not every request asks the graph."""

    def __init__(
        self, store: Store, *, remembered: float = 5.0, most: int = 1_000, clock: Callable[[], float] = time.time
    ) -> None:
        """`remembered` in seconds: a key that is revoked elsewhere is let in for so long at most."""
        self._store = store
        self._remembered = remembered
        self._most = most
        self._clock = clock
        self._known: dict[str, tuple[float, ApiKey, str]] = {}
        self._noted: dict[str, float] = {}
        self._in_use: tuple[float, bool] | None = None

    async def key_of(self, text: str) -> ApiKey | None:
        """The key whose text this is, if it holds; its use is noted. Raises StoreError when the graph cannot tell."""
        id = _id_in(text)
        if id is None:
            return None
        now = self._clock()
        known = self._known.get(id)
        if known is None or now - known[0] >= self._remembered:
            row = await self._store.read_one(cypher("writes/read_api_key"), id=id)
            if row is None:
                return None
            known = (now, _key(row[:-1]), row[-1])
            if len(self._known) >= self._most:
                self._known.clear()
                self._noted.clear()
            self._known[id] = known
        _, key, hashed = known
        # As long for a wrong first letter as for a wrong last one.
        if not hmac.compare_digest(_hash(text), hashed) or not key.holds(datetime.fromtimestamp(now, UTC)):
            return None
        await self._note_use(id, now)
        return key

    def forget(self, id: str) -> None:
        """Ask the graph anew for the key of this id."""
        self._known.pop(id, None)

    async def in_use(self) -> bool:
        """Whether a key was ever made: then nobody is let in without one."""
        now = self._clock()
        if self._in_use is None or not (self._in_use[1] or now - self._in_use[0] < self._remembered):
            self._in_use = (now, await any_key(self._store))
        return self._in_use[1]

    async def _note_use(self, id: str, now: float) -> None:
        if now - self._noted.get(id, 0.0) < USE_IS_NOTED_EVERY:
            return
        self._noted[id] = now
        # Other processes note uses, too: the query looks once more whether a minute has passed.
        at = int(now * 1000)
        await self._store.write(
            cypher("writes/note_api_key_use"), id=id, now=at, before=at - int(USE_IS_NOTED_EVERY * 1000)
        )


async def _named(store: Store, id: str) -> ApiKey:
    for key in await list_keys(store):
        if key.id == id:
            return key
    raise ApiKeyError(f"There is no key {id[:40]!r}. `c360 keys list` shows the ids of those there are.")


def _id_in(text: str) -> str | None:
    parts = text.split("_", 2)
    if len(parts) != 3 or parts[0] != PREFIX or len(parts[1]) != 2 * ID_BYTES:
        return None
    return parts[1]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _key(row: list[Any]) -> ApiKey:
    id, name, role, created, *moments, limits = row
    expires, revoked, used = (None if at is None else _moment(at) for at in moments)
    return ApiKey(id, name, role, _moment(created), expires, revoked, used, limits)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

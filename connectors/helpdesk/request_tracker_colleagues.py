"""Who is a colleague and no customer: RT's privileged users, as RT tells them or as they were learned one by one.

An RT with the security update of October 2026 does not tell who is in its group Privileged. Each user is asked for
once then; what was learned is kept in the state, and later only new users and those whose privilege was changed are
asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

from connectors.helpdesk.request_tracker_api import CALLS_AT_ONCE, OF_RT, USERS, RequestTracker, User, is_yes
from connectors.hookspecs import State

IN_STATE = "colleagues"
CHANGES = f"{USERS} AND (Type = 'Create' OR Field = 'Privileged')"


class Learned(msgspec.Struct, frozen=True):
    """Numbers of the colleagues as of a transaction of RT."""

    transaction: int
    numbers: tuple[int, ...]


class Colleagues:
    """The colleagues of one RT, kept over its streams and, where they had to be learned, in their states."""

    def __init__(self, rt: RequestTracker, overlap: int) -> None:
        self._rt = rt
        self._overlap = overlap
        self._learned: Learned | None = None

    async def now(self, state: State | None) -> frozenset[int]:
        """Numbers of all colleagues; SourceRefused for a reader without the right AdminUsers."""
        told = await self._rt.colleagues_told()
        if told is not None:
            self._learned = None
            return frozenset(told)
        kept = msgspec.convert(state[IN_STATE], Learned) if state and IN_STATE in state else None
        known = max((one for one in (kept, self._learned) if one), key=lambda one: one.transaction, default=None)
        self._learned = await self._all() if known is None else await self._changed(known)
        return frozenset(self._learned.numbers)

    def kept(self, state: State) -> State:
        """The state of a stream with what was learned."""
        if self._learned is None:
            return {name: value for name, value in state.items() if name != IN_STATE}
        learned: dict[str, Any] = msgspec.to_builtins(self._learned)
        return {**state, IN_STATE: learned}

    async def _all(self) -> Learned:
        # The mark first: who comes while all are asked for is asked for again.
        newest = await self._rt.changes(USERS, newest_first=True, limit=1)
        found = set(OF_RT)
        page = 1
        while users := (await self._rt.users_page(page)).items:
            found.update(user.id for user in await asked(self._rt, (one.id for one in users)) if _privileged(user))
            page += 1
        return Learned(newest.items[0].number if newest.items else 0, tuple(sorted(found)))

    async def _changed(self, known: Learned) -> Learned:
        changes = await self._rt.all_changes(f"{CHANGES} AND id > {max(0, known.transaction - self._overlap)}")
        if not changes:
            return known
        users = await asked(self._rt, {change.of for change in changes})
        customers = {user.id for user in users if not _privileged(user)}
        found = (set(known.numbers) | {user.id for user in users}) - customers
        return Learned(max(known.transaction, changes[-1].number), tuple(sorted(found | OF_RT)))


async def asked(rt: RequestTracker, numbers: Iterable[int]) -> list[User]:
    """Users by number, a few at once; those that are not there are left out."""
    few_at_once = asyncio.Semaphore(CALLS_AT_ONCE)

    async def one(number: int) -> User | None:
        async with few_at_once:
            return await rt.user(number)

    found = await asyncio.gather(*(one(number) for number in sorted(numbers)))
    return [user for user in found if user is not None]


def _privileged(user: User) -> bool:
    return is_yes(user.privileged)

"""The syncs as the graph knows them, whichever process runs them; and asking for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import uuid_utils

from graph.cypher import cypher
from graph.store.driver import Store
from graph.store.errors import LeaseBusy
from graph.store.lease import has_died, name_of_this_process
from graph.sync.request import KEY_REUSED, request_hash
from graph.sync.watch import SyncState

_SILENT_SECONDS = 60.0
"""So long a sync of another machine may say nothing before it is taken for stopped."""
_BEGIN_SECONDS = 300.0
"""So long the process of a sync that was asked for may take to begin."""
_WAIT_SECONDS = 5.0

Code = Literal["UNKNOWN_SOURCE", "NOT_AVAILABLE", "IDEMPOTENCY_KEY_REUSED", "BUSY"]


class SyncRefused(Exception):
    """No sync is begun; `field` names the input that is to blame."""

    def __init__(self, code: Code, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class KnownSync(msgspec.Struct, frozen=True):
    """A sync; instants are epoch milliseconds."""

    id: str
    status: str
    """`WAITING` for its process or its turn, `RUNNING`, `SUCCEEDED`, `FAILED`; `INTERRUPTED`: its process is gone."""
    by: str | None
    """Who asked for it; None when it was begun otherwise."""
    started_at: int | None
    finished_at: int | None
    error: str | None
    state: SyncState

    @property
    def is_under_way(self) -> bool:
        return self.status in ("WAITING", "RUNNING")


class SyncAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Which sync is wanted: of these sources (none: of all), `full` or from where the last one ended."""

    by: str
    sources: Sequence[str] = ()
    full: bool = False
    idempotency_key: str | None = None
    dry_run: bool = False


class Asked(msgspec.Struct, frozen=True):
    """The sync that serves who asked: a new one that has to be begun now, or one that there is."""

    sync: KnownSync | None
    """None when it was only tried, and a new one would be begun."""
    is_new: bool = False
    is_replay: bool = False
    was_under_way: bool = False
    """Whether it was at work already when the request came, or, of a repetition, when it came first."""


def syncs_of(rows: Sequence[Sequence[Any]]) -> list[KnownSync]:
    """The syncs of `writes/read_syncs`, the oldest first."""
    return [_known(row) for row in reversed(rows)]


async def newest_sync(store: Store) -> KnownSync | None:
    """The sync that is at work, or the last one."""
    known = syncs_of(await store.read(cypher("writes/read_syncs")))
    return known[-1] if known else None


async def ask_for_sync(store: Store, ask: SyncAsk) -> Asked:
    """A sync for who asks: the one that is under way, that of the same key, or else a new one. Raises SyncRefused."""
    if ask.dry_run:
        return await _under_way(store) or Asked(None)
    try:
        # The same request may come twice at once: one of them makes the sync, the other finds it.
        async with store.lease("ask for sync", wait=_WAIT_SECONDS):
            return await _asked_before(store, ask) or await _joined(store, ask) or await _new(store, ask)
    except LeaseBusy as busy:
        raise SyncRefused("BUSY", f"{busy} Nothing was begun.") from None


async def hand_over(store: Store, id: str, process: str) -> None:
    """Tell which process will begin the sync that was asked for."""
    await store.write(cypher("writes/hand_over_sync"), id=id, begins=process)


async def end_asked(store: Store, id: str, status: Literal["FAILED", "INTERRUPTED"], error: str) -> None:
    """Tell that the process of a sync that was asked for has ended without beginning it."""
    await store.write(cypher("writes/end_asked_sync"), id=id, asker=name_of_this_process(), status=status, error=error)


async def _asked_before(store: Store, ask: SyncAsk) -> Asked | None:
    if ask.idempotency_key is None:
        return None
    row = await store.read_one(
        cypher("writes/sync_by_key"), key=ask.idempotency_key, by=ask.by, joined=f"{_name_of(ask)} "
    )
    if row is None:
        return None
    *_, request, joined = row
    if (request if joined is None else joined.partition(" ")[2]) != _fingerprint(ask):
        raise SyncRefused("IDEMPOTENCY_KEY_REUSED", KEY_REUSED, "idempotencyKey")
    return Asked(_known(row), is_replay=True, was_under_way=joined is not None)


async def _joined(store: Store, ask: SyncAsk) -> Asked | None:
    """The sync at work; under a key it remembers who was given it as the answer."""
    found = await _under_way(store)
    if found is not None and found.sync is not None and ask.idempotency_key is not None:
        await store.write(cypher("writes/join_sync"), id=found.sync.id, joined=f"{_name_of(ask)} {_fingerprint(ask)}")
    return found


async def _under_way(store: Store) -> Asked | None:
    known = [sync for sync in syncs_of(await store.read(cypher("writes/read_syncs"))) if sync.is_under_way]
    return Asked(known[0], was_under_way=True) if known else None


async def _new(store: Store, ask: SyncAsk) -> Asked:
    id = str(uuid_utils.uuid7())
    await store.write(
        cypher("writes/ask_for_sync"),
        id=id,
        owner=name_of_this_process(),
        by=ask.by,
        key=ask.idempotency_key,
        request=_fingerprint(ask),
    )
    return Asked(KnownSync(id, "WAITING", ask.by, None, None, None, SyncState()), is_new=True)


def _fingerprint(ask: SyncAsk) -> str:
    return request_hash(sorted(ask.sources), ask.full)


def _name_of(ask: SyncAsk) -> str:
    """What stands for the key of who asks."""
    return request_hash(ask.by, ask.idempotency_key)


def _known(row: Sequence[Any]) -> KnownSync:
    id, status, owner, begins, silent, by, started, finished, error, state = row[:10]
    known = SyncState() if state is None else msgspec.json.decode(state, type=SyncState)
    if _is_gone(status, [owner, begins or owner], silent):
        status = "INTERRUPTED"
    return KnownSync(id, status, by, started, finished, error, known)


def _is_gone(status: str, owners: Sequence[str], silent: int) -> bool:
    """Whether a sync that never ended has nobody any more: who asked for it tells why its process could not begin."""
    patience = {"WAITING": _BEGIN_SECONDS, "RUNNING": _SILENT_SECONDS}.get(status)
    return patience is not None and (silent > patience * 1000 or all(has_died(owner) for owner in owners))

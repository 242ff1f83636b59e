"""The merge brake: a sync that would merge unusually many customers stops before it writes, and tells what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from connectors.errors import C360Error
from graph.cypher import cypher

if TYPE_CHECKING:  # rules are read by commands that need no store, and its drivers are slow to import
    from graph.store.driver import Store, Transaction
    from graph.store.lease import Lease

FEW = 20
"""So many merges are let through in any case: of forty customers, three are a tenth."""
_SHOWN = 5


class SyncRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a sync is held. A release of a source that says `info@` everywhere is seen before it is believed."""

    most_merges: float = 0.05
    """Of all customers, the share that one sync may merge into others; 1 lets everything through."""


class MergesHeld(C360Error):
    """More customers would be merged than one sync may merge; nothing of it was written."""


async def hold_many_merges(
    store: Store, lease: Lease, retired: Mapping[str, str], rules: SyncRules, *, allowed: bool
) -> None:
    """Raise MergesHeld when `retired` (former id → the id that would answer for it) are too many, unless `allowed`.

    The graph remembers that it is held, until a sync passes.
    """
    row = await store.read_one(cypher("writes/count_customers"))
    customers, was_held = row or (0, False)
    held = not allowed and len(retired) > max(FEW, rules.most_merges * customers)
    if held or was_held:

        async def note(tx: Transaction) -> None:
            await lease.hold(tx)
            await tx.run(cypher("writes/note_held"), held=len(retired) if held else None)

        await store.transaction(note)
    if held:
        raise MergesHeld(_sentence(retired, customers, rules))


async def is_held(store: Store) -> bool:
    """Whether the last sync was held."""
    row = await store.read_one(cypher("writes/count_customers"))
    return bool(row and row[1])


def _sentence(retired: Mapping[str, str], customers: int, rules: SyncRules) -> str:
    some = "; ".join(f"{former} into {now}" for former, now in sorted(retired.items())[:_SHOWN])
    return (
        f"The merge brake holds this sync: {len(retired):,} of {customers:,} customers would be merged into others, "
        f"more than [sync] most_merges = {rules.most_merges:g} of rules.toml lets through ({some}"
        f"{' …' if len(retired) > _SHOWN else ''}). What sources said is stored, nobody was merged. "
        "`c360 rebuild --dry-run --json` lists every merge; mend the source and sync again, "
        "or let them through with `c360 sync --allow-merges`."
    )

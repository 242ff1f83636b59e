"""Rebuild: make everything that is derived again from the facts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from graph.cypher import cypher
from graph.linkage.model import LinkageModel
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.derive import Derived
from graph.sync.link import Linked, plan_people
from graph.sync.progress import Progress, Silence
from graph.sync.sync import link_and_derive
from graph.sync.wipe import wipe


@dataclass(frozen=True, slots=True)
class RebuildPlan:
    """What a rebuild would change about who is one customer; nothing of it is written."""

    customers_before: int
    customers_after: int
    merges: Sequence[tuple[str, ...]]
    """Ids that would become one; the first is kept."""
    splits: Sequence[str]
    """Ids whose records would no longer be one customer."""
    model_version: str


async def rebuild(
    store: Store, rules: Rules, progress: Progress | None = None, *, train: bool = False
) -> tuple[Linked, Derived]:
    """Wipe what is derived and make it again; every fact, ids too, stays. A sync finishes one that was killed.

    With `train` a model that learns from today's records comes into force; without it the frozen one is used again.
    """
    progress = progress or Silence()
    async with store.lease("sync", on_wait=progress.say), store.lease("link", on_wait=progress.say) as lease:
        await _mark_all_pending(store, lease, progress)
        if train:
            await _retire_models(store, lease)
        await wipe(store, lease, progress)
        return await link_and_derive(store, lease, rules, progress, anew=True)


async def plan_rebuild(
    store: Store,
    rules: Rules,
    progress: Progress | None = None,
    *,
    train: bool = False,
    model: LinkageModel | None = None,
) -> RebuildPlan:
    """What `rebuild` would change; with `train` by a model that learns from today's records, or by a given `model`."""
    plan, current, version = await plan_people(store, rules, progress or Silence(), train=train, model=model)
    before: dict[str, set[str]] = {}
    for record, id in current.items():
        before.setdefault(id, set()).add(record)
    assignments = [assignment for group in plan.groups for assignment in group]
    merged: dict[str, list[str]] = {}
    for former, now in plan.retired.items():
        merged.setdefault(now, []).append(former)
    after = {assignment.id: set(assignment.records) for assignment in assignments}
    return RebuildPlan(
        customers_before=len(before),
        customers_after=len(after),
        merges=[(now, *sorted(former)) for now, former in sorted(merged.items())],
        splits=sorted(id for id, records in before.items() if id in after and records - after[id]),
        model_version=version,
    )


async def _mark_all_pending(store: Store, lease: Lease, progress: Progress) -> None:
    """First of all, so that a kill at any later moment leaves work that the next sync finds."""
    progress.phase("mark records")
    after: str | None = ""
    while after is not None:

        async def work(tx: Transaction, after: str = after) -> str | None:
            await lease.hold(tx)
            await tx.run(cypher("writes/draw_link_state"), state=secrets.randbits(62))  # no cache is trusted
            rows = await tx.run(cypher("writes/mark_all_pending"), after=after)
            last: str | None = rows[0][0]
            return last

        after = await store.transaction(work)


async def _retire_models(store: Store, lease: Lease) -> None:
    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/retire_models"))

    await store.transaction(work)

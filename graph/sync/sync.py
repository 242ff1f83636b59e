"""Sync: bring the graph up to date with its sources."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass

from graph.cypher import cypher
from graph.linkage.drift import FieldDrift
from graph.rules import Rules
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease
from graph.sync.brake import MergesHeld
from graph.sync.completeness import completeness_fell
from graph.sync.derive import Derived, derive_stale
from graph.sync.inbox import store_pushes
from graph.sync.land import AdjustPage, Landed, LandingSource, land
from graph.sync.link import Linked, link_pending
from graph.sync.pages import PageWriter
from graph.sync.progress import Progress, Silence
from graph.sync.watch import SyncWatch, watched
from graph.sync.wipe import finish_wipe
from graph.tracing import spanned, tell

LOG = logging.getLogger("c360.sync")
_CHANGES_KEPT_DAYS = 7


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did; `ok` when every source could be read to its end, and all that it said is linked."""

    landed: tuple[Landed, ...]
    linked: Linked
    derived: Derived
    seconds: float
    fell: tuple[FieldDrift, ...] = ()
    """Fields that far fewer records say than when the linkage model learned: a source may have stopped sending them."""
    held: str | None = None
    """Why nobody was linked: the merge brake, in a sentence."""

    @property
    def ok(self) -> bool:
        return self.held is None and all(landed.error is None for landed in self.landed)


async def sync(
    sources: Sequence[LandingSource],
    store: Store,
    rules: Rules,
    progress: Progress | None = None,
    *,
    full: bool = False,
    adjust: AdjustPage | None = None,
    requested: str | None = None,
    allow_merges: bool = False,
) -> SyncReport:
    """Bring the graph up to date with its sources; safe to kill at any moment.

    One sync works at a time; a second one waits and says so. Sources are read side by side; one that fails stops
    none of the others. How far it is can be read from the graph (`graph.sync.syncs`), under the id `requested` when
    somebody asked for it there. Unusually many merges are held (`[sync] most_merges`), unless `allow_merges`. Raises
    StoreError when the store can no longer be used.
    """
    started = time.monotonic()
    with spanned(store.tracer, "sync", sources=len(sources), full=full) as span:
        async with (
            watched(store, progress or Silence(), requested) as watch,
            store.lease("sync", on_wait=watch.say),
            store.lease("link", on_wait=watch.say) as lease,
        ):
            await watch.begin([source.connector.name for source in sources])
            tell(span, sync=watch.id)
            LOG.info("sync began: sources=%s full=%s", ",".join(one.connector.name for one in sources) or "-", full)
            finished = Linked(), Derived()
            with suppress(MergesHeld):  # it is held still, or no more, when the sources have been read
                finished = await _finish_marked(store, lease, rules, watch, allow_merges)
            pages = PageWriter(store, any_customers=await _any_customers(store))
            await store_pushes(store, pages)
            landed = await _side_by_side(
                [_landed(source, store, pages, watch, full=full, adjust=adjust) for source in sources]
            )
            held = None
            try:
                linked, derived = await link_and_derive(store, lease, rules, watch, allow_merges=allow_merges)
            except MergesHeld as brake:
                held = str(brake)
                linked, derived = Linked(), await derive_stale(store, lease, rules, watch, log_changes=True)
            fell = await completeness_fell(store, lease, rules) if linked.pending else ()
            linked, derived = linked.after(finished[0]), derived.after(finished[1])
            report = SyncReport(tuple(landed), linked, derived, time.monotonic() - started, fell, held)
            watch.end("SUCCEEDED" if report.ok else "FAILED", held)
    return report


async def _landed(
    source: LandingSource, store: Store, pages: PageWriter, watch: SyncWatch, *, full: bool, adjust: AdjustPage | None
) -> Landed:
    landed = await land(source, store, pages, watch.of(source.connector.name), full=full, adjust=adjust)
    watch.landed(landed)
    # Its error may quote what a plugin stumbled over: it stands in the graph, for those who may see it.
    LOG.info(
        "source read: source=%s status=%s pages=%d records=%d changed=%d interactions=%d rejected=%d seconds=%.1f",
        landed.source, landed.status, landed.pages, landed.records, landed.changed, landed.interactions,
        landed.rejected, landed.seconds,
    )  # fmt: skip
    return landed


async def link_and_derive(
    store: Store, lease: Lease, rules: Rules, progress: Progress, *, anew: bool = False, allow_merges: bool = True
) -> tuple[Linked, Derived]:
    """Link what is pending and derive what is stale; a first load (or `anew`) leaves one RESET in the change log.

    What a rebuild that was killed had begun to wipe is wiped first.

    Without `allow_merges` unusually many merges raise MergesHeld, and nothing is linked or derived.
    """
    is_first = await finish_wipe(store, lease, progress) or anew or not await _any_customers(store)
    with spanned(store.tracer, "link") as span:
        linked = await link_pending(store, lease, rules, progress, allow_merges=allow_merges)
        tell(span, pending=linked.pending)
    with spanned(store.tracer, "derive") as span:
        derived = await derive_stale(store, lease, rules, progress, log_changes=not is_first)
        tell(span, customers=derived.customers, accounts=derived.accounts)
    await _tend_change_log(store, lease, reset=is_first and derived.customers > 0)
    return linked, derived


async def _side_by_side(landings: Sequence[Coroutine[None, None, Landed]]) -> list[Landed]:
    """All of them, or the first error, when the others have stopped too."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(landing) for landing in landings]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [task.result() for task in tasks]


async def _finish_marked(
    store: Store, lease: Lease, rules: Rules, progress: Progress, allow_merges: bool
) -> tuple[Linked, Derived]:
    """What an earlier run left pending or stale. Without a model nothing is linked: it would learn from half."""
    if await store.read_one(cypher("writes/read_model")) is None:
        return Linked(), Derived()
    return await link_and_derive(store, lease, rules, progress, allow_merges=allow_merges)


async def _any_customers(store: Store) -> bool:
    return await store.read_one(cypher("writes/any_customer")) is not None


async def _tend_change_log(store: Store, lease: Lease, *, reset: bool) -> None:
    now = time.time_ns() // 1_000_000

    async def work(tx: Transaction) -> None:
        await lease.hold(tx)
        await tx.run(cypher("writes/forget_changes"), before=now - _CHANGES_KEPT_DAYS * 86_400_000)
        if reset:
            await tx.run(cypher("writes/log_reset"), now=now)

    await store.transaction(work)

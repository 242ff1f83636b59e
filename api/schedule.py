"""Syncs by the clock: each source of plugins.toml that says `every` is synced when its time has come.

Several processes may serve: asking for a sync makes one of them begin it, and one that is under way is not joined by
another. When a source was last read stands in the graph, so a restart forgets nothing and hurries nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from api.syncs import SyncProcesses
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.sync.known_sources import SourceState, source_states
from graph.sync.syncs import SyncAsk, SyncRefused, ask_for_sync

LOG = logging.getLogger("c360.schedule")
LOOK_SECONDS = 15.0
JITTER = 0.1
"""Sources of one rhythm drift apart by so much of it, and do not all begin in the same second."""
BY = "schedule"


@dataclass(slots=True)
class Schedule:
    """Which source is to be synced how often, in seconds; and what the graph said of the sources last."""

    store: Store
    syncs: SyncProcesses
    every: Mapping[str, float]
    clock: Callable[[], float] = time.time
    sources: Sequence[SourceState] = ()
    _tried: dict[str, float] = field(default_factory=dict)

    async def keep(self, look: float = LOOK_SECONDS) -> None:
        """Look again and again, until cancelled; whatever goes wrong is logged, and looked at again."""
        while True:
            try:
                await self.look()
            except (StoreError, SyncRefused) as error:
                LOG.warning("no sync is begun by the clock now: %s", error)
            except Exception:  # whatever it is: syncs must not end because of one look
                LOG.exception("syncs by the clock failed; tried again in %g s", look)
            await asyncio.sleep(look)

    async def look(self) -> list[str]:
        """Begin one sync of all sources whose time has come; their names, none when another sync is under way."""
        self.sources = await source_states(self.store)
        due = self.due()
        if not due:
            return []
        self.syncs.check(due)
        asked = await ask_for_sync(self.store, SyncAsk(by=BY, sources=due))
        if not asked.is_new or asked.sync is None:
            return []
        self._tried |= dict.fromkeys(due, self.clock())
        await self.syncs.start(asked.sync.id, due, full=False)
        return due

    def due(self) -> list[str]:
        """The sources whose time has come: never read, or last begun longer ago than their rhythm."""
        now = self.clock()
        begun = {one.name: one.last_sync_at.timestamp() for one in self.sources if one.last_sync_at is not None}
        found = []
        for name, every in self.every.items():
            last = max(begun.get(name, 0.0), self._tried.get(name, 0.0))
            if now >= last + every * (1 + JITTER * _share(name, last)):
                found.append(name)
        return sorted(found)


def _share(name: str, last: float) -> float:
    """0 to 1, the same in every process."""
    return zlib.crc32(f"{name} {last:.0f}".encode()) / 0xFFFF_FFFF

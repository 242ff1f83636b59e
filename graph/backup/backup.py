"""Back up a graph's facts into one file: what sources said, and what people decided. What is derived is made again."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from graph.backup.file import FORMAT, Header, new_backup, number_of
from graph.store.copy import META_OF_ITS_OWN
from graph.store.digest import METHOD, digest
from graph.store.driver import Store
from graph.store.migrate import schema_of
from graph.store.transfer import WRITERS, keys_of, label_sets, read_nodes, read_relationships, relationship_kinds
from graph.sync.progress import Progress, Silence

DERIVED = frozenset({"Customer", "Account", "Touchpoint", "Stage", "Word", "Letters"})
"""Labels of nodes that a rebuild makes, from facts and rules."""
PASSING = frozenset({"Change"})
"""Labels of nodes that are a log of the past: who follows it starts again after a restore."""
DERIVED_TYPES = frozenset({"NEXT", "NEXT_IN_MATTER", "HANDOFF", "ABOUT"})
"""Types of relationships between facts that a rebuild makes; those to what is derived go with it."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds: items by label and type (in brackets), its bytes, the digest of the graph it is of."""

    path: str
    counts: dict[str, int]
    bytes: int
    digest: str

    def number_of(self, label: str) -> int:
        """Nodes that have the label, whatever other labels they have."""
        return number_of(label, self.counts)


async def backup(store: Store, path: Path, now: datetime, progress: Progress | None = None) -> Backup:
    """Write all facts into a new file. Nobody syncs, links, decides or sends meanwhile; the API goes on answering.

    Raises StoreError where the file exists, or a property cannot be kept. A kill leaves no file of that name.
    """
    progress = progress or Silence()
    async with AsyncExitStack() as stack:
        for lease in WRITERS:
            await stack.enter_async_context(store.lease(lease, on_wait=progress.say))
        with new_backup(path) as file:
            progress.phase("digest")
            header = await _header(store, now)
            file.write(header)
            for labels in await label_sets(store):
                if not (DERIVED | PASSING) & set(labels):
                    async for nodes in read_nodes(store, labels):
                        file.write(nodes)
                        progress.advance("write nodes", len(nodes.rows))
            for kind in await relationship_kinds(store, await keys_of(store)):
                if kind.kind not in DERIVED_TYPES and not DERIVED & {kind.start_label, kind.end_label}:
                    async for relationships in read_relationships(store, kind):
                        file.write(relationships)
                        progress.advance("write relationships", len(relationships.rows))
    return Backup(str(path), file.counts, file.size, header.digest)


async def _header(store: Store, now: datetime) -> Header:
    row = await store.read_one("MATCH (m:Meta {name: 'c360'}) RETURN properties(m)")
    found = await digest(store)
    return Header(
        format=FORMAT,
        made_by=f"c360 {version('c360')}",
        made_at=int(now.timestamp() * 1000),
        schema=await schema_of(store),
        digest=found.value,
        sections={name: section.hash for name, section in found.sections.items()},
        method=METHOD,
        meta={name: value for name, value in (row[0] if row else {}).items() if name not in META_OF_ITS_OWN},
    )

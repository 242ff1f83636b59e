"""Restore a backup into an empty store: load its facts, make again what is derived, compare with what it was of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graph.backup.file import Footer, Header, number_of, read_backup
from graph.rules import Rules
from graph.store.digest import Digest, digest
from graph.store.driver import Store, Transaction
from graph.store.errors import SchemaTooNew, StoreError
from graph.store.lease import Lease
from graph.store.migrate import latest, migrate
from graph.store.transfer import Nodes, Relationships, expect_empty, write
from graph.sync.progress import Progress, Silence
from graph.sync.rebuild import rebuild

_FACTS = (
    "records", "versions", "identifiers", "interactions", "decisions", "pins", "alerts", "baselines", "initiatives",
    "invitations", "models",
)  # fmt: skip
"""Sections of the digest that no rule can change."""

_BEGUN = "MATCH (m:Meta {name: 'c360'}) RETURN m.restoring, m.restored"
_BEGIN = "MATCH (m:Meta {name: 'c360'}) SET m.restoring = $hash, m.restored = 0"
_NOTE = "MATCH (m:Meta {name: 'c360'}) WHERE m.restored = $number SET m.restored = $number + 1 RETURN m.restored"
# Once: the rebuild that follows goes on from there, in the change log for instance, also when it is killed.
_LOADED = "MATCH (m:Meta {name: 'c360'}) WHERE m.loaded IS NULL SET m += $meta SET m.schema = $schema, m.loaded = true"
_END = "MATCH (m:Meta {name: 'c360'}) SET m.restoring = null, m.restored = null, m.loaded = null"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: items by label and type (in brackets), the digest now, and sections that differ.

    `differs` names parts of what is derived: made by other rules, or by another version, than in the backup's graph.
    """

    counts: dict[str, int]
    digest: Digest
    differs: tuple[str, ...]

    def number_of(self, label: str) -> int:
        """Nodes that have the label, whatever other labels they have."""
        return number_of(label, self.counts)


async def restore(store: Store, path: Path, rules: Rules, progress: Progress | None = None) -> Restored:
    """Load a backup into an empty store and rebuild; one that was killed goes on where it stood.

    Until it has ended nobody else can open the store. Raises StoreError where the file is no whole backup, the store
    is not empty, or a fact is not as it was.
    """
    progress = progress or Silence()
    header, footer = _checked(path, progress)
    await migrate(store, finishing="restore")
    await _begin(store, footer)
    await _load(store, path, footer, progress)
    await store.write(_LOADED, meta=header.meta, schema=header.schema)
    await migrate(store, finishing="restore")  # what later schemas did to the graph they found, they do to this one
    await rebuild(store, rules, progress)
    progress.phase("digest")
    found = await digest(store)
    differs = tuple(name for name, value in header.sections.items() if found.sections[name].hash != value)
    if lost := [name for name in differs if name in _FACTS]:
        raise StoreError(
            f"What was restored differs from {path} in: {', '.join(lost)}. The store cannot be used; "
            "keep the backup, delete the store, and tell us."
        )
    await store.write(_END)
    return Restored(footer.counts, found, differs)


def _checked(path: Path, progress: Progress) -> tuple[Header, Footer]:
    """Read it once in full before anything is written; a broken file raises here."""
    header = footer = None
    for frame in read_backup(path):
        if isinstance(frame, Header):
            header = frame
        elif isinstance(frame, Footer):
            footer = frame
        else:
            progress.advance("check the file", len(frame.rows))
    if header is None or footer is None:
        raise StoreError(f"{path} does not say where it is from. Take another backup.")
    if header.schema > latest():
        raise SchemaTooNew(
            f"{path} is of a graph with schema {header.schema} ({header.made_by}); this c360 knows schemas up to "
            f"{latest()}. Install the newer c360 to restore it."
        )
    return header, footer


async def _begin(store: Store, footer: Footer) -> None:
    row = await store.read_one(_BEGUN)
    if row is None or row[0] is None:
        await expect_empty(store)
        await store.write(_BEGIN, hash=footer.hash)
    elif row[0] != footer.hash:
        raise StoreError(
            f"Another backup is half restored in {store.uri}. Go on with that file, or use an empty store."
        )


async def _load(store: Store, path: Path, footer: Footer, progress: Progress) -> None:
    """Nodes, then relationships; each frame is noted in the transaction that writes it."""
    row = await store.read_one(_BEGUN)
    done = int(row[1]) if row else 0
    number = 0
    progress.phase("load", sum(footer.counts.values()))
    async with store.lease("sync", on_wait=progress.say), store.lease("link", on_wait=progress.say) as lease:
        for frame in read_backup(path):
            if isinstance(frame, Nodes | Relationships):
                if number >= done:
                    await _load_one(store, lease, frame, number)
                number += 1
                progress.advance("load", len(frame.rows))


async def _load_one(store: Store, lease: Lease, frame: Nodes | Relationships, number: int) -> None:
    async def work(transaction: Transaction) -> None:
        await lease.hold(transaction)
        if await transaction.run(_NOTE, number=number):
            await write(transaction, frame)

    await store.transaction(work)

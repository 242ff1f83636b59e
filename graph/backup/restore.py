"""Restore a backup into an empty store: load its facts and compare them, then make again what is derived."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graph.backup.file import Footer, Header, number_of, read_backup
from graph.rules import Rules
from graph.store.digest import METHOD, Digest, digest, digest_of
from graph.store.driver import Store, Transaction
from graph.store.errors import SchemaTooNew, StoreError
from graph.store.lease import Lease
from graph.store.migrate import latest, migrate
from graph.store.transfer import Nodes, Relationships, expect_empty, write
from graph.sync.progress import Progress, Silence
from graph.sync.rebuild import rebuild

_FACTS = (
    "records", "versions", "identifiers", "identities", "interactions", "decisions", "pins", "alerts", "baselines",
    "initiatives", "invitations", "pushes", "models",
)  # fmt: skip
"""Sections of the digest that come out of the file. A rebuild may change some: by a model of a newer linkage, say."""

_BEGUN = "MATCH (m:Meta {name: 'c360'}) RETURN m.restoring, m.restored"
_BEGIN = "MATCH (m:Meta {name: 'c360'}) SET m.restoring = $hash, m.restored = 0"
_NOTE = "MATCH (m:Meta {name: 'c360'}) WHERE m.restored = $number SET m.restored = $number + 1 RETURN m.restored"
# Once: the rebuild that follows goes on from there, in the change log for instance, also when it is killed.
_HAS_LOADED = "MATCH (m:Meta {name: 'c360'}) WHERE m.loaded RETURN m.name"
_LOADED = "MATCH (m:Meta {name: 'c360'}) WHERE m.loaded IS NULL SET m += $meta SET m.schema = $schema, m.loaded = true"
_END = "MATCH (m:Meta {name: 'c360'}) SET m.restoring = null, m.restored = null, m.loaded = null"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: items by label and type (in brackets), the digest now, and sections that differ.

    `differs` names what the rebuild made otherwise than it was in the backup's graph: by other rules, or by another
    version. It is None where this version makes digests in another way, so that nothing can be said.
    """

    counts: dict[str, int]
    digest: Digest
    differs: tuple[str, ...] | None

    def number_of(self, label: str) -> int:
        """Nodes that have the label, whatever other labels they have."""
        return number_of(label, self.counts)


async def restore(store: Store, path: Path, rules: Rules, progress: Progress | None = None) -> Restored:
    """Load a backup into an empty store and rebuild; one that was killed goes on where it stood.

    Facts are compared as soon as they are loaded, before later schemas and the rebuild do their work on them. Until it
    has ended nobody else can open the store. Raises StoreError where the file is no whole backup, the store is not
    empty, or a fact is not as it was.
    """
    progress = progress or Silence()
    header, footer = _checked(path, progress)
    await migrate(store, finishing="restore")
    await _begin(store, footer)
    await _load(store, path, footer, progress)
    if await store.read_one(_HAS_LOADED) is None:
        await _expect_the_facts(store, path, header, progress)
        await store.write(_LOADED, meta=header.meta, schema=header.schema)
    await migrate(store, finishing="restore")  # what later schemas did to the graph they found, they do to this one
    await rebuild(store, rules, progress)
    progress.phase("digest")
    found = await digest(store)
    differs = None
    if header.method == METHOD:
        differs = tuple(name for name, value in header.sections.items() if found.sections[name].hash != value)
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


async def _expect_the_facts(store: Store, path: Path, header: Header, progress: Progress) -> None:
    """Raises StoreError where what was loaded is not what the backup's graph said."""
    if header.method != METHOD:
        return
    progress.phase("compare the facts")
    found = await digest_of(store, _FACTS)
    if lost := [name for name in _FACTS if found[name].hash != header.sections[name]]:
        raise StoreError(
            f"What was loaded differs from {path} in: {', '.join(lost)}. The store cannot be used; "
            "keep the backup, delete the store, and tell us."
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

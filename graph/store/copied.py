"""How far a copy of a graph is, noted in the target's Meta with each batch, and of which source it is."""

from __future__ import annotations

import hashlib
import uuid

import msgspec

from graph.store.digest import Digest, digest
from graph.store.driver import Store, Transaction
from graph.store.errors import StoreError
from graph.store.lease import Lease
from graph.store.transfer import Nodes, Relationships, expect_empty

_META = "MATCH (m:Meta {name: 'c360'}) RETURN m.copying, m.copied"
_BEGIN = "MATCH (m:Meta {name: 'c360'}) SET m.copying = $origin, m.copied = $copied"
_NOTE = "MATCH (m:Meta {name: 'c360'}) SET m.copied = $copied"
_END = "MATCH (m:Meta {name: 'c360'}) SET m.copying = null, m.copied = null"
_ID = "MATCH (m:Meta {name: 'c360'}) SET m.store_id = coalesce(m.store_id, $new) RETURN m.store_id"


class Origin(msgspec.Struct, frozen=True):
    """The graph that is copied, as it was when the copy began: two stores with one digest have other ids."""

    store_id: str
    digest: Digest
    counts: dict[str, int]
    """Nodes by label, relationships by type in brackets."""
    items: int
    """Nodes and relationships."""


class Copied(msgspec.Struct, frozen=True):
    """So many batches of a part are in the target, `hash` is of all their rows in order; the parts before are whole."""

    part: int = 0
    batches: int = 0
    hash: str = ""

    def at(self, part: int, *, again: bool = False) -> Copied:
        """How far that part is: not begun, unless it is the very part that is noted here; `again` forgets that."""
        return self if part == self.part and not again else Copied(part)

    def after(self, batch: Nodes | Relationships) -> Copied:
        """When this batch has been written, too."""
        rows = msgspec.msgpack.encode(batch, enc_hook=str, order="deterministic")
        chained = hashlib.blake2b(self.hash.encode() + rows, digest_size=16).hexdigest()
        return Copied(self.part, self.batches + 1, chained)


async def origin_of(store: Store) -> Origin:
    """What a store holds now; one without an id gets one."""

    async def named(transaction: Transaction) -> str:
        return str((await transaction.run(_ID, new=str(uuid.uuid4())))[0][0])

    nodes = await store.read("MATCH (n) WHERE NOT n:Meta AND NOT n:Lease RETURN labels(n), count(*)")
    relationships = await store.read("MATCH ()-[r]->() RETURN type(r), count(*)")
    counts: dict[str, int] = {}
    for labels, number in nodes:
        for label in labels:
            counts[label] = counts.get(label, 0) + number
    counts |= {f"[{kind}]": number for kind, number in relationships}
    items = sum(number for _, number in [*nodes, *relationships])
    return Origin(await store.transaction(named), await digest(store), counts, items)


async def expect_begun_or_empty(target: Store) -> None:
    """Raises StoreError where the target holds anything but a copy that was begun."""
    row = await target.read_one(_META)
    if row is None or row[0] is None:
        await expect_empty(target)


async def begin(target: Store, lease: Lease, origin: Origin) -> Copied:
    """How far the copy of this source is; begins it in an empty target. Raises StoreError for another source."""
    row = await target.read_one(_META)
    if row is None or row[0] is None:
        await expect_empty(target)
        copied = Copied()

        async def work(transaction: Transaction) -> None:
            await lease.hold(transaction)
            await transaction.run(_BEGIN, origin=_text(origin), copied=_text(copied))

        await target.transaction(work)
        return copied
    _expect_the_same(msgspec.json.decode(row[0], type=Origin), origin, target.uri)
    return msgspec.json.decode(row[1], type=Copied)


async def note(where: Store | Transaction, lease: Lease, copied: Copied) -> None:
    """Note how far the copy is, in the transaction that writes it or in one of its own."""
    if isinstance(where, Transaction):
        await where.run(_NOTE, copied=_text(copied))
        return

    async def work(transaction: Transaction) -> None:
        await lease.hold(transaction)
        await transaction.run(_NOTE, copied=_text(copied))

    await where.transaction(work)


async def end(target: Store, lease: Lease) -> None:
    """The copy is whole: everybody may open the target."""

    async def work(transaction: Transaction) -> None:
        await lease.hold(transaction)
        await transaction.run(_END)

    await target.transaction(work)


def _expect_the_same(begun: Origin, now: Origin, target: str) -> None:
    if begun.store_id != now.store_id:
        raise StoreError(
            f"A copy of another graph is half made in {target}. Go on with that one as FROM, or empty the target."
        )
    differs = [
        *begun.digest.differences(now.digest),
        *sorted({name for name, _ in begun.counts.items() ^ now.counts.items()}),
    ]
    if differs:
        raise StoreError(
            f"The source has changed since its copy into {target} was begun, in: {', '.join(differs)}. "
            "Empty the target and copy again."
        )


def _text(of: Origin | Copied) -> str:
    return msgspec.json.encode(of).decode()

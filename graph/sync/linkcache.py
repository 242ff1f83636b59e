"""The cache of linked records: a memory-mapped linkage index beside the process, trusted only by its tag.

It holds every person record as it was linked, the weights between them and the decisions by which they were linked.
The tag is the graph's `link_state`, drawn anew by each transaction that links new or changed records: a cache of
another graph, of another time, or one that missed what another process linked is not used. A decision changes no
record and leaves the tag: the next link run tells the decisions since from those in the cache.

An embedded store has it in its data folder; for Neo4j it lies under C360_CACHE, or in the user's cache folder.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import uuid_utils

from graph.cypher import cypher
from graph.linkage.index import LinkageIndex, build_index
from graph.linkage.index_files import load_index, save_index
from graph.linkage.model import LinkageModel
from graph.linkage.rules import Decisions, LinkageError, MatchingRules
from graph.store.cache import cache_folder
from graph.store.driver import Store, Transaction
from graph.store.lease import Lease

_NAME = "linkage-cache"
_CHANGES_KEPT = 2_000
_BUILD_AGAIN_AT = 4
"""The index is built again when so many rows, and more than a quarter of it, have changed since."""


@dataclass(frozen=True, slots=True)
class LinkCache:
    """The cache of one graph, and the state that it must have seen."""

    folder: Path
    state: int
    """The graph's `link_state` when it was asked."""

    @classmethod
    async def of(cls, store: Store, lease: Lease) -> LinkCache:
        """The cache of this graph, which gets a store id when it has none."""
        row = await store.read_one(cypher("writes/read_link_state"))
        store_id, state = row or (None, None)
        if store_id is None:
            store_id = str(uuid_utils.uuid7())

            async def name(tx: Transaction) -> None:
                await lease.hold(tx)
                await tx.run(cypher("writes/name_store"), id=store_id)

            await store.transaction(name)
        return cls(cache_folder(store, _NAME, store_id), state or 0)

    def load(self, model_version: str, rules: MatchingRules) -> LinkageIndex | None:
        """The index, if it has seen all that is linked by this model and these rules; a broken one is taken away."""
        try:
            index = load_index(self._current, model_version)
        except LinkageError:
            self.forget()
            return None
        if index is None or index.seq != self.state or index.rules != rules:
            return None
        return None if index.changes > max(_CHANGES_KEPT, index.base.num_rows / _BUILD_AGAIN_AT) else index

    def build(self, people: pa.Table, model: LinkageModel, rules: MatchingRules, decided: Decisions) -> None:
        """Make the cache of all person records, as they were linked in this state."""
        self.save(build_index(people, model, rules, decided), self.state)

    def save(self, index: LinkageIndex, state: int) -> None:
        """Keep the index as what the graph has linked in this state. A disk that is full or shut costs only time."""
        index.seq = state
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds people's names and addresses
            self._tidy()
            save_index(index, self._current)
        except OSError:
            self.forget()

    def forget(self) -> None:
        """Take the cache away; the next link run reads everybody and makes it again."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _current(self) -> Path:
        return self.folder / _version()

    def _tidy(self) -> None:
        """Caches that another version of the linkage has left."""
        for other in self.folder.iterdir():
            if other != self._current:
                shutil.rmtree(other, ignore_errors=True)


@cache
def _version() -> str:
    """Named by the linkage's own text: another way to normalise makes other records of the same facts."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(files("graph").joinpath("linkage").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".py"):
            digest.update(file.read_bytes())
    return digest.hexdigest()

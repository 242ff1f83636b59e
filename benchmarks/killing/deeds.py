"""The deeds whose processes are killed: what each begins from, which call of c360 it is, and how it is finished."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from graph.store.driver import Store
from graph.store.migrate import half_filled, latest, schema_of

Finish = Callable[[Store], Awaitable[bool]]
_KEYS_AND_INDEXES = re.compile(r"^CREATE (?:TEXT )?(CONSTRAINT|INDEX) (\w+)", re.M)
_IDS = "MATCH (c:Customer) RETURN c.first_record, c.id ORDER BY c.first_record"
_MARKED = """
MATCH (m:Meta {name: 'c360'})
RETURN COUNT { (r:SourceRecord {pending: true}) } + COUNT { (c:Customer {stale: true}) }
  + COUNT { (a:Account {stale: true}) } + COUNT { (p:Push) }, m.linking
"""


@dataclass(frozen=True, slots=True)
class Deed:
    """A call that is killed `kills` times a cycle, then finished in peace."""

    name: str
    arguments: tuple[str, ...]
    kills: int
    finish: tuple[tuple[str, ...], ...]
    """The calls that end it; all must succeed."""
    prepare: Callable[[Store], Awaitable[None]] | None = None
    is_done: Finish | None = None
    """Whether it was finished before it was killed, so that it could not be called again."""
    keeps_ids: bool = False
    """Whether every customer has the id of before afterwards."""


def deeds_of(monday: Path, tuesday: Path, backup: Path) -> tuple[list[Deed], list[Deed]]:
    """The deeds of a cycle in their order: those before the mutations, and those after them."""

    def at(folder: Path, *call: str) -> tuple[str, ...]:
        return ("--config", str(folder), *call)

    async def backed_up(_: Store) -> bool:
        return backup.exists()  # noqa: ASYNC240

    async def start_backup(_: Store) -> None:
        backup.unlink(missing_ok=True)  # noqa: ASYNC240

    first, changes = at(monday, "sync"), at(tuesday, "sync")
    made, restored = at(monday, "backup", str(backup)), at(monday, "restore", str(backup))
    upgraded = at(monday, "store", "upgrade")
    removed = at(tuesday, "sources", "remove", "surveys", "--yes")
    before = [
        Deed("sync, first load", first, 12, (first,), empty),
        Deed("backup", made, 6, (made,), start_backup, backed_up, keeps_ids=True),
        # What a migration marks to be derived anew is derived by the next sync.
        Deed("store upgrade", upgraded, 6, (upgraded, first), set_back),
        Deed("rebuild", at(monday, "rebuild"), 12, (first,), keeps_ids=True),
        Deed("sync, changes", changes, 12, (changes,)),
    ]
    after = [
        Deed("sources remove", removed, 6, (removed,), is_done=_has_no_surveys),
        Deed("restore", restored, 8, (restored,), empty, _is_restored),
    ]
    return before, after


async def empty(store: Store) -> None:
    """Delete everything; keys and indexes stay."""
    while (await store.write("MATCH (n) WITH n LIMIT 2000 DETACH DELETE n")).nodes_deleted:
        pass
    await store.write("CREATE (:Meta {name: 'c360', schema: $schema, derivation: 0})", schema=latest())


async def set_back(store: Store) -> None:
    """A graph that no migration has seen: no words to search by, and in Neo4j no keys and indexes."""
    while (await store.write("MATCH (w:Word) WITH w LIMIT 2000 DETACH DELETE w")).nodes_deleted:
        pass
    # The embedded store does not let go of all that an index was, and would make a key of it the next time.
    if store.kind == "neo4j":
        folder = files("graph").joinpath("store", "migrations")
        for text in (file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(".cypher")):
            for kind, name in _KEYS_AND_INDEXES.findall(text):
                await store.run_alone(f"DROP {kind} {name} IF EXISTS")
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 0")


async def ids_of(store: Store) -> list[list[str]]:
    """The smallest record key of each customer, and its id."""
    return await store.read(_IDS)


async def unfinished(store: Store) -> list[str]:
    """What is left to do in a graph that says it is finished; nothing in one that is."""
    wrong = []
    marked = await store.read_one(_MARKED)
    if marked is None or marked[0] or marked[1]:
        wrong.append(f"marks are left: {marked}")
    if await schema_of(store) != latest():
        wrong.append(f"schema {await schema_of(store)}")
    if filling := await half_filled(store):
        wrong.append(f"a {filling} has not ended")
    return wrong


async def _has_no_surveys(store: Store) -> bool:
    return await store.read_one("MATCH (s:Source {name: 'surveys'}) RETURN s.name") is None


async def _is_restored(store: Store) -> bool:
    if await half_filled(store):
        return False
    return await store.read_one("MATCH (c:Customer) RETURN c.id LIMIT 1") is not None

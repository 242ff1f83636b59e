"""Bring a graph's schema up to what this version of c360 expects: numbered files, forward only."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from graph.cypher import description_of, statements
from graph.search.numbers import number_everybody
from graph.search.upkeep import name_everybody, spell_words
from graph.store.driver import Store, Transaction
from graph.store.errors import CopyUnfinished, RestoreUnfinished, SchemaTooNew
from graph.store.lease import Lease
from graph.store.older_reviews import queue_everybody

# Leases and the schema's number are kept in nodes; these two keys must exist before a lease can protect the rest.
_FIRST = (
    "CREATE CONSTRAINT meta_name IF NOT EXISTS FOR (n:Meta) REQUIRE n.name IS UNIQUE",
    "CREATE CONSTRAINT lease_name IF NOT EXISTS FOR (n:Lease) REQUIRE n.name IS UNIQUE",
)
_SCHEMA = "MATCH (m:Meta {name: 'c360'}) RETURN m.schema, m.restoring, m.copying"
_SET_SCHEMA = "MERGE (m:Meta {name: 'c360'}) ON CREATE SET m.derivation = 0 SET m.schema = $schema"


Filling = Literal["restore", "copy"]
"""What fills a store, and can be stopped before its end."""

# What a migration does besides its file, a batch a transaction; it can be repeated, too.
_BESIDES = {
    "002_reviews": queue_everybody,
    "005_search": name_everybody,
    "013_national_numbers": number_everybody,
    "015_letters": spell_words,
}


async def migrate(store: Store, *, finishing: Filling | None = None) -> int:
    """Run what is missing of graph/store/migrations; returns the schema's number.

    Safe to run at any time and by several processes at once. Raises SchemaTooNew; and RestoreUnfinished or
    CopyUnfinished unless it is the restore or copy itself that asks (`finishing`).
    """
    at, unfinished = await _state(store)
    if unfinished is not None and unfinished != finishing:
        raise _unfinished(unfinished, store.uri)
    if at == latest():
        return latest()
    for statement in _FIRST:
        await store.run_alone(statement)
    async with store.lease("migrate") as lease:
        at = await schema_of(store)
        for number, name in _migrations():
            if number > at:
                await _run(store, lease, number, name)
    return latest()


@dataclass(frozen=True, slots=True)
class Migration:
    """A step of the schema that a graph has not made yet."""

    number: int
    name: str
    description: str


async def pending(store: Store) -> list[Migration]:
    """The steps that `migrate` would run now, in order; nothing is written. Raises SchemaTooNew."""
    at = await schema_of(store)
    return [
        Migration(number, name, description_of(f"store/migrations/{name}"))
        for number, name in _migrations()
        if number > at
    ]


def latest() -> int:
    """The newest schema that this version knows."""
    return _migrations()[-1][0]


async def schema_of(store: Store) -> int:
    """The graph's schema, 0 for an empty one; raises SchemaTooNew when a newer c360 wrote it."""
    return (await _state(store))[0]


async def half_filled(store: Store) -> Filling | None:
    """What was begun into this store and has not ended."""
    return (await _state(store))[1]


async def _state(store: Store) -> tuple[int, Filling | None]:
    """The schema, and what has not ended."""
    row = await store.read_one(_SCHEMA)
    schema = int(row[0] or 0) if row else 0
    if schema > latest():
        raise SchemaTooNew(
            f"The graph at {store.uri} has schema {schema}; this c360 knows schemas up to {latest()}. "
            "Install the newer c360 that wrote it, or use another store."
        )
    if row and row[1]:
        return schema, "restore"
    return schema, "copy" if row and row[2] else None


def _unfinished(filling: Filling, uri: str) -> RestoreUnfinished | CopyUnfinished:
    if filling == "copy":
        return CopyUnfinished(
            f"A copy is half made in {uri}. Run `c360 store copy FROM TO` again with the same FROM: "
            "it goes on where it stood."
        )
    return RestoreUnfinished(
        f"A backup is half restored in {uri}. Run `c360 restore FILE` again with the same file: "
        "it goes on where it stood."
    )


async def _run(store: Store, lease: Lease, number: int, name: str) -> None:
    # Every statement can be repeated (IF NOT EXISTS), so a kill between two of them does no harm.
    for statement in statements(f"store/migrations/{name}"):
        await store.run_alone(statement)
    if name in _BESIDES:
        await _BESIDES[name](store)

    async def note(transaction: Transaction) -> None:
        await lease.hold(transaction)
        await transaction.run(_SET_SCHEMA, schema=number)

    await store.transaction(note)


def _migrations() -> list[tuple[int, str]]:
    """Number and name of each file, in order: `001_model.cypher` is (1, "001_model")."""
    names = sorted(
        file.name.removesuffix(".cypher")
        for file in files("graph").joinpath("store", "migrations").iterdir()
        if file.name.endswith(".cypher")
    )
    return [(int(name.split("_")[0]), name) for name in names]

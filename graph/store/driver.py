"""One home of the graph: reads, writes and leases over Bolt, the same on Neo4j and embedded."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    AsyncDriver,
    AsyncGraphDatabase,
    AsyncTransaction,
    NotificationMinimumSeverity,
    Query,
    ResultSummary,
    SummaryCounters,
)
from neo4j.exceptions import AuthError, ConstraintError, DriverError, IncompleteCommit, Neo4jError

from graph.store.errors import StoreError, StoreUnavailable, is_gone, is_passing, translate
from graph.store.lease import Lease, hold_lease
from graph.store.sessions import Sessions
from graph.store.settings import StoreSettings
from graph.tracing import query_span

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

T = TypeVar("T")
Traced = Callable[[str], AbstractContextManager[None]]
"""The span of a query, or nothing."""
Answers = Callable[[str, str, str, str], Awaitable[bool]]
"""Asks a server at an address, as a user with a password, in a database; whether it answers."""

RETRY_SECONDS = 30.0  # a transaction is tried again this long before its error is given to the caller
CONNECT_SECONDS = 15.0
MOST_SESSIONS = 100
_UNTRACED: AbstractContextManager[None] = nullcontext()
READ_ATTEMPTS = 10
EMBEDDED_COLLISIONS = 8  # attempts before a key that is taken counts as a mistake, not as a collision


@dataclass(frozen=True, slots=True)
class Counters:
    """What a write changed, as the server counts it."""

    nodes_created: int = 0
    nodes_deleted: int = 0
    relationships_created: int = 0
    relationships_deleted: int = 0
    properties_set: int = 0
    labels_added: int = 0

    def __add__(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def contains_updates(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)

    @classmethod
    def of(cls, summary: SummaryCounters) -> Counters:
        return cls(*(getattr(summary, name) for name in cls.__slots__))


class Transaction:
    """Statements that are committed together, or not at all."""

    def __init__(self, transaction: AsyncTransaction, traced: Traced) -> None:
        self._transaction = transaction
        self._traced = traced
        self.counters = Counters()

    async def run(self, query: str, /, **parameters: Any) -> list[list[Any]]:
        """Run one statement; its rows as lists, in the order of its RETURN."""
        with self._traced(query):
            result = await self._transaction.run(query, parameters)
            rows = await result.values()
            summary = await result.consume()
        self.counters += Counters.of(summary.counters)
        return rows

    async def collected(self, query: str, /, **parameters: Any) -> list[Any]:
        """The one list that a statement collects: one row costs the driver a tenth of many."""
        rows = await self.run(query, **parameters)
        only: list[Any] = rows[0][0]
        return only

    @property
    def closed(self) -> bool:
        return self._transaction.closed()


class Server(Protocol):
    """A server that we started ourselves, and can therefore ask why it is silent."""

    user: str
    password: str
    database: str

    @property
    def bolt_uri(self) -> str: ...

    def why_silent(self) -> str | None: ...

    def where_to_look(self) -> str: ...

    def how_to_open(self) -> str: ...

    async def revive(self, answers: Answers) -> None: ...

    async def leave(self) -> None: ...


class Store:
    """One home of the graph. Opened with `open_store`; every failure is a StoreError."""

    def __init__(
        self,
        driver: AsyncDriver,
        *,
        kind: Literal["embedded", "neo4j"],
        uri: str,
        database: str | None,
        server: Server | None = None,
    ) -> None:
        self.tracer: Tracer | None = None
        """Makes a span of every query, and of what else is done with this store; None where nobody traces."""
        self.kind: Literal["embedded", "neo4j"] = kind
        self.uri = uri
        self._sessions = Sessions(driver, database)
        self._server = server
        self._is_reviving = False

    @property
    def walks_in_order(self) -> bool:
        """Whether it reads the beginning of an index's order without the rest; else a page is told where it ends."""
        return self.kind == "neo4j"

    @property
    def sessions(self) -> int:
        """Sessions in use; each has one connection of the driver's."""
        return self._sessions.in_use

    @property
    def writers(self) -> int:
        """How many transactions at a time are worth while: the embedded store would make them run again."""
        return 1 if self.kind == "embedded" else 2

    async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
        """All rows of a question, as lists in the order of its RETURN.

        What is deleted while it is read can fail a question on the embedded store: then it is asked again.
        """
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                async with self._open_sessions().reader() as session:
                    with self._traced(query):
                        result = await session.run(cast("Query", query), parameters)
                        return await result.values()
            except (Neo4jError, DriverError, OSError) as error:
                if attempt == READ_ATTEMPTS or not is_gone(error):
                    raise self._explain(error) from None
        raise AssertionError  # the last attempt returns or raises

    async def read_one(self, query: str, /, **parameters: Any) -> list[Any] | None:
        """The first row of a question, or None when it has no answer."""
        rows = await self.read(query, **parameters)
        return rows[0] if rows else None

    async def stream(self, query: str, /, **parameters: Any) -> AsyncIterator[list[Any]]:
        """Rows one by one, with bounded memory; leaving the loop early discards the rest."""
        try:
            async with self._open_sessions().open(READ_ACCESS) as session:
                with self._traced(query):
                    result = await session.run(cast("Query", query), parameters)
                    async for record in result:
                        yield record.values()
        except (Neo4jError, DriverError, OSError) as error:
            raise self._explain(error) from None

    async def write(self, query: str, /, **parameters: Any) -> Counters:
        """Run one writing statement in a transaction of its own, tried again after conflicts."""

        async def work(transaction: Transaction) -> Counters:
            await transaction.run(query, **parameters)
            return transaction.counters

        return await self.transaction(work)

    async def transaction(self, work: Callable[[Transaction], Awaitable[T]], *, repeatable: bool = False) -> T:
        """Run `work` and commit what it wrote; after a deadlock, conflict or lost connection it is run again.

        `work` may run several times, so it must not change anything but the graph. When the connection is lost while
        it is committed, nobody knows whether it was: what is `repeatable` is run again then, too, although it may
        stand in the graph already; all else raises StoreUnavailable.
        """
        gives_up = time.monotonic() + RETRY_SECONDS
        attempt = 0
        while True:
            try:
                return await self._attempt(work)
            except (Neo4jError, DriverError, OSError) as error:
                attempt += 1
                longest = 0.3 if isinstance(error, ConstraintError) else 2.0
                pause = min(0.02 * 2**attempt, longest) * random.uniform(0.5, 1.5)  # noqa: S311
                if time.monotonic() + pause > gives_up or not self._may_pass(error, attempt, repeatable):
                    raise self._explain(error) from None
                await asyncio.sleep(pause)

    async def run_alone(self, query: str, /, **parameters: Any) -> list[list[Any]]:
        """Run one statement outside any transaction of ours: for schema changes and `IN TRANSACTIONS`."""
        try:
            async with self._open_sessions().open(WRITE_ACCESS) as session:
                with self._traced(query):
                    result = await session.run(cast("Query", query), parameters)
                    return await result.values()
        except (Neo4jError, DriverError, OSError) as error:
            raise self._explain(error) from None

    def lease(
        self,
        name: str,
        *,
        wait: float | None = None,
        on_wait: Callable[[str], None] | None = None,
        ttl: float = 30,
    ) -> AbstractAsyncContextManager[Lease]:
        """Be the only one who does `name`, among all processes that use this store.

        Waits up to `wait` seconds (None: as long as it takes, 0: not at all), then raises LeaseBusy.
        `on_wait` is told once, in a sentence, that we wait and for whom.
        """
        return hold_lease(self, name, wait=wait, on_wait=on_wait, ttl=ttl)

    async def agent(self) -> str:
        """How the server introduces itself."""
        return str((await self._introduction()).server.agent)

    async def name_database(self) -> None:
        """Use by its name the database that is the user's own: it is not looked up for every question then."""
        self._sessions.database = (await self._introduction()).database

    def how_to_open(self) -> str:
        """How to look into this graph with any other Bolt client, in a sentence and without secrets."""
        if self._server is not None:
            return self._server.how_to_open()
        return f"Open {self.uri} with Neo4j Browser, cypher-shell or any Bolt client, as the user of C360_STORE_USER."

    def why_silent(self) -> str | None:
        """Why an embedded server answers no more; None while it runs, and of a Neo4j, which is not ours."""
        return None if self._server is None else self._server.why_silent()

    async def revive(self) -> None:
        """Start an embedded server that died once more, and connect to it; raises StoreError."""
        if self._server is None:
            raise StoreError(f"The store at {self.uri} is not ours to start.")
        server, before = self._server, self._sessions
        self._is_reviving = True  # a server that starts takes questions before it answers them
        await server.revive(_answers)
        self._sessions = Sessions(_driver(server.bolt_uri, server.user, server.password), server.database)
        self._is_reviving = False
        await before.close()

    async def close(self) -> None:
        """Close the connections; an embedded server ends with the last who uses it."""
        await self._sessions.close()
        if self._server is not None:
            await self._server.leave()

    async def _introduction(self) -> ResultSummary:
        try:
            async with self._open_sessions().open(READ_ACCESS) as session:
                return await (await session.run("RETURN 1")).consume()
        except (Neo4jError, DriverError, OSError) as error:
            raise self._explain(error) from None

    async def _attempt(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._open_sessions().open(WRITE_ACCESS) as session:
            begun = await session.begin_transaction()
            try:
                answer = await work(Transaction(begun, self._traced))
            except asyncio.CancelledError:
                begun.cancel()
                raise
            except BaseException:
                with suppress(Neo4jError, DriverError, OSError):  # the first error is the one that matters
                    await begun.close()
                raise
            await begun.commit()
            return answer

    def _traced(self, query: str) -> AbstractContextManager[None]:
        return _UNTRACED if self.tracer is None else query_span(self.tracer, query, self.kind)

    def _may_pass(self, error: Neo4jError | DriverError | OSError, attempt: int, repeatable: bool) -> bool:
        """Whether the transaction may succeed when it is run again."""
        if self._server is not None and self._server.why_silent():
            return False
        if isinstance(error, IncompleteCommit):
            return repeatable
        if isinstance(error, ConstraintError):
            # Two transactions that MERGE the same new key at once: Neo4j lets one wait for the other, the embedded
            # store refuses the later one, which then finds the node when it is run again.
            return self.kind == "embedded" and attempt < EMBEDDED_COLLISIONS
        return is_passing(error)

    def _open_sessions(self) -> Sessions:
        if self._is_reviving:
            raise StoreUnavailable("The embedded store's server ended and is being started again: try in a moment.")
        return self._sessions

    def _explain(self, error: Neo4jError | DriverError | OSError) -> StoreError:
        if self._server is None:
            return translate(error, self.uri)
        if why := self._server.why_silent():
            return StoreUnavailable(why)
        told = translate(error, self.uri)
        if type(told) is StoreError:  # a refusal without a cause that we know: the server keeps it to itself
            return StoreError(f"{told} {self._server.where_to_look()}")
        return told


@asynccontextmanager
async def open_store(settings: StoreSettings, tracer: Tracer | None = None) -> AsyncIterator[Store]:
    """Open the graph's home and close it again; raises StoreError when it cannot be reached.

    An embedded store's server is started, or joined when another process has started it. With a `tracer` queries and
    syncs leave spans.
    """
    store = await (_open_embedded(settings) if settings.embedded_path is not None else _open_neo4j(settings))
    store.tracer = tracer
    try:
        yield store
    finally:
        await store.close()


async def _open_embedded(settings: StoreSettings) -> Store:
    from graph.store import embedded  # the only place that knows which engine it is

    assert settings.embedded_path is not None
    server = await embedded.join(settings.embedded_path, _answers)
    driver = _driver(server.bolt_uri, server.user, server.password)
    return Store(driver, kind="embedded", uri=settings.uri, database=server.database, server=server)


async def _open_neo4j(settings: StoreSettings) -> Store:
    try:
        driver = _driver(settings.uri, settings.user, settings.password.get_secret_value())
    except (DriverError, ValueError, OSError) as error:
        raise translate(cast("DriverError", error), settings.uri) from None
    store = Store(driver, kind="neo4j", uri=settings.uri, database=None)
    try:
        await store.name_database()
    except BaseException:
        await driver.close()
        raise
    return store


def _driver(uri: str, user: str, password: str) -> AsyncDriver:
    return AsyncGraphDatabase.driver(
        uri,
        auth=(user, password),
        user_agent="c360",
        connection_timeout=CONNECT_SECONDS,
        connection_acquisition_timeout=60.0,
        max_connection_pool_size=MOST_SESSIONS,
        # Notes such as "this label does not exist yet" are meant for people at a console.
        warn_notification_severity=NotificationMinimumSeverity.OFF,
        notifications_min_severity=NotificationMinimumSeverity.OFF,
        telemetry_disabled=True,
    )


async def _answers(uri: str, user: str, password: str, database: str) -> bool:
    """Whether a query is answered there: the port opens one or two seconds before the database does."""
    driver = _driver(uri, user, password)
    try:
        async with driver.session(database=database) as session:
            await (await session.run("RETURN 1")).consume()
        return True
    except AuthError:
        raise
    except (Neo4jError, DriverError, OSError):
        return False
    finally:
        await driver.close()

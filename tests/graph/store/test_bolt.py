"""Our own connections that read: the same answers as the driver's, and what they do when something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from graph.store.bolt import Address, Connection, OtherBolt
from graph.store.driver import Store, open_store
from graph.store.errors import Refusal, StoreError, StoreUnavailable
from graph.store.packstream import CODEC
from graph.store.readers import Readers, readers_of
from graph.store.settings import StoreSettings

pytestmark = pytest.mark.anyio

V5_4 = b"\x00\x00\x04\x05"
HINTS: dict[str, Any] = {"hints": {"connection.recv_timeout_seconds": 0.2}}


async def test_values_are_those_that_the_driver_reads(store: Store) -> None:
    """Texts, numbers, lists, maps, instants and null come as the driver gives them, however long the answer is."""
    given = {
        "text": "Zoë 🜁",
        "long": "x" * 200_000,
        "numbers": [0, -17, 2**62, -(2**63), 0.1, -1e300],
        "flags": [True, False, None],
        "pair": ("a", 1),
        "map": {"a": {"b": []}},
        "at": datetime(2026, 3, 1, 12, 30, 0, 5000, tzinfo=UTC),
        "day": date(1999, 12, 31),
    }
    query = "UNWIND range(1, 300) AS n RETURN n, $text, $numbers, $flags, $pair, $map, $at, $day, size($long), $long"

    read = await store.read(query, **given)

    assert store._readers is not None
    assert read == [row async for row in store.stream(query, **given)]
    assert len(read) == 300
    assert read[0][-1] == given["long"]


async def test_a_refused_question_leaves_the_connection_in_use(store: Store) -> None:
    """After a refusal the same connection answers the next question."""
    readers = store._readers
    assert readers is not None
    await store.read("RETURN 1")
    before = list(readers._idle)

    with pytest.raises(StoreError, match="SyntaxError"):
        await store.read("RETURN")

    assert readers._idle == before
    assert await store.read("RETURN 2") == [[2]]


async def test_a_question_that_nobody_waits_for_is_ended(neo4j_settings: StoreSettings) -> None:
    """Neo4j stops to work on what was cancelled, and the next question is answered."""
    long = "UNWIND range(1, 100000000) AS a WITH a WHERE a % 7 = 8 RETURN count(a) AS nobody_waits"
    works = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery ENDS WITH 'AS nobody_waits' RETURN 1"
    async with open_store(neo4j_settings) as store:
        asking = asyncio.create_task(store.read(long))
        await _until(lambda: store.read(works), [[1]])

        asking.cancel()

        await _until(lambda: store.read(works), [])
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_many_ask_at_once_over_few_connections(neo4j_settings: StoreSettings) -> None:
    """Fifty questions over two connections are all answered, each with its own answer."""
    readers = _readers(neo4j_settings, most=2)
    answers = await asyncio.gather(*(readers.read("RETURN $n", {"n": n}) for n in range(50)))
    assert answers == [[[n]] for n in range(50)]
    assert len(readers._idle) == 2
    readers.close()


async def test_an_address_of_a_cluster_is_read_directly_where_there_is_one_server(
    neo4j_settings: StoreSettings,
) -> None:
    """`neo4j://` asks who keeps the database; one server alone needs no routing."""
    routed = StoreSettings(neo4j_settings.uri.replace("bolt", "neo4j"), neo4j_settings.user, neo4j_settings.password)
    async with open_store(routed) as store:
        assert await store.read("RETURN 1") == [[1]]
        assert store._readers is not None


async def test_several_servers_are_read_by_the_driver() -> None:
    """Where a database is kept by several servers, or another Bolt is spoken, nothing is read directly."""
    table = {"rt": {"ttl": 10, "servers": [{"addresses": ["a:1", "b:1"], "role": "READ"}]}}
    async with _server(V5_4, [[HINTS], [{}], [table]]) as port:
        with pytest.raises(OtherBolt, match="several servers"):
            await Readers(_address(port), _codec(), most=1, is_routed=True).read("RETURN 1", {})
    async with _server(b"\x00\x00\x04\x04", []) as port:
        with pytest.raises(OtherBolt):
            await Connection.open(_address(port), _codec())


async def test_a_server_that_falls_silent_is_given_up() -> None:
    """Neo4j says how long it is never silent; after that the question ends with an error instead of never."""
    async with _server(V5_4, [[HINTS], [{}], []]) as port:
        connection = await Connection.open(_address(port), _codec())
        with pytest.raises(TimeoutError, match="said nothing"):
            await connection.read("RETURN 1", {}, None)
        assert not connection.is_open


async def test_a_server_that_ends_in_the_middle_of_an_answer_is_said_to_be_away() -> None:
    """Half an answer is none: the error is one that may pass."""
    async with _server(V5_4, [[HINTS], [{}], [{"fields": ["a"]}, b"\xb1\x71\x91\x01"], None]) as port:
        readers = Readers(_address(port), _codec(), most=1, is_routed=False)
        with pytest.raises(OSError, match="closed"):
            await readers.read("RETURN 1", {})
        assert not readers._idle


async def test_somebody_else_who_listens_there_is_no_store() -> None:
    """A server of web pages is told apart, by the driver's words."""
    async with _server(b"HTTP", []) as port:
        with pytest.raises(StoreUnavailable):
            async with open_store(StoreSettings(f"bolt://127.0.0.1:{port}")):
                pass


async def test_a_node_is_refused_with_what_to_return_instead(store: Store) -> None:
    """Questions return values; a node would come as the driver's own object."""
    await store.write("CREATE (:Stage {name: 'a'})")
    with pytest.raises(TypeError, match="properties"):
        await store.read("MATCH (s:Stage) RETURN s")
    assert await store.read("MATCH (s:Stage) RETURN s.name") == [["a"]]


async def test_what_cannot_be_sent_is_said_and_harms_nobody(store: Store) -> None:
    """A number beyond 64 bits, or an object, is refused before anything is sent."""
    for value in (2**63, object()):
        with pytest.raises((ValueError, OverflowError)):
            await store.read("RETURN $value", value=value)
    assert await store.read("RETURN 1") == [[1]]


async def test_a_wrong_password_is_told_by_its_code(neo4j_settings: StoreSettings) -> None:
    """Who is not let in gets no connection."""
    readers = readers_of(neo4j_settings.uri, "neo4j", "wrong", None, most=1)
    assert readers is not None
    with pytest.raises(Refusal) as refused:
        await readers.read("RETURN 1", {})
    assert refused.value.code == "Neo.ClientError.Security.Unauthorized"
    assert not readers._idle


def _readers(settings: StoreSettings, most: int) -> Readers:
    readers = readers_of(settings.uri, settings.user, settings.password.get_secret_value(), None, most=most)
    assert readers is not None, "the driver that is installed has another codec"
    return readers


async def _until(ask: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    async with asyncio.timeout(20):
        while await ask() != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _codec() -> Any:
    assert CODEC is not None, "the driver that is installed has another codec"
    return CODEC


def _address(port: int) -> Address:
    return Address("127.0.0.1", port, "neo4j", "secret")


@asynccontextmanager
async def _server(version: bytes, answers: Sequence[Sequence[dict[str, Any] | bytes] | None]) -> AsyncIterator[int]:
    """A server that gives each message its answers: what succeeded, or bytes as they are; None closes."""
    codec = _codec()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(20)
        writer.write(version)
        for given in answers:
            if given is None:
                break
            await _message(reader)
            for each in given:
                message = each if isinstance(each, bytes) else b"\xb1\x70" + codec.pack(each)
                writer.write(len(message).to_bytes(2, "big") + message + b"\x00\x00")
        else:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _message(reader: asyncio.StreamReader) -> None:
    while size := int.from_bytes(await reader.readexactly(2), "big"):
        await reader.readexactly(size)

"""Reading, writing and refusing, the same on both stores."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pydantic import SecretStr

from graph.store.driver import Counters, Store, Transaction, open_store
from graph.store.errors import AccessDenied, ConstraintViolated, StoreError, StoreUnavailable
from graph.store.info import info
from graph.store.settings import StoreSettings

pytestmark = pytest.mark.anyio


async def test_rows_come_as_lists_in_the_order_of_the_return(store: Store) -> None:
    """A read answers with plain lists, a read_one with one list or None."""
    assert await store.read("UNWIND $values AS v RETURN v, v * 2 ORDER BY v", values=[2, 1]) == [[1, 2], [2, 4]]
    assert await store.read_one("UNWIND [] AS v RETURN v") is None


async def test_a_stream_gives_every_row_and_can_be_left_early(store: Store) -> None:
    """A stream has all rows, and leaving it after ten does no harm to what comes next."""
    assert sum([row[0] async for row in store.stream("UNWIND range(1, 20000) AS i RETURN i")]) == 200_010_000
    first = []
    async for row in store.stream("UNWIND range(1, 200000) AS i RETURN i"):
        first.append(row[0])
        if len(first) == 10:
            break
    assert first == list(range(1, 11))
    assert await store.read_one("RETURN 1") == [1]


async def test_a_write_says_what_it_changed(store: Store) -> None:
    """The counters of a write are the server's."""
    query = "UNWIND $rows AS row CREATE (:Stage {name: row})-[:X]->(:Touchpoint {key: row})"
    counters = await store.write(query, rows=["a", "b"])

    assert counters == Counters(nodes_created=4, relationships_created=2, properties_set=4, labels_added=4)


async def test_a_transaction_that_fails_writes_nothing(store: Store) -> None:
    """Statements of one transaction are committed together or not at all."""

    async def work(transaction: Transaction) -> None:
        await transaction.run("CREATE (:Stage {name: 'half'})")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.transaction(work)

    assert await store.read_one("MATCH (s:Stage) RETURN count(s)") == [0]


async def test_transactions_that_collide_all_count(store: Store) -> None:
    """Twenty transactions that raise the same number at once raise it by twenty."""
    await store.write("CREATE (:Stage {name: 'n', rank: 0})")
    await asyncio.gather(*(store.write("MATCH (s:Stage {name: 'n'}) SET s.rank = s.rank + 1") for _ in range(20)))

    assert await store.read_one("MATCH (s:Stage) RETURN s.rank") == [20]


async def test_pages_that_meet_in_the_same_new_keys_all_land(store: Store) -> None:
    """Eight transactions at once that MERGE the same two hundred new keys leave two hundred nodes, and none fails."""
    query = """
    UNWIND $keys AS key
    MERGE (i:Identifier {key: key})
    CREATE (:SourceRecord {key: key + $page})-[:HAS_IDENTIFIER]->(i)
    """
    keys = [f"email:{number}" for number in range(200)]
    await asyncio.gather(*(store.write(query, keys=keys, page=f"/{page}") for page in range(8)))

    told = await info(store)
    assert (told.nodes["Identifier"], told.relationships["HAS_IDENTIFIER"]) == (200, 1600)


async def test_a_second_node_with_the_same_key_is_refused_without_naming_it(store: Store) -> None:
    """A broken key is a ConstraintViolated, and its message does not give the value away."""
    await store.write("CREATE (:Identifier {key: 'email:ada@x.test'})")

    with pytest.raises(ConstraintViolated) as refused:
        await store.write("CREATE (:Identifier {key: $key})", key="email:ada@x.test")

    assert "ada@x.test" not in str(refused.value)


async def test_a_question_is_answered_while_what_it_reads_is_deleted(embedded_store: Store) -> None:
    """Customers come and go while others ask for the first five by name: every question has its answer."""
    page = "MATCH (c:Customer) WHERE c.sort_name >= '' WITH c ORDER BY c.sort_name LIMIT 5 RETURN c.id, c.display_name"
    answered, is_over = 0, asyncio.Event()

    async def ask() -> None:
        nonlocal answered
        while not is_over.is_set():
            await embedded_store.read(page)
            answered += 1

    async def come_and_go() -> None:
        come = "UNWIND range(1, 10) AS k CREATE (:Customer {id: $n + '/' + k, sort_name: 'n' + k})"
        for number in range(30):
            await embedded_store.write(come, n=str(number))
            await embedded_store.write("MATCH (c:Customer) DETACH DELETE c")
        is_over.set()

    await asyncio.gather(come_and_go(), ask(), ask(), ask())

    assert answered > 60


async def test_a_wrong_query_is_a_store_error(store: Store) -> None:
    """What the server refuses is said with its code and words."""
    with pytest.raises(StoreError, match="SyntaxError"):
        await store.read("MATCH (n RETURN n")


async def test_questions_that_fail_or_are_cancelled_do_no_harm_to_those_that_follow(store: Store) -> None:
    """Sessions are used again: beside wrong and cancelled questions each has its own answer, and none stays open."""

    async def right(number: int) -> bool:
        return await store.read("UNWIND range(1, 200) AS i RETURN i + $n", n=number) == [
            [i + number] for i in range(1, 201)
        ]

    for number in range(10):
        cancelled = [asyncio.create_task(store.read("UNWIND range(1, 100000) AS i RETURN i")) for _ in range(2)]
        wrong = [asyncio.create_task(store.read("RETURN $not_given")) for _ in range(2)]
        asked = [asyncio.create_task(right(number * 10 + more)) for more in range(4)]
        await asyncio.sleep(0.002 * number)
        for task in cancelled:
            task.cancel()
        ended = await asyncio.gather(*cancelled, *wrong, return_exceptions=True)
        assert all(isinstance(one, StoreError) for one in ended[2:])
        assert all(await asyncio.gather(*asked))

    assert store.sessions == 0
    assert await right(1)


async def test_info_counts_and_says_how_to_open_the_graph(store: Store) -> None:
    """`info` names server, schema and counts, and tells no secret."""
    await store.write("CREATE (:Customer {id: '1'})-[:EXPERIENCED]->(:Interaction {id: '2'})")

    told = await info(store)

    assert (told.nodes["Customer"], told.relationships) == (1, {"EXPERIENCED": 1})
    assert told.schema >= 1
    assert told.server.startswith("ArcadeDB 2" if store.kind == "embedded" else "Neo4j 5.")
    assert "bolt://127.0.0.1:" in told.how_to_open


async def test_a_wrong_password_is_refused_with_the_setting_to_change(neo4j_settings: StoreSettings) -> None:
    """Neo4j answers, but not to this password: the message names the variables."""
    with pytest.raises(AccessDenied, match="C360_STORE_PASSWORD"):
        async with open_store(StoreSettings(neo4j_settings.uri, "neo4j", SecretStr("wrong"))):
            pass


async def test_a_store_that_is_not_there_is_named() -> None:
    """Nothing listens at the address: the message has the address and what to look at."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        uri = f"bolt://127.0.0.1:{nobody.getsockname()[1]}"
    with pytest.raises(StoreUnavailable, match=uri):
        async with open_store(StoreSettings(uri)):
            pass


@pytest.mark.parametrize("uri", ["postgres://host/db", "localhost:7687", "bolt://", "bolt://ada:secret@host:7687"])
async def test_an_address_that_is_no_store_is_refused_at_once(uri: str) -> None:
    """Unknown schemes and addresses with a password in them are refused, and the password is not repeated."""
    with pytest.raises(StoreError, match="C360_STORE") as refused:
        StoreSettings(uri)
    assert "secret" not in str(refused.value)


async def test_settings_come_from_the_environment_or_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    """C360_STORE_PASSWORD_FILE is read, and a missing one is named."""
    file = tmp_path_factory.mktemp("secret") / "password"
    file.write_text("abc\n")
    env = {"C360_STORE": "neo4j://host", "C360_STORE_USER": "ada", "C360_STORE_PASSWORD_FILE": str(file)}

    settings = StoreSettings.from_environment(env)

    assert (settings.uri, settings.user, settings.password.get_secret_value()) == ("neo4j://host", "ada", "abc")
    assert "abc" not in repr(settings)
    with pytest.raises(StoreError, match="no-such-file"):
        StoreSettings.from_environment({**env, "C360_STORE_PASSWORD_FILE": "/no-such-file"})

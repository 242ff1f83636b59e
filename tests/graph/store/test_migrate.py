"""Migrations: forward only, safe to repeat, and exactly what the graph model says."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from graph.search.find import Viewing, find, read_search
from graph.search.numbers import number_everybody
from graph.search.upkeep import spell_words
from graph.store.driver import Store
from graph.store.errors import SchemaTooNew
from graph.store.migrate import latest, migrate, schema_of

pytestmark = pytest.mark.anyio

MODEL = Path(__file__).parents[3] / "docs" / "graph-model.md"


async def test_a_migrated_graph_has_the_keys_and_indexes_of_the_model(store: Store) -> None:
    """Every key and index that docs/graph-model.md names is there, and no other."""
    await _forget(store)

    assert await migrate(store) == latest() == await schema_of(store)
    keys = "SHOW CONSTRAINTS YIELD type, labelsOrTypes, properties RETURN type, labelsOrTypes[0] + '.' + properties[0]"
    indexes = "SHOW INDEXES YIELD labelsOrTypes, properties RETURN labelsOrTypes[0] + '.' + properties[0]"
    # The embedded store tells as a constraint, too, that what a text index was made for is a text.
    constraints = [(kind, key) for kind, key in await store.read(keys) if kind != "NODE_PROPERTY_TYPE"]
    assert all("UNIQUENESS" in kind for kind, _ in constraints)
    assert {key for _, key in constraints} == _named("Unique")
    everything = _named("Unique") | _named("Range")
    assert {row[0] for row in await store.read(indexes) if row[0]} == everything


async def test_two_migrations_at_once_agree(store: Store) -> None:
    """Two processes that migrate at the same moment both succeed, and the graph has one schema."""
    await _forget(store)

    assert list(await asyncio.gather(migrate(store), migrate(store))) == [latest(), latest()]
    assert await store.read("MATCH (m:Meta) RETURN m.schema") == [[latest()]]


async def test_a_graph_of_a_newer_version_is_refused(store: Store) -> None:
    """A schema that we do not know is left alone, and the message says to install the newer c360."""
    await store.write("MATCH (m:Meta) SET m.schema = 999")

    with pytest.raises(SchemaTooNew, match=r"schema 999.*Install the newer c360"):
        await migrate(store)


def test_every_migration_has_a_number_of_its_own() -> None:
    """Of two with one number a graph that has run the first would never get the second."""
    folder = Path(__file__).parents[3] / "graph" / "store" / "migrations"
    numbers = sorted(int(file.name.split("_")[0]) for file in folder.glob("*.cypher"))

    assert numbers == list(range(1, latest() + 1))


async def test_a_graph_of_before_gets_its_words(store: Store) -> None:
    """Customers, accounts and numbers that an older version wrote are found after the migration, as if written anew."""
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 4")
    await store.write(
        "CREATE (c:Customer {id: 'c', display_name: 'Mara Lindqvist', sort_name: 'lindqvist mara', "
        'emails: \'[{"address": "ml@nordlicht.test"}]\', '
        "search: ' mara lindqvist ml@nordlicht.test 46701740605 berg '}) "
        "CREATE (:SourceRecord {key: 'crm/contacts/1'})-[:DESCRIBES]->(c) "
        "CREATE (:Account {id: 'a', name: 'Nordlicht AB', sort_name: 'nordlicht ab', search: ' nordlicht ab '})"
    )
    await store.write(
        "MATCH (r:SourceRecord) CREATE (r)-[:HAS_IDENTIFIER]->"
        "(:Identifier {key: 'phone:+46701740605', kind: 'phone', value: '+46701740605'})"
    )

    assert await migrate(store) == latest()
    for text, ids in {"lindqvist": "c", "ml": "c", "berg": "c", "0605": "c", "nordlicht": "ac"}.items():
        search = read_search(text)
        assert search is not None
        assert [hit.id for hit in await find(store, search, Viewing())] == list(ids), text
    assert await store.read("MATCH (n) WHERE n.search IS NOT NULL RETURN n.id") == []
    assert await store.read("MATCH (w:Word) WHERE w.text CONTAINS '4670' RETURN w.text") == []


async def test_numbers_of_before_are_found_by_their_beginning(store: Store) -> None:
    """All numbers get what follows the code of their country, a batch a transaction, and nothing else gets any."""
    keys = ["anonymous:1", "email:ada@x.test", "external:crm:1", "phone:+390669812345", "phone:+46701740605"]
    keys += [f"phone:+4930{number}" for number in (123456, 123457, 9018)]
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 12")
    await store.write(
        "CREATE (c:Customer {id: 'c', sort_name: 'lindqvist mara'}) WITH c UNWIND $keys AS key "
        "CREATE (:SourceRecord {key: key})-[:DESCRIBES]->(c) WITH key MATCH (r:SourceRecord {key: key}) "
        "CREATE (r)-[:HAS_IDENTIFIER]->(:Identifier {key: key, kind: split(key, ':')[0]})",
        keys=keys,
    )

    await number_everybody(store, batch=2)
    national = "MATCH (i:Identifier) WHERE i.national IS NOT NULL RETURN i.key, i.national ORDER BY i.key"
    by_batches = await store.read(national)
    await store.write("MATCH (i:Identifier {key: 'phone:+49309018'}) SET i.national = null")
    assert await migrate(store) == latest()

    assert by_batches == [
        ["phone:+390669812345", "0669812345"],
        ["phone:+46701740605", "701740605"],
        ["phone:+4930123456", "30123456"],
        ["phone:+4930123457", "30123457"],
        ["phone:+49309018", "309018"],
    ]
    assert await store.read(national) == by_batches
    search = read_search("070 1740")
    assert search is not None
    assert [hit.id for hit in await find(store, search, Viewing())] == ["c"]


async def test_words_of_before_are_found_by_their_parts(store: Store) -> None:
    """All words get the letters in a row that are in them, a batch at a time; once more writes nothing."""
    words = ["anna", "lindqvist", "li", "nordlicht", "ost"]
    await migrate(store)
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 14")
    await store.write(
        "CREATE (c:Customer {id: 'c', sort_name: 'lindqvist anna'}) WITH c UNWIND $words AS word "
        "CREATE (c)-[:NAMED_BY]->(:Word {text: word, folded: word})",
        words=words,
    )

    await spell_words(store, batch=2)
    spelled = "MATCH (w:Word)-[r:HAS_LETTERS]->(l:Letters) RETURN w.text, l.text ORDER BY w.text, l.text"
    by_batches = await store.read(spelled)
    assert await migrate(store) == latest()

    assert by_batches[:4] == [["anna", "nna"], ["lindqvist", "dqv"], ["lindqvist", "ind"], ["lindqvist", "ist"]]
    assert len(by_batches) == 1 + 6 + 6
    assert await store.read(spelled) == by_batches
    for part in ("qvi", "ordlich", "nna"):
        search = read_search(part)
        assert search is not None
        assert [hit.id for hit in await find(store, search, Viewing())] == ["c"], part


async def test_who_waits_for_an_account_is_derived_after_the_upgrade(store: Store) -> None:
    """Customers who belong to an account that is not known: from then on it is known whom they wait for."""
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 17")
    await store.write(
        "UNWIND $rows AS row CREATE (c:Customer {id: row[0], sort_name: row[0]}) "
        "CREATE (:SourceRecord {key: row[0], kind: 'person', body: row[1]})-[:DESCRIBES]->(c)",
        rows=[["waits", '{"account_id":"crm/companies/1"}'], ["works", '{"account_id":"crm/companies/2"}'], ["", "{}"]],
    )
    await store.write("MATCH (c:Customer {id: 'works'}) CREATE (c)-[:WORKS_FOR]->(:Account {id: 'a'})")
    # Nobody was told when the records of an account parted, so they may work for another one.
    await store.write(
        "CREATE (:Customer {id: 'left', sort_name: 'left'})-[:WORKS_FOR]->(:Account {id: 'b'}) "
        "CREATE (:Identity {id: 'b', of: 'account', records: ['crm/companies/3', 'crm/companies/4'], "
        "ended: datetime({epochMillis: 1767225600000})}) "
        "CREATE (:Identity {id: 'b', of: 'account', records: ['crm/companies/3']}) "
        "CREATE (:Identity {id: 'a', of: 'account', records: ['crm/companies/2']})"
    )

    assert await migrate(store) == latest()
    stale = await store.read("MATCH (c:Customer {stale: true}) RETURN c.id ORDER BY c.id")
    assert stale == [["left"], ["waits"]]


async def _forget(store: Store) -> None:
    await store.write("MATCH (n) DETACH DELETE n")


def _named(kind: str) -> set[str]:
    """`Label.property` names in the paragraph of docs/graph-model.md that starts with `kind:`."""
    paragraph = re.search(rf"^{kind}: (.*?)\.$", MODEL.read_text(), re.MULTILINE | re.DOTALL)
    assert paragraph is not None
    return set(re.findall(r"`(\w+\.\w+)`", paragraph[1]))

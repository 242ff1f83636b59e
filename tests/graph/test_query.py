"""Compiled queries: what is read of a row, and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from neo4j import GraphDatabase

from graph.customer.reading import CUSTOMERS, INTERACTIONS, RECORDS_BY_KEY
from graph.query import compile_query
from graph.reading import Column, Page, Part, Reading
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
ADA = "crm/contacts/1"
TWO_DAYS = [event("crm/deals/1", "deal.won", "2026-03-01", ADA, subject="Licences")]
TWO_DAYS.append(event("crm/deals/2", "ticket.created", "2026-03-02", ADA))
LISTED = ("id", "kind", "channel", "subject")


def journeys(order: str | None = "at") -> str:
    """The query of all customers, each with a page of what they lived through, the newest first."""
    page = Page(INTERACTIONS.keys(()), "size", 20, order=order, descending=True)
    cells: list[Column | Part] = [Column("at", instant=True), *(Column(name) for name in LISTED)]
    journey = Part(INTERACTIONS, "page", Reading(cells), page=page)
    return compile_query([Part(CUSTOMERS, "all", Reading([Column("display_name"), journey, Column("primary_email")]))])


async def test_what_a_row_does_not_have_is_null(store: Store) -> None:
    """Properties that are read together come as those that are read by themselves, and null where there is none."""
    await sync([fixed_source("test", person(ADA, "Ada Byron"), *TWO_DAYS)], store, Rules())

    for order in ("at", None):
        ((((name, journey, email),),),) = await store.read(journeys(order), size=5)

        assert (name, email) == ("Ada Byron", None)
        assert journey == [
            [1772409600000, "crm/deals/2", "ticket.created", "email", None],
            [1772323200000, "crm/deals/1", "deal.won", "email", "Licences"],
        ]


async def test_what_a_missing_relationship_says_is_null(store: Store) -> None:
    """A record that nothing ties to a customer is told, what would tell of the tie is not."""
    await store.write("CREATE (:SourceRecord {key: $key, source: 'crm', kind: 'person'})", key=ADA)
    cells: list[Column | Part] = [Column("key"), Column("kind"), Column("rule", "how"), Column("score", "how")]

    rows = await store.read(compile_query([Part(RECORDS_BY_KEY, "all", Reading(cells), arguments={})]), ids=[ADA])

    assert rows == [[[[ADA, "person", None, None]]]]


@pytest.fixture
def details(neo4j_settings: StoreSettings) -> Iterator[Any]:
    """What Neo4j says of each operator that it would run for a query."""
    auth = (neo4j_settings.user, neo4j_settings.password.get_secret_value())
    with GraphDatabase.driver(neo4j_settings.uri, auth=auth) as driver:

        def told(query: str) -> str:
            with driver.session() as session:
                found = session.run("EXPLAIN " + query, size=10).consume().plan
            assert found is not None
            return str(found)

        yield told


def test_neo4j_reads_the_properties_of_a_list_at_once(details: Any) -> None:
    """They are one map of a node, without what the order has read of it already."""
    for order, listed in (("at", "at id kind channel subject"), (None, "kind channel subject")):
        told = details(journeys(order))

        (node,) = re.findall(r"(\w+)\{\w+: \w+\.\w+, [^}]*subject: ", told)
        assert f"{node}{{{', '.join(f'{name}: {node}.{name}' for name in listed.split())}}}" in told

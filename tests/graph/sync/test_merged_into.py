"""Records that their source has merged: into another, along a chain, into each other, into themselves, into nobody."""

from __future__ import annotations

import pytest

from connectors.records import Record
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.asking import Ask
from graph.sync.decisions import revert_decision, split_customer
from graph.sync.rebuild import rebuild
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
ASK = Ask(by="cleo")
CYCLE, ITSELF, CHAIN, LOST = ("1", "2"), "3", ("4", "5", "6"), "7"
PEOPLE: list[Record] = [
    person("crm/contacts/1", "Ada Byron", email="ada@byron.test", merged_into="2"),
    person("crm/contacts/2", "Zoe Quill", email="zoe@quill.test", merged_into="1"),
    person("crm/contacts/3", "Bob Stone", email="bob@stone.test", merged_into="3"),
    person("crm/contacts/4", "Cleo Marsh", email="cleo@marsh.test", merged_into="5"),
    person("crm/contacts/5", "Dan Vance", email="dan@vance.test", merged_into="6"),
    person("crm/contacts/6", "Eve Lund", email="eve@lund.test"),
    person("crm/contacts/7", "Finn Idle", email="finn@idle.test", merged_into="99"),
    event("crm/events/1", "form.submitted", "2026-01-01", "crm/contacts/4"),
]


async def customers(store: Store) -> dict[str, str]:
    """Id within the source → the customer that the record describes."""
    return dict(await store.read("MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer) RETURN r.id, c.id"))


@pytest.fixture
async def company(store: Store) -> Store:
    """Seven records of one source, linked."""
    await sync([fixed_source("crm", *PEOPLE)], store, RULES)
    return store


async def test_merges_of_a_source_join_along_chains_and_cycles(company: Store) -> None:
    """A cycle is one customer and so is a chain; who is merged into themselves, or into nobody, stays alone."""
    found = await customers(company)

    assert found["1"] == found["2"]
    assert found["4"] == found["5"] == found["6"]
    assert len({found[key] for key in ("1", "3", "4", "7")}) == 4
    content = await digest(company)
    await rebuild(company, RULES)
    assert await customers(company) == found
    assert (await digest(company)).differences(content) == ()


async def test_what_a_source_merged_and_parts_again_is_as_it_was(embedded_store: Store) -> None:
    """The contact that comes back has its own customer and journey; the graph is that of a source that never merged."""
    store = embedded_store
    apart = [
        person("crm/contacts/4", "Cleo Marsh", email="cleo@marsh.test"),
        person("crm/contacts/6", "Eve Lund", email="eve@lund.test"),
        event("crm/events/1", "form.submitted", "2026-01-01", "crm/contacts/4"),
    ]
    merged = [person("crm/contacts/4", "Cleo Marsh", email="cleo@marsh.test", merged_into="6"), *apart[1:]]
    await sync([fixed_source("crm", *apart)], store, RULES, full=True)
    before, content = await customers(store), await digest(store)

    await sync([fixed_source("crm", *merged)], store, RULES, full=True)
    together = await customers(store)
    await sync([fixed_source("crm", *apart)], store, RULES, full=True)

    assert together["4"] == together["6"]
    assert len(set((await customers(store)).values())) == 2
    assert set((await customers(store)).values()) & set(before.values())
    assert (await digest(store)).differences(content) == ("versions",), "what the record said meanwhile is kept"


async def test_what_was_merged_away_is_silent_and_a_cycle_still_has_a_name(company: Store) -> None:
    """The survivor of a chain speaks; in a cycle everybody does; a record merged into itself speaks for itself."""
    names = dict(await company.read("MATCH (r:SourceRecord)-[:DESCRIBES]->(c:Customer) RETURN r.id, c.display_name"))

    assert names["4"] == "Eve Lund"
    assert names["3"] == "Bob Stone"
    assert names["1"] in {"Ada Byron", "Zoe Quill", "Ada Quill", "Zoe Byron"}
    assert names["7"] == "Finn Idle"


async def test_a_persons_word_parts_what_a_source_has_merged(company: Store) -> None:
    """A split binds against the source's merge, in a cycle and in a chain; taken back, nothing of it is left."""
    before, content = await customers(company), await digest(company)

    taken = [
        await split_customer(company, RULES, before["1"], ["crm/contacts/2"], ASK),
        await split_customer(company, RULES, before["6"], ["crm/contacts/4"], ASK),
    ]

    apart = await customers(company)
    assert apart["1"] != apart["2"]
    assert apart["4"] not in {apart["5"], apart["6"]}
    await rebuild(company, RULES)
    assert await customers(company) == apart
    for done in reversed(taken):
        await revert_decision(company, RULES, done.decisions[0].id, ASK)
    assert await customers(company) == before
    assert (await digest(company)).differences(content) == ()

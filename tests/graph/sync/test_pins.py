"""What a person pins stays, whatever the sources say."""

from __future__ import annotations

import json

import pytest

from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.asking import Ask, Refused
from graph.sync.pinning import pin, unpin
from graph.sync.sync import sync
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
EVE = Ask(by="eve", reason="she told us")
TITLE = "MATCH (c:Customer) RETURN c.job_title, c.provenance ORDER BY c.id"


async def _synced(store: Store, *records: object) -> None:
    await sync([fixed_source("crm", *records)], store, RULES, full=True)  # type: ignore[arg-type]


async def _only_customer(store: Store) -> str:
    return str((await store.read("MATCH (c:Customer) RETURN c.id"))[0][0])


async def test_a_pinned_value_stays_and_says_so(store: Store) -> None:
    """The source changes its mind; the pin does not, and provenance names it with what the source says."""
    await _synced(store, person("crm/contacts/1", "Ada Byron", email="ada@byron.test", job_title="Clerk"))
    await pin(store, RULES, await _only_customer(store), "job_title", "Countess", EVE)

    await _synced(store, person("crm/contacts/1", "Ada Byron", email="ada@byron.test", job_title="Manager"))

    title, provenance = (await store.read(TITLE))[0]
    told = json.loads(provenance)["job_title"]
    assert (title, told["pinned"], told["rule"], told["record"]) == ("Countess", True, "pinned", "crm/contacts/1")
    assert [(lost["value"], lost["why"]) for lost in told["alternatives"]] == [("Manager", "not pinned")]


async def test_a_pin_goes_along_with_a_merge(store: Store) -> None:
    """The customer becomes part of another; the pinned value is now theirs, and the former id can be pinned, too."""
    await _synced(store, person("crm/contacts/1", "Ada Byron", email="ada@byron.test"))
    await _synced(store, person("crm/leads/2", "Zoe Quill", email="zoe@quill.test"))
    zoe = (await store.read("MATCH (:SourceRecord {key: 'crm/leads/2'})-[:DESCRIBES]->(c) RETURN c.id"))[0][0]
    await pin(store, RULES, zoe, "job_title", "Countess", EVE)
    await _synced(store, person("crm/leads/2", "Ada Byron", email="ada@byron.test"))
    assert [title for title, _ in await store.read(TITLE)] == ["Countess"]

    await pin(store, RULES, zoe, "job_title", "Mathematician", EVE)
    await _synced(store)

    assert [title for title, _ in await store.read(TITLE)] == ["Mathematician"]


async def test_a_pinned_address_is_the_primary_one(embedded_store: Store) -> None:
    """Addresses of the records stay in the list, after the pinned one."""
    await _synced(embedded_store, person("crm/contacts/1", "Ada Byron", email="ada@byron.test"))
    await pin(embedded_store, RULES, await _only_customer(embedded_store), "email", "Countess@Byron.test", EVE)
    await _synced(embedded_store)

    primary, emails = (await embedded_store.read("MATCH (c:Customer) RETURN c.primary_email, c.emails"))[0]
    assert primary == "countess@byron.test"
    assert [(email["address"], email["primary"]) for email in json.loads(emails)] == [
        ("countess@byron.test", True),
        ("ada@byron.test", False),
    ]


async def test_a_pin_taken_back_leaves_the_word_to_the_sources(embedded_store: Store) -> None:
    """The pin stays as history and counts no more."""
    await _synced(embedded_store, person("crm/contacts/1", "Ada Byron", email="ada@byron.test", job_title="Clerk"))
    ada = await _only_customer(embedded_store)
    await pin(embedded_store, RULES, ada, "job_title", "Countess", EVE)
    await _synced(embedded_store)

    await unpin(embedded_store, RULES, ada, "job_title", EVE)
    await _synced(embedded_store)

    assert [title for title, _ in await embedded_store.read(TITLE)] == ["Clerk"]
    assert await embedded_store.read("MATCH (p:Pin) RETURN p.reverted_by") == [["eve"]]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("record_count", "7", "cannot be pinned"),
        ("birth_date", "yesterday", "YYYY-MM-DD"),
        ("email", "ada", "name@domain"),
        ("job_title", " ", "empty"),
    ],
)
async def test_what_cannot_be_pinned_is_refused(embedded_store: Store, field: str, value: str, says: str) -> None:
    """The message says what can."""
    await _synced(embedded_store, person("crm/contacts/1", "Ada Byron", email="ada@byron.test"))

    with pytest.raises(Refused, match=says):
        await pin(embedded_store, RULES, await _only_customer(embedded_store), field, value, EVE)

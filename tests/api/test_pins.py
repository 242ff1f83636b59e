"""Pins over GraphQL, on records that were really linked."""

from __future__ import annotations

import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.conftest import asker
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
PIN = """mutation ($id: ID!, $value: String!) { pinField(input: {customerId: $id, field: JOB_TITLE, value: $value,
    reason: "she told us"}) { pins { field value pinnedBy reason recordKey }
    customer { jobTitle pins { value } fieldProvenance(fields: [JOB_TITLE]) { rule isPinned alternatives { value } } }
    userErrors { code field } } }"""
UNPIN = """mutation ($id: ID!) { unpinField(input: {customerId: $id, field: JOB_TITLE}) {
    pins { value revertedBy } customer { jobTitle pins { value } fieldProvenance(fields: [JOB_TITLE]) { isPinned } }
    userErrors { code field } } }"""


async def test_a_value_is_pinned_and_unpinned(embedded_store: Store) -> None:
    """The answer has the value, its provenance and the pin; taken back, the source speaks again."""
    ada = person("crm/contacts/1", "Ada Byron", email="ada@byron.test", job_title="Clerk")
    await sync([fixed_source("crm", ada)], embedded_store, Rules())
    ((id,),) = await embedded_store.read("MATCH (c:Customer) RETURN c.id")
    ask = asker(Service(graphql_schema(), embedded_store, writes_to=embedded_store))
    who = encode_id("Customer", id)

    pinned = (await ask(PIN, id=who, value="Countess"))["data"]["pinField"]
    unpinned = (await ask(UNPIN, id=who))["data"]["unpinField"]
    again = (await ask(UNPIN, id=who))["data"]["unpinField"]
    empty = (await ask(PIN, id=who, value=" "))["data"]["pinField"]

    assert pinned["pins"] == [
        {
            "field": "JOB_TITLE",
            "value": "Countess",
            "pinnedBy": "local",
            "reason": "she told us",
            "recordKey": "crm/contacts/1",
        }
    ]
    assert pinned["customer"] == {
        "jobTitle": "Countess",
        "pins": [{"value": "Countess"}],
        "fieldProvenance": [{"rule": "pinned", "isPinned": True, "alternatives": [{"value": "Clerk"}]}],
    }
    assert unpinned == {
        "pins": [{"value": "Countess", "revertedBy": "local"}],
        "customer": {"jobTitle": "Clerk", "pins": [], "fieldProvenance": [{"isPinned": False}]},
        "userErrors": [],
    }
    assert again["userErrors"] == [{"code": "NOT_FOUND", "field": "field"}]
    assert empty["userErrors"] == [{"code": "INVALID", "field": "value"}]

"""Who took part in one meeting, deal or call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from connectors.records import Tombstone
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.conftest import asker
from tests.sources import account, event, fixed_source, person

pytestmark = pytest.mark.anyio
WHO = "participants { role customer { displayName } account { name } interaction { id } }"


async def test_everybody_of_a_meeting_is_named_with_their_part(store: Store) -> None:
    """Customers and account; none of another source's activity of that id, and nobody whom the source took out."""
    meeting: dict[str, Any] = {"activity_id": "m1"}
    crm = fixed_source(
        "crm",
        person("crm/contacts/1", "Ada Byron", email="ada@byron.test"),
        person("crm/contacts/2", "Bob Quist", email="bob@quist.test"),
        account("crm/companies/9", "Analytical Ltd"),
        event("crm/meetings/1:1", "meeting.held", "2026-01-01", "crm/contacts/1", role="host", **meeting),
        event("crm/meetings/1:2", "meeting.held", "2026-01-01", "crm/contacts/2", role="guest", **meeting),
        event("crm/meetings/1:3", "meeting.held", "2026-01-01", "crm/contacts/2", role="scribe", **meeting),
        event("crm/meetings/1:9", "meeting.held", "2026-01-01", None, account="crm/companies/9", **meeting),
        event("crm/calls/1", "call.made", "2026-01-02", "crm/contacts/2"),
        Tombstone(source="crm", stream="meetings", id="1:3", deleted_at=datetime(2026, 1, 5, tzinfo=UTC)),
    )
    help_ = fixed_source(
        "help",
        person("help/users/1", "Cleo Sand", email="cleo@sand.test"),
        event("help/calls/1", "call.made", "2026-01-03", "help/users/1", **meeting),
    )
    await sync([crm, help_], store, Rules())
    ask = asker(Service(graphql_schema(), store))
    ids = [encode_id("Interaction", key) for key in ("crm/meetings/1:1", "crm/calls/1")]
    answer = await ask(f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Interaction {{ {WHO} }} }} }}", ids=ids)

    assert "errors" not in answer, answer["errors"]
    met, called = (
        [
            (
                one["role"],
                (one["customer"] or {}).get("displayName"),
                (one["account"] or {}).get("name"),
                one["interaction"]["id"],
            )
            for one in node["participants"]
        ]
        for node in answer["data"]["nodes"]
    )
    assert met == [
        ("host", "Ada Byron", None, encode_id("Interaction", "crm/meetings/1:1")),
        ("guest", "Bob Quist", None, encode_id("Interaction", "crm/meetings/1:2")),
        (None, None, "Analytical Ltd", encode_id("Interaction", "crm/meetings/1:9")),
    ]
    assert called == [(None, "Bob Quist", None, ids[1])]

"""The customer and what belongs to them."""

from __future__ import annotations

from typing import Any

import pytest

from api.plan.ids import encode_id
from tests.api.conftest import JOURNEY, Ask

pytestmark = pytest.mark.anyio
ADA = encode_id("Customer", "c-ada")


async def test_a_customer_is_found_by_id_with_their_journey_newest_first(ask: Ask) -> None:
    """`customer(id)` answers the golden record and a page of the journey, in one query."""
    query = """query ($id: ID!) { customer(id: $id) { id displayName interactions(first: 3) {
        nodes { kind occurredAt function } pageInfo { hasNextPage hasPreviousPage } totalCount } } }"""
    answer = await ask(query, id=ADA)

    assert answer == {
        "data": {
            "customer": {
                "id": ADA,
                "displayName": "Ada Lovelace",
                "interactions": {
                    "nodes": [
                        {"kind": "survey.answered", "occurredAt": "2026-01-08T03:40:00Z", "function": "SERVICE"},
                        {"kind": "ticket.replied", "occurredAt": "2026-01-07T12:00:00Z", "function": "SERVICE"},
                        {"kind": "ticket.created", "occurredAt": "2026-01-07T11:00:00Z", "function": "SERVICE"},
                    ],
                    "pageInfo": {"hasNextPage": True, "hasPreviousPage": False},
                    "totalCount": len(JOURNEY),
                },
            }
        }
    }

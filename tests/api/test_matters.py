"""Tickets, deals, orders and subscriptions: their state follows from their interactions."""

from __future__ import annotations

from typing import Any

import pytest

from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from connectors.records import Tombstone
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.conftest import Ask, asker
from tests.sources import Raw, event, fixed_source, person

pytestmark = pytest.mark.anyio
ADA, BOB = "crm/contacts/1", "crm/contacts/2"
PEOPLE = [
    person(ADA, "Ada Byron", email="ada@byron.test"),
    person(BOB, "Bob Quist", email="bob@quist.test"),
]
TICKETS = [
    event("crm/t/1a", "ticket.created", "2026-01-01T08:00", ADA, ticket="crm/1", subject="Lost", topic="parcel"),
    event("crm/t/1b", "ticket.solved", "2026-01-02T08:00", ADA, ticket="crm/1", team="first"),
    event("crm/t/1c", "ticket.reopened", "2026-01-03T08:00", ADA, ticket="crm/1"),
    event("crm/t/1d", "ticket.solved", "2026-01-04T08:00", ADA, ticket="crm/1", team="second"),
    event("crm/t/1e", "ticket.replied", "2026-01-09T08:00", ADA, ticket="crm/1"),
    event("crm/t/2a", "ticket.created", "2026-01-05T08:00", ADA, ticket="crm/2", subject="Broken"),
    event("crm/t/2b", "ticket.solved", "2026-01-06T08:00", ADA, ticket="crm/2"),
    event("crm/t/2c", "ticket.reopened", "2026-01-07T08:00", ADA, ticket="crm/2"),
    event("crm/t/3a", "conversation.message", "2026-01-08T08:00", ADA, ticket="crm/3"),
]
SALES = [
    event("crm/d/1a", "deal.created", "2026-02-01", ADA, deal="crm/1", activity_id="d1a", amount=500.0, currency="EUR"),
    event("crm/d/1A", "deal.created", "2026-02-01", BOB, deal="crm/1", activity_id="d1a", amount=500.0, currency="EUR"),
    event("crm/d/1b", "deal.won", "2026-02-03", ADA, deal="crm/1", amount=700.0, currency="EUR", reason="price"),
    event("crm/d/1c", "deal.stage_changed", "2026-02-03", ADA, deal="crm/1"),
    event("crm/d/1d", "order.placed", "2026-02-04", ADA, deal="crm/1", order="crm/1", amount=690.0, currency="EUR"),
    event("crm/d/2a", "deal.lost", "2026-02-05", ADA, deal="crm/2", reason="no budget"),
    event("crm/d/2b", "deal.stage_changed", "2026-02-06", ADA, deal="crm/2"),
    event("crm/o/1b", "order.refunded", "2026-02-09", ADA, order="crm/1", amount=90.0, currency="EUR", reason="late"),
    event("crm/o/2a", "ticket.created", "2026-02-10", ADA, order="crm/2"),
    event("crm/s/1a", "trial.started", "2026-03-01", ADA, subscription="crm/1"),
    event("crm/s/1b", "subscription.started", "2026-03-15", ADA, subscription="crm/1",
          recurring_amount=20.0, currency="EUR", billing_period="month"),
    event("crm/s/1c", "subscription.paused", "2026-04-01", ADA, subscription="crm/1"),
    event("crm/s/2a", "subscription.cancelled", "2026-04-02", ADA, subscription="crm/2"),
]  # fmt: skip


async def company(store: Store, *more: Raw) -> Ask:
    await sync([fixed_source("crm", *PEOPLE, *TICKETS, *SALES, *more)], store, Rules())
    return asker(Service(graphql_schema(), store))


async def ada(ask: Ask, selection: str) -> Any:
    query = f'{{ customerByIdentifier(identifier: {{emailAddress: "ada@byron.test"}}) {{ {selection} }} }}'
    answer = await ask(query)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["customerByIdentifier"]


async def test_a_tickets_state_is_that_of_its_last_event_which_says_one(store: Store) -> None:
    """Solved again is solved, reopened is open, a reply changes nothing, and talk alone is an open ticket."""
    ask = await company(store)
    found = await ada(
        ask,
        "tickets { totalCount nodes { key subject topic status openedAt lastActivityAt solvedAt team channel "
        "interactionCount interactions(last: 1) { nodes { kind } } } }",
    )

    assert found["tickets"] == {
        "totalCount": 3,
        "nodes": [
            {
                "key": "crm/1",
                "subject": "Lost",
                "topic": "parcel",
                "status": "SOLVED",
                "openedAt": "2026-01-01T08:00:00Z",
                "lastActivityAt": "2026-01-09T08:00:00Z",
                "solvedAt": "2026-01-04T08:00:00Z",
                "team": "second",
                "channel": "EMAIL",
                "interactionCount": 5,
                "interactions": {"nodes": [{"kind": "ticket.replied"}]},
            },
            {
                "key": "crm/3",
                "subject": None,
                "topic": None,
                "status": "OPEN",
                "openedAt": "2026-01-08T08:00:00Z",
                "lastActivityAt": "2026-01-08T08:00:00Z",
                "solvedAt": None,
                "team": None,
                "channel": "EMAIL",
                "interactionCount": 1,
                "interactions": {"nodes": [{"kind": "conversation.message"}]},
            },
            {
                "key": "crm/2",
                "subject": "Broken",
                "topic": None,
                "status": "OPEN",
                "openedAt": "2026-01-05T08:00:00Z",
                "lastActivityAt": "2026-01-07T08:00:00Z",
                "solvedAt": None,
                "team": None,
                "channel": "EMAIL",
                "interactionCount": 3,
                "interactions": {"nodes": [{"kind": "ticket.reopened"}]},
            },
        ],
    }


async def test_deals_orders_and_subscriptions_tell_state_and_money(store: Store) -> None:
    """Of one moment the end counts, later stages reopen a deal; the money is that of the matter's own events."""
    ask = await company(store)
    money = "{ amount currencyCode }"
    found = await ada(
        ask,
        f"""deals(orderBy: {{field: OPENED_AT, direction: ASC}}) {{ nodes {{ key status closedAt amount {money} reason
            interactionCount customers {{ nodes {{ displayName }} }} }} }}
        orders(orderBy: {{field: AMOUNT}}) {{ nodes {{ key status openedAt closedAt amount {money} reason }} }}
        subscriptions {{ nodes {{ key status closedAt recurringAmount {money} billingPeriod }} }}""",
    )

    assert found["deals"]["nodes"] == [
        {
            "key": "crm/1",
            "status": "WON",
            "closedAt": "2026-02-03T00:00:00Z",
            "amount": {"amount": 700.0, "currencyCode": "EUR"},
            "reason": "price",
            "interactionCount": 4,
            "customers": {"nodes": [{"displayName": "Ada Byron"}, {"displayName": "Bob Quist"}]},
        },
        {
            "key": "crm/2",
            "status": "OPEN",
            "closedAt": None,
            "amount": None,
            "reason": None,
            "interactionCount": 2,
            "customers": {"nodes": [{"displayName": "Ada Byron"}]},
        },
    ]
    assert found["orders"]["nodes"] == [
        {
            "key": "crm/1",
            "status": "REFUNDED",
            "openedAt": "2026-02-04T00:00:00Z",
            "closedAt": "2026-02-09T00:00:00Z",
            "amount": {"amount": 690.0, "currencyCode": "EUR"},
            "reason": "late",
        },
        {
            "key": "crm/2",
            "status": None,
            "openedAt": "2026-02-10T00:00:00Z",
            "closedAt": None,
            "amount": None,
            "reason": None,
        },
    ]
    assert found["subscriptions"]["nodes"] == [
        {
            "key": "crm/2",
            "status": "CANCELLED",
            "closedAt": "2026-04-02T00:00:00Z",
            "recurringAmount": None,
            "billingPeriod": None,
        },
        {
            "key": "crm/1",
            "status": "PAUSED",
            "closedAt": None,
            "recurringAmount": {"amount": 20.0, "currencyCode": "EUR"},
            "billingPeriod": "month",
        },
    ]


async def test_matters_are_filtered_sorted_and_paged_both_ways(store: Store) -> None:
    """A filter by state and moment; pages of one from either end give each ticket once, open ones last by SOLVED_AT."""
    ask = await company(store)
    found = await ada(
        ask,
        """open: tickets(filter: {status: {eq: OPEN}, openedAt: {gte: "2026-01-06T00:00:00Z"}}) { nodes { key } }
        solved: tickets(filter: {or: [{team: {eq: "second"}}, {status: {in: [SOLVED]}}]}) { nodes { key } totalCount }
        unsaid: orders(filter: {not: {status: {in: [PLACED, REFUNDED, CANCELLED]}}}) { nodes { key } }""",
    )
    assert found == {
        "open": {"nodes": [{"key": "crm/3"}]},
        "solved": {"nodes": [{"key": "crm/1"}], "totalCount": 1},
        "unsaid": {"nodes": [{"key": "crm/2"}]},
    }

    async def walked(size: str, beyond: str, more: str, cursor: str) -> list[str]:
        keys: list[str] = []
        at = ""
        for _ in range(3):
            page = await ada(
                ask,
                f"tickets(orderBy: {{field: SOLVED_AT}}, {size}: 1{at}) {{ nodes {{ key }} "
                f"pageInfo {{ {more} {cursor} }} }}",
            )
            keys += [node["key"] for node in page["tickets"]["nodes"]]
            info = page["tickets"]["pageInfo"]
            at = f', {beyond}: "{info[cursor]}"'
        assert not info[more]
        return keys

    forwards = await walked("first", "after", "hasNextPage", "endCursor")
    backwards = await walked("last", "before", "hasPreviousPage", "startCursor")
    assert forwards == backwards[::-1] == ["crm/1", "crm/3", "crm/2"]


async def test_a_matter_is_a_node_and_leads_to_its_interactions_and_back(store: Store) -> None:
    """`node` finds it by its id; an interaction names its ticket, deal, order and subscription."""
    ask = await company(store)
    ids = [encode_id(kind, "crm/1") for kind in ("Ticket", "Deal", "Order", "SubscriptionContract")]
    nodes = await ask(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename ... on Deal { status interactions(filter: "
        '{kind: {eq: "order.placed"}}) { nodes { deal { key status } order { key status } ticket { key } '
        "subscription { key } } } } } }",
        ids=[*ids, encode_id("Ticket", "crm/none")],
    )

    assert "errors" not in nodes, nodes["errors"]
    assert [node and node["id"] for node in nodes["data"]["nodes"]] == [*ids, None]
    assert nodes["data"]["nodes"][1]["interactions"]["nodes"] == [
        {
            "deal": {"key": "crm/1", "status": "WON"},
            "order": {"key": "crm/1", "status": "REFUNDED"},
            "ticket": None,
            "subscription": None,
        }
    ]


async def test_what_a_source_deleted_says_nothing_of_a_matter(store: Store) -> None:
    """A deleted solution leaves the ticket open; a ticket of which all is deleted is gone."""
    solved = Tombstone(source="crm", stream="t", id="1d", deleted_at=TICKETS[0].occurred_at)
    alone = Tombstone(source="crm", stream="t", id="3a", deleted_at=TICKETS[0].occurred_at)
    ask = await company(store, solved, alone)
    found = await ada(ask, "tickets(orderBy: {field: OPENED_AT}) { nodes { key status interactionCount } }")

    assert found["tickets"]["nodes"] == [
        {"key": "crm/2", "status": "OPEN", "interactionCount": 3},
        {"key": "crm/1", "status": "OPEN", "interactionCount": 4},
    ]

"""What the API tells of each source."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from api.plan.service import Service
from api.schema.schema import graphql_schema
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.migrate import latest, migrate
from graph.sync.removal import remove_source
from graph.sync.sync import sync
from tests.api.conftest import asker
from tests.graph.sync.small_company import small_company
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()


async def told(store: Store) -> Mapping[str, int]:
    """How many interactions each source gave, by the API."""
    answer = await asker(Service(graphql_schema(), store))("{ sources { name interactionCount } }")
    return {source["name"]: source["interactionCount"] for source in answer["data"]["sources"]}


async def there(store: Store) -> Mapping[str, int]:
    """The same, counted."""
    rows = await store.read(
        "MATCH (s:Source) RETURN s.name, COUNT { MATCH (i:Interaction) WHERE i.source = s.name } ORDER BY s.name"
    )
    return dict(rows)  # type: ignore[arg-type]


async def test_the_interactions_of_a_source_are_counted_as_they_are_stored(store: Store) -> None:
    """First and later syncs, what is said again or anew, what is recorded, a source that goes, a graph of before."""
    ada = person("shop/people/1", "Ada Byron", email="ada@byron.test")
    orders = [event(f"shop/orders/{number}", "order.placed", "2026-01-02", "shop/people/1") for number in range(3)]
    later = event("shop/visits/1", "page.viewed", "2026-01-03", "shop/people/1")
    moved = event("shop/orders/1", "order.cancelled", "2026-01-04", "shop/people/1")
    await sync([*small_company(20, 60), fixed_source("shop", ada, *orders[:2], page_size=1)], store, RULES)
    first = await told(store)
    await sync([fixed_source("shop", ada, *orders, later, moved)], store, RULES, full=True)
    document = """mutation ($id: ID!) { recordInteraction(input: {who: {customerId: $id}, kind: "call.made",
        function: SALES, channel: PHONE, direction: OUTBOUND, idempotencyKey: "k"}) { userErrors { message } } }"""
    ask = asker(Service(graphql_schema(), store, writes_to=store))
    (customer,) = (await ask("{ customers(first: 1) { nodes { id } } }"))["data"]["customers"]["nodes"]
    for _ in range(2):
        assert (await ask(document, id=customer["id"]))["data"]["recordInteraction"] == {"userErrors": []}
    second = await told(store)

    assert first["shop"] == 2
    assert second == first | {"shop": 4, "recorded": 1}
    assert second == await there(store)
    await remove_source(store, RULES, "helpdesk")
    assert await told(store) == await there(store) == {name: n for name, n in second.items() if name != "helpdesk"}

    await store.write("MATCH (c:Cursor) SET c.interactions = null")
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.schema = 16")
    assert await migrate(store) == latest()
    assert await told(store) == await there(store)

"""The change log: it tells every change once, and only changes."""

from __future__ import annotations

import pytest

from graph.changes import Change, Merged, Recorded, Split, last_seq, oldest_seq, read_changes
from graph.rules import Rules
from graph.store.driver import Store
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers, revert_decision
from graph.sync.rebuild import rebuild
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
ADA = person("crm/contacts/1", "Ada Byron", email="ada@byron.test")
BOB = person("crm/contacts/2", "Bob Stone", email="bob@stone.test")
FORM = event("crm/events/1", "form.submitted", "2026-01-01", "crm/contacts/1")
ORDER = event("crm/events/2", "order.placed", "2026-01-02", "crm/contacts/2")


async def ids(store: Store) -> dict[str, str]:
    return dict(await store.read("MATCH (r:SourceRecord)-[:DESCRIBES]->(c) RETURN r.key, c.id"))


async def told(store: Store, after: int) -> list[Change | None]:
    return [entry.change for entry in await read_changes(store, after)]


async def test_a_first_load_and_a_rebuild_tell_that_all_is_new(store: Store) -> None:
    """Each leaves one RESET; what came first is told by nobody later."""
    await sync([fixed_source("crm", ADA, BOB, FORM)], store, RULES)
    await rebuild(store, RULES)
    await sync(
        [fixed_source("crm", person("crm/contacts/1", "Ada King", email="ada@byron.test"))], store, RULES, full=True
    )

    loaded, built, last = await told(store, 0)
    assert (loaded, built) == (None, None)
    assert last is not None
    assert (await ids(store))["crm/contacts/1"] in last.updated
    assert (last.created, last.merged, last.split, last.recorded) == ([], [], [], [])


async def test_a_new_interaction_is_told_once_and_not_again_when_it_moves(store: Store) -> None:
    """A merge and its undo carry interactions from customer to customer: these are no news."""
    await sync([fixed_source("crm", ADA, BOB)], store, RULES)
    before = await ids(store)
    ada, bob = before["crm/contacts/1"], before["crm/contacts/2"]
    await sync([fixed_source("crm", ADA, BOB, FORM, ORDER)], store, RULES, full=True)
    landed = await last_seq(store)
    done = await merge_customers(store, RULES, [ada, bob], Ask(by="cleo"))
    await revert_decision(store, RULES, done.decisions[0].id, Ask(by="cleo"))

    recorded = sorted([Recorded(ada, ["crm/events/1"]), Recorded(bob, ["crm/events/2"])], key=lambda one: one.customer)
    assert await told(store, 1) == [
        Change(updated=sorted([ada, bob]), recorded=recorded),
        Change(updated=[ada], merged=[Merged(ada, [bob])]),
        Change(created=[bob], updated=[ada], split=[Split(bob, [ada])]),
    ]
    assert landed == 2
    assert await ids(store) == before


async def test_an_interaction_whose_person_is_unknown_is_told_with_the_person(store: Store) -> None:
    """It may land long before the one who experienced it."""
    await sync([fixed_source("crm", ADA)], store, RULES)
    await sync(
        [fixed_source("shop", event("shop/orders/1", "order.placed", "2026-01-02", "shop/buyers/9"))], store, RULES
    )
    await sync([fixed_source("shop", person("shop/buyers/9", "Cy Young", email="cy@young.test"))], store, RULES)

    cy = (await ids(store))["shop/buyers/9"]
    last = (await told(store, 1))[-1]
    assert last is not None
    assert (last.created, last.recorded) == ([cy], [Recorded(cy, ["shop/orders/1"])])


async def test_what_follows_a_gap_is_left_for_later(embedded_store: Store) -> None:
    """A scan may see an entry and miss the one before it: nobody may be told the later one first."""
    for seq in (1, 2, 4):
        await embedded_store.write("CREATE (:Change {seq: $seq, at: datetime({epochMillis: 0}), batch: '{}'})", seq=seq)

    assert [entry.seq for entry in await read_changes(embedded_store, 0)] == [1, 2]
    assert await read_changes(embedded_store, 2) == []
    assert await oldest_seq(embedded_store) == 1

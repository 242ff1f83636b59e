"""What a rebuild promises, on both stores."""

from __future__ import annotations

import pytest

from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.store.lease import Lease
from graph.sync import wipe as wiping
from graph.sync.rebuild import plan_rebuild, rebuild
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()


async def test_a_rebuild_gives_the_same_graph_and_the_same_ids(store: Store) -> None:
    """Everything derived is wiped and made again: same digest, same customer ids."""
    people = [person(f"crm/contacts/{n}", f"Nora N{n}son", email=f"nora{n}@x{n}.test") for n in range(8)]
    again = [person(f"helpdesk/users/{n}", f"Nora N{n}son", email=f"nora{n}@x{n}.test") for n in range(4)]
    events = [event(f"crm/calls/{n}", "call.made", f"2026-01-{n + 1:02}", f"crm/contacts/{n % 8}") for n in range(20)]
    await sync([fixed_source("crm", *people, *events), fixed_source("helpdesk", *again)], store, RULES)
    ids = await store.read("MATCH (c:Customer) RETURN c.id ORDER BY c.id")
    before = await digest(store)

    await rebuild(store, RULES)

    assert await store.read("MATCH (c:Customer) RETURN c.id ORDER BY c.id") == ids
    assert await digest(store) == before


@pytest.mark.parametrize("steps", range(6))
async def test_a_rebuild_that_stops_while_it_wipes_is_finished_by_the_next_sync(
    store: Store, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """Whatever was wiped and whatever was not: nobody has an experience twice, and no word of nobody stays."""
    people = [person(f"crm/contacts/{n}", f"Nora N{n}son", email=f"nora{n}@x{n}.test") for n in range(4)]
    events = [event(f"crm/calls/{n}", "call.made", f"2026-01-{n + 1:02}", f"crm/contacts/{n % 4}") for n in range(8)]
    source = fixed_source("crm", *people, *events)
    await sync([source], store, RULES)
    before = await digest(store)
    whole, wiped = wiping._wipe, []

    async def some(store: Store, lease: Lease, name: str) -> None:
        if len(wiped) == steps:
            raise KeyboardInterrupt
        wiped.append(name)
        await whole(store, lease, name)

    monkeypatch.setattr(wiping, "_wipe", some)
    with pytest.raises(KeyboardInterrupt):
        await rebuild(store, RULES)
    monkeypatch.setattr(wiping, "_wipe", whole)
    await store.write("CREATE (:Word {text: 'nobodys', folded: 'nobodys'})")

    await sync([source], store, RULES)

    assert (await digest(store)).differences(before) == ()
    assert await store.read("MATCH (m:Meta {name: 'c360'}) RETURN m.linking") == [[None]]


async def test_a_rebuild_may_learn_anew(store: Store) -> None:
    """With `train` a new model is in force; the old one is kept, and customers keep their ids."""
    people = [person(f"crm/contacts/{n}", f"Nora N{n}son", email=f"nora{n}@x{n}.test") for n in range(8)]
    await sync([fixed_source("crm", *people)], store, RULES)
    ids = await store.read("MATCH (c:Customer) RETURN c.id ORDER BY c.id")
    await store.write("MATCH (m:LinkageModel) SET m.version = 'of old'")

    await rebuild(store, RULES, train=True)

    models = await store.read("MATCH (m:LinkageModel) RETURN m.version = 'of old', m.in_force ORDER BY m.in_force")
    assert models == [[True, False], [False, True]]
    assert await store.read("MATCH (c:Customer) RETURN c.id ORDER BY c.id") == ids


async def test_former_ids_survive_a_rebuild(store: Store) -> None:
    """A customer who became part of another still answers by the old id after everything was wiped."""
    await sync([fixed_source("crm", person("crm/contacts/1", "Ada Byron", email="ada@byron.test"))], store, RULES)
    await sync(
        [fixed_source("helpdesk", person("helpdesk/users/1", "Zoe Quill", email="zoe@quill.test"))], store, RULES
    )
    corrected = person("helpdesk/users/1", "Ada Byron", email="ada@byron.test")
    await sync([fixed_source("helpdesk", corrected)], store, RULES, full=True)
    merged = await store.read("MATCH (f:FormerId)-[:NOW]->(c:Customer) RETURN f.id, c.id")
    assert len(merged) == 1

    await rebuild(store, RULES)

    assert await store.read("MATCH (f:FormerId)-[:NOW]->(c:Customer) RETURN f.id, c.id") == merged


async def test_a_dry_run_says_what_would_change_and_changes_nothing(store: Store) -> None:
    """With nothing new to learn a rebuild would change no customer, and the digest stays."""
    await sync([fixed_source("crm", person("crm/contacts/1", "Ada Byron", email="ada@byron.test"))], store, RULES)
    before = await digest(store)

    plan = await plan_rebuild(store, RULES)

    assert (plan.customers_before, plan.customers_after, list(plan.merges), list(plan.splits)) == (1, 1, [], [])
    assert await digest(store) == before

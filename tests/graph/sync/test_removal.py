"""A source that is taken away leaves the graph as if it had never been read."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal

import msgspec
import pytest

from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.inbox import Inbox
from graph.sync.known_sources import known_sources
from graph.sync.removal import NoSuchSource, plan_removal, remove_source
from graph.sync.sync import sync
from tests.graph.sync.doubtful_company import begin, die_in
from tests.graph.sync.small_company import small_company
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
_LEFT = (
    "MATCH (n) WHERE n.key STARTS WITH 'helpdesk/' OR n.id STARTS WITH 'helpdesk/' OR n.source = 'helpdesk' RETURN n"
)


async def test_without_a_source_the_graph_is_as_if_it_had_never_been_read(store: Store) -> None:
    """Same digest as with the other source alone; told before what goes; nothing of it is left."""
    crm, helpdesk = small_company(40, 160)
    stranger = person("shop/buyers/1", "Zoe Quill", email="zoe@quill.test")
    shop = fixed_source("helpdesk", msgspec.structs.replace(stranger, source="helpdesk"))
    await begin(store)
    await sync([crm], store, RULES)
    alone = await digest(store)
    await sync([helpdesk], store, RULES)
    await sync([shop], store, RULES, full=True)
    await Inbox(store).keep(shop, [msgspec.structs.replace(stranger, source="helpdesk", id="2")])
    plan = await plan_removal(store, "helpdesk")
    both = await digest(store)

    removed = await remove_source(store, RULES, "helpdesk")

    assert both.differences(alone)
    assert removed == plan
    assert (plan.records, plan.rejections, plan.customers) == (21, 0, 1)
    assert plan.interactions > 20
    assert (await digest(store)).differences(alone) == ()
    assert await store.read(_LEFT) == []


async def test_a_source_that_the_graph_does_not_know_is_told_with_those_it_does(embedded_store: Store) -> None:
    """A slip of the pen removes nothing."""
    crm, _ = small_company(4, 10)
    await sync([crm], embedded_store, RULES)
    with pytest.raises(NoSuchSource, match="It has: crm"):
        await remove_source(embedded_store, RULES, "helpdsk")


@pytest.mark.long
@pytest.mark.parametrize(
    "place", ["graph.sync.removal:link_and_derive", "graph.sync.removal:_delete_records", "graph.sync.link:settle"]
)
async def test_a_removal_that_was_killed_is_finished_by_the_next(
    place: str, store_settings: StoreSettings, store: Store
) -> None:
    """Killed −9 before it is linked, or before it is deleted: run again, it ends as if nothing had been."""
    crm, helpdesk = small_company(40, 160)
    await begin(store)
    await sync([crm], store, RULES)
    alone = await digest(store)
    await sync([helpdesk], store, RULES)
    process = multiprocessing.get_context("spawn").Process(target=die_in, args=(store_settings, place, _remove))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, "it never came to that place"

    await remove_source(store, RULES, "helpdesk")

    assert (await digest(store)).differences(alone) == ()


async def _remove(store: Store) -> None:
    await remove_source(store, RULES, "helpdesk")


async def test_a_source_whose_name_another_begins_with_is_counted_and_taken_away_alone(store: Store) -> None:
    """`crm` and `crm2`, with `crm-old`: each has its own records, interactions and rejections, and keeps them."""
    sizes = {"crm": 3, "crm2": 2, "crm-old": 1}
    names = iter(("Ada Byron", "Bob Stone", "Cleo Marsh", "Dan Fuller", "Eva Quint", "Finn Weller"))
    sources = []
    for name, size in sizes.items():
        people = [person(f"{name}/contacts/{n}", next(names), email=f"{name}-{n}@x{n}{size}.test") for n in range(size)]
        events = [
            event(f"{name}/orders/{n}", "order.placed", f"2026-01-{n + 1:02}", f"{name}/contacts/0")
            for n in range(size)
        ]
        sources.append(fixed_source(name, *people, *events, *[ValueError("no name")] * (size == 2)))
    await sync(sources, store, RULES)
    await Inbox(store).keep(sources[1], [person("crm2/contacts/9", "Zoe Quill")])
    before = await known_sources(store)

    removed = await remove_source(store, RULES, "crm")
    await sync([], store, RULES)

    assert {one.name: (one.records, one.interactions, one.rejections) for one in before} == {
        "crm": (3, 3, 0),
        "crm2": (2, 2, 1),
        "crm-old": (1, 1, 0),
    }
    assert (removed.records, removed.interactions, removed.customers) == (3, 3, 3)
    assert {one.name: (one.records, one.interactions, one.rejections) for one in await known_sources(store)} == {
        "crm2": (3, 2, 1),
        "crm-old": (1, 1, 0),
    }
    assert await store.read("MATCH (c:Customer) RETURN count(c)") == [[4]]

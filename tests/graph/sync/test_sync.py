"""What a sync promises, on both stores."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.errors import RecordError, SourceUnavailable
from connectors.records import Identifiers, Tombstone
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.sources import account, event, fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()

ADA = person("crm/contacts/1", "Ada Byron", email="ada@byron.test", phone="+442071234567")
ADA_AGAIN = person("helpdesk/users/9", "Ada Byron", email="ada@byron.test")
BOB = person("crm/contacts/2", "Bob Stone", email="bob@stone.test")


async def names(store: Store) -> list[str]:
    rows = await store.read("MATCH (c:Customer) RETURN c.display_name ORDER BY c.display_name")
    return [name for (name,) in rows]


async def journey(store: Store, name: str) -> list[str]:
    """The kinds of somebody's journey, walked along NEXT from FIRST."""
    first = await store.read_one("MATCH (:Customer {display_name: $name})-[:FIRST]->(i) RETURN i.id, i.kind", name=name)
    kinds = []
    while first is not None:
        kinds.append(first[1])
        first = await store.read_one("MATCH (:Interaction {id: $id})-[:NEXT]->(i) RETURN i.id, i.kind", id=first[0])
    return kinds


async def test_records_of_one_person_become_one_customer(store: Store) -> None:
    """Ada of the CRM and Ada of the helpdesk are one customer, Bob is another."""
    report = await sync([fixed_source("crm", ADA, BOB), fixed_source("helpdesk", ADA_AGAIN)], store, RULES)

    assert report.ok
    assert await names(store) == ["Ada Byron", "Bob Stone"]
    rows = await store.read(
        "MATCH (c:Customer)<-[:DESCRIBES]-(r) WHERE c.display_name = 'Ada Byron' RETURN r.key ORDER BY r.key"
    )
    assert [key for (key,) in rows] == ["crm/contacts/1", "helpdesk/users/9"]


async def test_a_journey_runs_across_sources_in_time(store: Store) -> None:
    """Interactions of several records of one person stand in one order, with FIRST, LAST and NEXT."""
    crm = fixed_source("crm", ADA, event("crm/deals/5", "deal.won", "2026-03-01", "crm/contacts/1", deal="crm/5"))
    helpdesk = fixed_source(
        "helpdesk",
        ADA_AGAIN,
        event("helpdesk/tickets/7", "ticket.created", "2026-04-01", "helpdesk/users/9", ticket="helpdesk/7"),
        event("helpdesk/tickets/6", "ticket.created", "2026-02-01", "helpdesk/users/9", ticket="helpdesk/6"),
    )
    await sync([crm, helpdesk], store, RULES)

    assert await journey(store, "Ada Byron") == ["ticket.created", "deal.won", "ticket.created"]
    row = await store.read_one("MATCH (c:Customer)-[:LAST]->(i) RETURN i.id, i.stage, c.lifecycle_stage")
    assert row == ["helpdesk/tickets/7", "customer", "customer"]


async def test_the_same_sync_again_changes_nothing(store: Store) -> None:
    """A full second read of unchanged sources leaves the digest alone and touches no customer."""
    interactions = [event(f"crm/deals/{n}", "deal.created", f"2026-01-{n:02}", "crm/contacts/1") for n in range(1, 9)]
    sources = [fixed_source("crm", ADA, BOB, *interactions), fixed_source("helpdesk", ADA_AGAIN)]
    await sync(sources, store, RULES)
    before = await digest(store)

    report = await sync(sources, store, RULES, full=True)

    assert await digest(store) == before
    assert report.derived.customers == 0
    assert report.linked.pending == 0


async def test_new_interactions_change_the_journey_by_difference(store: Store) -> None:
    """One interaction between two others drops one NEXT and makes two."""
    first = event("crm/deals/1", "deal.created", "2026-01-01", "crm/contacts/1")
    last = event("crm/deals/3", "deal.won", "2026-03-01", "crm/contacts/1")
    await sync([fixed_source("crm", ADA, first, last)], store, RULES)

    between = event("crm/calls/2", "call.made", "2026-02-01", "crm/contacts/1")
    report = await sync([fixed_source("crm", between)], store, RULES)

    assert await journey(store, "Ada Byron") == ["deal.created", "call.made", "deal.won"]
    assert report.derived.customers == 1
    # one NEXT goes; two NEXT and one EXPERIENCED come
    assert (report.derived.relationships_dropped, report.derived.relationships_made) == (1, 3)


async def test_a_raising_record_is_kept_and_the_rest_goes_on(store: Store) -> None:
    """A record that cannot be mapped becomes a Rejection with its reason; the others are customers."""
    report = await sync([fixed_source("crm", ADA, RecordError("birth date '31.2.' is no date"), BOB)], store, RULES)

    assert report.landed[0].rejected == 1
    assert await names(store) == ["Ada Byron", "Bob Stone"]
    row = await store.read_one("MATCH (r:Rejection) RETURN r.source, r.reason")
    assert row == ["crm", "birth date '31.2.' is no date"]


async def test_one_source_that_fails_stops_no_other(store: Store) -> None:
    """The broken source says why in the report and in the graph; the other source's people are there."""

    class Broken:
        name = "broken"

        async def discover(self) -> list[object]:
            raise SourceUnavailable("https://crm.test does not answer. Is it up?")

        async def close(self) -> None:
            """Nothing is open."""

    broken = fixed_source("broken")
    object.__setattr__(broken, "connector", Broken())
    report = await sync([broken, fixed_source("crm", BOB)], store, RULES)

    assert not report.ok
    assert await names(store) == ["Bob Stone"]
    row = await store.read_one("MATCH (s:Source {name: 'broken'}) RETURN s.status, s.error")
    assert row == ["FAILED", "https://crm.test does not answer. Is it up?"]


async def test_a_change_keeps_the_id_and_what_was_said_before(store: Store) -> None:
    """Ada marries: same customer id, new name, and the old name in a RecordVersion."""
    await sync([fixed_source("crm", ADA)], store, RULES)
    before = await store.read_one("MATCH (c:Customer) RETURN c.id")

    married = person("crm/contacts/1", "Ada Lovelace", email="ada@byron.test", phone="+442071234567")
    await sync([fixed_source("crm", married)], store, RULES, full=True)

    assert await store.read_one("MATCH (c:Customer) RETURN c.id") == before
    assert await names(store) == ["Ada Lovelace"]
    row = await store.read_one("MATCH (v:RecordVersion) RETURN v.record, v.changed")
    assert row is not None
    assert row[0] == "crm/contacts/1"
    assert "Byron" in row[1]


async def test_a_mention_gives_way_when_the_person_arrives(store: Store) -> None:
    """An order by a bare e-mail is a customer of its own until the CRM brings the person with that e-mail."""
    order = event("shop/orders/1", "order.placed", "2026-01-05", Identifiers(email="ada@byron.test"))
    await sync([fixed_source("shop", order)], store, RULES)
    assert len(await names(store)) == 1

    await sync([fixed_source("crm", ADA)], store, RULES)

    assert await names(store) == ["Ada Byron"]
    assert await journey(store, "Ada Byron") == ["order.placed"]


async def test_an_interaction_may_come_before_its_person(store: Store) -> None:
    """What a record that is not there yet experienced waits for it, and joins the journey when it arrives."""
    deal = event("crm/deals/1", "deal.won", "2026-01-05", "crm/contacts/1")
    await sync([fixed_source("crm", deal)], store, RULES)
    assert await names(store) == []

    await sync([fixed_source("crm", ADA)], store, RULES)

    assert await journey(store, "Ada Byron") == ["deal.won"]


async def test_a_deleted_interaction_leaves_the_journey_but_stays_a_fact(store: Store) -> None:
    """A tombstone takes it from NEXT and EXPERIENCED; the node is marked, not gone."""
    first = event("crm/deals/1", "deal.created", "2026-01-01", "crm/contacts/1")
    second = event("crm/deals/2", "deal.won", "2026-02-01", "crm/contacts/1")
    await sync([fixed_source("crm", ADA, first, second)], store, RULES)

    gone = Tombstone(source="crm", stream="deals", id="1", deleted_at=datetime(2026, 3, 1, tzinfo=UTC))
    await sync([fixed_source("crm", gone)], store, RULES, full=True)

    assert await journey(store, "Ada Byron") == ["deal.won"]
    assert await store.read("MATCH (i:Interaction) WHERE i.deleted_at IS NOT NULL RETURN i.id") == [["crm/deals/1"]]


async def test_a_deleted_ticket_takes_its_interactions_along(store: Store) -> None:
    """A source that no longer tells what a ticket was says that it is gone: of that stream nothing of it is left."""
    told = [
        event(f"helpdesk/{id}", kind, f"2026-01-0{day}", "crm/contacts/1", ticket=f"helpdesk/{ticket}")
        for day, (id, kind, ticket) in enumerate(
            [
                ("tickets/7:created", "ticket.created", "7"),
                ("tickets/7:comment:1", "ticket.replied", "7"),
                ("ratings/1", "survey.answered", "7"),
                ("tickets/70:created", "ticket.created", "70"),
            ],
            1,
        )
    ]
    await sync([fixed_source("crm", ADA), fixed_source("helpdesk", *told)], store, RULES)

    at = datetime(2026, 3, 1, tzinfo=UTC)
    gone = Tombstone(source="helpdesk", stream="tickets", id="7", deleted_at=at, matter="ticket")
    nonsense = Tombstone(source="helpdesk", stream="tickets", id="7", deleted_at=at, matter="thing")
    report = await sync([fixed_source("helpdesk", gone, nonsense)], store, RULES, full=True)

    assert await journey(store, "Ada Byron") == ["survey.answered", "ticket.created"]
    assert [source.rejected for source in report.landed] == [1]


async def test_a_ticket_that_comes_back_is_there_again(store: Store) -> None:
    """Deleted and restored within a page, or later: what is told of it counts."""
    told = event("helpdesk/tickets/7:created", "ticket.created", "2026-01-01", "crm/contacts/1", ticket="helpdesk/7")
    at = datetime(2026, 3, 1, tzinfo=UTC)
    gone = Tombstone(source="helpdesk", stream="tickets", id="7", deleted_at=at, matter="ticket")
    await sync([fixed_source("crm", ADA), fixed_source("helpdesk", told)], store, RULES)

    await sync([fixed_source("helpdesk", gone, told)], store, RULES, full=True)
    assert await journey(store, "Ada Byron") == ["ticket.created"]
    await sync([fixed_source("helpdesk", gone)], store, RULES, full=True)
    assert await journey(store, "Ada Byron") == []
    await sync([fixed_source("helpdesk", told)], store, RULES, full=True)
    assert await journey(store, "Ada Byron") == ["ticket.created"]


async def test_people_work_for_accounts(store: Store) -> None:
    """Two records of one company are one account; its people work for it, whoever knows them."""
    acme = account("crm/companies/1", "Acme GmbH", domain="acme.test")
    acme_too = account("helpdesk/organizations/4", "ACME", domain="www.acme.test")
    ada = person("crm/contacts/1", "Ada Byron", email="ada@acme.test", account_id="crm/companies/1")
    bob = person("helpdesk/users/2", "Bob Stone", email="bob@stone.test", account_id="helpdesk/organizations/4")
    await sync([fixed_source("crm", acme, ada, trust=0.9), fixed_source("helpdesk", acme_too, bob)], store, RULES)

    rows = await store.read(
        "MATCH (c:Customer)-[:WORKS_FOR]->(a:Account) RETURN c.display_name, a.name ORDER BY c.display_name"
    )
    assert rows == [["Ada Byron", "Acme GmbH"], ["Bob Stone", "Acme GmbH"]]


async def test_the_change_log_has_no_gaps(store: Store) -> None:
    """A first load leaves one RESET; each later batch of changed customers one entry more."""
    await sync([fixed_source("crm", ADA)], store, RULES)
    await sync(
        [fixed_source("crm", person("crm/contacts/1", "Ada King", email="ada@byron.test"))], store, RULES, full=True
    )
    await sync([fixed_source("shop", person("shop/buyers/1", "Cy Young", email="cy@young.test"))], store, RULES)

    rows = await store.read("MATCH (c:Change) RETURN c.seq, c.batch ORDER BY c.seq")
    assert [seq for seq, _ in rows] == [1, 2, 3]
    assert rows[0][1] == "RESET"
    assert "customers_updated" in rows[1][1]

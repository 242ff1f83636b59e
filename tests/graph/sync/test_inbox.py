"""Pushes: kept at once, stored as records when nobody links, and never older than what is known."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.hookspecs import Partial, RawProblem
from connectors.records import (
    Channel,
    ConsentStatement,
    ConsentStatus,
    Email,
    Identifiers,
    Interaction,
    Person,
    decode,
)
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import StoreUnavailable
from graph.sync import inbox
from graph.sync.inbox import Inbox, store_pushes
from graph.sync.pages import PageWriter
from graph.sync.sync import sync
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
SHOP = fixed_source("shop")
ADA = {"source": "shop", "stream": "customers", "id": "7"}


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


async def pushed(store: Store, *records: Any) -> None:
    """Each in a push of its own, then stored."""
    for record in records:
        await Inbox(store).keep(SHOP, [record])
    await store_pushes(store, PageWriter(store, any_customers=True))


async def known(store: Store, key: str = "shop/customers/7") -> Any:
    ((body,),) = await store.read("MATCH (r:SourceRecord {key: $key}) RETURN r.body", key=key)
    return decode(body)


async def counted(store: Store, label: str) -> int:
    ((count,),) = await store.read(f"MATCH (n:{label}) RETURN count(n)")
    return int(count)


async def test_the_next_sync_stores_what_was_kept(store: Store) -> None:
    """Nobody was there to store it: the sync does so first, and the person has it in their journey."""
    order = event("shop/orders/1", "order.placed", "2026-02-01", Identifiers(email="ada@byron.test"))
    assert await Inbox(store).keep(SHOP, [order, RawProblem("event x", "no total", "{}")]) == 1
    assert await counted(store, "Push") == 1

    await sync([fixed_source("crm", person("crm/contacts/1", "Ada Byron", email="ada@byron.test"))], store, Rules())

    assert await store.read("MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction) RETURN c.display_name, i.id") == [
        ["Ada Byron", "shop/orders/1"]
    ]
    assert await store.read("MATCH (r:Rejection) RETURN r.source, r.stream, r.reason") == [
        ["shop", "pushed", "no total"]
    ]
    assert await counted(store, "Push") == 0


async def test_the_same_push_is_stored_once(embedded_store: Store) -> None:
    """A sender that was not told in time sends again."""
    order = event("shop/orders/1", "order.placed", "2026-02-01", Identifiers(email="ada@byron.test"))

    await pushed(embedded_store, order, order)
    await pushed(embedded_store, order)

    assert await counted(embedded_store, "Interaction") == 1


async def test_pushes_that_come_at_once_are_kept_with_few_writes(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty callers, each told when theirs is safe; one whose store fails is told so, and the next are kept."""
    writes: list[int] = []
    write = Store.write

    async def counted_write(store: Store, query: str, /, **given: Any) -> Any:
        writes.append(len(given.get("rows", ())))
        if len(writes) == 1:
            raise StoreUnavailable("not now")
        return await write(store, query, **given)

    shop = Inbox(embedded_store)
    await shop.keep(SHOP, [Person(**ADA)])
    monkeypatch.setattr(Store, "write", counted_write)
    with pytest.raises(StoreUnavailable):
        await shop.keep(SHOP, [Person(**ADA)])

    kept = await asyncio.gather(*(shop.keep(SHOP, [Person(**{**ADA, "id": str(n)})]) for n in range(50)))

    assert kept == [1] * 50
    assert sum(writes[1:]) == 50
    assert len(writes) < 5
    assert await counted(embedded_store, "Push") == 51


async def test_what_a_partial_record_does_not_say_stays(embedded_store: Store) -> None:
    """Two pushes, each with a part; visits add up, and consent is the newest by purpose."""

    def consent(status: ConsentStatus) -> ConsentStatement:
        return ConsentStatement(channel=Channel.WEB, purpose="ads", status=status)

    await pushed(
        embedded_store,
        Partial(Person(**ADA, full_name="Ada Byron", anonymous_ids=("v1",), updated_at=day(1), extra={"plan": "free"})),
        Partial(Person(**ADA, emails=(Email(value="ada@byron.test"),), anonymous_ids=("v2",), updated_at=day(2))),
        Partial(Person(**ADA, consents=(consent(ConsentStatus.GRANTED),), extra={"plan": "gold"}, updated_at=day(3))),
        Partial(Person(**ADA, consents=(consent(ConsentStatus.DENIED),))),
    )
    ada = await known(embedded_store)
    assert ada.full_name == "Ada Byron"
    assert ada.emails[0].value == "ada@byron.test"
    assert ada.anonymous_ids == ("v1", "v2")
    assert ada.extra == {"plan": "gold"}
    assert [one.status for one in ada.consents] == [ConsentStatus.DENIED]
    assert ada.updated_at == day(3)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
async def test_a_push_that_comes_late_changes_nothing_newer(embedded_store: Store, order: tuple[int, int]) -> None:
    """Whole or partial, in whichever order they come: what was said last holds."""
    whole = {
        1: Person(**ADA, full_name="Ada Byron", updated_at=day(1)),
        2: Person(**ADA, full_name="Ada King", updated_at=day(2)),
    }
    parts = {
        1: Partial(Person(**{**ADA, "id": "8"}, full_name="Bo", job_title="Clerk", updated_at=day(1))),
        2: Partial(Person(**{**ADA, "id": "8"}, full_name="Bo Lund", updated_at=day(2))),
    }
    for number in order:
        await pushed(embedded_store, whole[number], parts[number])

    assert (await known(embedded_store)).full_name == "Ada King"
    bo = await known(embedded_store, "shop/customers/8")
    assert (bo.full_name, bo.job_title, bo.updated_at) == ("Bo Lund", "Clerk", day(2))


async def test_a_record_that_breaks_the_contract_stops_no_other(embedded_store: Store) -> None:
    """It is kept as a rejection; what was pushed after it is stored."""
    nobody = Interaction(
        **{**ADA, "id": "x"},
        kind="order.placed",
        occurred_at=day(1),
        function="sales",
        channel="web",
        direction="inbound",
    )  # type: ignore[arg-type]
    wrong = Person(**{**ADA, "id": "y"}, full_name=7)  # type: ignore[arg-type]

    await pushed(embedded_store, nobody, wrong, Person(**ADA, full_name="Ada"))

    assert await counted(embedded_store, "Rejection") == 2
    assert (await known(embedded_store)).full_name == "Ada"


async def test_many_large_pushes_are_stored_in_portions(embedded_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order in which they came, whatever a portion holds: the last one says who it is."""
    monkeypatch.setattr(inbox, "_BYTES_AT_ONCE", 400)
    monkeypatch.setattr(inbox, "_AT_ONCE", 5)

    await pushed(embedded_store, *[Person(**ADA, full_name=f"Ada {number:03}") for number in range(12)])

    assert (await known(embedded_store)).full_name == "Ada 011"
    assert await counted(embedded_store, "Push") == 0


async def test_a_kill_between_storing_and_forgetting_doubles_nothing(embedded_store: Store) -> None:
    """The push is there still and stored again: the same records."""
    first = Partial(Person(**ADA, full_name="Ada", anonymous_ids=("v1",), updated_at=day(1)))
    await Inbox(embedded_store).keep(SHOP, [first])
    rows = await embedded_store.read("MATCH (p:Push) RETURN p.id, p.source, p.body")
    await store_pushes(embedded_store, PageWriter(embedded_store, any_customers=True))
    before = await known(embedded_store)
    for id, source, body in rows:
        await embedded_store.write(
            "CREATE (:Push {id: $id, source: $source, body: $body})", id=id, source=source, body=body
        )

    await store_pushes(embedded_store, PageWriter(embedded_store, any_customers=True))

    assert await known(embedded_store) == before
    assert await counted(embedded_store, "SourceRecord") == 1

"""Pins through the door that people use: done once, seen at once, undone without a trace."""

from __future__ import annotations

import asyncio
import json

import pytest

from connectors.records import Record
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.sync.asking import Ask, Refused
from graph.sync.decisions import merge_customers, revert_decision, split_customer
from graph.sync.pinning import pin, unpin
from graph.sync.rebuild import rebuild
from graph.sync.sync import sync
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio
RULES = Rules()
EVE = Ask(by="eve", reason="she told us")
ADA, AUGUSTA, AT_HELP = "crm/contacts/1", "crm/contacts/2", "help/users/1"
RECORDS: list[Record] = [
    person(ADA, "Ada Byron", email="ada@byron.test", job_title="Clerk"),
    person(AUGUSTA, "Augusta King", email="augusta@king.test", job_title="Manager"),
]


async def _synced(store: Store) -> None:
    await sync([fixed_source("crm", *RECORDS)], store, RULES, full=True)


async def _of(store: Store, key: str) -> tuple[str, str | None, bool]:
    """Id, job title and whether it is pinned, of the customer that a record describes."""
    rows = await store.read(
        "MATCH (:SourceRecord {key: $key})-[:DESCRIBES]->(c) RETURN c.id, c.job_title, c.provenance", key=key
    )
    id, title, provenance = rows[0]
    return id, title, json.loads(provenance).get("job_title", {}).get("pinned", False)


async def test_pin_and_unpin_leave_the_graph_as_it_was(store: Store) -> None:
    """The value is seen at once, also after a sync; taken back, the digest is that of before."""
    await _synced(store)
    before = await digest(store)
    ada, *_ = await _of(store, ADA)

    await pin(store, RULES, ada, "job_title", "Countess", EVE)
    assert await _of(store, ADA) == (ada, "Countess", True)
    await _synced(store)
    assert await _of(store, ADA) == (ada, "Countess", True)
    await unpin(store, RULES, ada, "job_title", EVE)

    assert await _of(store, ADA) == (ada, "Clerk", False)
    assert (await digest(store)).differences(before) == ()


async def test_the_same_request_twice_is_one_pin_and_a_trial_none(store: Store) -> None:
    """The key gives the same pin again; a dry run names what would give way and writes nothing."""
    await _synced(store)
    ada, *_ = await _of(store, ADA)
    keyed = Ask(by="eve", idempotency_key="once")

    first = await pin(store, RULES, ada, "job_title", "Countess", keyed)
    again = await pin(store, RULES, ada, "job_title", "Countess", keyed)
    before = await digest(store)
    tried = await pin(store, RULES, ada, "job_title", "Duchess", Ask(by="eve", dry_run=True))

    assert again.pins == first.pins
    assert (tried.pins, tried.replaced) == ((), first.pins)
    assert (await digest(store)).value == before.value
    taken = await unpin(store, RULES, ada, "job_title", Ask(by="eve", idempotency_key="back"))
    assert (await unpin(store, RULES, ada, "job_title", Ask(by="eve", idempotency_key="back"))).pins == taken.pins
    with pytest.raises(Refused) as refused:
        await unpin(store, RULES, ada, "job_title", EVE)
    assert refused.value.code == "NOT_FOUND"


async def test_a_key_with_another_pin_is_refused_and_older_pins_answer(store: Store) -> None:
    """Another value, field, reason or undoing, also at once: one pin is made; of a pin without a hash nobody knows."""
    await _synced(store)
    ada, *_ = await _of(store, ADA)
    keyed = Ask(by="eve", idempotency_key="once")

    done = await asyncio.gather(
        *(pin(store, RULES, ada, "job_title", value, keyed) for value in ("Countess", "Duchess")),
        return_exceptions=True,
    )
    (first,) = (each for each in done if not isinstance(each, BaseException))
    (refused,) = (each for each in done if isinstance(each, Refused))
    value = "Countess" if done[0] is first else "Duchess"
    codes = [(refused.code, refused.field)]
    for other in (
        lambda: pin(store, RULES, ada, "family_name", value, keyed),
        lambda: pin(store, RULES, ada, "job_title", value, Ask(by="eve", reason="r", idempotency_key="once")),
        lambda: unpin(store, RULES, ada, "job_title", keyed),
    ):
        with pytest.raises(Refused) as told:
            await other()
        codes.append((told.value.code, told.value.field))
    again = await pin(store, RULES, ada, "job_title", value, keyed)
    taken = await unpin(store, RULES, ada, "job_title", Ask(by="eve", idempotency_key="back"))
    with pytest.raises(Refused) as told:
        await unpin(store, RULES, ada, "job_title", Ask(by="eve", reason="r", idempotency_key="back"))
    await store.write("MATCH (p:Pin) SET p.request = null, p.revert_request = null")
    of_old = await pin(store, RULES, ada, "job_title", "Queen", keyed)

    assert codes == [("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")] * 4
    assert told.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert again.pins == of_old.pins == taken.pins == first.pins
    assert await store.read("MATCH (p:Pin) RETURN count(p)") == [[1]]


async def test_pins_go_with_their_records_through_a_merge_and_its_undoing(store: Store) -> None:
    """Merged, the newer of two pins holds; parted again, each customer has its own."""
    await _synced(store)
    (ada, *_), (augusta, *_) = await _of(store, ADA), await _of(store, AUGUSTA)
    await pin(store, RULES, ada, "job_title", "Countess", EVE)
    await pin(store, RULES, augusta, "job_title", "Queen", EVE)

    merged = await merge_customers(store, RULES, [ada, augusta], EVE)
    assert [(await _of(store, key))[1:] for key in (ADA, AUGUSTA)] == [("Queen", True)] * 2
    await revert_decision(store, RULES, merged.decisions[0].id, EVE)
    assert await _of(store, ADA) == (ada, "Countess", True)
    assert await _of(store, AUGUSTA) == (augusta, "Queen", True)


@pytest.mark.parametrize("going", [ADA, AT_HELP])
async def test_pins_go_with_their_records_when_a_customer_is_split(store: Store, going: str) -> None:
    """The pinned record goes, or the other one: the value stays with it, also over a rebuild; undone, it is as before.

    A second pin, of the other half, is its own. A trial changes nothing.
    """
    await sync([fixed_source("crm", *RECORDS, person(AT_HELP, "Ada Byron", email="ada@byron.test"))], store, RULES)
    ada, *_ = await _of(store, ADA)
    assert (await _of(store, AT_HELP))[0] == ada
    await pin(store, RULES, ada, "job_title", "Countess", EVE)
    before = await digest(store)

    await split_customer(store, RULES, ada, [going], Ask(by="eve", dry_run=True))
    assert (await digest(store)).value == before.value
    split = await split_customer(store, RULES, ada, [going], EVE)
    (one, *hers), (other, *no_longer) = await _of(store, ADA), await _of(store, AT_HELP)
    assert one != other
    assert (hers, no_longer) == (["Countess", True], [None, False])
    await pin(store, RULES, other, "job_title", "Baroness", EVE)
    apart = await digest(store)
    await rebuild(store, RULES)
    assert (await digest(store)).differences(apart) == ()
    assert [await _of(store, key) for key in (ADA, AT_HELP)] == [(one, "Countess", True), (other, "Baroness", True)]
    await unpin(store, RULES, other, "job_title", EVE)
    assert await _of(store, ADA) == (one, "Countess", True)
    await revert_decision(store, RULES, split.decisions[0].id, EVE)

    assert [await _of(store, key) for key in (ADA, AT_HELP)] == [(ada, "Countess", True)] * 2
    assert (await digest(store)).differences(before) == ()


async def test_what_makes_no_sense_is_refused(embedded_store: Store) -> None:
    """Nobody of that id, no such field, no such value: each with the input that is to blame."""
    await _synced(embedded_store)
    ada, *_ = await _of(embedded_store, ADA)
    for who, field, value, code, blamed in (
        ("nobody", "job_title", "Countess", "NOT_FOUND", "customerId"),
        (ada, "record_count", "7", "INVALID", "field"),
        (ada, "birth_date", "yesterday", "INVALID", "value"),
    ):
        with pytest.raises(Refused) as refused:
            await pin(embedded_store, RULES, who, field, value, EVE)
        assert (refused.value.code, refused.value.field) == (code, blamed)

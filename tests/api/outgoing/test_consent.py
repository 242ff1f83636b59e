"""A destination that needs consent is told of customers whose consent stands by then; what is withheld is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from api.metrics import Metrics
from api.outgoing.destinations import SourceDestination
from api.plan.ids import encode_id
from connectors.events import ConsentWithdrawn, Event
from connectors.hookspecs import Concerned
from connectors.records import Channel, Consent, ConsentStatement, ConsentStatus, Person, Record, RecordKey, Tombstone
from graph.deliveries.consent import NeededConsent, Standing, standing
from graph.deliveries.queue import Wish, list_deliveries
from graph.rules import Rules
from graph.segments.rules import Condition, SegmentRule
from graph.store.driver import Store
from graph.sync.sync import sync
from tests.api.outgoing.test_deliveries import Listener, Round
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
MARKETING = NeededConsent("email", "marketing")
ADA, BOB, CLEO = (f"crm/contacts/{number}" for number in (1, 2, 3))
AT = datetime(2026, 3, 1, tzinfo=UTC)


def said(status: ConsentStatus, channel: Channel = Channel.EMAIL) -> tuple[ConsentStatement, ...]:
    return (ConsentStatement(channel=channel, purpose="marketing", status=status, at=AT),)


def ada(status: ConsentStatus, job: str = "Analyst") -> Person:
    return person(ADA, "Ada Byron", email="ada@byron.test", job_title=job, consents=said(status))


def others(job: str = "Clerk") -> list[Person]:
    """Bob, who refuses, and Cleo, who consented to letters of another kind."""
    bob = person(BOB, "Bob Stone", email="bob@stone.test", job_title=job, consents=said(ConsentStatus.DENIED))
    sms = said(ConsentStatus.GRANTED, Channel.SMS)
    return [bob, person(CLEO, "Cleo Hart", email="cleo@hart.test", job_title=job, consents=sms)]


async def load(store: Store, *records: object) -> None:
    await sync([fixed_source("crm", *records)], store, Rules(), full=True)  # type: ignore[arg-type]


async def ids(store: Store) -> dict[str, str]:
    rows = await store.read("MATCH (c:Customer) RETURN c.display_name, c.id")
    return {name.partition(" ")[0].lower(): id for name, id in rows}


def told_of(events: Sequence[Event]) -> set[tuple[str, str]]:
    return {(one.type, getattr(one, "customer_id", "")) for one in events}


async def test_only_who_consents_is_told_of(store: Store) -> None:
    """As of the moment of telling: who withdraws is told as withdrawn, and nothing of them afterwards."""
    await load(store, ada(ConsentStatus.GRANTED), *others())
    listener, free = Listener(), Listener("free")
    listener.wish = Wish("mailings", listener.wish.about, MARKETING)
    told = Round(store, listener, free)
    await told()
    who = await ids(store)

    visits = [event(f"crm/visits/{n}", "page.viewed", "2026-03-05", of) for n, of in enumerate((ADA, BOB, CLEO))]
    await load(store, ada(ConsentStatus.GRANTED, "Head"), *others("Head"), *visits)
    await told()
    assert told_of(listener.told) == {
        ("customer.updated", who["ada"]),
        ("interactions.recorded", who["ada"]),
        ("consent.withdrawn", who["bob"]),
    }
    assert {id for _, id in told_of(free.told)} == set(who.values())

    listener.told.clear()
    await load(store, ada(ConsentStatus.REVOKED, "Head"), *others("Head"), *visits)
    await load(
        store,
        ada(ConsentStatus.REVOKED, "Head"),
        *others("Head"),
        *visits,
        event("crm/visits/9", "page.viewed", "2026-03-09", ADA),
    )
    done = await told.deliverer.round(told.keeper)

    assert ("consent.withdrawn", who["ada"]) in told_of(listener.told)
    assert told_of(listener.told) <= {("consent.withdrawn", who[name]) for name in ("ada", "bob")}
    (withdrawn, *_) = listener.told
    assert isinstance(withdrawn, ConsentWithdrawn)
    assert (withdrawn.channel, withdrawn.purpose) == ("email", "marketing")
    assert done.withheld >= 1
    assert await list_deliveries(store) == []
    metrics = Metrics()
    await metrics.look_at_sources(store)
    counted = {one.name: one.withheld for one in metrics.deliveries}
    assert counted["mailings"] > done.withheld
    assert counted["free"] == 0


async def test_a_destination_of_segments_hears_that_consent_is_withdrawn(embedded_store: Store) -> None:
    """Though it asked for segments alone; changes of who consents stay untold, and do not count as withheld."""
    store = embedded_store
    await load(store, ada(ConsentStatus.GRANTED), *others())
    listener = Listener(about=("segment",))
    listener.wish = Wish("audiences", listener.wish.about, MARKETING)
    told = Round(store, listener)
    await told()
    who = await ids(store)

    await load(store, ada(ConsentStatus.GRANTED, "Head"), *others())
    await told()
    assert who["ada"] not in {id for _, id in told_of(listener.told)}
    await load(store, ada(ConsentStatus.REVOKED, "Head"), *others())
    await told()

    assert ("consent.withdrawn", who["ada"]) in told_of(listener.told)
    assert {kind for kind, _ in told_of(listener.told)} == {"consent.withdrawn"}
    assert who["cleo"] not in {id for _, id in told_of(listener.told)}
    assert await store.read("MATCH (d:Destination) RETURN coalesce(d.withheld, 0)") == [[0]]


def kept_apart(number: str, status: ConsentStatus, channel: Channel = Channel.EMAIL, of: str = ADA) -> Consent:
    return Consent(source="crm", stream="consents", id=number, person=of, statement=said(status, channel)[0])


def gone(number: str) -> Tombstone:
    return Tombstone(source="crm", stream="consents", id=number, deleted_at=AT)


async def test_a_consent_that_its_source_deletes_is_told_as_withdrawn(store: Store) -> None:
    """Once, to whoever needed it, whatever they ask for; who never consented is told to nobody."""
    _, cleo = others()
    people = [person(ADA, "Ada Byron", email="ada@byron.test"), cleo]
    mail, sms = kept_apart("1", ConsentStatus.GRANTED), kept_apart("2", ConsentStatus.GRANTED, Channel.SMS)
    await load(store, *people, mail, sms)
    segments, texts, free = Listener(about=("segment",)), Listener(), Listener("free")
    segments.wish = Wish("audiences", segments.wish.about, MARKETING)
    texts.wish = Wish("texts", texts.wish.about, NeededConsent("sms", "marketing"))
    told = Round(store, segments, texts, free)
    await told()
    who = await ids(store)

    await load(store, *people, gone("1"), sms)
    await told()
    await told()
    assert [(one.type, one.customer_id) for one in segments.told if isinstance(one, ConsentWithdrawn)] == [
        ("consent.withdrawn", who["ada"])
    ]
    assert told_of(segments.told) == {("consent.withdrawn", who["ada"])}
    assert told_of(texts.told) == {("customer.updated", who["ada"])}
    assert told_of(free.told) == {("customer.updated", who["ada"])}

    segments.told.clear()
    await load(store, person(ADA, "Ada Byron", email="ada@byron.test", job_title="Head"), cleo, gone("1"), sms)
    await told()
    assert segments.told == []
    assert await list_deliveries(store) == []


async def test_a_consent_that_is_back_before_it_was_told_was_never_withdrawn(embedded_store: Store) -> None:
    store = embedded_store
    people = [person(ADA, "Ada Byron", email="ada@byron.test")]
    mail = kept_apart("1", ConsentStatus.GRANTED)
    await load(store, *people, mail)
    listener = Listener()
    listener.wish = Wish("mailings", listener.wish.about, MARKETING)
    told = Round(store, listener)
    await told()

    await load(store, *people, gone("1"))
    await load(store, *people, mail)
    await told()
    assert listener.types() == ["customer.updated", "customer.updated"]


@pytest.mark.parametrize(
    "now",
    [
        person(ADA, "Ada Byron", email="ada@byron.test", job_title="Analyst"),
        Tombstone(source="crm", stream="contacts", id="1", deleted_at=AT),
        person(ADA, "Ada Byron", email="ada@byron.test", consents=said(ConsentStatus.GRANTED), deleted_at=AT),
    ],
    ids=["says nothing any more", "is gone", "is marked as deleted"],
)
async def test_a_person_who_no_longer_says_so_has_withdrawn(embedded_store: Store, now: Record) -> None:
    store = embedded_store
    await load(store, ada(ConsentStatus.GRANTED))
    listener = Listener()
    listener.wish = Wish("mailings", listener.wish.about, MARKETING)
    told = Round(store, listener)
    await told()
    who = await ids(store)

    await load(store, now)
    await told()
    assert [(one.type, one.customer_id) for one in listener.told if isinstance(one, ConsentWithdrawn)] == [
        ("consent.withdrawn", who["ada"])
    ]
    assert len(listener.told) == 1


async def test_a_deleted_person_still_refuses(store: Store) -> None:
    """Else deleting the record that says no would leave the one that says yes."""
    no = person("shop/people/7", "Ada Byron", email="ada@byron.test", consents=said(ConsentStatus.REVOKED))
    await load(store, ada(ConsentStatus.GRANTED))
    await sync([fixed_source("shop", no)], store, Rules(), full=True)
    (customer,) = (await ids(store)).values()
    assert await standing(store, customer, MARKETING) is Standing.REFUSED

    went = Tombstone(source="shop", stream="people", id="7", deleted_at=AT)
    await sync([fixed_source("shop", went)], store, Rules(), full=True)
    assert await store.read("MATCH (r:SourceRecord) WHERE r.deleted_at IS NOT NULL RETURN r.key") == [["shop/people/7"]]
    assert await standing(store, customer, MARKETING) is Standing.REFUSED


class Written:
    """A source that keeps what it is told of its persons."""

    name = "crm"

    def __init__(self) -> None:
        self.told: list[tuple[str, str, tuple[str, ...]]] = []

    async def deliver(self, event: Event, concerned: Concerned) -> AsyncIterator[tuple[RecordKey, datetime]]:
        self.told.append((event.type, concerned.id, concerned.segments))
        for key in concerned.records:
            yield key, AT

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_source_has_no_segments_of_who_does_not_consent(embedded_store: Store) -> None:
    """They are written for who consents, emptied when the consent is withdrawn, and never written for others."""
    store = embedded_store
    visits = [event(f"crm/visits/{n}", "page.viewed", "2026-03-05", of) for n, of in enumerate((ADA, BOB, CLEO))]
    await load(store, ada(ConsentStatus.GRANTED), *others())
    crm = Written()
    wish = Wish("crm", frozenset(("customer", "segment", "alert")), MARKETING)
    visitor = SegmentRule("visitor", "Visitor", all=(Condition(kinds=("page.viewed",), at_least=1, within_days=3650),))
    told = Round(store, SourceDestination(wish, crm, "crm", None), rules=Rules(segment=(visitor,)))
    told.clock.now = datetime(2026, 3, 10, tzinfo=UTC).timestamp()
    await told()
    who = {name: encode_id("Customer", id) for name, id in (await ids(store)).items()}

    await load(store, ada(ConsentStatus.GRANTED), *others(), *visits)
    await told(2)
    assert {(id, segments) for _, id, segments in crm.told if id != who["bob"]} == {(who["ada"], ("visitor",))}
    assert {segments for _, id, segments in crm.told if id == who["bob"]} <= {()}

    crm.told.clear()
    await load(store, ada(ConsentStatus.REVOKED), *others(), *visits)
    await told(2)
    assert (who["ada"], ()) in {(id, segments) for _, id, segments in crm.told}
    assert not [segments for _, _, segments in crm.told if segments]

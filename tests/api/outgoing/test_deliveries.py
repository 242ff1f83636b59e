"""Every change, alert and segment event reaches each destination at least once, with an id that tells a repetition."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.metrics import Metrics
from api.outgoing import destinations
from api.outgoing.deliveries import Deliverer
from api.outgoing.destinations import (
    Destination,
    PluginDestination,
    SourceDestination,
    WebhookDestination,
    with_global_ids,
)
from api.outgoing.settings import WebhookSettings
from api.outgoing.webhook import NotDelivered
from api.plan.ids import encode_id
from connectors.events import ABOUT, CustomerMerged, Event, SegmentEntered
from connectors.hookspecs import Concerned
from connectors.records import Record, RecordKey
from connectors.signatures import signature
from graph.alerts import handling
from graph.alerts.handling import Deed, Outcome, handle_alert
from graph.changes import last_seq
from graph.deliveries.concerned import Described, describe
from graph.deliveries.events import moment
from graph.deliveries.queue import WAITS_MINUTES, Wish, count_deliveries, drop, due, list_deliveries, replay
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.segments.rules import Condition, SegmentRule
from graph.store.driver import Store
from graph.sync.asking import Ask
from graph.sync.sync import sync
from tests.api.outgoing.receivers import hook_server
from tests.connectors.test_hooks import HEAD, loaded
from tests.graph.alerts.company import ADA, RECORDS, evaluate, load
from tests.sources import event, fixed_source, person

pytestmark = pytest.mark.anyio
KEY = b"k" * 32


class Clock:
    """Stands still until it is set."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Listener:
    """Keeps what it is told; fails as often as it is asked to."""

    def __init__(self, name: str = "listener", about: tuple[str, ...] = ABOUT) -> None:
        self.wish = Wish(name, frozenset(about))
        self.told: list[Event] = []
        self.failures: list[Exception] = []

    async def send(self, event: Event, store: Store) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.told.append(event)

    async def close(self) -> None:
        """There is nothing to close."""

    def types(self) -> list[str]:
        return [one.type for one in self.told]


class Round:
    """A deliverer with a clock, and the journeys of its store."""

    def __init__(self, store: Store, *destinations: Destination, rules: Rules | None = None) -> None:
        self.clock = Clock()
        self.keeper = JourneyKeeper(store, rules or Rules(segment=()))
        self.deliverer = Deliverer(store, rules or Rules(segment=()), destinations, self.clock)

    async def __call__(self, minutes: float = 0) -> None:
        self.clock.now += minutes * 60
        await self.deliverer.round(self.keeper)


async def _load(store: Store, *more: Record) -> None:
    await sync([fixed_source("crm", *RECORDS, *more)], store, Rules(), full=True)


async def test_changes_are_told_once_to_each_who_wants_to_know(embedded_store: Store) -> None:
    """From the first round on; each destination has its own place, and hears of what it asked for."""
    store = embedded_store
    await _load(store)
    first, second = Listener("first"), Listener("second", ("interactions",))
    told = Round(store, first, second)
    await told()
    assert first.told == []

    await _load(store, person("crm/contacts/9", "Dora Fall", email="dora@fall.test"))
    await told()
    await _load(
        store,
        person("crm/contacts/9", "Dora Fall", email="dora@fall.test"),
        event("crm/events/9", "ticket.created", "2026-03-23", ADA, ticket="crm/t9"),
    )
    await told()
    await told()

    assert first.types().count("customer.created") == 1
    assert first.types().count("interactions.recorded") == 1
    assert second.types() == ["interactions.recorded"]
    assert len({one.id for one in first.told}) == len(first.told)
    assert await list_deliveries(store) == []


async def test_a_webhook_is_signed_and_says_ids_alone(embedded_store: Store) -> None:
    """The event's id, type, moment and data, as the receivers of Standard Webhooks expect them."""
    store = embedded_store
    await load(store)
    async with hook_server() as hook:
        destination = WebhookDestination(Wish("warehouse", frozenset(ABOUT)), WebhookSettings(hook.url, KEY))
        told = Round(store, destination)
        await told()
        await evaluate(store)
        await told()
        await told.deliverer.close()

    assert {json.loads(body)["type"] for _, body in hook.came} == {"alert.raised"}
    for headers, body in hook.came:
        signed = signature(KEY, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
        assert headers["webhook-signature"] == signed
        assert b"Byron" not in body
    data = [json.loads(body)["data"] for _, body in hook.came]
    assert {one["customerId"] for one in data} == {encode_id("Customer", "c-ada"), encode_id("Customer", "c-bob")}
    assert {one["rule"] for one in data} == {"A detractor", "Nobody replied"}


async def test_an_alert_that_is_closed_is_told_with_its_outcome(embedded_store: Store) -> None:
    """Taken on it is handled, resolved it is closed."""
    store = embedded_store
    await load(store)
    listener = Listener()
    told = Round(store, listener)
    await told()
    await evaluate(store)
    await told()
    (raised, *_) = listener.told
    listener.told.clear()
    id = raised.alert_id  # type: ignore[union-attr]

    await handle_alert(store, handling.Wish(Deed.ACKNOWLEDGED, id), Ask(by="eve"))
    await told()
    await handle_alert(store, handling.Wish(Deed.RESOLVED, id, outcome=Outcome.RECOVERED), Ask(by="eve"))
    await told()

    assert listener.types() == ["alert.handled", "alert.closed"]
    assert listener.told[1].data()["outcome"] == "RECOVERED"


async def test_what_fails_is_tried_again_later_then_dead_and_may_be_replayed(embedded_store: Store) -> None:
    """The others are told meanwhile; what is dead waits for an operator."""
    store = embedded_store
    await load(store)
    listener = Listener()
    told = Round(store, listener)
    await told()
    await evaluate(store)
    listener.failures = [NotDelivered("no")]
    await told()
    assert len(listener.told) == 2
    (waiting,) = await list_deliveries(store)
    assert (waiting.status, waiting.attempts, waiting.problem) == ("WAITING", 1, "no")

    for minutes in WAITS_MINUTES:
        listener.failures = [NotDelivered("no")]
        await told(minutes - 0.5)
        assert listener.failures  # it was not yet its time
        await told(0.5)
    assert await count_deliveries(store) == [("listener", 0, 1, 0)]
    metrics = Metrics()
    await metrics.look_at_sources(store)
    assert metrics.deliveries == [("listener", 0, 1, 0)]
    (dead,) = await list_deliveries(store, "listener")
    assert (dead.status, dead.attempts) == ("DEAD", len(WAITS_MINUTES) + 1)
    await told(100_000)
    assert len(listener.told) == 2

    assert await replay(store, dead.id, None, int(told.clock.now * 1000)) == 1
    await told()
    assert len({one.id for one in listener.told}) == 3
    assert await list_deliveries(store) == []


async def test_what_is_dropped_is_never_told(embedded_store: Store) -> None:
    """One by its id, the rest by its destination."""
    store = embedded_store
    await load(store)
    listener = Listener()
    told = Round(store, listener)
    await told()
    await evaluate(store)
    listener.failures = [NotDelivered("no")] * 3
    await told()
    (one, *_) = await list_deliveries(store)

    assert await drop(store, one.id, None) == 1
    assert await drop(store, None, "listener") == 2
    await told(10)
    assert listener.told == []


async def test_a_round_that_breaks_anywhere_loses_nothing(embedded_store: Store) -> None:
    """What was handed over and not confirmed comes again with the same id; everything comes."""
    store = embedded_store
    await load(store)
    listener = Listener()
    await Round(store, listener)()
    await evaluate(store)
    listener.failures = []

    class Broken(Listener):
        async def send(self, event: Event, store: Store) -> None:
            await listener.send(event, store)
            raise RuntimeError("the process ends here")

    with pytest.raises(RuntimeError):
        await Round(store, Broken())()
    assert len(await due(store, "listener", 2_000_000_000_000)) == 3
    await Round(store, listener)()

    assert len(listener.told) == 4
    assert len({one.id for one in listener.told}) == 3


async def test_a_log_that_does_not_reach_back_is_told_as_a_reset(embedded_store: Store) -> None:
    """So is a graph that was loaded or built anew."""
    store = embedded_store
    listener = Listener()
    told = Round(store, listener)
    await told()
    await _load(store)  # a first load
    await told()
    assert listener.types() == ["customer.reset"]

    await _load(store, person("crm/contacts/9", "Dora Fall", email="dora@fall.test"))
    await store.write("MATCH (c:Change) WHERE c.seq < $last DELETE c", last=await last_seq(store))
    await store.write("MATCH (d:Destination) SET d.seq = -5")
    await told()
    assert listener.types()[1] == "customer.reset"


async def test_who_enters_and_who_leaves_a_segment_is_told(embedded_store: Store) -> None:
    """Who is in it at first is only noted; another process goes on from there."""
    store = embedded_store
    await _load(store)
    busy = SegmentRule("busy", "Busy", all=(Condition(kinds=("ticket.created",), at_least=1, within_days=30),))
    rules = Rules(segment=(busy,))
    listener = Listener(about=("segment",))
    told = Round(store, listener, rules=rules)
    told.clock.now = 1_774_000_000.0  # 2026-03-20, before Bob's ticket
    await told()
    assert listener.told == []

    await told(6 * 1440)
    (entered,) = listener.told
    assert (entered.type, entered.data()["segment"]) == ("segment.entered", "busy")

    again = Round(store, listener, rules=rules)
    again.clock.now = told.clock.now
    await again(1)
    assert len(listener.told) == 1
    await again(60 * 1440)
    assert listener.types() == ["segment.entered", "segment.left"]
    assert listener.told[1].data() == entered.data()


async def test_a_plugin_that_does_wrong_keeps_nobody_else_from_being_told(
    embedded_store: Store, tmp_path: Path
) -> None:
    """Each plugin is a destination of its own; what raised is tried again."""
    store = embedded_store
    heard = tmp_path / "heard"
    telling = HEAD + "\n    @hookimpl\n    def c360_deliver(event):\n        {}\n"
    plugins = loaded(
        tmp_path,
        good=telling.format(f"open({str(heard)!r}, 'a').write(event.type + ' ' + event.customer_id + chr(10))"),
        leaving=telling.format("sys.exit(3)"),
    )
    await load(store)
    told = Round(store, *(PluginDestination(hook) for hook in plugins.hooks("c360_deliver")))
    await told()
    await evaluate(store)
    await told()

    assert len(heard.read_text().splitlines()) == 3
    assert f"alert.raised {encode_id('Customer', 'c-ada')}\n" in heard.read_text()
    waiting = await list_deliveries(store)
    assert {(one.destination, one.attempts) for one in waiting} == {("plugin:leaving", 1)}
    assert waiting[0].problem is not None
    assert "called sys.exit(3) in c360_deliver" in waiting[0].problem


class Wayward:
    """A source that does what a test tells it when it is written to."""

    name = "crm"

    def __init__(self, deed: Callable[[], Any]) -> None:
        self._deed = deed

    async def deliver(self, event: Event, concerned: Concerned) -> AsyncIterator[Any]:
        done = self._deed()
        yield await done if inspect.isawaitable(done) else done

    async def close(self) -> None:
        raise RuntimeError("not even that")


def _raise(error: BaseException) -> Callable[[], Any]:
    def deed() -> Any:
        raise error

    return deed


@pytest.mark.parametrize(
    ("deed", "problem"),
    [
        (_raise(KeyError("id")), "the connector 'odd' failed in deliver: KeyError: 'id'"),
        (_raise(SystemExit(3)), "the connector 'odd' failed in deliver: SystemExit: 3"),
        (lambda: 7, "the connector 'odd' failed in deliver: TypeError"),
        (partial(asyncio.sleep, 60), "the connector 'odd' did not deliver for 0.3 s. It is tried again later."),
    ],
)
async def test_a_connector_that_does_wrong_when_it_is_written_to_keeps_nobody_else_from_being_told(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], Any], problem: str
) -> None:
    """The event waits with the reason; the destination behind it is told, and all can be closed."""
    monkeypatch.setattr(destinations, "DELIVER_SECONDS", 0.3)
    store = embedded_store
    await load(store)
    listener = Listener()
    told = Round(store, SourceDestination(Wish("crm", frozenset(ABOUT)), Wayward(deed), "odd", None), listener)
    await told()
    await evaluate(store)
    await told()
    await told.deliverer.close()

    assert len(listener.types()) == 3
    waiting = [one for one in await list_deliveries(store) if one.attempts]
    assert waiting
    assert {one.destination for one in waiting} == {"crm"}
    assert {(one.problem or "")[: len(problem)] for one in waiting} == {problem}


async def test_who_was_merged_away_has_left_nothing_and_is_known_by_the_former_id(embedded_store: Store) -> None:
    """The merge tells of them; what is still to be told of them concerns who they are now."""
    store = embedded_store
    await load(store)
    all_of_them = SegmentRule("all", "All", all=(Condition(kinds=("survey.answered",), at_least=1),))
    listener = Listener(about=("segment",))
    told = Round(store, listener, rules=Rules(segment=(all_of_them,)))
    await told()
    assert (await describe(store, "crm", "c-ada")) == Described("c-ada", (RecordKey.parse(ADA),), ("all",))

    await store.write(
        "MATCH (a:Customer {id: 'c-ada'})-[:EXPERIENCED]->(i) MATCH (b:Customer {id: 'c-bob'}) "
        "CREATE (b)-[:EXPERIENCED]->(i)"
    )
    await store.write(
        "MATCH (r)-[:DESCRIBES]->(a:Customer {id: 'c-ada'}) MATCH (b:Customer {id: 'c-bob'}) "
        "CREATE (r)-[:DESCRIBES]->(b) CREATE (:FormerId {id: 'c-ada'})-[:NOW]->(b) DETACH DELETE a"
    )
    again = Round(store, listener, rules=Rules(segment=(all_of_them,)))
    await again(2)

    assert listener.told == []
    described = await describe(store, "crm", "c-ada")
    assert described is not None
    assert (described.customer, len(described.records), described.segments) == ("c-bob", 2, ("all",))
    assert await describe(store, "crm", "c-nobody") is None


def test_events_come_back_as_they_were_kept() -> None:
    """With ids as the API gives them in the end."""
    at = moment(1_800_000_000_000)
    kept: list[Event] = [
        CustomerMerged(id="evt_1", at=at, customer_id="c-1", former_ids=["c-2"]),
        SegmentEntered(id="evt_2", at=at, customer_id="c-1", segment="VIP"),
    ]
    assert msgspec.json.decode(msgspec.json.encode(kept), type=list[Event]) == kept
    assert with_global_ids(kept[0]).data() == {
        "customerId": encode_id("Customer", "c-1"),
        "formerIds": [encode_id("Customer", "c-2")],
    }

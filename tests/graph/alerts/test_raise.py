"""Alerts in the graph: each once, none lost, gone with whom they concern, handled once a key."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.records import BusinessFunction, Channel, Direction, Interaction, SurveyMetric
from graph.alerts.handling import AlertRefused, Deed, Outcome, Wish, handle_alert
from graph.alerts.watch import AlertWatch, Evaluated
from graph.changes import AlertsOf, last_seq, read_changes
from graph.journeys.keeper import JourneyKeeper
from graph.rules import Rules
from graph.store.digest import digest
from graph.store.driver import Store
from graph.store.settings import StoreSettings
from graph.sync.asking import Ask
from graph.sync.decisions import merge_customers, revert_decision
from graph.sync.rebuild import rebuild
from graph.sync.recording import SOURCE, STREAM, Report, record
from tests.graph.alerts.company import NOW, RULES, evaluate, load, load_by_sync
from tests.graph.sync.doubtful_company import die_in
from tests.journeys import ms

pytestmark = pytest.mark.anyio
EVE = Ask(by="eve")
WHOM = """MATCH (a:Alert)-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(c:Customer)
RETURN c.display_name, a.rule, a.owner ORDER BY c.display_name, a.rule"""


async def the_alert(store: Store, name: str) -> str:
    rows = await store.read(
        "MATCH (a:Alert {rule: 'A detractor'})-[:CONCERNS]->(:SourceRecord)-[:DESCRIBES]->(c {display_name: $name}) "
        "RETURN a.id",
        name=name,
    )
    return str(rows[0][0])


async def test_alerts_are_raised_once_and_told_to_the_change_log(store: Store) -> None:
    """Two low scores and a ticket are three alerts; another evaluation, with new journeys or old ones, adds none."""
    await load(store)
    keeper = JourneyKeeper(store, RULES)
    before = await last_seq(store)

    assert await AlertWatch(store, RULES, keeper).evaluate(NOW) == Evaluated(raised=3)
    assert await AlertWatch(store, RULES, keeper).evaluate(NOW) == Evaluated()
    assert await evaluate(store) == Evaluated()
    assert await store.read(WHOM) == [
        ["Ada Byron", "A detractor", "Tom Ek"],
        ["Bob Stone", "A detractor", "Ines Marl"],
        ["Bob Stone", "Nobody replied", None],
    ]
    (entry,) = await read_changes(store, before)
    assert entry.change is not None
    told = entry.change.alerts
    assert sorted(len(alerts.raised) for alerts in told) == [1, 2]
    assert all(isinstance(alerts, AlertsOf) and not alerts.handled for alerts in told)
    ((evidence, due),) = await store.read(
        "MATCH (a:Alert {rule: 'Nobody replied'}) RETURN a.evidence, a.due_at.epochMillis"
    )
    assert json.loads(evidence) == {"business_hours": False, "hours": 4, "replied_at": None, "ticket": "crm/t1"}
    assert due == NOW + 86_400_000


async def test_alerts_outlive_merges_splits_and_rebuilds(embedded_store: Store) -> None:
    """They concern whoever the record describes; taken back and built anew the digest is that of before."""
    store = embedded_store
    await load_by_sync(store)
    await evaluate(store)
    names = dict(await store.read("MATCH (c:Customer) RETURN c.display_name, c.id"))
    before = await digest(store)
    assert before.sections["alerts"].count == 9

    done = await merge_customers(store, RULES, [names["Ada Byron"], names["Bob Stone"]], EVE)
    assert len({name for name, _, _ in await store.read(WHOM)}) == 1
    assert await evaluate(store) == Evaluated()
    await revert_decision(store, RULES, done.decisions[0].id, EVE)
    await rebuild(store, RULES)

    assert await evaluate(store) == Evaluated()
    assert (await digest(store)).differences(before) == ()


@pytest.mark.parametrize(
    "place", ["graph.alerts.evaluate:log_alerts", "graph.alerts.watch:_Left", "graph.alerts.watch:wake_alerts"]
)
async def test_an_evaluation_that_was_killed_is_finished_by_the_next(
    place: str, store_settings: StoreSettings, store: Store
) -> None:
    """Killed before its transaction is committed, or just after: three alerts in the end, told once."""
    await load(store)
    before = await last_seq(store)
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=die_in, args=(store_settings, place, evaluate))
    process.start()
    await asyncio.to_thread(process.join)
    assert process.exitcode == -signal.SIGKILL, "it never came to that place"

    await evaluate(store)

    assert await store.read("MATCH (a:Alert)-[:RAISED_BY]->(i) RETURN count(a), count(DISTINCT i)") == [[3, 3]]
    told = [alerts for entry in await read_changes(store, before) if entry.change for alerts in entry.change.alerts]
    assert sum(len(alerts.raised) for alerts in told) == 3


async def test_a_new_score_after_the_cool_down_is_a_new_alert(store: Store) -> None:
    """The journeys follow the change log: only what is new is read, and raised."""
    await load(store)
    keeper = JourneyKeeper(store, RULES)
    await AlertWatch(store, RULES, keeper).evaluate(NOW)
    await record(store, RULES, Report(_said("1", "2026-03-25", score=0), customer="c-bob"))

    assert await AlertWatch(store, RULES, keeper).evaluate(NOW) == Evaluated(raised=1)


async def test_an_alert_is_handled_step_by_step(embedded_store: Store) -> None:
    """Taken on, put off, woken by the clock, resolved, opened again: each deed stays with its author."""
    store = embedded_store
    await load(store)
    await evaluate(store)
    id = await the_alert(store, "Ada Byron")
    far = ms("2100-01-01")

    async def state() -> list[object]:
        return (await store.read("MATCH (a:Alert {id: $id}) RETURN a.status, a.owner, a.outcome", id=id))[0]

    await handle_alert(store, Wish(Deed.ASSIGNED, id, owner="Uma Rai"), EVE)
    await handle_alert(store, Wish(Deed.ACKNOWLEDGED, id), EVE)
    assert await state() == ["ACKNOWLEDGED", "Uma Rai", None]
    await handle_alert(store, Wish(Deed.SNOOZED, id, until=far), EVE)
    assert await AlertWatch(store, RULES, JourneyKeeper(store, RULES)).evaluate(NOW) == Evaluated()
    assert await AlertWatch(store, RULES, JourneyKeeper(store, RULES)).evaluate(far) == Evaluated(woken=1)
    assert await state() == ["OPEN", "Uma Rai", None]
    await handle_alert(store, Wish(Deed.RESOLVED, id, outcome=Outcome.RECOVERED, note="We called."), EVE)
    assert await state() == ["RESOLVED", "Uma Rai", "RECOVERED"]
    await handle_alert(store, Wish(Deed.REOPENED, id), EVE)
    assert await state() == ["OPEN", "Uma Rai", None]

    deeds = await store.read(
        "MATCH (e:AlertEvent)-[:HAPPENED_TO]->(:Alert {id: $id}) RETURN e.deed, e.by ORDER BY e.id", id=id
    )
    assert deeds == [[deed, "eve"] for deed in ("ASSIGNED", "ACKNOWLEDGED", "SNOOZED", "RESOLVED", "REOPENED")]


async def test_what_cannot_be_done_is_refused_and_a_key_counts_once(embedded_store: Store) -> None:
    """No such alert, a moment that has passed, twice resolved; the same request again changes nothing."""
    store = embedded_store
    await load(store)
    await evaluate(store)
    id = await the_alert(store, "Ada Byron")
    keyed = Ask(by="eve", idempotency_key="k1")

    async def refusal(wish: Wish, ask: Ask = EVE) -> tuple[str, str | None]:
        with pytest.raises(AlertRefused) as refused:
            await handle_alert(store, wish, ask)
        return refused.value.code, refused.value.field

    assert await refusal(Wish(Deed.ACKNOWLEDGED, "nothing")) == ("NOT_FOUND", "alertId")
    assert await refusal(Wish(Deed.SNOOZED, id, until=1)) == ("INVALID", "until")
    assert await refusal(Wish(Deed.ASSIGNED, id, owner=" ")) == ("INVALID", "owner")
    assert await refusal(Wish(Deed.REOPENED, id)) == ("NOT_RESOLVED", "alertId")
    await handle_alert(store, Wish(Deed.RESOLVED, id, outcome=Outcome.LOST), Ask(by="eve", dry_run=True))
    await handle_alert(store, Wish(Deed.RESOLVED, id, outcome=Outcome.LOST), keyed)
    await handle_alert(store, Wish(Deed.RESOLVED, id, outcome=Outcome.LOST), keyed)
    assert await refusal(Wish(Deed.RESOLVED, id), keyed) == ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
    assert await refusal(Wish(Deed.RESOLVED, id)) == ("ALREADY_RESOLVED", "alertId")
    assert await store.read("MATCH (e:AlertEvent) RETURN count(e)") == [[1]]


async def test_another_process_looks_only_at_who_changed_or_whose_time_came(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on from the file of the one before, at whose end nobody is touched; with other rules it begins anew."""
    monkeypatch.setenv("C360_CACHE", str(tmp_path))
    await load(store)
    await store.write("MATCH (m:Meta {name: 'c360'}) SET m.store_id = 'here'")
    await record(store, RULES, Report(_said("1", "2026-03-25", score=9), customer="c-ada"))

    async def by_another_process(hours: float, rules: Rules = RULES) -> tuple[int, int]:
        now = NOW + int(hours * 3_600_000)
        done = await AlertWatch(store, rules, JourneyKeeper(store, rules)).evaluate(now)
        return done.raised, done.looked_at

    assert await by_another_process(0) == (3, 3)
    assert await by_another_process(2) == (0, 2), "Ada and Bob, of whom there are alerts now"
    await record(store, RULES, Report(_said("2", "2026-03-30", score=0), customer="c-cleo"))
    assert await by_another_process(4) == (1, 1)
    opened = _said("3", "2026-03-31T05:00", kind="ticket.created", ticket="desk/1")
    await record(store, RULES, Report(opened, customer="c-cleo"))
    assert await by_another_process(6) == (0, 1), "Cleo, who wrote"
    assert await by_another_process(8.9) == (0, 0)
    assert await by_another_process(9) == (1, 1), "nobody replied to Cleo"
    assert await by_another_process(9, Rules(alert=RULES.alert[:1])) == (0, 3)


def _said(id: str, at: str, kind: str = "survey.answered", score: float | None = None, **more: Any) -> Interaction:
    answer: dict[str, Any] = {} if score is None else {"metric": SurveyMetric.NPS, "score": score, "scale": (0, 10)}
    return Interaction(
        source=SOURCE,
        stream=STREAM,
        id=id,
        kind=kind,
        function=BusinessFunction.SERVICE,
        channel=Channel.WEB,
        direction=Direction.INBOUND,
        occurred_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        person="",
        **answer,
        **more,
    )

"""Alerts over GraphQL: what waits, with what followed; what people do about it; who is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.plan.change_cursor import place_cursor
from api.plan.ids import encode_id
from api.plan.service import Service
from api.schema.schema import graphql_schema
from connectors.records import BusinessFunction, Channel, Direction, Interaction, SurveyMetric
from graph.store.driver import Store
from graph.sync.recording import SOURCE, STREAM, Report, record
from tests.api.conftest import Ask, asker
from tests.api.socket_client import opened_socket
from tests.api.test_subscriptions import served
from tests.graph.alerts.company import NOW, RULES, evaluate, load

pytestmark = pytest.mark.anyio
EXAMPLES = Path(__file__).parents[2] / "examples" / "queries"
HANDLE = """mutation ($id: ID!, $until: DateTime!) {
  assignAlert(input: {alertId: $id, owner: "Uma Rai"}) { alert { owner } userErrors { code } }
  acknowledgeAlert(input: {alertId: $id}) { alert { status } userErrors { code } }
  snoozeAlert(input: {alertId: $id, until: $until}) { alert { status snoozedUntil } userErrors { code } }
  tried: resolveAlert(input: {alertId: $id, outcome: LOST, dryRun: true}) { alert { status } userErrors { code } }
  reopenAlert(input: {alertId: $id}) { alert { status } userErrors { code field message } } }"""


def asking(store: Store, *, walked: bool = False) -> Ask:
    at = datetime.fromtimestamp(NOW / 1000, UTC)
    return asker(Service(graphql_schema(), store, writes_to=store, rules=RULES, now=lambda: at, walked=walked))


async def _then(store: Store, id: str, at: str, kind: str, **more: Any) -> None:
    """Something more happens to Ada."""
    given: dict[str, Any] = {"direction": Direction.OUTBOUND, "channel": Channel.PHONE} | more
    told = Interaction(
        source=SOURCE,
        stream=STREAM,
        id=id,
        kind=kind,
        function=BusinessFunction.SERVICE,
        occurred_at=datetime.fromisoformat(at).replace(tzinfo=UTC),
        **given,
    )
    await record(store, RULES, Report(told, customer="c-ada"))


async def _company(store: Store) -> str:
    await load(store)
    await evaluate(store)
    rows = await store.read("MATCH (a:Alert)-[:CONCERNS]->()-[:DESCRIBES]->(:Customer {id: 'c-ada'}) RETURN a.id")
    return encode_id("Alert", str(rows[0][0]))


async def test_an_alert_finds_its_follow_up_and_the_next_score(store: Store) -> None:
    """A campaign and a machine are no follow-up, the call is; the next NPS is 9, a CSAT before it is another metric."""
    id = await _company(store)
    await _then(store, "1", "2026-03-21", "email.sent", campaign="mkt/c1")
    await _then(store, "2", "2026-03-22", "ticket.replied", automated=True)
    await _then(store, "3", "2026-03-23", "call.made", agent="Tom Ek")
    inbound = {"direction": Direction.INBOUND, "kind": "survey.answered"}
    await _then(store, "4", "2026-03-24", metric=SurveyMetric.CSAT, score=1, scale=(1, 5), **inbound)
    await _then(store, "5", "2026-03-25", metric=SurveyMetric.NPS, score=9, scale=(0, 10), **inbound)
    query = (EXAMPLES / "alerts.graphql").read_text(encoding="utf-8")

    answer = await asking(store)(query)

    assert "errors" not in answer
    assert answer == await asking(store, walked=True)(query)
    alerts = answer["data"]["alerts"]
    assert alerts["totalCount"] == 3
    (ada,) = [alert for alert in alerts["nodes"] if alert["id"] == id]
    assert ada["customer"]["displayName"] == "Ada Byron"
    assert (ada["condition"], ada["owner"], ada["cause"]["kind"]) == ("DETRACTOR", "Tom Ek", "survey.answered")
    assert ada["evidence"]["score"] == 2
    assert ada["followUp"] == {"kind": "call.made", "occurredAt": "2026-03-23T00:00:00Z", "agent": "Tom Ek"}
    assert ada["nextScore"] == {"isRecovered": True, "score": {"metric": "NPS", "rawScore": 9.0}}
    bob = next(alert for alert in alerts["nodes"] if alert["condition"] == "SLA")
    assert (bob["followUp"], bob["nextScore"]) == (None, None)


async def test_people_handle_alerts_and_are_told_why_not(store: Store) -> None:
    """Owner, state and history follow; what cannot be done says why; filters find by status, owner and customer."""
    id = await _company(store)
    ask = asking(store)

    answer = await ask(HANDLE, id=id, until="2100-01-01T00:00:00Z")
    data = answer["data"]
    assert data["assignAlert"]["alert"] == {"owner": "Uma Rai"}
    assert data["acknowledgeAlert"]["alert"] == {"status": "ACKNOWLEDGED"}
    assert data["snoozeAlert"]["alert"] == {"status": "SNOOZED", "snoozedUntil": "2100-01-01T00:00:00Z"}
    assert data["tried"] == {"alert": {"status": "SNOOZED"}, "userErrors": []}
    (error,) = data["reopenAlert"]["userErrors"]
    assert (data["reopenAlert"]["alert"], error["code"], error["field"]) == (None, "NOT_RESOLVED", "alertId")

    resolve = (EXAMPLES / "resolve_alert.graphql").read_text(encoding="utf-8")
    closed = await ask(resolve, input={"alertId": id, "outcome": "RECOVERED", "note": "We called."})
    alert = closed["data"]["resolveAlert"]["alert"]
    assert (alert["status"], alert["outcome"]) == ("RESOLVED", "RECOVERED")
    assert [event["deed"] for event in alert["history"]] == ["ASSIGNED", "ACKNOWLEDGED", "SNOOZED", "RESOLVED"]

    found = await ask(
        """query ($id: ID!) { alerts(filter: {status: {eq: RESOLVED}, owner: {eq: "Uma Rai"}}) { nodes { id note } }
           node(id: $id) { ... on Alert { rule } }
           customers { nodes { displayName alerts(filter: {not: {status: {eq: RESOLVED}}}) { totalCount } } } }""",
        id=id,
    )
    assert found["data"]["alerts"]["nodes"] == [{"id": id, "note": "We called."}]
    assert found["data"]["node"] == {"rule": "A detractor"}
    open_alerts = {one["displayName"]: one["alerts"]["totalCount"] for one in found["data"]["customers"]["nodes"]}
    assert open_alerts == {"Ada Byron": 0, "Bob Stone": 2, "Cleo Hart": 0}


async def test_subscribers_are_told_of_alerts_as_they_are_raised(embedded_store: Store) -> None:
    """Each alert comes once, with the customer whom it concerns, by the example; after a cursor the next ones come."""
    raised = (EXAMPLES / "alert_raised.graphql").read_text(encoding="utf-8")
    await load(embedded_store)
    async with served(embedded_store) as base, opened_socket(base) as client:
        await client.subscribe(raised, "a", after=place_cursor(0))
        await evaluate(embedded_store)
        told = [await asyncio.wait_for(client.event(), 20) for _ in range(3)]
        await client.subscribe(raised, "b", after=told[1]["cursor"])
        again = await asyncio.wait_for(client.event(), 20)

    assert sorted((one["customer"]["displayName"], one["alert"]["rule"]) for one in told) == [
        ("Ada Byron", "A detractor"),
        ("Bob Stone", "A detractor"),
        ("Bob Stone", "Nobody replied"),
    ]
    assert again == told[2]

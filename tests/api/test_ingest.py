"""`POST /ingest/<source>`: 202 means that it is safe, and everything else says what to do."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import ingest as ingest_module
from api.app import create_app
from api.ingest import Ingest
from connectors.configured import make_connectors
from connectors.errors import SourceUnavailable
from connectors.hookspecs import WebhookRequest
from connectors.plugins import load_plugins
from connectors.settings import read_settings
from graph.rules import Rules
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from graph.sync.land import LandingSource
from graph.sync.sync import sync
from tests.connectors.pushes import TOML, by_segment, customer, order, signed, structured
from tests.served import serving
from tests.sources import FixedSource, fixed_source, person

pytestmark = pytest.mark.anyio
FEED = "MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction) RETURN c.display_name, i.kind ORDER BY i.id"


def now() -> datetime:
    return datetime.now(UTC)


def landing(folder: Path) -> list[LandingSource]:
    (folder / "plugins.toml").write_text(TOML)
    settings = read_settings(folder / "plugins.toml")
    return [LandingSource(one, "webhook", 0.7) for one in make_connectors(settings, load_plugins(off=""))]


@asynccontextmanager
async def asking(store: Store, *sources: LandingSource) -> AsyncIterator[tuple[httpx.AsyncClient, Ingest]]:
    ingest = Ingest(store, Rules(), sources)
    transport = httpx.ASGITransport(create_app(store, ingest=ingest))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client, ingest
        await ingest.close()


async def test_a_push_is_safe_and_then_in_the_journey(store: Store, tmp_path: Path) -> None:
    """Of somebody known it shows without a sync; the source is named with its trust."""
    await sync([fixed_source("crm", person("crm/contacts/1", "Ada Byron", email="ada@byron.test"))], store, Rules())
    async with asking(store, *landing(tmp_path)) as (client, ingest):
        headers, body = structured(order(), at=now())

        answer = await client.post("/ingest/shop", content=body, headers=headers)

        assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
        await ingest.stored()
        again = await client.post("/ingest/shop", content=body, headers=headers)
        await ingest.stored()
        assert again.status_code == 202
    await sync([], store, Rules())
    assert await store.read(FEED) == [["Ada Byron", "order.placed"]]
    assert await store.read("MATCH (s:Source {name: 'shop'}) RETURN s.connector, s.trust") == [["webhook", 0.7]]


async def test_an_address_that_takes_pushes_can_be_looked_at(embedded_store: Store, tmp_path: Path) -> None:
    """Mailchimp asks with GET before it pushes; it learns nothing else."""
    async with asking(embedded_store, *landing(tmp_path)) as (client, _):
        asked = [("GET", "shop"), ("HEAD", "shop"), ("GET", "other"), ("PUT", "shop")]
        looks = [(await client.request(method, f"/ingest/{name}")).status_code for method, name in asked]

    assert looks == [200, 200, 404, 405]


async def test_somebody_new_is_linked_by_the_next_sync(embedded_store: Store, tmp_path: Path) -> None:
    """The push is stored as a record; the sync makes the customer."""
    await sync([fixed_source("crm", person("crm/contacts/1", "Bo Lund"))], embedded_store, Rules())
    async with asking(embedded_store, *landing(tmp_path)) as (client, ingest):
        headers, body = structured(customer("c1", name="Ada Byron", email="ada@byron.test"), at=now())
        assert (await client.post("/ingest/shop", content=body, headers=headers)).status_code == 202
        await ingest.stored()
    await sync([], embedded_store, Rules())
    assert ["Ada Byron"] in await embedded_store.read("MATCH (c:Customer) RETURN c.display_name")


async def test_a_sync_at_work_keeps_nobody_waiting(
    embedded_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered at once while the graph is being linked, and stored afterwards."""
    monkeypatch.setattr(ingest_module, "AGAIN_SECONDS", 0.2)
    async with asking(embedded_store, *landing(tmp_path)) as (client, ingest):
        headers, body = structured(order(), at=now())
        async with embedded_store.lease("link"):
            assert (await client.post("/ingest/shop", content=body, headers=headers)).status_code == 202
            await asyncio.sleep(1.2)
            assert await embedded_store.read("MATCH (i:Interaction) RETURN i.id") == []
        await asyncio.wait_for(ingest.stored(), 20)
    assert await embedded_store.read("MATCH (i:Interaction) RETURN i.id") == [["shop/interactions//shop#e1"]]


@pytest.mark.parametrize(
    ("path", "changed", "status", "said"),
    [
        ("/ingest/nobody", {}, 404, "No source of this name"),
        ("/ingest/crm", {}, 404, "No source of this name"),
        ("/ingest/shop", {"webhook-signature": "v1,AAAA"}, 401, "by none of our secrets"),
        ("/ingest/shop", {"content-type": "application/cloudevents+avro"}, 400, "come as JSON"),
        ("/ingest/shop", {"content-encoding": "gzip"}, 415, "not compressed"),
        ("/ingest/shop", {"content-length": "6000000"}, 413, "5,000,000 bytes"),
    ],
)
async def test_a_refusal_says_why_and_keeps_nothing(
    embedded_store: Store, tmp_path: Path, path: str, changed: dict[str, str], status: int, said: str
) -> None:
    """With a code, and a status that the sender's retries understand."""
    async with asking(embedded_store, *landing(tmp_path), fixed_source("crm")) as (client, _):
        headers, body = structured(order(), at=now())
        answer = await client.post(path, content=body, headers={**headers, **changed})
    assert answer.status_code == status
    assert said in answer.json()["message"]
    assert await embedded_store.read("MATCH (p:Push) RETURN p.id") == []


@pytest.mark.parametrize("total", ["NaN", "Infinity", "1e999"])
async def test_a_number_that_is_none_is_rejected(embedded_store: Store, tmp_path: Path, total: str) -> None:
    """It is kept with its reason, and the rest of the batch is taken; as a literal it is no JSON, and refused."""
    async with asking(embedded_store, *landing(tmp_path)) as (client, ingest):
        headers, body = structured([order("e1", total=total), order("e2")], at=now())
        answer = await client.post("/ingest/shop", content=body, headers=headers)
        await ingest.stored()
        literal = body.replace(f'"{total}"'.encode(), total.encode())
        headers |= signed(literal, at=now())
        refused = await client.post("/ingest/shop", content=literal, headers=headers)

    assert (answer.status_code, answer.json()) == (202, {"accepted": 1})
    assert refused.status_code == 400
    ((reason,),) = await embedded_store.read("MATCH (r:Rejection {source: 'shop'}) RETURN r.reason")
    assert f"data.total: '{total}' is not a number" in reason
    assert await embedded_store.read("MATCH (i:Interaction) RETURN i.amount") == [[25.5]]


async def test_refusals_are_counted_and_told_once_a_minute(
    embedded_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends rubbish fills neither the log nor the metrics; sources that are guessed are one."""
    async with asking(embedded_store, *landing(tmp_path)) as (client, _):
        headers, body = structured(order(), at=now())
        for number in range(5):
            await client.post("/ingest/shop", content=b"rubbish", headers=headers)
            await client.post(f"/ingest/guess{number}", content=b"rubbish")
        await client.post("/ingest/shop", content=body, headers=headers)
        metrics = (await client.get("/metrics")).text

    assert sum("a push was refused" in line for line in caplog.messages) == 1
    assert 'c360_pushes_total{source="shop",status="401"} 5.0' in metrics
    assert 'c360_pushes_total{source="",status="404"} 5.0' in metrics
    assert 'c360_pushes_total{source="shop",status="202"} 1.0' in metrics


class Pushing(FixedSource):
    """A connector of somebody else that takes pushes in its own way."""

    problem: BaseException | None = None
    seen: WebhookRequest | None = None

    async def webhook(self, request: WebhookRequest) -> list[Any]:
        self.seen = request
        if self.problem is not None:
            raise self.problem
        if request.body == b"slow":
            await asyncio.sleep(60)
        return [person("desk/users/1", "Ada Byron")]


@pytest.mark.parametrize(
    ("problem", "body", "status"),
    [
        (KeyError("ada@byron.test"), b"", 500),
        (SystemExit(3), b"", 500),
        (SourceUnavailable("the desk does not answer"), b"", 503),
        (None, b"slow", 503),
        (None, b"", 202),
    ],
)
async def test_the_webhook_of_another_connector_is_served_too(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch, problem: BaseException | None, body: bytes, status: int
) -> None:
    """Whatever it raises is an answer: it may fail or hang, the API goes on, and no value of it is told."""
    monkeypatch.setattr(ingest_module, "WEBHOOK_SECONDS", 0.2)
    connector = Pushing("desk", {})
    connector.problem = problem
    async with asking(embedded_store, LandingSource(connector, "desk")) as (client, ingest):
        answer = await client.post("/ingest/desk?x=1", content=body, headers={"X-Desk": "1"})
        assert answer.status_code == status
        assert "ada@" not in answer.text
        assert connector.seen is not None
        assert connector.seen.headers["x-desk"] == "1"
        assert connector.seen.url.endswith("/ingest/desk?x=1")
        await ingest.stored()
    stored = await embedded_store.read("MATCH (r:SourceRecord) RETURN r.key")
    assert stored == ([["desk/users/1"]] if status == 202 else [])


async def test_plugins_see_what_is_pushed_before_it_is_kept(embedded_store: Store) -> None:
    """What a plugin takes out of a record is in no push either."""
    connector = Pushing("desk", {})
    seen: list[tuple[str, str]] = []

    async def adjust(source: str, stream: str, pairs: list[tuple[Any, list[Any]]]) -> None:
        seen.append((source, stream))
        for _, records in pairs:
            records.clear()

    ingest = Ingest(embedded_store, Rules(), [LandingSource(connector, "desk")], adjust)
    transport = httpx.ASGITransport(create_app(embedded_store, ingest=ingest))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post("/ingest/desk", content=b"")
    await ingest.close()

    assert answer.json() == {"accepted": 0}
    assert seen == [("desk", "pushed")]
    assert await embedded_store.read("MATCH (p:Push) RETURN p.id") == []


@pytest.mark.long
async def test_a_kill_after_202_loses_nothing(embedded_settings: StoreSettings, tmp_path: Path) -> None:
    """SIGKILL the moment the answer is there, twenty orders later: the next process has all of them."""
    (tmp_path / "plugins.toml").write_text(TOML)
    environment = {"C360_STORE": embedded_settings.uri, "PYTHONUNBUFFERED": "1"}
    with serving(tmp_path, tmp_path / "log", environment) as served:
        async with httpx.AsyncClient(base_url=f"http://{served.host}:{served.port}") as client:
            for number in range(20):
                headers, body = structured(order(f"e{number}", no=f"A-{number}"), at=now())
                answer = await client.post("/ingest/shop", content=body, headers=headers)
                assert answer.status_code == 202, answer.text
            os.kill(served.process.pid, signal.SIGKILL)
            served.process.wait()
    async with open_store(embedded_settings) as store:
        await sync(landing(tmp_path), store, Rules())
        found = await store.read("MATCH (i:Interaction) RETURN i.order")
        assert {order for (order,) in found} == {f"shop/A-{number}" for number in range(20)}
        assert await store.read("MATCH (p:Push) RETURN p.id") == []


async def test_what_a_visitor_did_is_theirs_when_they_are_known(embedded_store: Store, tmp_path: Path) -> None:
    """Segment: pages of an anonymous id, identify with it, alias of an older user: one customer, one journey.

    The calls come in the wrong order, and some twice.
    """
    secret = "0123456789abcdef0123"
    (tmp_path / "plugins.toml").write_text(f'[app]\nconnector = "webhook"\nformat = "segment"\nsecret = "{secret}"\n')
    (connector,) = make_connectors(read_settings(tmp_path / "plugins.toml"), load_plugins(off=""))
    visit = {"type": "page", "anonymousId": "v1", "name": "Prices", "timestamp": "2026-02-01T10:00:00Z"}
    used = {"type": "track", "userId": "old-7", "event": "Report Exported", "timestamp": "2026-01-01T10:00:00Z"}
    calls: list[Any] = [
        {"type": "alias", "userId": 7, "previousId": "old-7"},
        {**used, "messageId": "m0"},
        {
            "type": "identify",
            "userId": "7",
            "anonymousId": "v1",
            "traits": {"name": "Ada Byron", "email": "ada@byron.test"},
        },
        {"batch": [{**visit, "messageId": "m1"}, {**visit, "messageId": "m2", "name": "Start"}]},
        {**visit, "messageId": "m1"},
        {**visit, "messageId": "m3", "anonymousId": "v2"},
    ]
    await sync([fixed_source("crm", person("crm/contacts/1", "Bo Lund"))], embedded_store, Rules())
    async with asking(embedded_store, LandingSource(connector, "webhook")) as (client, ingest):
        for call in calls:
            headers, body = by_segment(call, secret)
            assert (await client.post("/ingest/app", content=body, headers=headers)).status_code == 202
        await ingest.stored()

    await sync([], embedded_store, Rules())

    journeys = await embedded_store.read(
        "MATCH (c:Customer)-[:EXPERIENCED]->(i:Interaction) WHERE i.source = 'app' "
        "WITH c, i ORDER BY i.at, i.id RETURN c.display_name, collect(i.subject)"
    )
    assert ["Ada Byron", ["Report Exported", "Prices", "Start"]] in journeys
    assert len(journeys) == 2, "the second visitor is somebody else"

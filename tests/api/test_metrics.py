"""What an operator sees: the metrics, who may read them, and the log of slow operations."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from api.metrics import MOST_NAMES, Metrics
from api.plan.ids import encode_id
from api.plan.observation import Observation, Outcome
from api.plan.service import Service
from api.schema.schema import graphql_schema
from api.settings import ApiSettings, ServerError
from api.slow_log import SlowLog
from api.viewer import LOCAL_VIEWER
from graph.keys import Role, create_key
from graph.store.driver import Store, open_store
from graph.store.settings import StoreSettings
from tests.api.conftest import write_company
from tests.api.socket_client import opened_socket
from tests.api.test_http import JSON, TOKEN, TYPENAME, client_of
from tests.api.test_subscriptions import served
from tests.cable import cable_to

pytestmark = pytest.mark.anyio
METRICS_TOKEN = "prometheus-reads-this"
FOLLOW = "subscription { customerMerged { formerIds } }"


def figures(text: str) -> dict[tuple[str, ...], float]:
    """The samples by name and label values, histograms' buckets left out."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


async def told(client: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return figures(answer.text)


async def post(client: httpx.AsyncClient, query: str, **variables: Any) -> httpx.Response:
    return await client.post("/graphql", json={"query": query, "variables": variables}, headers=JSON)


async def test_operations_are_counted_by_name_and_by_how_they_ended(embedded_store: Store) -> None:
    """Named, anonymous and refused ones; those with errors of the client's and of ours; by status; by plan or walk."""
    await write_company(embedded_store)
    async with client_of(embedded_store) as client:
        one = "query One($id: ID!) { customer(id: $id) { displayName } }"
        for name in ("ada", "bob"):
            assert (await post(client, one, id=encode_id("Customer", f"c-{name}"))).status_code == 200
        await post(client, one, id="no id")
        await post(client, "{ customers { nodes { id } } }")
        await post(client, "{ nothing }")
        await embedded_store.write("MATCH (c:Customer {id: 'c-ada'}) SET c.emails = 'not JSON'")
        await post(client, "query Broken { customers { nodes { emails { address } } } }")
        found = await told(client)

    assert found["c360_operations_total", "One", "ok"] == 2
    assert found["c360_operations_total", "One", "errors"] == 1
    assert found["c360_operation_seconds_count", "One"] == 3
    assert 0 < found["c360_operation_seconds_sum", "One"] < 30
    assert found["c360_operations_total", "(anonymous)", "ok"] == 1
    assert found["c360_operations_total", "(refused)", "refused"] == 1
    assert found["c360_operations_total", "(other)", "failed"] == 1  # what never went well gets no series of its own
    assert (found["c360_http_responses_total", "200"], found["c360_http_responses_total", "400"]) == (5, 1)
    assert found["c360_plan_cache_total", "hit"] == 1
    assert found["c360_plan_cache_total", "miss"] == 4
    assert found["c360_plan_cache_plans",] == 4
    assert found["c360_answers_total", "planned"] == 3
    assert found["c360_answers_total", "walked"] == 2
    assert found["c360_operations_in_flight",] == found["c360_store_sessions",] == 0
    assert found["c360_store_sessions_max",] == 100
    assert found["process_resident_memory_bytes",] > 10_000_000


async def test_what_is_open_is_counted_while_it_is_open(embedded_store: Store) -> None:
    """Sockets, event streams and followers; the change log is read within the second while somebody follows."""
    async with served(embedded_store) as base, httpx.AsyncClient(base_url=base, timeout=10) as client:
        before = await told(client)
        async with opened_socket(base) as socket:
            await socket.subscribe(FOLLOW, "a")
            await socket.subscribe(FOLLOW, "b")
            events = {"accept": "text/event-stream"}
            async with client.stream("POST", "/graphql", json={"query": FOLLOW}, headers=events) as stream:
                chunks = stream.aiter_bytes()
                await anext(chunks)
                await asyncio.sleep(0.6)
                during = await told(client)
        await asyncio.sleep(0.2)
        after = await told(client)

    names = ("c360_sockets", "c360_event_streams", "c360_followers")
    assert [before[name,] for name in names] == [after[name,] for name in names] == [0, 0, 0]
    assert [during[name,] for name in names] == [1, 1, 3]
    assert 0 <= during["c360_change_log_age_seconds",] < 1
    assert ("c360_change_log_age_seconds",) not in after


async def test_operations_under_way_and_their_sessions_are_counted(embedded_store: Store) -> None:
    """While a query waits for the store it is in flight, with a session in use; a query that is cut off is counted."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    class Waiting:
        async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]:
            async with embedded_store._sessions.open("READ"):
                asked.set()
                await go_on.wait()
            return await embedded_store.read(query, **parameters)

    seen: list[Observation] = []
    service = Service(graphql_schema(), Waiting(), observers=[seen.append])
    asking = asyncio.create_task(service.answer("query Q { customers { nodes { id } } }"))
    await asked.wait()
    assert (service.in_flight, embedded_store.sessions) == (1, 1)
    go_on.set()
    await asking
    assert (service.in_flight, embedded_store.sessions) == (0, 0)
    asked.clear()
    go_on.clear()
    asking = asyncio.create_task(service.answer("query Q { customers { nodes { id } } }"))
    await asked.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)

    assert (service.in_flight, embedded_store.sessions) == (0, 0)
    assert [one.outcome for one in seen] == [Outcome.OK, Outcome.CANCELLED]


async def test_a_store_that_is_away_is_told_as_that(neo4j_settings: StoreSettings) -> None:
    """The outcome is `unavailable`; the token of the metrics lets read them all the same."""
    settings = ApiSettings(metrics_token=SecretStr(METRICS_TOKEN))
    async with (
        cable_to(neo4j_settings) as cable,
        open_store(cable.settings) as store,
        client_of(store, settings) as client,
    ):
        query = "query Names { sources { name } }"
        assert (await post(client, query)).status_code == 200
        await cable.stop()
        assert (await post(client, query)).status_code == 503
        unknown = await client.get("/metrics", headers={"x-api-key": "c360_0123456789abcdef_" + "x" * 43})
        answer = await client.get("/metrics", headers={"authorization": f"Bearer {METRICS_TOKEN}"})

    assert unknown.status_code == 503
    found = figures(answer.text)
    assert found["c360_operations_total", "Names", "unavailable"] == 1
    assert found["c360_http_responses_total", "503"] == 1


async def test_series_are_bounded_whatever_clients_call_their_operations() -> None:
    """A hundred names, then `(other)`; a name that is too long, or never went well, is `(other)`, too."""
    metrics = Metrics()

    def saw(name: str | None, outcome: Outcome = Outcome.OK) -> None:
        metrics.answered(Observation(LOCAL_VIEWER, name, document=b"", outcome=outcome, seconds=0.01))

    saw("x" * 81)
    saw("NeverWell", Outcome.FAILED)
    for number in range(300):
        saw(f"Name{number}")
        saw(None)
    saw("Name7", Outcome.FAILED)
    names = {
        sample.labels["operation"]
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "c360_operations_total"
    }

    assert len(names) == MOST_NAMES
    assert {"(other)", "(anonymous)", "Name0", "Name7"} <= names
    assert not {"NeverWell", "x" * 81, "Name299"} & names


async def test_the_metrics_are_for_operators(embedded_store: Store) -> None:
    """Their own token opens them and nothing else; admins may read them, others not; unasked only this machine."""

    async def status(settings: ApiSettings | None = None, host: str = "localhost:8360", **headers: str) -> int:
        async with client_of(embedded_store, settings, host=host) as client:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return (await client.get("/metrics", headers=named)).status_code

    own = ApiSettings(metrics_token=SecretStr(METRICS_TOKEN), token=SecretStr(TOKEN))
    alone = ApiSettings(metrics_token=SecretStr(METRICS_TOKEN))
    assert await status() == 200
    assert await status(host="evil.example") == 403
    assert await status(alone) == 401
    assert await status(own) == 401
    assert await status(own, host="c360.example", authorization=f"Bearer {METRICS_TOKEN}") == 200
    assert await status(own, authorization=f"Bearer {TOKEN}") == 200
    assert await status(own, authorization=f"Bearer {TOKEN}x") == 401
    async with client_of(embedded_store, own) as client:
        asked = await client.post(
            "/graphql", content=TYPENAME, headers={**JSON, "authorization": f"Bearer {METRICS_TOKEN}"}
        )
    assert asked.status_code == 401
    for role in Role:
        _, key = await create_key(embedded_store, role.word, role)
        assert await status(x_api_key=key) == (200 if role is Role.ADMIN else 403)
    assert await status() == 401


async def test_prometheus_and_openmetrics_are_spoken(embedded_store: Store) -> None:
    """The media type is the one that is asked for, and names its version."""
    async with client_of(embedded_store) as client:
        plain = await client.get("/metrics")
        wanted = {"accept": "application/openmetrics-text; version=1.0.0"}
        open_metrics = await client.get("/metrics", headers=wanted)

    assert plain.headers["content-type"].startswith("text/plain; version=")
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert open_metrics.text.endswith("# EOF\n")


async def test_a_slow_operation_is_logged_without_values(
    embedded_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Name, time, outcome, rows, hashes and the key's id; no value of the request or the answer. A quick one is not."""
    await write_company(embedded_store)
    key, text = await create_key(embedded_store, "Ada's own", Role.ADMIN)
    query = "query Slow($q: String!) { search(query: $q) { nodes { ... on Customer { displayName } } } }"
    with caplog.at_level(logging.WARNING, "c360.api.slow"):
        for settings in (ApiSettings(slow_seconds=0), ApiSettings(slow_seconds=None), ApiSettings(slow_seconds=29)):
            async with client_of(embedded_store, settings) as client:
                headers = {**JSON, "x-api-key": text}
                body = {"query": query, "variables": {"q": "ada@x.test"}}
                assert "Ada Lovelace" in (await client.post("/graphql", json=body, headers=headers)).text

    (line,) = [record.getMessage() for record in caplog.records if record.name == "c360.api.slow"]
    said = dict(part.split("=") for part in line.removeprefix("slow operation: ").split())
    assert (said["name"], said["outcome"], said["rows"], said["way"], said["key"]) == (
        "Slow",
        "ok",
        "1",
        "planned",
        key.id,
    )
    assert re.fullmatch(r"\d+", said["ms"])
    assert re.fullmatch("[0-9a-f]{32}", said["document"])
    assert re.fullmatch("[0-9a-f]{16}", said["plan"])
    assert "ada" not in line.lower()


def test_the_same_shape_has_the_same_hash_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """A set in a plan's key has no order of its own: in every process it is written in one order."""
    slow = SlowLog(0)
    one, other = frozenset(["Account", "Customer", "value"]), frozenset(["value", "Customer", "Account"])
    with caplog.at_level(logging.WARNING, "c360.api.slow"):
        for ids in (one, other, frozenset(["Customer"])):
            slow.answered(Observation(LOCAL_VIEWER, None, b"", plan_key=(b"d", None, (("ids", ids),))))
    plans = [re.search(r"plan=(\w+)", record.getMessage()) for record in caplog.records]

    assert plans[0] is not None
    assert plans[1] is not None
    assert plans[2] is not None
    assert plans[0][1] == plans[1][1] != plans[2][1]


def test_the_threshold_and_the_token_come_from_the_environment() -> None:
    """Milliseconds or `off`, a second unless said; anything else, and a short token, is refused in words."""

    def slow(text: str) -> float | None:
        return ApiSettings.from_environment({"C360_SLOW_QUERY_MS": text}).slow_seconds

    assert (slow(""), slow("0"), slow("250"), slow("off")) == (1.0, 0.0, 0.25, None)
    for wrong in ("-1", "fast", "1.5"):
        with pytest.raises(ServerError, match="C360_SLOW_QUERY_MS"):
            slow(wrong)
    with pytest.raises(ServerError, match="C360_METRICS_TOKEN must be at least 16"):
        ApiSettings.from_environment({"C360_METRICS_TOKEN": "short"})
    token = ApiSettings.from_environment({"C360_METRICS_TOKEN": METRICS_TOKEN}).metrics_token
    assert token is not None
    assert token.get_secret_value() == METRICS_TOKEN

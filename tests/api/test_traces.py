"""Traces: what was done and how long it took, for OpenTelemetry's own SDK and a real receiver, and nobody's data."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from api.traces import traced_process
from connectors.errors import SourceError
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.store.settings import StoreSettings
from graph.sync.sync import sync
from tests.api.cli.calls import Shell
from tests.api.test_http import JSON, client_of
from tests.graph.sync.small_company import small_company
from tests.sources import fixed_source, person

pytestmark = pytest.mark.anyio

NAMES = "query Names($name: String!) { customers(first: 2) { nodes { displayName } } search(query: $name) { nodes { __typename } } }"  # noqa: E501


@pytest.fixture
def spans(embedded_store: Store) -> InMemorySpanExporter:
    """All spans that have ended since the store is traced."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    embedded_store.tracer = provider.get_tracer("test")
    return exporter


async def test_a_sync_leaves_spans_of_its_sources_streams_pages_and_queries(
    embedded_store: Store, spans: InMemorySpanExporter
) -> None:
    """Each within the one it is of; a page tells source, stream and how many records it had."""
    await sync(small_company(30, 60, page_size=20), embedded_store, Rules())

    found = _by_name(spans)
    assert {"sync", "sync source", "sync stream", "read page", "store page", "link", "derive"} <= set(found)
    assert {"cypher writes/begin_sync", "cypher writes/create_records"} <= set(found)
    (whole,) = found["sync"]
    assert [_parent(span) for span in found["sync source"]] == [whole.get_span_context()] * 2  # type: ignore[no-untyped-call]
    pages = [dict(span.attributes or {}) for span in found["store page"]]
    assert {page["c360.source"] for page in pages} == {"crm", "helpdesk"}
    assert max(int(str(page["c360.records"])) for page in pages) == 20
    assert sum(int(str(page["c360.records"])) for page in pages) == 30 + 15 + 60
    streams = [span.get_span_context() for span in found["sync stream"]]  # type: ignore[no-untyped-call]
    assert all(_parent(span) in streams for span in found["store page"])
    assert all(
        span.attributes and span.attributes["db.system.name"] == "embedded"
        for span in found["cypher writes/begin_sync"]
    )
    assert all(span.status.status_code is not StatusCode.ERROR for span in spans.get_finished_spans())


async def test_a_request_leaves_a_span_with_its_operation_and_the_queries_it_became(
    embedded_store: Store, spans: InMemorySpanExporter
) -> None:
    """In the trace that the client began; named by the operation, with the hash of its document and its outcome."""
    await sync(small_company(10, 20), embedded_store, Rules())
    spans.clear()
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {**JSON, "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    async with client_of(embedded_store) as client:
        body = {"query": NAMES, "variables": {"name": "Ada K000berg"}}
        answer = await client.post("/graphql", json=body, headers=headers)
        assert "errors" not in answer.json()
        await client.post("/graphql", json={"query": "{ nothing }"}, headers=JSON)

    found = _by_name(spans)
    request, refused = found["/graphql"]
    (operation,) = found["query Names"]
    assert operation.attributes is not None
    assert request.kind is SpanKind.SERVER
    assert f"{request.context.trace_id:032x}" == trace  # type: ignore[union-attr]
    assert _parent(operation) == request.get_span_context()  # type: ignore[no-untyped-call]
    assert operation.attributes["graphql.operation.name"] == "Names"
    assert operation.attributes["c360.outcome"] == "ok"
    assert len(str(operation.attributes["c360.document"])) == 32
    for query in ("cypher plan customers end", "cypher plan customers until"):
        assert _parent(found[query][0]) == operation.get_span_context()  # type: ignore[no-untyped-call]
    assert refused.attributes is not None
    assert refused.attributes["http.response.status_code"] == 400
    assert [span.attributes and span.attributes["c360.outcome"] for span in found["operation"]] == ["refused"]


async def test_what_fails_is_marked_by_its_type_alone(embedded_store: Store, spans: InMemorySpanExporter) -> None:
    """An exception's words may quote a value; neither a status nor an event holds them."""

    async def broken(*_: object) -> None:
        raise SourceError("Ada Quist cannot be read")

    with pytest.raises(StoreError):
        await embedded_store.read("RETURN toInteger($who) + missing", who="Ada Quist")
    await sync([fixed_source("crm", person("crm/contacts/1", "Ada Quist"))], embedded_store, Rules(), adjust=broken)

    failed = [span for span in spans.get_finished_spans() if span.status.status_code is StatusCode.ERROR]
    assert {span.attributes and span.attributes["error.type"] for span in failed} >= {"SourceError"}
    assert len(failed) >= 3
    assert "Ada" not in "".join(span.to_json() for span in spans.get_finished_spans())


@pytest.mark.long
async def test_no_span_of_a_whole_demo_holds_anybodys_name_address_or_telephone(
    tmp_path: Path, embedded_store: Store, embedded_settings: StoreSettings
) -> None:
    """Synced by a process of its own and asked over HTTP: what a real receiver got is searched for every value."""
    shell = Shell(tmp_path, embedded_settings)
    assert (await asyncio.to_thread(shell, "sample", str(tmp_path / "acme"), "--customers", "40")).code == 0
    with receiver() as (address, received):
        asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_SERVICE_NAME": "c360-of-the-test"}
        command = ["--config", str(tmp_path / "acme"), "sync"]
        ended = await asyncio.to_thread(_c360, command, {**os.environ, **store_environment(embedded_settings), **asked})
        assert ended.returncode == 0, ended.stderr
    values = {
        str(value).lower()
        for row in await embedded_store.read(
            "MATCH (c:Customer) RETURN c.display_name, c.email, c.phone, c.family_name"
        )
        for value in row
        if value and len(str(value)) > 4
    }
    assert len(values) > 60
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    embedded_store.tracer = provider.get_tracer("test")
    async with client_of(embedded_store) as client:
        for value in sorted(values)[:20]:
            await client.post("/graphql", json={"query": NAMES, "variables": {"name": value}}, headers=JSON)

    told = [*map(str, received), *(span.to_json() for span in exporter.get_finished_spans())]
    names = {span.name for request in received for span in _spans_of(request)}
    assert {"sync", "sync source", "store page", "derive"} <= names
    services = {
        attribute.value.string_value
        for request in received
        for resource in request.resource_spans
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
    }
    assert services == {"c360-of-the-test"}
    assert len(exporter.get_finished_spans()) > 60
    everything = "\n".join(told).lower()
    assert [value for value in values if value in everything] == []


def test_nobody_who_does_not_ask_for_traces_loads_them() -> None:
    """Without the standard's variables no module of OpenTelemetry is imported, and queries make no span."""
    program = (
        "import sys, api.cli.main, api.http, graph.sync.sync\n"
        "from api.traces import traced_process\n"
        "with traced_process({}) as tracer: assert tracer is None\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, None),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, None),
        ({"OTEL_TRACES_EXPORTER": "jaeger"}, "knows otlp and none, not 'jaeger'"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"},
            r"sends http/protobuf .*not 'grpc'",
        ),
    ],
)
def test_what_cannot_be_traced_is_told_and_stops_nothing(
    said: dict[str, str], why: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """The standard's switches hold; another exporter or protocol is named, with what there is."""
    with traced_process(said) as tracer:
        assert tracer is None
    if why is None:
        assert caplog.text == ""
    else:
        (record,) = caplog.records
        assert re.search(why, record.getMessage())


def test_without_the_extra_a_warning_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An import that fails as it does where the extra is not installed."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with traced_process({"OTEL_TRACES_EXPORTER": "otlp"}) as tracer:
        assert tracer is None
    assert "pip install 'c360[otel]'" in caplog.text


def store_environment(settings: StoreSettings) -> dict[str, str]:
    """What names this store to another process."""
    return {
        "C360_STORE": settings.uri,
        "C360_STORE_USER": settings.user,
        "C360_STORE_PASSWORD": settings.password.get_secret_value(),
    }


def _by_name(spans: InMemorySpanExporter) -> dict[str, list[ReadableSpan]]:
    found: dict[str, list[ReadableSpan]] = {}
    for span in spans.get_finished_spans():
        found.setdefault(span.name, []).append(span)
    return found


def _parent(span: ReadableSpan) -> Any:
    return span.parent


def _spans_of(request: ExportTraceServiceRequest) -> Iterator[Any]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def _c360(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from api.cli.main import run; run()", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@contextmanager
def receiver() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """An OTLP receiver over HTTP on this machine: its address, and what it was sent."""
    received: list[ExportTraceServiceRequest] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            assert self.path == "/v1/traces"
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()

"""Traces for an OpenTelemetry collector, switched on by the variables of its standard; the extra `c360[otel]`.

`OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) says where they are sent, over HTTP; the SDK reads the rest of
the standard's variables itself: headers, timeouts, batches, sampler, resource.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from api.plan.observation import Observation, Outcome
from graph.tracing import spanned

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

LOG = logging.getLogger("c360.traces")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_CONTEXT = (b"traceparent", b"tracestate")
LONGEST_NAME = 80
LAST_SECONDS = 3.0
"""So long the end of a command waits for a collector that does not answer."""


@contextmanager
def traced_process(environment: Mapping[str, str] | None = None) -> Iterator[Tracer | None]:
    """The tracer of this process, None where nobody asks for traces; at the end what is left is sent.

    Where they are asked for and cannot be made, a warning says what to do: nothing else depends on them.
    """
    said = os.environ if environment is None else environment
    provider = _provider(said) if _is_asked_for(said) else None
    if provider is None:
        yield None
        return
    try:
        yield provider.get_tracer("c360", version("c360"))
    finally:
        # Its own limit is the exporter's for each batch; who ends this process does not wait as long.
        last = threading.Thread(target=provider.shutdown, name="last spans", daemon=True)
        last.start()
        last.join(LAST_SECONDS)


def _is_asked_for(said: Mapping[str, str]) -> bool:
    if said.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = said.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter not in ("", "otlp", "none"):
        LOG.warning("OTEL_TRACES_EXPORTER: c360 knows otlp and none, not %r: there are no traces.", exporter[:20])
        return False
    return exporter == "otlp" or (not exporter and any(said.get(name) for name in _ENDPOINTS))


def _provider(said: Mapping[str, str]) -> TracerProvider | None:
    protocol = next((said[name] for name in _PROTOCOLS if said.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        LOG.warning(
            "OTEL_EXPORTER_OTLP_PROTOCOL: c360 sends http/protobuf (port 4318 of most collectors), not %r: "
            "there are no traces.", protocol[:20],
        )  # fmt: skip
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        LOG.warning("OTEL_… asks for traces, and the extra is not installed: pip install 'c360[otel]'.")
        return None
    name = {} if said.get("OTEL_SERVICE_NAME") else {"service.name": "c360"}
    resource = Resource.create({**name, "service.version": version("c360")})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


@contextmanager
def request_traced(tracer: Tracer, headers: list[tuple[bytes, bytes]]) -> Iterator[Callable[[int], None]]:
    """The span of a request to `/graphql`, in the trace that its `traceparent` names; tell it the answer's status."""
    from opentelemetry.trace import SpanKind, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    given = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name in (b"traceparent", b"tracestate")
    }
    with tracer.start_as_current_span(
        "/graphql",
        context=TraceContextTextMapPropagator().extract(given),
        kind=SpanKind.SERVER,
        attributes={"url.path": "/graphql"},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:

        def responded(status: int) -> None:
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)

        yield responded


@contextmanager
def operation_traced(tracer: Tracer, seen: Observation) -> Iterator[None]:
    """The span of a query or mutation, named by both: over HTTP within the request's, over a socket alone."""
    with spanned(tracer, "operation") as span:
        try:
            yield
        finally:
            if span is not None:
                _describe(span, seen)


def _describe(span: Span, seen: Observation) -> None:
    from opentelemetry.trace import StatusCode

    name = (seen.name or "(anonymous)")[:LONGEST_NAME]
    if seen.document is not None and seen.type is not None:
        span.update_name(f"{seen.type} {name}")
        span.set_attributes(
            {
                "graphql.operation.name": name,
                "graphql.operation.type": seen.type,
                "c360.document": seen.document.hex(),
                "c360.way": "walked" if seen.is_walked else "planned",
            }
        )
    span.set_attribute("c360.outcome", seen.outcome.value)
    if seen.outcome in (Outcome.UNAVAILABLE, Outcome.FAILED):
        span.set_status(StatusCode.ERROR)

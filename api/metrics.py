"""What an operator's Prometheus reads at `/metrics`: how long operations take, how they end, what is open.

What the API counts anyway (plans, sessions, followers) is only read when somebody asks for the metrics.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.feed import Feed
from api.issuer_keys import ProviderUnavailable
from api.oidc import NoRole
from api.plan.observation import Observation, Outcome
from api.plan.service import Service
from api.viewer import Door, ForeignHost, NotAnOperator, NotAuthenticated
from graph.deliveries.queue import DestinationState, count_deliveries
from graph.store.driver import MOST_SESSIONS, Store
from graph.store.errors import StoreError
from graph.sync.known_sources import SourceState, source_states

MOST_NAMES = 100
"""So many operations have series of their own; each is some twenty lines at every reading."""
LONGEST_NAME = 80
ANONYMOUS, OTHER, REFUSED = "(anonymous)", "(other)", "(refused)"
"""No name of GraphQL has brackets."""
SOURCES_SECONDS = 2.0
"""So long the store may take to tell how the sources are."""
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Seconds."""


class Metrics:
    """The metrics of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "c360_operation_seconds",
            "Time of an operation, from its document to its answer, without sending it.",
            ["operation"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._operations = Counter(
            "c360_operations", "Operations by how they ended.", ["operation", "outcome"], registry=self.registry
        )
        self._responses = Counter(
            "c360_http_responses", "Answers of /graphql by HTTP status.", ["status"], registry=self.registry
        )
        self._pushes = Counter(
            "c360_pushes", "Requests to /ingest/<source> by HTTP status.", ["source", "status"], registry=self.registry
        )
        self.sockets = Gauge("c360_sockets", "WebSockets that are open.", registry=self.registry)
        self.event_streams = Gauge("c360_event_streams", "Streams of events that are open.", registry=self.registry)
        # Looking a series up by its labels costs more than counting in it.
        self._series: dict[str, tuple[Histogram, dict[Outcome, Counter]]] = {}
        self._statuses: dict[int, Counter] = {}
        self.sources: Sequence[SourceState] = ()
        self.sources_read_at: float | None = None
        self.deliveries: Sequence[DestinationState] = ()
        """How each destination stood when deliveries were counted last."""
        ProcessCollector(registry=self.registry)

    def watch(self, service: Service, store: Store, feed: Feed) -> None:
        """Tell also what these count themselves."""
        self.registry.register(_Counted(service, store, feed))
        self.registry.register(_Sources(self))

    async def look_at_sources(self, store: Store) -> None:
        """Read how sources and deliveries are; a store that is away or slow leaves what was known, with its age."""
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(SOURCES_SECONDS):
                self.sources = await source_states(store)
                self.deliveries = await count_deliveries(store)
                self.sources_read_at = time.time()

    def answered(self, seen: Observation) -> None:
        """Count an operation."""
        seconds, outcomes = self._of(seen)
        seconds.observe(seen.seconds)
        counter = outcomes.get(seen.outcome)
        if counter is None:
            labels = (self._label(seen), seen.outcome.value)
            counter = outcomes[seen.outcome] = self._operations.labels(*labels)
        counter.inc()

    def responded(self, status: int) -> None:
        """Count an answer of `/graphql`."""
        counter = self._statuses.get(status)
        if counter is None:
            counter = self._statuses[status] = self._responses.labels(str(status))
        counter.inc()

    def pushed(self, source: str, status: int) -> None:
        """Count an answer of `/ingest/<source>`."""
        self._pushes.labels(source, str(status)).inc()

    def _of(self, seen: Observation) -> tuple[Histogram, dict[Outcome, Counter]]:
        label = self._label(seen)
        series = self._series.get(label)
        if series is None:
            series = self._series[label] = (self._seconds.labels(label), {})
        return series

    def _label(self, seen: Observation) -> str:
        if seen.document is None:
            return REFUSED
        if seen.name is None:
            return ANONYMOUS
        if seen.name in self._series:
            return seen.name
        # A name is the client's word: a name that was never answered gets no series, nor does one too many.
        has_room = len(self._series) < MOST_NAMES and len(seen.name) <= LONGEST_NAME
        return seen.name if has_room and seen.outcome is Outcome.OK else OTHER


class _Counted(Collector):
    """What service, store and feed count, read when the metrics are asked for."""

    def __init__(self, service: Service, store: Store, feed: Feed) -> None:
        self._service = service
        self._store = store
        self._feed = feed

    def collect(self) -> Iterator[Metric]:
        service, store, feed, plans = self._service, self._store, self._feed, self._service.plans
        build = GaugeMetricFamily("c360_build_info", "This c360, over which store.", labels=["version", "store"])
        build.add_metric([version("c360"), store.kind], 1)
        yield build
        yield GaugeMetricFamily(
            "c360_operations_in_flight", "Operations that are being answered.", value=service.in_flight
        )
        yield _by("c360_plan_cache", "Plans looked up, by what was found.", "result", hit=plans.hits, miss=plans.misses)
        yield GaugeMetricFamily("c360_plan_cache_plans", "Plans that are kept.", value=len(plans))
        answers = {"planned": plans.finishes, "walked": plans.walks}
        yield _by("c360_answers", "Answers by who made them: their plan, or graphql-core's walk.", "way", **answers)
        yield GaugeMetricFamily("c360_store_sessions", "Sessions with the store in use.", value=store.sessions)
        yield GaugeMetricFamily("c360_store_sessions_max", "Sessions that can be had at a time.", value=MOST_SESSIONS)
        yield GaugeMetricFamily("c360_followers", "Subscriptions that follow the change log.", value=feed.followers)
        if feed.followers:
            yield GaugeMetricFamily(
                "c360_change_log_seq", "The last entry of the change log that was read here.", value=feed.tail
            )
            yield GaugeMetricFamily(
                "c360_change_log_age_seconds",
                "Since when the change log could not be read; under a second while all is well.",
                value=time.monotonic() - feed.looked_at,
            )


class _Sources(Collector):
    """How sources and deliveries are, as they were read last."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        sources, read_at = self._metrics.sources, self._metrics.sources_read_at
        if read_at is None:
            return
        success = _gauge("c360_source_last_success_timestamp_seconds", "When a source was last read whole.", "source")
        begun = _gauge("c360_source_last_sync_timestamp_seconds", "When a source was last begun to be read.", "source")
        failed = _gauge("c360_source_failed", "1 when the last reading of a source failed.", "source")
        pending = _gauge("c360_source_pending_records", "Records of a source that wait to be linked.", "source")
        for one in sources:
            if one.last_success_at is not None:
                success.add_metric([one.name], one.last_success_at.timestamp())
            if one.last_sync_at is not None:
                begun.add_metric([one.name], one.last_sync_at.timestamp())
            failed.add_metric([one.name], float(one.status == "FAILED"))
            pending.add_metric([one.name], one.pending)
        yield from (success, begun, failed, pending)
        waiting = _gauge("c360_deliveries_waiting", "Deliveries that wait for a destination.", "destination")
        dead = _gauge("c360_deliveries_dead", "Deliveries that are not tried again by themselves.", "destination")
        withheld = CounterMetricFamily(
            "c360_deliveries_withheld", "What was not told for want of the customer's consent.", labels=["destination"]
        )
        for to in self._metrics.deliveries:
            waiting.add_metric([to.name], to.waiting)
            dead.add_metric([to.name], to.dead)
            withheld.add_metric([to.name], to.withheld)
        yield from (waiting, dead, withheld)
        yield GaugeMetricFamily(
            "c360_sources_read_timestamp_seconds", "When the store last told how the sources are.", value=read_at
        )


def _gauge(name: str, documentation: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, labels=[label])


def _by(name: str, documentation: str, label: str, **values: int) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


async def metrics_endpoint(request: Request) -> Response:
    """The metrics as Prometheus or OpenMetrics text, for those who may watch."""
    door: Door = request.app.state.door
    try:
        await door.let_watch(request.headers)
    except NotAuthenticated:
        message = "Send the token of the metrics, or an admin's key: Authorization: Bearer …\n"
        return PlainTextResponse(message, 401, {"WWW-Authenticate": 'Bearer realm="c360"'})
    except ForeignHost:
        return PlainTextResponse("Without a token or keys the metrics are told only under localhost.\n", 403)
    except (NotAnOperator, NoRole):
        return PlainTextResponse("This needs the role admin, or the token of the metrics.\n", 403)
    except (StoreError, ProviderUnavailable):
        message = "Who asks cannot be known just now. The token of the metrics needs neither store nor provider.\n"
        return PlainTextResponse(message, 503, {"Retry-After": "5"})
    metrics: Metrics = request.app.state.metrics
    await metrics.look_at_sources(request.app.state.store)
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    # Aside: a full registry takes some milliseconds, and requests should not wait for them.
    text = await run_in_threadpool(encode, metrics.registry)
    return Response(text, headers={"Content-Type": media_type, "Cache-Control": "no-store"})

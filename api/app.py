"""The served API: GraphQL, GraphiQL, and what an operator's probes ask."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from api.documents import Documents
from api.feed import Feed
from api.http import GraphQLEndpoint
from api.ingest import Ingest, ingest_routes
from api.metrics import Metrics, metrics_endpoint
from api.outgoing.deliveries import Deliverer
from api.outgoing.rounds import make_rounds
from api.outgoing.settings import OutgoingSettings
from api.patrol import Patrol
from api.plan.service import Service
from api.revival import kept_alive
from api.schedule import Schedule
from api.schema.schema import graphql_schema
from api.server_error import ServerError
from api.settings import ApiSettings
from api.slow_log import SlowLog
from api.sockets import PatientProtocol, graphql_socket
from api.surveys.page import survey_routes
from api.syncs import SyncProcesses
from api.trusted import TrustedDocuments
from api.viewer import Door, check_binding, is_loopback
from api.watch import Watch
from graph.keys import any_key
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.store.migrate import latest, schema_of

WEB = Path(__file__).parent / "web"
READY_SECONDS = 5.0
SHUTDOWN_SECONDS = 10
FAREWELL_SECONDS = 0.2
PAGE_HEADERS = {
    # GraphiQL's editor sets styles in the page, but it runs no script that is not a file of ours.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(
    store: Store,
    settings: ApiSettings | None = None,
    rules: Rules | None = None,
    syncs: SyncProcesses | None = None,
    ingest: Ingest | None = None,
) -> Starlette:
    """The application over an open store; it does not close the store. Without rules the shipped ones hold.

    Without `syncs` it starts none, without `ingest` it takes no pushes. Raises ServerError when the trusted documents
    cannot be read.
    """
    settings = settings or ApiSettings()
    app = Starlette(
        middleware=_cors(settings.cors_origins),
        routes=[
            Route("/graphql", GraphQLEndpoint(), methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
            WebSocketRoute("/graphql", graphql_socket),
            Route("/", _home),
            Route("/health", _health),
            Route("/ready", _ready),
            Route("/metrics", metrics_endpoint),
            Route("/graphiql", _graphiql),
            *survey_routes(store, rules or Rules()),
            *ingest_routes(ingest),
            Mount("/graphiql", StaticFiles(directory=WEB / "graphiql")),
        ],
    )
    app.state.settings = settings
    app.state.store = store
    trusted = app.state.settings.trusted_documents
    app.state.documents = Documents(None if trusted is None else TrustedDocuments(trusted))
    app.state.door = Door(app.state.settings, store)
    app.state.feed = Feed(store)
    app.state.patrol = Patrol(store, app.state.door.forget_key)
    app.state.metrics = Metrics()
    slow_log = SlowLog(app.state.settings.slow_seconds)
    app.state.watch = Watch(store)
    app.state.service = Service(
        graphql_schema(),
        store,
        app.state.settings.limits,
        rules=rules,
        introspection=app.state.settings.introspection,
        writes_to=store,
        feed=app.state.feed,
        observers=(app.state.metrics.answered, slow_log.answered),
        watch=app.state.watch,
        syncs=syncs,
    )
    app.state.metrics.watch(app.state.service, store, app.state.feed)
    return app


def _cors(origins: frozenset[str]) -> list[Middleware]:
    """Pages of these sites may ask and read the answer; nothing is sent in their users' names, such as cookies."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=sorted(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["ETag", "Retry-After", "WWW-Authenticate"],
        )
    ]


async def serve(
    store: Store,
    settings: ApiSettings | None = None,
    *,
    rules: Rules | None = None,
    syncs: SyncProcesses | None = None,
    ingest: Ingest | None = None,
    outgoing: OutgoingSettings | None = None,
    schedule: Schedule | None = None,
    deliverer: Deliverer | None = None,
    on_started: Callable[[str], None] | None = None,
    on_reading: Callable[[int, int], None] | None = None,
) -> None:
    """Serve the API until the process is asked to end; `on_started` is told the address.

    `on_reading` is told how many customers' journeys have been read, of how many, while all are read.

    With `outgoing` it raises alerts and sends out what waits, a round a minute; with `schedule` it begins syncs;
    with `deliverer` other systems are told what happens.

    Raises ServerError before anything starts when the address cannot be had, or when it would be open to the world.
    """
    settings = settings or ApiSettings()
    check_binding(settings, has_keys=not is_loopback(settings.host) and await any_key(store))
    listener = listen(settings.host, settings.port)
    app = create_app(store, settings, rules, syncs, ingest)
    config = uvicorn.Config(
        app,
        http="httptools",
        ws=PatientProtocol,
        ws_max_size=settings.limits.body_bytes,
        ws_per_message_deflate=False,  # a third of a megabyte a socket
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = _Server(config)
    server.feed, server.watch = app.state.feed, app.state.watch
    server.on_started = lambda: on_started(_address(listener)) if on_started else None
    with listener:
        tasks = _rounds(app, store, rules or Rules(), outgoing)
        if schedule is not None:
            tasks.append(asyncio.create_task(schedule.keep()))
        if deliverer is not None:
            tasks.append(asyncio.create_task(deliverer.keep(app.state.service.journeys)))
        journeys = app.state.service.journeys
        if on_reading is not None:
            journeys.progress = on_reading
        journeys.start()
        if ingest is not None:
            ingest.begin()
        try:
            async with kept_alive(store):
                await server.serve(sockets=[listener])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if deliverer is not None:
                await deliverer.close()
            if ingest is not None:
                await ingest.close()
            await journeys.close()


def _rounds(app: Starlette, store: Store, rules: Rules, outgoing: OutgoingSettings | None) -> list[asyncio.Task[None]]:
    keeper = app.state.service.journeys
    if outgoing is None or keeper is None:
        return []
    return [asyncio.create_task(make_rounds(store, rules, keeper, outgoing))]


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; raises ServerError with the reason and what to do. Port 0 takes a free one."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise ServerError(
                f"Port {port} of {host} is in use, perhaps by another c360. "
                f"End that, or choose another: --port {port + 1}"
            ) from None
        raise ServerError(f"Cannot listen on {host} port {port}: {error}. Choose another --host or --port.") from None
    return bound


class _Server(uvicorn.Server):
    """Tells when it listens, so that whoever is told can connect, and returns when it is asked to end.

    uvicorn's own server raises the signal once more at its end; then nobody could close the store after it.
    """

    on_started: Callable[[], None]
    feed: Feed
    watch: Watch

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Streams of events would last for ever; sockets are told by uvicorn first that the service is restarted.
        asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self.feed.close)
        asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self.watch.close)
        await super().shutdown(sockets)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _home(_: Request) -> Response:
    return RedirectResponse("/graphiql")


async def _graphiql(_: Request) -> Response:
    return FileResponse(WEB / "graphiql.html", headers=PAGE_HEADERS)


async def _health(_: Request) -> Response:
    """The process lives; nothing is said about the store."""
    return JSONResponse({"status": "ok"})


async def _ready(request: Request) -> Response:
    """The store answers and its schema is the one this version needs; 503 otherwise."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            schema = await schema_of(request.app.state.store)
    except (StoreError, TimeoutError) as error:
        return JSONResponse({"status": "unavailable", "reason": type(error).__name__}, status_code=503)
    if schema != latest():
        reason = f"the graph has schema {schema}, this version needs {latest()}: run c360 sync once"
        return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)
    return JSONResponse({"status": "ready", "store": request.app.state.store.kind, "schema": schema})

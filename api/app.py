"""The served API: GraphQL, GraphiQL, and what an operator's probes ask."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from api.documents import Documents
from api.feed import Feed
from api.http import GraphQLEndpoint
from api.ingest import Ingest, ingest_routes
from api.metrics import Metrics, metrics_endpoint
from api.patrol import Patrol
from api.plan.service import Service
from api.schema.schema import graphql_schema
from api.settings import ApiSettings
from api.slow_log import SlowLog
from api.sockets import graphql_socket
from api.surveys.page import survey_routes
from api.syncs import SyncProcesses
from api.trusted import TrustedDocuments
from api.viewer import Door
from api.watch import Watch
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import StoreError
from graph.store.migrate import latest, schema_of

WEB = Path(__file__).parent / "web"
READY_SECONDS = 5.0
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
    endpoint = GraphQLEndpoint()
    app = _Application(
        endpoint,
        middleware=_cors(settings.cors_origins),
        routes=[
            Route("/graphql", endpoint, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
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


class _Application(Starlette):
    """Hands GraphQL requests to their endpoint at once: it answers errors itself and needs none of the layers."""

    def __init__(self, endpoint: GraphQLEndpoint, *, middleware: list[Middleware], routes: list[BaseRoute]) -> None:
        super().__init__(middleware=middleware, routes=routes)
        self._endpoint = endpoint
        self._is_bare = not middleware

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_bare and scope["type"] == "http" and scope["path"] == "/graphql":
            scope["app"] = self
            await self._endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


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

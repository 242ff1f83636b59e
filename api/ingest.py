"""`POST /ingest/<source>`: what systems push, answered with 202 once it is safe in the graph.

The source's connector checks the signature and maps the body; the push is kept, the sender is answered, and then it is
stored as records, as soon as no sync is at work. New people are linked by the next sync; those who are known have it in
their journey at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.logged_errors import words_of
from api.metrics import Metrics
from api.request import Refusal, body_of
from connectors.errors import RecordError, SourceRefused, SourceUnavailable
from connectors.hookspecs import Partial, RawProblem, WebhookRequest
from connectors.records import Account, Person, Record
from graph.rules import Rules
from graph.store.driver import Store
from graph.store.errors import LeaseBusy, StoreError
from graph.sync.derive import derive_stale
from graph.sync.door import closed
from graph.sync.inbox import STREAM, Inbox, store_pushes
from graph.sync.land import AdjustPage, LandingSource
from graph.sync.pages import PageWriter
from graph.sync.progress import Silence

LOG = logging.getLogger("c360.ingest")
LARGEST_BODY = 5_000_000
WEBHOOK_SECONDS = 20.0
"""So long a connector may take over a push; it may have to ask its system for what changed."""
SOON_SECONDS = 0.2
"""What comes within so long is stored together."""
AGAIN_SECONDS = 5.0
"""So long what is kept waits while a sync is at work, and then for the next try."""

Pushed = Sequence[Record | Partial | RawProblem]


class Ingest:
    """The sources that take pushes; `adjust` is what plugins do to records before they are kept."""

    def __init__(
        self, store: Store, rules: Rules, sources: Sequence[LandingSource], adjust: AdjustPage | None = None
    ) -> None:
        self._store = store
        self._inbox = Inbox(store)
        self._rules = rules
        self._sources = {
            source.connector.name: source for source in sources if getattr(source.connector, "webhook", None)
        }
        self._adjust = adjust
        self._storing: asyncio.Task[None] | None = None
        self._more = False
        self._refused_at: dict[str, float] = {}

    @property
    def names(self) -> list[str]:
        """The sources that take pushes."""
        return list(self._sources)

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route("/ingest/{source}", self._endpoint, methods=["GET", "POST"])]

    def begin(self) -> None:
        """Store what an earlier process kept and had no time for."""
        if self._sources:
            self._store_soon()

    async def stored(self) -> None:
        """Until nothing waits any more."""
        while self._storing is not None and not self._storing.done():
            await asyncio.shield(self._storing)

    async def close(self) -> None:
        """End; what is kept waits for the next process."""
        if self._storing is not None:
            self._storing.cancel()
            await asyncio.gather(self._storing, return_exceptions=True)
        for source in self._sources.values():
            await closed(source.connector.name, source.kind, source.connector.close)

    async def _endpoint(self, request: Request) -> Response:
        name = request.path_params["source"]
        if request.method != "POST" and name in self._sources:
            # Some senders (Mailchimp) look whether the address is there before they push to it.
            return Response("POST what happened to this address.\n", headers={"Cache-Control": "no-store"})
        metrics: Metrics = request.app.state.metrics
        label = name if name in self._sources else ""  # whoever guesses names makes no series
        try:
            kept = await self._taken(name, request)
        except Refusal as refusal:
            metrics.pushed(label, refusal.status)
            body = {"code": refusal.code, "message": str(refusal)}
            return JSONResponse(body, refusal.status, headers={**refusal.headers, "Cache-Control": "no-store"})
        metrics.pushed(label, 202)
        return JSONResponse({"accepted": kept}, 202, headers={"Cache-Control": "no-store"})

    async def _taken(self, name: str, request: Request) -> int:
        source = self._sources.get(name)
        if source is None:
            raise Refusal(404, "NOT_FOUND", "No source of this name takes pushes.")
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Send the body as it is, not compressed.")
        body = await body_of(request, LARGEST_BODY)
        headers = {key.lower(): value for key, value in request.headers.items()}
        asked = WebhookRequest(headers, body, datetime.now(UTC), request.method, str(request.url))
        pushed = await self._mapped(source, asked)
        try:
            kept = await self._inbox.keep(source, pushed)
        except StoreError as error:
            LOG.error("%s: a push was not kept: %s", name, error)
            raise Refusal(503, "SERVICE_UNAVAILABLE", "Nothing was kept; send it again.", Retry_After="10") from None
        self._store_soon()
        return kept

    async def _mapped(self, source: LandingSource, asked: WebhookRequest) -> Pushed:
        """What the connector makes of it; a plugin may raise anything, and the sender learns little of it."""
        name = source.connector.name
        webhook: Callable[[WebhookRequest], Awaitable[Pushed]] = getattr(source.connector, "webhook")  # noqa: B009
        try:
            async with asyncio.timeout(WEBHOOK_SECONDS):
                pushed = list(await webhook(asked))
            return pushed if self._adjust is None else await self._adjusted(self._adjust, name, asked, pushed)
        except SourceRefused as refused:
            self._tell_refused(name, refused)
            raise Refusal(401, "UNAUTHENTICATED", str(refused)) from None
        except RecordError as unreadable:
            LOG.warning("%s: a push cannot be read: %s", name, unreadable)
            raise Refusal(400, "BAD_REQUEST", str(unreadable)) from None
        except (SourceUnavailable, TimeoutError) as error:
            LOG.warning("%s: a push had to be left: %s", name, str(error) or f"not done in {WEBHOOK_SECONDS:g} s")
            raise Refusal(503, "SERVICE_UNAVAILABLE", "Not now; send it again.", Retry_After="30") from None
        except (Exception, SystemExit) as error:
            LOG.error("%s: the connector '%s' failed in webhook: %s", name, source.kind, words_of(error))
            LOG.debug("%s: a push failed", name, exc_info=error)
            raise Refusal(500, "INTERNAL_SERVER_ERROR", "The push could not be mapped; the log knows more.") from None

    def _tell_refused(self, name: str, refused: SourceRefused) -> None:
        """Once a minute: whoever sends rubbish shall not fill the log. The metrics count them all."""
        now = time.monotonic()
        if now - self._refused_at.get(name, -60.0) >= 60.0:
            self._refused_at[name] = now
            LOG.warning("%s: a push was refused: %s More of the next minute are only counted.", name, refused)

    @staticmethod
    async def _adjusted(adjust: AdjustPage, name: str, asked: WebhookRequest, pushed: Pushed) -> Pushed:
        """The plugins' hooks see each record with the request it came in, as they see a page."""
        done: list[Record | Partial | RawProblem] = []
        for one in pushed:
            if isinstance(one, RawProblem):
                done.append(one)
                continue
            pairs: list[tuple[Any, list[Record]]] = [(asked, [one.record if isinstance(one, Partial) else one])]
            await adjust(name, STREAM, pairs)
            done += [_as_before(one, record) for _, records in pairs for record in records]
        return done

    def _store_soon(self) -> None:
        self._more = True
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_all())

    async def _store_all(self) -> None:
        """One at a time; a sync at work is not disturbed, and waited for."""
        while self._more:
            await asyncio.sleep(SOON_SECONDS)
            self._more = False
            try:
                async with self._store.lease("link", wait=1.0) as lease:
                    await store_pushes(self._store, PageWriter(self._store, any_customers=True))
                    await derive_stale(self._store, lease, self._rules, Silence())
            except LeaseBusy:
                self._more = True
                await asyncio.sleep(AGAIN_SECONDS)
            except StoreError as error:
                LOG.error("pushes wait: %s", error)
                self._more = True
                await asyncio.sleep(AGAIN_SECONDS)


def _as_before(one: Record | Partial, record: Record) -> Record | Partial:
    return Partial(record) if isinstance(one, Partial) and isinstance(record, Person | Account) else record


def ingest_routes(ingest: Ingest | None) -> list[Route]:
    """The route of pushes, where some source takes them."""
    return [] if ingest is None or not ingest.names else ingest.routes()

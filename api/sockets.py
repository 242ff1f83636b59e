"""Subscriptions over WebSocket (graphql-transport-ws) and as server-sent events (graphql-sse, distinct connections).

A client that takes nothing any more for a while is cut: its socket with the code 4503, its event stream by its end.
Nothing else is kept for a slow client than what the socket's own buffer holds.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing, suppress
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import wsproto.events
from graphql import ExecutionResult, GraphQLError
from prometheus_client import Gauge
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from strawberry.http.async_base_view import AsyncWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types.execution import ExecutionResult as Executed
from strawberry.types.execution import PreExecutionError
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

from api.documents import Asked, Documents
from api.feed import FeedClosed
from api.issuer_keys import ProviderUnavailable
from api.oidc import NoRole
from api.patrol import Patrol
from api.plan.service import RequestRefused, Service
from api.plan.subscription import EventResult
from api.public_error import public_error
from api.settings import ApiSettings
from api.viewer import ForeignHost, NotAuthenticated, Viewer
from graph.store.errors import StoreError

SUBPROTOCOL = "graphql-transport-ws"
SLOW_CONSUMER = 4503
STALL_SECONDS = 20.0
"""So long a client may take nothing of what is sent to it."""
LEAVE_SECONDS = 20.0
"""So long a client that is cut may still take what was sent before, and the code."""
KEEP_ALIVE_SECONDS = 15.0
INIT_SECONDS = 10.0
MOST_OPERATIONS = 100
"""Operations under way on one socket."""


class PatientProtocol(WSProtocol):
    """uvicorn's WebSocket protocol, which cuts a client that takes nothing any more, saying why."""

    _stalled: TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_SECONDS, self._cut)

    def resume_writing(self) -> None:
        self._calm()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def _calm(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _cut(self) -> None:
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.close_sent = True
        reason = "Slow consumer"
        self.queue.put_nowait({"type": "websocket.disconnect", "code": SLOW_CONSUMER, "reason": reason})
        self.transport.write(self.conn.send(wsproto.events.CloseConnection(code=SLOW_CONSUMER, reason=reason)))
        # The code waits behind what was not taken; a client that does not take that either is let go all the same.
        self._stalled = self.loop.call_later(LEAVE_SECONDS, self.transport.abort)


async def graphql_socket(websocket: WebSocket) -> None:
    """One WebSocket that speaks graphql-transport-ws; queries and changes are answered over it, too."""
    settings: ApiSettings = websocket.app.state.settings
    is_open = settings.token is None and settings.oidc is None
    if is_open and not _is_own_page(websocket) and websocket.headers.get("origin") not in settings.cors_origins:
        await websocket.close(4403, "Pages of other sites are refused")
        return
    if SUBPROTOCOL not in websocket.scope["subprotocols"]:
        await websocket.accept()
        await websocket.close(4406, "Subprotocol not acceptable")
        return
    await websocket.accept(subprotocol=SUBPROTOCOL)
    connection = _Connection(websocket)
    handler = BaseGraphQLTransportWSHandler[Any, Any](
        cast(Any, connection),
        connection,
        {},
        None,
        cast(Any, connection),
        timedelta(seconds=INIT_SECONDS),
        MOST_OPERATIONS,
    )
    with websocket.app.state.metrics.sockets.track_inprogress(), connection:
        await handler.handle()


class _Connection(AsyncWebSocketAdapter):
    """What Strawberry's handler needs of a server: the socket, who asks, and the answers."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._service: Service = websocket.app.state.service
        self._documents: Documents = websocket.app.state.documents
        self._viewer: Viewer | None = None
        self._watch = ExitStack()
        self._leaving: asyncio.Task[None] | None = None
        self._is_open = True

    def __enter__(self) -> None:
        """It is looked after whether the viewer may stay, from the moment it is known who it is."""

    def __exit__(self, *_: object) -> None:
        self._watch.close()

    def _send_away(self, reason: str) -> None:
        # 4403 and not 4401: clients fetch a new token and come back.
        self._leaving = asyncio.create_task(self.close(4403, reason))

    async def on_ws_connect(self, context: Mapping[str, Any]) -> Mapping[str, object]:
        """Know who asks: by the headers, or by what `connection_init` carries under the same names."""
        payload = context.get("connection_params") or {}
        given = {name.lower(): value for name, value in payload.items() if isinstance(value, str)}
        host = self._websocket.headers.get("host", "")
        try:
            headers = {**self._websocket.headers, **given, "host": host}
            self._viewer = await self._websocket.app.state.door.viewer_of(headers)
        except NotAuthenticated:
            await self.close(4401, "Unauthorized")
            raise WebSocketDisconnected from None
        except (ForeignHost, NoRole):
            await self.close(4403, "Forbidden")
            raise WebSocketDisconnected from None
        except (StoreError, ProviderUnavailable):
            await self.close(1013, "Try again later")  # the graph, or the provider, cannot tell who asks
            raise WebSocketDisconnected from None
        patrol: Patrol = self._websocket.app.state.patrol
        self._watch.enter_context(patrol.watching(self._viewer, self._send_away))
        return {}

    async def stream(self, query: str, **given: Any) -> AsyncGenerator[Executed, None]:
        """The answers of one operation; what is wrong with the request itself comes first and alone."""
        return self._answers(query, given.get("variable_values"), given.get("operation_name"))

    async def _answers(
        self, query: str, variables: Mapping[str, Any] | None, operation_name: str | None
    ) -> AsyncGenerator[Executed, None]:
        assert self._viewer is not None
        try:
            self._service.admit(self._viewer)
            results = self._service.subscribe(query, variables, operation_name, viewer=self._viewer)
            async with aclosing(results):
                async for result in results:
                    yield Executed(result.data, [_public(error) for error in result.errors or ()], result.extensions)
        except RequestRefused as refused:
            yield PreExecutionError(None, [_public(error) for error in refused.errors])
        except FeedClosed:
            await asyncio.Future()  # the server closes the socket
        except Exception as unexpected:  # the last door, as for a request
            yield PreExecutionError(None, [_public(GraphQLError("", original_error=unexpected))])

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Messages that are what the protocol wants them to be."""
        while True:
            try:
                message = await self._websocket.receive()
            except WebSocketDisconnect:
                return
            if message["type"] != "websocket.receive":
                return
            try:
                given = orjson.loads(message.get("text") or b"")
            except ValueError:
                raise NonJsonMessageReceived from None
            if not _is_message(given):
                await self.close(4400, "Invalid message")
                return
            if given["type"] == "subscribe" and self._viewer is not None:
                try:
                    asked = Asked.of(given["payload"])
                    given["payload"]["query"] = self._documents.text_of(asked)
                except GraphQLError as error:
                    await self.send_json({"type": "error", "id": given["id"], "payload": [_public(error).formatted]})
                    continue
            yield given

    async def send_json(self, message: Mapping[str, object]) -> None:
        # As text: the protocol knows no binary frames.
        if self._is_open:
            try:
                await self._websocket.send_text(orjson.dumps(message, option=orjson.OPT_UTC_Z).decode())
            except (WebSocketDisconnect, RuntimeError):
                self._is_open = False

    async def close(self, code: int, reason: str) -> None:
        if self._is_open:
            self._is_open = False
            with suppress(WebSocketDisconnect, RuntimeError):
                await self._websocket.close(code, reason)


class EventStream(Response):
    """The answers of one operation as server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, results: AsyncGenerator[ExecutionResult, None], open_streams: Gauge) -> None:
        """`open_streams` counts it while it is open."""
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"})
        del self.headers["content-length"]
        self._results = results
        self._open_streams = open_streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the answers end, the client leaves, or it takes nothing any more."""
        with self._open_streams.track_inprogress():
            await self._send_until_it_ends(receive, send)

    async def _send_until_it_ends(self, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        async with asyncio.timeout(STALL_SECONDS):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with aclosing(_beating(self._frames())) as frames:
            async for frame in frames:
                # Who takes nothing is cut: the stream breaks off, and a client begins again after its last cursor.
                async with asyncio.timeout(STALL_SECONDS):
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(self._results):
                async for result in self._results:
                    more = {"extensions": result.extensions} if result.extensions else {}
                    id = result.cursor if isinstance(result, EventResult) else None
                    yield _frame({"data": result.data, **more}, result.errors, id)
        except RequestRefused as refused:
            yield _frame({}, refused.errors)
        except FeedClosed:
            return  # without `complete`: the client comes back
        except Exception as unexpected:  # the last door, as for a request
            yield _frame({}, [GraphQLError("", original_error=unexpected)])
        yield b"event: complete\ndata:\n\n"


def _frame(body: Mapping[str, Any], errors: list[GraphQLError] | None, id: str | None = None) -> bytes:
    """An event; browsers send its `id` back as `Last-Event-ID` when they open a broken stream again by themselves."""
    told = {"errors": [public_error(error) for error in errors], **body} if errors else body
    head = b"" if id is None else b"id: " + id.encode() + b"\n"
    return head + b"event: next\ndata: " + orjson.dumps(told, option=orjson.OPT_UTC_Z) + b"\n\n"


async def _beating(frames: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The frames, with a comment now and then, so that nobody on the way takes the stream for dead."""
    following: asyncio.Task[bytes] | None = None
    async with aclosing(frames):
        yield b":\n\n"
        try:
            while True:
                following = following or asyncio.ensure_future(anext(frames))
                done, _ = await asyncio.wait({following}, timeout=KEEP_ALIVE_SECONDS)
                if not done:
                    yield b":\n\n"
                    continue
                try:
                    frame = following.result()
                except StopAsyncIteration:
                    return
                following = None
                yield frame
        finally:
            if following is not None and not following.done():
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _is_own_page(websocket: WebSocket) -> bool:
    """A page of another site may open a socket in somebody's name; browsers say whose page it is."""
    origin = websocket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == websocket.headers.get("host", "").lower()


def _is_message(given: Any) -> bool:
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        return False
    if given["type"] in ("subscribe", "complete") and not isinstance(given.get("id"), str):
        return False
    if given["type"] != "subscribe":
        return True
    payload = given.get("payload")
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query", "" if payload.keys() & {"documentId", "extensions"} else None), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )


def _public(error: GraphQLError) -> GraphQLError:
    public = public_error(error)
    return GraphQLError(public["message"], error.nodes, path=error.path, extensions=public["extensions"])

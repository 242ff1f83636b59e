"""The server under the API: the socket it listens on, and how it begins and ends."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from api.feed import Feed
from api.server_error import ServerError
from api.settings import ApiSettings
from api.sockets import PatientProtocol
from api.watch import Watch

SHUTDOWN_SECONDS = 8
"""So long what is being answered may take when the server is asked to end: with the rest it has ended within ten."""
FAREWELL_SECONDS = 0.2


class Server(uvicorn.Server):
    """Tells when it listens, so that whoever is told can connect, and returns when it is asked to end.

    uvicorn's own server raises the signal once more at its end; then nobody could close the store after it.
    """

    on_started: Callable[[], None]
    feed: Feed
    watch: Watch
    asked: signal.Signals | None = None
    """The signal by which it was asked to end."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, number)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _end(self, asked: signal.Signals) -> None:
        self.asked = asked
        self.handle_exit(asked, None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Streams of events would last for ever; sockets are told by uvicorn first that the service is restarted.
        asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self.feed.close)
        asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self.watch.close)
        await super().shutdown(sockets)


def server_of(app: Starlette, settings: ApiSettings, on_started: Callable[[], None]) -> Server:
    """A server of the application that `create_app` made; `on_started` is called when it listens."""
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
    server = Server(config)
    server.feed, server.watch = app.state.feed, app.state.watch
    server.on_started = on_started
    return server


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


def address_of(listener: socket.socket) -> str:
    """Where a listening socket is reached: `http://127.0.0.1:8360`."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"

"""HTTP/1.1 over aiohttp as a transport of httpx: httpx's own costs several times the CPU of a request.

Requests, answers and errors are those of httpx, so whoever asks (and a test, which answers itself) knows nothing of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from yarl import URL

HEADERS_AT_MOST = 100 * 1024
"""Bytes of a line of the head of an answer."""


class Wire(httpx.AsyncBaseTransport):
    """At most so many `connections` at a time, which are kept.

    Certificates are checked (`SSL_CERT_FILE` and `SSL_CERT_DIR` name other authorities), proxies are those of the
    environment (`HTTPS_PROXY`, `NO_PROXY`, …). A body comes as it was sent, packed or not. Raises the errors of
    httpx; their texts name no path and no query.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._timeouts: dict[tuple[float | None, ...], aiohttp.ClientTimeout] = {}
        self._proxies: dict[tuple[str, str], str | None] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        session = self._session or self._opened()
        url = request.url.copy_with(userinfo=None) if request.url.userinfo else request.url
        with _as_httpx():
            answer = await session.request(
                request.method,
                URL(str(url), encoded=True),
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=request.content or None,
                allow_redirects=False,
                timeout=self._timeout(request.extensions.get("timeout", {})),
                proxy=self._proxy(request.url),
            )
        return httpx.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer),
            request=request,
            extensions={"reason_phrase": (answer.reason or "").encode("ascii", "ignore")},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=_certificates()),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Content-Type"),
            auto_decompress=False,
            max_line_size=HEADERS_AT_MOST,
            max_field_size=HEADERS_AT_MOST,
        )
        return self._session

    def _timeout(self, said: dict[str, float | None]) -> aiohttp.ClientTimeout:
        key = (said.get("pool"), said.get("connect"), said.get("read"))
        if key not in self._timeouts:
            # `connect` is the wait for one of the connections too.
            self._timeouts[key] = aiohttp.ClientTimeout(connect=key[0], sock_connect=key[1], sock_read=key[2])
        return self._timeouts[key]

    def _proxy(self, url: httpx.URL) -> str | None:
        """Looked up once a host: looking means going through the whole environment."""
        key = (url.scheme, url.host)
        if key not in self._proxies:
            known = {} if proxy_bypass(url.host) else getproxies()
            proxy = known.get(url.scheme) or known.get("all")
            self._proxies[key] = f"http://{proxy}" if proxy and "://" not in proxy else proxy
        return self._proxies[key]


class _Body(httpx.AsyncByteStream):
    """What is still to come of an answer; a connection whose answer was not read to its end is not used again."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for piece in self._answer.content.iter_any():
                yield piece

    async def aclose(self) -> None:
        if self._answer.content.at_eof():
            self._answer.release()
        else:
            self._answer.close()


def _certificates() -> Any:
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Errors of aiohttp as those of httpx; some of its texts hold the whole address, with its query."""
    try:
        yield
    except aiohttp.SocketTimeoutError:
        raise httpx.ReadTimeout("nothing came in time") from None
    except (TimeoutError, aiohttp.ServerTimeoutError):
        raise httpx.ConnectTimeout("no connection in time") from None
    except (aiohttp.ClientHttpProxyError, aiohttp.ClientProxyConnectionError) as error:
        raise httpx.ProxyError(getattr(error, "message", "") or str(error)) from None
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from None
    except aiohttp.ClientPayloadError:
        raise httpx.RemoteProtocolError("the body ends before its end") from None
    except aiohttp.ClientResponseError as error:
        raise httpx.RemoteProtocolError(f"what comes is not HTTP: {error.message}") from None
    except aiohttp.ServerDisconnectedError:
        raise httpx.RemoteProtocolError("the connection was closed without an answer") from None
    except aiohttp.InvalidURL:
        raise httpx.UnsupportedProtocol("the address is none of HTTP") from None
    except ValueError:
        raise httpx.LocalProtocolError("the address or a header holds what cannot be sent") from None
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(type(error).__name__ if isinstance(error, aiohttp.ClientError) else str(error)) from None

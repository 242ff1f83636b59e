"""The only place that opens a socket to a source: one client a source, polite, patient, and silent about secrets."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar, overload
from urllib.parse import urlencode

import httpx
import msgspec
import stamina

from connectors.answers import ACCEPTED, AnswerTooLarge, read_answer
from connectors.errors import SourceError, SourceNotFound, SourceRefused, SourceUnavailable
from connectors.pace import Budget, left_of_headers

T = TypeVar("T")

REDIRECTS = 20
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that a later attempt may turn into a good one."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to keep trying: `attempts` in all, within `seconds`; waits double from `first_wait`, with jitter.

    A source that asks (Retry-After) for more than `longest_wait` seconds is left alone until the next sync.
    """

    attempts: int = 6
    seconds: float = 180.0
    first_wait: float = 0.5
    longest_wait: float = 60.0
    jitter: float = 0.5
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """How budgets and pauses are waited for; a test takes them without waiting."""


class SourceClient:
    """An HTTP client for one source.

    `request` gives an answer below 400 or raises: `SourceRefused` (401, 403), `SourceNotFound` (404, 410),
    `SourceUnavailable` (no connection, timeout, or still 429/5xx after all retries), `SourceError` (any other 4xx, an
    answer beyond `largest` bytes unpacked, a redirect or a link to another host than that of `base_url`, to which our
    credentials would go; `other_hosts` are those that belong to the source too).
    `budgets` are what the vendor allows; beside them `pause` reads of each answer's headers how many seconds nobody may
    ask (`left_of_headers` unless given).
    The errors' texts name method, host and path, never a query, a header or a body that was sent; what the source
    answered is quoted shortly with every value of `secrets` and of the Authorization header struck out.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.BasicAuth | tuple[str, str] | None = None,
        secrets: Sequence[str] = (),
        timeout: float = 30.0,
        patience: Patience | None = None,
        connections: int = 8,
        budgets: Sequence[Budget] = (),
        pause: Callable[[httpx.Headers], float | None] = left_of_headers,
        largest: int = 64 << 20,
        other_hosts: Sequence[str] = (),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.source = source
        self.patience = patience or Patience()
        self._budgets = tuple(budgets)
        self._pause = pause
        self._not_before = 0.0
        self._largest = largest
        self._other_hosts = frozenset(other_hosts)
        self._secrets = {secret for secret in secrets if secret}
        if isinstance(auth, tuple):
            self._secrets.add(auth[1])
        home = httpx.URL(base_url)
        if auth is None and home.userinfo:
            auth = (home.username, home.password)
        self.base_url = home.copy_with(userinfo=None, raw_path=home.raw_path.rstrip(b"/") + b"/")
        self.headers = httpx.Headers(
            {"Accept": "*/*", "User-Agent": "c360", "Accept-Encoding": ACCEPTED, "Connection": "keep-alive"}
        )
        self.headers.update(headers)
        if auth is not None:
            basic = httpx.BasicAuth(*auth) if isinstance(auth, tuple) else auth
            signed = next(basic.auth_flow(httpx.Request("GET", self.base_url)))
            self.headers["Authorization"] = signed.headers["Authorization"]
        self._extensions = {"timeout": httpx.Timeout(timeout, connect=min(timeout, 10.0)).as_dict()}
        self._transport = transport or _wire(connections)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | float | bool | Sequence[str] | None] | None = None,
        json: object | None = None,
        content: bytes | Callable[[], bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        retry: bool = True,
        budgets: Sequence[Budget] = (),
    ) -> httpx.Response:
        """Ask the source and wait as long as `patience` allows; `json` is any value msgspec can encode.

        `content` that holds a secret is given as a function: then no variable holds it when an error is reported.
        `retry=False` is for a request that must not be made twice; `budgets` hold beside the client's own.
        """
        own = dict(headers or {})
        if json is not None:
            content = msgspec.json.encode(json)
            own.setdefault("Content-Type", "application/json")
        asked = None if params is None else {name: value for name, value in params.items() if value is not None}

        async def ask() -> httpx.Response:
            await self._wait_our_turn(budgets)
            response = await self._ask(
                httpx.Request(
                    method,
                    address,
                    headers=_with(self.headers, own),
                    content=content() if callable(content) else content,
                    extensions=self._extensions,
                )
            )
            if response.status_code >= 400:
                raise self._refusal(response)
            return response

        try:
            address = self._address(path, asked)
            return await (self._again_and_again(ask) if retry else ask())
        except httpx.HTTPError as error:
            failure: SourceError = self._unreachable(method, path, error)
        except httpx.InvalidURL as error:
            failure = SourceError(f"[{self.source}] {self._where(path)} is not a URL: {error}.")
        except AnswerTooLarge:
            failure = SourceError(
                f"[{self.source}] {method} {self._where(path)} answered with something larger than "
                f"{self._largest >> 20} MiB, which is not read. Check the address in [{self.source}] of plugins.toml."
            )
        # Raised here it has no error of httpx behind it, which would hold the request with our credentials.
        raise failure

    @overload
    async def json(self, method: str, path: str, answer: type[T], **request: Any) -> T: ...
    @overload
    async def json(self, method: str, path: str, answer: Any, **request: Any) -> Any: ...
    async def json(self, method: str, path: str, answer: Any, **request: Any) -> Any:
        """`request`, and the answer's JSON as the msgspec type `answer`; SourceError when it is something else."""
        return self.decoded(await self.request(method, path, **request), answer)

    def decoded(self, response: httpx.Response, answer: Any) -> Any:
        """The JSON of an answer as the msgspec type `answer`; SourceError when it is something else."""
        try:
            return msgspec.json.decode(response.content, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            url = response.request.url
            raise SourceError(
                f"[{self.source}] {response.request.method} {url.host}{url.path} answered {response.status_code} with "
                f"something else than the expected JSON ({error}): {self._quote(response)}. {self._who_answers()}",
                status=response.status_code,
            ) from None

    async def token(self, path: str, answer: type[T], form: Callable[[], Mapping[str, str]]) -> T:
        """Ask for a token (RFC 6749 §4) with what `form` gives, and what `answer` makes of it.

        SourceRefused also for 400, which is how these servers refuse; what is answered else is never quoted: it may
        hold the token.
        """

        def content() -> bytes:
            said = form()
            for name in ("client_secret", "assertion"):
                self.strike_out(said.get(name, ""))
            return urlencode(said).encode()

        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        try:
            response = await self.request("POST", path, content=content, headers=headers)
        except SourceError as error:
            if error.status != 400:
                raise
            raise SourceRefused(
                f"{error} No token is given: check the credentials in [{self.source}] of plugins.toml, and what the "
                f"app may do.",
                status=400,
            ) from None
        try:
            return msgspec.json.decode(response.content, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            what = "an HTML page" if _is_html(response) else "something else than the expected JSON"
            raise SourceError(
                f"[{self.source}] POST {self._where(path)} answered {response.status_code} with {what}: no token. "
                f"{self._who_answers()}",
                status=response.status_code,
            ) from None

    def strike_out(self, secret: str) -> None:
        """Never quote this value in an error: a session key or token that was given by the source."""
        if secret:
            self._secrets.add(secret)

    def set_header(self, name: str, value: str) -> None:
        """Send a header with every request from now on; its value is struck out of all errors."""
        self.headers[name] = value
        self.strike_out(value)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _again_and_again(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        began = time.monotonic()
        try:
            return await ask()
        except (httpx.TransportError, SourceUnavailable) as error:
            first: Exception | None = error
        # Few requests fail, and what counts attempts costs as much as a small answer: it begins with the failed one.
        async for attempt in stamina.retry_context(
            on=self._wait_before_retry,
            attempts=self.patience.attempts,
            timeout=max(0.001, self.patience.seconds - (time.monotonic() - began)),
            wait_initial=self.patience.first_wait,
            wait_max=self.patience.longest_wait,
            wait_jitter=self.patience.jitter,
        ):
            with attempt:
                if first is not None:
                    failed, first = first, None
                    raise failed
                return await ask()
        raise AssertionError("the last attempt raises")

    def _address(self, path: str, asked: Mapping[str, Any] | None) -> httpx.URL:
        """The whole address. Commas stay as they are (RFC 3986 §3.4): httpx looks at each escaped character of an
        address several times, and takes longer over a list of forty names than over the answer."""
        if _is_plain(path):
            query = ""
            if asked:
                said = {name: str(one).lower() if isinstance(one, bool) else one for name, one in asked.items()}
                query = f"?{urlencode(said, doseq=True, safe=',')}"
            return httpx.URL(f"{self.base_url}{path.lstrip('/')}{query}")
        url = httpx.URL(path)
        if url.is_relative_url:
            url = self.base_url.copy_with(raw_path=self.base_url.raw_path + url.raw_path.lstrip(b"/"))
        return httpx.URL(url, params=asked) if asked else url

    async def _wait_our_turn(self, budgets: Sequence[Budget]) -> None:
        wait = self._not_before - time.monotonic()
        if wait > 0:
            await self.patience.sleep(wait)
        for budget in (*self._budgets, *budgets):
            await budget.turn(self.patience.sleep)

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        for _ in range(REDIRECTS + 1):
            self._stay_at_home(request)
            streamed = await self._transport.handle_async_request(request)
            streamed.request = request
            try:
                response = await read_answer(streamed, self._largest)
            finally:
                await streamed.aclose()
            if not response.has_redirect_location:
                break
            request = _redirected(request, response)
        else:
            raise httpx.TooManyRedirects(f"it sends us on more than {REDIRECTS} times", request=request)
        wait = self._pause(response.headers)
        if wait is not None:
            # A longer wait is for the next sync: the source will say so itself, with 429.
            self._not_before = time.monotonic() + min(wait, self.patience.longest_wait)
        return response

    def _stay_at_home(self, request: httpx.Request) -> None:
        """Refuse a request to another host, wherever its address came from: a redirect, a link of a page."""
        home, url = self.base_url, request.url
        same = url.host == home.host and (
            (url.scheme, url.port) == (home.scheme, home.port)
            or (home.scheme == "http" and url.scheme == "https" and home.port is None and url.port is None)
        )
        if not same and not (url.scheme == "https" and url.host in self._other_hosts):
            raise SourceError(
                f"[{self.source}] {home.host} sends us to another host, {url.host}, which is not followed: our "
                f"credentials would go there. If the source has moved, change the address in [{self.source}] of "
                f"plugins.toml."
            )

    def _wait_before_retry(self, error: Exception) -> bool | float:
        if isinstance(error, SourceUnavailable):
            if error.retry_after is None:
                return True
            if error.retry_after > self.patience.longest_wait:
                return False
            # Many clients that were told the same second must not come back in the same second.
            return error.retry_after + random.uniform(0, self.patience.jitter)  # noqa: S311
        return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol)

    def _refusal(self, response: httpx.Response) -> SourceError:
        status = response.status_code
        request = response.request
        what = f"[{self.source}] {request.method} {request.url.host}{request.url.path} answered {status}"
        said = self._quote(response)
        if status in (401, 403):
            return SourceRefused(
                f"{what}: {said}. Check the credentials and scopes in [{self.source}] of plugins.toml.", status=status
            )
        if status in (404, 410):
            return SourceNotFound(
                f"{what}: {said}. Nothing is there: it was deleted, or check the address in [{self.source}] of "
                f"plugins.toml.",
                status=status,
            )
        if status in TRANSIENT:
            wait = retry_after(response.headers)
            wait = self._pause(response.headers) if wait is None else wait
            until = "" if wait is None else f" It asks to wait {wait:.0f} s."
            return SourceUnavailable(
                f"{what}: {said}.{until} The next sync goes on from the last page.", status=status, retry_after=wait
            )
        return SourceError(f"{what}: {said}. It does not take what it is asked: has it changed its API?", status=status)

    def _unreachable(self, method: str, path: str, error: httpx.HTTPError) -> SourceError:
        said = self._without_secrets(str(error)) or "no answer"
        return SourceUnavailable(
            f"[{self.source}] {method} {self._where(path)}: {type(error).__name__}: {said}. "
            f"Check that the source runs and the address in [{self.source}] of plugins.toml is right."
        )

    def _where(self, path: str) -> str:
        try:
            url = self.base_url.join(path)
        except httpx.InvalidURL:
            return path.split("?", 1)[0]
        return f"{url.host}{url.path}"

    def _quote(self, response: httpx.Response) -> str:
        if _is_html(response):
            return "an HTML page"
        text = " ".join(response.text[:2000].split())
        if not text:
            return response.reason_phrase or "no text"
        clean = self._without_secrets(text)
        return clean if len(clean) <= 200 else clean[:199] + "…"

    def _who_answers(self) -> str:
        return (
            f"Check the address in [{self.source}] of plugins.toml, and whether a proxy or a page to log in answers "
            f"in its place."
        )

    def _without_secrets(self, text: str) -> str:
        authorization = self.headers.get("Authorization", "")
        for secret in (authorization, authorization.rpartition(" ")[2], *self._secrets):
            if secret:
                text = text.replace(secret, "***")
        return text


def _wire(connections: int) -> httpx.AsyncBaseTransport:
    from connectors.wire import Wire  # aiohttp takes long to import, and most commands ask nobody

    return Wire(connections)


def _with(headers: httpx.Headers, more: Mapping[str, str]) -> httpx.Headers:
    if not more:
        return headers  # a request makes a copy of its own
    both = httpx.Headers(headers)
    both.update(more)
    return both


def _redirected(request: httpx.Request, answer: httpx.Response) -> httpx.Request:
    """The request that a redirect asks for (RFC 9110 §15.4): with GET where it sends us to read something else."""
    try:
        url = request.url.join(answer.headers["location"])
    except httpx.InvalidURL as error:
        raise httpx.RemoteProtocolError(f"it sends us to what is no address: {error}", request=request) from None
    status, headers = answer.status_code, httpx.Headers(request.headers)
    becomes_get = (status in (302, 303) and request.method != "HEAD") or (status == 301 and request.method == "POST")
    if (url.scheme, url.host, url.port) != (request.url.scheme, request.url.host, request.url.port):
        del headers["host"]
        if (url.scheme, url.host) != ("https", request.url.host):
            headers.pop("authorization", None)
    for name in ("content-length", "content-type", "transfer-encoding") if becomes_get else ():
        headers.pop(name, None)
    method, content = ("GET", None) if becomes_get else (request.method, request.content)
    return httpx.Request(method, url, headers=headers, content=content, extensions=request.extensions)


def _is_html(response: httpx.Response) -> bool:
    return "html" in response.headers.get("content-type", "")


def _is_plain(path: str) -> bool:
    """Whether a path is below the source's address and has no query of its own."""
    return not any(mark in path for mark in ("?", "#", ":", "//"))


def retry_after(headers: httpx.Headers, now: datetime | None = None) -> float | None:
    """Seconds to wait that the source asked for (RFC 9110 §10.2.3: a number or a date), or None where it did not."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())

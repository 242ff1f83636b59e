"""The only place that opens a socket to a source: one client a source, polite, patient, and silent about secrets."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import httpx
import msgspec
import stamina

from connectors.errors import SourceError, SourceNotFound, SourceRefused, SourceUnavailable

T = TypeVar("T")

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


class SourceClient:
    """An HTTP client for one source.

    `request` gives an answer below 400 or raises: `SourceRefused` (401, 403), `SourceNotFound` (404, 410),
    `SourceUnavailable` (no connection, timeout, or still 429/5xx after all retries), `SourceError` (any other 4xx).
    The errors' texts name method, host and path, never a query, a header or a body that was sent; what the source
    answered is quoted shortly with every value of `secrets` and of the Authorization header struck out.
    """

    def __init__(
        self,
        source: str,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | tuple[str, str] | None = None,
        secrets: Sequence[str] = (),
        timeout: float = 30.0,
        patience: Patience | None = None,
        connections: int = 8,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.source = source
        self.patience = patience or Patience()
        self._secrets = {secret for secret in secrets if secret}
        if isinstance(auth, tuple):
            self._secrets.add(auth[1])
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers={"User-Agent": "c360", **(headers or {})},
            auth=auth,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            follow_redirects=True,
            transport=transport,
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int | float | bool | Sequence[str] | None] | None = None,
        json: object | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        retry: bool = True,
    ) -> httpx.Response:
        """Ask the source and wait as long as `patience` allows; `json` is any value msgspec can encode.

        `retry=False` is for a request that must not be made twice.
        """
        sent_headers = dict(headers or {})
        if json is not None:
            content = msgspec.json.encode(json)
            sent_headers.setdefault("Content-Type", "application/json")
        patience = self.patience if retry else Patience(attempts=1)
        try:
            async for attempt in stamina.retry_context(
                on=self._wait_before_retry,
                attempts=patience.attempts,
                timeout=patience.seconds,
                wait_initial=patience.first_wait,
                wait_max=patience.longest_wait,
                wait_jitter=patience.jitter,
            ):
                with attempt:
                    response = await self._client.request(
                        method,
                        path,
                        params=None if params is None else {k: v for k, v in params.items() if v is not None},
                        content=content,
                        headers=sent_headers,
                    )
                    if response.status_code >= 400:
                        raise self._refusal(response)
                    return response
        except httpx.HTTPError as error:
            raise self._unreachable(method, path, error) from None
        except httpx.InvalidURL as error:
            raise SourceError(f"[{self.source}] {self._where(path)} is not a URL: {error}.") from None
        raise AssertionError("stamina yields at least one attempt")

    @overload
    async def json(self, method: str, path: str, answer: type[T], **request: Any) -> T: ...
    @overload
    async def json(self, method: str, path: str, answer: Any, **request: Any) -> Any: ...
    async def json(self, method: str, path: str, answer: Any, **request: Any) -> Any:
        """`request`, and the answer's JSON as the msgspec type `answer`; SourceError when it is something else."""
        response = await self.request(method, path, **request)
        try:
            return msgspec.json.decode(response.content, type=answer)
        except msgspec.DecodeError as error:
            raise SourceError(
                f"[{self.source}] {method} {self._where(path)} answered {response.status_code} with something else "
                f"than the expected JSON ({error}): {self._quote(response)}.",
                status=response.status_code,
            ) from None

    def strike_out(self, secret: str) -> None:
        """Never quote this value in an error: a session key or token that was given by the source."""
        if secret:
            self._secrets.add(secret)

    def set_header(self, name: str, value: str) -> None:
        """Send a header with every request from now on; its value is struck out of all errors."""
        self._client.headers[name] = value
        self.strike_out(value)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

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
            return SourceNotFound(f"{what}: {said}.", status=status)
        if status in TRANSIENT:
            wait = retry_after(response.headers)
            until = "" if wait is None else f" It asks to wait {wait:.0f} s."
            return SourceUnavailable(
                f"{what}: {said}.{until} The next sync goes on from the last page.", status=status, retry_after=wait
            )
        return SourceError(f"{what}: {said}.", status=status)

    def _unreachable(self, method: str, path: str, error: httpx.HTTPError) -> SourceError:
        said = self._without_secrets(str(error)) or "no answer"
        return SourceUnavailable(
            f"[{self.source}] {method} {self._where(path)}: {type(error).__name__}: {said}. "
            f"Check that the source runs and the address in [{self.source}] of plugins.toml is right."
        )

    def _where(self, path: str) -> str:
        try:
            url = self._client.base_url.join(path)
        except httpx.InvalidURL:
            return path.split("?", 1)[0]
        return f"{url.host}{url.path}"

    def _quote(self, response: httpx.Response) -> str:
        if "html" in response.headers.get("content-type", ""):
            return "an HTML page"
        text = " ".join(response.text[:2000].split())
        if not text:
            return response.reason_phrase or "no text"
        clean = self._without_secrets(text)
        return clean if len(clean) <= 200 else clean[:199] + "…"

    def _without_secrets(self, text: str) -> str:
        authorization = self._client.headers.get("Authorization", "")
        for secret in (authorization, authorization.rpartition(" ")[2], *self._secrets):
            if secret:
                text = text.replace(secret, "***")
        return text


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

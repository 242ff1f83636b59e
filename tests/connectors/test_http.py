"""Promises of the HTTP client of a source."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from connectors.errors import SourceError, SourceNotFound, SourceRefused, SourceUnavailable
from connectors.http import Patience, SourceClient, retry_after

pytestmark = pytest.mark.anyio
QUICK = Patience(attempts=3, seconds=5, first_wait=0.01, longest_wait=2, jitter=0.01)


def client(*answers: httpx.Response | Exception, asked: list[httpx.Request] | None = None) -> SourceClient:
    """A client whose source gives these answers, the last one for ever."""
    left: Iterator[httpx.Response | Exception] = iter(answers)
    last: list[httpx.Response | Exception] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        last[:] = [next(left, last[-1] if last else httpx.Response(500))]
        if isinstance(last[0], Exception):
            raise last[0]
        return last[0]

    return SourceClient(
        "crm",
        "https://crm.test/api/",
        headers={"Authorization": "Bearer tok-s3cret"},
        secrets=["hunter2"],
        patience=QUICK,
        transport=httpx.MockTransport(answer),
    )


async def test_a_busy_source_is_asked_again() -> None:
    """429 and 503 are tried again, after the wait that the source asks for."""
    asked: list[httpx.Request] = []
    source = client(
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(503),
        httpx.Response(200, json=[1]),
        asked=asked,
    )

    assert await source.json("GET", "things", list[int]) == [1]
    assert len(asked) == 3


async def test_a_refusal_is_not_repeated() -> None:
    """401 says to check the credentials, after one request."""
    asked: list[httpx.Request] = []
    with pytest.raises(SourceRefused, match=r"\[crm\] GET crm\.test/api/things answered 401.*credentials") as refusal:
        await client(httpx.Response(401, json={"message": "no"}), asked=asked).request("GET", "things")

    assert len(asked) == 1
    assert refusal.value.status == 401


async def test_a_source_that_asks_for_a_long_wait_is_left_alone() -> None:
    """Retry-After beyond our patience ends the sync at once and says how long it is."""
    asked: list[httpx.Request] = []
    with pytest.raises(SourceUnavailable, match="asks to wait 3600 s") as refusal:
        await client(httpx.Response(429, headers={"Retry-After": "3600"}), asked=asked).request("GET", "x")

    assert len(asked) == 1
    assert refusal.value.retry_after == 3600


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]
)
async def test_a_source_that_does_not_answer_is_unavailable(failure: Exception) -> None:
    """No connection, a timeout and a cut connection are tried again, then told of."""
    asked: list[httpx.Request] = []
    with pytest.raises(SourceUnavailable, match="Check that the source runs"):
        await client(failure, asked=asked).request("GET", "things")

    assert len(asked) == QUICK.attempts


async def test_what_must_not_happen_twice_is_asked_once() -> None:
    """retry=False makes one request only."""
    asked: list[httpx.Request] = []
    with pytest.raises(SourceUnavailable):
        await client(httpx.Response(502), asked=asked).request("POST", "notes", json={"a": 1}, retry=False)

    assert len(asked) == 1


async def test_missing_and_wrong_are_told_apart() -> None:
    """404 is SourceNotFound, another 4xx a SourceError that is no refusal."""
    with pytest.raises(SourceNotFound):
        await client(httpx.Response(404)).request("GET", "contact/7")
    with pytest.raises(SourceError) as error:
        await client(httpx.Response(422, text="what?")).request("GET", "contact/7")
    assert type(error.value) is SourceError


async def test_something_else_than_json_is_told_of() -> None:
    """An HTML page with status 200 is a SourceError that says so."""
    page = httpx.Response(200, text="<html>login</html>", headers={"Content-Type": "text/html"})
    with pytest.raises(SourceError, match=r"something else than the expected JSON.*an HTML page"):
        await client(page).json("GET", "things", dict[str, int])


@pytest.mark.parametrize(
    "answer",
    [
        lambda: httpx.Response(401, text="token tok-s3cret is bad, password hunter2 too"),
        lambda: httpx.Response(200, text="no json, but hunter2"),
        lambda: httpx.ConnectError("proxy said tok-s3cret"),
    ],
)
async def test_no_secret_is_in_an_error_or_a_log(
    answer: Callable[[], httpx.Response | Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens and passwords are struck out of what the source says, and queries are left out."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceError) as error:
        await client(answer()).json("GET", "things", int, headers={"X-Key": "hunter2"})

    seen = f"{error.value!r} {error.value.__cause__!r} {caplog.text}"
    assert "tok-s3cret" not in seen
    assert "hunter2" not in seen


def test_retry_after_may_be_a_date() -> None:
    """Both forms of RFC 9110 are read; nonsense is no wait."""
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

    assert retry_after(httpx.Headers({"Retry-After": "Thu, 01 Jan 2026 12:00:30 GMT"}), now) == 30
    assert retry_after(httpx.Headers({"Retry-After": "7"}), now) == 7
    assert retry_after(httpx.Headers({"Retry-After": "soon"}), now) is None
    assert retry_after(httpx.Headers({}), now) is None

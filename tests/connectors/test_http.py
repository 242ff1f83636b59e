"""Promises of the HTTP client of a source."""

from __future__ import annotations

import gzip
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest

from connectors.errors import SourceError, SourceNotFound, SourceRefused, SourceUnavailable
from connectors.http import Patience, SourceClient, retry_after
from connectors.pace import Budget, left_of_headers

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


@pytest.mark.parametrize(
    ("address", "followed"),
    [
        ("https://crm.test/api/page/2", True),
        ("https://elsewhere.test/api/page/2", False),
        ("https://crm.test:8443/api/page/2", False),
        ("http://crm.test/api/page/2", False),
        ("https://crm.test@elsewhere.test/api", False),
        ("http://169.254.169.254/latest/meta-data", False),
    ],
)
async def test_only_the_source_s_own_host_is_asked(address: str, followed: bool) -> None:
    """A redirect or a page's link to another host, port or to plain HTTP is refused, before anything is sent there."""
    for redirected in (False, True):
        asked: list[httpx.Request] = []
        answers = [httpx.Response(302, headers={"Location": address})] if redirected else []
        source = client(*answers, httpx.Response(200, json=1), asked=asked)
        if followed:
            assert await source.json("GET", "things" if redirected else address, int) == 1
        else:
            with pytest.raises(SourceError, match=r"\[crm\] crm\.test sends us to another host.*plugins\.toml"):
                await source.request("GET", "things" if redirected else address)
            assert [request.url.path for request in asked] == (["/api/things"] if redirected else [])


async def test_hosts_of_the_source_s_own_are_asked_too() -> None:
    """A vendor may keep its files on a second host: with TLS, and named by the connector."""
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=request.url.host))
    source = SourceClient("crm", "https://crm.test/", other_hosts=["files.test"], transport=transport)

    assert await source.json("GET", "https://files.test/1", str) == "files.test"
    with pytest.raises(SourceError, match="another host"):
        await source.request("GET", "http://files.test/1")


class Body(httpx.AsyncByteStream):
    """A body in pieces; it counts those that were taken."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = pieces
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            self.taken += 1
            yield piece


def served(body: Body, **headers: str) -> SourceClient:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=headers, stream=body))
    return SourceClient("crm", "https://crm.test/", largest=1000, transport=transport, patience=QUICK)


async def test_a_packed_answer_is_unpacked() -> None:
    """gzip, gzip of several members cut anywhere, and deflate give the same JSON."""
    packed = gzip.compress(b'["one",') + gzip.compress(b'"two"]')
    pieces = [packed[at : at + 5] for at in range(0, len(packed), 5)]

    assert await served(Body(*pieces), **{"content-encoding": "gzip"}).json("GET", "x", list[str]) == ["one", "two"]


@pytest.mark.parametrize(
    ("pieces", "headers", "taken"),
    [
        ([b"0" * 400] * 50, {}, 3),
        ([b"0"] * 50, {"content-length": "99999"}, 0),
        ([gzip.compress(b"0" * 5_000_000)] * 2, {"content-encoding": "gzip"}, 1),
    ],
)
async def test_an_answer_is_read_no_further_than_its_limit(
    pieces: list[bytes], headers: dict[str, str], taken: int
) -> None:
    """Too long, said to be too long, or a bomb: the error says so, and the rest is not read."""
    body = Body(*pieces)
    with pytest.raises(SourceError, match=r"\[crm\] GET crm\.test/x answered with something larger than"):
        await served(body, **headers).request("GET", "x")
    assert body.taken == taken


async def test_a_budget_is_kept_by_all_who_ask() -> None:
    """Two requests in ten seconds: the third waits for the first one's end, the fifth for the third's."""
    now, waits = [100.0], []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    budget = Budget(2, 10, clock=lambda: now[0])
    for _ in range(5):
        await budget.turn(sleep)
        now[0] += 1

    assert waits == [8, 8, 16]


async def test_a_source_that_says_nothing_is_left_is_not_asked_for_a_while() -> None:
    """The vendor's own headers are obeyed before it has to answer 429."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(round(seconds))

    answers = [httpx.Response(200, headers={"RateLimit-Remaining": left, "RateLimit-Reset": "2"}) for left in "10"]
    transport = httpx.MockTransport(lambda request: answers.pop(0) if answers else httpx.Response(200))
    patience = Patience(sleep=sleep)
    source = SourceClient("crm", "https://crm.test/", transport=transport, patience=patience)
    for _ in range(3):
        await source.request("GET", "x")

    assert waits == [2]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"RateLimit-Remaining": "3", "RateLimit-Reset": "9"}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "9"}, 9),
        ({"X-RateLimit-Remaining": "0"}, 1),
        ({"X-Rate-Limit-Remaining": "0", "ratelimit-reset": "soon"}, 1),
        ({"RateLimit-Remaining": "none"}, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "1000000001"}, 0),
    ],
)
def test_what_headers_say_is_left(headers: dict[str, str], wait: float | None) -> None:
    """Nothing said and something left are no wait; a reset that is a moment in the past neither."""
    assert left_of_headers(httpx.Headers(headers)) == wait


@pytest.mark.parametrize(
    "base_url",
    [
        "https://crm.test",
        "https://crm.test/",
        "https://crm.test:8443",
        "https://crm.test/api",
        "https://crm.test/api/",
        "https://crm.test/an api/v2",
        "http://[::1]:8080",
    ],
)
@pytest.mark.parametrize("path", ["things", "/things", "things/7/ü.json", "a:b", "things?kind=x", "//things"])
async def test_an_address_with_a_query_is_the_one_that_httpx_makes(base_url: str, path: str) -> None:
    """Whatever the base and the path; only commas are left as they are."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200)

    transport = httpx.MockTransport(answer)
    params = {"names": "a,b,c", "q": "two words & ü/?#=", "n": 3, "f": 1.5, "on": True, "none": None, "id": ["1", "2"]}
    sent = {name: value for name, value in params.items() if value is not None}
    async with httpx.AsyncClient(base_url=base_url) as plain:
        expected = error = None
        try:
            expected = plain.build_request("GET", path, params=sent).url
        except httpx.InvalidURL as invalid:
            error = invalid
    async with SourceClient("crm", base_url, patience=QUICK, transport=transport) as source:
        if error is not None or expected is None or expected.host != source.base_url.host:
            with pytest.raises(SourceError):
                await source.request("GET", path, params=params)
            return
        await source.request("GET", path, params=params)

    (request,) = asked
    assert (request.url.scheme, request.url.netloc, request.url.raw_path.partition(b"?")[0]) == (
        expected.scheme,
        expected.netloc,
        expected.raw_path.partition(b"?")[0],
    )
    assert request.url.params.multi_items() == expected.params.multi_items()
    is_left_to_httpx = path in ("a:b", "things?kind=x", "//things")
    assert (b"names=a,b,c" in request.url.query) is not is_left_to_httpx

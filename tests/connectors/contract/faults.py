"""What can go wrong on the wire, and what a connector must make of it."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from connectors.errors import SourceError, SourceNotFound, SourceRefused, SourceUnavailable
from tests.connectors.contract.wires import Answer, Bad, Pieces

ELSEWHERE = "https://elsewhere.example/steal"
LED_AWAY = ("another host, elsewhere.example", "change the address in [")


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: `times` it happens (None: for ever), the error it `gives` (None: it passes, all is read), what that
    error says of what happened and of what to do, and how often the vendor may be asked meanwhile."""

    name: str
    bad: Bad
    gives: type[SourceError] | None
    says: tuple[str, ...] = ()
    times: int | None = None
    asked: int | None = None

    def __str__(self) -> str:
        return self.name


def faults() -> list[Fault]:
    """The table."""
    refused = "Check the credentials and scopes in ["
    later = "The next sync goes on from the last page"
    address = "heck the address in ["
    api = "has it changed its API?"
    no_json = ("something else than the expected JSON", address)
    unreachable = ("Check that the source runs", "the address in [")
    return [
        Fault("401", status(401), SourceRefused, ("answered 401", refused), asked=1),
        Fault("403", status(403), SourceRefused, ("answered 403", refused), asked=1),
        Fault("404", status(404), SourceNotFound, ("answered 404", address), asked=1),
        Fault("410", status(410), SourceNotFound, ("answered 410", address), asked=1),
        Fault("400", status(400), SourceError, ("answered 400", api), asked=1),
        Fault("422", status(422), SourceError, ("answered 422", api), asked=1),
        Fault("429 once", status(429, retry_after="0"), None, times=1),
        Fault("429 for an hour", status(429, "3600"), SourceUnavailable, ("asks to wait 3600 s", later), asked=1),
        Fault("429 without Retry-After", status(429), None, times=1),
        Fault("429 for ever", status(429), SourceUnavailable, ("answered 429", later)),
        *(Fault(f"{code} once", status(code), None, times=1) for code in (500, 502, 503, 504)),
        *(Fault(f"{n} for ever", status(n), SourceUnavailable, (f"answered {n}", later)) for n in (500, 502, 503, 504)),
        Fault("time-out once", raising(httpx.ReadTimeout("slow")), None, times=1),
        Fault(
            "time-out for ever", raising(httpx.ReadTimeout("slow")), SourceUnavailable, ("ReadTimeout", *unreachable)
        ),
        Fault("no connection", raising(httpx.ConnectError("no")), SourceUnavailable, ("ConnectError", *unreachable)),
        Fault("body cut once", cut_connection, None, times=1),
        Fault("body cut for ever", cut_connection, SourceUnavailable, ("peer closed connection", *unreachable)),
        Fault("half a body", half, SourceError, no_json, asked=1),
        Fault("no JSON", body(b"{]"), SourceError, no_json, asked=1),
        Fault("JSON that is not UTF-8", body(b'{"a": "\xff\xfe"}'), SourceError, no_json, asked=1),
        Fault("JSON a million deep", body(b"[" * 1_000_000), SourceError, no_json, asked=1),
        Fault("an HTML page", html(200), SourceError, ("an HTML page", address), asked=1),
        Fault("an HTML page with 503", html(503), SourceUnavailable, ("an HTML page", later)),
        Fault("nothing", body(b""), SourceError, no_json, asked=1),
        Fault("null", body(b"null"), SourceError, no_json, asked=1),
        Fault("an empty object", body(b"{}"), SourceError, no_json, asked=1),
        Fault("a text", body(b'"maintenance"'), SourceError, no_json, asked=1),
        Fault("sent to another host", redirect(ELSEWHERE), SourceError, LED_AWAY, asked=1),
        Fault("a decompression bomb", bomb, SourceError, ("larger than", address), asked=1),
        Fault("a broken gzip", broken_gzip, SourceUnavailable, unreachable),
    ]


def unsaid(words: Sequence[str], text: str) -> list[str]:
    """Which of these a text lacks."""
    return [one for one in words if one not in text]


def status(code: int, retry_after: str | None = None) -> Bad:
    """A refusal that repeats our credentials, as some proxies do."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}

    def bad(request: httpx.Request, good: Answer) -> httpx.Response:
        said = request.headers.get("authorization", "")
        return httpx.Response(code, headers=headers, json={"message": f"no: {said} {' '.join(SHOWN)}"})

    return bad


SHOWN: list[str] = []
"""Secrets of the vendor at hand that refusals show beside the Authorization header."""


def raising(error: Exception) -> Bad:
    def bad(request: httpx.Request, good: Answer) -> httpx.Response:
        raise error

    return bad


def cut_connection(request: httpx.Request, good: Answer) -> httpx.Response:
    """The connection ends in the middle of the body."""
    whole = good(request).content
    broken = httpx.RemoteProtocolError("peer closed connection without sending complete message body")
    return httpx.Response(200, headers=JSON, stream=Pieces(whole[: len(whole) // 2], broken))


def half(request: httpx.Request, good: Answer) -> httpx.Response:
    """Half of the body, and no word of a missing rest."""
    whole = good(request).content
    return httpx.Response(200, headers=JSON, content=whole[: len(whole) // 2])


def body(content: bytes) -> Bad:
    return lambda request, good: httpx.Response(200, headers=JSON, content=content)


def html(code: int) -> Bad:
    page = "<html><body>Please log in</body></html>"
    return lambda request, good: httpx.Response(code, html=page)


def redirect(to: str) -> Bad:
    return lambda request, good: httpx.Response(302, headers={"Location": to})


def bomb(request: httpx.Request, good: Answer) -> httpx.Response:
    """Less than half a megabyte that becomes ninety-six."""
    return httpx.Response(200, headers={**JSON, "Content-Encoding": "gzip"}, stream=Pieces(_bomb()))


def broken_gzip(request: httpx.Request, good: Answer) -> httpx.Response:
    packed = gzip.compress(good(request).content)
    return httpx.Response(200, headers={**JSON, "Content-Encoding": "gzip"}, stream=Pieces(packed[: len(packed) // 2]))


@cache
def _bomb() -> bytes:
    return gzip.compress(b'"' + b"0" * (96 << 20), 1)


JSON = {"Content-Type": "application/json"}


def changed(place: str, how: str) -> Bad:
    """The good answer with the value at `place` (`results.0.id`) missing, renamed, or of another type."""

    def bad(request: httpx.Request, good: Answer) -> httpx.Response:
        response = good(request)
        document = json.loads(response.content)
        *way, last = place.split(".")
        holder = document
        for part in way:
            holder = _member(holder, part)
        _spoil(holder, last, how)
        return again(response, document)

    return bad


def again(response: httpx.Response, document: Any) -> httpx.Response:
    """The answer with another body: its headers may hold the moment, or the link to the next page."""
    headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
    return httpx.Response(response.status_code, headers=headers, json=document)


def _spoil(holder: Any, last: str, how: str) -> None:
    if holder is None or (isinstance(holder, dict) and last not in holder):
        return
    name = int(last) if isinstance(holder, list) else last
    if how == "missing":
        del holder[name]
    elif how == "renamed":
        holder[f"{last}_v2"] = holder.pop(name)
    elif how == "null":
        holder[name] = None
    elif how == "a number":
        holder[name] = 0.5
    elif how == "an object":
        holder[name] = {"value": holder[name]}
    elif how == "a list":
        holder[name] = [holder[name]]
    else:
        raise ValueError(how)


HOW_IT_CHANGES = ("missing", "renamed", "null", "a number", "an object", "a list")


def _member(holder: Any, part: str) -> Any:
    if isinstance(holder, list):
        return holder[int(part)] if int(part) < len(holder) else None
    return None if holder is None else holder.get(part)


def link_elsewhere(place: str) -> Bad:
    """The good answer whose next link leads to another host."""

    def bad(request: httpx.Request, good: Answer) -> httpx.Response:
        document = json.loads(good(request).content)
        *way, last = place.split(".")
        holder = document
        for part in way:
            holder = holder[part]
        holder[last] = ELSEWHERE
        return httpx.Response(200, json=document)

    return bad


def links_elsewhere(request: httpx.Request, good: Answer) -> httpx.Response:
    """The good answer in whose body and headers every address leads to another host."""
    response = good(request)
    spoilt = again(response, _led_away(json.loads(response.content)))
    if "link" in response.headers:
        spoilt.headers["link"] = re.sub(r"https?://[^/>]+", ELSEWHERE, response.headers["link"])
    return spoilt


def _led_away(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _led_away(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_led_away(one) for one in value]
    return ELSEWHERE if isinstance(value, str) and value.startswith(("http://", "https://")) else value


def ids_of_other_type(ids: frozenset[str]) -> Callable[[Answer], Answer]:
    """A stand-in whose ids are numbers where they were texts, and texts where they were numbers."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: _swapped(one) if name in ids else other(one) for name, one in value.items()}
        return [other(one) for one in value] if isinstance(value, list) else value

    def wrap(good: Answer) -> Answer:
        def answer(request: httpx.Request) -> httpx.Response:
            response = good(request)
            if "json" not in response.headers.get("content-type", "") or not response.content:
                return response
            return again(response, other(json.loads(response.content)))

        return answer

    return wrap


def _swapped(value: Any) -> Any:
    if isinstance(value, str) and value.isdecimal() and not value.startswith("0"):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return [_swapped(one) for one in value] if isinstance(value, list) else value

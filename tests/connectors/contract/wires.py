"""Wires between a connector and a stand-in: one that holds both to the vendor's description, one that is faulty."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from urllib.parse import unquote_plus

import httpx

from tests.connectors.contract.descriptions import Description

Answer = Callable[[httpx.Request], httpx.Response]
Bad = Callable[[httpx.Request, Answer], httpx.Response]
"""Makes an answer to a request; the good one is there to be spoilt."""


class NotAsDescribed(AssertionError):
    """A request or an answer is not as the vendor describes its API."""


class DescribedWire(httpx.AsyncBaseTransport):
    """A stand-in behind the vendor's description.

    What the description does not have is let through when `not_described` names it: `GET /path/{id}`,
    `GET /path?parameter`, or `GET /path#.items[].field` for a field of the answer. `used` are the operations that were
    asked, `excused` the names that were needed.
    """

    def __init__(self, answer: Answer, description: Description, not_described: Mapping[str, str]) -> None:
        self._answer = answer
        self._description = description
        self._not_described = not_described
        self.used: set[str] = set()
        self.excused: set[str] = set()
        self.problems: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        response = self._answer(request)
        problems = self._problems(request, response)
        if problems:
            self.problems += problems
            raise NotAsDescribed("\n".join(problems))
        return response

    def _problems(self, request: httpx.Request, response: httpx.Response) -> list[str]:
        operations = self._description.operations(request.method, request.url.path)
        if not operations or f"{request.method} {request.url.path}" in self._not_described:
            return self._excuse([self._undescribed(request)])
        tried: list[list[str]] = []
        for operation in operations:
            problems = self._description.problems_of_request(operation, request)
            problems += self._description.problems_of_answer(operation, response)
            left = [one for one in problems if one not in self._not_described]
            if not left:
                self.used.add(operation.name)
                self.excused.update(problems)
                return []
            tried.append(left)
        return min(tried, key=len)

    def _undescribed(self, request: httpx.Request) -> str:
        for name in self._not_described:
            method, _, template = name.partition(" ")
            pattern = re.sub(r"\\\{[^/{}]+\\\}", "[^/]+", re.escape(template.partition("?")[0]))
            if method == request.method and re.fullmatch(pattern, request.url.path):
                return name
        return f"{request.method} {request.url.path}"

    def _excuse(self, problems: Sequence[str]) -> list[str]:
        self.excused.update(one for one in problems if one in self._not_described)
        return [
            f"{one} is not described; list it in not_described, with why"
            for one in problems
            if one not in self._not_described
        ]


class FaultyWire(httpx.AsyncBaseTransport):
    """A stand-in whose answers to some requests are bad: from the one after `good` good ones on, `times` times.

    `requests` is a pattern of `METHOD /path`, or of `METHOD /path?query` when it has a `\\?`, for a vendor whose
    streams share a path; `hosts` are those that were asked.
    """

    def __init__(self, answer: Answer, requests: str, bad: Bad, *, good: int = 0, times: int | None = None) -> None:
        self._answer = answer
        self._pattern = re.compile(requests)
        self._bad = bad
        self._from = good
        self._to = None if times is None else good + times
        self.asked = 0
        self.hosts: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.hosts.add(request.url.host)
        if not self._pattern.fullmatch(f"{request.method} {self._where(request.url)}"):
            return self._answer(request)
        number = self.asked
        self.asked += 1
        if number < self._from or (self._to is not None and number >= self._to):
            return self._answer(request)
        return self._bad(request, self._answer)

    def _where(self, url: httpx.URL) -> str:
        query = unquote_plus(url.query.decode())
        return f"{url.path}?{query}" if query and "\\?" in self._pattern.pattern else url.path


class Pieces(httpx.AsyncByteStream):
    """A body that comes in pieces, as over a network; an exception among them is raised there."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

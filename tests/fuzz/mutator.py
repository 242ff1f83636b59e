"""Makes requests that are wrong in one way or several, the same ones for the same seed."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.fuzz.seeds import TOKEN, Seed

JSON = "application/json"
ACCEPTED = ["application/graphql-response+json", JSON, "*/*", "application/*;q=0.1", "text/event-stream", "text/html"]
NO_METHODS = ["BREW", "get"]
ODD_BYTES = [b"\xff", b"\xed\xa0\x80", b"\x00", b"[" * 2_000, b"NaN", b'"', b"}", b"\r\n"]
LARGEST_REPEAT = 3_000


@dataclass(frozen=True, slots=True)
class Attack:
    """One HTTP request; with `is_broken` it may not even be HTTP."""

    number: int
    content: bytes
    accept: str
    is_broken: bool = False
    is_head: bool = False
    may_last: bool = False
    """Its answer may be a stream that does not end."""


class Mutator:
    """Requests by the dice of one seed."""

    def __init__(self, seed: int, seeds: list[Seed], words: list[str], values: list[Any]) -> None:
        self._dice = random.Random(seed)
        self._seeds = seeds
        self._tokens = [TOKEN.findall(one.query) for one in seeds]
        self._words = words
        self._enums = [word for word in words if word.isupper()]
        self._values = values
        self._ways: list[tuple[int, Callable[[dict[str, Any]], None]]] = [
            (6, self._mutate_tokens),
            (6, self._mutate_literals),
            (9, self._mutate_variables),
            (1, self._mutate_envelope),
        ]

    def attacks(self, count: int) -> Iterator[Attack]:
        """So many requests."""
        for number in range(count):
            yield self._attack(number)

    def _attack(self, number: int) -> Attack:
        dice = self._dice
        seed = dice.choice(self._seeds)
        given: dict[str, Any] = {"query": seed.query, "variables": json.loads(json.dumps(seed.variables))}
        weights = [weight for weight, _ in self._ways]
        for _, mutate in dice.choices(self._ways, weights, k=dice.choice([0, 1, 1, 1, 1, 2, 3])):
            mutate(given)
        method, target, body = "POST", "/graphql", _json(given)
        if dice.random() < 0.08:
            method, target, body = "GET", self._query_string(given), b""
        if dice.random() < 0.07:
            body = self._mutate_bytes(body)
        headers = self._headers()
        if dice.random() < 0.02:
            method = dice.choice(["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "GET", *NO_METHODS])
        if dice.random() < 0.004:
            body = b'{"query": "' + b"x" * dice.choice([999_000, 1_000_100, 3_000_000]) + b'"}'
        if method in ("GET", "HEAD"):
            body = b""
        head = f"{method} {target} HTTP/1.1\r\n".encode()
        head += b"".join(name.encode() + b": " + value.encode("latin-1") + b"\r\n" for name, value in headers.items())
        head += f"content-length: {len(body)}\r\n\r\n".encode()
        is_broken = method in NO_METHODS
        if dice.random() < 0.02:
            head, is_broken = self._mutate_bytes(head), True
        accept = headers.get("accept", JSON)
        may_last = accept == "text/event-stream" and "subscription" in str(given.get("query"))
        return Attack(number, head + body, accept, is_broken, method == "HEAD", may_last)

    def _headers(self) -> dict[str, str]:
        dice = self._dice
        headers = {"host": "localhost", "content-type": JSON, "accept": ACCEPTED[0]}
        if dice.random() < 0.2:
            headers["accept"] = dice.choice([*ACCEPTED, "", ";;q=x,", "application/json;q=nan", "a/b,*/*;q=0"])
        if dice.random() < 0.05:
            odd = {
                "content-type": [
                    "",
                    "text/plain",
                    f"{JSON}; charset=utf-16",
                    f"{JSON}; charset",
                    "multipart/form-data",
                ],
                "content-encoding": ["gzip", "identity", ""],
                "host": ["", "evil.example", "[::1]", "[", "localhost:99999999", "127.0.0.1:1:1"],
                "authorization": ["Bearer ", "Basic eDp5", "Bearer c360_0123456789abcdef_x", "Bearer \xff", "a"],
                "x-api-key": ["", "c360_", "c360___", "\xe9", "c360_ffffffffffffffff_" + "x" * 43],
                "sec-fetch-site": ["cross-site", "same-origin", ""],
                "origin": ["null", "https://evil.example"],
                "x-long": ["x" * 20_000],
            }
            name = dice.choice(list(odd))
            headers[name] = dice.choice(odd[name])
        return headers

    def _query_string(self, given: dict[str, Any]) -> str:
        parts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        text = "&".join(f"{quote(name)}={quote(value, errors='replace')}" for name, value in parts.items())
        if self._dice.random() < 0.3:
            text = text.replace("%7B", self._dice.choice(["%", "%GG", "%ff", "{", "&", "+", ""]), 1)
        return f"/graphql?{text[:60_000]}"

    def _mutate_tokens(self, given: dict[str, Any]) -> None:
        if not isinstance(given.get("query"), str):
            return
        tokens, dice = TOKEN.findall(given["query"]), self._dice
        for _ in range(dice.choice([1, 1, 2, 3, 8])):
            at = dice.randrange(len(tokens) + 1)
            end = min(len(tokens), at + dice.choice([1, 1, 2, 5, 30]))
            match dice.randrange(8):
                case 0:
                    del tokens[at:end]
                case 1:
                    tokens[at:at] = [dice.choice(self._words)]
                case 2 | 3:
                    tokens[at : at + 1] = [dice.choice(self._words)]
                case 4:
                    tokens[at:at] = tokens[at:end]
                case 5:
                    tokens[at:at] = tokens[at:end] * (dice.randrange(LARGEST_REPEAT) // max(1, end - at))
                case 6:
                    other = dice.choice(self._tokens)
                    start = dice.randrange(len(other))
                    tokens[at:end] = other[start : start + dice.choice([1, 3, 10, 40])]
                case _ if len(tokens) > 1:
                    one, two = dice.randrange(len(tokens)), dice.randrange(len(tokens))
                    tokens[one], tokens[two] = tokens[two], tokens[one]
        given["query"] = " ".join(token if not token.startswith("#") else f"{token}\n" for token in tokens)

    def _mutate_literals(self, given: dict[str, Any]) -> None:
        """Other values where values stand: most such documents are still valid."""
        if not isinstance(given.get("query"), str):
            return
        tokens, dice = TOKEN.findall(given["query"]), self._dice
        after_colon = [
            n for n in range(1, len(tokens)) if tokens[n - 1] in (":", "=", "[", ",") and tokens[n] not in "[{$"
        ]
        for at in dice.sample(after_colon, min(len(after_colon), dice.choice([1, 1, 2]))):
            token = tokens[at]
            if re.fullmatch(r"-?\d+", token):
                tokens[at] = str(dice.choice([0, -1, 1, 2, 7, 50, 100, 101, 2**31, 10**20]))
            elif token.startswith('"'):
                tokens[at] = json.dumps(str(dice.choice(self._values)))
            elif token in ("true", "false"):
                tokens[at] = dice.choice(["true", "false", "null"])
            elif token.isupper():
                tokens[at] = dice.choice(self._enums)
        given["query"] = " ".join(token if not token.startswith("#") else f"{token}\n" for token in tokens)

    def _mutate_variables(self, given: dict[str, Any]) -> None:
        dice, variables = self._dice, given.get("variables")
        if not isinstance(variables, dict) or not variables or dice.random() < 0.1:
            given["variables"] = dice.choice([self._value(), {"id": self._value()}])
            return
        inside: Any = variables
        key: Any = dice.choice(list(inside))
        while isinstance(inside[key], dict | list) and inside[key] and dice.random() < 0.7:
            inside = inside[key]
            key = dice.choice(list(inside)) if isinstance(inside, dict) else dice.randrange(len(inside))
        match dice.randrange(6):
            case 0 if isinstance(inside, dict):
                del inside[key]
            case 1 if isinstance(inside, dict):
                inside[dice.choice(self._words)] = inside[key]
            case 2:
                inside[key] = [inside[key]]
            case 3:
                inside[key] = {dice.choice(self._words): inside[key]}
            case _:
                inside[key] = self._value()

    def _mutate_envelope(self, given: dict[str, Any]) -> None:
        dice = self._dice
        name = dice.choice(["query", "operationName", "extensions", "variables", "operationName", "documentId", "more"])
        given[name] = dice.choice([self._value(), "Q", {"persistedQuery": self._value()}])
        if dice.random() < 0.1:
            del given[dice.choice(list(given))]

    def _value(self) -> Any:
        return copy.deepcopy(self._dice.choice(self._values))  # it may be changed further

    def _mutate_bytes(self, content: bytes) -> bytes:
        dice, changed = self._dice, bytearray(content)
        for _ in range(dice.choice([1, 1, 2, 5, 20])):
            at = dice.randrange(len(changed) + 1)
            end = at + dice.choice([1, 2, 8, 100])
            match dice.randrange(5):
                case 0:
                    del changed[at:end]
                case 1:
                    changed[at:at] = dice.randbytes(dice.choice([1, 2, 8]))
                case 2 if at < len(changed):
                    changed[at] ^= 1 << dice.randrange(8)
                case 3:
                    changed[at:at] = changed[at:end]
                case _:
                    changed[at:at] = dice.choice(
                        [b"\xff", b"\xed\xa0\x80", b"\x00", b"[" * 2_000, b"NaN", b'"', b"}", b"\r\n"]
                    )
        return bytes(changed)


def _json(given: dict[str, Any]) -> bytes:
    # A half of a surrogate pair stands as \ud800, infinities as Infinity: JSON that is none.
    return json.dumps(given).encode()

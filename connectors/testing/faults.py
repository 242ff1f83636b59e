"""What can go wrong on the wire, and what a connector must make of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from connectors.testing.contract import ContractBroken
from connectors.testing.reading import Make, Reading, logged, read_all, secrets_in
from connectors.testing.vendor import Answer, Asked, Vendor


@dataclass(frozen=True, slots=True)
class Fault:
    """A bad answer in place of a good one; with `times` it passes, and all must be read; else the source must fail."""

    name: str
    bad: Callable[[Answer], Answer]
    times: int | None = None


FAULTS = (
    Fault("429 with Retry-After, once", lambda _: Answer(429, b"slow down", {"Retry-After": "0"}), 1),
    Fault("502, once", lambda _: Answer(502, b"bad gateway"), 1),
    Fault("a connection that is cut, once", lambda good: Answer(good.status, good.content, good.headers, cut=True), 1),
    Fault("a slow answer", lambda good: Answer(good.status, good.content, good.headers, wait=0.3), 1),
    Fault("429 for an hour", lambda _: Answer(429, b"", {"Retry-After": "3600"})),
    Fault("401", lambda _: Answer(401, b"who are you?")),
    Fault("403", lambda _: Answer(403, b"not you")),
    Fault("500 for ever", lambda _: Answer(500, b"oops")),
    Fault("connections that are cut", lambda good: Answer(good.status, good.content, good.headers, cut=True)),
    Fault("half of a body", lambda good: Answer(200, good.content[: len(good.content) // 2], good.headers)),
    Fault("an HTML page", lambda _: Answer(200, b"<html>maintenance</html>", {"Content-Type": "text/html"})),
    Fault("no JSON", lambda good: Answer(200, b"{]", good.headers)),
    Fault("null", lambda good: Answer(200, b"null", good.headers)),
    Fault("an empty object", lambda good: Answer(200, b"{}", good.headers)),
)


async def check_faults(make: Make, vendor: Vendor, *, secrets: Sequence[str] = (), seconds: float = 20.0) -> list[str]:
    """Read through every fault, at the first, the second and the last request; what was tried. Raises ContractBroken.

    What passes must be survived: all records are there. What stays must end in a SourceError within `seconds`, without
    a secret in it or in the log. Besides: a vendor that gives the same page for ever, and one whose pages overlap, as
    they do when records change during the reading.
    """
    peace = await read_all(make, seconds=seconds)
    if peace.mistake or peace.error:
        raise ContractBroken(f"it cannot be read in peace: {peace.mistake or peace.error}")
    with vendor.spoilt(lambda _, good: good):
        await read_all(make, seconds=seconds)
        requests = len(vendor.asked)
    broken: list[str] = []
    tried: list[str] = []
    for fault in FAULTS:
        for first in sorted({1, min(2, requests), requests}):
            name = f"{fault.name}, at request {first}"
            tried.append(name)
            with logged() as lines, vendor.spoilt(partial(_spoil, vendor, fault, first)):
                found = await read_all(make, seconds=seconds)
            broken += [f"{name}: {what}." for what in _wrong(fault, peace, found)]
            broken += [f"{name}: {what}." for what in secrets_in(secrets, found, lines)]
    tried.append("the same page for ever")
    broken += await _same_page_for_ever(make, vendor, seconds)
    tried.append("pages that overlap")
    with vendor.spoilt(_Overlapping()):
        found = await read_all(make, seconds=seconds)
    broken += [f"pages that overlap: {what}." for what in _lost(peace, found)]
    if broken:
        raise ContractBroken("\n".join(dict.fromkeys(broken)))
    return tried


def _spoil(vendor: Vendor, fault: Fault, first: int, _asked: Asked, good: Answer) -> Answer:
    number = len(vendor.asked)
    is_bad = number >= first and (fault.times is None or number < first + fault.times)
    return fault.bad(good) if is_bad else good


def _wrong(fault: Fault, peace: Reading, found: Reading) -> list[str]:
    if found.mistake is not None:
        return [f"it raised {type(found.mistake).__name__}, not a SourceError"]
    if fault.times is not None:
        return _lost(peace, found)
    return [] if found.error is not None else ["it read to its end as if nothing were wrong"]


def _lost(peace: Reading, found: Reading) -> list[str]:
    problem = found.mistake or found.error
    if problem is not None:
        return [f"it should have gone on, but: {type(problem).__name__}"]
    lost = sorted(peace.records.keys() - found.records.keys())
    return [f"{len(lost)} records are lost, e.g. {lost[0]}"] if lost else []


async def _same_page_for_ever(make: Make, vendor: Vendor, seconds: float) -> list[str]:
    """Whatever is asked at a place, the answer is the one that was given there first."""
    first: dict[str, Answer] = {}

    def same(asked: Asked, good: Answer) -> Answer:
        return first.setdefault(asked.path, good)

    with vendor.spoilt(same):
        found = await read_all(make, seconds=seconds)
    if found.mistake is not None:
        return [f"the same page for ever: {found.mistake}."]
    return []


class _Overlapping:
    """The last object of each list stands in the next answer of the place once more, as first."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}

    def __call__(self, asked: Asked, good: Answer) -> Answer:
        try:
            value = msgspec.json.decode(good.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return good
        lists = [value] if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
        found = max((each for each in lists if isinstance(each, list)), key=len, default=[])
        before, self._last[asked.path] = self._last.get(asked.path), found[-1] if found else None
        if before is not None and found:
            found.insert(0, before)
        return Answer(good.status, msgspec.json.encode(value), good.headers)

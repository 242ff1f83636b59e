"""Where in a text one sees why somebody was found: ranges of the characters that fit what was typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from graph.customer.identifiers import email_key
from graph.search.find import SAME_FOLDED, Search, fit
from graph.search.words import folded, typed_words

_TOKEN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Range:
    """So many characters (Unicode code points) of a text, from `start` on, the first being 0."""

    start: int
    length: int


def ranges(search: Search, texts: Mapping[str, Sequence[str]]) -> dict[str, list[list[Range]]]:
    """The ranges in each of these texts, by the name they are given under; of each typed word where it fits best."""
    found = {name: [list(_fitting(search, text)) for text in each] for name, each in texts.items()}
    best: dict[str, float] = {}
    for _, word, value in (one for each in found.values() for marks in each for one in marks):
        best[word] = max(best.get(word, 0.0), value)
    return {
        name: [
            _apart([range_ for range_, word, value in marks if value >= min(best[word], SAME_FOLDED)]) for marks in each
        ]
        for name, each in found.items()
    }


def is_whole_address(search: Search, address: str) -> bool:
    """Whether this is the address that was typed."""
    key = email_key(address)
    return key is not None and key.key == search.email


def range_in_number(search: Search, number: str) -> Range | None:
    """What was typed of a number in E.164, with or without its country."""
    digits = search.digits or ""
    if not number.endswith(digits):
        digits = digits.lstrip("0")
    start = number.rfind(digits) if digits else -1
    if start < 0:
        return None
    return Range(0, len(number)) if start == 1 and len(digits) == len(number) - 1 else Range(start, len(digits))


def _fitting(search: Search, text: str) -> Iterator[tuple[Range, str, float]]:
    """Each token of the text that fits a typed word, with that word and how well it fits."""
    for token in _TOKEN.finditer(text):
        spans = [token.span()]
        if _PART.fullmatch(token[0]) is None:
            spans += [(token.start() + part.start(), token.start() + part.end()) for part in _PART.finditer(token[0])]
        for start, end in spans:
            for typed in search.words:
                value = _fit(typed, text[start:end])
                if value is not None:
                    yield _within(typed, text[start:end], start), typed, value


def _fit(typed: str, token: str) -> float | None:
    words = typed_words(token)
    return fit(typed, words[0]) if len(words) == 1 else None


def _within(typed: str, token: str, at: int) -> Range:
    """The shortest range of the token that holds what was typed; the whole token when that was mistyped."""
    wanted = folded(typed)
    starts = [start for start in range(len(token)) if _folded(token[start:]).startswith(wanted)]
    for start in starts:
        end = next(end for end in range(start + 1, len(token) + 1) if _folded(token[start:end]).startswith(wanted))
        return Range(at + start, end - start)
    return Range(at, len(token))


def _folded(text: str) -> str:
    return folded("".join(typed_words(text)))


def _apart(found: Sequence[Range]) -> list[Range]:
    """The ranges in their order, of those that overlap the longer."""
    kept: list[Range] = []
    for one in sorted(found, key=lambda each: (-each.length, each.start)):
        if all(one.start + one.length <= other.start or other.start + other.length <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda each: each.start)

"""Words as a search compares them: of names, companies and addresses, folded, and cut so that a mistyped one is found.

A word is *folded*: lower case, without accents, and the German and Nordic ways to write a letter with two of them
are one (Müller, Mueller and Muller are `muller`).

Within how many edits a word is still meant follows from its length (`edits_allowed`). An edit is a letter more, less
or other, or two neighbours swapped. Words within so many edits of one are found without looking at all words: each is
kept with its three parts. Two edits leave one part of the three as it was, so whoever knows at which places it can
stand then need only look there (Li, Deng, Wang, Feng: Pass-Join, VLDB 2011). A swap may touch two parts, so words with
one swap undone are sought, too.

A part of a word is found by three letters in a row (`letters_of`): the words that have the rarest three of it are few.
Those that a word begins with are not kept, since beginnings are found by the index of folded words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from anyascii import anyascii

from graph.linkage.normalise import FREE_DOMAINS

LONGEST_WORD = 40
SHORTEST_SEGMENTED = 3
SHORTEST_PART = 3
"""Of fewer letters a part of a word is not looked for."""
MOST_EDITS = 2

ENDINGS = frozenset("com net org info biz edu gov int app dev example test invalid localhost".split())
"""Last labels of hosts that tell nobody apart; those of two letters do not either."""
_KEPT = 20_000  # names and hosts come again and again
_CHUNK = re.compile(r"[^a-z0-9'-]+")
_JOINED_BY = re.compile(r"['-]+")
_FOLDED = (("ae", "a"), ("oe", "o"), ("ue", "u"), ("aa", "a"))


def words_of(text: str) -> list[str]:
    """The words of a text, each once, without case and accents: of Anne-Marie `annemarie`, `anne` and `marie`."""
    return list(_words_of(text))


def typed_words(text: str) -> list[str]:
    """The words that were typed, in their order: of Anne-Marie only `annemarie`, of nordlicht.com only `nordlicht`."""
    tokens = [_without_host_ending(token) for token in text.split()]
    return list(dict.fromkeys(joined for token in tokens for joined, _ in _chunks(token)))


def words_of_address(address: str) -> list[str]:
    """The words of an e-mail address without the ending of its host; at a public provider those before the @."""
    return words_of(_without_host_ending(address))


def words_of_host(host: str) -> list[str]:
    """The words of a domain without its ending."""
    return words_of(_without_ending(host))


def folded(word: str) -> str:
    """The form in which words are compared."""
    for two, one in _FOLDED:
        word = word.replace(two, one)
    return word


def edits_allowed(word: str) -> int:
    """None up to two letters, one up to five, two beyond."""
    return 0 if len(word) < 3 else 1 if len(word) < 6 else MOST_EDITS


@dataclass(frozen=True, slots=True)
class Parts:
    """The three parts of a folded word, each with the word's length: `7:lo`, `7:ve`, `7:lac`."""

    head: str
    middle: str
    tail: str


def parts_of(word: str) -> Parts | None:
    """None when the word is too short for three."""
    if len(word) < SHORTEST_SEGMENTED:
        return None
    return Parts(*(f"{len(word)}:{word[start : start + size]}" for start, size in _layout(len(word))))


def letters_of(word: str) -> list[str]:
    """Each three letters in a row of a folded word: of `lovelac` `lov`, `ove`, `vel`, `ela` and `lac`."""
    return list(dict.fromkeys(word[start : start + SHORTEST_PART] for start in range(len(word) - SHORTEST_PART + 1)))


@dataclass(frozen=True, slots=True)
class Near:
    """Where to look for the words that were meant: parts that one of them has, or whole words of two letters."""

    heads: frozenset[str]
    middles: frozenset[str]
    tails: frozenset[str]
    short: frozenset[str]


def near(word: str) -> Near:
    """What a word within the allowed edits of this folded one has in common with it."""
    edits = edits_allowed(word)
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    if edits:
        for length in range(max(SHORTEST_SEGMENTED, len(word) - edits), len(word) + edits + 1):
            for meant in (word, *(_swapped(word) if edits == MOST_EDITS else ())):
                _add_parts(meant, length, found)
    heads, middles, tails = found
    shorter = frozenset(word[:at] + word[at + 1 :] for at in range(len(word))) if len(word) == 3 else frozenset()
    return Near(frozenset(heads), frozenset(middles), frozenset(tails), shorter)


def _add_parts(word: str, length: int, found: tuple[set[str], set[str], set[str]]) -> None:
    """The parts of words of this length, within two edits, that may stand in this word as they are."""
    shift = len(word) - length
    for number, (start, size) in enumerate(_layout(length)):
        # By so much can what stands before the part, and what stands behind it, have become longer or shorter.
        before, behind = number, MOST_EDITS - number
        first = max(start - before, start + shift - behind, 0)
        last = min(start + before, start + shift + behind, len(word) - size)
        found[number].update(f"{length}:{word[at : at + size]}" for at in range(first, last + 1))


def _layout(length: int) -> Iterator[tuple[int, int]]:
    """Start and size of the three parts of a word of this length; the later ones are the longer."""
    size, longer = divmod(length, 3)
    start = 0
    for number in range(3):
        own = size + (number >= 3 - longer)
        yield start, own
        start += own


def _swapped(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        if word[at] != word[at + 1]:
            yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]


@lru_cache(_KEPT)
def _words_of(text: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for joined, parts in _chunks(text):
        found.update(dict.fromkeys((joined, *parts)))
    return tuple(found)


def _without_host_ending(token: str) -> str:
    user, at, host = token.rpartition("@")
    if not at:
        return _without_ending(token)
    host = host.lower()
    return user if user and _is_public(host) else f"{user} {_without_ending(host)}"


@lru_cache(_KEPT)
def _is_public(host: str) -> bool:
    """Whether it is a public provider's, or begins like one."""
    return len(host) > 2 and any(domain.startswith(host) for domain in FREE_DOMAINS)


@lru_cache(_KEPT)
def _without_ending(host: str) -> str:
    labels = [label for label in host.split(".") if label]
    while len(labels) > 1 and (len(labels[-1]) == 2 or labels[-1].lower() in ENDINGS):
        labels.pop()
    return " ".join(labels)


def _chunks(text: str) -> Iterator[tuple[str, list[str]]]:
    """What stands between blanks and marks: joined, and its parts where a hyphen or an apostrophe joins them."""
    plain = (text if text.isascii() else anyascii(text)).lower()
    for chunk in _CHUNK.split(plain):
        parts = [part[:LONGEST_WORD] for part in _JOINED_BY.split(chunk) if part]
        if parts:
            yield "".join(parts)[:LONGEST_WORD], parts if len(parts) > 1 else []

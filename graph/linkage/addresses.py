"""Names that an e-mail address tells where the record does not: dianawinston94@… of a Winston is Diana."""

from __future__ import annotations

import re

from graph.linkage.given_names import known_given_names

_NOT_LETTERS = re.compile(r"[^a-z]+")
_LEAST = 3


def names_of_address(address: str, first: str | None, last: str | None) -> tuple[str | None, str | None]:
    """(given, family) name as the address tells them, for those of the two that the record lacks; else None.

    `first` and `last` are comparable names (`normalise.name`). An initial counts as lacking when the address spells a
    name that begins with it.
    """
    if last is not None and first is not None and len(first) > 1:
        return None, None
    words = [word for word in _NOT_LETTERS.split(address.partition("@")[0]) if word]
    if not words:
        return None, None
    if last is not None and (first is None or len(first) == 1):
        given = _rest(words, last.replace(" ", ""))
        fits = given is not None and (first is None or given[0] == first)
        return (given if fits else None), None
    if first is not None and len(first) > 1 and last is None:
        family = _rest(words, first.replace(" ", ""))
        return None, family if family is not None and len(family) >= _LEAST else None
    if first is None and last is None and len(words) == 2 and min(map(len, words)) >= _LEAST:
        one, two = words
        if one in known_given_names():
            return one, two
        if two in known_given_names():
            return two, one
    return None, None


def _rest(words: list[str], known: str) -> str | None:
    """What stands beside a known name: the other word, or what is glued to it; an initial is a rest too."""
    if len(known) < 2:
        return None
    if len(words) == 2 and known in words:
        return words[1 - words.index(known)]
    if len(words) == 2 and any(word == known[0] for word in words):
        return max(words, key=len)
    if len(words) != 1:
        return None
    word = words[0]
    for rest in (word.removesuffix(known), word.removeprefix(known)):
        if rest and rest != word:
            return rest
    if word in known_given_names():
        return word
    for rest in (word[:-1] if word[-1] == known[0] else "", word[1:] if word[0] == known[0] else ""):
        if rest in known_given_names():
            return rest
    return None

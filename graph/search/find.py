"""Search: customers and accounts by anything one remembers of them.

What was typed is taken apart into words; whoever has a word for each of them is found. A word is meant as it is, as
the beginning of a longer one or, when few are found so, mistyped or as a part of a longer one. A whole e-mail address
or telephone number is looked up as such; of a number its beginning or its ending is enough. A viewer for whom addresses
and numbers are masked finds by whole ones alone: to find by parts would be to read them.

Words are nodes (`graph/search/upkeep.py`), so that a search costs a look-up of words and then a walk from the rarest.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from rapidfuzz import process
from rapidfuzz.distance import OSA

from graph.customer.identifiers import email_key, phone_key
from graph.cypher import cypher
from graph.linkage.phone import national
from graph.search.upkeep import ADDRESSED_BY, NAMED_BY
from graph.search.words import SHORTEST_PART, edits_allowed, folded, letters_of, near, typed_words

MOST_WORDS = 8
MOST_FOUND = 500
"""More are never found: who finds so many has to type more."""
FEW = 10
"""When fewer are found by words as they are typed, mistyped words and parts of words are looked for, too."""
_MOST_MEANT = 100  # words that a typed one can stand for
_SHORTEST_NUMBER = 4
_NOBODYS = "-"  # no key or number begins or ends so; for null the embedded store would read all that there are

SAME, SAME_FOLDED = 1.0, 0.98
NOT_IN_NAME = 0.95


class Reader(Protocol):
    """What a search needs of a store."""

    async def read(self, query: str, /, **parameters: Any) -> list[list[Any]]: ...


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, made ready: its words, and what it is as a whole. `digits` is a number, or a part of one."""

    words: tuple[str, ...]
    email: str | None = None
    phone: str | None = None
    digits: str | None = None
    international: bool = False

    @property
    def has_trunk_zero(self) -> bool:
        """Whether a number begins with one zero: most countries drop it after their code, Italy keeps it."""
        return not self.international and (self.digits or "").startswith("0")

    def is_whole_number(self, number: str) -> bool:
        """Whether this number in E.164 was typed, with or without its country."""
        digits = (self.digits or "").lstrip("0")
        return bool(digits) and (number == f"+{digits}" or (national(number) or "").lstrip("0") == digits)


@dataclass(frozen=True, slots=True)
class Hit:
    """Who was found, and how well it fits: `score` is between 0 and 1. The best come first, then by name and id."""

    typename: str
    id: str
    name: str
    score: float

    @property
    def place(self) -> tuple[float, str, str]:
        """What hits are sorted by."""
        return -self.score, self.name, self.id


@dataclass(frozen=True, slots=True)
class Viewing:
    """What is looked through: these types, and addresses and numbers only as a whole where they are masked."""

    types: frozenset[str] = frozenset({"Customer", "Account"})
    emails_masked: bool = False
    phones_masked: bool = False

    @property
    def ties(self) -> list[str]:
        """The relationships by which one may be found."""
        return [NAMED_BY] if self.emails_masked else [NAMED_BY, ADDRESSED_BY]


def read_search(text: str) -> Search | None:
    """What was typed, made ready; None when there is nothing to look for."""
    words = typed_words(text)[:MOST_WORDS]
    if not words:
        return None
    email, phone = email_key(text), phone_key(text, None)
    digits = _digits(text)
    return Search(
        tuple(words),
        email=email.key if email else None,
        phone=phone.key if phone else None,
        digits=digits,
        international=text.strip().startswith(("+", "00")),
    )


async def find(reader: Reader, search: Search, viewing: Viewing) -> list[Hit]:
    """The best `MOST_FOUND` that fit, the best first."""
    found = await _by_identifier(reader, search, viewing)
    if not (search.email and found):
        for hit in await _by_words(reader, search, viewing):
            known = found.get(hit.id)
            if known is None or known.score < hit.score:
                found[hit.id] = hit
    return sorted(found.values(), key=lambda hit: hit.place)[:MOST_FOUND]


def fit(typed: str, word: str) -> float | None:
    """How well a typed word fits one that somebody has: 1 when it is the same; None when it does not.

    The beginning of a word fits by .7 to .95, a part of it by .5 to .7, the longer the better; a mistyped word by .7
    less the share of its letters that is wrong.
    """
    if typed == word:
        return SAME
    one, other = folded(typed), folded(word)
    if one == other:
        return SAME_FOLDED
    share = len(one) / len(other)
    if other.startswith(one):
        return 0.7 + 0.25 * share
    part = 0.5 + 0.2 * share if len(one) >= SHORTEST_PART and one in other else None
    edits = edits_allowed(one)
    distance = OSA.distance(one, other, score_cutoff=edits)
    mistyped = 0.7 * (1 - distance / max(len(one), len(other))) if distance <= edits else None
    return max((value for value in (part, mistyped) if value is not None), default=None)


@dataclass(slots=True)
class _Meant:
    """The words that a typed one can stand for, each with how well it fits and how many have it."""

    typed: str
    fits: dict[str, float] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)

    def add(self, word: str, owners: int | None = None) -> None:
        value = fit(self.typed, word)
        if value is not None:
            self.fits[word] = value
            if owners is not None:
                self.owners[word] = owners

    def best(self) -> list[str]:
        return sorted(self.fits, key=lambda word: (-self.fits[word], word))[:_MOST_MEANT]

    @property
    def cost(self) -> int:
        return sum(self.owners.values())


async def _by_words(reader: Reader, search: Search, viewing: Viewing) -> list[Hit]:
    meant = await _as_typed(reader, search, viewing)
    found = await _who_has(reader, meant, viewing) if all(one.fits for one in meant) else []
    if len(found) >= FEW:
        return found
    if not await _mistyped(reader, meant, viewing):
        return found
    return await _who_has(reader, meant, viewing) if all(one.fits for one in meant) else []


async def _as_typed(reader: Reader, search: Search, viewing: Viewing) -> list[_Meant]:
    """The words that are typed ones or begin with them, the shortest first."""
    meant = [_Meant(word) for word in search.words]
    # One question a word, all at once: the embedded store finds no beginnings by its index that come from a list.
    answers = await asyncio.gather(*(_begun(reader, folded(one.typed), viewing) for one in meant))
    for one, words in zip(meant, answers, strict=True):
        for word, owners in words:
            one.add(word, owners)
    return meant


async def _begun(reader: Reader, start: str, viewing: Viewing) -> Sequence[tuple[str, int]]:
    answer = await reader.read(
        cypher("search/words_begun"), start=start, addressed=not viewing.emails_masked, most=_MOST_MEANT
    )
    words: Sequence[tuple[str, int]] = answer[0][0]
    return words


async def _mistyped(reader: Reader, meant: Sequence[_Meant], viewing: Viewing) -> bool:
    """Add the words that typed ones are mistyped from or a part of; whether there are any."""
    typed_ones = sorted({folded(one.typed) for one in meant})
    places = [near(typed) for typed in typed_ones]
    answer = await reader.read(
        cypher("search/words_near"),
        **{
            name: sorted({key for place in places for key in getattr(place, name)})
            for name in ("heads", "middles", "tails", "short")
        },
        parts=[[typed, letters_of(typed)] for typed in typed_ones if len(typed) >= SHORTEST_PART],
        most=_MOST_MEANT,
    )
    candidates = sorted(set(answer[0][0]))
    plain = [folded(word) for word in candidates]
    known = [len(one.fits) for one in meant]
    for one in meant:
        typed = folded(one.typed)
        edits = edits_allowed(typed)
        near_ones = process.extract(
            typed, plain, scorer=OSA.distance, score_cutoff=edits, limit=_MOST_MEANT, processor=None
        )
        for place in sorted(
            {place for _, _, place in near_ones} | {p for p, word in enumerate(plain) if typed in word}
        ):
            one.add(candidates[place])
    if known == [len(one.fits) for one in meant]:
        return False
    for one in meant:
        one.fits = {word: one.fits[word] for word in one.best()}
    unknown = sorted({word for one in meant for word in one.fits if word not in one.owners})
    answer = await reader.read(cypher("search/word_owners"), words=unknown, addressed=not viewing.emails_masked)
    owners: dict[str, int] = dict(answer[0][0])
    for one in meant:
        one.owners = {word: one.owners.get(word, owners.get(word, 0)) for word in one.fits}
    return True


async def _who_has(reader: Reader, meant: Sequence[_Meant], viewing: Viewing) -> list[Hit]:
    """Who has a word for each of the typed ones; looked for among those who have the rarest."""
    rarest = min(meant, key=lambda one: one.cost)
    others = [one for one in meant if one is not rarest]
    words: list[list[Any]] = []
    reached = 0
    for place, word in enumerate(rarest.best()):
        if not others and reached >= MOST_FOUND:
            break
        words.append([place, word])
        reached += rarest.owners.get(word, 0)
    answer = await reader.read(
        cypher("search/who_has"),
        rarest=words,
        others=[[folded(one.typed), list(one.fits)] for one in others],
        types=sorted(viewing.types),
        ties=viewing.ties,
        most=MOST_FOUND,
    )
    return [_hit(meant, *row) for row in answer[0][0]]


def _hit(meant: Sequence[_Meant], is_account: bool, id: str, name: str | None, words: Sequence[str]) -> Hit:
    in_name = set(typed_words(name or ""))

    def of(one: _Meant) -> float:
        values = [
            value * (1.0 if word in in_name else NOT_IN_NAME)
            for word in words
            if (value := one.fits.get(word) or _fit_of_beginning(one.typed, word)) is not None
        ]
        return max(values, default=0.0)

    score = sum(of(one) for one in meant) / len(meant)
    return Hit("Account" if is_account else "Customer", id, name or "", round(score, 4))


def _fit_of_beginning(typed: str, word: str) -> float | None:
    """Of a word that was not among the shortest that begin so."""
    return fit(typed, word) if folded(word).startswith(folded(typed)) else None


async def _by_identifier(reader: Reader, search: Search, viewing: Viewing) -> dict[str, Hit]:
    """Who has the whole address or number that was typed, or a number that begins or ends so."""
    if "Customer" not in viewing.types or not (search.email or search.digits):
        return {}
    digits = (search.digits or "").lstrip("0")
    is_long_enough = len(digits) >= _SHORTEST_NUMBER
    begun = digits if is_long_enough and not viewing.phones_masked else None
    # What ends with leading zeros ends without them, too.
    ending = digits if is_long_enough else search.digits
    answer = await reader.read(
        cypher("search/who_is_reached"),
        keys=[key for key in (search.email, search.phone) if key],
        start=f"phone:+{begun}" if begun else _NOBODYS,
        national=begun if begun and not search.international else _NOBODYS,
        kept=search.digits if begun and search.has_trunk_zero else _NOBODYS,
        ending=ending[::-1] if ending else _NOBODYS,
        most=MOST_FOUND,
    )
    found: dict[str, Hit] = {}
    for key, owners in (one for reached, *_ in answer for one in reached):
        score = _fit_of_identifier(search, digits, key)
        if score < SAME and viewing.phones_masked:
            continue
        for id, name in owners:
            known = found.get(id)
            if known is None or known.score < score:
                found[id] = Hit("Customer", id, name or "", score)
    return found


def _fit_of_identifier(search: Search, digits: str, key: str) -> float:
    number = key.removeprefix("phone:")
    if key in (search.email, search.phone) or search.is_whole_number(number):
        return SAME
    typed = search.digits if search.digits and number.endswith(search.digits) else digits
    return round(0.7 + 0.25 * len(typed) / len(number), 4)


def _digits(text: str) -> str | None:
    """The digits of what may be a telephone number, or a part of one."""
    if re.fullmatch(r"[\d\s()+./-]+", text) is None:
        return None
    found = re.sub(r"\D", "", re.sub(r"\(\s*0\s*\)", "", text))
    return found if len(found) >= _SHORTEST_NUMBER else None

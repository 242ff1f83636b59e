"""Keep the words by which customers and accounts are found: those of their names, companies and addresses.

A word is one node for all who have it. Words that only an e-mail address holds hang on another relationship than those
of names, because not every viewer may find by them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from graph.cypher import cypher
from graph.search.words import folded, letters_of, parts_of, words_of, words_of_address, words_of_host
from graph.store.driver import Store, Transaction

Of = Literal["customer", "account"]

NAMED_BY, ADDRESSED_BY = "NAMED_BY", "ADDRESSED_BY"
_ROWS_A_QUERY = 10_000
_A_NUMBER = 7  # digits from which a name that has them is a telephone number rather than a name


@dataclass(frozen=True, slots=True)
class FoundBy:
    """The words one is found by: `named` of names and companies, `addressed` those that only an address holds."""

    named: frozenset[str]
    addressed: frozenset[str] = frozenset()

    def ties(self, id: str) -> set[tuple[str, str, str]]:
        """Each word as (id, word, type of the relationship)."""
        return {(id, word, NAMED_BY) for word in self.named} | {(id, word, ADDRESSED_BY) for word in self.addressed}


def words_of_customer(properties: Mapping[str, Any]) -> FoundBy:
    """Of the properties of a Customer; `full_name` counts where it is given besides, and what older versions kept."""
    named: set[str] = set()
    addressed: set[str] = set()
    names = ("display_name", "given_name", "family_name", "account_name", "full_name")
    for text in dict.fromkeys(name for key in names if (name := properties.get(key))):
        open_words, hidden_words = _words_of_name(text)
        named |= open_words
        addressed |= hidden_words
    named |= _kept_before(properties.get("search"))
    for email in json.loads(properties.get("emails") or "[]"):
        addressed |= {*words_of_address(email["address"])}
    return FoundBy(frozenset(named), frozenset(addressed - named))


def words_of_account(properties: Mapping[str, Any]) -> FoundBy:
    """Of the properties of an Account."""
    named, addressed = _words_of_name(properties.get("name") or "")
    named |= {*words_of_host(properties.get("domain") or "")}
    return FoundBy(frozenset(named), frozenset(addressed - named))


async def name_everybody(store: Store) -> None:
    """Give all customers and accounts their words, from what their nodes say; safe to run again."""
    keeper = WordKeeper(store)
    await _name_all(store, keeper, "customer", words_of_customer)
    await _name_all(store, keeper, "account", words_of_account)


async def _name_all(store: Store, keeper: WordKeeper, of: Of, words: Callable[[Mapping[str, Any]], FoundBy]) -> None:
    after: str | None = ""
    while after is not None:

        async def work(tx: Transaction, after: str = after) -> str | None:
            return await _name_some(tx, keeper, of, words, after)

        after = await store.transaction(work)


async def _name_some(
    tx: Transaction, keeper: WordKeeper, of: Of, words: Callable[[Mapping[str, Any]], FoundBy], after: str
) -> str | None:
    """Those that come next by their ids; the last of these ids."""
    named = await tx.collected(cypher(f"writes/read_{of}_names"), after=after)
    await keeper.keep(tx, of, {properties["id"]: words(properties) for properties in named})
    if kept := [properties["id"] for properties in named if properties["search"] is not None]:
        await tx.run(cypher(f"writes/drop_{of}_search"), ids=kept)
    return named[-1]["id"] if named else None


async def spell_words(store: Store, *, batch: int = _ROWS_A_QUERY) -> None:
    """Let all words that are there be found by parts of them; safe to run again."""
    keeper = WordKeeper(store)
    after: str | None = ""
    while after is not None:
        words: list[str] = (await store.read(cypher("writes/read_words"), after=after, most=batch))[0][0]
        await keeper.name(words)
        after = words[-1] if words else None


class WordKeeper:
    """Writes words; each once a run, in a transaction of its own, since all batches share them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._written: set[str] = set()
        self._spelled: set[str] = set()

    async def keep(
        self, tx: Transaction, of: Of, found_by: Mapping[str, FoundBy], *, new: set[str] | None = None
    ) -> None:
        """Let these be found by these words and no others; of the `new` none is there yet."""
        settled = sorted(id for id in found_by if new is None or id not in new)
        before = (
            {tuple(tie) for tie in await tx.collected(cypher(f"writes/read_{of}_words"), ids=settled)}
            if settled
            else set()
        )
        wanted: set[tuple[str, ...]] = {tie for id, found in found_by.items() for tie in found.ties(id)}
        await self.name(word for _, word, _ in wanted - before)
        # In the order of the words, so that locks are taken in one order.
        for rows in _batches(sorted(before - wanted, key=_by_word)):
            await tx.run(cypher(f"writes/drop_{of}_words"), rows=rows)
        await _make(tx, of, sorted(wanted - before, key=_by_word))

    async def name(self, words: Iterable[str]) -> None:
        """Write those of these words that are not there yet, and what they are sought by."""
        new = sorted({*words} - self._written)
        for batch in _batches(new):
            rows = [_row(word) for word in batch]
            letters = sorted({letters for row in rows for letters in row["letters"]} - self._spelled)
            if letters:
                await self._store.write(cypher("writes/name_letters"), letters=letters)
                self._spelled.update(letters)
            await self._store.write(cypher("writes/name_words"), rows=rows)
        self._written.update(new)


async def _make(tx: Transaction, of: Of, made: Sequence[tuple[str, ...]]) -> None:
    """Each who and each word is sought once, however many relationships it gets."""
    if not made:
        return
    found = await tx.collected(
        cypher(f"writes/place_{of}_words"),
        ids=sorted({id for id, _, _ in made}),
        words=list(dict.fromkeys(word for _, word, _ in made)),
    )
    owners, words = (dict(places) for places in found)
    for kind in (NAMED_BY, ADDRESSED_BY):
        ties = [[owners[id], words[word]] for id, word, type_ in made if type_ == kind and id in owners]
        for rows in _batches(ties):
            await tx.run(cypher(f"writes/make_{kind.lower()}"), rows=rows)


async def forget_words(tx: Transaction) -> bool:
    """Forget some of the words that nobody is found by any more; whether there may be others."""
    return bool((await tx.run(cypher("writes/forget_words")))[0][0])


def _kept_before(search: str | None) -> set[str]:
    """The words of names in the text that older versions searched in; it held addresses and numbers, too."""
    tokens = (search or "").split()
    return {token for token in tokens if "@" not in token and not (token.isdigit() and len(token) >= _A_NUMBER)}


def _by_word(tie: Sequence[str]) -> tuple[str, ...]:
    return tie[1], tie[0]


def _batches(rows: Sequence[Any]) -> Iterable[list[Any]]:
    return (list(rows[start : start + _ROWS_A_QUERY]) for start in range(0, len(rows), _ROWS_A_QUERY))


class _Row(TypedDict):
    """A word as it is written."""

    text: str
    folded: str
    head: str | None
    middle: str | None
    tail: str | None
    letters: list[str]


def _row(word: str) -> _Row:
    plain = folded(word)
    parts = parts_of(plain)
    head, middle, tail = (parts.head, parts.middle, parts.tail) if parts else (None, None, None)
    return _Row(text=word, folded=plain, head=head, middle=middle, tail=tail, letters=letters_of(plain[1:]))


def _words_of_name(text: str) -> tuple[set[str], set[str]]:
    """The words of a name, and those of the addresses and numbers in it: who has no name is called by one."""
    tokens = text.split()
    is_number = sum(character.isdigit() for character in text) >= _A_NUMBER
    named: set[str] = set()
    hidden: set[str] = set()
    for token in tokens:
        if "@" in token:
            hidden |= {*words_of_address(token)}
        elif is_number and any(character.isdigit() for character in token):
            hidden |= {*words_of(token)}
        else:
            named |= {*words_of(token)}
    return named, hidden

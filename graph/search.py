"""Search: customers and accounts by anything one remembers of them.

Both have a property `search`: their normalised words (see `words`). A node is found when it holds every word that
was typed, also in the middle of a longer one. An exact address or number comes first, then names that begin with
what was typed, then the rest by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph.customer.identifiers import email_key, phone_key
from graph.linkage import normalise
from graph.reading import Column, Traversal

MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, made ready: `words` and the `longest` of them, and what it is as a whole."""

    words: list[str]
    longest: str
    start: str
    email: str | None
    phone: str | None


def words(text: str) -> list[str]:
    """The words of a text as `search` holds them: without case, accents and marks; an address stays whole."""
    found: list[str] = []
    for typed in text.split():
        found += [typed.lower()] if "@" in typed else (normalise.text(typed) or "").split()
    return found


def read_search(text: str) -> Search | None:
    """What was typed, made ready; None when there is nothing to look for."""
    found = words(text)[:MOST_WORDS]
    if not found:
        return None
    email, phone = email_key(text), phone_key(text, None)
    if phone is not None:
        # A number is kept without blanks, however it was typed.
        found = [phone.value.removeprefix("+")]
    return Search(
        words=found,
        longest=max(found, key=len),
        start=" ".join(found),
        email=email.value if email else None,
        phone=phone.value if phone else None,
    )


_FOUND = "item.search CONTAINS $longest AND all(word IN $words WHERE item.search CONTAINS word)"
_KEYS = {"rank": (Column("", "rank", nullable=False), Column("sort_name", "item"))}
_PARAMETERS = ("words", "longest", "start", "email", "phone")

CUSTOMERS_FOUND = Traversal(
    f"MATCH (item:Customer) WHERE {_FOUND} "
    "WITH item, CASE WHEN item.primary_email = $email OR item.primary_phone = $phone THEN 0 "
    "WHEN item.sort_name STARTS WITH $start THEN 1 ELSE 2 END AS rank",
    variables=("item", "rank"),
    orders=_KEYS,
    order="rank",
    parameters=_PARAMETERS,
)
ACCOUNTS_FOUND = Traversal(
    f"MATCH (item:Account) WHERE {_FOUND} "
    "WITH item, CASE WHEN item.domain = $start THEN 0 WHEN item.sort_name STARTS WITH $start THEN 1 ELSE 2 END AS rank",
    variables=("item", "rank"),
    orders=_KEYS,
    order="rank",
    parameters=_PARAMETERS,
)

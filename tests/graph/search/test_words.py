"""Words: how they are folded, and that those which are meant are looked for where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from graph.search.words import edits_allowed, folded, near, parts_of, typed_words, words_of, words_of_address
from tests.graph.search.mistyping import LETTERS, mistyped

WORDS = st.text(LETTERS, min_size=2, max_size=14)


@given(st.data(), WORDS)
def test_whatever_is_within_the_allowed_edits_has_something_in_common(data: st.DataObject, meant: str) -> None:
    """Of a word and what it is mistyped as, a part stands where the other is looked for by it; swaps are edits, too."""
    typed = data.draw(mistyped(meant))
    if OSA.distance(typed, meant) > edits_allowed(typed):
        return
    places, parts = near(typed), parts_of(meant)

    if parts is None:
        assert typed == meant or meant in places.short or meant.startswith(typed)
    elif edits_allowed(typed):
        assert parts.head in places.heads or parts.middle in places.middles or parts.tail in places.tails


@pytest.mark.parametrize("ways", [("Müller", "Mueller", "MULLER"), ("Åse", "Aase", "ase"), ("Straße", "Strasse")])
def test_ways_to_write_one_name_are_one(ways: tuple[str, ...]) -> None:
    """Accents, and letters that are written as two, fold to one form."""
    assert len({folded(word) for way in ways for word in words_of(way)}) == 1


def test_a_hyphen_joins_what_it_parts() -> None:
    """Anne-Marie is found by each of her names and by both; who types the hyphen means both."""
    assert words_of("Anne-Marie O'Neil") == ["annemarie", "anne", "marie", "oneil", "o", "neil"]
    assert typed_words("anne-marie o’neil") == ["annemarie", "oneil"]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mara.lindqvist@nordlicht.co.uk", ["mara", "lindqvist", "nordlicht"]),
        ("mara_l@gmail.com", ["mara", "l"]),
        ("info@b2b.example", ["info", "b2b"]),
    ],
)
def test_an_address_is_its_words(address: str, words: list[str]) -> None:
    """Without the ending of the host, and without a host that strangers share; typed or kept alike."""
    assert words_of_address(address) == typed_words(address) == words

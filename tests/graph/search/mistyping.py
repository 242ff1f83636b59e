"""Words as people mistype them."""

from __future__ import annotations

from hypothesis import strategies as st

from graph.search.words import edits_allowed, folded, typed_words

LETTERS = "abcdeilmnorstuvz"


@st.composite
def mistyped(draw: st.DrawFn, word: str, most: int = 2) -> str:
    """The word after up to `most` edits: a letter more, less or other, or two neighbours swapped."""
    for _ in range(draw(st.integers(0, most))):
        at = draw(st.integers(0, len(word) - 1))
        letter = draw(st.sampled_from(LETTERS))
        more, less, other = (
            word[:at] + letter + word[at:],
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at + 1 :],
        )
        swapped = word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        word = draw(st.sampled_from([more, less, other, swapped])) or word
    return word


def tolerated(text: str) -> int:
    """How many edits of a typed word are forgiven."""
    return edits_allowed(folded("".join(typed_words(text))))

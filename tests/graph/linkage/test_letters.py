"""The letters of two values never hide that the values are alike."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, JaroWinkler

from graph.linkage.coded import column_of
from graph.linkage.compare import value_levels
from graph.linkage.fields import FIELDS
from graph.linkage.letters import Letters

_WORDS = st.text(st.sampled_from("abcdeé1@ß漢"), min_size=1, max_size=12)


@given(st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=20), st.sampled_from((0.3, 0.7, 0.88, 0.95)))
@example([("aaaa", "aaab"), ("ab", "ba"), ("é", "e"), ("漢", "漢漢")], 0.7)
def test_what_is_alike_may_be_alike(pairs, least):
    """Whatever is as like as asked passes, by Jaro-Winkler and by edits; strangers mostly do not."""
    ours, theirs = (Letters.of(pa.array(side)) for side in zip(*pairs, strict=True))
    at = np.arange(len(pairs))
    alike = np.array([JaroWinkler.normalized_similarity(one, two) >= least for one, two in pairs])
    assert not (alike & ~ours.may_be_alike(at, theirs, at, least)).any()
    both = Letters.of(pa.array([word for pair in pairs for word in pair]))
    for most in (1, 2):
        near = np.array([OSA.distance(one, two) <= most for one, two in pairs])
        assert not (near & ~both.may_be_edits(at * 2, at * 2 + 1, most)).any()


def test_strangers_are_told_by_their_letters():
    """Values that share few letters are told apart without being compared."""
    words = Letters.of(pa.array(["ada.lovelace@acme.org", "grimsby99@mail.test", "+442079460123", "+4930555888"]))
    assert not words.may_be_alike(np.array([0]), words, np.array([1]), 0.88)[0]
    assert not words.may_be_edits(np.array([2]), np.array([3]), 1)[0]


def test_a_part_of_an_array_has_its_own_letters():
    """Values that are a slice of an array are read from where they begin."""
    words = pa.array(["ab", "cde", "fghi"])
    part, alone = Letters.of(words.slice(1)), Letters.of(pa.array(["cde", "fghi"]))
    for name in ("classes", "lengths", "heads"):
        assert (getattr(part, name) == getattr(alone, name)).all()


@pytest.mark.parametrize(
    ("field", "one", "two", "level"),
    [
        ("first_name", "robert", "bob", "nickname"),
        ("first_name", "bob", "robert", "nickname"),
        ("first_name", "r", "robert", "initial"),
        ("first_name", "robert", "roberta", "very close"),
        ("first_name", "robert", "grace", "different"),
        ("birth_date", "1980-03-04", "1980-04-03", "one edit or swapped"),
        ("birth_date", "1980-10-02", "1980-02-10", "one edit or swapped"),
        ("birth_date", "1980-10-02", "1981-02-10", "different"),
        ("birth_date", "1980-03-04", "1980-03-40", "one edit or swapped"),
        ("birth_date", "1980-03-04", "1981-03-05", "two edits"),
        ("phone", "+442079460123", "+442079460132", "one edit"),
        ("phone", "+442079460123", "+442079460321", "different"),
    ],
)
def test_values_stand_on_the_level_that_their_likeness_says(field, one, two, level):
    """Nicknames, initials, turned dates and errors of typing, either way round."""
    known = next(each for each in FIELDS if each.name == field)
    values = pa.array([one, two]) if field != "phone" else pa.array([[one], [two]])
    column = column_of(field, values, 2)
    for left, right in ((0, 1), (1, 0)):
        found = value_levels(known, column, column.codes[[left]], column.codes[[right]])
        assert known.levels[found[0] - 1] == level

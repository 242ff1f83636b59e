"""Parts that are worked on by several threads give what they give one after the other."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.linkage import compare as comparing
from graph.linkage.abreast import abreast
from graph.linkage.coded import in_order
from graph.linkage.link import prepared
from graph.linkage.train import usable_fields
from tests.graph.linkage.people import silos


def test_results_stand_in_the_order_of_the_parts():
    """Whichever part is done first."""
    later = threading.Event()

    def work(part: int) -> int:
        if part == 0:
            later.wait(5)
        if part == 1:
            later.set()
        return part * part

    assert list(abreast(work, range(50))) == [part * part for part in range(50)]
    assert list(abreast(work, [3])) == [9]
    assert list(abreast(work, [])) == []


def test_what_fails_in_a_part_is_raised():
    """An error of one part is the caller's."""
    with pytest.raises(ZeroDivisionError):
        list(abreast(lambda part: 1 // part, [2, 1, 0, 1]))


def test_pairs_compared_in_parts_stand_on_the_same_levels(monkeypatch):
    """Parts of seven pairs, worked on by threads, and all pairs at once."""
    records, _ = prepared(silos(60, seed=6)[0])
    left, right = (side.astype(np.int32) for side in np.random.default_rng(1).integers(0, records.rows, (2, 500)))
    fields = usable_fields(records)
    whole = comparing.compare(records, fields, left, right)
    monkeypatch.setattr(comparing, "_AT_A_TIME", 7)
    fresh, _ = prepared(silos(60, seed=6)[0])

    assert (comparing.compare(fresh, fields, left, right) == whole).all()
    assert whole.any()


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 6) | st.integers(2**63, 2**63 + 6), max_size=60))
def test_hashes_are_ordered_as_by_a_stable_sort(hashes):
    """Also where hashes are equal, or differ in the bits that are left out at first."""
    words = np.array(hashes, np.uint64)
    assert in_order(words).tolist() == np.argsort(words, kind="stable").tolist()

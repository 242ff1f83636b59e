"""A set of ids as ranges behaves as a set, whatever is put into it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.crm.id_ranges import IdRanges

IDS = st.lists(st.integers(min_value=1, max_value=60))


@given(IDS)
def test_it_holds_what_was_put_in(numbers: list[int]) -> None:
    """In any order and however often, and after being written and read."""
    ids = IdRanges.of(numbers)
    assert list(ids) == sorted(set(numbers))
    assert list(IdRanges.parse(str(ids))) == sorted(set(numbers))
    assert [number for number in range(70) if number in ids] == sorted(set(numbers))


@given(IDS, IDS)
def test_without_gives_what_is_missing(numbers: list[int], others: list[int]) -> None:
    """What one has and the other has not, ascending."""
    assert IdRanges.of(numbers).without(IdRanges.of(others)) == sorted(set(numbers) - set(others))


def test_a_million_ids_are_few_characters() -> None:
    """Where little was deleted the text stays short: it is stored with every page."""
    ids = IdRanges.of(number for number in range(1, 1_000_001) if number != 500_000)
    assert str(ids) == "1-499999,500001-1000000"

"""What fields make of stored values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from api.plan.fields import from_milliseconds


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
@example(3_999_999_999_999)
@example(4_000_000_000_000)
@example(-1)
def test_an_instant_is_exact_to_the_millisecond(milliseconds: int) -> None:
    """Whatever the year, nothing is rounded."""
    assert from_milliseconds(milliseconds) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert from_milliseconds(milliseconds).tzinfo is UTC
